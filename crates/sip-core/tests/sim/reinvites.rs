//! Changing a session: both ways, met in the middle, refused.

use crate::world::{ALICE, BOB, Side, World, sdp};
use sip_core::manager::{CallId, Cause, EndReason, Event, Misuse};
use ssa::Open;
use std::sync::Arc;
use std::time::Duration;

async fn up(world: &World) -> (Side, CallId, Side, CallId) {
    let mut alice = world.side(1, Arc::new(Open));
    let mut bob = world.side(2, Arc::new(Open));
    let call = alice.call(ALICE, BOB, sdp("offer"));
    let id = bob.incoming().await;
    bob.endpoint.accept(id, sdp("answer")).unwrap();
    assert_eq!(alice.next().await, Event::Answered { id: call, body: sdp("answer") });
    assert_eq!(bob.next().await, Event::Confirmed { id });
    (alice, call, bob, id)
}

#[test]
fn either_side_changes_the_session() {
    let world = World::perfect();
    world.run(async {
        let (mut alice, call, mut bob, id) = up(&world).await;
        for _ in 0..2 {
            alice.endpoint.reinvite(call, sdp("more")).unwrap();
            assert_eq!(alice.endpoint.reinvite(call, sdp("x")), Err(Misuse::Pending));
            assert_eq!(bob.next().await, Event::Reinvited { id, body: sdp("more") });
            bob.endpoint.accept_reinvite(id, sdp("yes")).unwrap();
            let answered = Event::ReinviteAnswered { id: call, body: sdp("yes") };
            assert_eq!(alice.next().await, answered);
            assert_eq!(bob.next().await, Event::Confirmed { id });
            std::mem::swap(&mut alice, &mut bob);
            let (mine, theirs) = (id, call);
            alice.endpoint.reinvite(mine, sdp("less")).unwrap();
            assert_eq!(bob.next().await, Event::Reinvited { id: theirs, body: sdp("less") });
            bob.endpoint.reject(theirs, 488).unwrap();
            let failed = Event::ReinviteFailed { id: mine, cause: Cause::Status(488) };
            assert_eq!(alice.next().await, failed);
            std::mem::swap(&mut alice, &mut bob);
        }
        bob.endpoint.hang_up(id).unwrap();
        assert_eq!(alice.next().await, Event::Ended { id: call, reason: EndReason::Remote });
        alice.sleep(Duration::from_secs(70)).await;
        alice.assert_empty();
        bob.assert_empty();
    });
}

#[test]
fn g36_two_reinvites_that_meet_are_491_and_tried_again_in_turn() {
    let world = World::perfect();
    world.run(async {
        let (mut alice, call, mut bob, id) = up(&world).await;
        alice.endpoint.reinvite(call, sdp("from alice")).unwrap();
        bob.endpoint.reinvite(id, sdp("from bob")).unwrap();
        // Bob, who did not make the Call-ID, comes first: 0-2 s against 2.1-4 s.
        let failed = Event::ReinviteFailed { id: call, cause: Cause::Status(491) };
        assert_eq!(alice.next().await, failed);
        assert_eq!(alice.next().await, Event::Reinvited { id: call, body: sdp("from bob") });
        assert_eq!(world.wire.count("192.0.2.1 491 INVITE"), 1);
        assert_eq!(world.wire.count("192.0.2.2 491 INVITE"), 1);
        alice.endpoint.accept_reinvite(call, sdp("yes")).unwrap();
        assert_eq!(bob.next().await, Event::ReinviteAnswered { id, body: sdp("yes") });
        assert_eq!(alice.next().await, Event::Confirmed { id: call });
    });
}

#[test]
fn hanging_up_during_a_reinvite_ends_both() {
    let world = World::perfect();
    world.run(async {
        let (mut alice, call, mut bob, id) = up(&world).await;
        alice.endpoint.reinvite(call, sdp("more")).unwrap();
        assert_eq!(bob.next().await, Event::Reinvited { id, body: sdp("more") });
        alice.endpoint.hang_up(call).unwrap();
        assert_eq!(alice.next().await, Event::Ended { id: call, reason: EndReason::Local });
        assert_eq!(bob.next().await, Event::Ended { id, reason: EndReason::Remote });
        alice.sleep(Duration::from_secs(140)).await;
        alice.assert_empty();
        bob.assert_empty();
    });
}
