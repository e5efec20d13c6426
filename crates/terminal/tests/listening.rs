//! The built program as it listens, and a stranger who calls it by hand.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader, Read};
use std::net::UdpSocket;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;
use terminal::assembly::free_loopback_pair;

/// A terminal that answers every call, and the stranger's socket, connected to it.
struct Listening {
    child: Child,
    out: BufReader<ChildStdout>,
    stranger: UdpSocket,
}

impl Listening {
    /// Starts it with at most so many open files; `None` where it does not come to listen.
    fn start(home: &Path, files: u32) -> Option<Self> {
        Self::start_with(home, files, &[])
    }

    /// As [`start`](Self::start), with more arguments.
    fn start_with(home: &Path, files: u32, more: &[&str]) -> Option<Self> {
        let binds = free_loopback_pair().unwrap();
        let mut child = Command::new("sh")
            .args(["-c", "ulimit -n \"$0\" && exec \"$@\"", &files.to_string()])
            .args([env!("CARGO_BIN_EXE_countersign"), "-vv"])
            .args(binds.iter().flat_map(|bind| ["--bind".to_owned(), bind.to_string()]))
            .args(["listen", "--auto-answer"])
            .args(more)
            .env("HOME", home)
            .env("XDG_CONFIG_HOME", home.join("config"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
        stranger.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stranger.connect(binds[0].address).unwrap();
        let listening = Self { child, out, stranger };
        if line.contains("listening") {
            return Some(listening);
        }
        listening.end();
        None
    }

    /// Calls, with this in front of the address in From, and gives the final response.
    fn call(&self, display: &[u8]) -> String {
        let (here, there) =
            (self.stranger.local_addr().unwrap(), self.stranger.peer_addr().unwrap());
        let body = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
                    m=audio 4000 RTP/AVP 0\r\n";
        let head = format!(
            "INVITE sip:bob@{there} SIP/2.0\r\nVia: SIP/2.0/UDP {here};rport;branch=z9hG4bKx\r\n\
             Max-Forwards: 70\r\nTo: <sip:bob@{there}>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n\
             Contact: <sip:eve@{here}>\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\
             From: ",
            body.len()
        );
        let from = format!("<sip:eve@{here}>;tag=1\r\n\r\n{body}");
        self.ask(&[head.as_bytes(), display, from.as_bytes()].concat(), "z9hG4bKx")
    }

    /// Sends a request of this branch, and gives its final response.
    fn ask(&self, request: &[u8], branch: &str) -> String {
        self.stranger.send(request).unwrap();
        let mut buffer = [0; 8_192];
        loop {
            let length = self.stranger.recv(&mut buffer).unwrap();
            let response = String::from_utf8_lossy(&buffer[..length]).into_owned();
            if response.contains(branch) && !response.starts_with("SIP/2.0 1") {
                return response;
            }
        }
    }

    /// Sends what is no request for its control octets, and sees it refused.
    fn draw(&self) {
        let drawn = "INVITE sip:\u{1b}[2J\u{202e}bob@h SIP/2.0\r\n\
                     Via: SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bKy\r\n\
                     Subject: long enough to be answered with no more than twice its octets\r\n\r\n";
        let answer = self.ask(drawn.as_bytes(), "z9hG4bKy");
        assert!(answer.starts_with("SIP/2.0 400 "), "{answer}");
    }

    /// Ends it, and gives all that it has said.
    fn end(mut self) -> Vec<u8> {
        self.child.kill().unwrap();
        self.said()
    }

    /// Ends it as Ctrl-C does, and gives all that it has said.
    fn interrupt(mut self) -> Vec<u8> {
        kill_process(Pid::from_child(&self.child), Signal::INT).unwrap();
        self.said()
    }

    fn said(&mut self) -> Vec<u8> {
        let mut said = Vec::new();
        self.out.read_to_end(&mut said).unwrap();
        self.child.stderr.take().unwrap().read_to_end(&mut said).unwrap();
        self.child.wait().unwrap();
        said
    }
}

/// The first character, if any, that a terminal acts on instead of showing it.
fn drives(text: &str) -> Option<char> {
    text.chars().find(|c| {
        c.is_control() && !matches!(c, '\n' | '\t') || matches!(c, '\u{202e}' | '\u{2066}')
    })
}

/// A display name of invalid UTF-8, with escapes and bidirectional controls, is the stranger's to
/// write, as is the line that a request begins with; the screen is not the stranger's to write on.
/// Two things stand before it: what is told is cleaned, and the log escapes what it is told.
#[test]
fn p13_neither_a_display_name_nor_a_start_line_drives_the_screen() {
    let home = tempfile::tempdir().unwrap();
    let listening = Listening::start(home.path(), 256).unwrap();
    let display = [&b"\"\\\x1b[2J\\\x07 \xff\xfe "[..], "\u{202e}evil\u{2066}\" ".as_bytes()];
    let answer = listening.call(&display.concat());
    assert!(answer.starts_with("SIP/2.0 200 "), "{answer}");
    listening.draw();
    let said = listening.end();
    let text = String::from_utf8(said).expect("what is said is text");
    assert!(text.contains("sip:eve@127.0.0.1") && text.contains("[2J"), "{text}");
    assert_eq!(drives(&text), None, "{text:?}");
}

/// A ladder is read at a terminal and mailed: nothing but the cleaning stands before it.
#[test]
fn p13_a_start_line_drives_no_ladder() {
    let home = tempfile::tempdir().unwrap();
    for name in ["call.txt", "call.svg"] {
        let ladder = home.path().join(name);
        let more = ["--ladder", ladder.to_str().unwrap()];
        let listening = Listening::start_with(home.path(), 256, &more).unwrap();
        listening.draw();
        let said = listening.interrupt();
        let drawn = std::fs::read_to_string(&ladder)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&said)));
        assert!(drawn.contains("[2J"), "{name} does not show it: {drawn}");
        assert_eq!(drives(&drawn), None, "{name}: {drawn:?}");
    }
}

