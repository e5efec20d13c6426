//! Messages that wait for an account, and a registrar without a mailbox. RFC 3842.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::{SocketAddr, UdpSocket};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

const SUMMARY: &str = "Messages-Waiting: yes\r\nVoice-Message: 2/8 (0/2)\r\nFax-Message: 1/0\r\n";

fn field<'a>(message: &'a str, name: &str) -> &'a str {
    let line = message.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_once(": ").unwrap().1
}

/// A registrar with a mailbox, or without one.
struct Registrar {
    socket: UdpSocket,
    has_mailbox: bool,
}

impl Registrar {
    /// Answers until the terminal has taken its registration back and ended its subscription, where
    /// it has one, or nothing comes; the methods that it was asked for, with their Expires.
    fn serve(&self) -> Vec<String> {
        let mut buffer = [0; 8_192];
        let mut asked = Vec::new();
        while let Ok((length, source)) = self.socket.recv_from(&mut buffer) {
            let request = String::from_utf8(buffer.get(..length).unwrap().to_vec()).unwrap();
            let method = request.split(' ').next().unwrap();
            if method == "SIP/2.0" {
                continue;
            }
            let expires = field(&request, "Expires");
            asked.push(format!("{method} {expires}"));
            match method {
                "REGISTER" => self.answer(source, &request, "200 OK"),
                "SUBSCRIBE" if self.has_mailbox => {
                    self.answer(source, &request, "200 OK");
                    self.notify(source, &request, expires == "0");
                }
                _ => self.answer(source, &request, "489 Bad Event"),
            }
            let ended = |what: &str| asked.iter().any(|it| it == what);
            if ended("REGISTER 0") && (ended("SUBSCRIBE 0") || !self.has_mailbox) {
                break;
            }
        }
        asked
    }

    fn answer(&self, to: SocketAddr, request: &str, status: &str) {
        let mut response = format!("SIP/2.0 {status}\r\n");
        for name in ["Via", "From", "To", "Call-ID", "CSeq", "Expires"] {
            let tag =
                if name == "To" && !field(request, "To").contains(";tag=") { ";tag=t" } else { "" };
            response += &format!("{name}: {}{tag}\r\n", field(request, name));
        }
        let contact = self.socket.local_addr().unwrap();
        let contact = match request.starts_with("REGISTER") {
            true => field(request, "Contact").to_owned(),
            false => format!("<sip:mailbox@{contact}>"),
        };
        response += &format!("Contact: {contact}\r\nContent-Length: 0\r\n\r\n");
        self.socket.send_to(response.as_bytes(), to).unwrap();
    }

    fn notify(&self, to: SocketAddr, subscribe: &str, last: bool) {
        let own = self.socket.local_addr().unwrap();
        let [from, call_id] = ["From", "Call-ID"].map(|name| field(subscribe, name));
        let uri = field(subscribe, "Contact").trim_matches(['<', '>']);
        let us = field(subscribe, "To").split(';').next().unwrap();
        let (cseq, state, body) = match last {
            false => (1, "active;expires=3600", SUMMARY),
            true => (2, "terminated;reason=timeout", ""),
        };
        let notify = format!(
            "NOTIFY {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {own};rport;branch=z9hG4bKn{cseq}\r\n\
             Max-Forwards: 70\r\nFrom: {us};tag=t\r\nTo: {from}\r\nCall-ID: {call_id}\r\n\
             CSeq: {cseq} NOTIFY\r\nContact: <sip:mailbox@{own}>\r\nEvent: message-summary\r\n\
             Subscription-State: {state}\r\nContent-Type: application/simple-message-summary\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.socket.send_to(notify.as_bytes(), to).unwrap();
    }
}

/// Registers an account whose messages are to be told; what was said, and what the registrar was
/// asked.
fn register(has_mailbox: bool, arguments: &[&str]) -> (Output, Vec<String>) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("config.toml");
    let registrar = socket.local_addr().unwrap();
    let text = format!(
        "[[account]]\naor = \"sip:alice@127.0.0.1\"\nregistrar = \"udp:{registrar}\"\n\
         message-waiting = true\n"
    );
    std::fs::write(&config, text).unwrap();
    let server = thread::spawn(move || Registrar { socket, has_mailbox }.serve());
    let output = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .arg("register")
        .args(arguments)
        .arg("--config")
        .arg(&config)
        .args(["--bind", "udp:127.0.0.1:0"])
        .env("HOME", home.path())
        .env("XDG_CONFIG_HOME", home.path().join("xdg"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    (output, server.join().unwrap())
}

#[test]
fn what_waits_in_an_accounts_mailbox_is_told_as_a_line_and_as_an_object() {
    let (output, asked) = register(true, &[]);
    let said = String::from_utf8(output.stdout).unwrap();
    let line = "sip:alice@127.0.0.1: 2 new and 8 old messages, 1 new and 0 old fax messages\n";
    assert!(said.contains(line), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(asked.first().map(String::as_str), Some("REGISTER 3600"));
    for once in ["SUBSCRIBE 3600", "SUBSCRIBE 0", "REGISTER 0"] {
        assert_eq!(asked.iter().filter(|it| *it == once).count(), 1, "{asked:?}");
    }
    let (output, _) = register(true, &["--json"]);
    let said = String::from_utf8(output.stdout).unwrap();
    let object = said.lines().find(|line| line.contains("messages_waiting"));
    let object = object.unwrap_or_else(|| panic!("{said}"));
    for part in [
        "\"aor\":\"sip:alice@127.0.0.1\"",
        "\"waiting\":true",
        "{\"class\":\"voice-message\",\"new\":2,\"old\":8,\"urgent_new\":0,\"urgent_old\":2}",
        "{\"class\":\"fax-message\",\"new\":1,\"old\":0}",
    ] {
        assert!(object.contains(part), "{object}");
    }
}

#[test]
fn a_registrar_without_a_mailbox_leaves_the_account_registered() {
    let (output, asked) = register(false, &[]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("is registered for"), "{said}");
    let unknown = "whether messages wait is not known: the peer answered 489 Bad Event";
    assert!(said.contains(unknown), "{said}");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(asked, ["REGISTER 3600", "SUBSCRIBE 3600", "REGISTER 0"]);
}
