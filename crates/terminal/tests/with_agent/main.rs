//! The built programs together: two terminals in two processes, each with its own
//! `countersign-pgp`, configuration by `init`, keys by `keys`.
#![cfg(feature = "pgp")]
#![expect(clippy::disallowed_methods, reason = "how long a real process takes")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod agents;
mod answers;
mod beside;
mod canaries;
mod commands;
mod gnupg;
#[cfg(feature = "isolated")]
mod isolated;
mod journal;
mod passphrases;
mod passwords;
mod rotation;

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::Value;
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, Output, Stdio};
use std::sync::{OnceLock, mpsc};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use terminal::assembly::free_loopback_pair;

const ALICE: &str = "sip:alice@caller.example";
const BOB: &str = "sip:bob@callee.example";

/// The program under test; `countersign-pgp` stands beside it, where it looks first. A test of the
/// whole workspace has built it already.
fn program() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        beside("pgp-agent", "countersign-pgp");
        #[cfg(feature = "isolated")]
        beside("sec-process", "countersign-sec");
        PathBuf::from(env!("CARGO_BIN_EXE_countersign"))
    })
}

/// Another program beside it, built where it is not there.
fn beside(package: &str, name: &str) -> PathBuf {
    let ours = Path::new(env!("CARGO_BIN_EXE_countersign"));
    let program = ours.with_file_name(name);
    if !program.exists() {
        let profile = ours.parent().unwrap().file_name().unwrap().to_str().unwrap();
        let profile = if profile == "debug" { "dev" } else { profile };
        let built = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--package", package, "--bin", name])
            .args(["--profile", profile])
            .status()
            .unwrap();
        assert!(built.success());
    }
    program
}

/// The one line on standard error. Where the kernel has no sandbox, a warning of that stands before
/// it.
fn only_line(output: &Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr);
    let mut lines = stderr.lines().filter(|line| !line.contains("no full sandbox"));
    let line = lines.next().unwrap_or_else(|| panic!("no line: {stderr}"));
    assert_eq!(lines.next(), None, "{stderr}");
    line.to_owned()
}

/// A terminal's folder and the address that it listens at.
struct Side {
    folder: PathBuf,
    bind: [String; 2],
}

impl Side {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.arg("--config").arg(self.folder.join("config.toml")).args(arguments);
        command.stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs a command that is to succeed, and returns what it printed.
    fn does(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {stderr}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a command that is to fail with one line, and returns it.
    fn fails(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        only_line(&output)
    }

    /// Nobody listens at the agent's socket: it has gone with its terminal.
    fn nothing_is_left(&self) {
        assert!(UnixStream::connect(self.folder.join("run/pgp.sock")).is_err());
    }

    /// Takes the other side's key in, without pinning it.
    fn import(&self, other: &Self) {
        let armored = self.folder.join("peer.asc");
        fs::write(&armored, other.does(&["keys", "export"])).unwrap();
        self.does(&["keys", "import", armored.to_str().unwrap()]);
    }

    fn fingerprint(&self) -> String {
        let keys = self.does(&["--json", "keys", "list"]);
        let mut keys = keys.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let own = keys.find(|key| key["own"] == true).unwrap();
        own["fingerprint"].as_str().unwrap().to_owned()
    }
}

/// Two configured terminals with keys of their own, which know nothing of each other yet.
fn sides() -> (TempDir, Side, Side) {
    let folder = tempfile::tempdir().unwrap();
    let binds = [free_loopback_pair().unwrap(), free_loopback_pair().unwrap()];
    let binds = binds.map(|pair| pair.map(|address| address.to_string()));
    let side = |name: &str, own: &str, peer: &str, bind: &[String; 2], at: &str| {
        let side = Side { folder: folder.path().join(name), bind: bind.clone() };
        let output = Command::new(program())
            .args(["init", side.folder.to_str().unwrap(), "--aor", own, "--require", "pgp"])
            .args(["--bind", &side.bind[0], "--bind", &side.bind[1]])
            .args(["--contact", &format!("{peer}={at}")])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        side.does(&["keys", "generate", "--no-passphrase"]);
        side
    };
    let [of_alice, of_bob] = &binds;
    let alice = side("alice", ALICE, BOB, of_alice, &of_bob[0]);
    let bob = side("bob", BOB, ALICE, of_bob, &of_alice[0]);
    (folder, alice, bob)
}

/// Two that have each other's key pinned.
fn friends() -> (TempDir, Side, Side) {
    let (folder, alice, bob) = sides();
    for (own, other, aor) in [(&alice, &bob, BOB), (&bob, &alice, ALICE)] {
        own.import(other);
        own.does(&["keys", "pin", aor, &other.fingerprint()]);
    }
    (folder, alice, bob)
}

/// Case O05: the disk takes no more. (A limit to the size of files fails each write as a full disk
/// does.) Nothing more is pinned, nothing that was pinned is lost, and nothing half written stays.
#[test]
fn o05_a_full_disk_pins_nothing_and_loses_nothing() {
    let (_folder, alice, bob) = sides();
    alice.import(&bob);
    let key = bob.fingerprint();
    alice.does(&["keys", "pin", BOB, &key]);
    let kept = || {
        let mut files = files(&alice.folder);
        files.sort_unstable();
        (fs::read(alice.folder.join("pins.toml")).unwrap(), files)
    };
    let before = kept();
    let carol = ["keys", "pin", "sip:carol@callee.example", &key];
    for arguments in [&carol[..], &["keys", "unpin", BOB]] {
        let output = Command::new("sh")
            .args(["-c", "trap '' XFSZ; ulimit -f 0 && exec \"$0\" \"$@\""])
            .arg(program())
            .arg("--config")
            .arg(alice.folder.join("config.toml"))
            .args(arguments)
            .output()
            .unwrap();
        let said = only_line(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("pins.toml") && output.stdout.is_empty(), "{said}");
        assert_eq!(kept(), before);
    }
    alice.does(&carol);
    alice.nothing_is_left();
}

/// A command that runs, and the objects that it prints.
struct Running {
    child: Child,
    lines: mpsc::Receiver<String>,
}

/// The lines that a program prints, as they come.
fn lines(out: ChildStdout) -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

impl Running {
    fn start(side: &Side, arguments: &[&str]) -> Self {
        let mut child = side
            .command(arguments)
            .arg("--json")
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let lines = lines(child.stdout.take().unwrap());
        Self { child, lines }
    }

