//! A callee that has moved: whom it names is told, and called where that is wanted. RFC 3261 §8.1.3.4.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Write as _;
use std::net::UdpSocket;
use std::os::unix::fs::OpenOptionsExt as _;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

/// Answers INVITEs with these statuses and their fields, the last of them from then on, until it is
/// told to stop or nothing comes for a while; the INVITEs.
fn answer(socket: &UdpSocket, answers: &[(&str, &str)]) -> Vec<String> {
    let mut buffer = [0; 8_192];
    let mut invites: Vec<String> = Vec::new();
    while let Ok((length, source)) = socket.recv_from(&mut buffer) {
        let request = String::from_utf8(buffer.get(..length).unwrap().to_vec()).unwrap();
        match request.split(' ').next() {
            Some("INVITE") => {}
            Some("stop") => break,
            _ => continue,
        }
        let (status, fields) = answers.get(invites.len()).or_else(|| answers.last()).unwrap();
        let mut response = format!("SIP/2.0 {status}\r\n");
        for name in ["Via", "From", "To", "Call-ID", "CSeq"] {
            let line = request.lines().find(|line| line.starts_with(name)).unwrap();
            let tag = if name == "To" { ";tag=t" } else { "" };
            response += &format!("{line}{tag}\r\n");
        }
        response += &format!("{fields}Content-Length: 0\r\n\r\n");
        socket.send_to(response.as_bytes(), source).unwrap();
        invites.push(request);
    }
    invites
}

fn socket(host: &str) -> UdpSocket {
    let socket = UdpSocket::bind((host, 0)).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    socket
}

/// The events that were told, in order.
fn events(output: &Output) -> Vec<String> {
    let said = String::from_utf8(output.stdout.clone()).unwrap();
    let name = |line: &str| line.split_once("\"event\":\"")?.1.split('"').next().map(str::to_owned);
    said.lines().filter_map(name).collect()
}

/// What is asked for by whoever has a realm's passwords.
const CHALLENGE: &str =
    "WWW-Authenticate: Digest realm=\"pbx\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256\r\n";

/// What is said of a call to somebody who has moved to somebody at `host` who is busy or asks for a
/// password; the requests that the latter got; and how that one is called.
fn call_to(
    host: &str, asks: bool, arguments: &[&str], account: bool,
) -> (Output, Vec<String>, String) {
    let [old, new] = ["127.0.0.1", host].map(socket);
    let home = tempfile::tempdir().unwrap();
    let registrar = old.local_addr().unwrap();
    let new_address = new.local_addr().unwrap();
    let uri = format!("sip:bob@{registrar}");
    let moved = format!("sip:bob@{new_address}");
    let contact = format!("Contact: <{moved}>\r\n");
    let server = thread::spawn(move || {
        let moved = ("302 Moved Temporarily", contact.as_str());
        let challenges = [("401 Unauthorized", CHALLENGE), moved];
        answer(&old, if account { &challenges } else { &challenges[1..] })
    });
    let said = if asks { ("401 Unauthorized", CHALLENGE) } else { ("486 Busy Here", "") };
    let other = thread::spawn(move || answer(&new, &[said]));
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    if account {
        let config = home.path().join("config.toml");
        let text = format!(
            "[identity]\naor = \"sip:alice@127.0.0.1\"\n[[account]]\naor = \"sip:alice@127.0.0.1\"\n\
             registrar = \"udp:{registrar}\"\nrealm = \"pbx\"\nuser = \"alice\"\n\
             password-file = \"password\"\n[[contact]]\naor = \"{moved}\"\n\
             at = \"udp:{new_address}\"\n"
        );
        std::fs::write(&config, text).unwrap();
        let mut options = std::fs::OpenOptions::new();
        let mut password = options
            .write(true)
            .create(true)
            .mode(0o600)
            .open(home.path().join("password"))
            .unwrap();
        password.write_all(b"secret\n").unwrap();
        command.arg("--config").arg(config);
    }
    let output = command
        .args(["call", &uri])
        .args(arguments)
        .args(["--bind", "udp:127.0.0.1:0"])
        .env("HOME", home.path())
        .env("XDG_CONFIG_HOME", home.path().join("xdg"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    // Behind all that the call sent.
    for socket in [registrar, new_address] {
        UdpSocket::bind("127.0.0.1:0").unwrap().send_to(b"stop", socket).unwrap();
    }
    let asked = server.join().unwrap();
    assert_eq!(asked.len(), if account { 2 } else { 1 }, "{output:?}");
    let proved = asked.iter().filter(|invite| invite.contains("\r\nAuthorization: ")).count();
    assert_eq!(proved, usize::from(account), "the registrar is told the password's proof");
    (output, other.join().unwrap(), moved)
}

/// Calls somebody who has moved to somebody who is busy; what was said, and what the latter got.
fn call(arguments: &[&str]) -> (Output, Option<String>, String) {
    let (output, invites, moved) = call_to("127.0.0.1", false, arguments, false);
    let line = invites.first().map(|invite| invite.lines().next().unwrap().to_owned());
    (output, line, moved)
}

#[test]
fn t13_who_has_moved_is_told_and_not_followed_unasked() {
    let (output, called, moved) = call(&[]);
    assert_eq!(called, None);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains(&format!("the callee says to call {moved} instead\n")), "{said}");
    let why = String::from_utf8(output.stderr).unwrap();
    assert!(why.contains("302 Moved Temporarily") && why.contains("--follow"), "{why}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn who_has_moved_is_followed_where_that_is_wanted() {
    let (output, called, moved) = call(&["--follow"]);
    assert_eq!(called.unwrap(), format!("INVITE {moved} SIP/2.0"));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains(&format!("calling {moved}\n")), "{said}");
    let why = String::from_utf8(output.stderr).unwrap();
    assert!(why.contains("486 Busy Here"), "{why}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn each_call_of_one_that_is_followed_is_told_with_its_end() {
    let (output, called, _) = call(&["--follow", "--json"]);
    assert!(called.is_some());
    let told = events(&output);
    assert_eq!(told, ["calling", "redirected", "over", "calling", "over", "error"], "{output:?}");
}

#[test]
fn t13_who_has_moved_to_another_host_is_followed_where_that_host_was_named() {
    for (arguments, follows) in [
        (&["--follow"][..], false),
        (&["--follow-to", "127.0.0.3"], false),
        (&["--follow-to", "127.0.0.2"], true),
    ] {
        let (output, invites, moved) = call_to("127.0.0.2", false, arguments, false);
        assert_eq!(!invites.is_empty(), follows, "{arguments:?}: {output:?}");
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.contains(&format!("the callee says to call {moved} instead\n")), "{said}");
        let why = String::from_utf8(output.stderr).unwrap();
        assert_eq!(why.contains("--follow-to"), !follows, "{why}");
    }
}

/// Whom a registrar names is not the registrar, even at its own host. As a contact with an address it
/// is called there, and not by way of the registrar.
#[cfg(feature = "digest")]
#[test]
fn t13_whom_a_redirection_names_gets_no_proof_of_the_accounts_password() {
    for (host, arguments) in
        [("127.0.0.1", &["--follow"][..]), ("127.0.0.2", &["--follow-to", "127.0.0.2"])]
    {
        let (output, invites, _) = call_to(host, true, arguments, true);
        assert_eq!(invites.len(), 1, "{host}: it is asked once: {output:?}");
        assert!(!invites.concat().contains("Authorization"), "{invites:?}");
        let why = String::from_utf8(output.stderr).unwrap();
        assert!(why.contains("no credentials are configured"), "{why}");
    }
}
