//! The agent against the contract, and against what may come from outside.

use crate::certificate::{Certificate, Component};
use crate::{Agent, Protection, Store, StoreError};
use pgp::composed::{
    DetachedSignature, KeyType, SecretKeyParamsBuilder, SignedSecretKey, SubkeyParamsBuilder,
    SubpacketConfig,
};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{KeyFlags, Subpacket, SubpacketData};
use pgp::ser::Serialize as _;
use pgp::types::{KeyDetails as _, Password, Timestamp};
use rand08::rngs::OsRng;
use sma::{Error, Fingerprint, KeyAdministration, Notation, SecurityApplication, ToSign, ToVerify};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;
use tempfile::TempDir;
use zeroize::Zeroizing;

mod certificate;
mod forge;
mod messages;
mod store;
mod strength;
mod succession;
mod verify;

const NOTATION: &str = "cs1@countersign.invalid";

fn folder() -> TempDir {
    let mode = Permissions::from_mode(0o700);
    let folder = tempfile::Builder::new().permissions(mode).tempdir();
    folder.unwrap()
}

fn open(folder: &TempDir) -> Result<Store, StoreError> {
    Store::open(folder.path(), Protection::ModeOnly)
}

fn passphrase(text: &str) -> Protection {
    Protection::Passphrase(Zeroizing::new(text.to_owned()))
}

async fn agent(folder: &TempDir) -> (Agent, Fingerprint) {
    let agent = Agent::new(open(folder).unwrap());
    let key = agent.generate("sip:alice@example.org".into()).await.unwrap();
    (agent, key.fingerprint)
}

fn to_sign(signer: &Fingerprint, data: &[u8]) -> ToSign {
    ToSign {
        signer: signer.clone(),
        data: data.to_vec(),
        notation: Notation { name: NOTATION.into(), value: b"uac".to_vec(), critical: true },
        expires_in: Duration::from_secs(300),
    }
}

fn to_verify(signer: &Fingerprint, data: &[u8], signature: Vec<u8>) -> ToVerify {
    ToVerify {
        signer: signer.clone(),
        data: data.to_vec(),
        signature,
        known_notations: vec![NOTATION.into()],
    }
}

#[tokio::test]
async fn the_agent_keeps_the_contract() {
    let folder = folder();
    let agent = Agent::new(open(&folder).unwrap());
    assert_eq!(sma::conformance::run(&agent, Some(&agent)).await, []);
}

#[tokio::test]
async fn a_signature_has_the_size_that_the_design_says() {
    let folder = folder();
    let (agent, key) = agent(&folder).await;
    let signature = agent.sign(to_sign(&key, b"data")).await.unwrap();
    assert!((161..=180).contains(&signature.len()), "{}", signature.len());
}

#[tokio::test]
async fn keys_are_there_again_after_a_restart() {
    let folder = folder();
    let (first, key) = agent(&folder).await;
    let signature = first.sign(to_sign(&key, b"data")).await.unwrap();
    let again = Agent::new(open(&folder).unwrap());
    let report = again.verify(to_verify(&key, b"data", signature)).await;
    assert!(report.unwrap().good);
    assert!(again.sign(to_sign(&key, b"more")).await.is_ok());
}

#[tokio::test]
async fn a_passphrase_protects_the_file_and_opens_it() {
    let folder = folder();
    let store = Store::open(folder.path(), passphrase("right")).unwrap();
    let agent = Agent::new(store);
    let key = agent.generate("sip:alice@example.org".into()).await.unwrap();
    let message = agent.encrypt(vec![key.fingerprint.clone()], b"text".to_vec().into());
    let message = message.await.unwrap();
    let open = |protection| Store::open(folder.path(), protection);
    assert!(matches!(open(passphrase("wrong")), Err(StoreError::WrongPassphrase(_))));
    assert!(matches!(open(Protection::ModeOnly), Err(StoreError::Protected(_))));
    let again = Agent::new(open(passphrase("right")).unwrap());
    let plain = again.decrypt(key.fingerprint.clone(), message.clone()).await;
    assert_eq!(plain.unwrap().octets.expose(), b"text");
    let closed = Agent::new(open(Protection::Closed).unwrap());
    assert_eq!(closed.identities().await.unwrap(), std::slice::from_ref(&key));
    let refused = closed.sign(to_sign(&key.fingerprint, b"data")).await;
    assert_eq!(refused, Err(Error::Locked));
    assert_eq!(closed.decrypt(key.fingerprint, message).await, Err(Error::Locked));
}

#[tokio::test]
async fn an_unprotected_key_is_refused_where_a_passphrase_is_asked_for() {
    let folder = folder();
    agent(&folder).await;
    let refused = Store::open(folder.path(), passphrase("any"));
    assert!(matches!(refused, Err(StoreError::Unprotected(_))));
}

#[tokio::test]
async fn o02_private_keys_that_others_can_read_are_refused() {
    let folder = folder();
    let (_, key) = agent(&folder).await;
    let file = folder.path().join(format!("{key}.sec.asc"));
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
    fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
    let told = open(&folder).err().unwrap().to_string();
    assert_eq!(told, format!("{}: mode is 0640, must be 0600", file.display()));
    fs::set_permissions(folder.path(), Permissions::from_mode(0o750)).unwrap();
    assert!(matches!(open(&folder), Err(StoreError::Folder(_))));
}

#[tokio::test]
async fn g01_a_signature_of_another_key_is_not_good() {
    let (one, other) = (folder(), folder());
    let (alice, key) = agent(&one).await;
    let (mallory, forger) = agent(&other).await;
    let signature = mallory.sign(to_sign(&forger, b"data")).await.unwrap();
    let report = alice.verify(to_verify(&key, b"data", signature.clone())).await;
    assert!(!report.unwrap().good);
    let unknown = alice.verify(to_verify(&forger, b"data", signature)).await;
    assert_eq!(unknown, Err(Error::NoSuchKey));
}

