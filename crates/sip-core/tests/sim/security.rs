//! The consult seam: challenges answered, late, dropped, refused, panicking.

use crate::double::{Double, FORBIDDEN, Script, When};
use crate::world::{ALICE, BOB, Side, World, connected, sdp};
use sip_core::manager::{CallId, Cause, EndReason, Event, Misuse};
use ssa::{Authentication, Body, Deny, Field, Incoming, Open, Refusal, Why};
use std::sync::Arc;
use std::time::Duration;

pub(crate) struct Pair {
    pub(crate) world: World,
    pub(crate) alice: Side,
    pub(crate) bob: Side,
    pub(crate) asked_of_alice: Arc<Double>,
    pub(crate) asked_of_bob: Arc<Double>,
}

/// Alice signs, Bob challenges.
pub(crate) fn pair(alice: Script, bob: Script) -> Pair {
    let world = World::perfect();
    let asked_of_alice = Double::new(world.runtime(1), alice);
    let asked_of_bob = Double::new(world.runtime(2), Script { challenges: true, ..bob });
    let alice = world.side(1, Arc::clone(&asked_of_alice) as _);
    let bob = world.side(2, Arc::clone(&asked_of_bob) as _);
    Pair { world, alice, bob, asked_of_alice, asked_of_bob }
}

pub(crate) async fn connect(alice: &mut Side, bob: &mut Side) -> (CallId, CallId) {
    connected(alice, bob, (ALICE, BOB)).await
}

#[test]
fn a_challenged_call_asks_in_the_order_of_the_specification() {
    let Pair { world, mut alice, mut bob, asked_of_alice, asked_of_bob } =
        pair(Script::default(), Script { challenges_bye: true, ..Script::default() });
    world.run(async {
        let (call, id) = connect(&mut alice, &mut bob).await;
        bob.endpoint.hang_up(id).unwrap();
        assert_eq!(alice.next().await, Event::Ended { id: call, reason: EndReason::Remote });
        bob.sleep(Duration::from_secs(70)).await;
    });
    assert_eq!(
        world.wire.lines(),
        [
            "192.0.2.1 INVITE",
            "192.0.2.2 401 INVITE",
            "192.0.2.1 ACK",
            "192.0.2.1 INVITE",
            "192.0.2.2 200 INVITE",
            "192.0.2.1 ACK",
            "192.0.2.2 BYE",
            "192.0.2.1 200 BYE",
        ]
    );
    assert_eq!(
        asked_of_alice.asked(),
        [
            "encrypt Request None",
            "got_401_unauthorized INVITE 1",
            "encrypt Request Some(Plan(1))",
            "authorize INVITE 2 Plan(1)",
            "response_received 200 INVITE",
            "decrypt Response",
            "request_received BYE in dialog",
            "response_leaving 200 BYE",
            "abandon",
        ]
    );
    assert_eq!(
        asked_of_bob.asked(),
        [
            "request_received INVITE",
            "request_received INVITE",
            "authenticate INVITE",
            "decrypt Request",
            "encrypt Response None",
            "response_leaving 200 INVITE",
            "response_received 200 BYE",
            "abandon",
        ]
    );
    alice.assert_empty();
    bob.assert_empty();
}

#[test]
fn a_bye_is_challenged_and_signed_too() {
    let Pair { world, mut alice, mut bob, asked_of_alice, asked_of_bob } =
        pair(Script::default(), Script { challenges_bye: true, ..Script::default() });
    world.run(async {
        let (call, id) = connect(&mut alice, &mut bob).await;
        alice.endpoint.hang_up(call).unwrap();
        assert_eq!(bob.next().await, Event::Ended { id, reason: EndReason::Remote });
        alice.sleep(Duration::from_secs(70)).await;
    });
    assert_eq!(asked_of_alice.count("authorize BYE 4 Plan(3)"), 1);
    // It has no body that could be protected.
    assert_eq!(asked_of_alice.count("encrypt Request Some(Plan(3))"), 0);
    assert_eq!(asked_of_bob.count("authenticate BYE"), 1);
    assert_eq!(asked_of_bob.count("request_received BYE in dialog"), 2);
    alice.assert_empty();
    bob.assert_empty();
}

