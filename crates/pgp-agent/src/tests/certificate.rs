//! What a key's self-signatures say of it, and whose word counts.

use super::forge::{CERTIFIES, ENCRYPTS, Key, MADE, SIGNS, Says, looked_at, made, regular};
use super::forge::{report, signature};
use crate::certificate::{Certificate, Component};
use pgp::composed::KeyType;
use pgp::crypto::ecc_curve::ECCCurve;
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{KeyFlags, Signature, SignatureType, SubpacketData};
use pgp::types::{KeyDetails, SigningKey};
use sma::{KeyFault, KeyValidity};

const SIGNING: KeyType = KeyType::Ed25519Legacy;
const ENCRYPTION: KeyType = KeyType::ECDH(ECCCurve::Curve25519Legacy);

/// A hash that rPGP signs with, and that does not count.
const OTHER_HASH: HashAlgorithm = HashAlgorithm::Sha3_256;

/// What is said of the key of a signature, both times in seconds after the key was made.
fn validity(key: &Key, signer: &impl SigningKey, at: u32, now: u32) -> KeyValidity {
    let report = looked_at(&key.certificate(), signer, at, now);
    assert!(report.good);
    report.key
}

fn at_once(key: &Key) -> KeyValidity {
    validity(key, key.primary(), 10, 10)
}

/// A key whose only subkey has these signatures.
fn with_subkey(kind: KeyType, signatures: impl Fn(&Key) -> Vec<Signature>) -> Key {
    let key = Key::new(&[(kind, 0)]);
    let signatures = signatures(&key);
    key.bound(0, signatures)
}

fn of_subkey(key: &Key) -> KeyValidity {
    validity(key, key.subkey(0), 10, 10)
}

#[test]
fn a_signature_from_before_its_key_was_made_is_none_of_it() {
    let key = Key::new(&[]);
    let octets =
        signature(key.primary(), SignatureType::Binary, made(key.primary(), MADE - 1), Vec::new());
    let early = report(&key.certificate(), octets, MADE.into()).unwrap();
    assert_eq!(early.key, KeyValidity::NotForSigning);
    assert_eq!(validity(&key, key.primary(), 0, 0), KeyValidity::Valid);
}

#[test]
fn g02_a_key_is_expired_from_the_end_of_its_lifetime_on() {
    let key = Key::new(&[]).certified(&[Says { lifetime: Some(1000), ..SIGNS }]);
    for (at, now, expected) in [
        (0, 0, KeyValidity::Valid),
        (0, 999, KeyValidity::Valid),
        (0, 1000, KeyValidity::Expired),
        (999, 1001, KeyValidity::Expired),
        // Nor does it help to date a signature ahead.
        (1000, 0, KeyValidity::Expired),
    ] {
        assert_eq!(validity(&key, key.primary(), at, now), expected, "{at}, {now}");
    }
}

#[test]
fn a_lifetime_of_no_seconds_is_no_end() {
    let key = Key::new(&[]).certified(&[Says { lifetime: Some(0), ..SIGNS }]);
    assert_eq!(validity(&key, key.primary(), 0, u32::MAX - MADE), KeyValidity::Valid);
}

#[test]
fn g03_a_key_that_is_revoked_is_so_whatever_else_it_is() {
    for says in [SIGNS, CERTIFIES, Says { lifetime: Some(1), ..SIGNS }] {
        let mut key = Key::new(&[]).certified(&[says]);
        // Nor does its hash save it: whoever revokes is believed sooner than who binds.
        let says = Says { hash: OTHER_HASH, ..SIGNS };
        let revocation = key.key_signature(&says, SignatureType::KeyRevocation, &key);
        key.0.details.revocation_signatures = vec![revocation];
        assert_eq!(at_once(&key), KeyValidity::Revoked);
        assert!(key.certificate().is_revoked());
        assert!(key.certificate().signer((MADE + 10).into()).is_none());
    }
}

#[test]
fn another_key_revokes_nothing() {
    let other = Key::new(&[]);
    let mut key =
        with_subkey(SIGNING, |key| vec![key.binding(0, &SIGNS), other.revocation(0, key)]);
    let revocation = other.key_signature(&SIGNS, SignatureType::KeyRevocation, &key);
    key.0.details.revocation_signatures = vec![revocation];
    assert_eq!(at_once(&key), KeyValidity::Valid);
    assert_eq!(of_subkey(&key), KeyValidity::Valid);
}

