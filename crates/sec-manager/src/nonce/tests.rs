//! Vectors, lifetimes, bindings and replay.

use super::*;
use proptest::prelude::*;

const NOW: u32 = 1_700_000_000;

fn issuer() -> Issuer {
    let mut master = [0; 32];
    master.iter_mut().zip(0..).for_each(|(m, n)| *m = n);
    Issuer::new(&mut master, 7, 1, NOW - 10_000)
}

fn source() -> Source {
    Source::new("192.0.2.1".parse().unwrap())
}

fn origin(source: &Source) -> Origin<'_> {
    Origin { branch: b"z9hG4bKnashds8", call_id: b"a84b4c76e66710@pc33", cseq: 314_159, source }
}

fn binding<'a>(source: &'a Source, scheme: &'static str) -> Binding<'a> {
    Binding {
        scheme,
        realm: b"bob.example.org",
        method: b"INVITE",
        call_id: b"a84b4c76e66710@pc33",
        from_tag: b"1928301774",
        from: b"sip:alice@example.org",
        to: b"sip:bob@example.org",
        source,
        algorithms: b"",
    }
}

fn sealed(issuer: &Issuer, now: u32) -> Nonce {
    let source = source();
    issuer.seal(now, &origin(&source), &binding(&source, "PGP"))
}

fn open(issuer: &Issuer, now: u32, nonce: &[u8]) -> Result<Opened, Stale> {
    issuer.open(now, 120, nonce, &binding(&source(), "PGP"))
}

#[test]
fn the_vectors_of_the_specification() {
    let issuer = issuer();
    let pgp = b"AZ4ABwABZVPxAPWvnZv3z-jJ_QWF_Kk-1k2B-KDS9vBB_L5P";
    assert_eq!(sealed(&issuer, NOW).as_bytes(), pgp);
    assert_eq!(sealed(&issuer, NOW + 31).as_bytes(), pgp);
    assert_ne!(sealed(&issuer, NOW + 32).as_bytes(), pgp);

    let source = source();
    let offered = Binding { algorithms: b"SHA-256,MD5", ..binding(&source, "Digest") };
    let digest = issuer.seal(NOW, &origin(&source), &offered);
    assert_eq!(digest.to_string(), "AZ4ABwABZVPxAPWvnZv3z-jJyrFfKCG-zW_h2JQV-z4wM3Jk");
}

#[test]
fn a03_a_nonce_lives_its_lifetime_and_the_bucket() {
    let issuer = issuer();
    let nonce = sealed(&issuer, NOW);
    for (now, outcome) in [
        (NOW, None),
        (NOW + 152, None),
        (NOW + 153, Some(Stale::Expired)),
        (NOW + 7200, Some(Stale::Expired)),
        (NOW - 5, None),
        (NOW - 6, Some(Stale::FromTheFuture)),
        (NOW - 3600, Some(Stale::Expired)),
    ] {
        assert_eq!(open(&issuer, now, nonce.as_bytes()).err(), outcome, "{now}");
    }
}

#[test]
fn the_previous_epoch_is_accepted_and_the_one_before_is_not() {
    let issuer = issuer();
    let boundary = NOW - NOW % 3600 + 3600;
    let nonce = sealed(&issuer, boundary - 1);
    assert!(open(&issuer, boundary + 30, nonce.as_bytes()).is_ok());
    let long = |now| issuer.open(now, 7200, nonce.as_bytes(), &binding(&source(), "PGP"));
    assert!(long(boundary + 3599).is_ok());
    assert_eq!(long(boundary + 3600), Err(Stale::Expired));
}

#[test]
fn a_key_is_its_epochs_alone() {
    let issuer = issuer();
    for epochs in 0..6 {
        let now = NOW + epochs * 3600;
        assert_eq!(sealed(&issuer, now), sealed(&self::issuer(), now), "{epochs} epochs later");
    }
    // And where the epoch that it names is not that of its time, nothing is computed.
    let nonce = sealed(&issuer, NOW);
    let mut changed = nonce.as_bytes().to_vec();
    changed[2] = if changed[2] == b'A' { b'E' } else { b'A' };
    assert_eq!(open(&issuer, NOW, &changed), Err(Stale::Expired));
}

