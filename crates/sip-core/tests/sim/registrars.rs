//! A registrar that answers what chance tells it, over a network that chance disturbs.
//!
//! Whatever it answers, the application hears of one end, no more than a bounded number of requests
//! leaves, and once all is quiet no transaction, question or timer is left.

use crate::double::{Double, Script, When};
use crate::raw::{Raw, field, response};
use crate::registrations::config;
use crate::world::{World, seeds};
use net::sim::{Link, Random};
use sip_core::manager::Event;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

/// How long the registrar is there for, in turns of at most a second.
const TURNS: u32 = 120;

/// What a registrar says of a REGISTER; nothing: it keeps silent.
fn answered(dice: &mut Random, register: &str) -> Option<String> {
    let contact = field(register, "Contact").to_owned();
    let granted = |seconds: u64| format!("Contact: {contact};expires={seconds}\r\n");
    let (status, extra) = match dice.below(12) {
        0 => return None,
        1 => ("401 Unauthorized", "WWW-Authenticate: Test nonce=\"1\"\r\n".to_owned()),
        2 => ("423 Interval Too Brief", format!("Min-Expires: {}\r\n", dice.below(4_000))),
        3 => ("503 Service Unavailable", format!("Retry-After: {}\r\n", dice.below(30))),
        4 => ("403 Forbidden", String::new()),
        // Somebody else's binding alone.
        5 => ("200 OK", "Contact: <sip:other@192.0.2.77>;expires=60\r\n".to_owned()),
        6 => ("200 OK", granted(0)),
        7 => ("100 Trying", String::new()),
        _ => ("200 OK", granted(dice.below(30))),
    };
    Some(response(register, status, &extra))
}

/// One registration by this seed; how many requests it took.
fn register(seed: u64) -> usize {
    let mut dice = Random::new(seed);
    let delay = Duration::from_millis(1 + dice.below(80));
    let loss = f64::from(u32::try_from(dice.below(4)).unwrap()) / 10.0;
    let link = Link { loss, duplication: loss / 4.0, min_delay: delay, max_delay: delay * 2 };
    let world = World::new(seed, link);
    if dice.chance(0.3) {
        let [a, b] = [1, 9].map(|host| IpAddr::from([192, 0, 2, host]));
        let from = Duration::from_secs(dice.below(60));
        world.sim.cut_during(a, b, from..from + Duration::from_secs(dice.below(60)));
    }
    let slow = When::After(Duration::from_millis(dice.below(3_000)));
    let script = Script { sign: slow, judge: slow, ..Script::default() };
    let mut alice = world.side(1, Double::new(world.runtime(1), script));
    let mut raw = Raw::to_alice(&world, 9);
    let mut requests = BTreeSet::new();
    world.run(async {
        let id = alice.endpoint.register(config()).unwrap();
        let until = dice.below(u64::from(TURNS));
        for turn in 0..TURNS {
            if u64::from(turn) == until {
                alice.endpoint.unregister(id).unwrap();
            }
            let Some(register) = raw.receive().await else { continue };
            requests.insert(field(&register, "CSeq").to_owned());
            if let Some(answer) = answered(&mut dice, &register) {
                raw.send(&answer);
            }
        }
        alice.sleep(Duration::from_secs(400)).await;
        let mut ends = 0;
        while let Some(event) = alice.next_within(1).await {
            assert_eq!(ends, 0, "seed {seed}: {event:?} after the end");
            ends += usize::from(matches!(event, Event::Unregistered { .. }));
        }
        assert_eq!(ends, 1, "seed {seed}");
    });
    alice.assert_empty();
    requests.len()
}

#[test]
fn whatever_a_registrar_answers_a_registration_ends_and_leaves_nothing_behind() {
    for seed in seeds(200) {
        let requests = register(seed);
        assert!(requests <= TURNS as usize, "seed {seed}: {requests} requests in {TURNS} turns");
    }
}
