//! `countersign-pgp` as a process: it starts, answers, is stopped and killed, and leaves nothing.

#![expect(clippy::disallowed_methods, reason = "a real process and a real socket")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests, where a panic is a failure"
)]

use sma::{Error, Fingerprint, Notation, SecurityApplication as _, ToSign};
use sma_socket::Client;
use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_countersign-pgp");

/// A key folder and a socket's folder, both of mode 0700.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let mode = Permissions::from_mode(0o700);
        let folder = tempfile::Builder::new().permissions(mode).tempdir();
        Self(folder.unwrap())
    }

    fn keys(&self) -> PathBuf {
        self.0.path().join("pgp")
    }

    fn socket(&self) -> PathBuf {
        self.0.path().join("pgp.sock")
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(PROGRAM);
        command.arg(name).arg("--keys").arg(self.keys());
        command.stdin(Stdio::null());
        command
    }

    fn generate(&self) -> Fingerprint {
        let mut command = self.command("generate");
        command.args(["--user-id", "sip:alice@example.org", "--no-passphrase", "--json"]);
        let key: serde_json::Value = serde_json::from_str(&said(&mut command)).unwrap();
        assert_eq!(key["user_ids"][0], "sip:alice@example.org");
        Fingerprint::parse(key["fingerprint"].as_str().unwrap()).unwrap()
    }

    fn serve(&self, arguments: &[&str]) -> Serving {
        let mut command = self.command("serve");
        command.arg("--socket").arg(self.socket()).args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        Serving(child)
    }
}

/// A running agent; dropped, it is dead and reaped.
struct Serving(Child);

