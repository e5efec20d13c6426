//! Each signal means over the socket what it means in one process.

use super::doubles::Told;
use super::*;
use crate::{Client, GuardKeys, LineKeys, MediaKeys};
use ssa::conformance::{Gate, Hanging, Late, Lying, Pair, Panicking, run};
use ssa::{
    Answer, Arrival, Authentication, Body, BodyVerdict, Direction, Field, Incoming, Plan, Request,
    Required, Response, Transport, Why,
};
use ssm::{Attribute, Guard, LineSecurity, MediaSecurity, Profile};
use sst::{
    Configuration, HopProtection, Outgoing, Pin, Proof, RegisteredFlow, Requirement, State,
    TelephonyApplication as _, TelephonySecurity, TrustAnswer, Waiting,
};
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use zeroize::Zeroizing;

fn pair(security: Arc<dyn SipSecurity>) -> Pair {
    let body = |text: &str| Body {
        content_type: Some(b"text/plain".to_vec()),
        octets: text.as_bytes().to_vec(),
    };
    Pair {
        caller: Arc::clone(&security),
        callee: security,
        from: "sip:alice@127.0.0.1".to_owned(),
        to: "sip:bob@127.0.0.1".to_owned(),
        offer: body("offer"),
        answer: body("answer"),
        start: Box::new(|_| ()),
    }
}

/// The kit says of a manager over the socket what it says of it directly.
#[test]
fn the_kit_judges_every_manager_alike() {
    let room = Room::new();
    let judged = |security| room.runtime.block_on(run(&pair(security)));
    let managers: [fn() -> Arc<dyn SipSecurity>; 3] =
        [|| Arc::new(ssa::Open), || Arc::new(ssa::Deny), || Arc::new(Lying)];
    for make in managers {
        let client = room.client(&Arc::default(), LONG);
        room.connect(&client, move |_| Manager { sip: make(), ..manager(ssa::Deny) });
        let directly = judged(make());
        assert_eq!(judged(client), directly);
        assert!(!directly.is_empty());
    }
}

/// Notes all that it is asked, and answers each signal with something else.
struct Noting(Arc<Told>);

fn value(request: &Request<'_>, name: &str) -> String {
    format!(
        "{:?}",
        request.headers.value(name, 0).map(<[u8]>::escape_ascii).map(|it| it.to_string())
    )
}

impl SipSecurity for Noting {
    fn request_received(&self, call: CallRef, hop: &Arrival<'_>, it: &Request<'_>) -> Received {
        self.0.note(format!("received {call:?} {hop:?} {it:?} {}", value(it, "contact")));
        let value = b"Digest realm=\"a\"".to_vec();
        Received::SendWwwAuthenticate(vec![Field { name: "WWW-Authenticate", value }])
    }

    fn authenticate(
        &self, call: CallRef, hop: &Arrival<'_>, it: &Request<'_>,
    ) -> Answer<Authentication> {
        self.0.note(format!("authenticate {call:?} {hop:?} {it:?}"));
        Answer::Ready(Authentication::Refused(Refusal::new(403, "Stale Date")))
    }

    fn got_401_unauthorized(
        &self, call: CallRef, hop: &Arrival<'_>, it: &Response<'_>, sent: &Request<'_>,
    ) -> Answer<Required> {
        self.0.note(format!("got_401 {call:?} {hop:?} {it:?} {sent:?}"));
        Answer::Ready(Required::GiveUp(Why::ForeignRealm))
    }

    fn encrypt(
        &self, call: CallRef, way: Direction, over: Transport, plan: Option<Plan>, body: Body,
    ) -> Answer<BodyVerdict> {
        self.0.note(format!("encrypt {call:?} {way:?} {over:?} {plan:?} {body:?}"));
        Answer::Ready(BodyVerdict::Body(body))
    }

    fn response_received(
        &self, call: CallRef, _: &Arrival<'_>, it: &Response<'_>, sent: &Request<'_>,
    ) -> Answer<Incoming> {
        self.0.note(format!("response {call:?} {it:?} {sent:?}"));
        Answer::Ready(Incoming::Discard)
    }

    fn abandon(&self, call: CallRef) {
        self.0.note(format!("abandon {call:?}"));
    }
}

pub(super) fn now<T>(answer: Answer<T>) -> T {
    match answer {
        Answer::Ready(answer) => answer,
        Answer::Pending { .. } => panic!("it is ready"),
    }
}

