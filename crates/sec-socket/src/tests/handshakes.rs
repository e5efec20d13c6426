//! A handshake that is in the manager's process: its steps cross, and its end makes the guard here.

use super::doubles::Told;
use super::gone::played;
use super::restart::pass;
use super::signals::call;
use super::*;
use crate::wire::{Body, Gave, LineVerdict, Nothing, Stepped};
use ssm::{Guard, Handshake, LineSecurity, MediaSecurity, Profile};
use sst::TelephonySecurity as _;
use std::time::Instant;
use zeroize::Zeroizing;

const AT: Call = Call(CALL.0);
const AUDIO: Line = Line(0);
const FLIGHT: Duration = Duration::from_millis(200);

/// A machine that does as its datagrams say; what it takes, and its own end, are noted.
struct Shake {
    told: Arc<Told>,
    due: Option<Instant>,
    waiting: Vec<Vec<u8>>,
    outcome: Option<Result<LineKeys, Refused>>,
}

fn keys() -> LineKeys {
    let key = |octet| Zeroizing::new(vec![octet]);
    LineKeys { suite: String::new(), ours: key(1), theirs: key(2) }
}

impl Handshake<LineKeys> for Shake {
    fn on_timeout(&mut self, now: Instant) {
        self.waiting.push(b"hello".to_vec());
        self.due = Some(now + FLIGHT);
    }

    fn on_datagram(&mut self, _: Instant, octets: &[u8]) {
        self.told.note(format!("took {}", octets.len()));
        match octets {
            b"finished" => {
                self.waiting.push(b"last".to_vec());
                (self.due, self.outcome) = (None, Some(Ok(keys())));
            }
            b"again" => self.waiting.push(b"last".to_vec()),
            b"another" => {
                self.waiting.push(b"alert".to_vec());
                (self.due, self.outcome) = (None, Some(Err(Refused::Fingerprint)));
            }
            b"panic" => std::panic::resume_unwind(Box::new("in a handshake")),
            _ => {}
        }
    }

    fn poll_datagram(&mut self) -> Option<Vec<u8>> {
        self.waiting.pop()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.due
    }

    fn poll_outcome(&mut self) -> Option<Result<LineKeys, Refused>> {
        self.outcome.take()
    }
}

impl Drop for Shake {
    fn drop(&mut self) {
        self.told.note("forgotten".to_owned());
    }
}

/// Has every line keyed by a handshake.
struct Shaking(Arc<Told>);

impl MediaSecurity for Shaking {
    fn offer(&self, _: Call, _: Line) -> Result<LineSecurity, Refused> {
        Ok(LineSecurity { profile: Profile::TlsSavp, attributes: Vec::new() })
    }

    fn answer(&self, _: Call, _: Line, it: &LineSecurity) -> Result<LineSecurity, Refused> {
        Ok(it.clone())
    }

    fn judge(&self, _: Call, _: Line, _: &LineSecurity) -> Result<(), Refused> {
        Ok(())
    }

    fn guard(&self, _: Call, _: Line) -> Result<Guard, Refused> {
        panic!("a guard is made of keys, in the stack's process")
    }
}

impl MediaKeys for Shaking {
    fn keys(&self, _: Call, _: Line) -> Result<GuardKeys, Refused> {
        let told = Arc::clone(&self.0);
        let shake = Shake { told, due: None, waiting: Vec::new(), outcome: None };
        Ok(GuardKeys::Handshake(Box::new(shake)))
    }
}

fn shaking(told: &Arc<Told>) -> Manager {
    let keys = Arc::new(Shaking(Arc::clone(told)));
    Manager { media: keys.clone(), keys, ..manager(ssa::Open) }
}

/// A client of a manager that keys so, and what becomes of its handshakes.
fn keyed_so(room: &Room) -> (Arc<Client>, Arc<Told>) {
    let (client, told) = (room.client(&Arc::default(), LONG), Arc::new(Told::default()));
    let noted = Arc::clone(&told);
    room.connect(&client, move |_| shaking(&noted));
    (client, told)
}

fn driven(client: &Client) -> Box<dyn Handshake> {
    match client.guard(AT, AUDIO).unwrap() {
        Guard::Handshake(handshake) => handshake,
        guard => panic!("no handshake: {}", guard.name()),
    }
}

/// A moment that is none of the other process's clock.
#[expect(clippy::disallowed_methods, reason = "an Instant has no other origin")]
fn start() -> Instant {
    Instant::now() + Duration::from_secs(3_600)
}

fn sent(handshake: &mut dyn Handshake) -> Vec<Vec<u8>> {
    std::iter::from_fn(|| handshake.poll_datagram()).collect()
}

fn refused(handshake: &mut dyn Handshake) -> Option<Refused> {
    handshake.poll_outcome().map(|outcome| outcome.unwrap_err())
}

