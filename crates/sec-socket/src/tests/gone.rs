//! A process that is not there, hangs, dies, or is none: refused at once, and served again after it.

use super::doubles::Told;
use super::*;
use crate::wire::{self, Body, Hello, Nothing};
use proptest::prelude::*;
use ssa::{
    Answer, Arrival, Authentication, Authorized, BodyVerdict, Direction, Incoming, Leaving, Plan,
    Request, Required, Transport, Why,
};
use ssm::{LineSecurity, MediaSecurity as _, Profile};
use sst::{State, TelephonySecurity as _};
use std::io::{Read as _, Write as _};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

fn now<T>(answer: Answer<T>) -> T {
    match answer {
        Answer::Ready(answer) => answer,
        Answer::Pending { .. } => panic!("refused at once"),
    }
}

/// Nothing passes without a manager: no request, no body, no answer, no media.
fn refuses_all(client: &Client) {
    let invite = invite();
    let response = ssa::conformance::TestResponse::to(&invite, 200, ssa::Body::default());
    let (hop, request, response) = (invite.arrival(), invite.view(), response.view());
    let body = || ssa::Body { content_type: None, octets: b"offer".to_vec() };
    assert_eq!(client.request_received(CALL, &hop, &request), Received::Reject(try_later()));
    let answer = client.authenticate(CALL, &hop, &request);
    assert_eq!(now(answer), Authentication::Refused(try_later()));
    let answer = client.got_401_unauthorized(CALL, &hop, &response, &request);
    assert_eq!(now(answer), Required::GiveUp(Why::ManagerUnavailable));
    let answer = client.encrypt(CALL, Direction::Request, Transport::Udp, None, body());
    assert_eq!(now(answer), BodyVerdict::Refused(try_later()));
    let answer = client.decrypt(CALL, Direction::Request, Transport::Udp, body());
    assert_eq!(now(answer), BodyVerdict::Refused(try_later()));
    let answer = client.authorize(CALL, Plan(1), &request);
    assert_eq!(now(answer), Authorized::GiveUp(Why::ManagerUnavailable));
    let answer = client.response_leaving(CALL, &request, &response);
    assert_eq!(now(answer), Leaving::Refused(try_later()));
    let answer = client.response_received(CALL, &hop, &response, &request);
    assert_eq!(now(answer), Incoming::AckThenBye(Why::ManagerUnavailable));
    client.abandon(CALL);

    let plain = LineSecurity { profile: Profile::Avp, attributes: Vec::new() };
    let (call, line) = (Call(1), Line(0));
    assert_eq!(client.offer(call, line), Err(Refused::Unavailable));
    assert_eq!(client.answer(call, line, &plain), Err(Refused::Unavailable));
    assert_eq!(client.judge(call, line, &plain), Err(Refused::Unavailable));
    assert_eq!(client.guard(call, line).unwrap_err(), Refused::Unavailable);

    assert_eq!(client.assurance(sst::Call(1)), None);
    assert_eq!(client.state(sst::Call(1)), State::Idle);
    assert_eq!(client.waiting(), []);
    assert!(client.configured(&sst::Configuration::default()).is_err());
}

#[test]
fn without_a_process_all_is_refused() {
    refuses_all(&Room::new().client(&Arc::default(), LONG));
}

/// Does not answer `request_received` before it is told to.
struct Stuck(Mutex<Receiver<()>>);

impl SipSecurity for Stuck {
    fn request_received(&self, _: CallRef, _: &Arrival<'_>, _: &Request<'_>) -> Received {
        let _ = self.0.lock().unwrap().recv();
        Received::Admit
    }
}