#[test]
fn the_newest_self_signature_counts_wherever_it_stands() {
    let later = |says: Says| Says { at: MADE + 1, ..says };
    for (says, expected) in [
        ([SIGNS, later(CERTIFIES)], KeyValidity::NotForSigning),
        ([later(CERTIFIES), SIGNS], KeyValidity::NotForSigning),
        ([CERTIFIES, later(SIGNS)], KeyValidity::Valid),
        ([later(SIGNS), CERTIFIES], KeyValidity::Valid),
        // Of two of one second, the first.
        ([SIGNS, CERTIFIES], KeyValidity::Valid),
        ([CERTIFIES, SIGNS], KeyValidity::NotForSigning),
    ] {
        assert_eq!(at_once(&Key::new(&[]).certified(&says)), expected);
        let key = with_subkey(SIGNING, |key| says.iter().map(|s| key.binding(0, s)).collect());
        assert_eq!(of_subkey(&key), expected);
    }
}

#[test]
fn a_signature_over_the_key_itself_counts_where_it_is_the_newest() {
    let other = Key::new(&[]);
    let later = Says { at: MADE + 1, ..CERTIFIES };
    let other_hash = Says { hash: OTHER_HASH, ..later.clone() };
    let earlier = Says { at: MADE - 1, ..CERTIFIES };
    for (by_other, says, expected) in [
        (false, &later, KeyValidity::NotForSigning),
        (false, &earlier, KeyValidity::Valid),
        (false, &other_hash, KeyValidity::Valid),
        (true, &later, KeyValidity::Valid),
    ] {
        let mut key = Key::new(&[]);
        let signer = if by_other { &other } else { &key };
        let direct = signer.key_signature(says, SignatureType::Key, &key);
        key.0.details.direct_signatures = vec![direct];
        assert_eq!(at_once(&key), expected);
    }
}

#[test]
fn g04_what_binds_with_a_hash_that_does_not_count_does_not_bind() {
    let other_hash = Says { at: MADE + 1, hash: OTHER_HASH, ..CERTIFIES };
    assert_eq!(at_once(&Key::new(&[]).certified(&[SIGNS, other_hash])), KeyValidity::Valid);
    let other_hash = Says { hash: OTHER_HASH, ..SIGNS };
    let key = Key::new(&[]).certified(std::slice::from_ref(&other_hash));
    let fault = Certificate::evaluate(key.0.to_public_key()).err();
    assert_eq!(fault, Some(KeyFault::WeakHash(sma::HashId(12))));
    let key = with_subkey(SIGNING, |key| vec![key.binding(0, &other_hash)]);
    assert_eq!(of_subkey(&key), KeyValidity::NotForSigning);
    assert!(!looked_at(&key.certificate(), key.subkey(0), 10, 10).strong);
}

#[test]
fn a_user_id_that_another_key_certified_is_not_bound() {
    let (mut key, other) = (Key::new(&[]), Key::new(&[]));
    let theirs = other.0.details.users[0].signatures.clone();
    key.0.details.users[0].signatures = theirs;
    let fault = Certificate::evaluate(key.0.to_public_key()).err();
    assert_eq!(fault, Some(KeyFault::Unbound));
}

#[test]
fn a_user_id_that_was_revoked_is_not_bound_again() {
    let mut key = Key::new(&[]);
    let revocation = key.user_id_signature(&SIGNS, SignatureType::CertRevocation);
    key.0.details.users[0].signatures.push(revocation);
    let later = key.user_id_signature(&Says { at: MADE + 1, ..SIGNS }, SignatureType::CertPositive);
    key.0.details.users[0].signatures.push(later);
    let fault = Certificate::evaluate(key.0.to_public_key()).err();
    assert_eq!(fault, Some(KeyFault::Revoked));
}