#[test]
fn a_slow_verification_blocks_nothing_else() {
    let slow = Script { verify: When::After(Duration::from_secs(1)), ..Script::default() };
    let Pair { world, mut alice, mut bob, .. } = pair(Script::default(), slow);
    world.run(async {
        let call = alice.call(ALICE, BOB, sdp("offer"));
        alice.sleep(Duration::from_millis(300)).await;
        let options = alice.endpoint.options(ALICE, BOB, None).unwrap();
        let answered = Event::RequestAnswered { id: options, outcome: Ok(200) };
        assert_eq!(alice.next().await, answered);
        let id = bob.incoming().await;
        bob.endpoint.accept(id, sdp("answer")).unwrap();
        assert_eq!(alice.next().await, Event::Answered { id: call, body: sdp("answer") });
    });
    assert_eq!(world.wire.count("192.0.2.2 100 INVITE"), 1);
}

#[test]
fn s08_hang_up_while_signing_acks_the_401_and_sends_no_invite() {
    let slow = Script { sign: When::After(Duration::from_secs(1)), ..Script::default() };
    let Pair { world, mut alice, mut bob, asked_of_alice, .. } = pair(slow, Script::default());
    world.run(async {
        let call = alice.call(ALICE, BOB, sdp("offer"));
        alice.sleep(Duration::from_millis(500)).await;
        assert_eq!(alice.endpoint.sizes().manager.consults, 1);
        alice.endpoint.hang_up(call).unwrap();
        assert_eq!(alice.next().await, Event::Ended { id: call, reason: EndReason::Local });
        assert_eq!(alice.next_within(70).await, None);
        assert_eq!(bob.next_within(1).await, None);
    });
    assert_eq!(world.wire.lines(), ["192.0.2.1 INVITE", "192.0.2.2 401 INVITE", "192.0.2.1 ACK"]);
    assert_eq!(asked_of_alice.asked().last().unwrap(), "abandon");
    assert_eq!(asked_of_alice.count("authorize dropped"), 1);
    alice.assert_empty();
    bob.assert_empty();
}

/// The status with which a call failed.
fn status_of(event: Event, call: CallId) -> Option<u16> {
    match event {
        Event::Failed { id, cause } if id == call => cause.status(),
        _ => None,
    }
}

#[test]
fn a_verifier_that_hangs_is_500_with_retry_after_in_its_time() {
    let hangs = Script { verify: When::Never, ..Script::default() };
    let Pair { world, mut alice, mut bob, asked_of_bob, .. } = pair(Script::default(), hangs);
    world.run(async {
        let before = alice.runtime.now();
        let call = alice.call(ALICE, BOB, sdp("offer"));
        let failed = alice.next().await;
        // The caller hears after which time it may ask again. RFC 3261 §20.33.
        let later =
            matches!(failed, Event::Failed { id, cause: Cause::Later(500, _) } if id == call);
        assert!(later, "{failed:?}");
        assert!(alice.runtime.now() - before < Duration::from_millis(2_500));
        assert_eq!(bob.next_within(70).await, None);
    });
    assert_eq!(asked_of_bob.count("authenticate dropped"), 1);
    assert_eq!(asked_of_bob.count("abandon"), 1);
    alice.assert_empty();
    bob.assert_empty();
}

#[test]
fn a_panic_of_the_security_manager_is_a_refusal() {
    for when in [When::Panics, When::PanicsLater] {
        let panics = Script { verify: when, ..Script::default() };
        let Pair { world, mut alice, mut bob, .. } = pair(Script::default(), panics);
        world
            .sim
            .block_on(async {
                let call = alice.call(ALICE, BOB, sdp("offer"));
                assert_eq!(status_of(alice.next().await, call), Some(500), "{when:?}");
                assert_eq!(bob.next_within(70).await, None);
            })
            .unwrap();
        alice.assert_empty();
        bob.assert_empty();
    }
}

#[test]
fn a_signer_that_fails_is_a_local_error() {
    for when in [When::Never, When::Panics, When::PanicsLater] {
        let fails = Script { sign: when, ..Script::default() };
        let Pair { world, mut alice, bob, .. } = pair(fails, Script::default());
        world
            .sim
            .block_on(async {
                let call = alice.call(ALICE, BOB, sdp("offer"));
                let cause = Cause::Security(Why::ApplicationUnavailable);
                assert_eq!(alice.next().await, Event::Failed { id: call, cause }, "{when:?}");
                alice.sleep(Duration::from_secs(70)).await;
            })
            .unwrap();
        assert_eq!(world.wire.count("192.0.2.1 INVITE"), 1);
        alice.assert_empty();
        bob.assert_empty();
    }
}

