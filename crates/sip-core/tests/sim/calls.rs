//! Plain calls, without a security manager.

use crate::world::{ALICE, BOB, World, connected, sdp};
use sip_core::manager::{Cause, EndReason, Event, Misuse, NextHop};
use ssa::Open;
use std::sync::Arc;
use std::time::Duration;

/// Long enough for every timer of a transaction.
const SETTLED: Duration = Duration::from_secs(70);

#[test]
fn a_call_is_made_answered_and_ended_by_the_caller() {
    let world = World::perfect();
    let mut alice = world.side(1, Arc::new(Open));
    let mut bob = world.side(2, Arc::new(Open));
    world.run(async {
        let call = alice.call(ALICE, BOB, sdp("offer"));
        let Event::Incoming { id, from, to, body, .. } = bob.next().await else {
            panic!("no call came in")
        };
        assert_eq!((from.as_str(), to.as_str(), body), (ALICE, BOB, sdp("offer")));
        bob.endpoint.ring(id).unwrap();
        assert_eq!(alice.next().await, Event::Ringing { id: call, status: 180, answer: None });
        bob.endpoint.accept(id, sdp("answer")).unwrap();
        assert_eq!(alice.next().await, Event::Answered { id: call, body: sdp("answer") });
        assert_eq!(bob.next().await, Event::Confirmed { id, answer: None });
        alice.endpoint.hang_up(call).unwrap();
        assert_eq!(alice.next().await, Event::Ended { id: call, reason: EndReason::Local });
        assert_eq!(bob.next().await, Event::Ended { id, reason: EndReason::Remote });
        alice.sleep(SETTLED).await;
    });
    assert_eq!(
        world.wire.lines(),
        [
            "192.0.2.1 INVITE",
            "192.0.2.2 180 INVITE",
            "192.0.2.2 200 INVITE",
            "192.0.2.1 ACK",
            "192.0.2.1 BYE",
            "192.0.2.2 200 BYE",
        ]
    );
    alice.assert_empty();
    bob.assert_empty();
}

#[test]
fn the_caller_cancels_while_it_rings() {
    let world = World::perfect();
    let mut alice = world.side(1, Arc::new(Open));
    let mut bob = world.side(2, Arc::new(Open));
    world.run(async {
        let call = alice.call(ALICE, BOB, sdp("offer"));
        let id = bob.incoming().await;
        bob.endpoint.ring(id).unwrap();
        assert_eq!(alice.next().await, Event::Ringing { id: call, status: 180, answer: None });
        alice.endpoint.hang_up(call).unwrap();
        assert_eq!(alice.next().await, Event::Ended { id: call, reason: EndReason::Local });
        assert_eq!(bob.next().await, Event::Ended { id, reason: EndReason::Cancelled });
        alice.sleep(SETTLED).await;
    });
    assert_eq!(
        world.wire.lines(),
        [
            "192.0.2.1 INVITE",
            "192.0.2.2 180 INVITE",
            "192.0.2.1 CANCEL",
            "192.0.2.2 200 CANCEL",
            "192.0.2.2 487 INVITE",
            "192.0.2.1 ACK",
        ]
    );
    alice.assert_empty();
    bob.assert_empty();
}

#[test]
fn a_cancel_waits_for_the_first_provisional_response() {
    let world = World::perfect();
    let alice = world.side(1, Arc::new(Open));
    let mut bob = world.side(2, Arc::new(Open));
    world.run(async {
        let call = alice.call(ALICE, BOB, sdp("offer"));
        alice.sleep(Duration::from_millis(1)).await;
        alice.endpoint.hang_up(call).unwrap();
        let id = bob.incoming().await;
        assert_eq!(bob.next().await, Event::Ended { id, reason: EndReason::Cancelled });
        alice.sleep(SETTLED).await;
    });
    assert_eq!(
        world.wire.lines().get(..3).unwrap(),
        ["192.0.2.1 INVITE", "192.0.2.2 100 INVITE", "192.0.2.1 CANCEL"]
    );
    alice.assert_empty();
    bob.assert_empty();
}

