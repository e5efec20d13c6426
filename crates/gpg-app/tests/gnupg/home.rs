//! A home folder for GnuPG, whose agent ends with it.

use sma::Fingerprint;
use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// A home folder of mode 0700 with a path so short that its agent's sockets fit into 107 bytes.
pub(crate) struct Home(TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        let mode = Permissions::from_mode(0o700);
        let folder = tempfile::Builder::new().prefix("g").permissions(mode).tempdir_in("/tmp");
        Self(folder.unwrap())
    }

    /// One with a key of Ed25519 and a subkey of X25519, without a passphrase.
    pub(crate) fn with_key(user_id: &str) -> (Self, Fingerprint) {
        let home = Self::new();
        let key = home.make(user_id, "ed25519", "sign");
        home.does(&["--quick-add-key", key.as_str(), "cv25519", "encr", "never"]);
        (home, key)
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Makes a primary key.
    pub(crate) fn make(&self, user_id: &str, algorithm: &str, usage: &str) -> Fingerprint {
        self.does(&["--quick-gen-key", user_id, algorithm, usage, "never"]);
        let listed = self.does(&["--with-colons", "--list-keys", &format!("={user_id}")]);
        let listed = String::from_utf8(listed).unwrap();
        let line = listed.lines().find(|line| line.starts_with("fpr:")).unwrap();
        Fingerprint::parse(line.split(':').nth(9).unwrap()).unwrap()
    }

    /// Runs `gpg`, which must be there.
    pub(crate) fn gpg(&self, arguments: &[&str], input: &[u8]) -> Output {
        let mut child = Command::new("gpg")
            .env("GNUPGHOME", self.path())
            .env("LC_ALL", "C")
            .args([
                "--batch",
                "--quiet",
                "--yes",
                "--pinentry-mode",
                "loopback",
                "--passphrase",
                "",
            ])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("these tests need GnuPG: apt install gnupg");
        child.stdin.take().unwrap().write_all(input).unwrap();
        child.wait_with_output().unwrap()
    }

    /// Runs `gpg`, which is to succeed, and returns what it printed.
    pub(crate) fn does(&self, arguments: &[&str]) -> Vec<u8> {
        self.takes(arguments, b"")
    }

    /// Runs `gpg` over this input, which is to succeed.
    pub(crate) fn takes(&self, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        let output = self.gpg(arguments, input);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "gpg {arguments:?}: {said}");
        output.stdout
    }

    /// Takes another's public key in.
    pub(crate) fn import(&self, other: &Self, key: &Fingerprint) {
        let exported = other.does(&["--export", key.as_str()]);
        self.takes(&["--import"], &exported);
    }

    /// Makes a detached signature over `data` with more arguments.
    pub(crate) fn signs(&self, key: &Fingerprint, data: &[u8], more: &[&str]) -> Vec<u8> {
        let notation = format!("!{}=uac", crate::NOTATION);
        let usual = ["-u", key.as_str(), "--no-armor", "--sig-notation", &notation];
        self.takes(&[&usual[..], more, &["--detach-sign"]].concat(), data)
    }

    /// Revokes a key, by the certificate that GnuPG made with it.
    pub(crate) fn revoke(&self, key: &Fingerprint) {
        let name = format!("{}.rev", key.as_str().to_ascii_uppercase());
        let certificate = self.path().join("openpgp-revocs.d").join(name);
        // GnuPG keeps a colon before it, so that nobody imports it by mistake.
        let text = fs::read_to_string(certificate).unwrap().replace(":-----BEGIN", "-----BEGIN");
        self.takes(&["--import"], text.as_bytes());
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let end = ["--homedir", self.path().to_str().unwrap(), "--kill", "all"];
        let _ = Command::new("gpgconf").args(end).stderr(Stdio::null()).status();
    }
}