#[test]
fn a_refused_caller_hears_the_status_and_never_rings() {
    let stale = Refusal::new(403, "Stale Date");
    for (refusal, cause) in [(FORBIDDEN, Cause::Status(403)), (stale, Cause::StaleDate)] {
        let refuses = Script { verdict: Authentication::Refused(refusal), ..Script::default() };
        let Pair { world, mut alice, mut bob, .. } = pair(Script::default(), refuses);
        world.run(async {
            let call = alice.call(ALICE, BOB, sdp("offer"));
            assert_eq!(alice.next().await, Event::Failed { id: call, cause });
            assert_eq!(bob.next_within(70).await, None);
        });
        alice.assert_empty();
        bob.assert_empty();
    }
}

#[test]
fn a_challenger_that_is_never_satisfied_is_answered_five_times() {
    let field = Field { name: "WWW-Authenticate", value: b"Test nonce=\"1\"".to_vec() };
    let verdict = Authentication::SendWwwAuthenticate(vec![field]);
    let stale = Script { verdict, ..Script::default() };
    let Pair { world, mut alice, bob, asked_of_bob, .. } = pair(Script::default(), stale);
    world.run(async {
        let call = alice.call(ALICE, BOB, sdp("offer"));
        let failed = Event::Failed { id: call, cause: Cause::Status(401) };
        assert_eq!(alice.next().await, failed);
        alice.sleep(Duration::from_secs(70)).await;
    });
    assert_eq!(asked_of_bob.count("authenticate INVITE"), 5);
    alice.assert_empty();
    bob.assert_empty();
}

#[test]
fn an_untrusted_2xx_is_acknowledged_and_ended_without_media() {
    let why = Why::ProofMissing;
    let doubts = Script { trust: Incoming::AckThenBye(why), ..Script::default() };
    let Pair { world, mut alice, mut bob, .. } = pair(doubts, Script::default());
    world.run(async {
        let call = alice.call(ALICE, BOB, sdp("offer"));
        let id = bob.incoming().await;
        bob.endpoint.accept(id, sdp("answer")).unwrap();
        let failed = Event::Failed { id: call, cause: Cause::Security(why) };
        assert_eq!(alice.next().await, failed);
        assert_eq!(bob.next().await, Event::Confirmed { id, answer: None });
        assert_eq!(bob.next().await, Event::Ended { id, reason: EndReason::Remote });
        alice.sleep(Duration::from_secs(70)).await;
    });
    let lines = world.wire.lines();
    let ends = ["192.0.2.1 ACK", "192.0.2.1 BYE", "192.0.2.2 200 BYE"];
    assert_eq!(lines.get(lines.len() - 3..).unwrap(), ends);
    alice.assert_empty();
    bob.assert_empty();
}

#[test]
fn a_discarded_2xx_is_as_if_it_had_not_come() {
    let discards = Script { trust: Incoming::Discard, ..Script::default() };
    let Pair { world, mut alice, mut bob, .. } = pair(discards, Script::default());
    world.run(async {
        let call = alice.call(ALICE, BOB, sdp("offer"));
        let id = bob.incoming().await;
        bob.endpoint.accept(id, sdp("answer")).unwrap();
        assert_eq!(alice.next().await, Event::Failed { id: call, cause: Cause::Timeout });
        assert_eq!(bob.next().await, Event::Ended { id, reason: EndReason::NoAck });
        alice.sleep(Duration::from_secs(140)).await;
    });
    alice.assert_empty();
    bob.assert_empty();
}

#[test]
fn an_answer_that_cannot_be_signed_never_leaves() {
    let fails = Script { leaving: When::Never, ..Script::default() };
    let Pair { world, mut alice, mut bob, .. } = pair(Script::default(), fails);
    world.run(async {
        let call = alice.call(ALICE, BOB, sdp("offer"));
        let id = bob.incoming().await;
        bob.endpoint.accept(id, sdp("answer")).unwrap();
        assert_eq!(bob.next().await, Event::Ended { id, reason: EndReason::Refused });
        assert_eq!(bob.endpoint.hang_up(id), Err(Misuse::Unknown));
        assert_eq!(status_of(alice.next().await, call), Some(500));
        alice.sleep(Duration::from_secs(70)).await;
    });
    assert_eq!(world.wire.count("192.0.2.2 200 INVITE"), 0);
    alice.assert_empty();
    bob.assert_empty();
}