/// What verified last is remembered, and nothing but that is let in by it.
#[test]
fn a04_a_nonce_that_verified_lets_in_no_other() {
    let issuer = issuer();
    let source = source();
    let nonce = sealed(&issuer, NOW);
    let known = || assert!(open(&issuer, NOW, nonce.as_bytes()).is_ok());
    for place in 0..nonce.as_bytes().len() {
        for bit in 0..8 {
            let mut changed = nonce.as_bytes().to_vec();
            changed[place] ^= 1 << bit;
            known();
            assert!(open(&issuer, NOW, &changed).is_err(), "{place}.{bit}");
        }
    }
    let own = binding(&source, "PGP");
    let elsewhere = Source::new("192.0.2.2".parse().unwrap());
    for other in [
        Binding { scheme: "Digest", ..own },
        Binding { realm: b"bob.example.or", method: b"gINVITE", ..own },
        Binding { method: b"BYE", ..own },
        Binding { call_id: b"", ..own },
        Binding { from_tag: b"1928301775", ..own },
        Binding { from: b"sip:mallory@example.org", ..own },
        Binding { to: b"sip:bob@example.com", ..own },
        Binding { source: &elsewhere, ..own },
        Binding { algorithms: b"MD5", ..own },
        Binding { from: &[b'a'; 8_192], ..own },
    ] {
        known();
        assert_eq!(issuer.open(NOW, 120, nonce.as_bytes(), &other), Err(Stale::Forged));
    }
    known();
    assert_eq!(open(&issuer, NOW + 153, nonce.as_bytes()), Err(Stale::Expired));
    issuer.raise_floor(NOW + 1);
    assert_eq!(open(&issuer, NOW, nonce.as_bytes()), Err(Stale::BelowFloor));
}

/// One whose binding is too long to be remembered verifies all the same, and no other does.
#[test]
fn a04_a_long_binding_is_hashed_each_time() {
    let (issuer, source) = (issuer(), source());
    let from = [b'a'; 8_192];
    let long = Binding { from: &from, ..binding(&source, "PGP") };
    let nonce = issuer.seal(NOW, &origin(&source), &long);
    for _ in 0..2 {
        assert!(issuer.open(NOW, 120, nonce.as_bytes(), &long).is_ok());
        let other = Binding { from: &from[1..], ..long };
        assert_eq!(issuer.open(NOW, 120, nonce.as_bytes(), &other), Err(Stale::Forged));
    }
}

#[test]
fn a04_every_bit_counts() {
    let issuer = issuer();
    let nonce = sealed(&issuer, NOW);
    for place in 0..nonce.as_bytes().len() {
        for bit in 0..8 {
            let mut changed = nonce.as_bytes().to_vec();
            changed[place] ^= 1 << bit;
            assert!(open(&issuer, NOW, &changed).is_err(), "{place}.{bit}");
        }
    }
    for text in [&b""[..], b"AZ4A", &[b'A'; 48], &[b'='; 48], &[b'A'; 64]] {
        assert_eq!(open(&issuer, NOW, text), Err(Stale::Malformed));
    }
}

#[test]
fn a04_another_boot_or_instance_is_another_issuer() {
    let nonce = sealed(&issuer(), NOW);
    for (inst, boot) in [(7, 2), (8, 1)] {
        let other = Issuer::new(&mut [9; 32], inst, boot, NOW - 10_000);
        let outcome = open(&other, NOW, nonce.as_bytes());
        assert_eq!(outcome, Err(Stale::OtherIssuer));
    }
    let same_numbers = Issuer::new(&mut [9; 32], 7, 1, NOW - 10_000);
    let outcome = open(&same_numbers, NOW, nonce.as_bytes());
    assert_eq!(outcome, Err(Stale::Forged));
}

#[test]
fn a02_a_nonce_is_bound_to_its_request() {
    let (issuer, source) = (issuer(), source());
    let elsewhere = Source::new("192.0.2.2".parse().unwrap());
    let nonce = sealed(&issuer, NOW);
    let right = binding(&source, "PGP");
    let wrong = [
        binding(&source, "Digest"),
        Binding { realm: b"x", ..right },
        Binding { method: b"BYE", ..right },
        Binding { call_id: b"x", ..right },
        Binding { from_tag: b"x", ..right },
        Binding { from: b"sip:x@x", ..right },
        Binding { to: b"sip:x@x", ..right },
        Binding { source: &elsewhere, ..right },
        Binding { source: &Source::PROXY, ..right },
        Binding { algorithms: b"SHA-256,MD5", ..right },
    ];
    for binding in wrong {
        let outcome = issuer.open(NOW, 120, nonce.as_bytes(), &binding);
        assert_eq!(outcome, Err(Stale::Forged), "{binding:?}");
    }
    assert!(issuer.open(NOW, 120, nonce.as_bytes(), &right).is_ok());
}

