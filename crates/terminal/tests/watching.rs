//! `watch`: what a notifier tells is a line, or an object, for each change; Ctrl-C unsubscribes.
#![cfg(feature = "watch")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use rustix::process::{Pid, Signal, kill_process};
use sip_core::packages::dialog_info::{
    Dialog, DialogInfo, Direction, Event, Named, Participant, State,
};
use sip_core::packages::presence::{Basic, Contact, Note, Presence, Tuple};
use sip_core::packages::{Coverage, Priority};
use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

fn field<'a>(message: &'a str, name: &str) -> &'a str {
    let line = message.lines().find(|line| line.starts_with(&format!("{name}: ")));
    line.unwrap().split_once(": ").unwrap().1
}

/// The value of To without its tag.
fn without_tag(to: &str) -> &str {
    to.split_inclusive('>').next().unwrap()
}

/// Who tells these bodies of this package, one after the other.
struct Notifier {
    socket: UdpSocket,
    kind: &'static str,
    bodies: Vec<Vec<u8>>,
    /// What a SUBSCRIBE is answered.
    status: &'static str,
}

impl Notifier {
    /// Answers until it is unsubscribed from; Expires of each SUBSCRIBE. Where nothing comes, the
    /// child is ended.
    fn serve(self, child: Pid) -> Vec<String> {
        let mut buffer = [0; 8_192];
        let (mut asked, mut subscribe, mut told) = (Vec::new(), String::new(), 0);
        while let Ok((length, source)) = self.socket.recv_from(&mut buffer) {
            let message = String::from_utf8(buffer.get(..length).unwrap().to_vec()).unwrap();
            let mut state = "active;expires=3600";
            if message.starts_with("SUBSCRIBE ") {
                let expires = field(&message, "Expires").to_owned();
                self.answer(source, &message);
                if expires == "0" {
                    state = "terminated;reason=timeout";
                } else {
                    subscribe = message;
                }
                asked.push(expires);
                if !self.status.starts_with('2') {
                    self.socket.set_read_timeout(Some(Duration::from_secs(3))).unwrap();
                }
            }
            let unsubscribed = state.starts_with("terminated");
            if let Some(body) = self.bodies.get(told).filter(|_| !unsubscribed) {
                told += 1;
                self.notify(source, &subscribe, (told, state), body);
            } else if unsubscribed {
                self.notify(source, &subscribe, (told + 1, state), b"");
                return asked;
            }
        }
        // It may have ended already.
        _ = kill_process(child, Signal::KILL);
        asked
    }

    fn answer(&self, to: SocketAddr, request: &str) {
        let rows = ["Via", "From", "Call-ID", "CSeq", "Expires"];
        let rows = rows.map(|name| format!("{name}: {}\r\n", field(request, name))).concat();
        let us = without_tag(field(request, "To"));
        let (status, own) = (self.status, self.socket.local_addr().unwrap());
        let response = format!(
            "SIP/2.0 {status}\r\n{rows}To: {us};tag=t\r\nContact: <sip:bob@{own}>\r\n\
             Content-Length: 0\r\n\r\n"
        );
        self.socket.send_to(response.as_bytes(), to).unwrap();
    }

    fn notify(&self, to: SocketAddr, subscribe: &str, (cseq, state): (usize, &str), body: &[u8]) {
        let own = self.socket.local_addr().unwrap();
        let [from, call_id, event] =
            ["From", "Call-ID", "Event"].map(|name| field(subscribe, name));
        let uri = field(subscribe, "Contact").trim_matches(['<', '>']);
        let us = without_tag(field(subscribe, "To"));
        let head = format!(
            "NOTIFY {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {own};rport;branch=z9hG4bKn{cseq}\r\n\
             Max-Forwards: 70\r\nFrom: {us};tag=t\r\nTo: {from}\r\nCall-ID: {call_id}\r\n\
             CSeq: {cseq} NOTIFY\r\nContact: <sip:bob@{own}>\r\nEvent: {event}\r\n\
             Subscription-State: {state}\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n",
            self.kind,
            body.len()
        );
        self.socket.send_to(&[head.as_bytes(), body].concat(), to).unwrap();
    }
}

/// What a `watch` came to.
struct Watched {
    lines: Vec<String>,
    errors: String,
    status: Option<i32>,
    /// Expires of each SUBSCRIBE.
    asked: Vec<String>,
}

