//! Changing a session: both ways, met in the middle, refused.

use crate::double::{Double, Script};
use crate::world::{ALICE, BOB, Side, World, sdp};
use sip_core::manager::{CallId, Cause, EndReason, Event, Misuse};
use ssa::{Open, SipSecurity, Why};
use std::sync::Arc;
use std::time::Duration;

async fn up(world: &World) -> (Side, CallId, Side, CallId) {
    up_between(world, [Arc::new(Open), Arc::new(Open)]).await
}

async fn up_between(
    world: &World, [of_alice, of_bob]: [Arc<dyn SipSecurity>; 2],
) -> (Side, CallId, Side, CallId) {
    let mut alice = world.side(1, of_alice);
    let mut bob = world.side(2, of_bob);
    let call = alice.call(ALICE, BOB, sdp("offer"));
    let id = bob.incoming().await;
    bob.endpoint.accept(id, sdp("answer")).unwrap();
    assert_eq!(alice.next().await, Event::Answered { id: call, body: sdp("answer") });
    assert_eq!(bob.next().await, Event::Confirmed { id, answer: None });
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
            assert_eq!(bob.next().await, Event::Confirmed { id, answer: None });
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
        assert_eq!(alice.next().await, Event::Confirmed { id: call, answer: None });
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

#[test]
fn g36_a_reinvites_answer_that_is_not_believed_leaves_the_call_as_it_was() {
    let world = World::perfect();
    let doubts = Script { doubts_reinvites: true, ..Script::default() };
    let doubts = Double::new(world.runtime(1), doubts);
    let trusts = Double::new(world.runtime(2), Script::default());
    world.run(async {
        let (mut alice, call, mut bob, id) = up_between(&world, [doubts, trusts]).await;
        for _ in 0..2 {
            alice.endpoint.reinvite(call, sdp("more")).unwrap();
            assert_eq!(bob.next().await, Event::Reinvited { id, body: sdp("more") });
            bob.endpoint.accept_reinvite(id, sdp("yes")).unwrap();
            let cause = Cause::Security(Why::ProofMissing);
            assert_eq!(alice.next().await, Event::ReinviteFailed { id: call, cause });
            assert_eq!(
                bob.next().await,
                Event::Confirmed { id, answer: None },
                "it is acknowledged"
            );
            assert_eq!(bob.next_within(70).await, None, "no BYE follows");
        }
        bob.endpoint.hang_up(id).unwrap();
        assert_eq!(alice.next().await, Event::Ended { id: call, reason: EndReason::Remote });
        alice.sleep(Duration::from_secs(70)).await;
        alice.assert_empty();
        bob.assert_empty();
    });
}

#[test]
fn g36_authorized_reinvites_that_meet_are_challenged_anew_and_the_call_stays() {
    let world = World::perfect();
    let script = || Script { challenges: true, ..Script::default() };
    let [of_alice, of_bob] = [1, 2].map(|host| Double::new(world.runtime(host), script()));
    let security: [Arc<dyn SipSecurity>; 2] = [of_alice.clone(), of_bob.clone()];
    world.run(async {
        let (mut alice, call, mut bob, id) = up_between(&world, security).await;
        alice.endpoint.reinvite(call, sdp("from alice")).unwrap();
        bob.endpoint.reinvite(id, sdp("from bob")).unwrap();
        let failed = Event::ReinviteFailed { id: call, cause: Cause::Status(491) };
        assert_eq!(alice.next().await, failed);
        assert_eq!(alice.next().await, Event::Reinvited { id: call, body: sdp("from bob") });
        assert_eq!(world.wire.count("192.0.2.1 491 INVITE"), 1);
        assert_eq!(world.wire.count("192.0.2.2 491 INVITE"), 1);
        alice.endpoint.accept_reinvite(call, sdp("yes")).unwrap();
        assert_eq!(bob.next().await, Event::ReinviteAnswered { id, body: sdp("yes") });
        assert_eq!(alice.next().await, Event::Confirmed { id: call, answer: None });
        // The proof of the first try was spent on the 491: the second was challenged for itself.
        assert_eq!(of_alice.count("authenticate INVITE"), 2);
        assert_eq!(world.wire.count("192.0.2.1 401 INVITE"), 2);
        alice.endpoint.hang_up(call).unwrap();
        assert_eq!(bob.next().await, Event::Ended { id, reason: EndReason::Remote });
    });
}
