//! Ten thousand accounts of one terminal.

use crate::raw::{Raw, field, response};
use crate::registrations::config;
use crate::world::{Side, World};
use sip_core::manager::{Event, RegisterConfig, RegistrationId};
use ssa::Open;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

const ACCOUNTS: usize = 10_000;

/// Accounts that are registered, or ended, at a time: as many datagrams as a socket keeps.
const AT_ONCE: usize = 1_000;

/// The lifetime that is granted, in seconds; a refresh comes after 2 592 to 3 240.
const GRANTED: &str = "Expires: 3600\r\n";

/// Answers all REGISTERs of so many seconds; how many there were in each.
async fn grant(raw: &mut Raw, seconds: u64) -> BTreeMap<u64, usize> {
    grant_as(raw, seconds, GRANTED).await
}

/// The same, with this lifetime.
async fn grant_as(raw: &mut Raw, seconds: u64, granted: &str) -> BTreeMap<u64, usize> {
    let (from, mut counts) = (raw.now(), BTreeMap::new());
    let until = from + Duration::from_secs(seconds);
    while let Some(register) = raw.receive_until(until).await {
        *counts.entry((raw.now() - from).as_secs()).or_default() += 1;
        let kept = field(&register, "Expires") != "0";
        raw.send(&response(&register, "200 OK", if kept { granted } else { "" }));
    }
    counts
}

async fn told(alice: &mut Side) -> Vec<Event> {
    let mut events = Vec::new();
    while let Some(event) = alice.next_within(0).await {
        events.push(event);
    }
    events
}

async fn register(alice: &mut Side, raw: &mut Raw) -> Vec<RegistrationId> {
    let mut all = Vec::new();
    while all.len() < ACCOUNTS {
        for _ in 0..AT_ONCE {
            let aor = format!("sip:account{}@192.0.2.9", all.len());
            let wanted = RegisterConfig { aor, expires: 3600, ..config() };
            all.push(alice.endpoint.register(wanted).unwrap());
        }
        let sent: usize = grant(raw, 1).await.values().sum();
        assert_eq!(sent, AT_ONCE);
        let events = told(alice).await;
        let stand = events.iter().filter(|it| matches!(it, Event::Registered { .. })).count();
        assert_eq!((stand, events.len()), (AT_ONCE, AT_ONCE));
    }
    all
}

/// What was granted within ten seconds is asked for again over eleven minutes.
#[test]
fn ten_thousand_accounts_register_refresh_one_by_one_and_end() {
    let world = World::perfect();
    let mut alice = world.side(1, Arc::new(Open));
    let mut raw = Raw::to_alice(&world, 9);
    world.run(async {
        let all = register(&mut alice, &mut raw).await;
        assert_eq!(alice.endpoint.sizes().manager.registrations, ACCOUNTS);

        let refreshes = grant(&mut raw, 3_240).await;
        assert_eq!(refreshes.values().sum::<usize>(), ACCOUNTS, "each once");
        let most = refreshes.values().max().unwrap();
        assert!(*most <= 45, "{most} in a second, of 15 on the average");
        told(&mut alice).await;

        for ending in all.chunks(AT_ONCE) {
            ending.iter().for_each(|id| alice.endpoint.unregister(*id).unwrap());
            grant(&mut raw, 1).await;
            let over = |it: &Event| matches!(it, Event::Unregistered { taken_back: true, .. });
            let events = told(&mut alice).await;
            assert_eq!(
                (events.iter().filter(|it| over(it)).count(), events.len()),
                (AT_ONCE, AT_ONCE)
            );
        }
        raw.sleep(Duration::from_secs(33)).await;
    });
    alice.assert_empty();
}

/// Whoever reads late hears how each account stands: of what waits to be told of one, the last.
#[test]
fn how_each_account_stands_is_told_however_late_somebody_asks() {
    const MANY: usize = 2 * AT_ONCE;
    let world = World::perfect();
    let mut alice = world.side(1, Arc::new(Open));
    let mut raw = Raw::to_alice(&world, 9);
    world.run(async {
        for half in 0..2 {
            for number in 0..AT_ONCE {
                let aor = format!("sip:account{}@192.0.2.9", half * AT_ONCE + number);
                let wanted = RegisterConfig { aor, expires: 3600, ..config() };
                alice.endpoint.register(wanted).unwrap();
            }
            grant_as(&mut raw, 1, "Expires: 600\r\n").await;
        }
        // All are refreshed twice, and the last time their registrar grants something else.
        grant_as(&mut raw, 540, "Expires: 600\r\n").await;
        grant_as(&mut raw, 540, "Expires: 599\r\n").await;
        let mut last = BTreeMap::new();
        let events = told(&mut alice).await;
        for event in &events {
            let Event::Registered { id, expires, .. } = event else { panic!("{event:?}") };
            last.insert(*id, *expires);
        }
        assert_eq!(last.len(), MANY, "each is told of");
        assert!(last.values().all(|expires| *expires == 599), "as it stands now");
        assert!(events.len() <= MANY + 1024, "{}", events.len());
    });
}