impl Serving {
    fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Stops the process, and waits until it has stopped: the signal takes its time.
    fn stop(&self) {
        self.signal(rustix::process::Signal::STOP);
        let stat = format!("/proc/{}/stat", self.0.id());
        while !fs::read_to_string(&stat).unwrap().contains(") T ") {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn close_stdin(&mut self) -> Option<ChildStdin> {
        self.0.stdin.take()
    }

    fn ended(mut self) -> ExitStatus {
        let since = Instant::now();
        loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status;
            }
            assert!(since.elapsed() < Duration::from_secs(5), "it does not end");
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn said(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The one line on standard error of a command that fails.
fn refused(command: &mut Command, status: i32) -> String {
    let Output { status: ended, stderr, stdout } = command.output().unwrap();
    let stderr = String::from_utf8(stderr).unwrap();
    assert_eq!((ended.code(), stdout.len()), (Some(status), 0), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    stderr
}

fn to_sign(signer: &Fingerprint) -> ToSign {
    ToSign {
        signer: signer.clone(),
        data: b"data".to_vec(),
        notation: Notation {
            name: "cs1@countersign.invalid".into(),
            value: b"uac".to_vec(),
            critical: true,
        },
        expires_in: Duration::from_secs(300),
    }
}

#[tokio::test]
async fn the_process_keeps_the_contract() {
    let place = Place::new();
    fs::create_dir(place.keys()).unwrap();
    fs::set_permissions(place.keys(), Permissions::from_mode(0o700)).unwrap();
    let serving = place.serve(&["--no-passphrase"]);
    let client = Client::new(place.socket());
    assert_eq!(sma::conformance::run(&client, Some(&client)).await, []);
    serving.signal(rustix::process::Signal::TERM);
    assert!(serving.ended().success());
    assert!(!place.socket().exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn g21_stopped_while_a_client_waits_it_is_a_deadline_and_then_goes_on() {
    let place = Place::new();
    let key = place.generate();
    let serving = place.serve(&["--no-passphrase"]);
    let client = Client::new(place.socket());
    assert!(client.sign(to_sign(&key)).await.is_ok());
    serving.stop();
    let asked = Instant::now();
    assert_eq!(client.identities().await, Err(Error::Deadline));
    assert!((2.0..2.5).contains(&asked.elapsed().as_secs_f32()));
    let asked = Instant::now();
    assert_eq!(client.sign(to_sign(&key)).await, Err(Error::Deadline));
    assert!((5.0..5.5).contains(&asked.elapsed().as_secs_f32()));
    serving.signal(rustix::process::Signal::CONT);
    let recovered = Instant::now();
    assert!(client.sign(to_sign(&key)).await.is_ok());
    assert!(recovered.elapsed() < Duration::from_secs(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn g22_killed_while_a_client_waits_it_is_unavailable_and_its_successor_answers() {
    let place = Place::new();
    let key = place.generate();
    let serving = place.serve(&["--no-passphrase"]);
    let client = Client::new(place.socket());
    assert!(client.sign(to_sign(&key)).await.is_ok());
    serving.stop();
    let killed = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        serving.signal(rustix::process::Signal::KILL);
        Instant::now()
    };
    let (answer, killed) = tokio::join!(client.sign(to_sign(&key)), killed);
    assert_eq!(answer, Err(Error::Unavailable));
    assert!(killed.elapsed() < Duration::from_millis(500));
    assert!(!serving.ended().success());
    assert!(place.socket().exists(), "a killed process removes nothing");
    let recovered = Instant::now();
    let _successor = place.serve(&["--no-passphrase"]);
    assert!(client.sign(to_sign(&key)).await.is_ok());
    assert!(recovered.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn it_ends_with_the_program_that_started_it() {
    let place = Place::new();
    place.generate();
    let mut serving = place.serve(&["--no-passphrase", "--exit-with-stdin"]);
    drop(serving.close_stdin());
    assert!(serving.ended().success());
    assert!(!place.socket().exists());
    let mut serving = place.serve(&["--no-passphrase"]);
    drop(serving.close_stdin());
    let client = Client::new(place.socket());
    assert_eq!(client.identities().await.unwrap().len(), 1);
    serving.signal(rustix::process::Signal::INT);
    assert!(serving.ended().success());
}

#[tokio::test]
async fn a_passphrase_comes_from_a_file_or_a_descriptor() {
    let place = Place::new();
    let file = place.0.path().join("passphrase");
    fs::write(&file, "right\n").unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    let path = file.to_str().unwrap();
    let mut generate = place.command("generate");
    generate.args(["--user-id", "sip:bob@example.org", "--passphrase-file", path]);
    let line = said(&mut generate);
    assert!(line.ends_with("  own     sip:bob@example.org\n"), "{line}");
    let serving = place.serve(&["--passphrase-file", path]);
    let client = Client::new(place.socket());
    let key = client.identities().await.unwrap().remove(0);
    assert!(client.sign(to_sign(&key.fingerprint)).await.is_ok());
    drop(serving);
    let mut command = place.command("serve");
    command.arg("--socket").arg(place.socket()).args(["--passphrase-fd", "0"]);
    command.stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"wrong\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.ends_with(".sec.asc: wrong passphrase\n") && told.lines().count() == 1, "{told}");
    fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    let mut list = place.command("generate");
    list.args(["--user-id", "x", "--passphrase-file", path]);
    assert!(refused(&mut list, 1).ends_with("mode is 0644, must be 0600\n"));
}

#[test]
fn keys_move_from_one_folder_to_another() {
    let (alice, bob) = (Place::new(), Place::new());
    let key = alice.generate();
    bob.generate();
    let armored = said(alice.command("export").arg(key.as_str()));
    let file = bob.0.path().join("alice.asc");
    fs::write(&file, armored).unwrap();
    said(bob.command("import").arg(&file));
    let list = said(&mut bob.command("list"));
    let lines: Vec<_> = list.lines().collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[1], format!("{key}  public  sip:alice@example.org"));
}

#[test]
fn what_is_wrong_is_one_line() {
    let place = Place::new();
    assert!(refused(&mut place.command("list"), 1).ends_with("pgp: not a folder\n"));
    let key = place.generate();
    let no_passphrase = place.command("serve").arg("--socket").arg(place.socket()).output();
    assert_eq!(no_passphrase.unwrap().status.code(), Some(2));
    let short = &key.as_str()[24..];
    assert!(refused(place.command("export").arg(short), 2).contains("not a full fingerprint"));
    let unknown = "5".repeat(40);
    assert!(refused(place.command("export").arg(unknown), 1).ends_with("no such key\n"));
    let import = &mut place.command("import");
    assert!(refused(import.arg("/dev/null"), 1).ends_with("malformed OpenPGP data\n"));
    let _first = place.serve(&["--no-passphrase"]);
    let mut second = place.command("serve");
    second.arg("--socket").arg(place.socket()).arg("--no-passphrase");
    assert!(refused(&mut second, 1).ends_with("another process listens there\n"));
}
