//! `countersign auth probe`, against a terminal that has callers prove a password.
#![cfg(feature = "digest")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "how long a real process takes")]

#[expect(dead_code, reason = "nobody tells the terminal anything here")]
mod running;

use running::{Running, countersign};
use serde_json::Value;
use std::fs;
use std::net::UdpSocket;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

/// What a terminal of ours has nothing of: its policy offers SHA-256 alone, unless told otherwise.
const ABSENT: [&str; 3] = ["md5", "sha-512-256", "nextnonce"];

fn password(home: &Path, text: &str) {
    let path = home.join("alice.password");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// A terminal that asks everybody for alice's password, and where it is: over UDP, and over TCP.
fn listening(home: &Path) -> (Running, [String; 2]) {
    password(home, "alice-secret\n");
    let text = "bind = [\"udp:127.0.0.1:0\", \"tcp:127.0.0.1:0\"]\n\
        [identity]\naor = \"sip:bob@127.0.0.1\"\n[policy]\nrequire = \"digest\"\n\
        [[user]]\nname = \"alice\"\npassword-file = \"alice.password\"\n";
    fs::write(home.join("config.toml"), text).unwrap();
    let config = home.join("config.toml").display().to_string();
    let command = ["--json", "--config", &config, "listen", "--auto-answer"];
    let bob = Running::of(countersign(home, &command).spawn().unwrap());
    let addresses = bob.waits("listening", |line| {
        let object: Value = serde_json::from_str(line).ok()?;
        let addresses = object.get("addresses")?.as_array()?.iter();
        let addresses: Vec<_> = addresses.filter_map(|it| it.as_str().map(str::to_owned)).collect();
        addresses.try_into().ok()
    });
    (bob, addresses)
}

fn probe(home: &Path, arguments: &[&str]) -> Output {
    let own = ["auth", "probe", "--user", "alice", "--password-file", "alice.password"];
    let arguments = [&own, arguments].concat();
    countersign(home, &arguments).current_dir(home).output().unwrap()
}

fn text(octets: &[u8]) -> String {
    String::from_utf8(octets.to_vec()).unwrap()
}

/// The names of the checks with this verdict.
fn names<'a>(rows: &'a [Value], verdict: &str) -> Vec<&'a str> {
    let rows = rows.iter().filter(|row| row["verdict"] == verdict);
    rows.map(|row| row["check"].as_str().unwrap()).collect()
}

/// Each has a terminal of its own, which counts who fails.
#[test]
fn a_terminal_of_ours_passes_every_check_over_udp_and_tcp() {
    for transport in 0..2 {
        let home = tempfile::tempdir().unwrap();
        let (bob, addresses) = listening(home.path());
        let server = &addresses[transport];
        let asked = [server, "--json", "--method", "MESSAGE", "--to", "sip:bob@127.0.0.1"];
        let output = probe(home.path(), &asked);
        let told = text(&output.stdout);
        let rows: Vec<Value> = told.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
        assert_eq!(names(&rows, "fail"), Vec::<&str>::new(), "{told}");
        assert_eq!(names(&rows, "not_applicable"), ABSENT, "{told}");
        assert_eq!(rows.last().unwrap()["event"], "auth_probe_over");
        assert!(output.status.success(), "{}", text(&output.stderr));
        bob.interrupt();
        bob.ends_well();
    }
}

#[test]
fn with_a_wrong_password_the_right_answers_fail_and_the_status_is_1() {
    let home = tempfile::tempdir().unwrap();
    let (bob, [udp, _]) = listening(home.path());
    password(home.path(), "another\n");
    let output = probe(home.path(), &[&udp, "--method", "MESSAGE", "--to", "sip:bob@127.0.0.1"]);
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stdout);
    assert!(told.contains("fail  sha-256: 401 Unauthorized\n"), "{told}");
    assert!(told.contains("fail  not-locked-out: "), "{told}");
    assert!(text(&output.stderr).ends_with(" checks failed\n"), "{}", text(&output.stderr));
    drop(bob);
}

#[test]
fn what_cannot_be_probed_is_said_in_a_line() {
    let home = tempfile::tempdir().unwrap();
    password(home.path(), "secret\n");
    // Nobody is there: the port was free a moment ago.
    let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let closed = format!("udp:127.0.0.1:{port}");
    for (server, more, code, said) in [
        (closed.as_str(), &[][..], 1, "the server cannot be probed: "),
        ("ws:127.0.0.1:80", &[], 2, "a probe goes over udp, tcp or tls"),
        ("127.0.0.1", &["--to", "sip:bob@127.0.0.1"], 2, "--to is for --method OPTIONS"),
        ("127.0.0.1", &["--aor", "alice"], 2, "alice"),
    ] {
        let output = probe(home.path(), &[&[server], more].concat());
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{server} {more:?}: {told}");
        assert!(told.contains(said), "{server} {more:?}: {told}");
    }
}
