//! The built program, told what to do by lines on standard input while a call goes on: two of them in
//! the clear, as words and as objects.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]
#![expect(clippy::disallowed_methods, reason = "how long a real process takes")]

mod running;

use running::{Running, countersign};
use serde_json::Value;
use std::fs::File;
use std::net::UdpSocket;
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc;
use std::time::Duration;
use tempfile::TempDir;
use terminal::assembly::free_loopback_pair;

impl Running {
    fn start(home: &Path, arguments: &[&str]) -> Self {
        Self::of(countersign(home, arguments).spawn().unwrap())
    }

    /// The next line that begins so.
    fn tells(&self, words: &str) -> String {
        self.waits(words, |line| line.starts_with(words).then(|| line.to_owned()))
    }

    /// The next object whose `event` is this.
    fn event(&self, event: &str) -> Value {
        self.waits(event, |line| {
            let object: Value = serde_json::from_str(line).ok()?;
            (object["event"] == event).then_some(object)
        })
    }

    /// Tells it an object, and waits until that is done.
    fn does(&mut self, object: &str) -> Value {
        self.says(object);
        let told = self.waits("done", |line| {
            let object: Value = serde_json::from_str(line).ok()?;
            (object["event"] == "done" || object["event"] == "failed").then_some(object)
        });
        assert_eq!(told["event"], "done", "{object}: {told}");
        told
    }
}