/// All questions, and what is answered.
fn asked(security: &dyn SipSecurity) -> Vec<String> {
    let invite = invite().with_body(Body { content_type: None, octets: b"body".to_vec() });
    let response = ssa::conformance::TestResponse::to(&invite, 401, Body::default());
    let (hop, request, response) = (invite.arrival(), invite.view(), response.view());
    let body = invite.body.clone();
    let answers = vec![
        format!("{:?}", security.request_received(CALL, &hop, &request)),
        format!("{:?}", now(security.authenticate(CALL, &hop, &request))),
        format!("{:?}", now(security.got_401_unauthorized(CALL, &hop, &response, &request))),
        format!(
            "{:?}",
            now(security.encrypt(CALL, Direction::Response, Transport::Udp, Some(Plan(3)), body))
        ),
        format!("{:?}", now(security.response_received(CALL, &hop, &response, &request))),
    ];
    security.abandon(CALL);
    answers
}

#[test]
fn every_signal_arrives_as_it_was_sent_and_in_order() {
    let room = Room::new();
    let (directly, over) = (Arc::new(Told::default()), Arc::new(Told::default()));
    let answers = asked(&Noting(Arc::clone(&directly)));
    let client = room.with(Noting(Arc::clone(&over)));
    assert_eq!(asked(&*client), answers);
    // What is told has arrived once what is asked after it is answered.
    assert_eq!(client.state(sst::Call(1)), State::Idle);
    assert_eq!(over.taken(), directly.taken());
}

/// Asks for a header field that does not cross.
struct Curious;

impl SipSecurity for Curious {
    fn request_received(&self, _: CallRef, _: &Arrival<'_>, it: &Request<'_>) -> Received {
        let _ = it.headers.value("Subject", 0);
        Received::Admit
    }
}

#[test]
fn an_answer_that_a_missing_header_field_led_to_does_not_count() {
    let room = Room::new();
    let client = room.with(Curious);
    assert_eq!(received(&client), Received::Reject(try_later()));
}

#[test]
fn a_late_answer_is_awaited_and_has_the_managers_bound() {
    let room = Room::new();
    let gate = Gate::default();
    let client = room.with(Late(gate.clone()));
    let invite = invite();
    let answer = client.authenticate(CALL, &invite.arrival(), &invite.view());
    let Answer::Pending { within, future } = answer else { panic!("it answers late") };
    assert_eq!(within, Duration::from_secs(2));
    // Others are answered meanwhile.
    assert!(matches!(received(&client), Received::SendWwwAuthenticate(_)));
    gate.open();
    assert_eq!(room.runtime.block_on(future), Authentication::Authenticated);
}

/// Says when nobody waits for `authenticate` any more.
struct Dropped(Arc<Mutex<Option<std::sync::mpsc::Sender<()>>>>);

impl SipSecurity for Dropped {
    fn authenticate(&self, _: CallRef, _: &Arrival<'_>, _: &Request<'_>) -> Answer<Authentication> {
        let held = self.0.lock().unwrap().take();
        let future = Box::pin(async move {
            let _held = held;
            std::future::pending().await
        });
        Answer::Pending { within: Duration::from_secs(2), future }
    }
}

#[test]
fn who_waits_no_more_cancels_the_work() {
    let room = Room::new();
    let (tell, dropped) = std::sync::mpsc::channel();
    let client = room.with(Dropped(Arc::new(Mutex::new(Some(tell)))));
    let invite = invite();
    let answer = client.authenticate(CALL, &invite.arrival(), &invite.view());
    let Answer::Pending { future, .. } = answer else { panic!("it hangs") };
    assert_eq!(dropped.try_recv(), Err(std::sync::mpsc::TryRecvError::Empty));
    drop(future);
    assert_eq!(dropped.recv_timeout(LONG), Err(std::sync::mpsc::RecvTimeoutError::Disconnected));
}

#[test]
fn a_manager_that_hangs_is_left_to_the_drivers_bound() {
    let room = Room::new();
    let client = room.with(Hanging);
    let invite = invite();
    let answer = client.authenticate(CALL, &invite.arrival(), &invite.view());
    assert!(matches!(answer, Answer::Pending { within, .. } if within == Duration::from_secs(2)));
    assert!(matches!(received(&client), Received::SendWwwAuthenticate(_)));
}

