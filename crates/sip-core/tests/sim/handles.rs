//! Calls as handles: whose their events are, and what becomes of a call that is dropped.

use crate::world::{ALICE, BOB, Side, World, sdp};
use sip_core::Method;
use sip_core::driver::{Call, Unanswered};
use sip_core::manager::{Cause, EndReason, Event, Misuse};
use ssa::{Body, Open};
use std::sync::Arc;
use std::time::Duration;

/// Long enough for every timer of a transaction.
const SETTLED: Duration = Duration::from_secs(70);

fn pair(world: &World) -> (Side, Side) {
    (world.side(1, Arc::new(Open)), world.side(2, Arc::new(Open)))
}

/// The next call that comes in.
async fn taken(side: &mut Side) -> Call {
    let id = side.incoming().await;
    side.endpoint.handle(id).unwrap()
}

/// A call that is up, at both ends.
async fn up(alice: &Side, bob: &mut Side) -> (Call, Call) {
    let mut placed = alice.endpoint.call(ALICE, BOB, sdp("offer")).unwrap();
    let mut taken = taken(bob).await;
    taken.accept(sdp("answer")).unwrap();
    assert_eq!(placed.answered().await, Ok(sdp("answer")));
    assert_eq!(taken.next().await, Some(Event::Confirmed { id: taken.id(), answer: None }));
    (placed, taken)
}

/// Nothing came to who reads all events, and nothing is left.
async fn assert_silent(sides: [&mut Side; 2]) {
    for side in sides {
        assert_eq!(side.next_within(70).await, None);
        side.assert_empty();
    }
}

#[test]
fn a_calls_events_are_its_handles_and_nobody_elses() {
    let world = World::perfect();
    let (mut alice, mut bob) = pair(&world);
    world.run(async {
        let (mut placed, mut taken) = up(&alice, &mut bob).await;
        placed.reinvite(sdp("hold")).unwrap();
        let reinvited = Event::Reinvited { id: taken.id(), body: sdp("hold") };
        assert_eq!(taken.next().await, Some(reinvited));
        taken.accept_reinvite(sdp("held")).unwrap();
        let answered = Event::ReinviteAnswered { id: placed.id(), body: sdp("held") };
        assert_eq!(placed.next().await, Some(answered));
        taken.hang_up().unwrap();
        assert_eq!(taken.ended().await, Some(EndReason::Local));
        assert_eq!(placed.ended().await, Some(EndReason::Remote));
        assert_eq!((placed.next().await, taken.next().await), (None, None));
        assert_silent([&mut alice, &mut bob]).await;
    });
}

#[test]
fn two_calls_do_not_hear_one_another() {
    let world = World::perfect();
    let (mut alice, mut bob) = pair(&world);
    world.run(async {
        let (one, mut one_taken) = up(&alice, &mut bob).await;
        let (mut other, mut other_taken) = up(&alice, &mut bob).await;
        other_taken.hang_up().unwrap();
        assert_eq!(other.ended().await, Some(EndReason::Remote));
        one.hang_up().unwrap();
        assert_eq!(one_taken.ended().await, Some(EndReason::Remote));
        assert_eq!(other_taken.ended().await, Some(EndReason::Local));
        assert_silent([&mut alice, &mut bob]).await;
    });
}

#[test]
fn a_call_that_is_dropped_while_it_rings_is_cancelled() {
    let world = World::perfect();
    let (mut alice, mut bob) = pair(&world);
    world.run(async {
        let mut placed = alice.endpoint.call(ALICE, BOB, sdp("offer")).unwrap();
        let mut taken = taken(&mut bob).await;
        taken.ring().unwrap();
        let ringing = Event::Ringing { id: placed.id(), status: 180, answer: None };
        assert_eq!(placed.next().await, Some(ringing));
        drop(placed);
        assert_eq!(taken.ended().await, Some(EndReason::Cancelled));
        assert_silent([&mut alice, &mut bob]).await;
    });
    assert_eq!(world.wire.count("192.0.2.1 CANCEL"), 1);
}

#[test]
fn an_incoming_call_that_is_dropped_unanswered_gets_480() {
    let world = World::perfect();
    let (mut alice, mut bob) = pair(&world);
    world.run(async {
        let mut placed = alice.endpoint.call(ALICE, BOB, sdp("offer")).unwrap();
        drop(taken(&mut bob).await);
        assert_eq!(placed.answered().await, Err(Unanswered::Failed(Cause::Status(480))));
        assert_silent([&mut alice, &mut bob]).await;
    });
}

