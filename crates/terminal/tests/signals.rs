//! Ends the built program as a person does: by Ctrl-C, once and twice, by a terminal that goes away,
//! and by a reader of its output that goes away.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::io::BufRead;
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

fn home() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// A `call` to a socket that reads and says nothing; its INVITE, and where that came from.
fn calls_someone_silent(home: &Path) -> (Child, UdpSocket, (String, SocketAddr)) {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let uri = format!("sip:bob@{};transport=udp", silent.local_addr().unwrap());
    // The tests may run where a hang-up is ignored, as `nohup` has it; the program under test not.
    let child = Command::new("env")
        .args(["--default-signal=HUP", env!("CARGO_BIN_EXE_countersign")])
        .args(["call", &uri, "--record", home.join("heard.wav").to_str().unwrap()])
        .env("XDG_CONFIG_HOME", home.join("config"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut invite = [0; 4096];
    let (length, source) = silent.recv_from(&mut invite).unwrap();
    let invite = String::from_utf8_lossy(&invite[..length]).into_owned();
    assert!(invite.starts_with("INVITE "), "{invite}");
    (child, silent, (invite, source))
}

/// Says that it rings.
fn ring(silent: &UdpSocket, (invite, source): &(String, SocketAddr)) {
    let kept = ["Via:", "From:", "To:", "Call-ID:", "CSeq:"];
    let lines = invite.lines().filter(|line| kept.iter().any(|name| line.starts_with(name)));
    let lines = lines.map(|line| match line.strip_prefix("To:") {
        Some(to) => format!("To:{to};tag=silent\r\n"),
        None => format!("{line}\r\n"),
    });
    let head: String = lines.collect();
    let ringing = format!("SIP/2.0 180 Ringing\r\n{head}Content-Length: 0\r\n\r\n");
    silent.send_to(ringing.as_bytes(), source).unwrap();
}

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// How many requests with this method have come in.
fn came_in(socket: &UdpSocket, method: &str) -> usize {
    socket.set_nonblocking(true).unwrap();
    let mut octets = [0; 4096];
    let received = std::iter::from_fn(|| {
        let length = socket.recv(&mut octets).ok()?;
        Some(octets[..length].starts_with(method.as_bytes()))
    });
    received.filter(|asked| *asked).count()
}

/// What a second signal is followed by.
const LEFT: &str = "countersign: interrupted before all had ended; peers may not know of it\n";

/// What a signal before any answer is followed by.
const WAITS: &str = "nothing was heard yet, and the callee may ring later: waiting for up to 32 s \
                     to take the call back (Ctrl-C leaves now)\n";

#[test]
fn a_second_signal_before_any_answer_ends_the_call_at_once() {
    for wanted in [Signal::INT, Signal::TERM, Signal::HUP] {
        let home = home();
        let (mut child, silent, _) = calls_someone_silent(home.path());
        signal(&child, wanted);
        let mut errors = std::io::BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        errors.read_line(&mut line).unwrap();
        assert_eq!(line, WAITS, "{wanted:?}");
        signal(&child, wanted);
        line.clear();
        errors.read_line(&mut line).unwrap();
        assert_eq!(line, LEFT);
        assert_eq!(child.wait().unwrap().code(), Some(1), "{wanted:?}");
        // Sent again after 0.5 and 1.5 s, and after 3.5 s.
        assert!(came_in(&silent, "INVITE ") < 3, "{wanted:?}: it went on for seconds");
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0, "no recording is begun");
    }
}

/// RFC 3261 §9.1: before a provisional response no CANCEL may be sent, and after one it is owed.
#[test]
fn a_callee_that_rings_after_the_signal_is_told_that_nobody_calls_any_more() {
    let home = home();
    let (child, silent, invite) = calls_someone_silent(home.path());
    signal(&child, Signal::INT);
    std::thread::sleep(Duration::from_secs(1));
    ring(&silent, &invite);
    silent.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut octets = [0; 4096];
    let cancel = loop {
        let length = silent.recv(&mut octets).unwrap();
        if !octets.starts_with(b"INVITE ") {
            break String::from_utf8_lossy(&octets[..length]).into_owned();
        }
    };
    assert!(cancel.starts_with("CANCEL "), "{cancel}");
    signal(&child, Signal::INT);
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(1));
}

/// As `head -1` reads.
#[test]
fn a_call_whose_output_nobody_reads_any_more_is_ended() {
    let home = home();
    let (mut child, silent, invite) = calls_someone_silent(home.path());
    let mut out = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    assert!(line.starts_with("calling sip:bob@"), "{line}");
    drop(out);
    ring(&silent, &invite);
    silent.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut octets = [0; 4096];
    while !octets.starts_with(b"CANCEL ") {
        silent.recv(&mut octets).unwrap();
    }
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.ends_with("standard output: nobody reads it any more\n"), "{told}");
}