/// A hang costs one deadline; after it all is refused at once, and another process serves.
#[test]
#[expect(clippy::disallowed_methods, reason = "it is the real clock that must not stand still")]
fn a_process_that_hangs_costs_one_deadline() {
    let room = Room::new();
    let within = Duration::from_millis(300);
    let client = room.client(&Arc::default(), within);
    let (_release, stuck) = channel();
    let watch = room.connect(&client, |_| manager(Stuck(Mutex::new(stuck))));
    let start = Instant::now();
    assert_eq!(received(&client), Received::Reject(try_later()));
    assert!(start.elapsed() >= within);
    assert_eq!(room.gone(watch), Gone::Silent);
    let start = Instant::now();
    refuses_all(&client);
    assert!(start.elapsed() < within, "who asks next waits again: {:?}", start.elapsed());

    room.connect(&client, |_| manager(ssa::Open));
    assert_eq!(received(&client), Received::Admit);
}

/// One side of a connection, played by hand.
pub(super) struct Played(UnixStream);

impl Played {
    /// Sends a frame.
    pub(super) fn say(&mut self, id: u64, body: Body) {
        self.send(&wire::encode(id, body).unwrap());
    }

    /// The same, to who may not listen any more.
    pub(super) fn say_if_heard(&mut self, id: u64, body: Body) {
        _ = self.write(&wire::encode(id, body).unwrap());
    }

    fn send(&mut self, frame: &[u8]) {
        self.write(frame).unwrap();
    }

    fn write(&mut self, frame: &[u8]) -> std::io::Result<()> {
        let length = u32::try_from(frame.len()).unwrap().to_be_bytes();
        self.0.write_all(&[&length[..], frame].concat())
    }

    /// The next frame, or `None` at the end.
    pub(super) fn heard(&mut self) -> Option<(u64, Body)> {
        let mut head = [0; 4];
        self.0.read_exact(&mut head).ok()?;
        let mut frame = vec![0; u32::from_be_bytes(head) as usize];
        self.0.read_exact(&mut frame).ok()?;
        Some(wire::decode(frame.into()).unwrap())
    }

    fn greet(&mut self) {
        self.say(0, Body::Hello(Hello { version: crate::VERSION.to_owned() }));
        let (id, body) = self.heard().unwrap();
        assert!(matches!(body, Body::State(0)));
        self.say(id, Body::Stands(1));
    }
}

/// A process that greets as it should, and then does as `play` has it.
pub(super) fn played(
    room: &Room, client: &Client, play: impl FnOnce(Played) + Send + 'static,
) -> tokio::sync::watch::Receiver<Option<Gone>> {
    let (ours, theirs) = UnixStream::pair().unwrap();
    std::thread::spawn(move || {
        let mut played = Played(theirs);
        played.greet();
        play(played);
    });
    let _ = room;
    client.connect(ours).unwrap()
}

/// In the middle of a question, and while an answer is awaited.
#[test]
fn a_process_that_dies_refuses_what_was_asked() {
    let room = Room::new();
    let client = room.client(&Arc::default(), LONG);
    let watch = played(&room, &client, |mut process| {
        let (id, _) = process.heard().unwrap();
        process.say(id, Body::Pending(60_000));
        process.heard().unwrap();
    });
    let invite = invite();
    let answer = client.authenticate(CALL, &invite.arrival(), &invite.view());
    let Answer::Pending { future, .. } = answer else { panic!("it is pending") };
    assert_eq!(received(&client), Received::Reject(try_later()));
    assert_eq!(room.gone(watch), Gone::Closed);
    assert_eq!(room.runtime.block_on(future), Authentication::Refused(try_later()));
    refuses_all(&client);
}

type Lie = Box<dyn FnOnce(u64, &mut Played) + Send>;

