//! Vectors of another implementation, and what a change of any octet does.

use super::*;
use crate::search;
use crate::srtp::Suite;
use proptest::prelude::*;
use serde_json::Value;

/// Made by `vectors/cs1-kem.py`: ML-KEM of kyber-py, X25519 of OpenSSL, the rest of Python's own.
const VECTORS: &str = include_str!("../../../vectors/cs1-kem.json");

struct Vector(Value);

impl Vector {
    fn all() -> Vec<Self> {
        let all: Vec<Value> = serde_json::from_str(VECTORS).unwrap();
        all.into_iter().map(Self).collect()
    }

    fn text(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap()
    }

    fn octets(&self, name: &str) -> Vec<u8> {
        let digits = self.text(name);
        (0..digits.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
            .collect()
    }

    fn pair(&self) -> Pair {
        Pair::made(|octets| {
            octets.copy_from_slice(&self.octets("seed"));
            Ok::<_, ()>(())
        })
        .unwrap()
    }

    fn agreement(&self) -> Agreement {
        let random = self.octets("randomness").try_into().unwrap();
        Agreement::with(self.octets("key"), &random).unwrap()
    }

    fn names(&self) -> Names {
        let name = |name| self.text(name).as_bytes().to_vec();
        Names { call_id: name("call_id"), from_tag: name("from_tag"), to_tag: name("to_tag") }
    }

    fn master(&self, name: &str) -> MasterKey {
        let suite = Suite::parse(self.text("suite")).unwrap();
        let octets = self.octets(name);
        let made = MasterKey::made(suite, |room| {
            room[..octets.len()].copy_from_slice(&octets);
            Ok::<_, ()>(())
        });
        made.unwrap()
    }

    fn line(&self) -> Line {
        Line(self.0["line"].as_u64().unwrap().try_into().unwrap())
    }

    /// The keys that come of an agreement under these names.
    fn keys(&self, agreement: &Agreement, names: &Names, line: Line) -> [Vec<u8>; 2] {
        let keys = agreement.keys(names, line, &self.master("offerer"), &self.master("answerer"));
        keys.unwrap().map(|key| key.octets().to_vec())
    }

    fn expected(&self) -> [Vec<u8>; 2] {
        ["agreed_offerer", "agreed_answerer"].map(|name| self.octets(name))
    }
}

#[test]
fn another_implementation_comes_to_the_same_keys() {
    let all = Vector::all();
    assert_eq!(all.len(), 4);
    for vector in all {
        let pair = vector.pair();
        assert_eq!(pair.public(), vector.octets("key"));
        let answered = vector.agreement();
        assert_eq!(answered.ciphertext(), vector.octets("ciphertext"));
        let opened = pair.open(vector.octets("ciphertext")).unwrap();
        for agreement in [answered, opened] {
            assert_eq!(agreement.shared.as_slice(), vector.octets("shared"));
            let keys = vector.keys(&agreement, &vector.names(), vector.line());
            assert_eq!(keys, vector.expected());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn both_sides_agree_and_others_do_not(seed: [u8; 32], first: [u8; 32], second: [u8; 32]) {
        let pair = Pair::made(|octets| { octets.copy_from_slice(&seed); Ok::<_, ()>(()) }).unwrap();
        let random: [u8; 64] = [first, second].concat().try_into().unwrap();
        let ours = Agreement::with(pair.public().to_vec(), &random).unwrap();
        let theirs = pair.open(ours.ciphertext().to_vec()).unwrap();
        prop_assert_eq!(ours.shared.as_slice(), theirs.shared.as_slice());
        let other = Pair::made(|octets| { octets.copy_from_slice(&first); Ok::<_, ()>(()) }).unwrap();
        let wrong = other.open(ours.ciphertext().to_vec()).unwrap();
        prop_assert_ne!(ours.shared.as_slice(), wrong.shared.as_slice());
    }

    /// One bit of a ciphertext, anywhere in it.
    #[test]
    fn a_changed_ciphertext_gives_other_keys(at in 0usize..1120, bit in 0u8..8) {
        let vector = &Vector::all()[0];
        let mut ciphertext = vector.octets("ciphertext");
        ciphertext[at] ^= 1 << bit;
        let opened = vector.pair().open(ciphertext).unwrap();
        let keys = vector.keys(&opened, &vector.names(), vector.line());
        prop_assert_ne!(&keys[0], &vector.expected()[0]);
        prop_assert_ne!(&keys[1], &vector.expected()[1]);
    }
}

/// Each thing that both sides name goes into both keys.
#[test]
fn every_name_counts() {
    let vector = &Vector::all()[1];
    let agreement = vector.agreement();
    let names = vector.names();
    let changed = [
        Names { call_id: b"other".to_vec(), ..names.clone() },
        Names { from_tag: b"other".to_vec(), ..names.clone() },
        Names { to_tag: b"other".to_vec(), ..names.clone() },
        // Moved from one name to the next.
        Names {
            call_id: [&names.call_id[..], &names.from_tag[..1]].concat(),
            from_tag: names.from_tag[1..].to_vec(),
            ..names.clone()
        },
    ];
    let mut seen = vec![vector.keys(&agreement, &names, vector.line())];
    assert_eq!(seen[0], vector.expected());
    seen.extend(changed.iter().map(|names| vector.keys(&agreement, names, vector.line())));
    seen.push(vector.keys(&agreement, &names, Line(7)));
    // The keys that travelled count, too, and whose is whose.
    let (offerer, answerer) = (vector.master("offerer"), vector.master("answerer"));
    let swapped = agreement.keys(&names, vector.line(), &answerer, &offerer).unwrap();
    seen.push(swapped.map(|key| key.octets().to_vec()));
    let all: Vec<&Vec<u8>> = seen.iter().flatten().collect();
    for (at, key) in all.iter().enumerate() {
        assert!(!all[..at].contains(key), "two keys are the same: {at}");
    }
}

#[test]
fn what_is_no_key_or_no_ciphertext_is_malformed() {
    let vector = &Vector::all()[0];
    let (key, ciphertext) = (vector.octets("key"), vector.octets("ciphertext"));
    assert!(is_key(&key));
    assert!(!is_key(&key[1..]) && !is_key(&[&key[..], b"x"].concat()) && !is_key(b""));
    // FIPS 203 §7.2: coefficients are below q.
    let mut too_large = key.clone();
    too_large[..3].fill(0xff);
    assert!(!is_key(&too_large));
    for wrong in [&ciphertext[1..], &[&ciphertext[..], b"x"].concat(), b""] {
        assert!(vector.pair().open(wrong.to_vec()).is_err());
    }
}

const SDP: &str = "v=0\r\nm=audio 4000 RTP/SAVP 0\r\na=cs1-kem:1 {slot}\r\n\
                   m=audio 4002 RTP/AVP 0\r\nm=audio 4004 RTP/SAVP 0\r\na=cs1-kem:1 {slot}\r\n";

#[test]
fn each_line_that_is_srtp_has_a_slot_of_its_own() {
    let filled = fill(SDP.as_bytes(), |line| Ok(vec![line.0; 5])).unwrap();
    let text = String::from_utf8(filled.to_vec()).unwrap();
    assert_eq!(text, SDP.replacen("{slot}", "AAAAAAA=", 1).replacen("{slot}", "AgICAgI=", 1));
    let (emptied, shares) = empty(text.clone().into_bytes(), true);
    assert_eq!(String::from_utf8(emptied).unwrap(), SDP);
    assert_eq!(shares, Shares::from([(Line(0), Ok(vec![0; 5])), (Line(2), Ok(vec![2; 5]))]));

    // What did not travel encrypted is nothing: no row, no slot.
    let (emptied, shares) = empty(text.into_bytes(), false);
    assert!(shares.is_empty());
    assert_eq!(String::from_utf8(emptied).unwrap(), SDP.replace("a=cs1-kem:1 {slot}\r\n", ""));
}

#[test]
fn a_slot_where_none_belongs_lets_nothing_leave() {
    for odd in [
        SDP.replacen("RTP/SAVP", "RTP/AVP", 1),
        SDP.replacen("1 {slot}", "2 {slot}", 1),
        SDP.replacen("1 {slot}", "1 AAAA", 1),
        SDP.replacen("a=cs1-kem:1 {slot}\r\n", "a=cs1-kem:1 {slot}\r\na=cs1-kem:1 {slot}\r\n", 1),
        format!("a=cs1-kem:1 {{slot}}\r\n{SDP}"),
    ] {
        assert!(fill(odd.as_bytes(), |_| Ok(vec![1])).is_err(), "{odd}");
    }
    assert!(fill(SDP.as_bytes(), |_| Err(Unfilled)).is_err());
}

#[test]
fn what_a_peer_wrote_wrong_is_told_by_line() {
    let read = |value: &str| {
        let body = SDP.replacen("1 {slot}", value, 1).replacen("1 {slot}", "1 AgI=", 1);
        empty(body.into_bytes(), true).1
    };
    for odd in [
        "1 ",
        "1 A",
        "1 AgI= ",
        "1  AgI=",
        "1 Ag=I",
        "2 AgI=",
        "AgI=",
        "",
        "1 AgI=\r\na=cs1-kem:1 AgI=",
    ] {
        let shares = read(odd);
        let trimmed = odd == "1 AgI= ";
        let first = if trimmed { Ok(vec![2, 2]) } else { Err(Malformed) };
        // RFC 8866 has no space at the end of a row; a peer's is passed over, as with `a=crypto`.
        assert_eq!(shares, Shares::from([(Line(0), first), (Line(2), Ok(vec![2, 2]))]), "{odd:?}");
    }
}

/// Promise 16: neither the private half nor what was agreed on is anywhere once it is dropped.
#[test]
fn o04_what_was_agreed_on_is_forgotten() {
    // Made anew each time, so that no copy is the test's.
    let octet = |n: u8| std::hint::black_box(n).wrapping_mul(59) ^ 0x35;
    let seed = || (1..=32).map(octet);
    let pair = || {
        let made = Pair::made(|room| {
            room.iter_mut().zip(seed()).for_each(|(room, octet)| *room = octet);
            Ok::<_, ()>(())
        });
        made.unwrap()
    };
    let names = || Vector::all()[0].names();
    let master = |octet| {
        MasterKey::made(Suite::AeadAes128Gcm, |room| {
            room.fill(octet);
            Ok::<_, ()>(())
        })
        .unwrap()
    };
    let agreed = |pair: &Pair| {
        let ours = Agreement::with(pair.public().to_vec(), &[7; 64]).unwrap();
        let theirs = pair.open(ours.ciphertext().to_vec()).unwrap();
        let keys = theirs.keys(&names(), Line(0), &master(1), &master(2)).unwrap();
        (ours, theirs, keys)
    };
    let needles = sheltered::<DEPTH, _>(|| {
        let (ours, _, [offerer, answerer]) = agreed(&pair());
        Box::new([
            search::Needle::new("seed", seed()),
            search::Needle::new("secret", ours.shared.iter().copied()),
            search::Needle::new("offerer's key", offerer.octets().iter().copied()),
            search::Needle::new("answerer's key", answerer.octets().iter().copied()),
        ])
    });
    assert!(search::search("self", &*needles).unwrap().is_empty(), "what was looked for is left");
    let kept = pair();
    let (ours, theirs, keys) = agreed(&kept);
    let held = search::search("self", &*needles).unwrap();
    let count = |name: &str| held.values().filter(|copy| copy.starts_with(name)).count();
    let counts = ["seed", "secret", "offerer's key", "answerer's key"].map(count);
    assert_eq!(counts, [1, 2, 1, 1], "{held:#?}");
    drop((kept, ours, theirs, keys));
    let found = search::search("self", &*needles).unwrap();
    assert!(found.is_empty(), "{found:#?}");
}
