//! Signatures of every make.

use super::forge::{DATA, Key, MADE, looked_at, made, regular, report, signature};
use bytes::Bytes;
use pgp::composed::{DetachedSignature, MessageBuilder};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{Notation, Signature, SignatureConfig, SignatureType, Subpacket, SubpacketData};
use pgp::ser::Serialize as _;
use pgp::types::{Duration, KeyDetails as _, Password};
use rand08::rngs::OsRng;
use sha2::{Digest as _, Sha256};
use sma::{Error, KeyValidity, Report};

const NOW: u64 = MADE as u64 + 10;

fn critical(data: SubpacketData) -> Subpacket {
    Subpacket::critical(data).unwrap()
}

fn notation(name: &'static [u8], value: impl Into<Bytes>) -> SubpacketData {
    SubpacketData::Notation(Notation {
        readable: true,
        name: Bytes::from_static(name),
        value: value.into(),
    })
}

/// What is reported of a signature with these subpackets beside its time and issuer.
fn with(key: &Key, more: Vec<Subpacket>) -> Report {
    let hashed = [made(key.primary(), MADE + 5), more].concat();
    let octets = signature(key.primary(), SignatureType::Binary, hashed, Vec::new());
    report(&key.certificate(), octets, NOW).unwrap()
}

/// A signature of exactly `length` octets. Now and then one of Ed25519 is an octet shorter than most,
/// and the same octets have the same signature: several texts of each size are signed.
fn of_length(key: &Key, length: usize) -> Vec<u8> {
    let texts = (length - 200..length).flat_map(|size| (b'a'..=b'h').map(move |x| vec![x; size]));
    let made = texts.map(|text| {
        let more = regular(notation(b"long@example.org", text));
        let hashed = [made(key.primary(), MADE + 5), vec![more]].concat();
        signature(key.primary(), SignatureType::Binary, hashed, Vec::new())
    });
    made.into_iter().find(|octets| octets.len() == length).expect("a signature of that length")
}

#[test]
fn g07_a_signature_is_at_most_2048_octets() {
    let key = Key::new(&[]);
    let certificate = key.certificate();
    assert!(report(&certificate, of_length(&key, 2048), NOW).unwrap().good);
    let refused = report(&certificate, of_length(&key, 2049), NOW);
    assert_eq!(refused, Err(Error::TooLarge));
}

#[test]
fn what_is_not_one_signature_is_malformed() {
    let key = Key::new(&[]);
    let certificate = key.certificate();
    let good =
        signature(key.primary(), SignatureType::Binary, made(key.primary(), MADE + 5), Vec::new());
    let message = MessageBuilder::from_bytes("", DATA).to_vec(OsRng).unwrap();
    let unknown_version = vec![0xC2, 3, 99, 0, 0];
    let timeless =
        signature(key.primary(), SignatureType::Binary, vec![], made(key.primary(), MADE + 5));
    for (what, octets) in [
        ("nothing", Vec::new()),
        ("half a signature", good[..good.len() / 2].to_vec()),
        ("text", b"a signature".to_vec()),
        ("a message", message.clone()),
        ("a message behind it", [good.clone(), message].concat()),
        ("of an unknown version", unknown_version),
        ("without a time that is signed", timeless),
    ] {
        assert_eq!(report(&certificate, octets, NOW), Err(Error::Malformed), "{what}");
    }
    assert!(report(&certificate, good, NOW).unwrap().good);
}

#[test]
fn a_signature_over_text_is_not_good() {
    let key = Key::new(&[]);
    for (typ, good) in [(SignatureType::Binary, true), (SignatureType::Text, false)] {
        let octets = signature(key.primary(), typ, made(key.primary(), MADE + 5), Vec::new());
        let report = report(&key.certificate(), octets, NOW).unwrap();
        assert_eq!((report.good, report.class), (good, u8::from(!good)));
    }
}

