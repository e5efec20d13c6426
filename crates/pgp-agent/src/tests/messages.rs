//! Signing, encrypting and decrypting with keys of every make, up to their limits.

use super::forge::{CERTIFIES, ENCRYPTS, Key, MADE, SIGNS, Says};
use super::{agent, folder, open, passphrase, to_sign, to_verify};
use crate::store::{Entry, Secret};
use crate::{Agent, encryption, generate, sign};
use pgp::composed::{KeyType, MessageBuilder, RawSessionKey, SignedSecretKey};
use pgp::crypto::ecc_curve::ECCCurve;
use pgp::crypto::hash::HashAlgorithm;
use pgp::crypto::sym::SymmetricKeyAlgorithm;
use pgp::packet::{
    Packet, PacketParser, PacketTrait as _, PublicKeyEncryptedSessionKey, Signature, SubpacketData,
    SymEncryptedProtectedData,
};
use pgp::types::{KeyDetails as _, Password};
use rand08::rngs::OsRng;
use sma::{Error, KeyAdministration as _, MAX_OCTETS, SecurityApplication as _};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

const NOW: u64 = MADE as u64 + 10;

fn entry(key: &Key) -> Entry {
    let secret = Secret::Open(Box::new(key.0.clone()));
    Entry { certificate: key.certificate(), secret }
}

/// An agent whose folder holds a private key that was made elsewhere.
fn with(key: &SignedSecretKey) -> (Agent, TempDir) {
    let folder = folder();
    let path = folder.path().join("key.sec.asc");
    fs::write(&path, generate::armored(key, None).unwrap().as_bytes()).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    (Agent::new(open(&folder).unwrap()), folder)
}

fn packet(octets: &[u8]) -> Signature {
    let mut packets = PacketParser::new(octets);
    let Some(Ok(Packet::Signature(signature))) = packets.next() else {
        panic!("no signature");
    };
    assert!(packets.next().is_none());
    signature
}

#[tokio::test]
async fn a_subkey_signs_where_the_primary_key_does_not() {
    let key = Key::new(&[(KeyType::Ed25519Legacy, 0), (KeyType::Ed25519Legacy, 0)]);
    let key = key.certified(&[CERTIFIES]);
    let revoked = vec![key.binding(0, &SIGNS), key.revocation(0, &key)];
    let second = vec![key.binding(1, &SIGNS)];
    let key = key.bound(0, revoked).bound(1, second);
    let (agent, _folder) = with(&key.0);
    let signer = key.certificate().fingerprint().clone();
    let signature = agent.sign(to_sign(&signer, b"data")).await.unwrap();
    let named = packet(&signature).issuer_fingerprint()[0].clone();
    assert_eq!(named, key.subkey(1).fingerprint());
    let report = agent.verify(to_verify(&signer, b"data", signature)).await.unwrap();
    assert!(report.good && report.primary == signer);
}

#[tokio::test]
async fn a_key_that_has_expired_or_is_anothers_signs_nothing() {
    let expired = Key::new(&[]).certified(&[Says { lifetime: Some(1000), ..SIGNS }]);
    let (agent, _folder) = with(&expired.0);
    let signer = expired.certificate().fingerprint().clone();
    assert_eq!(agent.sign(to_sign(&signer, b"data")).await, Err(Error::Unusable));
    let other = Key::new(&[]);
    let octets = other.0.to_public_key().to_armored_bytes(Default::default()).unwrap();
    let theirs = agent.import(octets).await.unwrap().remove(0).fingerprint;
    assert_eq!(agent.sign(to_sign(&theirs, b"data")).await, Err(Error::NoSuchKey));
}

#[test]
fn a_signature_says_what_it_was_asked_to_say() {
    let key = Key::new(&[]);
    let entry = entry(&key);
    for (value, readable) in [(&b"uac"[..], true), (b"\xFF", false)] {
        let mut question = to_sign(entry.certificate.fingerprint(), b"data");
        question.notation.value = value.to_vec();
        let made = packet(&sign::sign(&entry, &question, NOW).unwrap());
        assert_eq!(u64::from(made.created().unwrap().as_secs()), NOW);
        assert_eq!(made.signature_expiration_time().unwrap().as_secs(), 300);
        let config = made.config().unwrap();
        let notation = config.hashed_subpackets().find_map(|one| match &one.data {
            SubpacketData::Notation(notation) => Some(notation),
            _ => None,
        });
        let notation = notation.unwrap();
        assert_eq!((notation.value.as_ref(), notation.readable), (value, readable));
        let critical = config.hashed_subpackets().filter(|one| one.is_critical).count();
        assert_eq!(critical, 3, "its time, its end and its notation");
        assert_eq!(made.issuer_key_id(), [&key.primary().legacy_key_id()]);
    }
}