    /// The next object whose `event` is this.
    fn waits_for(&mut self, event: &str) -> Value {
        let began = Instant::now();
        loop {
            let left = Duration::from_secs(30).saturating_sub(began.elapsed());
            let line = self.lines.recv_timeout(left);
            let line = line.unwrap_or_else(|_| panic!("`{event}` is not told"));
            let object: Value = serde_json::from_str(&line).unwrap();
            if object["event"] == event {
                return object;
            }
        }
    }

    fn interrupt(&self) {
        kill_process(Pid::from_child(&self.child), Signal::INT).unwrap();
    }

    fn ends_well(mut self) {
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A test that failed leaves nothing running.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The processes of this name that a process has started.
fn children(of: &Child, name: &str) -> Vec<u32> {
    let of = of.id();
    let all = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let id: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        let (head, rest) = stat.rsplit_once(") ")?;
        // The state, then the parent; one that has ended is none.
        let mut rest = rest.split(' ');
        let running = rest.next()? != "Z" && rest.next()?.parse() == Ok(of);
        (running && head.ends_with(name)).then_some(id)
    });
    all.collect()
}

fn proved(object: &Value, aor: &str, fingerprint: &str) {
    let told = &object["assurance"];
    assert_eq!(told["proof"], "pgp", "{object}");
    assert_eq!(told["peer"], aor, "{object}");
    assert_eq!(told["fingerprint"], fingerprint, "{object}");
    assert_eq!(told["trust"], "pinned", "{object}");
    assert!(told["media"][0].as_str().unwrap().starts_with("SRTP"), "{object}");
}

#[test]
fn a_call_by_hand_is_proved_both_ways_and_ends_on_either_side() {
    let (_folder, alice, bob) = friends();
    let keys = (alice.fingerprint(), bob.fingerprint());
    let mut listening = Running::start(&bob, &["listen", "--auto-answer"]);
    listening.waits_for("listening");

    // The caller hangs up with Ctrl-C.
    let mut calling = Running::start(&alice, &["call", BOB]);
    proved(&calling.waits_for("established"), BOB, &keys.1);
    proved(&listening.waits_for("established"), ALICE, &keys.0);
    std::thread::sleep(Duration::from_millis(500));
    calling.interrupt();
    assert_eq!(listening.waits_for("over")["outcome"], "the peer hung up");
    calling.ends_well();
    alice.nothing_is_left();

    // The callee ends with Ctrl-C.
    let mut calling = Running::start(&alice, &["call", BOB]);
    calling.waits_for("established");
    listening.waits_for("established");
    listening.interrupt();
    assert_eq!(calling.waits_for("over")["outcome"], "the peer hung up");
    calling.ends_well();
    listening.ends_well();
    alice.nothing_is_left();
    bob.nothing_is_left();
}

#[test]
fn a_key_that_is_not_pinned_and_a_wrong_key() {
    let (_folder, alice, bob) = sides();
    alice.import(&bob);
    alice.does(&["keys", "pin", BOB, &bob.fingerprint()]);
    let mut listening = Running::start(&bob, &["listen", "--auto-answer"]);
    listening.waits_for("listening");
    // The callee has no pin for the caller.
    let line = alice.fails(&["call", BOB, "--seconds", "1"]);
    let told = "the call failed: the peer answered 403 Forbidden to the signed call";
    assert!(line.contains(told), "{line}");
    // The callee's user sees why, and what to do.
    let refused = listening.waits_for("refused");
    assert_eq!((&refused["from"], &refused["code"]), (&ALICE.into(), &"unknown_key".into()));
    assert!(refused["source"].as_str().unwrap().starts_with("127.0.0.1:"), "{refused}");
    let reason = refused["reason"].as_str().unwrap();
    assert!(reason.contains(&alice.fingerprint()) && reason.contains("keys import"), "{refused}");
    listening.interrupt();
    listening.ends_well();
    // A pin stays until the user says otherwise.
    let line = alice.fails(&["keys", "pin", BOB, &alice.fingerprint()]);
    assert!(line.contains(&bob.fingerprint()) && line.contains("--replace"), "{line}");
    let own = alice.folder.join("own.asc");
    fs::write(&own, alice.does(&["keys", "export"])).unwrap();
    let line = alice.fails(&["keys", "import", own.to_str().unwrap(), "--pin", BOB]);
    assert!(line.contains(&bob.fingerprint()) && line.contains("--replace"), "{line}");
    // The caller has pinned another key than the callee's, which is its own.
    let output = alice.run(&["keys", "pin", BOB, &alice.fingerprint(), "--replace"]);
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("one of your own"));
    bob.import(&alice);
    bob.does(&["keys", "pin", ALICE, &alice.fingerprint()]);
    let mut listening = Running::start(&bob, &["listen", "--auto-answer"]);
    listening.waits_for("listening");
    let line = alice.fails(&["call", BOB, "--seconds", "1"]);
    // Case G25: the body is encrypted to a key that the callee does not have.
    let told = "the call failed: the peer answered 493 Undecipherable: it cannot decrypt";
    assert!(line.contains(told), "{line}");
    assert_eq!(listening.waits_for("refused")["code"], "body");
    listening.interrupt();
    listening.ends_well();
    alice.nothing_is_left();
    bob.nothing_is_left();
}