#[test]
fn no_nonce_is_older_than_the_start_or_the_floor() {
    let issuer = Issuer::new(&mut [1; 32], 0, 0, NOW + 20);
    let nonce = sealed(&issuer, NOW + 31);
    let opened = open(&issuer, NOW + 31, nonce.as_bytes()).unwrap();
    assert_eq!(opened.issue(), NOW + 20);
    issuer.raise_floor(NOW + 21);
    assert_eq!(open(&issuer, NOW + 31, nonce.as_bytes()), Err(Stale::BelowFloor));
    let next = sealed(&issuer, NOW + 31);
    assert!(open(&issuer, NOW + 31, next.as_bytes()).is_ok());
}

fn opened(tag: u8, issue: u32) -> Opened {
    Opened::new(issue, &[tag; 18])
}

#[test]
fn a01_a_nonce_count_is_accepted_once_and_in_a_window() {
    let mut table = ReplayTable::default();
    let nonce = opened(1, NOW);
    let mut accept = |count| table.accept(NOW, &nonce, count).is_ok();
    for (count, accepted) in [
        (0, false),
        (1, true),
        (1, false),
        (3, true),
        (2, true),
        (2, false),
        (100, true),
        (36, false),
        (37, true),
        (1125, false),
        (1124, true),
        (100, false),
    ] {
        assert_eq!(accept(count), accepted, "{count}");
    }
}

#[test]
fn a_reservation_is_exclusive_until_it_is_released() {
    let mut table = ReplayTable::default();
    let nonce = opened(1, NOW);
    let (reservation, floor) = table.reserve(NOW, &nonce).unwrap();
    assert_eq!(floor, None);
    assert!(table.reserve(NOW, &nonce).is_err());
    assert!(table.probe(&nonce, 2).is_err(), "not by a nonce count either");
    assert!(!table.is_empty());
    table.release(reservation);
    assert!(table.is_empty());
    let later = NOW + 1800 + 64 + 1;
    assert_eq!(table.accept(later, &opened(2, later), 1), Ok(None), "nothing is left to forget");
    let (burnt, _) = table.reserve(NOW, &nonce).unwrap();
    drop(burnt);
    assert!(table.reserve(NOW, &nonce).is_err());
}

#[test]
fn what_the_table_forgets_is_below_the_floor() {
    let mut table = ReplayTable::with_capacity(2);
    assert_eq!(table.accept(NOW, &opened(1, NOW + 1), 1), Ok(None));
    assert_eq!(table.accept(NOW, &opened(2, NOW), 1), Ok(None));
    assert_eq!(table.accept(NOW, &opened(2, NOW), 2), Ok(None), "no entry more");
    assert_eq!(
        table.accept(NOW, &opened(3, NOW + 2), 1),
        Ok(Some(NOW + 1)),
        "the oldest issued went"
    );
    assert_eq!(table.len(), 2);
    let later = NOW + 1800 + 64 + 2;
    let newest = opened(3, NOW + 2);
    assert_eq!(table.accept(later - 1, &newest, 2), Ok(None), "as old as may be");
    assert_eq!(table.accept(later, &newest, 3), Ok(Some(NOW + 2)), "by age");
    assert_eq!(table.accept(later + 1, &opened(4, later), 1), Ok(Some(NOW + 3)), "by age");
    assert_eq!(table.len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_sealed_opens_for_the_same_request_only(
        call_id in "[a-z0-9@]{1,400}", tag in "[a-z0-9]{0,20}", now in NOW..NOW + 100_000,
    ) {
        let (issuer, source) = (issuer(), source());
        let binding = Binding {
            call_id: call_id.as_bytes(),
            from_tag: tag.as_bytes(),
            ..binding(&source, "Digest")
        };
        let nonce = issuer.seal(now, &origin(&source), &binding);
        prop_assert!(issuer.open(now, 90, nonce.as_bytes(), &binding).is_ok());
        // The boundary between two items cannot be moved.
        let moved = format!("{call_id}{tag}");
        let other = Binding { call_id: moved.as_bytes(), from_tag: b"", ..binding };
        prop_assert_eq!(
            issuer.open(now, 90, nonce.as_bytes(), &other).is_ok(),
            tag.is_empty()
        );
    }

    #[test]
    fn no_input_panics(text in proptest::collection::vec(any::<u8>(), 0..80), now: u32) {
        let outcome = open(&issuer(), now, &text);
        prop_assert!(outcome.is_err());
    }
}