#[test]
fn a_time_that_no_signature_can_hold_is_not_cut() {
    let entry = entry(&Key::new(&[]));
    let last = u64::from(u32::MAX);
    let ask = |now, expires_in| {
        let mut question = to_sign(entry.certificate.fingerprint(), b"data");
        question.expires_in = Duration::from_secs(expires_in);
        sign::sign(&entry, &question, now)
    };
    assert!(ask(last, last).is_ok());
    assert_eq!(ask(last + 1, 300), Err(Error::Failed));
    assert_eq!(ask(NOW, last + 1), Err(Error::Failed));
}

#[test]
fn g07_no_signature_of_more_than_2048_octets_is_made() {
    let entry = entry(&Key::new(&[]));
    let mut longest = 0;
    // One of Ed25519 may be an octet shorter than most, the same for the same octets.
    for text in (1840..1900).flat_map(|length| (b'a'..=b'd').map(move |x| vec![x; length])) {
        let mut question = to_sign(entry.certificate.fingerprint(), b"data");
        question.notation.value = text;
        match sign::sign(&entry, &question, NOW) {
            Ok(signature) => longest = longest.max(signature.len()),
            Err(error) => assert_eq!(error, Error::TooLarge),
        }
    }
    assert_eq!(longest, 2048);
}

#[tokio::test]
async fn g07_octets_over_the_limit_are_refused_before_anything_else() {
    let folder = folder();
    let (agent, key) = agent(&folder).await;
    let (max, more) = (vec![b'x'; MAX_OCTETS], vec![b'x'; MAX_OCTETS + 1]);
    let signature = agent.sign(to_sign(&key, &max)).await.unwrap();
    assert_eq!(agent.sign(to_sign(&key, &more)).await, Err(Error::TooLarge));
    let report = agent.verify(to_verify(&key, &max, signature.clone())).await;
    assert!(report.unwrap().good);
    let refused = agent.verify(to_verify(&key, &more, signature)).await;
    assert_eq!(refused, Err(Error::TooLarge));
    let refused = agent.encrypt(vec![key.clone()], more.clone().into()).await;
    assert_eq!(refused, Err(Error::TooLarge));
    assert_eq!(agent.decrypt(key.clone(), max.clone()).await, Err(Error::Malformed));
    assert_eq!(agent.decrypt(key, more.clone()).await, Err(Error::TooLarge));
    assert_eq!(agent.import(max).await, Err(Error::Malformed));
    assert_eq!(agent.import(more).await, Err(Error::TooLarge));
    let user_id = "x".repeat(512);
    assert!(agent.generate(user_id.clone()).await.is_ok());
    assert_eq!(agent.generate(user_id + "x").await, Err(Error::Malformed));
}

fn encryption_key() -> Key {
    let key = Key::new(&[(KeyType::ECDH(ECCCurve::Curve25519Legacy), 0)]);
    let binding = key.binding(0, &ENCRYPTS);
    key.bound(0, vec![binding])
}

#[test]
fn a_message_of_the_largest_size_is_made_and_none_larger() {
    let recipients = [Arc::new(entry(&encryption_key()))];
    let encrypt = |length| encryption::encrypt(&recipients, vec![b'x'; length].into(), NOW);
    let mut length = MAX_OCTETS - 1000;
    for _ in 0..8 {
        length += MAX_OCTETS - encrypt(length).unwrap().len();
    }
    assert_eq!(encrypt(length).unwrap().len(), MAX_OCTETS);
    assert_eq!(encrypt(length + 1), Err(Error::TooLarge));
}

#[test]
fn a_message_is_encrypted_to_all_or_to_none() {
    let (one, other, no) = (encryption_key(), encryption_key(), Key::new(&[]));
    let entries = [&one, &other, &no].map(|key| Arc::new(entry(key)));
    let message = encryption::encrypt(&entries[..2], b"text".to_vec().into(), NOW).unwrap();
    for entry in &entries[..2] {
        let plain = encryption::decrypt(entry, &message).unwrap();
        assert!(plain.octets.expose() == b"text" && plain.integrity);
    }
    assert!(encryption::decrypt(&entries[2], &message).is_err());
    let refused = encryption::encrypt(&entries[1..], b"text".to_vec().into(), NOW);
    assert_eq!(refused, Err(Error::Unusable));
}