#[tokio::test]
async fn g25_a_message_for_another_recipient_or_without_integrity_is_refused() {
    let (one, other) = (folder(), folder());
    let (alice, key) = agent(&one).await;
    let (_, bob) = agent(&other).await;
    let their = Agent::new(open(&other).unwrap()).export(bob.clone()).await;
    let imported = alice.import(their.unwrap().into_bytes()).await.unwrap();
    assert!(!imported[0].secret && imported[0].fingerprint == bob);
    let message = alice.encrypt(vec![bob.clone()], b"text".to_vec().into()).await.unwrap();
    assert_eq!(alice.decrypt(key.clone(), message.clone()).await, Err(Error::NoSuchKey));
    assert_eq!(alice.decrypt(bob, message.clone()).await, Err(Error::NoSuchKey));
    // Tag 18 turned into tag 9, which knows no integrity.
    let sealed = alice.encrypt(vec![key.clone()], b"text".to_vec().into()).await.unwrap();
    let at = 2 + usize::from(sealed[1]);
    assert_eq!((sealed[0], sealed[at]), (0xC1, 0xD2));
    let mut stripped = sealed;
    stripped[at] = 0xC9;
    assert_eq!(alice.decrypt(key, stripped).await, Err(Error::Malformed));
}

#[tokio::test]
async fn import_takes_no_private_key_and_keeps_our_own() {
    let (one, other) = (folder(), folder());
    let (alice, key) = agent(&one).await;
    let (_, theirs) = agent(&other).await;
    let private = other.path().join(format!("{theirs}.sec.asc"));
    let refused = alice.import(fs::read(private).unwrap()).await;
    assert_eq!(refused, Err(Error::Key(sma::KeyFault::Secret)));
    let own = alice.export(key.clone()).await.unwrap();
    let kept = alice.import(own.into_bytes()).await.unwrap();
    assert!(kept[0].secret);
    assert!(!one.path().join(format!("{key}.pub.asc")).exists());
}

#[tokio::test]
async fn a_user_id_is_one_line() {
    let folder = folder();
    let (agent, _) = agent(&folder).await;
    for user_id in ["", "two\nlines", "\u{1b}[31m"] {
        let refused = agent.generate(user_id.into()).await;
        assert_eq!(refused, Err(Error::Malformed), "{user_id:?}");
    }
}

/// A primary key that only certifies, with a subkey that signs.
fn key_with_signing_subkey() -> SignedSecretKey {
    let subkey =
        SubkeyParamsBuilder::default().key_type(KeyType::Ed25519Legacy).can_sign(true).build();
    let params = SecretKeyParamsBuilder::default()
        .key_type(KeyType::Ed25519Legacy)
        .can_certify(true)
        .primary_user_id("sip:alice@example.org".into())
        .subkey(subkey.unwrap())
        .build();
    params.unwrap().generate(OsRng).unwrap()
}

#[test]
fn g16_a_signing_subkey_counts_only_with_its_back_signature() {
    let key = key_with_signing_subkey();
    let certificate = Certificate::evaluate(key.to_public_key()).unwrap();
    assert!(matches!(certificate.signer(u64::MAX), Some(Component::Subkey(_))));
    let mut stripped = key;
    let subkey = &mut stripped.secret_subkeys[0];
    let mut flags = KeyFlags::default();
    flags.set_sign(true);
    let binding = subkey.key.public_key().sign(
        OsRng,
        &stripped.primary_key,
        stripped.primary_key.public_key(),
        &Password::empty(),
        flags,
        None,
    );
    subkey.signatures = vec![binding.unwrap()];
    let certificate = Certificate::evaluate(stripped.to_public_key()).unwrap();
    assert!(certificate.signer(u64::MAX).is_none());
}

/// A signature may name a server for its key (RFC 9580 §5.2.3.26), and one whose key is not known
/// makes other programs ask there. Nobody is asked here.
#[tokio::test]
async fn g19_a_signature_that_names_a_server_makes_nobody_ask_it() {
    let internal = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    internal.set_nonblocking(true).unwrap();
    let server = format!("http://{}/key.asc", internal.local_addr().unwrap());
    let folder = folder();
    let (agent, key) = agent(&folder).await;
    let strange = key_with_signing_subkey();
    let subpacket = |data| Subpacket::regular(data).unwrap();
    let hashed = vec![
        subpacket(SubpacketData::SignatureCreationTime(Timestamp::from_secs(1_700_000_000))),
        subpacket(SubpacketData::PreferredKeyServer(server)),
        subpacket(SubpacketData::IssuerFingerprint(strange.primary_key.fingerprint())),
    ];
    let config = SubpacketConfig::UserDefined { hashed, unhashed: Vec::new() };
    let signature = DetachedSignature::sign_binary_data_with_subpackets(
        OsRng,
        &strange.primary_key,
        &Password::empty(),
        HashAlgorithm::Sha256,
        &b"data"[..],
        config,
    );
    let signature = signature.unwrap().to_bytes().unwrap();
    let report = agent.verify(to_verify(&key, b"data", signature.clone())).await.unwrap();
    assert!(!report.good);
    let unknown = Fingerprint::parse(&strange.primary_key.fingerprint().to_string()).unwrap();
    let refused = agent.verify(to_verify(&unknown, b"data", signature)).await;
    assert_eq!(refused, Err(Error::NoSuchKey));
    let came = internal.accept().map_err(|error| error.kind());
    assert_eq!(came.err(), Some(std::io::ErrorKind::WouldBlock));
}
