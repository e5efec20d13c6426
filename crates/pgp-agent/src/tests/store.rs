//! The key folder: what is read from it, and what is written into it.

use super::forge::{ENCRYPTS, Key, MADE, SIGNS, Says};
use super::{agent, folder, open, passphrase};
use crate::store::is_user_id;
use crate::{Agent, Protection, Store, StoreError, generate, open_private, parse};
use pgp::composed::{ArmorOptions, KeyType, SignedSecretKey};
use pgp::crypto::ecc_curve::ECCCurve;
use pgp::packet::SignatureType;
use pgp::ser::Serialize as _;
use pgp::types::{Password, SecretParams};
use rand08::rngs::OsRng;
use rustix::process::geteuid;
use sma::{Error, KeyAdministration as _, MAX_OCTETS, SecurityApplication as _};
use std::fs::{self, Permissions};
use std::io::Read as _;
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::path::Path;
use tempfile::TempDir;

#[test]
fn a_user_id_has_1_to_512_octets_and_no_control_characters() {
    for (user_id, good) in [
        (String::new(), false),
        ("x".into(), true),
        ("x".repeat(512), true),
        ("x".repeat(513), false),
        // Octets are counted, not letters.
        ("ü".repeat(256), true),
        ("ü".repeat(257), false),
        ("Zoë <sip:zoe@example.org>".into(), true),
        ("tab\t".into(), false),
        ("nul\0".into(), false),
        ("delete\u{7f}".into(), false),
        ("next line\u{85}".into(), false),
    ] {
        assert_eq!(is_user_id(&user_id), good, "{user_id:?}");
    }
}

/// What is said of a private file, by its kind.
fn refused(path: &Path) -> &'static str {
    match open_private(path) {
        Ok(_) => "opened",
        Err(StoreError::NotOurs(at)) if at == path => "not ours",
        Err(StoreError::Readable { path: at, .. }) if at == path => "readable",
        Err(StoreError::Io { path: at, .. }) if at == path => "no file",
        Err(_) => "something else",
    }
}

#[test]
fn o02_a_private_file_is_a_plain_one_of_ours_that_nobody_else_can_read() {
    let folder = folder();
    let path = folder.path().join("secret");
    assert_eq!(refused(&path), "no file");
    fs::write(&path, b"secret").unwrap();
    for mode in [0o500, 0o601, 0o604, 0o610, 0o620, 0o640, 0o660, 0o700, 0o1600, 0o4600] {
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        assert_eq!(refused(&path), "readable", "{mode:o}");
    }
    for mode in [0o400, 0o600] {
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        assert_eq!(refused(&path), "opened", "{mode:o}");
    }
    let link = folder.path().join("link");
    symlink(&path, &link).unwrap();
    assert_eq!(refused(&link), "not ours");
    assert_eq!(refused(folder.path()), "not ours");
}

#[test]
fn o02_a_private_file_of_another_user_is_refused() {
    let folder = folder();
    let path = folder.path().join("secret");
    fs::write(&path, b"secret").unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    // Whoever is not root cannot have such a file, nor open one.
    if geteuid().is_root() {
        chown(&path, Some(65_534), None).unwrap();
        assert_eq!(refused(&path), "not ours");
    }
}

fn private(folder: &TempDir, key: &Key) {
    let text = generate::armored(&key.0, None).unwrap();
    let path = folder.path().join(format!("{}.sec.asc", key.certificate().fingerprint()));
    fs::write(&path, text.as_bytes()).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
}

fn public(key: &Key) -> Vec<u8> {
    key.0.to_public_key().to_armored_bytes(ArmorOptions::default()).unwrap()
}

/// A folder on a disk that is only read, for one.
#[test]
fn keys_are_read_where_nobody_may_write() {
    let folder = folder();
    let key = Key::new(&[]);
    private(&folder, &key);
    let name = format!("{}.sec.asc", key.certificate().fingerprint());
    fs::set_permissions(folder.path().join(name), Permissions::from_mode(0o400)).unwrap();
    for (mode, opens) in [(0o500, true), (0o550, false), (0o501, false), (0o400, false)] {
        fs::set_permissions(folder.path(), Permissions::from_mode(mode)).unwrap();
        let opened = open(&folder);
        fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).unwrap();
        assert_eq!(opened.is_ok_and(|store| store.keys()[0].secret), opens, "{mode:o}");
    }
}