#[tokio::test]
async fn a_message_to_nobody_is_refused() {
    let folder = folder();
    let (agent, _) = agent(&folder).await;
    let refused = agent.encrypt(Vec::new(), b"text".to_vec().into()).await;
    assert_eq!(refused, Err(Error::NoSuchKey));
}

/// A message to `key`, made without the agent.
fn sealed(key: &Key, octets: Vec<u8>, signed: bool) -> Vec<u8> {
    let mut message =
        MessageBuilder::from_bytes("", octets).seipd_v1(OsRng, SymmetricKeyAlgorithm::AES256);
    message.encrypt_to_key(OsRng, key.subkey(0).public_key()).unwrap();
    if signed {
        message.sign(key.primary(), Password::empty(), HashAlgorithm::Sha256);
    }
    message.to_vec(OsRng).unwrap()
}

/// A message to `key` whose content is `packet`, whatever that is.
fn wrapped(key: &Key, packet: &[u8]) -> Vec<u8> {
    let (aes, session, mut octets) = (SymmetricKeyAlgorithm::AES256, [7_u8; 32], Vec::new());
    let subkey = key.subkey(0).public_key();
    let session_key = RawSessionKey::from(session.to_vec());
    PublicKeyEncryptedSessionKey::from_session_key_v3(OsRng, &session_key, aes, subkey)
        .and_then(|packet| packet.to_writer_with_header(&mut octets))
        .unwrap();
    SymEncryptedProtectedData::encrypt_seipdv1(OsRng, aes, &session, packet)
        .and_then(|packet| packet.to_writer_with_header(&mut octets))
        .unwrap();
    octets
}

#[test]
fn g25_whoever_encrypts_cannot_pass_off_a_part_as_the_whole() {
    let key = encryption_key();
    let entry = entry(&key);
    // Literal data of four octets. RFC 9580 §5.9.
    let whole = [0xCB, 10, b'b', 0, 0, 0, 0, 0, b't', b'e', b'x', b't'];
    let open = |packet: &[u8]| encryption::decrypt(&entry, &wrapped(&key, packet));
    assert!(open(&whole).unwrap().octets.expose() == b"text");
    for length in [0, 1, 2, 5, 9, 11] {
        assert_eq!(open(&whole[..length]), Err(Error::Malformed), "{length}");
    }
}

#[test]
fn g25_what_is_opened_is_encrypted_and_nothing_but_octets_inside() {
    let key = encryption_key();
    let entry = entry(&key);
    let open = |octets: &[u8]| encryption::decrypt(&entry, octets);
    let message = sealed(&key, b"text".to_vec(), false);
    assert!(open(&message).unwrap().octets.expose() == b"text");
    let plain = MessageBuilder::from_bytes("", "text").to_vec(OsRng).unwrap();
    assert_eq!(open(&plain), Err(Error::Malformed), "not encrypted");
    assert_eq!(open(&sealed(&key, b"text".to_vec(), true)), Err(Error::Malformed), "signed inside");
    assert_eq!(open(b""), Err(Error::Malformed));
    let mut changed = message;
    *changed.last_mut().unwrap() ^= 1;
    assert_eq!(open(&changed), Err(Error::Malformed), "changed on its way");
    let largest = open(&sealed(&key, vec![b'x'; MAX_OCTETS], false)).unwrap();
    assert_eq!(largest.octets.expose().len(), MAX_OCTETS);
    let larger = open(&sealed(&key, vec![b'x'; MAX_OCTETS + 1], false));
    assert_eq!(larger, Err(Error::TooLarge));
}

#[tokio::test]
async fn what_is_not_there_is_not_exported() {
    let folder = folder();
    let store = crate::Store::open(folder.path(), passphrase("right")).unwrap();
    let agent = Agent::new(store);
    let key = agent.generate("sip:alice@example.org".into()).await.unwrap().fingerprint;
    let text = agent.export(key).await.unwrap();
    assert!(text.starts_with("-----BEGIN PGP PUBLIC KEY BLOCK-----"));
    assert!(!text.contains("PRIVATE"));
    let unknown = Key::new(&[]).certificate().fingerprint().clone();
    assert_eq!(agent.export(unknown.clone()).await, Err(Error::NoSuchKey));
    let refused = agent.encrypt(vec![unknown], b"text".to_vec().into()).await;
    assert_eq!(refused, Err(Error::NoSuchKey));
}