/// Watches whom `notifier` tells of until so many lines are told, and then presses Ctrl-C.
fn watch(arguments: &[&str], mut notifier: Notifier, lines: usize) -> Watched {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let uri = format!("sip:bob@{};transport=udp", socket.local_addr().unwrap());
    notifier.socket = socket;
    let home = tempfile::tempdir().unwrap();
    let mut child: Child = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(["watch", &uri, "--bind", "udp:127.0.0.1:0"])
        .args(arguments)
        .env("HOME", home.path())
        .env("XDG_CONFIG_HOME", home.path().join("xdg"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let pid = Pid::from_child(&child);
    let server = thread::spawn(move || notifier.serve(pid));
    let mut out = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut told: Vec<String> = out.by_ref().take(lines).collect();
    if lines > 0 {
        kill_process(pid, Signal::INT).unwrap();
    }
    told.extend(out);
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    let status = child.wait().unwrap().code();
    Watched { lines: told, errors, status, asked: server.join().unwrap() }
}

fn notifier(kind: &'static str, bodies: Vec<Vec<u8>>) -> Notifier {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    Notifier { socket, kind, bodies, status: "200 OK" }
}

/// A call to Carol, how far it is, and what ended it.
fn call(state: State, event: Option<Event>) -> Dialog {
    let uri = "sip:carol:secret@example.org".to_owned();
    let remote = Participant { identities: vec![Named { uri, display: None }], target: None };
    let direction = Some(Direction::Initiator);
    let code = event.map(|_| 486);
    Dialog { direction, event, code, remote, duration: Some(9), ..Dialog::new("1", state) }
}

fn calls() -> Notifier {
    let told = [
        vec![call(State::Early, None), Dialog::new("2", State::Confirmed)],
        // Nothing that is told differs.
        vec![Dialog { duration: Some(10), ..call(State::Early, None) }],
        vec![call(State::Terminated, Some(Event::Rejected))],
        Vec::new(),
    ];
    let bodies = told.into_iter().zip(0..).map(|(dialogs, version)| {
        let coverage = if version % 3 == 0 { Coverage::Full } else { Coverage::Partial };
        DialogInfo { version, coverage, entity: None, dialogs }.to_body()
    });
    notifier(DialogInfo::MEDIA_TYPE, bodies.collect())
}

#[test]
fn each_change_of_somebodys_calls_is_a_line_and_ctrl_c_unsubscribes() {
    let watched = watch(&["--package", "dialog"], calls(), 4);
    let expected = [
        "call 1 to sip:carol:[redacted]@example.org: ringing",
        "call 2: talking",
        "call 1 to sip:carol:[redacted]@example.org: over (rejected, 486)",
        "not any more: call 2: talking",
    ];
    assert_eq!(watched.lines, expected, "{}", watched.errors);
    assert_eq!((watched.status, watched.errors.as_str()), (Some(0), ""));
    assert_eq!(watched.asked, ["3600", "0"]);
}

#[test]
fn each_change_of_somebodys_calls_is_an_object() {
    let watched = watch(&["--package", "dialog", "--json"], calls(), 4);
    let expected = [
        "\"event\":\"dialog\",\"id\":\"1\",\"state\":\"early\",\"direction\":\"initiator\",\
         \"remote\":\"sip:carol:[redacted]@example.org\",\"duration\":9}",
        "\"event\":\"dialog\",\"id\":\"2\",\"state\":\"confirmed\"}",
        "\"cause\":\"rejected\",\"status\":486,\"duration\":9}",
        "\"event\":\"gone\",\"kind\":\"dialog\",\"id\":\"2\"}",
    ];
    assert_eq!(watched.lines.len(), expected.len(), "{:?}", watched.lines);
    for (line, end) in watched.lines.iter().zip(expected) {
        assert!(line.ends_with(end), "{line}");
    }
    assert_eq!(watched.status, Some(0));
}

#[test]
fn presence_is_watched_unless_something_else_is_named() {
    let note = |text: &str| Note { text: text.to_owned(), lang: None };
    let contact =
        Contact { uri: "sip:bob@192.0.2.7".to_owned(), priority: Priority::of_thousandths(800) };
    let tuple = Tuple {
        id: "1".to_owned(),
        basic: Some(Basic::Open),
        contact: Some(contact),
        notes: vec![note("at\u{202e} the \u{9b}desk")],
        timestamp: None,
    };
    let body = Presence {
        entity: "sip:bob@example.org".to_owned(),
        tuples: vec![tuple],
        notes: vec![note("back at five")],
    };
    let body = body.to_body();
    let told = notifier(Presence::MEDIA_TYPE, vec![body.clone()]);
    let watched = watch(&[], told, 2);
    let said = watched.lines.join("\n");
    assert!(
        said.starts_with("sip:bob@example.org can be reached at sip:bob@192.0.2.7: at"),
        "{said}"
    );
    assert!(!said.contains(['\u{202e}', '\u{9b}']), "{said}");
    assert!(said.ends_with("\nsip:bob@example.org says: back at five"), "{said}");
    let watched = watch(&["--json"], notifier(Presence::MEDIA_TYPE, vec![body]), 2);
    let [means, noted] = &watched.lines[..] else { panic!("{:?}", watched.lines) };
    for part in [
        "\"event\":\"means\",\"entity\":\"sip:bob@example.org\",\"id\":\"1\",\"open\":true,",
        "\"contact\":\"sip:bob@192.0.2.7\",\"priority\":0.8,\"notes\":[",
    ] {
        assert!(means.contains(part), "{means}");
    }
    let end =
        "\"event\":\"noted\",\"entity\":\"sip:bob@example.org\",\"notes\":[\"back at five\"]}";
    assert!(noted.ends_with(end), "{noted}");
}

#[test]
fn who_does_not_tell_is_the_reason_of_failure() {
    let refuses = Notifier { status: "489 Bad Event", ..notifier("text/plain", Vec::new()) };
    let watched = watch(&["--package", "reg"], refuses, 0);
    assert!(watched.lines.is_empty(), "{:?}", watched.lines);
    assert_eq!(watched.errors, "countersign: the peer answered 489 Bad Event\n");
    assert_eq!(watched.status, Some(1));
    assert_eq!(watched.asked, ["3600"]);
}