/// What is not an answer to the question is none, and who said so is asked no more.
#[test]
fn a_process_that_lies_about_the_protocol_is_asked_no_more() {
    let admit = |id: u64, process: &mut Played| {
        use crate::wire::Carries as _;
        // What would let a body pass is no answer to whether a request is admitted.
        let verdict = BodyVerdict::Body(ssa::Body::default()).to_wire().unwrap();
        process.say(id, Body::Verdict(verdict));
    };
    let lies: [(&str, Lie); 9] = [
        ("an answer to another question", Box::new(admit)),
        ("done", Box::new(|id, it| it.say(id, Body::Done(Nothing {})))),
        ("pending, where nothing may be", Box::new(|id, it| it.say(id, Body::Pending(1)))),
        (
            "pending twice",
            Box::new(|id, it| {
                it.say(id, Body::Pending(1));
                it.say(id, Body::Pending(1));
            }),
        ),
        ("a question of the stack's", Box::new(|id, it| it.say(id, Body::State(1)))),
        (
            "greeted twice",
            Box::new(|_, it| {
                it.say(0, Body::Hello(Hello { version: crate::VERSION.to_owned() }));
            }),
        ),
        ("no frame", Box::new(|_, it| it.send(&[0xff; 16]))),
        ("an empty frame", Box::new(|_, it| it.send(&[]))),
        ("too large a frame", Box::new(|_, it| it.0.write_all(&[0x7f; 4]).unwrap())),
    ];
    let room = Room::new();
    for (lie, tell) in lies {
        let client = room.client(&Arc::default(), LONG);
        let watch = played(&room, &client, move |mut process| {
            let (id, _) = process.heard().unwrap();
            tell(id, &mut process);
            while process.heard().is_some() {}
        });
        assert_eq!(received(&client), Received::Reject(try_later()), "{lie}");
        assert_eq!(room.gone(watch), Gone::Nonsense, "{lie}");
        refuses_all(&client);
    }
}

/// An answer that nobody asked for, or that came too late, changes nothing.
#[test]
fn an_answer_to_nothing_is_discarded() {
    let room = Room::new();
    let client = room.client(&Arc::default(), LONG);
    played(&room, &client, |mut process| {
        use crate::wire::Carries as _;
        let (id, _) = process.heard().unwrap();
        for id in [id + 1, id - 1, id] {
            let verdict = if id % 2 == 0 { Received::Admit } else { Received::Authenticate };
            process.say(id, Body::Verdict(verdict.to_wire().unwrap()));
        }
        while process.heard().is_some() {}
    });
    // The greeting was 1, so this question is 2.
    assert_eq!(received(&client), Received::Admit);
}

#[test]
fn a_process_of_another_version_is_not_asked() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let mut process = Played(theirs);
    process.say(0, Body::Hello(Hello { version: "0.0.1".to_owned() }));
    let client = Room::new().client(&Arc::default(), LONG);
    assert_eq!(client.connect(ours).unwrap_err(), Gone::OtherVersion);
    refuses_all(&client);
}

/// Something else than its greeting first: what it says before is not believed.
#[test]
fn a_process_that_does_not_say_who_it_is_is_not_asked() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let mut process = Played(theirs);
    process.say(1, Body::Stands(1));
    let client = Room::new().client(&Arc::default(), LONG);
    assert_eq!(client.connect(ours).unwrap_err(), Gone::Nonsense);
}

/// The policy of before is this process's, too, or nothing is asked.
#[test]
fn a_process_that_does_not_take_what_the_one_before_was_told_is_not_asked() {
    let client = Room::new().client(&Arc::default(), LONG);
    assert_eq!(client.configured(&sst::Configuration::default()), Err(Gone::Closed));
    let (ours, theirs) = UnixStream::pair().unwrap();
    std::thread::spawn(move || {
        let mut process = Played(theirs);
        process.greet();
        let (id, body) = process.heard().unwrap();
        assert!(matches!(body, Body::Configure(_)));
        process.say(id, Body::Stands(1));
        while process.heard().is_some() {}
    });
    assert_eq!(client.connect(ours).unwrap_err(), Gone::Nonsense);
    refuses_all(&client);
}

