//! `countersign auth ha1`, and two programs that know a password as HA1 alone.
#![cfg(feature = "digest")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use tempfile::TempDir;
use terminal::assembly::free_loopback_pair;

/// A folder, with the programs that run in it.
struct Room(TempDir);

impl Room {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn private(&self, name: &str, text: &str) {
        let mut options = fs::OpenOptions::new();
        let options = options.write(true).create(true).truncate(true).mode(0o600);
        options.open(self.path().join(name)).unwrap().write_all(text.as_bytes()).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        command.args(arguments).current_dir(self.path()).env("XDG_CONFIG_HOME", self.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Writes the HA1 of `user` with this password.
    fn hash(&self, file: &str, user: &str, password: &str, more: &[&str]) -> Output {
        self.private("typed", &format!("{password}\n"));
        let of = ["auth", "ha1", file, "--user", user, "--realm", "example.org"];
        self.run(&[&of, &["--password-file", "typed"][..], more].concat())
    }
}

fn text(octets: &[u8]) -> String {
    String::from_utf8(octets.to_vec()).unwrap()
}

/// The hashes are those of `printf 'alice:example.org:secret' | md5sum`, `sha256sum` and `openssl dgst -sha512-256`.
#[test]
fn the_file_has_the_hashes_of_the_password_and_is_its_owners() {
    let room = Room::new();
    let made = room.hash("alice.ha1", "alice", "secret", &[]);
    assert!(made.status.success(), "{}", text(&made.stderr));
    assert_eq!(
        text(&made.stdout),
        "wrote alice.ha1: alice at example.org, MD5, SHA-256, SHA-512-256\n"
    );
    let path = room.path().join("alice.ha1");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let file: toml::Table = fs::read_to_string(&path).unwrap().parse().unwrap();
    for (name, value) in [
        ("user", "alice"),
        ("realm", "example.org"),
        ("MD5", MD5),
        ("SHA-256", SHA_256),
        ("SHA-512-256", SHA_512_256),
    ] {
        assert_eq!(file.get(name).and_then(toml::Value::as_str), Some(value), "{name}");
    }
    assert_eq!(file.len(), 5, "{file}");
    // What is there stays.
    let again = room.hash("alice.ha1", "alice", "other", &[]);
    assert!(!again.status.success() && text(&again.stderr).contains("alice.ha1"), "{again:?}");
    assert_eq!(fs::read_to_string(&path).unwrap().parse::<toml::Table>().unwrap(), file);
    let one = room.hash("one.ha1", "alice", "secret", &["--algorithm", "SHA-256", "--json"]);
    let told: Value = serde_json::from_slice(&one.stdout).unwrap();
    assert_eq!(told["event"], "ha1_written");
    assert_eq!(told["algorithms"], serde_json::json!(["SHA-256"]));
}

const MD5: &str = "543e1aec5d3614f03141652d6ada51b2";
const SHA_256: &str = "d1659fff7a501be15962adc35514ca6a5868905695f2dd1093741f931e000a1f";
const SHA_512_256: &str = "bb26296e6f753ae34f4465323f4e1505bf959f55a87ee9347d34355a1e88627a";

/// Somebody who listens and lets in who proves to be Alice, and the port.
struct Listening(Child);

impl Listening {
    fn start(room: &Room) -> (Self, String) {
        let binds = free_loopback_pair().unwrap().map(|bind| bind.to_string());
        let config = format!(
            "bind = [\"{}\", \"{}\"]\n[identity]\naor = \"sip:bob@example.org\"\n\
             [policy]\nrequire = \"digest\"\n[[user]]\nname = \"alice\"\nha1-file = \"callee.ha1\"\n",
            binds[0], binds[1]
        );
        fs::write(room.path().join("bob.toml"), config).unwrap();
        let mut child =
            room.command(&["--config", "bob.toml", "listen", "--auto-answer"]).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        assert!(first.contains("listening on"), "{first}");
        // Who is not read from is not kept waiting.
        std::thread::spawn(move || lines.for_each(drop));
        (Self(child), binds[0].clone())
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.0), Signal::INT);
        let _ = self.0.wait();
    }
}

/// Alice's text to Bob, with the HA1 in `file`.
fn message(room: &Room, bob: &str, file: &str) -> Output {
    let config = format!(
        "[identity]\naor = \"sip:alice@example.org\"\n[[account]]\naor = \"sip:alice@example.org\"\nregistrar = \"{bob}\"\nha1-file = \"{file}\"\n"
    );
    fs::write(room.path().join("alice.toml"), config).unwrap();
    room.run(&[
        "--config",
        "alice.toml",
        "--bind",
        "udp:127.0.0.1:0",
        "message",
        "sip:bob@example.org",
        "good evening",
    ])
}

#[test]
fn two_terminals_prove_a_password_that_neither_has() {
    let room = Room::new();
    for (file, password) in [("callee.ha1", "secret"), ("right.ha1", "secret"), ("wrong.ha1", "x")]
    {
        assert!(room.hash(file, "alice", password, &[]).status.success());
    }
    let (_listening, bob) = Listening::start(&room);
    let right = message(&room, &bob, "right.ha1");
    assert!(right.status.success(), "{}{}", text(&right.stdout), text(&right.stderr));
    let wrong = message(&room, &bob, "wrong.ha1");
    assert!(!wrong.status.success(), "{}", text(&wrong.stdout));
}

#[test]
fn a_file_that_does_not_do_is_told_at_the_start() {
    let room = Room::new();
    assert!(room.hash("md5.ha1", "alice", "secret", &["--algorithm", "MD5"]).status.success());
    assert!(room.hash("bob.ha1", "bob", "secret", &[]).status.success());
    for (file, expected) in [
        ("md5.ha1", "it has hashes under MD5, and SHA-256 or SHA-512-256 is wanted"),
        ("bob.ha1", "it is of `bob` in the realm `example.org`, and that of `alice`"),
        ("none.ha1", "none.ha1"),
    ] {
        let told = message(&room, "udp:127.0.0.1:9", file);
        let line = text(&told.stderr);
        assert!(!told.status.success() && line.contains(file) && line.contains(expected), "{line}");
    }
    for (user, expected) in [
        ("ha1-file = \"a\"\npassword-file = \"b\"\n", "one in place of the other"),
        ("", "a user needs a password-file"),
    ] {
        let config = format!("[[user]]\nname = \"alice\"\n{user}");
        fs::write(room.path().join("bob.toml"), config).unwrap();
        let told = room.run(&["--config", "bob.toml", "listen"]);
        assert!(text(&told.stderr).contains(expected), "{}", text(&told.stderr));
    }
}
