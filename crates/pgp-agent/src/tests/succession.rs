//! Keys that come after others: whose certification counts, and who certifies a key that is made.

use super::forge::{CERTIFIES, Key, MADE, SIGNS, Says, regular};
use super::{folder, open};
use crate::Agent;
use crate::succession::certifies;
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{Signature, SignatureConfig, SignatureType, SubpacketData, UserId};
use pgp::types::{Duration, KeyDetails as _, Password, Tag};
use sma::{KeyAdministration as _, SecurityApplication as _};

const NOW: u64 = MADE as u64 + 1_000;

/// The user id of `key`, certified by `by`.
fn certification(by: &Key, key: &Key, says: &Says, typ: SignatureType) -> Signature {
    let mut config = says.config(typ, by.primary());
    let issuer = SubpacketData::IssuerFingerprint(by.primary().fingerprint());
    config.hashed_subpackets.push(regular(issuer));
    certified_with(by, key, config)
}

fn certified_with(by: &Key, key: &Key, config: SignatureConfig) -> Signature {
    let (signed, id) = (key.primary().public_key(), &key.0.details.users[0].id);
    let (signer, password) = (by.primary(), Password::empty());
    config.sign_certification_third_party(signer, &password, signed, Tag::UserId, id).unwrap()
}

/// Whether `old` is found to have certified a new key with these signatures of its own.
fn certified(old: &Key, made: &[(Says, SignatureType)]) -> bool {
    let mut new = Key::new(&[]);
    for (says, typ) in made {
        let signature = certification(old, &new, says, *typ);
        new.0.details.users[0].signatures.push(signature);
    }
    certifies(&old.certificate(), &new.certificate(), NOW)
}

const CERTIFICATION: SignatureType = SignatureType::CertGeneric;

#[test]
fn g37_a_key_certifies_another_while_it_is_valid_itself() {
    let old = Key::new(&[]);
    assert!(!certified(&old, &[]));
    assert!(certified(&old, &[(CERTIFIES, CERTIFICATION)]));
    let ends = |seconds| Says { lifetime: Some(seconds), ..SIGNS };
    let expired = Key::new(&[]).certified(&[ends(1_000)]);
    assert!(!certified(&expired, &[(CERTIFIES, CERTIFICATION)]), "its word may be of any date");
    let valid = Key::new(&[]).certified(&[ends(1_001)]);
    assert!(certified(&valid, &[(CERTIFIES, CERTIFICATION)]));
    let mut revoked = Key::new(&[]);
    let revocation = revoked.key_signature(&SIGNS, SignatureType::KeyRevocation, &revoked);
    revoked.0.details.revocation_signatures.push(revocation);
    assert!(!certified(&revoked, &[(CERTIFIES, CERTIFICATION)]));
}

#[test]
fn g37_a_certification_that_does_not_hold_counts_for_nothing() {
    let (old, new, other) = (Key::new(&[]), Key::new(&[]), Key::new(&[]));
    let certified_by = |by: &Key, of: &Key, says: &Says| {
        let mut new = Key(new.0.clone());
        new.0.details.users[0].signatures.push(certification(by, of, says, CERTIFICATION));
        certifies(&old.certificate(), &new.certificate(), NOW)
    };
    assert!(certified_by(&old, &new, &CERTIFIES));
    assert!(!certified_by(&other, &new, &CERTIFIES), "of another key");
    assert!(!certified_by(&old, &other, &CERTIFIES), "over another key");
    let weak = Says { hash: HashAlgorithm::Sha3_256, ..CERTIFIES };
    assert!(!certified_by(&old, &new, &weak), "over a hash that does not count");
    assert!(!certifies(&old.certificate(), &old.certificate(), NOW), "nobody comes after itself");
}

#[test]
fn g37_who_is_certified_under_another_name_comes_after_nobody() {
    let old = Key::new(&[]);
    let certified_as = |names: &[&str]| {
        let mut new = Key::new(&[]);
        let mut users = Vec::new();
        for name in names {
            new.0.details.users.truncate(1);
            new.0.details.users[0].id = UserId::from_str(Default::default(), name).unwrap();
            new = new.certified(&[SIGNS]);
            // A friend has certified that it is whose name it bears; nothing more is said.
            let signature = certification(&old, &new, &CERTIFIES, CERTIFICATION);
            new.0.details.users[0].signatures.push(signature);
            users.push(new.0.details.users[0].clone());
        }
        new.0.details.users = users;
        certifies(&old.certificate(), &new.certificate(), NOW)
    };
    let (own, other) = ("sip:alice@example.org", "sip:mallory@example.org");
    assert!(certified_as(&[own]) && certified_as(&[other, own]));
    assert!(!certified_as(&[other]));
    // To write the name below one that was certified is not to have that certified.
    let mut claims = Key::new(&[]);
    let mut users = claims.0.details.users.clone();
    claims.0.details.users[0].id = UserId::from_str(Default::default(), other).unwrap();
    claims = claims.certified(&[SIGNS]);
    let signature = certification(&old, &claims, &CERTIFIES, CERTIFICATION);
    claims.0.details.users[0].signatures.push(signature);
    users.append(&mut claims.0.details.users);
    claims.0.details.users = users;
    assert_eq!(claims.certificate().user_ids(), [own, other]);
    assert!(!certifies(&old.certificate(), &claims.certificate(), NOW));
}

