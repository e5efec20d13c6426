//! A callee that has moved: whom it names is told, and called where that is wanted. RFC 3261 §8.1.3.4.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::UdpSocket;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

/// Answers INVITEs with this status and Contact until nothing comes for a while; the first one's
/// start line.
fn answer(socket: &UdpSocket, status: &str, contact: &str) -> Option<String> {
    let mut buffer = [0; 8_192];
    let mut first = None;
    while let Ok((length, source)) = socket.recv_from(&mut buffer) {
        let request = String::from_utf8(buffer.get(..length).unwrap().to_vec()).unwrap();
        if !request.starts_with("INVITE ") {
            break;
        }
        let mut response = format!("SIP/2.0 {status}\r\n");
        for name in ["Via", "From", "To", "Call-ID", "CSeq"] {
            let line = request.lines().find(|line| line.starts_with(name)).unwrap();
            let tag = if name == "To" { ";tag=t" } else { "" };
            response += &format!("{line}{tag}\r\n");
        }
        response += &format!("{contact}Content-Length: 0\r\n\r\n");
        socket.send_to(response.as_bytes(), source).unwrap();
        first.get_or_insert_with(|| request.lines().next().unwrap().to_owned());
    }
    first
}

fn socket() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    socket
}

/// The events that were told, in order.
fn events(output: &Output) -> Vec<String> {
    let said = String::from_utf8(output.stdout.clone()).unwrap();
    let name = |line: &str| line.split_once("\"event\":\"")?.1.split('"').next().map(str::to_owned);
    said.lines().filter_map(name).collect()
}

/// Calls somebody who has moved to somebody who is busy; what was said, and what the latter got.
fn call(arguments: &[&str]) -> (Output, Option<String>, String) {
    let (old, new) = (socket(), socket());
    let home = tempfile::tempdir().unwrap();
    let uri = format!("sip:bob@{}", old.local_addr().unwrap());
    let moved = format!("sip:bob@{}", new.local_addr().unwrap());
    let contact = format!("Contact: <{moved}>\r\n");
    let server = thread::spawn(move || answer(&old, "302 Moved Temporarily", &contact));
    let busy = thread::spawn(move || answer(&new, "486 Busy Here", ""));
    let output = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(["call", &uri])
        .args(arguments)
        .args(["--bind", "udp:127.0.0.1:0"])
        .env("HOME", home.path())
        .env("XDG_CONFIG_HOME", home.path().join("xdg"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(server.join().unwrap().is_some());
    (output, busy.join().unwrap(), moved)
}

#[test]
fn who_has_moved_is_told_and_not_followed_unasked() {
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
