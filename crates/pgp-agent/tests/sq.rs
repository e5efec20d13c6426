//! What Sequoia's `sq` makes and what it says of it, and what the agent says: the traps G02 to G07
//! with a real sq. It is Debian's package `sq`; without it these tests fail.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests, where a panic is a failure"
)]

use pgp_agent::{Agent, Protection, Store};
use sma::{Error, Fingerprint, KeyAdministration as _, KeyValidity, Report};
use sma::{SecurityApplication as _, ToVerify};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Output};
use tempfile::TempDir;

/// The data that is signed.
const DATA: &str = "data";
/// A notation of ours: critical, as every signature has it.
const NOTATION: [&str; 3] = ["--notation", "!cs1@countersign.invalid", "uac"];

/// A folder with files, in which sq runs, and an agent over a folder of its own.
struct Place {
    files: TempDir,
    agent: Agent,
    _keys: TempDir,
}

impl Place {
    fn new() -> Self {
        let private = || {
            tempfile::Builder::new().permissions(Permissions::from_mode(0o700)).tempdir().unwrap()
        };
        let (files, keys) = (private(), private());
        fs::write(files.path().join(DATA), b"data\n").unwrap();
        let agent = Agent::new(Store::open(keys.path(), Protection::ModeOnly).unwrap());
        Self { files, agent, _keys: keys }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut sq = Command::new("sq");
        sq.args(arguments).current_dir(self.files.path()).env("HOME", self.files.path());
        sq.output().unwrap_or_else(|error| panic!("sq is needed (apt install sq): {error}"))
    }

    fn sq(&self, arguments: &[&str]) {
        let output = self.run(arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "sq {arguments:?}: {said}");
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.files.path().join(name)).unwrap()
    }

    /// A key that was made at the beginning of 2023.
    fn key(&self, expires: &str) {
        let user = ["-u", "sip:alice@example.org", "--creation-time", "20230101"];
        let to = ["--expires", expires, "--export", "key"];
        self.sq(&[&["key", "generate"][..], &user, &to].concat());
        self.sq(&["key", "extract-cert", "key", "-o", "cert"]);
    }

    /// A detached signature of the key over the data, dated half a year later.
    fn sign(&self, to: &str, more: &[&str]) {
        let how =
            ["sign", "--detached", "-B", "--time", "20230601", "--signer-key", "key", "-o", to];
        self.sq(&[&how[..], more, &[DATA]].concat());
    }

    /// Whether sq calls a signature good.
    fn sq_takes(&self, cert: &str, signature: &str) -> bool {
        self.run(&["verify", "--signer-cert", cert, "--detached", signature, DATA]).status.success()
    }

    async fn import(&self, cert: &str) -> Fingerprint {
        self.agent.import(self.read(cert)).await.unwrap()[0].fingerprint.clone()
    }

    async fn ask(&self, signer: Fingerprint, signature: Vec<u8>) -> Result<Report, Error> {
        let known_notations = vec!["cs1@countersign.invalid".into()];
        let question = ToVerify { signer, data: self.read(DATA), signature, known_notations };
        self.agent.verify(question).await
    }
}

#[tokio::test]
async fn a_signature_of_sq_is_good_and_sq_cannot_be_told_of_our_notation() {
    let place = Place::new();
    place.key("never");
    place.sign("plain", &[]);
    place.sign("ours", &NOTATION);
    let signer = place.import("cert").await;
    for signature in ["plain", "ours"] {
        let report = place.ask(signer.clone(), place.read(signature)).await.unwrap();
        assert!(report.good && report.strong, "{signature}");
        assert_eq!((report.key, report.class, report.signatures), (KeyValidity::Valid, 0, 1));
    }
    assert!(place.sq_takes("cert", "plain"));
    assert!(!place.sq_takes("cert", "ours"), "sq could be an application of its own now");
}