/// Who calls, as the element before us asserts, is told where the configuration trusts that one.
#[test]
fn f02_who_is_asserted_to_call_is_told_where_that_is_trusted() {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("trusting.toml");
    std::fs::write(&config, "[trusted]\nnetworks = [\"127.0.0.0/8\"]\n").unwrap();
    let trusting = ["--config", config.to_str().unwrap()];
    for (more, words) in [
        (&trusting[..], Some(", asserted as sip:eve@127.0.0.1:")),
        (&[trusting[0], trusting[1], "--json"], Some("\"asserted\":[\"sip:eve@127.0.0.1:")),
        (&[], None),
        (&["--json"], None),
    ] {
        let listening = Listening::start_with(home.path(), 256, more).unwrap();
        // What ends From begins the other field, and its address is that one's.
        let answer = listening.call(b"<sip:a@b.invalid>;tag=2\r\nP-Asserted-Identity: ");
        assert!(answer.starts_with("SIP/2.0 200 "), "{answer}");
        let said = String::from_utf8(listening.end()).unwrap();
        assert!(said.contains("sip:a@b.invalid"), "{said}");
        let told = said.contains(words.unwrap_or("asserted"));
        assert_eq!(told, words.is_some(), "{more:?}: {said}");
    }
}

/// What a caller says of itself is shown as what it says, beside what is proved.
#[test]
fn what_a_caller_says_of_its_call_is_told_as_that() {
    const HISTORY: &[u8] = b"\"Bob\" <sip:a@b.invalid>;tag=2\r\nSubject: Lunch\r\n\
        History-Info: <sip:desk@b.invalid>;index=1\r\nX-Rest: ";
    let home = tempfile::tempdir().unwrap();
    for (more, words) in [
        (&[][..], " It says: name \"Bob\", subject \"Lunch\", for \"sip:desk@b.invalid\".\n"),
        (
            &["--json"],
            r#""said":{"display":"Bob","subject":"Lunch","history":["sip:desk@b.invalid"]}"#,
        ),
    ] {
        let listening = Listening::start_with(home.path(), 256, more).unwrap();
        let answer = listening.call(HISTORY);
        assert!(answer.starts_with("SIP/2.0 200 "), "{answer}");
        let said = String::from_utf8(listening.end()).unwrap();
        assert!(said.contains(words), "{more:?}: {said}");
    }
}

/// With no descriptor left for the media, the caller is asked to call again: 500 with Retry-After.
/// How many are too few depends on the flavour, so that all numbers are tried until one will do.
#[test]
fn x10_a_terminal_without_descriptors_asks_to_be_called_again() {
    let home = tempfile::tempdir().unwrap();
    let mut refused = 0;
    for files in 8..64 {
        let Some(listening) = Listening::start(home.path(), files) else { continue };
        let answer = listening.call(b"");
        let said = listening.end();
        if answer.starts_with("SIP/2.0 200 ") {
            break;
        }
        let said = String::from_utf8_lossy(&said);
        assert!(answer.starts_with("SIP/2.0 500 "), "{files} files: {answer}\n{said}");
        assert!(answer.contains("\r\nRetry-After: 5\r\n"), "{files} files: {answer}");
        assert!(said.contains("no ports for media"), "{files} files: {said}");
        refused += 1;
    }
    assert!(refused > 0, "no number of files is enough to listen and not enough to call");
}

