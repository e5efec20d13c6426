//! Whole terminals, security applications' doubles and audio included, over bad networks.

use crate::world::{CALLEE, CALLER, Change, Watch, World};
use net::sim::Link;
use std::time::Duration;
use terminal::assembly::{Assurance, Outcome};
use terminal::config::Require;

/// A call over a network that loses up to 20 % of all datagrams, duplicates and reorders them.
fn call(seed: u64, require: Require) -> (World, Watch, Watch) {
    let link = Link {
        loss: f64::from(u32::try_from(seed % 21).unwrap()) / 100.0,
        duplication: 0.01,
        min_delay: Duration::from_millis(5),
        max_delay: Duration::from_millis(30),
    };
    let mut world = World::new(seed, Change { link, require, ..Change::default() });
    let (caller, callee) = world.watch();
    let id = world.call();
    // A setup that has to be retransmitted needs its time; then the parties talk for a second.
    for _ in 0..64 {
        world.pass(Duration::from_millis(500));
        let up = caller.seen().established.is_some() && callee.seen().established.is_some();
        if up || caller.seen().over.is_some() {
            break;
        }
    }
    world.pass(Duration::from_secs(1));
    world.caller.hang_up(id);
    world.settle();
    (world, caller, callee)
}

/// The call was established and authenticated, or failed for a reason that is told.
fn check(seed: u64, require: Require) -> bool {
    let (world, caller, callee) = call(seed, require);
    let (caller, callee) = (caller.seen(), callee.seen());
    let told = || format!("seed {seed}\n{caller:?}\n{callee:?}\n{}", world.ladder());
    let Some(outcome) = &caller.over else {
        panic!("the caller's call has no end: {}", told());
    };
    assert_eq!(callee.incoming > 0, callee.over.is_some(), "{}", told());
    assert_eq!(callee.refused, None, "{}", told());
    for (side, peer) in [(&caller, CALLEE), (&callee, CALLER)] {
        if let Some(assurance) = &side.established {
            authenticated(assurance, (require, peer), &told);
        }
    }
    match (&caller.established, outcome) {
        (Some(_), _) => {
            assert!(caller.packets_received > 0 || !outcome.is_ordinary(), "{}", told());
            true
        }
        (
            None,
            Outcome::Failed(_)
            | Outcome::Unreachable(_)
            | Outcome::Unbelieved
            | Outcome::Ended(_)
            | Outcome::Explained(_)
            | Outcome::Media(_),
        ) => false,
        (
            None,
            Outcome::NoMedia | Outcome::NoWay | Outcome::KeyExhausted | Outcome::NotKeyed(_),
        ) => {
            panic!("no media in a call that was not up: {}", told())
        }
        (None, Outcome::Refused(_)) => panic!("nobody refuses calls here: {}", told()),
    }
}

fn authenticated(
    assurance: &Assurance, (require, peer): (Require, &str), told: &dyn Fn() -> String,
) {
    let (proof, media) = match require {
        Require::Pgp => ("pgp", "SRTP"),
        _ => ("digest", "RTP"),
    };
    assert_eq!(assurance.proof, proof, "{}", told());
    assert!(!assurance.media.is_empty(), "{}", told());
    assert!(assurance.media.iter().all(|line| line.starts_with(media)), "{}", told());
    if require == Require::Pgp {
        assert_eq!(assurance.peer.as_deref(), Some(peer), "{}", told());
        assert_eq!(assurance.trust, Some("pinned"), "{}", told());
    }
}

/// Runs seeds and says how many calls came about.
fn run(seeds: std::ops::Range<u64>, require: Require) -> usize {
    seeds.filter(|seed| check(*seed, require)).count()
}

#[test]
fn seeds_0_to_150_end_in_a_call_or_a_clear_failure() {
    let up = run(0..150, Require::Pgp);
    assert!(up >= 140, "only {up} of 150 calls came about");
}

#[test]
fn seeds_150_to_300_end_in_a_call_or_a_clear_failure() {
    let up = run(150..300, Require::Pgp);
    assert!(up >= 140, "only {up} of 150 calls came about");
}

#[test]
fn a_hundred_seeds_with_digest_end_in_a_call_or_a_clear_failure() {
    let up = run(0..100, Require::Digest);
    assert!(up >= 95, "only {up} of 100 calls came about");
}

#[test]
fn the_same_seed_gives_the_same_ladder() {
    for seed in [0, 7, 20] {
        let first = call(seed, Require::Pgp).0.ladder();
        assert_eq!(first, call(seed, Require::Pgp).0.ladder(), "seed {seed}");
        assert!(first.contains("got_401_unauthorized"), "{first}");
    }
}

#[test]
fn a_perfect_network_has_every_call() {
    let mut world = World::new(1, Change::default());
    let (caller, callee) = world.watch();
    let id = world.call();
    world.pass(Duration::from_secs(3));
    assert!(caller.seen().established.is_some(), "{}", world.ladder());
    assert!(callee.seen().established.is_some(), "{}", world.ladder());
    world.caller.hang_up(id);
    world.settle();
    assert!(caller.seen().over.is_some_and(|outcome| outcome.is_ordinary()));
    assert!(
        callee.seen().over.is_some_and(|outcome| outcome.is_ordinary()),
        "{:?} {}",
        callee.seen(),
        world.ladder()
    );
    assert!(caller.seen().packets_received >= 100, "{:?}", caller.seen());
}
