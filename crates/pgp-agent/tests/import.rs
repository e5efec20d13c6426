//! What an import meets: the certificates of `data/certificates`, see `make.sh` there, and what
//! others may have made of them.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests, where a panic is a failure"
)]

use pgp_agent::{Agent, Protection, Store, StoreError};
use sma::{Error, HashId, Key, KeyAdministration as _, KeyFault, MAX_OCTETS};
use sma::{SecurityApplication as _, ToVerify};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use tempfile::TempDir;

fn data(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/certificates/");
    fs::read(format!("{folder}{name}.pgp")).unwrap()
}

fn folder() -> TempDir {
    let mode = Permissions::from_mode(0o700);
    tempfile::Builder::new().permissions(mode).tempdir().unwrap()
}

fn open(folder: &TempDir) -> Agent {
    Agent::new(Store::open(folder.path(), Protection::ModeOnly).unwrap())
}

async fn import(octets: Vec<u8>) -> Result<Vec<Key>, Error> {
    open(&folder()).import(octets).await
}

/// The packets of a certificate, each with its header. GnuPG writes the legacy format with a length
/// of one or two octets. RFC 9580 §4.2.2.
fn packets(mut octets: &[u8]) -> Vec<&[u8]> {
    let mut packets = Vec::new();
    while let [first, one, two, ..] = octets {
        let whole = match first & 3 {
            0 => 2 + usize::from(*one),
            _ => 3 + usize::from(u16::from_be_bytes([*one, *two])),
        };
        let (packet, rest) = octets.split_at(whole);
        packets.push(packet);
        octets = rest;
    }
    packets
}

const fn tag(packet: &[u8]) -> u8 {
    packet[0] >> 2 & 0xF
}

#[tokio::test]
async fn a_backup_of_gnupg_is_imported_without_its_trust_packets() {
    let backup = data("backup");
    assert_eq!(packets(&backup).iter().filter(|packet| tag(packet) == 12).count(), 4);
    let folder = folder();
    let agent = open(&folder);
    let keys = agent.import(backup).await.unwrap();
    assert_eq!(keys[0].user_ids, ["sip:backup@example.org"]);
    let key = &keys[0].fingerprint;
    // Its subkey, which stands behind trust packets, is there too, and all of it after a restart.
    assert!(agent.encrypt(vec![key.clone()], b"text".to_vec().into()).await.is_ok());
    assert_eq!(open(&folder).identities().await.unwrap(), keys);
}

#[tokio::test]
async fn a_malformed_third_party_certification_is_ignored() {
    let certified = data("certified");
    let theirs = packets(&certified).pop().unwrap().to_vec();
    let at = certified.len() - theirs.len();
    assert!(import(certified.clone()).await.is_ok());
    // The hash algorithm, the length of the hashed area, the type, the version, and every octet.
    for octet in 3..theirs.len() {
        for value in [0, 0xFF, theirs[octet] ^ 1] {
            let mut changed = certified.clone();
            changed[at + octet] = value;
            let keys = import(changed).await;
            let named = keys.map(|keys| keys[0].user_ids.clone());
            assert_eq!(named, Ok(vec!["sip:certified@example.org".to_owned()]), "{octet}, {value}");
        }
    }
}

#[tokio::test]
async fn what_is_not_imported_is_told_by_its_fault() {
    for (name, fault) in [
        ("sha1", KeyFault::WeakHash(HashId(2))),
        ("brainpool", KeyFault::Algorithm(19)),
        ("nameless", KeyFault::NoUserId),
        ("secret", KeyFault::Secret),
        ("revoked", KeyFault::Revoked),
    ] {
        assert_eq!(import(data(name)).await, Err(Error::Key(fault)), "{name}");
    }
    let mut forged = data("backup");
    let at = forged.windows(4).position(|window| window == b"sip:").unwrap();
    forged[at] = b'S';
    assert_eq!(import(forged).await, Err(Error::Key(KeyFault::Unbound)));
}

#[tokio::test]
async fn a_user_id_that_is_revoked_is_none_of_the_key() {
    let keys = import(data("kept")).await.unwrap();
    assert_eq!(keys[0].user_ids, ["sip:kept@example.org"]);
}