/// D08: who has proved nothing sends no text but in a call, and none that drives the screen.
#[test]
fn a_text_is_shown_from_a_call_and_not_from_a_stranger() {
    let home = tempfile::tempdir().unwrap();
    let listening = Listening::start(home.path(), 256).unwrap();
    let message = |call: &str, branch: &str, tag: &str| {
        let (here, there) =
            (listening.stranger.local_addr().unwrap(), listening.stranger.peer_addr().unwrap());
        let text = "good \x1b[2J\u{202e}evening";
        let head = format!(
            "MESSAGE sip:bob@{there} SIP/2.0\r\nVia: SIP/2.0/UDP {here};rport;branch={branch}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:eve@{here}>;tag=1\r\nTo: <sip:bob@{there}>{tag}\r\n\
             Call-ID: {call}\r\nCSeq: 2 MESSAGE\r\nContent-Type: text/plain\r\n\
             Content-Length: {}\r\n\r\n{text}",
            text.len()
        );
        listening.ask(head.as_bytes(), branch)
    };
    let refused = message("2", "z9hG4bKalone", "");
    assert!(refused.starts_with("SIP/2.0 401 "), "{refused}");
    let answer = listening.call(b"");
    let to = answer.lines().find(|line| line.starts_with("To:")).unwrap();
    let taken = message("1", "z9hG4bKwithin", &to[to.find(";tag=").unwrap()..]);
    assert!(taken.starts_with("SIP/2.0 200 "), "{taken}");
    let mut line = String::new();
    let mut listening = listening;
    while !line.starts_with("message from") {
        line.clear();
        assert_ne!(listening.out.read_line(&mut line).unwrap(), 0, "no message is shown");
    }
    listening.end();
    assert!(line.contains("sip:eve@127.0.0.1") && line.contains("good"), "{line}");
    assert!(!line.trim_end().contains(|c: char| c.is_control() || c == '\u{202e}'), "{line:?}");
}

/// What is listened for: anybody at this host; with an identity, that one, and whom `[own]` lists.
#[test]
fn what_is_for_another_user_or_host_is_not_found() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("config/countersign");
    std::fs::create_dir_all(&folder).unwrap();
    let own = "[identity]\naor = \"sip:bob@bob.example\"\n[own]\nusers = [\"+49301\"]\n\
               hosts = [\"pbx.example\"]\n";
    let anybody: &[(&str, u16)] = &[
        ("sip:nobody@127.0.0.1", 200),
        ("sip:bob@localhost:5060", 200),
        ("sip:127.0.0.1", 200),
        ("sip:bob@192.0.2.77", 404),
        ("sip:bob@bob.example", 404),
        ("tel:+123", 404),
        ("sips:bob@127.0.0.1", 480),
    ];
    let somebody: &[(&str, u16)] = &[
        ("sip:bob@127.0.0.1", 200),
        ("sip:bob@bob.example", 200),
        ("sip:+49301@pbx.example", 200),
        ("tel:+49-301", 200),
        ("sip:nobody@127.0.0.1", 404),
        ("sip:bob@carol.example", 404),
        ("tel:+123", 404),
    ];
    for (config, cases) in [("", anybody), (own, somebody)] {
        std::fs::write(folder.join("config.toml"), config).unwrap();
        let listening = Listening::start(home.path(), 256).unwrap();
        let here = listening.stranger.local_addr().unwrap();
        for (number, (uri, status)) in cases.iter().enumerate() {
            let request = format!(
                "OPTIONS {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {here};rport;branch=z9hG4bK{number}x\r\n\
                 Max-Forwards: 70\r\nFrom: <sip:eve@{here}>;tag=1\r\nTo: <{uri}>\r\n\
                 Call-ID: {number}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
            );
            let answer = listening.ask(request.as_bytes(), &format!("z9hG4bK{number}x"));
            assert!(answer.starts_with(&format!("SIP/2.0 {status} ")), "{uri}: {answer}");
        }
        listening.end();
    }
}
