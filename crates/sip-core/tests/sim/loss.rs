//! Calls over a network that loses, delays, reorders and duplicates.

use crate::double::{Double, Script, When};
use crate::world::{ALICE, BOB, World, sdp, seeds};
use net::sim::Link;
use sip_core::manager::{Cause, EndReason, Event};
use std::sync::Arc;
use std::time::Duration;

fn link(loss: f64) -> Link {
    Link {
        loss,
        duplication: loss / 4.0,
        min_delay: Duration::from_millis(1),
        max_delay: Duration::from_millis(80),
    }
}

/// One challenged call; what the caller and the callee heard, and what passed.
fn run(seed: u64, loss: f64) -> (Vec<Event>, Vec<Event>, Vec<String>) {
    let world = World::new(seed, link(loss));
    let slow = When::After(Duration::from_millis(300));
    let script = Script { verify: slow, sign: slow, ..Script::default() };
    let challenging = Script { challenges: true, challenges_bye: true, ..script.clone() };
    let mut alice = world.side(1, Double::new(world.runtime(1), script));
    let mut bob = world.side(2, Double::new(world.runtime(2), challenging));
    let (mut heard, mut told) = (Vec::new(), Vec::new());
    world.run(async {
        let call = alice.call(ALICE, BOB, sdp("offer"));
        let mut incoming = None;
        if let Some(event) = bob.next_within(40).await {
            told.push(event.clone());
            let Event::Incoming { id, .. } = event else { panic!("{event:?}") };
            incoming = Some(id);
            bob.endpoint.ring(id).unwrap();
            bob.endpoint.accept(id, sdp("answer")).unwrap();
        }
        bob.sleep(Duration::from_secs(8)).await;
        let _ = alice.endpoint.hang_up(call);
        // Timer B of a first try, and of a second, the BYE's Timer F, and Timer J.
        bob.sleep(Duration::from_secs(200)).await;
        // One call in thousands loses each BYE or each 401 to it. An application ends it when it
        // hears nothing any more.
        let lost = incoming.is_some_and(|id| bob.endpoint.hang_up(id).is_ok());
        bob.sleep(Duration::from_secs(if lost { 100 } else { 0 })).await;
        while let Some(event) = alice.next_within(1).await {
            heard.push(event);
        }
        while let Some(event) = bob.next_within(1).await {
            told.push(event);
        }
    });
    alice.assert_empty();
    bob.assert_empty();
    (heard, told, world.wire.lines())
}

#[test]
fn every_seed_ends_in_a_call_or_a_clear_failure_with_empty_tables() {
    let mut established: u64 = 0;
    let all = seeds(60);
    let enough = (all.end - all.start) * 11 / 12;
    for seed in all {
        let loss = f64::from(u32::try_from(seed % 5).unwrap()) * 0.05;
        let (heard, told, _) = run(seed, loss);
        let over = |event: &&Event| matches!(event, Event::Ended { .. } | Event::Failed { .. });
        assert_eq!(heard.iter().filter(over).count(), 1, "seed {seed}: {heard:?}");
        assert!(told.iter().filter(over).count() <= 1, "seed {seed}: {told:?}");
        established += u64::from(heard.iter().any(|it| matches!(it, Event::Answered { .. })));
        if let Some(Event::Ended { reason, .. }) = told.last() {
            use EndReason::{Cancelled, Local, NoAck, Remote};
            let clear = [Remote, Cancelled, NoAck, Local];
            assert!(clear.contains(reason), "seed {seed}: {told:?}");
        }
    }
    assert!(established >= enough, "only {established} calls came about, of {enough}");
}

#[test]
fn the_same_seed_gives_the_same_run() {
    assert_eq!(run(42, 0.2), run(42, 0.2));
    assert_ne!(run(42, 0.2).2, run(43, 0.2).2);
}

#[test]
fn a_peer_that_is_not_there_times_out() {
    let world = World::new(1, link(1.0));
    let mut alice = world.side(1, Arc::new(ssa::Open));
    world.run(async {
        let call = alice.call(ALICE, BOB, sdp("offer"));
        let failed = Event::Failed { id: call, cause: Cause::Timeout };
        assert_eq!(alice.next().await, failed);
    });
    // Timer A doubles from T1 until Timer B: RFC 3261 §17.1.1.2.
    assert_eq!(world.wire.count("192.0.2.1 INVITE"), 7);
    alice.assert_empty();
}