#[test]
fn pins_that_are_changed_reach_a_running_listen() {
    let (_folder, alice, bob) = friends();
    let mut listening = Running::start(&bob, &["listen", "--auto-answer"]);
    listening.waits_for("listening");
    bob.does(&["keys", "unpin", "sips:ALICE@caller.example:5080"]);
    assert_eq!(listening.waits_for("repinned")["pins"], 0);
    let line = alice.fails(&["call", BOB, "--seconds", "1"]);
    assert!(line.contains("the peer answered 403"), "{line}");
    bob.does(&["keys", "pin", ALICE, &alice.fingerprint()]);
    assert_eq!(listening.waits_for("repinned")["pins"], 1);
    alice.does(&["call", BOB, "--seconds", "1"]);
    proved(&listening.waits_for("established"), ALICE, &alice.fingerprint());

    // Several at once lose nothing.
    let key = alice.fingerprint();
    let aors: Vec<String> = (0..8).map(|n| format!("sip:n{n}@h.example")).collect();
    let pin = |aor: &String| {
        let mut command = bob.command(&["keys", "pin", aor, &key]);
        command.stdout(Stdio::null()).spawn().unwrap()
    };
    let pinning: Vec<Child> = aors.iter().map(pin).collect();
    for mut child in pinning {
        assert!(child.wait().unwrap().success());
    }
    let pins = fs::read_to_string(bob.folder.join("pins.toml")).unwrap();
    for aor in aors {
        assert!(pins.contains(&aor), "{aor} is lost: {pins}");
    }
    let mode = fs::metadata(bob.folder.join("pins.toml")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    listening.interrupt();
    listening.ends_well();
}

/// A person at a terminal: types on one end, while the program has the other as standard input.
struct Person {
    keyboard: File,
    screen: mpsc::Receiver<Vec<u8>>,
    /// All that was shown, and how much of it was looked at.
    shown: Vec<u8>,
    read: usize,
}

impl Person {
    fn new(keyboard: File, mut stderr: ChildStderr) -> Self {
        let (sender, screen) = mpsc::channel();
        std::thread::spawn(move || {
            let mut octets = [0; 4_096];
            while let Ok(length @ 1..) = stderr.read(&mut octets) {
                if sender.send(octets[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { keyboard, screen, shown: Vec::new(), read: 0 }
    }

    /// Waits until these words are shown.
    fn sees(&mut self, words: &str) {
        let began = Instant::now();
        loop {
            let rest = String::from_utf8_lossy(&self.shown[self.read..]).into_owned();
            if let Some(at) = rest.find(words) {
                self.read += at + words.len();
                return;
            }
            let left = Duration::from_secs(30).saturating_sub(began.elapsed());
            let more = self.screen.recv_timeout(left);
            self.shown.extend(more.unwrap_or_else(|_| panic!("no `{words}` in {rest}")));
        }
    }

    /// Waits until the program asks for something with these words, and answers.
    fn answers(&mut self, words: &str, line: &str) {
        self.sees(words);
        self.keyboard.write_all(line.as_bytes()).unwrap();
    }

    /// How often these words were shown, once the program has ended.
    fn saw(mut self, words: &str) -> usize {
        self.shown.extend(self.screen.iter().flatten());
        String::from_utf8_lossy(&self.shown).matches(words).count()
    }
}

/// Starts a command whose standard input is a terminal.
fn at_terminal(side: &Side, arguments: &[&str]) -> (Running, Person) {
    let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&keyboard).unwrap();
    unlockpt(&keyboard).unwrap();
    let name = ptsname(&keyboard, Vec::new()).unwrap().into_string().unwrap();
    let input = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(rustix::fs::OFlags::NOCTTY.bits() as i32)
        .open(name)
        .unwrap();
    let mut child = side
        .command(arguments)
        .arg("--json")
        .stdin(input)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let person = Person::new(keyboard.into(), child.stderr.take().unwrap());
    let lines = lines(child.stdout.take().unwrap());
    (Running { child, lines }, person)
}

/// Case G15: first contact is shown with the fingerprint and pinned only on the
/// person's word.
#[test]
fn first_contact_is_pinned_on_the_persons_word() {
    let (_folder, alice, bob) = sides();
    alice.import(&bob);
    alice.does(&["keys", "pin", BOB, &bob.fingerprint()]);
    bob.import(&alice);
    let key = alice.fingerprint();
    let (mut listening, mut person) = at_terminal(&bob, &["listen"]);
    listening.waits_for("listening");
    for word in ["n\n", "y\n"] {
        let mut calling = Running::start(&alice, &["call", BOB]);
        person.answers(&format!("unverified: {ALICE} signs with the key {key}"), word);
        if word == "n\n" {
            let over = calling.waits_for("over");
            assert!(
                over["outcome"].as_str().unwrap().starts_with("the peer answered 403"),
                "{over}"
            );
            // Its security application ends with it, and is not what the next call finds.
            assert_eq!(calling.child.wait().unwrap().code(), Some(1));
            continue;
        }
        person.answers(&format!("answer {ALICE}, proved by the pinned key? [y/N]"), "y\n");
        proved(&listening.waits_for("established"), ALICE, &key);
        calling.waits_for("established");
        calling.interrupt();
        calling.ends_well();
    }
    listening.interrupt();
    listening.ends_well();
    let pins = fs::read_to_string(bob.folder.join("pins.toml")).unwrap();
    assert!(pins.contains(&key) && pins.contains(ALICE), "{pins}");
}

#[test]
fn a_wrong_passphrase_and_a_missing_agent() {
    let folder = tempfile::tempdir().unwrap();
    let side = Side { folder: folder.path().join("alice"), bind: Default::default() };
    let init = Command::new(program())
        .args(["init", side.folder.to_str().unwrap(), "--aor", ALICE])
        .status()
        .unwrap();
    assert!(init.success());
    let config = side.folder.join("config.toml");
    let with = |line: &str| {
        let text = fs::read_to_string(&config).unwrap();
        fs::write(&config, text.replace("keys = \"pgp\"", &format!("keys = \"pgp\"\n{line}")))
            .unwrap();
    };
    with("passphrase-file = \"passphrase\"");
    let passphrase = side.folder.join("passphrase");
    let write = |secret: &str, mode: u32| {
        fs::write(&passphrase, secret).unwrap();
        fs::set_permissions(&passphrase, fs::Permissions::from_mode(mode)).unwrap();
    };
    write("correct horse\n", 0o600);
    side.does(&["keys", "generate"]);
    write("wrong horse\n", 0o600);
    // Who only lists keys needs none.
    assert!(side.does(&["keys", "list"]).contains(ALICE));
    let line = side.fails(&["listen", "--auto-answer", "--bind", "udp:127.0.0.1:0"]);
    assert!(line.contains("passphrase"), "{line}");
    side.nothing_is_left();

    with("command = \"/nonexistent/countersign-pgp\"");
    let line = side.fails(&["keys", "list"]);
    assert!(line.contains("/nonexistent/countersign-pgp is not there"), "{line}");
}

#[test]
fn an_identity_whose_key_the_agent_does_not_have() {
    let (_folder, alice, bob) = sides();
    alice.import(&bob);
    let config = alice.folder.join("config.toml");
    let text = fs::read_to_string(&config).unwrap();
    let own = format!("[identity]\nfingerprint = \"{}\"", bob.fingerprint());
    fs::write(&config, text.replace("[identity]", &own)).unwrap();
    let line = alice.fails(&["listen", "--auto-answer"]);
    assert!(line.contains(&bob.fingerprint()) && line.contains("of ours"), "{line}");
    alice.nothing_is_left();
}

#[test]
fn an_interrupted_demonstration_leaves_nothing() {
    let out = tempfile::tempdir().unwrap();
    let path = out.path().to_str().unwrap();
    let mut child = Command::new(program())
        .args(["demo", "--flow", "digest", "--seconds", "600", "--out", path])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // It talks once both sides record.
    while files(out.path()).len() < 2 {
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        std::thread::sleep(Duration::from_millis(20));
    }
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert_eq!(files(out.path()), Vec::<PathBuf>::new());
}

/// The files in a folder, however deep.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn the_demonstration_passes_and_leaves_its_files() {
    for flow in ["pgp", "digest"] {
        let out = tempfile::tempdir().unwrap();
        program();
        let output = Command::new(program())
            .args(["demo", "--flow", flow, "--seconds", "3", "--out", out.path().to_str().unwrap()])
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{flow}: {stderr}");
        let report = fs::read(out.path().join("report.json")).unwrap();
        let report: Value = serde_json::from_slice(&report).unwrap();
        assert_eq!(report["verdict"], "passed", "{report}");
        assert_eq!(report["media"], if flow == "pgp" { "SRTP" } else { "RTP" }, "{report}");
        for (side, pgp, digest) in [
            ("caller", BOB, [BOB, "SHA-256 at callee.example as alice"]),
            ("callee", ALICE, ["alice", "SHA-256 at callee.example"]),
        ] {
            let told = &report["assurance"][side];
            assert_eq!(told["proof"], flow, "{report}");
            assert_eq!(told["peer"], if flow == "pgp" { pgp } else { digest[0] }, "{report}");
            assert_eq!(flow == "digest", told["digest"] == digest[1], "{report}");
        }
        let ladder = fs::read_to_string(out.path().join("ladder.svg")).unwrap();
        for word in ["got_401_unauthorized", "send_www_authenticate", "authorize", "authenticate"] {
            assert!(ladder.contains(word), "{flow}: {word}");
        }
        let capture = fs::read(out.path().join("call.pcapng")).unwrap();
        let plain = |text: &str| capture.windows(text.len()).any(|w| w == text.as_bytes());
        assert!(!plain("a=crypto"), "{flow}: a media key crossed the wire in the clear");
        assert_eq!(plain("m=audio"), flow == "digest", "{flow}");
        let mut names: Vec<String> = fs::read_dir(out.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        let all = [
            "call.pcapng",
            "callee.wav",
            "caller.wav",
            "ladder-short.svg",
            "ladder.svg",
            "ladder.txt",
            "report.json",
        ];
        assert_eq!(names, all, "{flow}");
    }
}