/// All that whoever drives it sees, from its beginning to what is asked for after its end.
fn goes_as_in_one_process(client: &Client) {
    let (mut it, start) = (driven(client), start());
    assert_eq!(it.poll_timeout(), None, "it has not begun");
    for now in [start, start + FLIGHT] {
        it.on_timeout(now);
        assert_eq!(sent(&mut *it), [b"hello"]);
        assert_eq!(it.poll_timeout(), Some(now + FLIGHT));
        assert!(it.poll_outcome().is_none());
    }
    it.on_datagram(start + FLIGHT, b"finished");
    assert_eq!((sent(&mut *it), it.poll_timeout()), (vec![b"last".to_vec()], None));
    let mut guard = it.poll_outcome().unwrap().unwrap();
    let mut packet = [10];
    assert_eq!((guard.sealer.seal_rtp(&mut packet, 1), packet), (Ok(1), [11]));
    assert_eq!((guard.opener.open_rtp(&mut packet), packet), (Ok(1), [9]));
    // Whoever lost the last datagram asks for it again.
    it.on_datagram(start + 2 * FLIGHT, b"again");
    assert_eq!(sent(&mut *it), [b"last"]);
    assert!(it.poll_outcome().is_none(), "it has ended once");
}

#[test]
fn a_handshake_goes_over_the_socket_as_in_one_process() {
    let room = Room::new();
    goes_as_in_one_process(&keyed_so(&room).0);
}

#[test]
fn it_goes_so_over_a_loop() {
    let (room, told) = (Room::new(), Arc::new(Told::default()));
    let ends = crate::Ends {
        application: Arc::new(doubles::Application(Arc::default())),
        spawn: room.spawn(),
        guard: Arc::new(|keys: &LineKeys| doubles::guard(keys)),
    };
    goes_as_in_one_process(&crate::loopback(ends, |_| Ok(shaking(&told))).unwrap());
}

#[test]
fn one_that_is_refused_says_why_and_sends_its_alert() {
    let room = Room::new();
    let (client, _) = keyed_so(&room);
    let mut it = driven(&client);
    it.on_datagram(start(), b"another");
    assert_eq!(sent(&mut *it), [b"alert"]);
    assert_eq!((refused(&mut *it), it.poll_timeout()), (Some(Refused::Fingerprint), None));
}

/// Keys that do not fit their suite make no guard.
#[test]
fn one_whose_keys_make_no_guard_has_failed() {
    let (room, told) = (Room::new(), Arc::new(Told::default()));
    let ends = crate::Ends {
        application: Arc::new(doubles::Application(Arc::default())),
        spawn: room.spawn(),
        guard: Arc::new(|_| None),
    };
    let client = crate::loopback(ends, |_| Ok(shaking(&told))).unwrap();
    let mut it = driven(&client);
    it.on_datagram(start(), b"finished");
    assert_eq!(refused(&mut *it), Some(Refused::Attributes));
}

/// A flood at the port of a line costs no questions beyond what a handshake takes.
#[test]
fn no_more_crosses_than_a_handshake_takes() {
    for (first, most) in [(None, 32), (Some(b"finished".as_slice()), 33)] {
        let room = Room::new();
        let (client, told) = keyed_so(&room);
        let (mut it, now) = (driven(&client), start());
        it.on_datagram(now, &[0; 2049]);
        first.into_iter().for_each(|octets| it.on_datagram(now, octets));
        (0..40).for_each(|_| it.on_datagram(now, &[0; 2048]));
        let took = told.taken().iter().filter(|line| line.starts_with("took")).count();
        assert_eq!(took, most, "{first:?}");
    }
}

/// What each of these does, the process has forgotten the handshake by the next answer.
#[test]
fn one_that_nobody_needs_is_forgotten_there() {
    type Way = fn(&Client, &mut Option<Box<dyn Handshake>>);
    let ways: [(&str, Way, Option<Refused>); 6] = [
        ("nobody drives it", |_, it| *it = None, None),
        ("the call ends", |client, _| client.call_ended(sst::Call(AT.0)), Some(Refused::Unknown)),
        ("it is abandoned", |client, _| client.abandon(CALL), Some(Refused::Unknown)),
        ("another follows", |client, _| drop(client.guard(AT, AUDIO)), Some(Refused::Unknown)),
        (
            "it is refused",
            |_, it| it.as_mut().unwrap().on_datagram(start(), b"another"),
            Some(Refused::Fingerprint),
        ),
        (
            "it panics",
            |_, it| it.as_mut().unwrap().on_datagram(start(), b"panic"),
            Some(Refused::Unavailable),
        ),
    ];
    for (what, way, why) in ways {
        let room = Room::new();
        let (client, told) = keyed_so(&room);
        let mut it = Some(driven(&client));
        it.as_mut().unwrap().on_timeout(start());
        way(&client, &mut it);
        client.offer(AT, AUDIO).unwrap();
        assert!(told.taken().contains(&"forgotten".to_owned()), "{what}");
        if let Some(mut it) = it {
            it.on_timeout(start());
            assert_eq!((refused(&mut *it), it.poll_timeout()), (why, None), "{what}");
        }
        driven(&client).on_timeout(start());
    }
}

/// What a process says of a handshake that it has.
fn keyed_by(number: u64) -> Body {
    Body::Line(LineVerdict::keyed(GuardKeys::Handshake(number)))
}