/// A panic is no answer, and the next question is answered.
#[test]
fn a_manager_that_panics_refuses_and_goes_on() {
    let room = Room::new();
    let client = room.with(Panicking);
    let invite = invite();
    let answer = client.authenticate(CALL, &invite.arrival(), &invite.view());
    assert_eq!(now(answer), Authentication::Refused(try_later()));
    assert!(matches!(received(&client), Received::SendWwwAuthenticate(_)));
}

/// Panics once it is polled.
struct PanickingLater;

impl SipSecurity for PanickingLater {
    fn authenticate(&self, _: CallRef, _: &Arrival<'_>, _: &Request<'_>) -> Answer<Authentication> {
        let future = Box::pin(async { std::panic::resume_unwind(Box::new("later")) });
        Answer::Pending { within: Duration::from_secs(2), future }
    }
}

#[test]
fn a_manager_that_panics_later_refuses_at_once() {
    let room = Room::new();
    let client = room.with(PanickingLater);
    let invite = invite();
    let answer = client.authenticate(CALL, &invite.arrival(), &invite.view());
    let Answer::Pending { future, .. } = answer else { panic!("it panics later") };
    let answer = room.runtime.block_on(async { tokio::time::timeout(LONG, future).await });
    assert_eq!(answer.unwrap(), Authentication::Refused(try_later()));
}

pub(super) fn call() -> Outgoing {
    Outgoing {
        from: "sip:alice@alice.example".to_owned(),
        to: "sip:bob@bob.example".to_owned(),
        require: Requirement::PGP,
    }
}

/// Notes all that it is told.
pub(super) struct Telephony(pub(super) Arc<Told>);

impl TelephonySecurity for Telephony {
    fn configure(&self, configuration: &Configuration) {
        self.0.note(format!("configure {}", configuration.realm));
    }

    fn pins(&self, pins: Vec<Pin>) {
        self.0.note(format!("pins {pins:?}"));
    }

    fn call_started(&self, call: sst::Call, outgoing: Outgoing) {
        self.0.note(format!("started {call:?} {outgoing:?}"));
    }

    fn call_ended(&self, call: sst::Call) {
        self.0.note(format!("ended {call:?}"));
    }

    fn registered(&self, aor: &str, flows: Vec<RegisteredFlow>) {
        self.0.note(format!("registered {aor} {flows:?}"));
    }

    fn assurance(&self, call: sst::Call) -> Option<sst::Assurance> {
        (call == sst::Call(1)).then(assured)
    }

    fn state(&self, _: sst::Call) -> State {
        State::WaitForAuthorization
    }

    fn waiting(&self) -> Vec<Waiting> {
        let since = Duration::from_millis(12);
        vec![Waiting { call: sst::Call(5), claimed: "sip:x@y".to_owned(), since }]
    }
}

pub(super) fn assured() -> sst::Assurance {
    sst::Assurance {
        proof: Proof::Tls { name: "bob.example".to_owned() },
        hop: HopProtection::Tls,
        media: Vec::new(),
        refused: None,
        notes: Vec::new(),
    }
}

/// What is told of SST, and what a process that follows another is told of it anew.
fn tell(client: &Client) {
    client
        .configure(&Configuration { realm: "bob.example".to_owned(), ..Configuration::default() });
    client.pins(vec![Pin::new("sip:a@b", "ab".repeat(20))]);
    let flow = RegisteredFlow {
        flow: Some(1),
        registrar: "192.0.2.1".parse().unwrap(),
        contact_user: "x".to_owned(),
    };
    client.registered("sip:a@b", vec![flow]);
    client.call_started(sst::Call(1), call());
    client.call_ended(sst::Call(1));
}

#[test]
fn what_the_application_tells_arrives_and_a_following_process_is_told_the_lasting_part() {
    let room = Room::new();
    let (first, second) = (Arc::new(Told::default()), Arc::new(Told::default()));
    let client = room.client(&Arc::default(), LONG);
    let telling = |told: &Arc<Told>| {
        let telephony: Arc<dyn TelephonySecurity> = Arc::new(Telephony(Arc::clone(told)));
        move |_| Manager { telephony, ..manager(ssa::Open) }
    };
    room.connect(&client, telling(&first));
    tell(&client);
    assert_eq!(client.state(sst::Call(1)), State::WaitForAuthorization);
    assert_eq!(client.assurance(sst::Call(1)), Some(assured()));
    assert_eq!(client.assurance(sst::Call(2)), None);
    assert_eq!(client.waiting().len(), 1);
    let told = first.taken();
    let words: Vec<&str> = told.iter().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(words, ["configure", "pins", "registered", "started", "ended"]);

    room.connect(&client, telling(&second));
    assert_eq!(client.state(sst::Call(1)), State::WaitForAuthorization);
    assert_eq!(second.taken(), told[..3]);
}

