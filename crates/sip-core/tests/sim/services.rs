//! RFC 5359 §2: services that a terminal takes part in, between endpoints. A test is named after its
//! section. What is a proxy's alone, or needs media of a third party, is not there.

use crate::answers::response;
use crate::raw::{Raw, field};
use crate::subscribers::{said, serving};
use crate::world::{ALICE, BOB, Side, World, sdp};
use sip_core::manager::{
    CallId, Cause, EndReason, Event, SubscribeConfig, SubscriberEnd, SubscriberId, SubscriberNews,
    SubscriptionNews, SubscriptionState,
};
use ssa::{Body, Open};
use std::sync::Arc;

pub(crate) const CAROL: &str = "sip:carol@192.0.2.3";

pub(crate) fn three(world: &World) -> [Side; 3] {
    [1, 2, 3].map(|host| world.side(host, Arc::new(Open)))
}

/// A call that is up: each side's name for it.
pub(crate) async fn call(
    caller: &mut Side, callee: &mut Side, (from, to): (&str, &str),
) -> (CallId, CallId) {
    let out = caller.call(from, to, sdp("offer"));
    let within = callee.incoming().await;
    callee.endpoint.ring(within).unwrap();
    assert!(matches!(caller.next().await, Event::Ringing { .. }));
    callee.endpoint.accept(within, sdp("answer")).unwrap();
    assert!(matches!(caller.next().await, Event::Answered { .. }));
    assert!(matches!(callee.next().await, Event::Confirmed { .. }));
    (out, within)
}

/// One side changes the session, and the other agrees.
pub(crate) async fn change(
    (one, id): (&mut Side, CallId), (other, theirs): (&mut Side, CallId), to: Body,
) {
    one.endpoint.reinvite(id, to.clone()).unwrap();
    assert_eq!(other.next().await, Event::Reinvited { id: theirs, body: to });
    other.endpoint.accept_reinvite(theirs, sdp("agreed")).unwrap();
    assert_eq!(one.next().await, Event::ReinviteAnswered { id, body: sdp("agreed") });
    assert_eq!(other.next().await, Event::Confirmed { id: theirs, answer: None });
}

pub(crate) async fn hang_up((one, id): (&mut Side, CallId), (other, theirs): (&mut Side, CallId)) {
    one.endpoint.hang_up(id).unwrap();
    assert_eq!(one.next().await, Event::Ended { id, reason: EndReason::Local });
    assert_eq!(other.next().await, Event::Ended { id: theirs, reason: EndReason::Remote });
}

#[test]
fn rfc5359_2_1_call_hold() {
    let world = World::perfect();
    let [mut alice, mut bob, _] = three(&world);
    world.run(async {
        let (at_alice, at_bob) = call(&mut alice, &mut bob, (ALICE, BOB)).await;
        for to in ["sendonly", "sendrecv"] {
            change((&mut bob, at_bob), (&mut alice, at_alice), sdp(to)).await;
        }
        hang_up((&mut bob, at_bob), (&mut alice, at_alice)).await;
    });
    let lines: Vec<String> = world.wire.lines();
    let of = |line: &str| lines.iter().filter(|it| *it == line).count();
    assert_eq!([of("192.0.2.2 INVITE"), of("192.0.2.2 ACK"), of("192.0.2.2 BYE")], [2, 2, 1]);
}

#[test]
fn rfc5359_2_2_consultation_hold() {
    let world = World::perfect();
    let [mut alice, mut bob, mut carol] = three(&world);
    world.run(async {
        let (at_alice, at_bob) = call(&mut alice, &mut bob, (ALICE, BOB)).await;
        change((&mut bob, at_bob), (&mut alice, at_alice), sdp("sendonly")).await;
        let (asking, asked) = call(&mut bob, &mut carol, (BOB, CAROL)).await;
        hang_up((&mut bob, asking), (&mut carol, asked)).await;
        change((&mut bob, at_bob), (&mut alice, at_alice), sdp("sendrecv")).await;
        hang_up((&mut alice, at_alice), (&mut bob, at_bob)).await;
    });
}