#[test]
fn a_signature_over_other_data_is_not_good() {
    let key = Key::new(&[]);
    let primary = key.primary();
    let mut config =
        SignatureConfig::v4(SignatureType::Binary, primary.algorithm(), HashAlgorithm::Sha512);
    config.hashed_subpackets = made(primary, MADE + 5);
    let sign = |data: &[u8]| -> Signature {
        config.clone().sign(primary, &Password::empty(), data).unwrap()
    };
    for (data, good) in [(DATA, true), (b"other", false)] {
        let octets = DetachedSignature::new(sign(data)).to_bytes().unwrap();
        let report = report(&key.certificate(), octets, NOW).unwrap();
        assert_eq!((report.good, report.hash.0), (good, 10));
        let of_data: [u8; 32] = Sha256::digest(DATA).into();
        assert_eq!(report.data_sha256, of_data);
    }
}

#[test]
fn a_signature_of_a_key_that_is_not_there_is_of_none() {
    let (key, other) = (Key::new(&[]), Key::new(&[]));
    let report = looked_at(&key.certificate(), other.primary(), 5, 10);
    assert_eq!(report.key, KeyValidity::NotForSigning);
    assert!(!report.good && !report.strong);
}

#[test]
fn what_is_critical_must_be_understood() {
    let key = Key::new(&[]);
    let primary = key.primary();
    let lifetime = Duration::from_secs(300);
    let unknown = [
        SubpacketData::Experimental(101, Bytes::from_static(b"x")),
        SubpacketData::PolicyURI("https://example.org".into()),
        SubpacketData::Revocable(false),
        notation(b"unknown@example.org", "x"),
        notation(b"known@example.org\0", "x"),
        notation(b"", "x"),
    ];
    for data in unknown {
        assert!(!with(&key, vec![critical(data.clone())]).good, "{data:?}");
        assert!(with(&key, vec![regular(data.clone())]).good, "{data:?}");
        // Behind one that is understood, too.
        let known = critical(notation(b"known@example.org", "x"));
        assert!(!with(&key, vec![known, critical(data)]).good);
    }
    let known = [
        SubpacketData::SignatureExpirationTime(lifetime),
        SubpacketData::IssuerKeyId(primary.legacy_key_id()),
        SubpacketData::IssuerFingerprint(primary.fingerprint()),
        SubpacketData::SignersUserID("sip:alice@example.org".into()),
        notation(b"known@example.org", "x"),
    ];
    assert!(with(&key, known.map(critical).to_vec()).good);
    // The time as well.
    let hashed = made(primary, MADE + 5).into_iter().map(|one| critical(one.data)).collect();
    let octets = signature(primary, SignatureType::Binary, hashed, Vec::new());
    assert!(report(&key.certificate(), octets, NOW).unwrap().good);
}

#[test]
fn a_signature_expires_when_it_says_so() {
    let key = Key::new(&[]);
    for (lifetime, expires) in [(None, None), (Some(0), None), (Some(300), Some(MADE + 305))] {
        let more = lifetime
            .map(|lifetime| SubpacketData::SignatureExpirationTime(Duration::from_secs(lifetime)));
        let report = with(&key, more.map(critical).into_iter().collect());
        assert_eq!(report.expires, expires.map(u64::from));
        assert_eq!(report.created, u64::from(MADE + 5));
    }
}

#[test]
fn notations_are_told_in_their_order_if_they_were_signed() {
    let key = Key::new(&[]);
    let hashed = vec![
        critical(notation(b"known@example.org", "1")),
        regular(notation(b"\xFF@example.org", "2")),
        regular(notation(b"other@example.org", b"\xFF".to_vec())),
    ];
    let hashed = [made(key.primary(), MADE + 5), hashed].concat();
    let unhashed = vec![regular(notation(b"known@example.org", "4"))];
    let octets = signature(key.primary(), SignatureType::Binary, hashed, unhashed);
    let told = report(&key.certificate(), octets, NOW).unwrap().notations;
    let told: Vec<_> =
        told.iter().map(|n| (n.name.as_str(), n.value.as_slice(), n.critical)).collect();
    assert_eq!(
        told,
        [("known@example.org", &b"1"[..], true), ("other@example.org", &b"\xFF"[..], false)]
    );
}