/// Tells the application of what it decides, before it says so, and asks it.
struct Telling(Arc<RemoteApplication>);

impl SipSecurity for Telling {
    fn request_received(&self, call: CallRef, _: &Arrival<'_>, it: &Request<'_>) -> Received {
        let claimed = std::str::from_utf8(it.from.uri).unwrap();
        let (call, why) = (sst::Call(call.0), sst::Denied::Guessing);
        self.0.denied(sst::Denial { call, claimed, source: None, why });
        self.0.assurance(call, &assured());
        self.0.mismatch(call, sst::Mismatch::Clock(-3));
        Received::Reject(Refusal::new(403, "Forbidden"))
    }

    fn authenticate(&self, _: CallRef, _: &Arrival<'_>, _: &Request<'_>) -> Answer<Authentication> {
        let application = Arc::clone(&self.0);
        let future = Box::pin(async move {
            let given = application.credentials("realm", "alice").await.unwrap();
            assert_eq!(given.expose(), b"alice at realm");
            let given = application.token("https://as", "realm", "alice").await.unwrap();
            assert_eq!(given.expose(), b"alice at realm by https://as");
            let question = sst::TrustQuestion {
                call: sst::Call(1),
                aor: "sip:bob@bob.example".to_owned(),
                fingerprint: String::new(),
                user_ids: Vec::new(),
                pinned_to: Vec::new(),
            };
            assert_eq!(application.trust(question.clone()).await, TrustAnswer::Pin);
            let other = sst::TrustQuestion { aor: String::new(), ..question };
            assert_eq!(application.trust(other).await, TrustAnswer::No);
            Authentication::Authenticated
        });
        Answer::Pending { within: LONG, future }
    }

    fn encrypt(
        &self, _: CallRef, _: Direction, _: Transport, _: Option<Plan>, _: Body,
    ) -> Answer<BodyVerdict> {
        let application = Arc::clone(&self.0);
        let future = Box::pin(async move {
            let given = application.unlock("key").await;
            assert!(given.is_none());
            BodyVerdict::Refused(Refusal::new(493, "Undecipherable"))
        });
        Answer::Pending { within: LONG, future }
    }
}

fn telling(
    room: &Room, told: &Arc<Told>,
) -> (Arc<Client>, tokio::sync::watch::Receiver<Option<Gone>>) {
    let client = room.client(told, LONG);
    let watch = room.connect(&client, |application| manager(Telling(application)));
    (client, watch)
}

#[test]
fn what_the_manager_tells_is_there_before_its_verdict() {
    let room = Room::new();
    let told = Arc::new(Told::default());
    let (client, _) = telling(&room, &told);
    assert_eq!(received(&client), Received::Reject(Refusal::new(403, "Forbidden")));
    assert_eq!(
        told.taken(),
        [
            "sip:alice@alice.example: Guessing",
            "Call(7): certificate of bob.example",
            "Call(7): Clock(-3)"
        ]
    );
}

#[test]
fn prompts_are_answered_across() {
    let room = Room::new();
    let (client, _) = telling(&room, &Arc::default());
    let invite = invite();
    let answer = client.authenticate(CALL, &invite.arrival(), &invite.view());
    let Answer::Pending { future, .. } = answer else { panic!("it asks first") };
    assert_eq!(room.runtime.block_on(future), Authentication::Authenticated);
}

fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..2000 {
        if holds() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{what}");
}

/// Dropping what waits for a person takes the prompt back, and so does the end of the process.
#[test]
fn a_prompt_ends_with_who_asked() {
    let room = Room::new();
    let told = Arc::new(Told::default());
    let (client, watch) = telling(&room, &told);
    let ask = || client.encrypt(CALL, Direction::Request, Transport::Udp, None, Body::default());
    let Answer::Pending { future, .. } = ask() else { panic!("it asks first") };
    until("a prompt", || told.open.load(Ordering::SeqCst) == 1);
    drop(future);
    until("it is taken back", || told.open.load(Ordering::SeqCst) == 0);

    let Answer::Pending { future, .. } = ask() else { panic!("it asks first") };
    until("a prompt", || told.open.load(Ordering::SeqCst) == 1);
    client.disconnect();
    assert_eq!(room.gone(watch), Gone::Closed);
    until("it is taken back", || told.open.load(Ordering::SeqCst) == 0);
    assert_eq!(room.runtime.block_on(future), BodyVerdict::Refused(try_later()));
}