#[test]
fn a_private_key_is_ours_whatever_public_files_say_the_same() {
    let folder = folder();
    for name in 0..4 {
        let key = Key::new(&[]);
        private(&folder, &key);
        // In whichever order the folder is read, one of these comes later.
        for copy in 0..6 {
            let path = folder.path().join(format!("{name}-{copy}.pub.asc"));
            fs::write(path, public(&key)).unwrap();
        }
    }
    let keys = open(&folder).unwrap().keys();
    assert!(keys.len() == 4 && keys.iter().all(|key| key.secret), "{keys:?}");
}

#[tokio::test]
async fn our_own_keys_stand_before_others() {
    let folder = folder();
    let (agent, ours) = agent(&folder).await;
    for _ in 0..12 {
        let key = agent.import(public(&Key::new(&[]))).await.unwrap().remove(0);
        assert!(!key.secret);
    }
    for keys in [agent.identities().await.unwrap(), open(&folder).unwrap().keys()] {
        assert_eq!((keys.len(), &keys[0].fingerprint), (13, &ours));
        assert!(keys[0].secret && keys[1..].iter().all(|key| !key.secret));
        assert!(keys[1..].is_sorted_by_key(|key| key.fingerprint.as_str().to_owned()));
    }
}

#[test]
fn other_files_of_the_folder_are_left_alone() {
    let folder = folder();
    for name in ["key.asc", "sec.asc.old", "pub.asc~", ".tmpX1"] {
        fs::write(folder.path().join(name), b"no key").unwrap();
    }
    assert!(open(&folder).unwrap().keys().is_empty());
}

#[test]
fn a_file_of_the_folder_that_cannot_be_read_is_named() {
    let folder = folder();
    let path = folder.path().join("folder.pub.asc");
    fs::create_dir(&path).unwrap();
    let refused = open(&folder);
    assert!(matches!(refused, Err(StoreError::NotOurs(at)) if at == path));
}

#[test]
fn a_file_of_the_folder_is_at_most_twice_what_is_imported() {
    let folder = folder();
    let certificate = Key::new(&[]).0.to_public_key().to_bytes().unwrap();
    let path = folder.path().join("large.pub.asc");
    for (length, opens) in [(2 * MAX_OCTETS, true), (2 * MAX_OCTETS + 1, false)] {
        // Padding, RFC 9580 §5.14, with a length of five octets.
        let padding = length - certificate.len() - 6;
        let header =
            [&[0xD5_u8, 0xFF][..], &u32::try_from(padding).unwrap().to_be_bytes()].concat();
        let octets = [certificate.clone(), header, vec![0; padding]].concat();
        assert_eq!(octets.len(), length);
        fs::write(&path, octets).unwrap();
        match open(&folder) {
            Ok(store) => assert!(opens && store.keys().len() == 1, "{length}"),
            Err(fault) => assert!(!opens && fault.to_string().contains("too large"), "{fault}"),
        }
    }
}

#[tokio::test]
async fn o05_a_file_is_replaced_whole_and_nothing_is_left_beside_it() {
    let folder = folder();
    let agent = Agent::new(open(&folder).unwrap());
    let mut key = Key::new(&[]);
    let before = agent.import(public(&key)).await.unwrap().remove(0);
    let path = folder.path().join(format!("{}.pub.asc", before.fingerprint));
    let old = fs::read(&path).unwrap();
    let mut reading = fs::File::open(&path).unwrap();
    let revocation = key.key_signature(&SIGNS, SignatureType::KeyRevocation, &key);
    key.0.details.revocation_signatures = vec![revocation];
    agent.import(public(&key)).await.unwrap();
    let mut read = Vec::new();
    reading.read_to_end(&mut read).unwrap();
    assert!(read == old, "who reads meanwhile reads the old one to its end");
    assert!(fs::read(&path).unwrap() != old);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
    assert!(open(&folder).unwrap().entry(&before.fingerprint).unwrap().certificate.is_revoked());
}

