//! What is told of refusals, how often, and in which words.

use super::*;
use net::sim::{SimConfig, Simulation};
use std::net::SocketAddr;
use tokio::sync::mpsc::{Receiver, channel};

/// An application to which nothing is told but refusals, and what comes of them.
fn world() -> (Simulation, Refusals, Sender<Event>, Receiver<Event>) {
    let sim = Simulation::new(SimConfig::default());
    let (runtime, _) = sim.host([192, 0, 2, 1].into());
    let (sender, receiver) = channel(1_024);
    let refusals = Refusals::new(Arc::new(sst::Deny), runtime, &sender);
    (sim, refusals, sender, receiver)
}

fn refuse(refusals: &Refusals, source: &str, why: Denied) {
    let source: SocketAddr = source.parse().unwrap();
    let claimed = "sip:eve@example.org";
    refusals.denied(Denial { call: Call(1), claimed, source: Some(source), why });
}

fn pass(sim: &Simulation, seconds: u64) {
    sim.run_until(sim.elapsed() + Duration::from_secs(seconds)).unwrap();
}

/// What was told: the source and reason of a refusal, or how many more there were.
fn told(receiver: &mut Receiver<Event>) -> Vec<(String, &'static str, u64)> {
    let mut told = Vec::new();
    while let Ok(event) = receiver.try_recv() {
        told.push(match event {
            Event::Refused { source, code, .. } => (source.unwrap().to_string(), code, 0),
            Event::RefusedMore { source, code, times } => {
                (source.map(|it| it.to_string()).unwrap_or_default(), code, times)
            }
            other => panic!("{other:?}"),
        });
    }
    told
}

#[test]
fn a_source_and_reason_is_told_once_in_ten_seconds_and_then_how_many_more() {
    let (sim, refusals, _sender, mut receiver) = world();
    for port in 0..20 {
        refuse(&refusals, &format!("192.0.2.7:{}", 5060 + port), Denied::Proof);
    }
    refuse(&refusals, "192.0.2.7:5060", Denied::Guessing);
    refuse(&refusals, "192.0.2.8:5060", Denied::Proof);
    let first = ("192.0.2.7:5060".to_owned(), "wrong_proof", 0);
    let other = ("192.0.2.7:5060".to_owned(), "guessing", 0);
    let third = ("192.0.2.8:5060".to_owned(), "wrong_proof", 0);
    assert_eq!(told(&mut receiver), [first.clone(), other, third]);
    pass(&sim, 9);
    assert_eq!(told(&mut receiver), []);
    pass(&sim, 2);
    assert_eq!(told(&mut receiver), [("192.0.2.7".to_owned(), "wrong_proof", 19)]);
    refuse(&refusals, "192.0.2.7:5060", Denied::Proof);
    assert_eq!(told(&mut receiver), [first]);
    pass(&sim, 30);
    assert_eq!(told(&mut receiver), [], "there were none besides");
}

#[test]
fn a_flood_from_many_sources_takes_a_bounded_number_of_lines() {
    let (sim, refusals, _sender, mut receiver) = world();
    for host in 0..=255 {
        for net in 0..4 {
            refuse(&refusals, &format!("198.51.{net}.{host}:5060"), Denied::Malformed);
        }
    }
    assert_eq!(told(&mut receiver).len(), PLACES);
    pass(&sim, 11);
    let beyond = (String::new(), "several", 4 * 256 - PLACES as u64);
    assert_eq!(told(&mut receiver), [beyond]);
    assert!(refusals.told.lock().is_empty());
}

#[test]
fn what_somebody_claims_is_cut_and_holds_no_password() {
    let (_sim, refusals, _sender, mut receiver) = world();
    let claimed = format!("sip:eve:s3cret@{}", "h".repeat(300));
    refusals.denied(Denial { call: Call(1), claimed: &claimed, source: None, why: Denied::Body });
    let Ok(Event::Refused { from, .. }) = receiver.try_recv() else { panic!("nothing is told") };
    assert_eq!(from.chars().count(), LONGEST);
    assert!(from.starts_with("sip:eve:[redacted]@hhh") && from.ends_with("h…"), "{from}");
}

#[test]
fn every_reason_says_what_it_is_and_what_to_do() {
    let key = "d".repeat(40);
    for (why, code, words) in [
        (Denied::UnknownKey(key.clone()), "unknown_key", "keys import FILE --pin sip:eve@h"),
        (Denied::Unpinned(key.clone()), "not_pinned", "keys pin sip:eve@h ddd"),
        (Denied::OtherKey(key.clone(), "e".repeat(40)), "other_key", "shown was eee"),
        (Denied::OtherKey(key.clone(), "e".repeat(40)), "other_key", "keys pin sip:eve@h eee"),
        (Denied::NextKey(key.clone(), "e".repeat(40)), "next_key", "new key, eee"),
        (Denied::NextKey(key.clone(), "e".repeat(40)), "next_key", "keys pin sip:eve@h eee"),
        (
            Denied::Expired(key.clone()),
            "key_expired",
            "that signed has expired, so that another may",
        ),
        (Denied::Revoked(key), "key_revoked", "that signed was revoked by its owner, so that"),
        (Denied::Clock(-3600), "clock", "3600 s behind ours"),
        (Denied::Clock(301), "clock", "301 s ahead of ours"),
        (Denied::Unavailable, "application_unavailable", "whether countersign-pgp runs"),
        (Denied::Guessing, "guessing", "until a minute is over"),
    ] {
        let (told, reason) = in_words(&why, pasted("sip:eve@h"));
        assert_eq!(told, code);
        assert!(reason.contains(words), "{reason}");
    }
}

/// Whoever follows a hint pastes it into a shell; the address in it is a stranger's to choose.
#[test]
fn an_address_that_a_shell_would_run_is_in_no_hint() {
    let (sim, refusals, _sender, mut receiver) = world();
    for claimed in ["sip:$(reboot)@h", "sip:eve;x=1@h", "sip:eve:s3cret@h", "sip:a b@h", "sip:a'@h"]
    {
        let why = Denied::UnknownKey("d".repeat(40));
        refusals.denied(Denial { call: Call(1), claimed, source: None, why });
        let Ok(Event::Refused { reason, .. }) = receiver.try_recv() else { panic!("not told") };
        assert!(reason.ends_with("keys import FILE --pin AOR"), "{claimed}: {reason}");
        pass(&sim, 11);
    }
}