fn gave(datagrams: Vec<Vec<u8>>, outcome: Option<Result<LineKeys, Refused>>) -> Body {
    Body::Stepped(Stepped::of(Gave { datagrams, due: Some(Duration::ZERO), outcome }))
}

/// Before there are keys nothing will ever flow; after it, it flows on.
#[test]
fn a_process_that_dies_in_the_middle_keys_nothing() {
    for keyed in [false, true] {
        let room = Room::new();
        let client = room.client(&Arc::default(), LONG);
        let watch = played(&room, &client, move |mut process| {
            let (id, _) = process.heard().unwrap();
            process.say(id, keyed_by(1));
            let (id, _) = process.heard().unwrap();
            process.say(id, gave(vec![b"hello".to_vec()], keyed.then(|| Ok(keys()))));
            process.heard().unwrap();
        });
        let (mut it, now) = (driven(&client), start());
        it.on_timeout(now);
        assert_eq!(sent(&mut *it), [b"hello"]);
        assert!(it.poll_timeout() > Some(now), "whoever drives it would do nothing else");
        let guard = it.poll_outcome();
        assert_eq!(guard.is_some_and(|outcome| outcome.is_ok()), keyed);
        it.on_datagram(now, b"finished");
        assert_eq!(room.gone(watch), Gone::Closed);
        assert_eq!(refused(&mut *it), (!keyed).then_some(Refused::Unavailable));
        assert_eq!((sent(&mut *it).len(), it.poll_timeout()), (0, None));
        it.on_timeout(now);
        assert!(it.poll_outcome().is_none(), "it is told once");
        assert_eq!(client.guard(AT, AUDIO).unwrap_err(), Refused::Unavailable);
    }
}

/// A hang costs its one deadline, and the answer that comes then is late.
#[test]
fn a_process_that_hangs_in_the_middle_keys_nothing() {
    let room = Room::new();
    let client = room.client(&Arc::default(), Duration::from_secs(1));
    let (tell, over) = std::sync::mpsc::channel::<()>();
    let watch = played(&room, &client, move |mut process| {
        let (id, _) = process.heard().unwrap();
        process.say(id, keyed_by(1));
        let (id, _) = process.heard().unwrap();
        over.recv().unwrap_err();
        process.say_if_heard(id, gave(Vec::new(), Some(Ok(keys()))));
    });
    let mut it = driven(&client);
    it.on_timeout(start());
    assert_eq!(refused(&mut *it), Some(Refused::Unavailable));
    assert_eq!(room.gone(watch), Gone::Silent);
    drop(tell);
    it.on_timeout(start());
    assert!(it.poll_outcome().is_none());
}

type Lie = fn() -> Body;

#[test]
fn a_process_that_lies_about_a_step_is_asked_no_more() {
    let lies: [(&str, Lie); 4] = [
        ("done", || Body::Done(Nothing {})),
        ("too many datagrams", || gave(vec![Vec::new(); 33], None)),
        ("too long a datagram", || gave(vec![vec![0; 2049]], None)),
        ("another handshake", || keyed_by(2)),
    ];
    let room = Room::new();
    for (lie, body) in lies {
        let client = room.client(&Arc::default(), LONG);
        let watch = played(&room, &client, move |mut process| {
            let (id, _) = process.heard().unwrap();
            process.say(id, keyed_by(1));
            let (id, _) = process.heard().unwrap();
            process.say(id, body());
            while process.heard().is_some() {}
        });
        let mut it = driven(&client);
        it.on_timeout(start());
        assert_eq!(refused(&mut *it), Some(Refused::Unavailable), "{lie}");
        assert_eq!((sent(&mut *it).len(), room.gone(watch)), (0, Gone::Nonsense), "{lie}");
    }
}

/// M09: another process knows nothing of the keys, and would take a description that has the line plain;
/// also in a call that our user started, of which it is told what was required, and that was nothing.
#[test]
fn m09_a_call_that_was_keyed_so_goes_no_further_under_another_process() {
    let offered = LineSecurity { profile: Profile::TlsSavp, attributes: Vec::new() };
    for ours in [false, true] {
        let room = Room::new();
        let (client, _) = keyed_so(&room);
        if ours {
            client.call_started(sst::Call(AT.0), call());
            client.offer(AT, AUDIO).unwrap();
        } else {
            client.answer(AT, AUDIO, &offered).unwrap();
        }
        let mut it = driven(&client);
        it.on_timeout(start());
        assert_eq!(client.judge(AT, AUDIO, &offered), Ok(()), "it goes on under its own");
        let other = Arc::new(Told::default());
        let noted = Arc::clone(&other);
        room.connect(&client, move |_| shaking(&noted));
        assert!(!pass(&client, CALL) && pass(&client, CallRef(8)), "ours: {ours}");
        assert_eq!(client.guard(AT, AUDIO).unwrap_err(), Refused::Unavailable);
        it.on_datagram(start(), b"finished");
        assert_eq!(refused(&mut *it), Some(Refused::Unavailable));
        assert_eq!(other.taken(), [""; 0], "another has no such handshake");
        client.call_ended(sst::Call(AT.0));
        assert!(pass(&client, CALL), "it is forgotten");
    }
}
