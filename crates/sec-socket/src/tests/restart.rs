//! A process that follows another: it is told of the calls that were placed, and those that came in
//! and were proved go no further.

use super::doubles::Told;
use super::gone::played;
use super::signals::{Media, Telephony, assured, call, now, said};
use super::*;
use crate::wire::{Body as Frame, Carries as _};
use ssa::{
    Answer, Arrival, Authentication, Body, BodyVerdict, Direction, Incoming, Plan, Request,
    Response, Transport,
};
use ssm::MediaSecurity as _;
use sst::TelephonySecurity;

/// Admits over TLS, and has a proof shown over UDP, at once or later.
struct Proving {
    later: bool,
}

impl SipSecurity for Proving {
    fn request_received(&self, _: CallRef, hop: &Arrival<'_>, _: &Request<'_>) -> Received {
        if hop.transport.is_secure() { Received::Admit } else { Received::Authenticate }
    }

    fn authenticate(&self, _: CallRef, _: &Arrival<'_>, _: &Request<'_>) -> Answer<Authentication> {
        if self.later {
            let future = Box::pin(async { Authentication::Authenticated });
            return Answer::Pending { within: LONG, future };
        }
        Answer::Ready(Authentication::Authenticated)
    }

    fn encrypt(
        &self, _: CallRef, _: Direction, _: Transport, _: Option<Plan>, it: Body,
    ) -> Answer<BodyVerdict> {
        Answer::Ready(BodyVerdict::Body(it))
    }

    fn decrypt(&self, _: CallRef, _: Direction, _: Transport, it: Body) -> Answer<BodyVerdict> {
        Answer::Ready(BodyVerdict::Body(it))
    }

    fn response_received(
        &self, _: CallRef, _: &Arrival<'_>, _: &Response<'_>, _: &Request<'_>,
    ) -> Answer<Incoming> {
        Answer::Ready(Incoming::Accept)
    }
}

/// A manager that knows of call 1 that its connection proved the peer, and writes what it is told.
fn proving(
    told: &Arc<Told>, later: bool,
) -> impl FnOnce(Arc<RemoteApplication>) -> Manager + use<> {
    let telephony: Arc<dyn TelephonySecurity> = Arc::new(Telephony(Arc::clone(told)));
    move |_| Manager { telephony, media: Arc::new(Media), ..manager(Proving { later }) }
}

#[test]
fn a_following_process_is_told_of_the_calls_that_go_on() {
    let room = Room::new();
    let (first, second) = (Arc::new(Told::default()), Arc::new(Told::default()));
    let client = room.client(&Arc::default(), LONG);
    room.connect(&client, proving(&first, false));
    (1..=3).for_each(|id| client.call_started(sst::Call(id), call()));
    client.call_ended(sst::Call(1));
    client.abandon(CallRef(3));
    room.connect(&client, proving(&second, false));
    _ = client.state(sst::Call(2));
    assert_eq!(second.taken(), [format!("started Call(2) {:?}", call())]);
}

/// Whether bodies and media of a call pass.
pub(super) fn pass(client: &Client, call: CallRef) -> bool {
    let body = || Body { content_type: None, octets: b"v=0".to_vec() };
    let (line, at) = (Line(0), Call(call.0));
    let bodies = [
        now(client.encrypt(call, Direction::Response, Transport::Udp, None, body())),
        now(client.decrypt(call, Direction::Request, Transport::Udp, body())),
    ]
    .map(|it| it == BodyVerdict::Body(body()));
    let media = [
        client.offer(at, line).map(drop),
        client.answer(at, line, &said("x")).map(drop),
        client.judge(at, line, &said("x")),
    ];
    assert!(media.iter().all(|it| matches!(it, Ok(()) | Err(Refused::Unavailable))));
    assert_eq!(bodies, [bodies[0]; 2]);
    let media = media.map(|it| it.is_ok());
    assert_eq!(media, [bodies[0]; 3]);
    bodies[0]
}

/// Has call 7 proved, at once or later, and another process follow.
fn proved(room: &Room, later: bool) -> Arc<Client> {
    let client = room.client(&Arc::default(), LONG);
    room.connect(&client, proving(&Arc::default(), later));
    let invite = invite();
    let verdict = match client.authenticate(CALL, &invite.arrival(), &invite.view()) {
        Answer::Ready(verdict) => verdict,
        Answer::Pending { future, .. } => room.runtime.block_on(future),
    };
    assert_eq!(verdict, Authentication::Authenticated);
    assert!(pass(&client, CALL));
    room.connect(&client, proving(&Arc::default(), later));
    client
}

#[test]
fn a_call_that_came_in_proved_goes_no_further_under_another_process() {
    let room = Room::new();
    for later in [false, true] {
        let client = proved(&room, later);
        assert!(!pass(&client, CALL), "later: {later}");
        assert_eq!(client.guard(Call(CALL.0), Line(0)).unwrap_err(), Refused::Unavailable);
        assert!(pass(&client, CallRef(8)));
        // It can be hung up.
        let empty = client.encrypt(CALL, Direction::Request, Transport::Udp, None, Body::default());
        assert_eq!(now(empty), BodyVerdict::Body(Body::default()));
        // What it proves now is not what was agreed on then.
        let invite = invite();
        match client.authenticate(CALL, &invite.arrival(), &invite.view()) {
            Answer::Ready(_) => {}
            Answer::Pending { future, .. } => _ = room.runtime.block_on(future),
        }
        assert!(!pass(&client, CALL), "later: {later}");
        client.abandon(CALL);
        assert!(pass(&client, CALL), "it is forgotten");
    }
}

/// A proof that the earlier process told, and that is taken in after another one has followed.
#[test]
fn a_proof_that_comes_late_is_the_earlier_processs() {
    let room = Room::new();
    let client = room.client(&Arc::default(), LONG);
    played(&room, &client, |mut process| {
        let (id, _) = process.heard().unwrap();
        process.say(id, Frame::Pending(60_000));
        let verdict = Authentication::Authenticated.to_wire().unwrap();
        process.say(id, Frame::Verdict(verdict));
        let (id, _) = process.heard().unwrap();
        process.say(id, Frame::Stands(1));
        while process.heard().is_some() {}
    });
    let invite = invite();
    let answer = client.authenticate(CALL, &invite.arrival(), &invite.view());
    let Answer::Pending { future, .. } = answer else { panic!("it is pending") };
    // What is answered behind it is there, so it is, too, and nobody has looked.
    _ = client.state(sst::Call(2));
    room.connect(&client, proving(&Arc::default(), true));
    assert_eq!(room.runtime.block_on(future), Authentication::Authenticated);
    assert!(!pass(&client, CALL));
}

#[test]
fn so_does_one_that_the_connections_name_proved() {
    assert_eq!(assured().proof.to_string(), "certificate of bob.example");
    let room = Room::new();
    let client = room.client(&Arc::default(), LONG);
    room.connect(&client, proving(&Arc::default(), false));
    let invite = invite();
    let over_tls = Arrival { transport: Transport::Tls, ..invite.arrival() };
    // Of call 2 nothing is known, and call 3 is ours.
    client.call_started(sst::Call(3), call());
    for id in [1, 2, 3] {
        let received = client.request_received(CallRef(id), &over_tls, &invite.view());
        assert_eq!(received, Received::Admit);
    }
    room.connect(&client, proving(&Arc::default(), false));
    assert_eq!([1, 2, 3].map(|id| pass(&client, CallRef(id))), [false, true, true]);
}