/// Media whose every answer says what was asked.
pub(super) struct Media;

pub(super) fn said(name: &str) -> LineSecurity {
    let attributes = vec![Attribute { name: name.to_owned(), value: String::new() }];
    LineSecurity { profile: Profile::Savp, attributes }
}

impl MediaSecurity for Media {
    fn offer(&self, call: Call, line: Line) -> Result<LineSecurity, Refused> {
        Ok(said(&format!("offer {} {}", call.0, line.0)))
    }

    fn answer(&self, _: Call, _: Line, it: &LineSecurity) -> Result<LineSecurity, Refused> {
        Ok(it.clone())
    }

    fn judge(&self, _: Call, _: Line, it: &LineSecurity) -> Result<(), Refused> {
        if it.profile == Profile::Savp { Ok(()) } else { Err(Refused::Downgrade) }
    }

    fn guard(&self, _: Call, _: Line) -> Result<Guard, Refused> {
        panic!("a guard is made of keys, in the stack's process")
    }
}

struct Keys;

impl MediaKeys for Keys {
    fn keys(&self, _: Call, line: Line) -> Result<GuardKeys, Refused> {
        let key = |octet| Zeroizing::new(vec![octet]);
        match line.0 {
            0 => Ok(GuardKeys::Plain),
            1 => {
                Ok(GuardKeys::Srtp(LineKeys { suite: String::new(), ours: key(1), theirs: key(2) }))
            }
            2 => Ok(GuardKeys::Kept),
            3 => {
                let ours = Zeroizing::new(Vec::new());
                Ok(GuardKeys::Srtp(LineKeys { suite: String::new(), ours, theirs: key(2) }))
            }
            _ => Err(Refused::NotAuthenticated),
        }
    }
}

#[test]
fn media_are_guarded_here_by_the_keys_that_cross() {
    let room = Room::new();
    let client = room.client(&Arc::default(), LONG);
    let media = || Manager { media: Arc::new(Media), keys: Arc::new(Keys), ..manager(ssa::Open) };
    room.connect(&client, move |_| media());
    assert_eq!(client.offer(Call(4), Line(1)), Ok(said("offer 4 1")));
    assert_eq!(client.answer(Call(4), Line(1), &said("it")), Ok(said("it")));
    assert_eq!(client.judge(Call(4), Line(1), &said("it")), Ok(()));
    let plain = LineSecurity { profile: Profile::Avp, attributes: Vec::new() };
    assert_eq!(client.judge(Call(4), Line(1), &plain), Err(Refused::Downgrade));

    let guard = |line| client.guard(Call(4), Line(line));
    let mut halves = guard(1).unwrap().ready().unwrap();
    let mut packet = [10];
    assert_eq!((halves.sealer.seal_rtp(&mut packet, 1), packet), (Ok(1), [11]));
    assert_eq!((halves.opener.open_rtp(&mut packet), packet), (Ok(1), [9]));
    let mut open = guard(0).unwrap().ready().unwrap();
    assert_eq!((open.sealer.seal_rtp(&mut packet, 1), packet), (Ok(1), [9]));
    assert!(matches!(guard(2), Ok(Guard::Kept)));
    assert_eq!(guard(3).unwrap_err(), Refused::Attributes, "keys that do not fit");
    assert_eq!(guard(4).unwrap_err(), Refused::NotAuthenticated);
}

/// The same without a socket, on one executor.
#[test]
fn a_loop_means_the_same() {
    let room = Room::new();
    let told = Arc::new(Told::default());
    let ends = crate::Ends {
        application: Arc::new(super::doubles::Application(Arc::clone(&told))),
        spawn: room.spawn(),
        guard: Arc::new(|keys: &LineKeys| super::doubles::guard(keys)),
    };
    let client = crate::loopback(ends, |application| Ok(manager(Telling(application)))).unwrap();
    assert_eq!(received(&client), Received::Reject(Refusal::new(403, "Forbidden")));
    assert_eq!(told.taken().len(), 3);
    let invite = invite();
    let answer = client.authenticate(CALL, &invite.arrival(), &invite.view());
    let Answer::Pending { future, .. } = answer else { panic!("it asks first") };
    assert_eq!(room.runtime.block_on(future), Authentication::Authenticated);
}