/// It would be verified against every key that there is, and anybody may append a thousand.
#[test]
fn g37_a_certification_that_names_no_issuer_is_not_looked_at() {
    let (old, new) = (Key::new(&[]), Key::new(&[]));
    let counts = |issuer: Option<SubpacketData>| {
        let mut config = CERTIFIES.config(CERTIFICATION, old.primary());
        config.unhashed_subpackets.extend(issuer.map(regular));
        let mut new = Key(new.0.clone());
        let signature = certified_with(&old, &new, config);
        new.0.details.users[0].signatures.push(signature);
        certifies(&old.certificate(), &new.certificate(), NOW)
    };
    let (key, other) = (old.primary(), new.primary());
    assert!(!counts(None));
    assert!(!counts(Some(SubpacketData::IssuerFingerprint(other.fingerprint()))));
    assert!(counts(Some(SubpacketData::IssuerFingerprint(key.fingerprint()))));
    assert!(counts(Some(SubpacketData::IssuerKeyId(key.legacy_key_id()))), "as RFC 4880 has it");
}

#[test]
fn g37_a_certification_that_was_taken_back_or_is_over_counts_no_more() {
    let old = Key::new(&[]);
    let later = Says { at: MADE + 1, ..CERTIFIES };
    let back = (later, SignatureType::CertRevocation);
    assert!(!certified(&old, &[(CERTIFIES, CERTIFICATION), back]));
    // No hash is too weak for taking it back, where it can be computed at all.
    for hash in [HashAlgorithm::Sha3_256, HashAlgorithm::Sha3_512] {
        let weak = Says { at: MADE + 1, hash, ..CERTIFIES };
        let back = (weak, SignatureType::CertRevocation);
        assert!(!certified(&old, &[(CERTIFIES, CERTIFICATION), back]), "{hash:?}");
    }
    let mut new = Key::new(&[]);
    for (lifetime, counts) in [(1_000, false), (1_001, true)] {
        let mut config = CERTIFIES.config(CERTIFICATION, old.primary());
        let end = SubpacketData::SignatureExpirationTime(Duration::from_secs(lifetime));
        let issuer = SubpacketData::IssuerFingerprint(old.primary().fingerprint());
        config.hashed_subpackets.extend([end, issuer].map(regular));
        let signature = certified_with(&old, &new, config);
        new.0.details.users[0].signatures.truncate(1);
        new.0.details.users[0].signatures.push(signature);
        assert_eq!(certifies(&old.certificate(), &new.certificate(), NOW), counts, "{lifetime}");
    }
}

#[tokio::test]
async fn a_key_that_is_made_is_certified_by_the_earlier_one_of_its_address_and_stays_so() {
    let folder = folder();
    let agent = Agent::new(open(&folder).unwrap());
    let work = agent.generate("sip:work@example.org".into()).await.unwrap();
    let first = agent.generate("sip:alice@example.org".into()).await.unwrap();
    assert_eq!(first.certified_by, []);
    let second = agent.generate("sip:alice@example.org".into()).await.unwrap();
    let before = std::slice::from_ref(&first.fingerprint);
    assert_eq!(second.certified_by, before);
    // Who imports both finds it, and so does who reads the folder again.
    let peers = super::folder();
    let peer = Agent::new(open(&peers).unwrap());
    for key in [&work, &first, &second] {
        let armored = agent.export(key.fingerprint.clone()).await.unwrap();
        peer.import(armored.into_bytes()).await.unwrap();
    }
    for keys in [peer.identities().await.unwrap(), open(&folder).unwrap().keys()] {
        let find = |wanted: &sma::Key| keys.iter().find(|it| it.fingerprint == wanted.fingerprint);
        assert_eq!(find(&second).unwrap().certified_by, before);
        assert_eq!(find(&first).unwrap().certified_by, []);
        assert_eq!(find(&work).unwrap().certified_by, []);
    }
}

#[test]
fn what_a_key_says_of_its_end_is_told() {
    let facts = |lifetime| {
        let key = Key::new(&[]).certified(&[Says { lifetime, ..SIGNS }]);
        key.certificate().facts(NOW)
    };
    assert_eq!(facts(None).expires, None);
    assert_eq!(facts(Some(500)).expires, Some(u64::from(MADE) + 500));
    assert!(!facts(None).revoked);
    let mut revoked = Key::new(&[]);
    let revocation = revoked.key_signature(&SIGNS, SignatureType::KeyRevocation, &revoked);
    revoked.0.details.revocation_signatures.push(revocation);
    assert!(revoked.certificate().facts(NOW).revoked);
}