#[test]
fn hanging_up_before_the_invite_has_left_sends_nothing() {
    let world = World::perfect();
    let mut alice = world.side(1, Arc::new(Open));
    world.run(async {
        let call = alice.call(ALICE, BOB, sdp("offer"));
        alice.endpoint.hang_up(call).unwrap();
        assert_eq!(alice.next().await, Event::Ended { id: call, reason: EndReason::Local });
        alice.sleep(SETTLED).await;
    });
    assert_eq!(world.wire.lines(), [""; 0]);
    alice.assert_empty();
}

#[test]
fn the_callee_rejects() {
    let world = World::perfect();
    let mut alice = world.side(1, Arc::new(Open));
    let mut bob = world.side(2, Arc::new(Open));
    world.run(async {
        let call = alice.call(ALICE, BOB, sdp("offer"));
        let id = bob.incoming().await;
        bob.endpoint.reject(id, 486).unwrap();
        assert_eq!(bob.next().await, Event::Ended { id, reason: EndReason::Local });
        let failed = Event::Failed { id: call, cause: Cause::Status(486) };
        assert_eq!(alice.next().await, failed);
        alice.sleep(SETTLED).await;
    });
    alice.assert_empty();
    bob.assert_empty();
}

#[test]
fn a_call_that_nobody_answers_ends_on_both_sides() {
    let world = World::perfect();
    let mut alice = world.side(1, Arc::new(Open));
    let mut bob = world.side(2, Arc::new(Open));
    world.run(async {
        let call = alice.call(ALICE, BOB, sdp("offer"));
        let id = bob.incoming().await;
        bob.endpoint.ring(id).unwrap();
        assert_eq!(alice.next().await, Event::Ringing { id: call, status: 180, answer: None });
        assert_eq!(alice.next().await, Event::Failed { id: call, cause: Cause::Timeout });
        assert!(matches!(bob.next().await, Event::Ended { .. }));
        alice.sleep(SETTLED).await;
    });
    alice.assert_empty();
    bob.assert_empty();
}

#[test]
fn both_sides_hang_up_at_once() {
    let world = World::perfect();
    let mut alice = world.side(1, Arc::new(Open));
    let mut bob = world.side(2, Arc::new(Open));
    world.run(async {
        let (call, id) = connected(&mut alice, &mut bob, (ALICE, BOB)).await;
        alice.endpoint.hang_up(call).unwrap();
        bob.endpoint.hang_up(id).unwrap();
        assert_eq!(alice.next().await, Event::Ended { id: call, reason: EndReason::Local });
        assert_eq!(bob.next().await, Event::Ended { id, reason: EndReason::Local });
        assert_eq!(alice.endpoint.hang_up(call), Err(Misuse::Unknown));
        alice.sleep(SETTLED).await;
    });
    alice.assert_empty();
    bob.assert_empty();
}

#[test]
fn commands_that_do_not_fit_are_refused() {
    let world = World::perfect();
    let alice = world.side(1, Arc::new(Open));
    let endpoint = &alice.endpoint;
    assert_eq!(endpoint.prepare(ALICE, "bob", None), Err(Misuse::NotAUri));
    assert_eq!(endpoint.prepare("", BOB, None), Err(Misuse::NotAUri));
    let udp = "sips:bob@192.0.2.2;transport=udp";
    assert_eq!(endpoint.prepare(ALICE, udp, None), Err(Misuse::Unsupported));
    let next_hop = NextHop::of_uri("sip:192.0.2.2;transport=tcp").unwrap();
    let sips = endpoint.prepare(ALICE, "sips:bob@192.0.2.2", Some(next_hop));
    assert_eq!(sips, Err(Misuse::Insecure));
    assert_eq!(endpoint.prepare(ALICE, "tel:+49301234", None), Err(Misuse::Unsupported));
    let prepared = endpoint.prepare(ALICE, BOB, None).unwrap();
    assert_eq!(endpoint.accept(prepared.id, sdp("x")), Err(Misuse::WrongState));
    assert_eq!(endpoint.ring(prepared.id), Err(Misuse::WrongState));
    assert_eq!(endpoint.reinvite(prepared.id, sdp("x")), Err(Misuse::WrongState));
    endpoint.hang_up(prepared.id).unwrap();
    assert_eq!(endpoint.invite(prepared.id, sdp("x")), Err(Misuse::Unknown));
}