#[tokio::test]
async fn what_is_no_key_is_malformed() {
    let certificate = data("certified");
    let key = packets(&certificate)[0];
    let unknown_critical = [&certificate[..], &[0xC0 | 39, 1, 0]].concat();
    let message = [&certificate[..], &[0xC0 | 11, 6, b'b', 0, 0, 0, 0, 0]].concat();
    let mut other_version = certificate.clone();
    other_version[2] = 9;
    for (what, octets) in [
        ("nothing", Vec::new()),
        ("text", b"this is no key".to_vec()),
        ("armor without an end", b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n".to_vec()),
        ("a signature alone", packets(&certificate)[2].to_vec()),
        ("cut in its first packet", key[..key.len() - 1].to_vec()),
        ("cut in its last packet", certificate[..certificate.len() - 1].to_vec()),
        ("a critical packet that is unknown", unknown_critical),
        ("a message", message),
        ("a key of another version", other_version),
    ] {
        assert_eq!(import(octets).await, Err(Error::Malformed), "{what}");
    }
}

#[tokio::test]
async fn one_of_several_that_cannot_be_used_keeps_all_out() {
    let folder = folder();
    let agent = open(&folder);
    let both = [data("certified"), data("backup")].concat();
    let one_is_weak = [data("certified"), data("sha1")].concat();
    assert!(agent.import(one_is_weak).await.is_err());
    assert_eq!(agent.identities().await, Ok(Vec::new()));
    assert_eq!(agent.import(both).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_packet_that_nobody_needs_to_know_is_ignored() {
    let certificate = data("certified");
    // Non-critical and unknown, private, a marker, padding. RFC 9580 §4.3, §5.8, §5.14.
    for extra in
        [&[0xC0 | 50, 1, 0][..], &[0xC0 | 60, 1, 0], &[0xCA, 3, b'P', b'G', b'P'], &[0xD5, 1, 0]]
    {
        let octets = [&certificate[..], extra].concat();
        assert_eq!(import(octets).await.map(|keys| keys.len()), Ok(1), "{extra:?}");
    }
}

/// A certificate of `length` octets at most, blown up by certifications of others.
fn poisoned(length: usize) -> Vec<u8> {
    let mut octets = data("certified");
    let theirs = packets(&octets).pop().unwrap().to_vec();
    while octets.len() + theirs.len() <= length {
        octets.extend_from_slice(&theirs);
    }
    octets
}

#[tokio::test]
async fn g18_a_poisoned_key_is_too_large_or_kept_out_of_the_way() {
    assert_eq!(import(poisoned(2 * MAX_OCTETS)).await, Err(Error::TooLarge));
    let folder = folder();
    let agent = open(&folder);
    let certificate = poisoned(MAX_OCTETS);
    assert!(certificate.len() > MAX_OCTETS - 200);
    let keys = agent.import(certificate).await.unwrap();
    // It costs its own import, and no start.
    assert_eq!(open(&folder).identities().await.unwrap(), keys);
}

#[tokio::test]
async fn g18_nothing_is_imported_from_what_a_peer_sends() {
    let folder = folder();
    let agent = open(&folder);
    let known = agent.import(data("certified")).await.unwrap().remove(0).fingerprint;
    let files = || fs::read_dir(folder.path()).unwrap().count();
    let before = (files(), agent.identities().await);
    let stranger = data("backup");
    for signature in [stranger.clone(), packets(&stranger)[4].to_vec(), data("certified")] {
        let question = ToVerify {
            signer: known.clone(),
            data: stranger.clone(),
            signature,
            known_notations: Vec::new(),
        };
        assert!(!agent.verify(question).await.is_ok_and(|report| report.good));
    }
    assert!(agent.decrypt(known, stranger).await.is_err());
    assert_eq!((files(), agent.identities().await), before);
}

#[tokio::test]
async fn a_file_of_the_folder_that_cannot_be_used_is_named_with_its_fault() {
    for (name, octets, told) in [
        ("weak.pub.asc", data("sha1"), "over SHA-1, expected SHA-256"),
        ("theirs.pub.asc", data("secret"), "a secret key, expected a public one"),
        ("large.pub.asc", poisoned(3 * MAX_OCTETS), "too large"),
        ("cut.pub.asc", b"nothing".to_vec(), "malformed OpenPGP data"),
    ] {
        let folder = folder();
        let path = folder.path().join(name);
        fs::write(&path, octets).unwrap();
        let fault = Store::open(folder.path(), Protection::ModeOnly).err().unwrap();
        assert!(matches!(fault, StoreError::Key { .. }), "{fault:?}");
        let fault = fault.to_string();
        assert!(
            fault.starts_with(&format!("{}: ", path.display())) && fault.contains(told),
            "{fault}"
        );
    }
}

/// What GnuPG keeps of a private key, and a private key of which only the armor can be read.
#[tokio::test]
async fn a_private_key_that_cannot_be_read_is_told_as_one() {
    for text in [
        "Key: (protected-private-key (ecc (curve Ed25519)(flags eddsa)(q #40#)))\n",
        "(21:protected-private-key(3:ecc(5:curve7:Ed25519)))",
        "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nbm90aGluZw==\n-----END PGP PRIVATE KEY BLOCK-----\n",
    ] {
        let refused = import(text.as_bytes().to_vec()).await;
        assert_eq!(refused, Err(Error::Key(KeyFault::Secret)), "{text}");
    }
}
