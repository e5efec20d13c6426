//! Changing a session: both ways, met in the middle, refused.

use crate::abuse;
use crate::answers::{self, CONTACT, response};
use crate::double::{Double, Script, When};
use crate::late::impatient;
use crate::raw::{Raw, Wanted, ack, field, request, to_tag};
use crate::world::{ALICE, BOB, Side, World, connected, sdp};
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
    let (call, id) = connected(&mut alice, &mut bob, (ALICE, BOB)).await;
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

#[test]
fn a_reinvite_that_nobody_answers_here_is_told_and_refused_with_480() {
    let world = World::perfect();
    let slow = Script { leaving: When::After(Duration::from_millis(500)), ..Script::default() };
    let mut bob = world.side_with(2, Double::new(world.runtime(2), slow), impatient());
    let mut raw = Raw::new(&world, 9);
    world.run(async {
        raw.send(&request(&Wanted::default()));
        let id = bob.incoming().await;
        bob.endpoint.accept(id, sdp("answer")).unwrap();
        assert_eq!(raw.status().await.unwrap(), "100 Trying");
        let ok = raw.receive().await.unwrap();
        raw.send(&ack("a", 1, to_tag(&ok)));
        assert_eq!(bob.next().await, Event::Confirmed { id, answer: None });
        let again = Wanted { branch: "r", cseq: 2, to_tag: to_tag(&ok), ..Wanted::default() };
        raw.send(&request(&again));
        assert!(matches!(bob.next().await, Event::Reinvited { .. }));
        assert_eq!(raw.status().await.unwrap(), "100 Trying");
        let failed = Event::ReinviteFailed { id, cause: Cause::Timeout };
        assert_eq!(bob.next_within(11).await, Some(failed));
        // It is decided, although the answer is still to leave.
        assert_eq!(bob.endpoint.reject(id, 488), Err(Misuse::WrongState));
        assert_eq!(raw.status().await.unwrap(), "480 Temporarily Unavailable");
        assert_eq!(bob.next_within(1).await, None, "the call stays");
    });
}

#[test]
fn the_answer_to_a_reinvite_is_given_once() {
    let slow = Script { leaving: When::After(Duration::from_millis(100)), ..Script::default() };
    let (world, mut bob, _, mut raw) = abuse::pair(slow);
    world.run(async {
        let (id, tag) = abuse::up(&mut bob, &mut raw).await;
        let again = Wanted { branch: "r", cseq: 2, to_tag: &tag, ..Wanted::default() };
        raw.send(&request(&again));
        assert!(matches!(bob.next().await, Event::Reinvited { .. }));
        bob.endpoint.accept_reinvite(id, sdp("yes")).unwrap();
        assert_eq!(bob.endpoint.accept_reinvite(id, sdp("no")), Err(Misuse::WrongState));
        assert!(raw.receive().await.unwrap().ends_with("\r\n\r\nyes"));
    });
}

#[test]
fn a_reinvite_of_ours_that_is_answered_leaves_no_timer() {
    let (world, mut bob, _, mut raw) = abuse::pair(Script::default());
    world.run(async {
        let (id, _) = abuse::up(&mut bob, &mut raw).await;
        bob.endpoint.reinvite(id, sdp("more")).unwrap();
        let invite = raw.receive().await.unwrap();
        raw.send(&response(&invite, "200 OK", "", CONTACT));
        assert!(matches!(bob.next().await, Event::ReinviteAnswered { .. }));
        bob.sleep(Duration::from_secs(40)).await;
    });
    assert_eq!(bob.endpoint.sizes().manager.timers, 0);
}

#[test]
fn a_reinvite_that_is_taken_back_leaves_no_timer() {
    let (world, mut bob, _, mut raw) = abuse::pair(Script::default());
    world.run(async {
        let (_, tag) = abuse::up(&mut bob, &mut raw).await;
        let again = Wanted { branch: "r", cseq: 2, to_tag: &tag, ..Wanted::default() };
        raw.send(&request(&again));
        assert!(matches!(bob.next().await, Event::Reinvited { .. }));
        raw.send(&request(&Wanted { method: "CANCEL", ..again }));
        assert!(matches!(bob.next().await, Event::ReinviteFailed { .. }));
        raw.send(&ack("r", 2, &tag));
        bob.sleep(Duration::from_secs(40)).await;
    });
    assert_eq!(bob.endpoint.sizes().manager.timers, 0);
}

#[test]
fn a_reinvite_that_was_taken_back_is_not_tried_again() {
    let (world, mut alice, mut raw) = answers::pair();
    world.run(async {
        let (id, ..) = answers::answered(&mut alice, &mut raw, CONTACT).await;
        alice.endpoint.reinvite(id, sdp("more")).unwrap();
        let reinvite = raw.receive().await.unwrap();
        raw.send(&response(&reinvite, "180 Ringing", "", CONTACT));
        let cancel = loop {
            match raw.receive().await {
                Some(cancel) => break cancel,
                None => continue,
            }
        };
        assert!(cancel.starts_with("CANCEL "), "{cancel}");
        raw.send(&response(&cancel, "200 OK", "", ""));
        raw.send(&response(&reinvite, "491 Request Pending", "", ""));
        let failed = Event::ReinviteFailed { id, cause: Cause::Status(491) };
        assert_eq!(alice.next().await, failed);
        assert!(raw.receive().await.unwrap().starts_with("ACK "));
        alice.sleep(Duration::from_secs(10)).await;
        assert_eq!(raw.receive().await, None);
    });
}

/// RFC 3261 §14.1.
#[test]
fn who_called_waits_at_least_2100_ms_after_a_491() {
    let (world, mut alice, mut raw) = answers::pair();
    world.run(async {
        let (id, ..) = answers::answered(&mut alice, &mut raw, CONTACT).await;
        alice.endpoint.reinvite(id, sdp("more")).unwrap();
        let reinvite = raw.receive().await.unwrap();
        let since = alice.runtime.now();
        raw.send(&response(&reinvite, "491 Request Pending", "", ""));
        assert!(raw.receive().await.unwrap().starts_with("ACK "));
        while raw.receive().await.is_none() {}
        let waited = (alice.runtime.now() - since).as_millis();
        assert!((2_100..=4_010).contains(&waited), "{waited} ms");
    });
}

#[test]
fn a_reinvite_says_where_we_are_and_what_we_take() {
    let (world, mut bob, _, mut raw) = abuse::pair(Script::default());
    world.run(async {
        let (id, _) = abuse::up(&mut bob, &mut raw).await;
        bob.endpoint.reinvite(id, sdp("more")).unwrap();
        let invite = raw.receive().await.unwrap();
        assert_eq!(field(&invite, "Contact"), "<sip:bob@192.0.2.2:5060>");
        assert!(field(&invite, "Allow").contains("BYE"), "{invite}");
    });
}