#[test]
fn cancel_while_the_answer_is_being_signed_is_487() {
    let slow = Script { leaving: When::After(Duration::from_secs(1)), ..Script::default() };
    let Pair { world, alice, mut bob, asked_of_bob, .. } = pair(Script::default(), slow);
    world.run(async {
        let call = alice.call(ALICE, BOB, sdp("offer"));
        let id = bob.incoming().await;
        bob.endpoint.accept(id, sdp("answer")).unwrap();
        bob.sleep(Duration::from_millis(500)).await;
        alice.endpoint.hang_up(call).unwrap();
        assert_eq!(bob.next().await, Event::Ended { id, reason: EndReason::Cancelled });
        bob.sleep(Duration::from_secs(70)).await;
    });
    assert_eq!(asked_of_bob.count("response_leaving dropped"), 1);
    assert_eq!(world.wire.count("192.0.2.2 487 INVITE"), 1);
    alice.assert_empty();
    bob.assert_empty();
}

#[test]
fn a_terminal_that_denies_lets_nobody_in_and_sends_nothing() {
    let world = World::perfect();
    let mut alice = world.side(1, Arc::new(Open));
    let mut bob = world.side(2, Arc::new(Deny));
    world.run(async {
        let call = alice.call(ALICE, BOB, Body::default());
        let failed = Event::Failed { id: call, cause: Cause::Status(403) };
        assert_eq!(alice.next().await, failed);
        let call = bob.call(BOB, ALICE, Body::default());
        let cause = Cause::Security(Why::Body);
        assert_eq!(bob.next().await, Event::Failed { id: call, cause });
        alice.sleep(Duration::from_secs(70)).await;
    });
    assert_eq!(world.wire.count("192.0.2.2 INVITE"), 0);
    alice.assert_empty();
    bob.assert_empty();
}

/// Bob with one of the doubles that every security manager's stack must outlive.
fn with_double(double: Arc<dyn ssa::SipSecurity>) -> (World, Side, Side) {
    let world = World::perfect();
    let alice = world.side(1, Double::new(world.runtime(1), Script::default()));
    let bob = world.side(2, double);
    (world, alice, bob)
}

#[test]
fn the_conformance_doubles_end_in_clear_failures() {
    use ssa::conformance::{Hanging, Panicking};
    let doubles: [Arc<dyn ssa::SipSecurity>; 2] = [Arc::new(Hanging), Arc::new(Panicking)];
    for double in doubles {
        let (world, mut alice, mut bob) = with_double(double);
        world
            .sim
            .block_on(async {
                let call = alice.call(ALICE, BOB, sdp("offer"));
                assert_eq!(status_of(alice.next().await, call), Some(500));
                assert_eq!(bob.next_within(70).await, None);
            })
            .unwrap();
        alice.assert_empty();
        bob.assert_empty();
    }
}

#[test]
fn a_verdict_that_comes_after_its_call_does_nothing() {
    use ssa::conformance::{Gate, Late};
    let gate = Gate::default();
    let (world, mut alice, mut bob) = with_double(Arc::new(Late(gate.clone())));
    world.run(async {
        let call = alice.call(ALICE, BOB, sdp("offer"));
        alice.sleep(Duration::from_millis(500)).await;
        alice.endpoint.hang_up(call).unwrap();
        assert_eq!(alice.next().await, Event::Ended { id: call, reason: EndReason::Local });
        alice.sleep(Duration::from_millis(100)).await;
        gate.open();
        assert_eq!(bob.next_within(70).await, None);
    });
    assert_eq!(world.wire.count("192.0.2.2 487 INVITE"), 1);
    alice.assert_empty();
    bob.assert_empty();
}

#[test]
fn a_reinvite_is_challenged_as_an_invite_is() {
    let Pair { world, mut alice, mut bob, asked_of_bob, .. } =
        pair(Script::default(), Script::default());
    world.run(async {
        let (call, id) = connect(&mut alice, &mut bob).await;
        alice.endpoint.reinvite(call, sdp("more")).unwrap();
        assert_eq!(bob.next().await, Event::Reinvited { id, body: sdp("more") });
        bob.endpoint.accept_reinvite(id, sdp("yes")).unwrap();
        let answered = Event::ReinviteAnswered { id: call, body: sdp("yes") };
        assert_eq!(alice.next().await, answered);
        assert_eq!(bob.next().await, Event::Confirmed { id, answer: None });
        assert_eq!(asked_of_bob.count("request_received INVITE in dialog"), 2);
        assert_eq!(asked_of_bob.count("authenticate INVITE"), 2);
        alice.endpoint.hang_up(call).unwrap();
        assert_eq!(bob.next().await, Event::Ended { id, reason: EndReason::Remote });
        alice.sleep(Duration::from_secs(70)).await;
    });
    alice.assert_empty();
    bob.assert_empty();
}