#[test]
fn g16_a_subkey_signs_only_if_it_says_so_itself() {
    let other = Key::new(&[(SIGNING, 0)]);
    let other_hash = Says { hash: OTHER_HASH, ..SIGNS };
    type Back<'a> = &'a dyn Fn(&Key) -> Option<Signature>;
    let cases: [(&str, Back<'_>, KeyValidity); 5] = [
        ("its own", &|key| Some(key.back(0, &SIGNS, key)), KeyValidity::Valid),
        ("none", &|_| None, KeyValidity::NotForSigning),
        (
            "over another hash",
            &|key| Some(key.back(0, &other_hash, key)),
            KeyValidity::NotForSigning,
        ),
        ("of another", &|key| Some(other.back(0, &SIGNS, key)), KeyValidity::NotForSigning),
        ("to another", &|key| Some(key.back(0, &SIGNS, &other)), KeyValidity::NotForSigning),
    ];
    for (name, back, expected) in cases {
        let key = with_subkey(SIGNING, |key| {
            let config = SIGNS.config(SignatureType::SubkeyBinding, key.primary());
            vec![key.binding_with(0, config, back(key), key)]
        });
        assert_eq!(of_subkey(&key), expected, "{name}");
    }
}

#[test]
fn g16_a_subkey_that_another_key_bound_is_none() {
    let other = Key::new(&[]);
    let key = with_subkey(SIGNING, |key| {
        let config = SIGNS.config(SignatureType::SubkeyBinding, other.primary());
        vec![other.binding_with(0, config, Some(key.back(0, &SIGNS, key)), key)]
    });
    assert_eq!(of_subkey(&key), KeyValidity::NotForSigning);
}

#[test]
fn a_subkey_ends_when_it_or_its_primary_key_does() {
    for (primary, own, end) in [
        (None, None, None),
        (Some(1000), None, Some(1000)),
        (None, Some(1000), Some(1000)),
        (Some(1000), Some(2000), Some(1000)),
        (Some(2000), Some(1000), Some(1000)),
    ] {
        let key = Key::new(&[(SIGNING, 0), (ENCRYPTION, 0)]);
        let key = key.certified(&[Says { lifetime: primary, ..SIGNS }]);
        let bindings = [SIGNS, ENCRYPTS].map(|says| Says { lifetime: own, ..says });
        let [signs, encrypts] = bindings;
        let (signs, encrypts) = (key.binding(0, &signs), key.binding(1, &encrypts));
        let key = key.bound(0, vec![signs]).bound(1, vec![encrypts]);
        let last = end.map_or(u32::MAX - MADE, |end| end - 1);
        let may = |now| key.certificate().recipient(u64::from(MADE + now)).is_some();
        assert_eq!(validity(&key, key.subkey(0), 0, last), KeyValidity::Valid);
        assert!(may(last), "{primary:?}, {own:?}");
        if let Some(end) = end {
            assert_eq!(validity(&key, key.subkey(0), 0, end), KeyValidity::Expired);
            assert!(!may(end), "{primary:?}, {own:?}");
        }
    }
}

#[test]
fn g03_a_subkey_is_revoked_by_itself_or_with_its_primary_key() {
    let key = with_subkey(SIGNING, |key| vec![key.revocation(0, key), key.binding(0, &SIGNS)]);
    assert_eq!((at_once(&key), of_subkey(&key)), (KeyValidity::Valid, KeyValidity::Revoked));
    let mut key = with_subkey(SIGNING, |key| vec![key.binding(0, &SIGNS)]);
    let revocation = key.key_signature(&SIGNS, SignatureType::KeyRevocation, &key);
    key.0.details.revocation_signatures = vec![revocation];
    assert_eq!(of_subkey(&key), KeyValidity::Revoked);
    let key = with_subkey(SIGNING, |key| vec![key.revocation(0, key)]);
    assert_eq!(of_subkey(&key), KeyValidity::Revoked, "also where nothing binds it");
}

/// The number of the subkey that is encrypted to.
fn recipient(key: &Key, now: u32) -> Option<usize> {
    let certificate = key.certificate();
    let chosen = certificate.recipient((MADE + now).into())?.fingerprint();
    let mut subkeys = key.0.secret_subkeys.iter();
    subkeys.position(|subkey| subkey.key.fingerprint() == chosen)
}

#[test]
fn the_newest_subkey_that_may_be_encrypted_to_is() {
    let key = Key::new(&[(ENCRYPTION, 0), (ENCRYPTION, 2), (ENCRYPTION, 1)]);
    let bindings = [0, 1, 2].map(|number| key.binding(number, &ENCRYPTS));
    let ends = Says { lifetime: Some(100), ..ENCRYPTS };
    let (ends, signs) = (key.binding(1, &ends), key.binding(1, &CERTIFIES));
    let revoked = key.revocation(1, &key);
    let [first, newest, second] = bindings;
    let key = key.bound(0, vec![first]).bound(1, vec![newest.clone()]).bound(2, vec![second]);
    assert_eq!(recipient(&key, 0), Some(1));
    let key = key.bound(1, vec![ends]);
    assert_eq!((recipient(&key, 101), recipient(&key, 102)), (Some(1), Some(2)));
    let key = key.bound(1, vec![newest, revoked]);
    assert_eq!(recipient(&key, 0), Some(2));
    let key = key.bound(1, vec![signs]);
    assert_eq!(recipient(&key, 0), Some(2));
}

#[test]
fn g04_a_key_below_the_floor_is_neither_signed_with_nor_encrypted_to() {
    let key = Key::of(KeyType::ECDSA(ECCCurve::Secp256k1), &[]);
    let certificate = key.certificate();
    assert!(certificate.signer(MADE.into()).is_none());
    let report = looked_at(&certificate, key.primary(), 0, 0);
    assert!(report.good && !report.strong);
    let key = key.certified(&[Says { flags: |flags| flags.set_encrypt_comms(true), ..SIGNS }]);
    assert!(key.certificate().recipient(MADE.into()).is_none());
}

#[test]
fn a_key_for_messages_or_for_storage_may_be_encrypted_to() {
    let storage: fn(&mut KeyFlags) = |flags| flags.set_encrypt_storage(true);
    for (flags, may) in [(ENCRYPTS.flags, true), (storage, true), (CERTIFIES.flags, false)] {
        let key = with_subkey(ENCRYPTION, |key| vec![key.binding(0, &Says { flags, ..SIGNS })]);
        assert_eq!(recipient(&key, 0), may.then_some(0));
    }
}

#[test]
fn what_signs_is_the_primary_key_or_else_a_subkey() {
    let key = with_subkey(SIGNING, |key| vec![key.binding(0, &SIGNS)]);
    let now = u64::from(MADE);
    assert!(matches!(key.certificate().signer(now), Some(Component::Primary(_))));
    let key = key.certified(&[CERTIFIES]);
    assert!(matches!(key.certificate().signer(now), Some(Component::Subkey(_))));
    assert!(key.certificate().signer(now - 1).is_none(), "not before it was made");
}

#[test]
fn a_signature_is_of_the_component_that_it_names() {
    let key = Key::new(&[(SIGNING, 0), (SIGNING, 0)]);
    let bindings = [0, 1].map(|number| key.binding(number, &SIGNS));
    let [first, second] = bindings;
    let key = key.bound(0, vec![first]).bound(1, vec![second]);
    let certificate = key.certificate();
    let (primary, subkey) = (key.primary(), key.subkey(1));
    let print = |key: &dyn KeyDetails| SubpacketData::IssuerFingerprint(key.fingerprint());
    let id = |key: &dyn KeyDetails| SubpacketData::IssuerKeyId(key.legacy_key_id());
    let other = key.subkey(0);
    let by_subkey = [
        (vec![print(subkey)], true),
        (vec![id(subkey)], true),
        (vec![print(subkey), id(other)], true),
        (vec![print(other), id(subkey)], false),
        (vec![id(primary)], false),
        (Vec::new(), false),
    ];
    for (issuers, good) in by_subkey {
        let hashed = made(subkey, MADE).drain(..1).collect();
        let named = issuers.iter().cloned().map(regular).collect();
        let octets = signature(subkey, SignatureType::Binary, hashed, named);
        let report = report(&certificate, octets, MADE.into()).unwrap();
        assert_eq!(report.good, good, "{issuers:?}");
    }
    let hashed = made(primary, MADE).drain(..1).collect();
    let octets = signature(primary, SignatureType::Binary, hashed, Vec::new());
    assert!(report(&certificate, octets, MADE.into()).unwrap().good, "none is the primary key");
}
