//! A call whose callee's key is in GnuPG: `countersign-gpg` is its security application.

use super::*;

/// GnuPG's home folder, whose agent ends with it. Its path is short, since a socket's must be.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        let mode = fs::Permissions::from_mode(0o700);
        let folder = tempfile::Builder::new().prefix("g").permissions(mode).tempdir_in("/tmp");
        Self(folder.unwrap())
    }

    /// Runs `gpg`, which is to succeed, and returns what it printed.
    fn does(&self, arguments: &[&str]) -> Vec<u8> {
        let output = Command::new("gpg")
            .env("GNUPGHOME", self.0.path())
            .args(["--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", ""])
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .expect("this test needs GnuPG: apt install gnupg");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "gpg {arguments:?}: {said}");
        output.stdout
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let end = ["--homedir", self.0.path().to_str().unwrap(), "--kill", "all"];
        let _ = Command::new("gpgconf").args(end).stderr(Stdio::null()).status();
    }
}

/// Alice has the other security application; each has the other's key pinned.
fn with_gnupg(home: &Home) -> (TempDir, Side, Side) {
    let (folder, alice, mut bob) = sides();
    bob.folder = folder.path().join("gnupg");
    let at = format!("{ALICE}={}", alice.bind[0]);
    let init = Command::new(program())
        .args(["init", bob.folder.to_str().unwrap(), "--aor", BOB, "--require", "pgp"])
        .args(["--bind", &bob.bind[0], "--bind", &bob.bind[1], "--contact", &at])
        .output()
        .unwrap();
    assert!(init.status.success(), "{}", String::from_utf8_lossy(&init.stderr));
    let config = bob.folder.join("config.toml");
    let text = fs::read_to_string(&config).unwrap();
    let own =
        format!("command = {:?}\nkeys = {:?}", beside("gpg-app", "countersign-gpg"), home.0.path());
    fs::write(&config, text.replace("keys = \"pgp\"", &own)).unwrap();
    home.does(&["--quick-gen-key", BOB, "ed25519", "sign", "never"]);
    home.does(&["--quick-add-key", &bob.fingerprint(), "cv25519", "encr", "never"]);
    let exported = folder.path().join("bob.pgp");
    fs::write(&exported, home.does(&["--export"])).unwrap();
    alice.does(&["keys", "import", exported.to_str().unwrap(), "--pin", BOB]);
    let exported = folder.path().join("alice.asc");
    fs::write(&exported, alice.does(&["keys", "export"])).unwrap();
    home.does(&["--import", exported.to_str().unwrap()]);
    bob.does(&["keys", "pin", ALICE, &alice.fingerprint()]);
    (folder, alice, bob)
}

#[test]
fn a_call_with_a_key_in_gnupg_is_proved_both_ways_in_either_direction() {
    let home = Home::new();
    let (_folder, alice, bob) = with_gnupg(&home);
    let keys = (alice.fingerprint(), bob.fingerprint());
    let mut listening = Running::start(&bob, &["listen", "--auto-answer"]);
    listening.waits_for("listening");
    let mut calling = Running::start(&alice, &["call", BOB, "--seconds", "1"]);
    let established = calling.waits_for("established");
    proved(&established, BOB, &keys.1);
    // The keys are in GnuPG; those of the media are agreed on by the security managers.
    assert_eq!(established["assurance"]["secrecy"][0], "post_quantum", "{established}");
    proved(&listening.waits_for("established"), ALICE, &keys.0);
    calling.ends_well();
    listening.interrupt();
    listening.ends_well();

    let mut listening = Running::start(&alice, &["listen", "--auto-answer"]);
    listening.waits_for("listening");
    let mut calling = Running::start(&bob, &["call", ALICE, "--seconds", "1"]);
    proved(&calling.waits_for("established"), ALICE, &keys.0);
    proved(&listening.waits_for("established"), BOB, &keys.1);
    calling.ends_well();
    listening.interrupt();
    listening.ends_well();
    bob.nothing_is_left();
}

/// The callee's GnuPG does not have the caller's key.
#[test]
fn a_key_that_gnupg_does_not_have_is_refused() {
    let home = Home::new();
    let (_folder, alice, bob) = with_gnupg(&home);
    home.does(&["--yes", "--delete-keys", &alice.fingerprint()]);
    let mut listening = Running::start(&bob, &["listen", "--auto-answer"]);
    listening.waits_for("listening");
    let line = alice.fails(&["call", BOB, "--seconds", "1"]);
    assert!(line.contains("the peer answered 403 Forbidden"), "{line}");
    listening.waits_for("refused");
    listening.interrupt();
    listening.ends_well();
}
