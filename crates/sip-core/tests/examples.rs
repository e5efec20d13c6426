//! The examples as they are run by hand, against one another on loopback.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::net::UdpSocket;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::Duration;

const NAMES: [&str; 4] = ["place_call", "answer_call", "register", "transfer"];
const OFFER: &str = "v=0 offer";
const ANSWER: &str = "v=0 answer";

/// An example. `cargo test` builds them beside its tests; where only some tests are asked for,
/// `cargo build --examples` does.
fn example(name: &str) -> Command {
    let test = std::env::current_exe().unwrap();
    let path: PathBuf = test.parent().and_then(|deps| deps.parent()).unwrap().join("examples");
    let path = path.join(name);
    assert!(path.exists(), "{} is not built: cargo build --examples", path.display());
    Command::new(path)
}

/// Runs an example to its end; what it printed.
fn run(name: &str, arguments: &[&str]) -> String {
    let Output { status, stdout, stderr } = example(name).args(arguments).output().unwrap();
    assert!(status.success(), "{name}: {}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}

/// An example that answers calls until it is dropped.
struct Answering {
    child: Child,
    lines: BufReader<ChildStdout>,
    uri: String,
}

impl Answering {
    fn start() -> Self {
        let mut command = example("answer_call");
        let command = command.args(["udp:127.0.0.1:0", ANSWER]).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        let mut answering = Self { child, lines, uri: String::new() };
        let line = answering.line();
        let address = line.strip_prefix("listening on ").unwrap();
        answering.uri = format!("sip:bob@{address}");
        answering
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_call_that_is_placed_is_answered() {
    let mut bob = Answering::start();
    let printed = run("place_call", &[&bob.uri, OFFER]);
    assert_eq!(printed, format!("answered: {ANSWER}\n"));
    assert_eq!(bob.line(), "sip:alice@127.0.0.1 calls");
    assert_eq!(bob.line(), "over: sip:alice@127.0.0.1");
}

#[test]
fn a_call_is_transferred() {
    let (mut bob, mut carol) = (Answering::start(), Answering::start());
    let printed = run("transfer", &[&bob.uri, &carol.uri, OFFER]);
    let last = printed.lines().last();
    assert_eq!(last, Some(format!("{} answered 200", carol.uri).as_str()), "{printed}");
    assert_eq!(bob.line(), "sip:alice@127.0.0.1 calls");
    assert_eq!(bob.line(), format!("transferred to {}", carol.uri));
    assert_eq!(carol.line(), "sip:bob@127.0.0.1 calls");
}

/// A registrar that grants what two REGISTERs ask for, and tells subscribers of two messages.
fn registrar(socket: &UdpSocket) {
    let mut registered = 0;
    while registered < 2 {
        let mut octets = [0; 4096];
        let (length, from) = socket.recv_from(&mut octets).unwrap();
        let text = String::from_utf8_lossy(octets.get(..length).unwrap()).into_owned();
        registered += usize::from(text.starts_with("REGISTER"));
        if text.starts_with("SIP/2.0") {
            continue;
        }
        let mut answer = "SIP/2.0 200 OK\r\n".to_owned();
        for line in text.lines().skip(1).take_while(|line| !line.is_empty()) {
            let name = line.split(':').next().unwrap_or_default();
            let tag = if name == "To" { ";tag=1" } else { "" };
            if ["Via", "From", "To", "Call-ID", "CSeq", "Contact", "Expires"].contains(&name) {
                write!(answer, "{line}{tag}\r\n").unwrap();
            }
        }
        answer += "Content-Length: 0\r\n\r\n";
        socket.send_to(answer.as_bytes(), from).unwrap();
        if text.starts_with("SUBSCRIBE") {
            socket.send_to(notify(&text, socket).as_bytes(), from).unwrap();
        }
    }
}

/// The NOTIFY that answers a SUBSCRIBE.
fn notify(subscribe: &str, socket: &UdpSocket) -> String {
    let field = |name: &str| {
        let line = subscribe.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        line.unwrap_or_default()
    };
    let (to, from) = (field("From"), field("To").trim_end_matches(";tag=1"));
    let (call, branch, address) = (field("Call-ID"), field("CSeq"), socket.local_addr().unwrap());
    let state = if field("Expires") == "0" { "terminated;reason=timeout" } else { "active" };
    let body = "Messages-Waiting: yes\r\nVoice-Message: 2/8\r\n";
    format!(
        "NOTIFY sip:alice@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {address};branch=z9hG4bK{}\r\n\
         From: {from};tag=1\r\nTo: {to}\r\nCall-ID: {call}\r\nCSeq: {branch}\r\n\
         Max-Forwards: 70\r\nContact: <sip:{address}>\r\nEvent: message-summary\r\n\
         Subscription-State: {state}\r\nContent-Type: application/simple-message-summary\r\n\
         Content-Length: {}\r\n\r\n{body}",
        branch.replace(' ', ""),
        body.len(),
    )
    .replace(" SUBSCRIBE\r\n", " NOTIFY\r\n")
}

#[test]
fn an_address_is_registered_and_taken_back_and_its_messages_are_shown() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let address = socket.local_addr().unwrap();
    let registrar = std::thread::spawn(move || registrar(&socket));
    let printed = run("register", &["sip:alice@127.0.0.1", &format!("sip:{address}")]);
    let wanted = [
        &format!("sip:alice@127.0.0.1 is registered at {address} for 600 s\n"),
        "messages wait: yes\n",
        "voice-message: 2 new, 8 old\n",
        "of messages nothing is told any more: it was ended here\n",
        "sip:alice@127.0.0.1 is not registered any more\n",
    ];
    assert_eq!(printed, wanted.concat());
    registrar.join().unwrap();
}

#[test]
fn what_cannot_be_done_is_said_and_has_a_status() {
    let closed = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let output = example("place_call").args([&format!("sip:bob@{closed}"), OFFER]).output();
    let Output { status, stderr, .. } = output.unwrap();
    let told = String::from_utf8_lossy(&stderr);
    assert!(!status.success() && !told.trim().is_empty(), "{told}");
    let Output { status, stderr, .. } =
        example("answer_call").args(["127.0.0.1:5070", ANSWER]).output().unwrap();
    let told = String::from_utf8_lossy(&stderr);
    assert!(!status.success() && told.contains("such as udp:127.0.0.1:5060"), "{told}");
}

#[test]
fn without_arguments_each_says_how_it_is_used() {
    for name in NAMES {
        let Output { status, stderr, .. } = example(name).output().unwrap();
        let told = String::from_utf8_lossy(&stderr);
        assert!(!status.success() && told.starts_with(&format!("usage: {name} ")), "{told}");
    }
}

#[test]
fn the_readme_shows_each_example_as_it_is() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(folder.join("README.md")).unwrap();
    for name in NAMES {
        let text = std::fs::read_to_string(folder.join(format!("examples/{name}.rs"))).unwrap();
        assert!(
            readme.contains(&format!("```rust\n{text}```\n")),
            "README.md shows another {name}.rs"
        );
    }
}