#[tokio::test]
async fn g02_an_expired_key_of_sq_is_expired_also_where_sq_says_good() {
    let place = Place::new();
    place.key("20240101");
    place.sign("signature", &[]);
    assert!(place.sq_takes("cert", "signature"), "the trap is gone");
    let signer = place.import("cert").await;
    let report = place.ask(signer, place.read("signature")).await.unwrap();
    assert_eq!(report.key, KeyValidity::Expired);
    let key = place.agent.identities().await.unwrap().remove(0);
    assert_eq!(key.facts.expires, Some(1_704_067_200), "the first second of 2024");
}

#[tokio::test]
async fn g03_a_key_that_sq_revoked_is_revoked_also_where_sq_says_good() {
    let place = Place::new();
    place.key("never");
    place.sign("signature", &[]);
    let revoke = ["revoke", "certificate", "--time", "20230701", "--certificate", "key", "-B"];
    let made = place.run(&[&revoke[..], &["retired", "gone"]].concat());
    fs::write(place.files.path().join("revocation"), made.stdout).unwrap();
    // A revocation stands behind the primary key. RFC 9580 §10.1.1.
    place.sq(&["packet", "split", "-p", "part-", "cert"]);
    let parts = fs::read_dir(place.files.path()).unwrap();
    let parts = parts.map(|part| part.unwrap().file_name().into_string().unwrap());
    let mut parts: Vec<String> = parts.filter(|name| name.starts_with("part-")).collect();
    parts.sort();
    parts.insert(1, "revocation".to_owned());
    let revoked: Vec<u8> = parts.iter().flat_map(|part| place.read(part)).collect();
    fs::write(place.files.path().join("revoked"), revoked).unwrap();
    assert!(place.sq_takes("revoked", "signature"), "the trap is gone");
    let signer = place.import("revoked").await;
    let report = place.ask(signer, place.read("signature")).await.unwrap();
    assert_eq!(report.key, KeyValidity::Revoked);
    assert!(place.agent.identities().await.unwrap().remove(0).facts.revoked);
}

#[tokio::test]
async fn g05_the_same_signature_of_sq_twice_is_two_also_where_sq_says_good() {
    let place = Place::new();
    place.key("never");
    place.sign("signature", &[]);
    let twice = place.read("signature").repeat(2);
    fs::write(place.files.path().join("twice"), &twice).unwrap();
    assert!(place.sq_takes("cert", "twice"), "the trap is gone");
    let signer = place.import("cert").await;
    let report = place.ask(signer, twice).await.unwrap();
    assert_eq!((report.good, report.signatures), (false, 2));
}

#[tokio::test]
async fn g06_a_message_of_sq_is_no_signature() {
    let place = Place::new();
    place.key("never");
    place.sq(&["sign", "-B", "--signer-key", "key", "-o", "inline", DATA]);
    place.sq(&["sign", "--cleartext-signature", "--signer-key", "key", "-o", "cleartext", DATA]);
    let signer = place.import("cert").await;
    for message in ["inline", "cleartext"] {
        assert!(place.run(&["verify", "--signer-cert", "cert", message]).status.success());
        let refused = place.ask(signer.clone(), place.read(message)).await;
        assert_eq!(refused, Err(Error::Malformed), "{message}");
    }
}

#[tokio::test]
async fn g07_a_signature_of_sq_over_the_limit_is_refused() {
    let place = Place::new();
    place.key("never");
    let long = "x".repeat(2_048);
    place.sign("long", &["--notation", "n@example.org", &long]);
    assert!(place.sq_takes("cert", "long"));
    let signer = place.import("cert").await;
    assert_eq!(place.ask(signer, place.read("long")).await, Err(Error::TooLarge));
}

/// sq makes no such signature: GnuPG's, of `data/gnupg`, is refused by both.
#[tokio::test]
async fn g04_a_signature_over_sha1_is_told_by_its_hash_and_refused_by_sq() {
    let place = Place::new();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/gnupg/");
    for name in ["ed25519.pub.asc", "sha1.sig", "data"] {
        fs::copy(format!("{folder}{name}"), place.files.path().join(name)).unwrap();
    }
    assert!(!place.sq_takes("ed25519.pub.asc", "sha1.sig"));
    let signer = place.import("ed25519.pub.asc").await;
    let report = place.ask(signer, place.read("sha1.sig")).await.unwrap();
    assert_eq!(report.hash.0, 2);
}
