//! The security manager in a process of its own, beside the terminal and the security application.

use super::*;

fn manager(of: &Running) -> u32 {
    let managers = children(&of.child, "countersign-sec");
    let [manager] = managers.as_slice() else { panic!("one manager, not {managers:?}") };
    *manager
}

/// Waits until this holds.
fn until(what: &str, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(30), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn the_manager_is_shut_in_and_ends_with_its_terminal() {
    let (_folder, alice, bob) = friends();
    let keys = (alice.fingerprint(), bob.fingerprint());
    let mut listening = Running::start(&bob, &["listen", "--auto-answer"]);
    listening.waits_for("listening");
    let manager = manager(&listening);
    let status = fs::read_to_string(format!("/proc/{manager}/status")).unwrap();
    let says = |line: &str| status.lines().any(|it| it == line);
    assert!(says("NoNewPrivs:\t1") && says("Seccomp:\t2"), "{status}");
    // Nothing of the terminal's is with it: its connections, and what waiting takes.
    let environment = fs::read(format!("/proc/{manager}/environ")).unwrap();
    assert!(environment.is_empty());

    let mut calling = Running::start(&alice, &["call", BOB]);
    proved(&calling.waits_for("established"), BOB, &keys.1);
    proved(&listening.waits_for("established"), ALICE, &keys.0);
    calling.interrupt();
    assert_eq!(listening.waits_for("over")["outcome"], "the peer hung up");
    calling.ends_well();
    listening.interrupt();
    listening.ends_well();
    assert!(fs::metadata(format!("/proc/{manager}")).is_err(), "it is left behind");
}

/// Killed, and stopped: calls are refused, the terminal says so in plain words, and the next call
/// works.
#[test]
fn a_manager_that_dies_or_hangs_is_followed_by_another() {
    let (_folder, alice, bob) = friends();
    let keys = (alice.fingerprint(), bob.fingerprint());
    let mut child = bob
        .command(&["listen", "--auto-answer", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (lines, stderr) = (lines(child.stdout.take().unwrap()), child.stderr.take().unwrap());
    let mut listening = Running { child, lines };
    // Nothing is typed: standard input is closed, and this is only what is read.
    let mut person = Person::new(File::open("/dev/null").unwrap(), stderr);
    listening.waits_for("listening");
    for (signal, told) in [(Signal::KILL, "is not there"), (Signal::STOP, "does not answer")] {
        let before = manager(&listening);
        kill_process(Pid::from_raw(before.try_into().unwrap()).unwrap(), signal).unwrap();
        if signal == Signal::STOP {
            // Nobody knows before something is asked; then it costs its one second.
            let line = alice.fails(&["call", BOB, "--seconds", "1"]);
            assert!(line.contains("500"), "{line}");
        }
        person.sees(&format!("the security manager's process {told}; calls are refused"));
        person.sees("the security manager was started again");
        until("another is there", || {
            children(&listening.child, "countersign-sec").iter().any(|it| *it != before)
        });
        let mut calling = Running::start(&alice, &["call", BOB, "--seconds", "1"]);
        proved(&calling.waits_for("established"), BOB, &keys.1);
        proved(&listening.waits_for("established"), ALICE, &keys.0);
        calling.ends_well();
        listening.waits_for("over");
    }
    listening.interrupt();
    listening.ends_well();
}

/// A policy that this flavour cannot keep.
#[test]
fn what_cannot_be_kept_apart_is_said_at_the_start() {
    let (_folder, alice, _bob) = friends();
    let config = alice.folder.join("config.toml");
    let text = fs::read_to_string(&config).unwrap();
    let contact = text.replacen("[[contact]]", "[[contact]]\nrfc2543 = true", 1);
    fs::write(&config, contact).unwrap();
    let line = alice.fails(&["call", BOB, "--seconds", "1"]);
    assert!(line.contains("rfc2543") && line.contains("isolated"), "{line}");
}

/// Two that ask each other for no proof, and key their media by DTLS-SRTP.
fn strangers() -> (TempDir, Side, Side) {
    let (folder, alice, bob) = sides();
    for side in [&alice, &bob] {
        let config = side.folder.join("config.toml");
        let text = fs::read_to_string(&config).unwrap();
        let text = text.replace("require = \"pgp\"", "require = \"nothing\"");
        let text = text.replacen("[policy]", "[policy]\nmedia-dtls = true", 1);
        fs::write(&config, text).unwrap();
    }
    (folder, alice, bob)
}

/// The handshakes are in the managers' processes, the packets are not: they go on without.
#[test]
fn media_are_keyed_by_dtls_and_outlive_the_manager() {
    let (_folder, alice, bob) = strangers();
    let mut listening = Running::start(&bob, &["listen", "--auto-answer"]);
    listening.waits_for("listening");
    let mut calling = Running::start(&alice, &["call", BOB]);
    for side in [&mut calling, &mut listening] {
        let told = side.waits_for("keyed");
        assert_eq!(told["assurance"]["media"][0], "SRTP AEAD_AES_256_GCM", "{told}");
        assert_eq!(told["assurance"]["proof"], "none", "{told}");
    }
    let before = manager(&listening);
    kill_process(Pid::from_raw(before.try_into().unwrap()).unwrap(), Signal::KILL).unwrap();
    until("another is there", || {
        children(&listening.child, "countersign-sec").iter().any(|it| *it != before)
    });
    std::thread::sleep(Duration::from_secs(2));
    calling.interrupt();
    let over = listening.waits_for("over");
    assert_eq!(over["outcome"], "the peer hung up", "{over}");
    assert!(over["packets_received"].as_u64().unwrap() > 75, "{over}");
    calling.ends_well();
    listening.interrupt();
    listening.ends_well();
}
