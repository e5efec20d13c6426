//! What GnuPG 2.2.40 made, looked at by the agent: the files of `data/gnupg`, see `make.sh` there.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests, where a panic is a failure"
)]

use pgp_agent::{Agent, Protection, Store};
use sma::{Error, Fingerprint, KeyAdministration as _, KeyValidity, Notation, Report};
use sma::{SecurityApplication as _, ToVerify};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use tempfile::TempDir;

fn data(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/gnupg/");
    fs::read(format!("{folder}{name}")).unwrap()
}

/// An agent over a fresh folder, which holds the private key of `ours.sec.asc`.
fn agent() -> (Agent, TempDir) {
    let mode = Permissions::from_mode(0o700);
    let folder = tempfile::Builder::new().permissions(mode).tempdir().unwrap();
    let key = folder.path().join("ours.sec.asc");
    fs::write(&key, data("ours.sec.asc")).unwrap();
    fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    let store = Store::open(folder.path(), Protection::ModeOnly).unwrap();
    (Agent::new(store), folder)
}

async fn import(agent: &Agent, name: &str) -> Fingerprint {
    let keys = agent.import(data(&format!("{name}.pub.asc"))).await.unwrap();
    assert_eq!(keys.len(), 1);
    keys[0].fingerprint.clone()
}

async fn verify(key: &str, signature: &str) -> Report {
    let (agent, _folder) = agent();
    let signer = import(&agent, key).await;
    ask(&agent, signer, signature).await
}

async fn ask(agent: &Agent, signer: Fingerprint, signature: &str) -> Report {
    let question = ToVerify {
        signer,
        data: data("data"),
        signature: data(&format!("{signature}.sig")),
        known_notations: vec!["cs1@countersign.invalid".into()],
    };
    agent.verify(question).await.unwrap()
}

#[tokio::test]
async fn a_signature_of_gnupg_is_good_with_all_its_facts() {
    let report = verify("ed25519", "ed25519").await;
    assert!(report.good && report.strong);
    assert_eq!((report.hash.0, report.class, report.signatures), (8, 0, 1));
    assert_eq!(report.expires, Some(report.created + 300));
    assert_eq!(report.key, KeyValidity::Valid);
    let notation =
        Notation { name: "cs1@countersign.invalid".into(), value: b"uac".to_vec(), critical: true };
    assert_eq!(report.notations, [notation]);
}

#[tokio::test]
async fn g02_an_expired_key_is_expired_also_for_a_signature_of_its_time() {
    let report = verify("expired", "expired").await;
    assert_eq!(report.created, 1_700_000_100);
    assert_eq!((report.good, report.key), (true, KeyValidity::Expired));
}

#[tokio::test]
async fn g03_a_revoked_key_is_revoked_and_stays_so() {
    let (agent, _folder) = agent();
    let signer = import(&agent, "before-revocation").await;
    let before = ask(&agent, signer.clone(), "revoked").await;
    assert_eq!((before.good, before.key), (true, KeyValidity::Valid));
    for again in ["revoked", "before-revocation"] {
        assert_eq!(import(&agent, again).await, signer);
        let report = ask(&agent, signer.clone(), "revoked").await;
        assert_eq!(report.key, KeyValidity::Revoked, "{again}");
    }
}

#[tokio::test]
async fn g04_a_signature_over_sha1_says_so() {
    let report = verify("ed25519", "sha1").await;
    assert_eq!(report.hash.0, 2);
}

#[tokio::test]
async fn g05_the_same_signature_twice_is_two() {
    let (agent, _folder) = agent();
    let signer = import(&agent, "ed25519").await;
    let question = ToVerify {
        signer,
        data: data("data"),
        signature: data("ed25519.sig").repeat(2),
        known_notations: vec!["cs1@countersign.invalid".into()],
    };
    let report = agent.verify(question).await.unwrap();
    assert_eq!((report.good, report.signatures), (false, 2));
}

#[tokio::test]
async fn a_signing_subkey_signs_for_its_primary_key() {
    let report = verify("subkey", "subkey").await;
    assert_eq!((report.good, report.key), (true, KeyValidity::Valid));
    let (agent, _folder) = agent();
    let signer = import(&agent, "subkey").await;
    assert_eq!(report.primary, signer);
}

#[tokio::test]
async fn a_key_below_the_floor_is_not_strong() {
    let report = verify("weak", "weak").await;
    assert_eq!((report.good, report.strong), (true, false));
}

#[tokio::test]
async fn an_unknown_critical_notation_makes_a_signature_bad() {
    assert!(!verify("ed25519", "unknown").await.good);
}

#[tokio::test]
async fn g01_a_signature_of_another_key_is_bad() {
    assert!(!verify("ed25519", "subkey").await.good);
}

#[tokio::test]
async fn g25_only_what_has_integrity_and_no_compression_is_opened() {
    let (agent, _folder) = agent();
    let ours = agent.identities().await.unwrap().remove(0).fingerprint;
    let plain = agent.decrypt(ours.clone(), data("plain.pgp")).await.unwrap();
    assert_eq!((plain.octets, plain.integrity), (data("data").into(), true));
    for refused in ["compressed.pgp", "unprotected.pgp"] {
        let answer = agent.decrypt(ours.clone(), data(refused)).await;
        assert_eq!(answer, Err(Error::Malformed), "{refused}");
    }
}