/// The policy that stands must be the one that was set: where it does not arrive, nothing is asked.
#[test]
fn a_configuration_that_does_not_fit_leaves_nothing_as_it_was() {
    let room = Room::new();
    let client = room.client(&Arc::default(), LONG);
    let watch = room.connect(&client, |_| manager(ssa::Open));
    let realm = "x".repeat(wire::MAX_FRAME);
    let configuration = sst::Configuration { realm, ..sst::Configuration::default() };
    assert_eq!(client.configured(&configuration), Err(Gone::TooLarge));
    assert_eq!(room.gone(watch), Gone::TooLarge);
    assert_eq!(received(&client), Received::Reject(try_later()));
}

/// Nor do the pins of before stay in force, under this process or the next one.
#[test]
fn pins_that_do_not_fit_leave_nothing_as_it_was() {
    let room = Room::new();
    let client = room.client(&Arc::default(), LONG);
    let watch = room.connect(&client, |_| manager(ssa::Open));
    client.pins(vec![sst::Pin::new("sip:a@b", "x".repeat(wire::MAX_FRAME))]);
    assert_eq!(room.gone(watch), Gone::TooLarge);
    assert_eq!(received(&client), Received::Reject(try_later()));
    let (ours, theirs) = UnixStream::pair().unwrap();
    let server = Server::over(theirs).unwrap();
    let spawn = room.spawn();
    let served = std::thread::spawn(move || server.serve(spawn, |_| Ok(manager(ssa::Open))));
    assert_eq!(client.connect(ours).unwrap_err(), Gone::TooLarge);
    // Its process has ended, too.
    served.join().unwrap().unwrap();
    client.pins(Vec::new());
    room.connect(&client, |_| manager(ssa::Open));
    assert_eq!(received(&client), Received::Admit);
}

/// A message that does not fit is refused, and the next one is asked.
#[test]
fn a_question_that_does_not_fit_is_refused_alone() {
    let room = Room::new();
    let client = room.with(ssa::Open);
    let body = ssa::Body { content_type: None, octets: vec![0; wire::MAX_FRAME] };
    let answer = client.encrypt(CALL, Direction::Request, Transport::Udp, None, body);
    assert_eq!(now(answer), BodyVerdict::Refused(try_later()));
    assert_eq!(received(&client), Received::Admit);
}

/// The manager's process ends when the stack's says what cannot be.
#[test]
fn a_stack_that_lies_ends_the_process() {
    let lies: [&dyn Fn(&mut Played); 4] = [
        &|it| it.say(1, Body::Hello(Hello { version: String::new() })),
        &|it| it.say(1, Body::Authenticate(Box::default())),
        &|it| it.send(&[0xff; 16]),
        &|it| it.0.write_all(&[0x7f; 4]).unwrap(),
    ];
    for lie in lies {
        let room = Room::new();
        let (ours, theirs) = UnixStream::pair().unwrap();
        let spawn = room.spawn();
        let server = Server::over(theirs).unwrap();
        let served = std::thread::spawn(move || server.serve(spawn, |_| Ok(manager(ssa::Open))));
        let mut stack = Played(ours);
        assert!(matches!(stack.heard(), Some((0, Body::Hello(_)))));
        lie(&mut stack);
        while stack.heard().is_some() {}
        assert!(served.join().unwrap().is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever frames come, either side stands.
    #[test]
    fn nothing_that_comes_breaks_either_side(octets in prop::collection::vec(any::<u8>(), 0..128)) {
        crate::fuzzing::to_manager(&octets);
        crate::fuzzing::to_stack(&octets);
    }
}

/// Told of nothing it was not asked, the application hears nothing.
#[test]
fn what_is_told_must_be_understood() {
    let told = Arc::new(Told::default());
    let room = Room::new();
    let client = room.client(&told, LONG);
    let watch = played(&room, &client, |mut process| {
        process.say(0, Body::AssuranceChanged(wire::CallAssurance { call: 1, assurance: None }));
        while process.heard().is_some() {}
    });
    assert_eq!(room.gone(watch), Gone::Nonsense);
    assert!(told.taken().is_empty());
}