#[tokio::test]
async fn a_newer_copy_of_a_key_replaces_the_older_one() {
    let folder = folder();
    let agent = Agent::new(open(&folder).unwrap());
    let key = Key::new(&[(KeyType::ECDH(ECCCurve::Curve25519Legacy), 0)]);
    let binding = key.binding(0, &ENCRYPTS);
    let key = key.bound(0, vec![binding]);
    let fingerprint = agent.import(public(&key)).await.unwrap().remove(0).fingerprint;
    let encrypt = || agent.encrypt(vec![fingerprint.clone()], b"text".to_vec().into());
    assert!(encrypt().await.is_ok());
    let ended = key.binding(0, &Says { at: MADE + 1, lifetime: Some(1), ..ENCRYPTS });
    let key = key.bound(0, vec![ended]);
    agent.import(public(&key)).await.unwrap();
    assert_eq!(encrypt().await, Err(Error::Unusable));
}

#[test]
fn without_a_choice_of_protection_no_key_is_made() {
    let folder = folder();
    let mut store = Store::open(folder.path(), Protection::Closed).unwrap();
    let refused = store.generate("sip:alice@example.org");
    assert!(matches!(refused, Err(StoreError::Protected(at)) if at == folder.path()));
    let mut store = open(&folder).unwrap();
    assert!(matches!(store.generate("two\nlines"), Err(StoreError::UserId)));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// A key with one subkey, whose primary key and subkey are locked under `right` or not.
fn locked(primary: bool, subkey: bool) -> Key {
    let mut key = Key::new(&[(KeyType::Ed25519Legacy, 0)]);
    let password = Password::from("right");
    if primary {
        key.0.primary_key.set_password(OsRng, &password).unwrap();
    }
    if subkey {
        key.0.secret_subkeys[0].key.set_password(OsRng, &password).unwrap();
    }
    key
}

/// Which parts of a private key are locked.
fn locks(key: &SignedSecretKey) -> [bool; 2] {
    let (primary, subkey) = (&key.primary_key, &key.secret_subkeys[0].key);
    [primary.secret_params(), subkey.secret_params()].map(SecretParams::is_encrypted)
}

#[test]
fn a_passphrase_locks_and_opens_every_part_of_a_private_key() {
    let text = generate::armored(&locked(false, false).0, Some("right")).unwrap();
    let mut written = parse::secret(text.as_bytes()).unwrap().remove(0);
    assert_eq!(locks(&written), [true, true]);
    generate::unlock(&mut written, &Password::from("right")).unwrap();
    assert_eq!(locks(&written), [false, false]);
}

#[test]
fn o02_a_private_key_of_which_any_part_is_locked_needs_its_passphrase() {
    for (primary, subkey) in [(true, false), (false, true), (true, true)] {
        let folder = folder();
        let path = folder.path().join("key.sec.asc");
        let key = locked(primary, subkey);
        fs::write(&path, generate::armored(&key.0, None).unwrap().as_bytes()).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        assert!(matches!(open(&folder), Err(StoreError::Protected(at)) if at == path));
        let wrong = Store::open(folder.path(), passphrase("wrong"));
        assert!(matches!(wrong, Err(StoreError::WrongPassphrase(at)) if at == path));
    }
}

#[test]
fn what_is_wrong_with_the_folder_is_told_in_words() {
    let path = || Path::new("/keys/a.sec.asc").to_owned();
    for (error, words) in [
        (StoreError::NotOurs(path()), "/keys/a.sec.asc: not a plain file of ours"),
        (
            StoreError::Unprotected(path()),
            "/keys/a.sec.asc: not protected by a passphrase; --no-passphrase allows that",
        ),
        (
            StoreError::Protected(path()),
            "/keys/a.sec.asc: protected by a passphrase, and none was given",
        ),
    ] {
        assert_eq!(error.to_string(), words);
    }
}

/// Two processes over one folder: what the one was told of a revocation, the other does not undo.
#[tokio::test]
async fn g03_a_revocation_that_another_process_wrote_stays() {
    let folder = folder();
    let [one, other] = [(), ()].map(|()| Agent::new(open(&folder).unwrap()));
    let mut key = Key::new(&[]);
    let before = public(&key);
    one.import(before.clone()).await.unwrap();
    let revocation = key.key_signature(&SIGNS, SignatureType::KeyRevocation, &key);
    key.0.details.revocation_signatures.push(revocation);
    one.import(public(&key)).await.unwrap();
    let told = other.import(before).await.unwrap();
    assert!(told[0].facts.revoked, "what it is told");
    assert!(open(&folder).unwrap().keys()[0].facts.revoked, "what is kept");
}