#[test]
fn a_command_that_is_to_outlive_its_terminal_does() {
    let home = home();
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    silent.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let uri = format!("sip:bob@{};transport=udp", silent.local_addr().unwrap());
    // As `nohup` starts it.
    let child = Command::new("sh")
        .args(["-c", "trap '' HUP; exec \"$0\" call \"$1\""])
        .args([env!("CARGO_BIN_EXE_countersign"), &uri])
        .env("XDG_CONFIG_HOME", home.path().join("config"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    silent.recv(&mut [0; 4096]).unwrap();
    signal(&child, Signal::HUP);
    // Sent again after 0.5 and 1.5 s: it has not ended.
    for _ in 0..2 {
        silent.recv(&mut [0; 4096]).unwrap();
    }
    signal(&child, Signal::INT);
    std::thread::sleep(Duration::from_millis(200));
    signal(&child, Signal::INT);
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.ends_with(LEFT), "{stderr}");
}

#[test]
fn a_second_signal_does_not_wait_for_the_peer() {
    let home = home();
    let (mut child, silent, invite) = calls_someone_silent(home.path());
    ring(&silent, &invite);
    let mut out = std::io::BufReader::new(child.stdout.take().unwrap()).lines();
    let mut line = || out.next().unwrap().unwrap();
    assert!(line().starts_with("calling sip:bob@"));
    assert!(line().starts_with("recording "));
    assert_eq!(line(), "ringing");
    signal(&child, Signal::INT);
    assert!(line().starts_with("over: "));
    signal(&child, Signal::INT);
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains(LEFT), "{stderr}");
    // Sent again after 0.5, 1.5 and 3.5 s.
    let cancels = came_in(&silent, "CANCEL ");
    assert!((1..3).contains(&cancels), "{cancels}");
}

/// A registrar that refuses every password, and how many came in.
#[cfg(feature = "digest")]
fn refusing_registrar() -> (std::net::SocketAddr, std::sync::Arc<std::sync::atomic::AtomicUsize>) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let tried = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = std::sync::Arc::clone(&tried);
    std::thread::spawn(move || {
        let mut buffer = [0; 4_096];
        while let Ok((length, source)) = socket.recv_from(&mut buffer) {
            let request = String::from_utf8_lossy(&buffer[..length]).into_owned();
            if request.contains("\r\nAuthorization: Digest ") {
                counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            }
            let kept = ["Via:", "From:", "To:", "Call-ID:", "CSeq:"];
            let lines = request.split_inclusive("\r\n");
            let fields: String =
                lines.filter(|line| kept.iter().any(|name| line.starts_with(name))).collect();
            let answer = format!(
                "SIP/2.0 401 Unauthorized\r\n{fields}WWW-Authenticate: Digest \
                 realm=\"example.org\", nonce=\"abc\", algorithm=SHA-256, qop=\"auth\"\r\n\
                 Content-Length: 0\r\n\r\n"
            );
            socket.send_to(answer.as_bytes(), source).unwrap();
        }
    });
    (address, tried)
}

/// Promise 8: a wrong password goes out once, and not again to take back what was not granted.
#[cfg(feature = "digest")]
#[test]
fn a_wrong_password_goes_out_once() {
    use std::os::unix::fs::PermissionsExt;
    use std::sync::atomic::Ordering;
    for command in [&["register"][..], &["listen", "--auto-answer", "--bind", "udp:127.0.0.1:0"]] {
        let (home, (registrar, tried)) = (home(), refusing_registrar());
        let (config, password) = (home.path().join("config.toml"), home.path().join("password"));
        fs::write(&password, "wrong\n").unwrap();
        fs::set_permissions(&password, fs::Permissions::from_mode(0o600)).unwrap();
        let account = format!(
            "[[account]]\naor = \"sip:alice@example.org\"\nregistrar = \"udp:{registrar}\"\n\
             password-file = \"password\"\n"
        );
        fs::write(&config, account).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_countersign"))
            .args(["--json", "--config", config.to_str().unwrap()])
            .args(command)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines();
        let refused = lines.find(|line| line.as_ref().unwrap().contains("not_registered"));
        assert!(refused.unwrap().unwrap().contains("tried and refused"), "{command:?}");
        signal(&child, Signal::INT);
        // Nothing was taken back, and nothing says so; a failure is told as one.
        let more: Vec<String> = lines.map(Result::unwrap).collect();
        let is_error = |line: &String| line.contains("\"event\":\"error\"");
        assert!(more.iter().all(is_error) && more.len() < 2, "{command:?}: {more:?}");
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.success(), command.len() > 1, "{output:?}");
        assert_eq!(tried.load(Ordering::SeqCst), 1, "{command:?}");
    }
}
