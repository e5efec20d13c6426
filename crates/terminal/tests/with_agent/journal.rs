//! The journal of real terminals: the story of a call, and a disk that takes no more.

use super::*;
use rustix::process::{Resource, Rlimit, prlimit};
use std::net::UdpSocket;

/// What `explain` says, by calls; it finds the journal whole.
fn explained(file: &Path) -> Vec<Value> {
    let output = Command::new(program()).args(["--json", "explain"]).arg(file).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let told = String::from_utf8(output.stdout).unwrap();
    let told: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let verdict = told.last().unwrap();
    assert_eq!((&verdict["whole"], &verdict["notes"]), (&true.into(), &Vec::<Value>::new().into()));
    told
}

/// All sentences of the calls that `explain` tells of.
fn sentences(told: &[Value]) -> Vec<String> {
    let of = |chapter: &Value| chapter["sentences"].as_array().cloned().unwrap_or_default();
    let told = told.iter().filter(|chapter| chapter["call"].is_string()).flat_map(of);
    told.map(|sentence| sentence["text"].as_str().unwrap().to_owned()).collect()
}

/// Both sides write down who proved what; a refusal says why; the journal holds no secret.
#[test]
fn a_journal_tells_the_story_of_a_call_and_of_a_refusal() {
    let (folder, alice, bob) = friends();
    let (of_alice, of_bob) = (alice.folder.join("journal"), folder.path().join("bob.journal"));
    let config = alice.folder.join("config.toml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text + "\n[journal]\nfile = \"journal\"\n").unwrap();
    let arguments = ["listen", "--auto-answer", "--journal", of_bob.to_str().unwrap()];
    let mut listening = Running::start(&bob, &arguments);
    listening.waits_for("listening");
    alice.does(&["call", BOB, "--seconds", "1"]);
    bob.does(&["keys", "unpin", ALICE]);
    listening.waits_for("repinned");
    alice.fails(&["call", BOB, "--seconds", "1"]);
    listening.interrupt();
    listening.ends_well();

    let told = explained(&of_alice);
    assert_eq!(told.iter().filter(|chapter| chapter["call"].is_string()).count(), 2);
    let caller = sentences(&told);
    let callee = sentences(&explained(&of_bob));
    let says = |all: &[String], what: &str| {
        assert!(all.iter().any(|text| text.contains(what)), "{what}: {all:#?}");
    };
    says(&caller, "the peer asks for a proof");
    says(&caller, "our request is authorized");
    says(&caller, &format!("the peer: {BOB}, pinned key {}", bob.fingerprint()));
    says(&caller, "media may flow");
    says(&callee, &format!("claimed to be of {ALICE}, over TCP from 127.0.0.1:"));
    says(&callee, "it is challenged to prove who it is from");
    says(&callee, "its proof holds");
    says(&callee, &format!("the peer: {ALICE}, pinned key {}", alice.fingerprint()));
    says(&callee, &format!("refused: {ALICE}: unpinned {}", alice.fingerprint()));
    for journal in [&of_alice, &of_bob] {
        let text = fs::read_to_string(journal).unwrap();
        assert!(!text.contains("inline:") && !text.contains("BEGIN PGP"), "{text}");
    }

    // Whoever changes a word of it is found.
    let text = fs::read_to_string(&of_bob).unwrap();
    fs::write(&of_bob, text.replacen("403 Forbidden", "authenticated", 1)).unwrap();
    let output = Command::new(program()).arg("explain").arg(&of_bob).output().unwrap();
    let line = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{line}");
    assert!(line.contains("it is not what was written, in 1 places"), "{line}");
}

/// How long a file is once nothing more is written to it.
fn settled(file: &Path) -> u64 {
    let length = || fs::metadata(file).unwrap().len();
    let mut before = 0;
    while before != length() {
        before = length();
        std::thread::sleep(Duration::from_millis(200));
    }
    before
}

/// Case O05: while the disk takes no more, calls are challenged as ever, and what is not written is counted; once
/// there is room, the journal goes on and says how much is missing.
#[test]
fn o05_a_full_disk_leaves_a_gap_that_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let bind = free_loopback_pair().unwrap().map(|address| address.to_string());
    let side = Side { folder: folder.path().to_owned(), bind };
    let text = format!(
        "bind = [\"{}\"]\n[journal]\nfile = \"journal\"\n[policy]\nrequire = \"digest\"\n",
        side.bind[0]
    );
    fs::write(folder.path().join("config.toml"), text).unwrap();
    let mut child = Command::new("sh")
        .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
        .arg(program())
        .args(["--json", "--config"])
        .arg(folder.path().join("config.toml"))
        .args(["listen", "--auto-answer"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = lines(child.stdout.take().unwrap());
    let mut listening = Running { child, lines };
    listening.waits_for("listening");
    let pid = Pid::from_child(&listening.child);
    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    stranger.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stranger.connect(side.bind[0].trim_start_matches("udp:")).unwrap();
    let (here, there) = (stranger.local_addr().unwrap(), stranger.peer_addr().unwrap());
    let ask = |n: u32| {
        let request = format!(
            "INVITE sip:{there} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK{n}\r\n\
             Max-Forwards: 70\r\nTo: <sip:{there}>\r\nFrom: <sip:eve@{here}>;tag=1\r\n\
             Call-ID: {n}\r\nContact: <sip:eve@{here}>\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
        );
        stranger.send(request.as_bytes()).unwrap();
        let mut buffer = [0; 8_192];
        let length = stranger.recv(&mut buffer).unwrap();
        assert!(buffer[..length].starts_with(b"SIP/2.0 401 "));
    };
    (0..5).for_each(ask);
    // There is room for the beginning of a line.
    let journal = folder.path().join("journal");
    let room = settled(&journal) + 10;
    let full = Rlimit { current: Some(room), maximum: None };
    let before = prlimit(Some(pid), Resource::Fsize, full).unwrap();
    (5..10).for_each(ask);
    std::thread::sleep(Duration::from_millis(500));
    prlimit(Some(pid), Resource::Fsize, before).unwrap();
    (10..15).for_each(ask);
    listening.interrupt();
    let mut said = String::new();
    let mut stderr = listening.child.stderr.take().unwrap();
    listening.ends_well();
    stderr.read_to_string(&mut said).unwrap();
    let told = "security decisions are counted until it can be";
    assert_eq!(said.matches(told).count(), 1, "{said}");

    let told = explained(&journal);
    let of_terminal = told[0]["sentences"].as_array().unwrap();
    let gap = of_terminal.iter().filter_map(|it| it["text"].as_str());
    let gap = gap.filter(|text| text.ends_with("are missing: the file could not be written"));
    assert_eq!(gap.count(), 1, "{of_terminal:#?}");
    let known = sentences(&told).iter().filter(|text| text.contains("comes in")).count();
    assert_eq!(known, 10, "all but those of the gap");
}