/// The transferee's REFER is followed: whom it names is called and answers, and that is told.
async fn follows(alice: &mut Side, carol: &mut Side) -> (CallId, CallId) {
    let event = alice.next().await;
    let Event::Referred { id, to, .. } = event else { panic!("{event:?}") };
    alice.endpoint.agree(id).unwrap();
    let prepared = alice.endpoint.prepare(ALICE, &to, None).unwrap();
    alice.endpoint.invite(prepared.id, sdp("offer")).unwrap();
    let within = carol.incoming().await;
    carol.endpoint.accept(within, sdp("answer")).unwrap();
    assert!(matches!(alice.next().await, Event::Answered { .. }));
    assert!(matches!(carol.next().await, Event::Confirmed { .. }));
    alice.endpoint.tell_referrer(id, 200).unwrap();
    (prepared.id, within)
}

/// The transferor hears of it to its end.
async fn hears(bob: &mut Side) {
    loop {
        match bob.next().await {
            Event::ReferNotified { status, is_final: true, .. } => {
                return assert_eq!(status, Some(200));
            }
            Event::ReferNotified { .. } => {}
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn rfc5359_2_4_transfer_unattended() {
    let world = World::perfect();
    let [mut alice, mut bob, mut carol] = three(&world);
    world.run(async {
        let (at_alice, at_bob) = call(&mut alice, &mut bob, (ALICE, BOB)).await;
        bob.endpoint.refer(at_bob, CAROL).unwrap();
        let (to_carol, at_carol) = follows(&mut alice, &mut carol).await;
        hears(&mut bob).await;
        hang_up((&mut bob, at_bob), (&mut alice, at_alice)).await;
        hang_up((&mut alice, to_carol), (&mut carol, at_carol)).await;
    });
}

#[test]
fn rfc5359_2_5_transfer_attended() {
    let world = World::perfect();
    let [mut alice, mut bob, mut carol] = three(&world);
    world.run(async {
        let (at_alice, at_bob) = call(&mut alice, &mut bob, (ALICE, BOB)).await;
        change((&mut bob, at_bob), (&mut alice, at_alice), sdp("sendonly")).await;
        let (asking, asked) = call(&mut bob, &mut carol, (BOB, CAROL)).await;
        change((&mut bob, asking), (&mut carol, asked), sdp("sendonly")).await;
        bob.endpoint.refer_to_call(at_bob, asking).unwrap();
        let (to_carol, at_carol) = follows(&mut alice, &mut carol).await;
        hears(&mut bob).await;
        hang_up((&mut bob, at_bob), (&mut alice, at_alice)).await;
        hang_up((&mut carol, asked), (&mut bob, asking)).await;
        hang_up((&mut alice, to_carol), (&mut carol, at_carol)).await;
    });
}

/// Whoever subscribes to Bob's calls is told this.
async fn grants(bob: &mut Side, what: &str) -> SubscriberId {
    let event = bob.next().await;
    let Event::Subscriber { id, news: SubscriberNews::Asked { .. } } = event else {
        panic!("{event:?}")
    };
    bob.endpoint.grant(id, 600, SubscriptionState::Active, said(what)).unwrap();
    id
}

/// What Alice is told of Bob's calls next.
async fn told(alice: &mut Side) -> Body {
    match alice.next().await {
        Event::Subscription { news: SubscriptionNews::Notified { body, .. }, .. } => body,
        other => panic!("{other:?}"),
    }
}

/// What Bob tells Bill of the call that rings (F3 to F6) goes as in RFC 5359 §2.17.
#[test]
fn rfc5359_2_16_call_pickup() {
    let world = World::perfect();
    let [mut alice, _, mut bill] = three(&world);
    let mut bob = Raw::to_alice(&world, 9);
    world.run(async {
        let to_bob = alice.call(ALICE, "sip:bob@192.0.2.9", sdp("offer"));
        let invite = bob.receive().await.unwrap();
        bob.send(&response(&invite, "180 Ringing", "t", "Contact: <sip:bob@192.0.2.9>\r\n"));
        assert!(matches!(alice.next().await, Event::Ringing { .. }));

        let alices = field(&invite, "From").split_once("tag=").unwrap().1;
        let replaces = format!("{}%3Bto-tag%3D{alices}%3Bfrom-tag%3Dt", field(&invite, "Call-ID"));
        let to_alice = format!("{ALICE}?Replaces={replaces}%3Bearly-only");
        let picked_up = bill.call("sip:bill@192.0.2.3", &to_alice, sdp("offer"));
        let event = alice.next().await;
        let Event::Incoming { id, replaces: Some(replaced), .. } = event else {
            panic!("{event:?}")
        };
        assert_eq!(replaced, to_bob);
        alice.endpoint.accept(id, sdp("answer")).unwrap();
        alice.endpoint.hang_up(to_bob).unwrap();
        let event = bill.next().await;
        assert_eq!(event, Event::Answered { id: picked_up, body: sdp("answer") });
        // Bob's phone rings no more.
        let cancel = bob.receive().await.unwrap();
        assert!(cancel.starts_with("CANCEL "), "{cancel}");
        bob.send(&response(&cancel, "200 OK", "t", ""));
        bob.send(&response(&invite, "487 Request Terminated", "t", ""));
        assert!(bob.receive().await.unwrap().starts_with("ACK "));
        let mut heard = [alice.next().await, alice.next().await];
        heard.sort_by_key(|event| matches!(event, Event::Confirmed { .. }));
        assert!(matches!(heard[0], Event::Ended { id, .. } if id == to_bob), "{heard:?}");
        hang_up((&mut alice, id), (&mut bill, picked_up)).await;
    });
}

#[test]
fn rfc5359_2_17_automatic_redial() {
    let world = World::perfect();
    let mut alice = world.side(1, Arc::new(Open));
    let mut bob = world.side_with(2, Arc::new(Open), serving());
    world.run(async {
        alice.call(ALICE, BOB, sdp("offer"));
        let refused = bob.incoming().await;
        bob.endpoint.reject(refused, 486).unwrap();
        assert!(matches!(bob.next().await, Event::Ended { .. }));
        let event = alice.next().await;
        assert!(matches!(event, Event::Failed { cause: Cause::Status(486), .. }), "{event:?}");

        let wanted = SubscribeConfig {
            from: ALICE.to_owned(),
            to: BOB.to_owned(),
            next_hop: None,
            event: "dialog".to_owned(),
            accept: Vec::new(),
            expires: 600,
        };
        let subscription = alice.endpoint.subscribe(wanted).unwrap();
        let subscriber = grants(&mut bob, "confirmed").await;
        assert_eq!(told(&mut alice).await, said("confirmed"));
        bob.endpoint.notify(subscriber, SubscriptionState::Active, said("terminated")).unwrap();
        assert_eq!(told(&mut alice).await, said("terminated"));
        // He is free: she calls again, and hears of it no more.
        let (at_alice, at_bob) = call(&mut alice, &mut bob, (ALICE, BOB)).await;
        alice.endpoint.unsubscribe(subscription).unwrap();
        let event = bob.next().await;
        let over = SubscriberNews::Over { why: SubscriberEnd::Unsubscribed };
        assert_eq!(event, Event::Subscriber { id: subscriber, news: over });
        assert_eq!(told(&mut alice).await, said("terminated"), "the last, and its end");
        let event = alice.next().await;
        let is_over =
            matches!(event, Event::Subscription { news: SubscriptionNews::Over { .. }, .. });
        assert!(is_over, "{event:?}");
        hang_up((&mut bob, at_bob), (&mut alice, at_alice)).await;
    });
}