/// Tries it until it is so.
fn eventually(mut is_so: impl FnMut() -> bool) {
    for _ in 0..50 {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    panic!("it never was");
}

/// Somebody who listens, and the URI to call.
fn listening(more: &[&str]) -> (TempDir, Running, String) {
    let home = tempfile::tempdir().unwrap();
    let binds = free_loopback_pair().unwrap().map(|bind| bind.to_string());
    let bind = ["--bind", &binds[0], "--bind", &binds[1], "listen"];
    let running = Running::start(home.path(), &[&bind[..], more].concat());
    let json = more.contains(&"--json");
    if json {
        drop(running.event("listening"))
    } else {
        drop(running.tells("listening on"))
    }
    let uri = format!("sip:bob@{}", binds[0].trim_start_matches("udp:"));
    (home, running, uri)
}

#[test]
fn a_call_is_held_resumed_and_ended_by_words() {
    let (home, mut bob, uri) = listening(&["--auto-answer"]);
    let mut alice = Running::start(home.path(), &["call", &uri, "--audio", "tone"]);
    alice.tells("established");
    bob.tells("established");
    std::thread::sleep(Duration::from_millis(500));
    alice.says("hold");
    alice.tells("the peer is on hold");
    bob.tells("the peer holds the call");
    bob.says("calls");
    let row = bob.tells("1: from ");
    assert!(row.ends_with(", up, held by the peer"), "{row}");
    alice.says("calls");
    assert_eq!(alice.tells("1: to "), format!("1: to {uri}, up, on hold"));
    std::thread::sleep(Duration::from_secs(3));
    alice.says("resume 1");
    alice.tells("the peer is not on hold any more");
    bob.tells("the peer does not hold the call any more");
    alice.says("message good evening");
    alice.tells("the message was taken");
    assert!(bob.tells("message from ").ends_with(": good evening"));
    bob.says("message 1: and to you");
    assert!(alice.tells("message from ").ends_with(": and to you"));
    alice.says("dtmf 12#");
    for key in ["1", "2", "#"] {
        assert_eq!(bob.tells("the peer pressed"), format!("the peer pressed {key}"));
    }
    alice.tells("the keys were taken");
    // The tone of either side is a quarter of full scale; on a busy machine some of it comes late.
    eventually(|| {
        alice.says("level");
        alice.tells("said: ").matches("-15 dBFS (-12 at its peak)").count() == 2
    });
    alice.says("mute");
    alice.tells("muted: the peer hears silence");
    alice.says("unmute");
    alice.tells("not muted any more");
    alice.says("hang up");
    let over = alice.tells("over: hung up here");
    let numbers = over.split(|c: char| !c.is_ascii_digit()).filter_map(|it| it.parse::<u64>().ok());
    let [sent, received, ..] = numbers.collect::<Vec<_>>()[..] else { panic!("{over}") };
    assert!(sent > received + 100, "bob was held for three seconds: {over}");
    alice.ends_well();
    bob.tells("over: the peer hung up");
    bob.interrupt();
    bob.ends_well();
}

#[test]
fn a_call_is_answered_held_and_ended_by_objects() {
    let (home, mut bob, uri) = listening(&["--json"]);
    let mut alice = Running::start(home.path(), &["call", &uri, "--json"]);
    let id = alice.event("calling")["call"].clone();
    let call = bob.event("incoming")["call"].clone();
    alice.event("ringing");
    assert_eq!(bob.does(r#"{"command":"answer"}"#)["call"], call);
    alice.event("established");
    bob.event("established");
    // The side that was called holds, by the name that events have.
    bob.says(&format!(r#"{{"command":"hold","call":{call}}}"#));
    assert_eq!(bob.event("held")["call"], call);
    let done = bob.event("done");
    assert_eq!((&done["command"], &done["call"]), (&"hold".into(), &call));
    assert_eq!(alice.event("peer_held")["call"], id);
    bob.says(r#"{"command":"calls"}"#);
    let calls = bob.event("calls");
    assert!(calls["calls"][0]["held"] == true && calls["calls"][0]["muted"] == false, "{calls}");
    bob.event("done");
    bob.does(r#"{"command":"resume","call":1}"#);
    alice.event("peer_resumed");
    alice.does(r#"{"command":"message","text":"two\nlines"}"#);
    let message = bob.event("message");
    assert_eq!((&message["text"], &message["call"]), (&"two\nlines".into(), &call));
    alice.does(r#"{"command":"dtmf","digits":"*a"}"#);
    assert_eq!(
        (bob.event("dtmf")["digit"].clone(), bob.event("dtmf")["digit"].clone()),
        ("*".into(), "A".into())
    );
    bob.does(r#"{"command":"mute"}"#);
    // Half a second later, nothing of what was said before is left.
    std::thread::sleep(Duration::from_millis(500));
    eventually(|| {
        bob.says(r#"{"command":"level"}"#);
        let level = bob.event("level");
        bob.event("done");
        assert_eq!(level["call"], call);
        assert!(level["said_dbfs"].is_null() && level["said_peak_dbfs"].is_null(), "{level}");
        level["heard_dbfs"].as_f64().is_some_and(|db| (-16.0..-14.0).contains(&db))
    });
    bob.does(r#"{"command":"hang_up"}"#);
    let over = alice.event("over");
    assert_eq!(over["code"], "peer_hung_up");
    let peak = over["media"]["heard_peak_dbfs"].as_f64();
    assert!(peak.is_some_and(|db| (-13.0..-11.0).contains(&db)), "{over}");
    alice.ends_well();
    bob.interrupt();
    bob.ends_well();
}

#[test]
fn a_call_is_rejected_by_a_command_with_its_status() {
    let (home, mut bob, uri) = listening(&[]);
    for (line, status) in [("reject 486", "486"), ("reject", "603"), ("reject 1 480", "480")] {
        let alice = Running::start(home.path(), &["call", &uri, "--json"]);
        bob.tells("call from ");
        bob.says(line);
        bob.tells(&format!("over: refused here with {status}"));
        assert_eq!(alice.event("over")["status"].to_string(), status);
    }
    bob.interrupt();
    bob.ends_well();
}

#[test]
fn what_cannot_be_done_is_answered_with_why() {
    let (home, mut bob, uri) = listening(&["--json", "--auto-answer"]);
    for (line, command, code, words) in [
        ("s3cret", Value::Null, "not_understood", "there are: calls, call URI, answer [N], reject"),
        (r#"{"command":"x"}"#, Value::Null, "not_understood", "expected one of `calls`"),
        ("hold", "hold".into(), "not_now", "there are no calls"),
        ("answer 1", "answer".into(), "not_now", "no call has this name"),
    ] {
        bob.says(line);
        let failed = bob.event("failed");
        assert_eq!((&failed["command"], &failed["code"]), (&command, &code.into()), "{failed}");
        let reason = failed["reason"].as_str().unwrap();
        assert!(reason.contains(words) && !reason.contains("s3cret"), "{failed}");
    }
    bob.says("help");
    let help = bob.event("help");
    assert!(help["commands"].as_array().unwrap().len() > 8, "{help}");
    let mut alice = Running::start(home.path(), &["call", &uri]);
    alice.tells("established");
    alice.says("resume");
    alice.tells("resume failed: the peer is not on hold");
    alice.says("answer");
    alice.tells("answer failed: the call does not wait to be answered any more");
    alice.says("hold 7");
    alice.tells("hold failed: no call has this name");
    alice.says("nonsense");
    alice.tells("not understood; there are: calls, ");
    alice.interrupt();
    alice.ends_well();
    bob.interrupt();
    bob.ends_well();
}

/// The processor time that a process has used, in hundredths of a second.
fn used(running: &Running) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", running.child.id())).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

#[test]
fn the_end_of_standard_input_ends_nothing_and_costs_nothing() {
    let (home, mut bob, uri) = listening(&["--auto-answer"]);
    drop(bob.input.take());
    let script = home.path().join("script");
    std::fs::write(&script, "help\ncalls").unwrap();
    let mut from_file = countersign(home.path(), &["call", &uri]);
    from_file.stdin(File::open(&script).unwrap());
    let mut from_null = countersign(home.path(), &["call", &uri]);
    from_null.stdin(Stdio::null());
    for (mut command, reads) in [(from_file, true), (from_null, false)] {
        let mut alice = Running::of(command.spawn().unwrap());
        // The last line needs no end. It may be read before the call is up or after.
        let mut wanted = if reads { vec!["1: to ", "established"] } else { vec!["established"] };
        while !wanted.is_empty() {
            let is_it = |line: &str| wanted.iter().position(|words| line.starts_with(words));
            let found = alice.waits("both", is_it);
            wanted.remove(found);
        }
        let before = used(&alice);
        std::thread::sleep(Duration::from_secs(1));
        assert!(alice.child.try_wait().unwrap().is_none(), "the call goes on");
        assert!(used(&alice) - before < 50, "it spins");
        alice.interrupt();
        alice.ends_well();
    }
    bob.interrupt();
    bob.ends_well();
}

#[test]
fn without_anybody_to_ask_listen_takes_commands_from_a_pipe_alone() {
    let home = tempfile::tempdir().unwrap();
    let mut nobody = countersign(home.path(), &["listen"]);
    let refused = nobody.stdin(Stdio::null()).output().unwrap();
    let stderr = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("--auto-answer") && stderr.contains("pipe"), "{stderr}");
    // A program that has gone answers no call, and nobody waits for it.
    let (home, mut bob, uri) = listening(&[]);
    let early = Running::start(home.path(), &["call", &uri, "--json"]);
    bob.tells("call from ");
    drop(bob.input.take());
    assert_eq!(early.event("over")["status"], 480);
    let late = Running::start(home.path(), &["call", &uri, "--json"]);
    assert_eq!(late.event("over")["status"], 480);
    bob.interrupt();
    bob.ends_well();
}

/// A peer on loopback that takes one request, by a name of this host, and the request.
fn named() -> (String, mpsc::Receiver<String>) {
    let (uri, requests) = answering(486);
    (uri.replace("127.0.0.1", "localhost"), requests)
}

/// RFC 3263: media is received on the way that the request takes.
#[test]
fn where_one_more_call_goes_is_found_before_it_is_placed() {
    let (home, mut bob, uri) = listening(&["--auto-answer", "--json"]);
    let (carol, requests) = named();
    let mut alice = Running::start(home.path(), &["call", &uri, "--json"]);
    for caller in [&mut alice, &mut bob] {
        caller.event("established");
        // Nobody has this name: there is no call that could fail.
        caller.says(r#"{"command":"call","uri":"sip:carol@nobody.invalid"}"#);
        let failed = caller.waits("failed", |line| {
            let object: Value = serde_json::from_str(line).ok()?;
            assert_ne!(object["event"], "done", "{line}");
            (object["event"] == "failed").then_some(object)
        });
        assert_eq!(failed["command"], "call", "{failed}");
        assert!(failed["reason"].as_str().unwrap().contains("nobody.invalid"), "{failed}");
    }
    let placed = alice.does(&format!(r#"{{"command":"call","uri":"{carol}"}}"#));
    let invite = requests.recv_timeout(Duration::from_secs(10)).unwrap();
    assert!(invite.starts_with(&format!("INVITE {carol} SIP/2.0\r\n")), "{invite}");
    assert!(invite.contains("\r\nc=IN IP4 127.0.0.1\r\n"), "{invite}");
    assert_eq!(alice.event("over")["call"], placed["call"]);
    alice.interrupt();
    alice.event("over");
    bob.interrupt();
    bob.ends_well();
}

/// A peer that answers one request with `status`, and the request.
fn answering(status: u16) -> (String, mpsc::Receiver<String>) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let uri = format!("sip:bob@{}", socket.local_addr().unwrap());
    let (sender, requests) = mpsc::channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 4_096];
        let (length, source) = socket.recv_from(&mut buffer).unwrap();
        let request = String::from_utf8_lossy(&buffer[..length]).into_owned();
        let kept = ["Via:", "From:", "To:", "Call-ID:", "CSeq:"];
        let is_kept = |line: &&str| kept.iter().any(|name| line.starts_with(name));
        let fields: String = request.split_inclusive("\r\n").filter(is_kept).collect();
        let answer = format!("SIP/2.0 {status} So\r\n{fields}Content-Length: 0\r\n\r\n");
        socket.send_to(answer.as_bytes(), source).unwrap();
        sender.send(request).unwrap();
    });
    (uri, requests)
}

#[test]
fn a_text_outside_of_a_call_says_what_became_of_it() {
    let home = tempfile::tempdir().unwrap();
    let message = |more: &[&str]| {
        let output = countersign(home.path(), &[&["message"], more].concat()).output().unwrap();
        let said = [output.stdout, output.stderr].map(|it| String::from_utf8(it).unwrap());
        (output.status.code(), said)
    };
    for (status, line) in [(200, "answered 200 OK\n"), (202, "answered 202 Accepted\n")] {
        let (uri, requests) = answering(status);
        let (code, [out, told]) = message(&[&uri, "good \u{e9}vening"]);
        assert_eq!((code, &out[..], &told[..]), (Some(0), line, ""));
        let request = requests.recv().unwrap();
        assert!(request.starts_with(&format!("MESSAGE {uri} SIP/2.0\r\n")), "{request}");
        assert!(request.contains("\r\nContent-Type: text/plain;charset=UTF-8\r\n"), "{request}");
        assert!(request.ends_with("\r\n\r\ngood \u{e9}vening"), "{request}");
    }
    let (uri, _requests) = answering(480);
    let (code, [out, told]) = message(&[&uri, "hi", "--json"]);
    assert_eq!(code, Some(1));
    assert!(told.starts_with(&format!("countersign: {uri}: the peer answered 480 ")), "{told}");
    let failed: Value = serde_json::from_str(out.lines().next().unwrap()).unwrap();
    assert!(failed["event"] == "message_failed" && failed["status"] == 480, "{failed}");
    assert_eq!(message(&["sip:bob@127.0.0.1", ""]).0, Some(2), "there is nothing to send");
}

/// What calls to somebody must prove is proved in calls alone: no text is sent to whoever answers.
#[cfg(feature = "pgp")]
#[test]
fn no_text_is_sent_outside_of_a_call_to_who_must_prove_who_it_is() {
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("config.toml");
    let (uri, requests) = answering(200);
    for word in ["pgp", "digest"] {
        let contact = format!("[[contact]]\naor = \"{uri}\"\nrequire = \"{word}\"\n");
        std::fs::write(&config, contact).unwrap();
        let arguments = ["--config", config.to_str().unwrap(), "message", &uri, "secret plans"];
        let output = countersign(home.path(), &arguments).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains(&format!("must prove who it is ({word})")), "{told}");
        assert!(requests.try_recv().is_err(), "it was sent");
    }
}

#[test]
fn a_peer_is_transferred_to_somebody_it_does_not_know() {
    let (_bobs, mut bob, to_bob) = listening(&["--auto-answer"]);
    let (_carols, carol, to_carol) = listening(&["--auto-answer"]);
    let home = tempfile::tempdir().unwrap();
    let mut alice = Running::start(home.path(), &["call", &to_bob, "--audio", "tone"]);
    alice.tells("established");
    bob.tells("established");
    alice.says(&format!("transfer {to_carol}"));
    let asked = bob.tells("the peer asks to call");
    assert_eq!(asked, format!("the peer asks to call {to_carol} in its stead: follow or decline?"));
    bob.says("decline");
    alice.tells("the call is not transferred: the peer answered 603 Decline");
    alice.says(&format!("transfer {to_carol}"));
    bob.tells("the peer asks to call");
    bob.says("follow");
    carol.tells("established");
    bob.tells("established");
    alice.tells("the peer talks to somebody else now");
    alice.tells("over: hung up here");
    alice.ends_well();
    bob.tells("over: the peer hung up");
    bob.says("calls");
    assert_eq!(bob.tells("2: to "), format!("2: to {to_carol}, up"));
    bob.says("hang up");
    carol.tells("over: the peer hung up");
    for side in [bob, carol] {
        side.interrupt();
        side.ends_well();
    }
}

#[test]
fn two_peers_are_left_with_one_another() {
    let (_bobs, mut bob, to_bob) = listening(&["--auto-answer"]);
    let (_carols, mut carol, to_carol) = listening(&["--auto-answer"]);
    let home = tempfile::tempdir().unwrap();
    let mut alice = Running::start(home.path(), &["call", &to_bob, "--audio", "tone"]);
    alice.tells("established");
    alice.says("hold");
    alice.tells("the peer is on hold");
    alice.says(&format!("call {to_carol}"));
    alice.tells("established");
    carol.tells("established");
    alice.says("transfer 1 to 2");
    bob.tells("the peer asks to call");
    bob.says("follow");
    let taken = carol.tells("call from");
    assert!(taken.contains("in place of a call that goes on"), "{taken}");
    carol.tells("established");
    carol.tells("over: hung up here");
    alice.tells("the peer talks to somebody else now");
    alice.ends_well();
    bob.says("calls");
    bob.tells("2: to ");
    carol.says("calls");
    carol.tells("2: from ");
    bob.says("hang up 2");
    carol.tells("over: the peer hung up");
    for side in [bob, carol] {
        side.interrupt();
        side.ends_well();
    }
}

#[test]
fn whoever_knows_no_call_is_told_so() {
    let (home, _bob, uri) = listening(&["--auto-answer"]);
    let mut alice = Running::start(home.path(), &["call", &uri, "--json"]);
    alice.event("established");
    for (object, reason) in [
        (r#"{"command":"follow"}"#, "the peer asks for no other call"),
        (r#"{"command":"decline"}"#, "the peer asks for no other call"),
        (r#"{"command":"transfer_to","other":9}"#, "no call has this name; see calls"),
        (r#"{"command":"transfer","uri":"nobody"}"#, "nobody: not a SIP URI"),
        (r#"{"command":"call","uri":"nobody"}"#, "nobody: not a SIP URI"),
    ] {
        alice.says(object);
        let failed = alice.event("failed");
        assert!(failed["reason"].as_str().unwrap().starts_with(reason), "{object}: {failed}");
    }
    alice.interrupt();
    alice.tells("");
}

/// Somebody waits on hold while another calls: one word brings all three together.
#[test]
fn calls_are_brought_together_and_parted_by_a_word() {
    let (home, mut alice, uri) = listening(&["--auto-answer"]);
    let [bob, carol] = [(); 2].map(|()| {
        let caller = Running::start(home.path(), &["call", &uri, "--json"]);
        caller.event("established");
        alice.tells("established");
        caller
    });
    alice.says("hold 1");
    bob.event("peer_held");
    alice.says("join");
    alice.tells("calls 1 and 2 are together: each peer hears the others");
    alice.tells("the peer is not on hold any more");
    bob.event("peer_resumed");
    alice.says("calls");
    let row = alice.tells("1: from ");
    assert!(row.ends_with(", up, together with 2"), "{row}");
    alice.says("join 3");
    alice.tells("join failed: no call has this name");
    alice.says("leave 2");
    alice.tells("call 1 is with no other call any more");
    alice.tells("call 2 is with no other call any more");
    alice.says("leave 2");
    alice.tells("leave failed: the call is in no conference");
    alice.says("join 2");
    alice.tells("calls 1 and 2 are together");
    carol.interrupt();
    carol.ends_well();
    alice.tells("over: the peer hung up");
    alice.tells("call 1 is with no other call any more");
    alice.says("join");
    alice.tells("join failed: it takes two calls that are up");
    bob.interrupt();
    bob.ends_well();
    alice.interrupt();
    alice.ends_well();
}

/// A command that comes while a peer is asked for something is answered after that, and once.
#[test]
fn calls_are_brought_together_by_objects_in_their_turn() {
    let (home, mut alice, uri) = listening(&["--auto-answer", "--json"]);
    let callers = [(); 3].map(|()| {
        let caller = Running::start(home.path(), &["call", &uri, "--json"]);
        caller.event("established");
        caller
    });
    let calls = [(); 3].map(|()| alice.event("established")["call"].clone());
    for line in [
        r#"{"command":"hold","call":1}"#,
        r#"{"command":"hold","call":2}"#,
        r#"{"command":"join","calls":[1,2]}"#,
    ] {
        alice.says(line);
    }
    let mut told = Vec::new();
    while told.last().is_none_or(|last| last != "done join") {
        told.push(alice.waits("all", |line| {
            let object: Value = serde_json::from_str(line).ok()?;
            let command = object["command"].as_str().map(|name| format!(" {name}"));
            Some(object["event"].as_str()?.to_owned() + &command.unwrap_or_default())
        }));
    }
    let joined = told.split_off(told.iter().position(|it| it == "joined").unwrap());
    assert_eq!(told, ["held", "done hold", "held", "done hold"]);
    assert_eq!(joined, ["joined", "resumed", "resumed", "done join"]);
    // One that stays on hold is not resumed for another that comes.
    alice.does(r#"{"command":"hold","call":1}"#);
    alice.says(r#"{"command":"join","calls":[3]}"#);
    assert_eq!(alice.event("joined")["calls"].as_array().unwrap().len(), 3);
    alice.event("done");
    alice.says(r#"{"command":"calls"}"#);
    let rows = alice.event("calls")["calls"].clone();
    assert_eq!(rows[0]["held"], true);
    assert_eq!(rows[1]["with"], serde_json::json!([calls[0], calls[2]]));
    alice.does(&format!(r#"{{"command":"leave","call":{}}}"#, calls[2]));
    alice.interrupt();
    alice.ends_well();
    for caller in callers {
        caller.event("over");
        caller.ends_well();
    }
}

/// Bob has to prove who he is, and does; whoever else calls need not.
#[cfg(feature = "digest")]
#[test]
fn who_has_to_prove_who_he_is_is_not_heard_by_who_has_not_unless_that_is_said() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = home.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        path.to_str().unwrap().to_owned()
    };
    write("password", "secret\n");
    let binds = free_loopback_pair().unwrap().map(|bind| bind.to_string());
    let config = write(
        "alice.toml",
        &format!(
            "bind = [\"{}\", \"{}\"]\n[identity]\naor = \"sip:alice@example.org\"\n\
             [[contact]]\naor = \"sip:bob@example.org\"\nrequire = \"digest\"\n\
             [[user]]\nname = \"bob\"\npassword-file = \"password\"\n",
            binds[0], binds[1]
        ),
    );
    let mut alice = Running::start(home.path(), &["--config", &config, "listen", "--auto-answer"]);
    alice.tells("listening on");
    let config = write(
        "bob.toml",
        &format!(
            "[identity]\naor = \"sip:bob@example.org\"\n[[account]]\naor = \"sip:bob@example.org\"\n\
             registrar = \"{}\"\npassword-file = \"password\"\n",
            binds[0]
        ),
    );
    let call = ["--bind", "udp:127.0.0.1:0", "call"];
    let of_bob = [&["--config", &config][..], &call, &["sip:alice@example.org"]].concat();
    let bob = Running::start(home.path(), &of_bob);
    assert!(alice.tells("established").contains("bob has proved"));
    let uri = format!("sip:alice@{}", binds[0].trim_start_matches("udp:"));
    let carol = Running::start(home.path(), &[&call[..], &[uri.as_str()]].concat());
    alice.tells("established");
    alice.says("join");
    let refused = alice.tells("join failed: ");
    assert!(refused.contains("the peer of call 1 has to prove who it is (digest)"), "{refused}");
    assert!(refused.ends_with("say join anyway"), "{refused}");
    alice.says("calls");
    assert!(!alice.tells("1: from ").contains("together"));
    alice.says("join anyway");
    alice.tells("calls 1 and 2 are together");
    alice.tells("nobody has proved who is in call 2: whoever that is hears what is said in call 1");
    alice.interrupt();
    alice.ends_well();
    for caller in [bob, carol] {
        caller.tells("over: ");
        caller.ends_well();
    }
}