#[test]
fn a_call_that_is_dropped_while_it_is_up_is_ended_by_bye() {
    for callee_drops in [false, true] {
        let world = World::perfect();
        let (mut alice, mut bob) = pair(&world);
        world.run(async {
            let (placed, taken) = up(&alice, &mut bob).await;
            let (dropped, mut other) = if callee_drops { (taken, placed) } else { (placed, taken) };
            drop(dropped);
            assert_eq!(other.ended().await, Some(EndReason::Remote));
            assert_silent([&mut alice, &mut bob]).await;
        });
        let who = if callee_drops { "192.0.2.2 BYE" } else { "192.0.2.1 BYE" };
        assert_eq!(world.wire.count(who), 1);
    }
}

#[test]
fn a_call_that_is_dropped_while_its_peer_changes_the_session_answers_that_and_ends() {
    let world = World::perfect();
    let (mut alice, mut bob) = pair(&world);
    world.run(async {
        let (mut placed, mut taken) = up(&alice, &mut bob).await;
        placed.reinvite(sdp("hold")).unwrap();
        assert!(matches!(taken.next().await, Some(Event::Reinvited { .. })));
        drop(taken);
        assert_eq!(placed.ended().await, Some(EndReason::Remote));
        assert_silent([&mut alice, &mut bob]).await;
    });
    let lines = world.wire.lines();
    assert!(lines.iter().any(|it| it == "192.0.2.2 487 INVITE"), "{lines:?}");
}

#[test]
fn a_prepared_call_that_is_dropped_sends_nothing() {
    let world = World::perfect();
    let (mut alice, mut bob) = pair(&world);
    world.run(async {
        let prepared = alice.endpoint.prepare(ALICE, BOB, None).unwrap();
        drop(alice.endpoint.handle(prepared.id).unwrap());
        assert_silent([&mut alice, &mut bob]).await;
    });
    assert!(world.wire.lines().is_empty());
}

#[test]
fn a_handle_hears_what_its_call_was_told_before_there_was_one() {
    let world = World::perfect();
    let (alice, mut bob) = pair(&world);
    world.run(async {
        let call = alice.call(ALICE, BOB, sdp("offer"));
        let id = bob.incoming().await;
        bob.endpoint.ring(id).unwrap();
        bob.sleep(Duration::from_secs(1)).await;
        alice.endpoint.hang_up(call).unwrap();
        bob.sleep(Duration::from_secs(1)).await;
        let mut taken = bob.endpoint.handle(id).unwrap();
        assert_eq!(taken.ended().await, Some(EndReason::Cancelled));
        drop(taken);
        assert_eq!(bob.endpoint.handle(id).unwrap_err(), Misuse::Unknown);
    });
}

#[test]
fn a_call_has_one_handle_at_a_time() {
    let world = World::perfect();
    let (alice, mut bob) = pair(&world);
    world.run(async {
        let (placed, _taken) = up(&alice, &mut bob).await;
        assert_eq!(alice.endpoint.handle(placed.id()).unwrap_err(), Misuse::WrongState);
    });
}

#[test]
fn a_call_that_is_kept_goes_on_and_is_heard_by_who_reads_all() {
    let world = World::perfect();
    let (mut alice, mut bob) = pair(&world);
    world.run(async {
        let (placed, mut taken) = up(&alice, &mut bob).await;
        let id = placed.keep();
        alice.sleep(SETTLED).await;
        taken.hang_up().unwrap();
        assert_eq!(taken.ended().await, Some(EndReason::Local));
        assert_eq!(alice.next().await, Event::Ended { id, reason: EndReason::Remote });
        assert_silent([&mut alice, &mut bob]).await;
    });
}

#[test]
fn what_a_handle_does_not_read_is_bounded() {
    let world = World::perfect();
    let (mut alice, mut bob) = pair(&world);
    world.run(async {
        let (placed, mut taken) = up(&alice, &mut bob).await;
        for _ in 0..70 {
            placed.request(Method::INFO, Body::default()).unwrap();
        }
        bob.sleep(Duration::from_secs(1)).await;
        for _ in 0..6 {
            let Event::RequestAnswered { outcome, .. } = alice.next().await else { panic!() };
            assert!(matches!(outcome, Err(Cause::Later(503, _))), "{outcome:?}");
        }
        for _ in 0..64 {
            assert!(matches!(taken.next().await, Some(Event::Received { .. })));
        }
        drop((placed, taken));
    });
}

#[test]
fn an_endpoint_that_stops_ends_its_calls_for_their_handles_too() {
    let world = World::perfect();
    let (alice, mut bob) = pair(&world);
    world.run(async {
        let (mut placed, mut taken) = up(&alice, &mut bob).await;
        alice.endpoint.shutdown(Duration::from_secs(5)).await;
        assert_eq!(placed.ended().await, Some(EndReason::Local));
        assert_eq!(placed.next().await, None);
        assert_eq!(taken.ended().await, Some(EndReason::Remote));
        assert_eq!(placed.hang_up(), Err(Misuse::Unknown));
    });
}
