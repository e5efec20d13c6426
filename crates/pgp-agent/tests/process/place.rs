//! Folders for keys and a socket, and the process that serves them.

use sma::{Fingerprint, Notation, ToSign};
use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_countersign-pgp");

/// A key folder and a socket's folder, both of mode 0700.
pub(crate) struct Place(pub(crate) TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        let mode = Permissions::from_mode(0o700);
        let folder = tempfile::Builder::new().permissions(mode).tempdir();
        Self(folder.unwrap())
    }

    pub(crate) fn keys(&self) -> PathBuf {
        self.0.path().join("pgp")
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.0.path().join("pgp.sock")
    }

    pub(crate) fn command(&self, name: &str) -> Command {
        let mut command = Command::new(PROGRAM);
        command.arg(name).arg("--keys").arg(self.keys());
        command.stdin(Stdio::null());
        command
    }

    pub(crate) fn generate(&self) -> Fingerprint {
        let mut command = self.command("generate");
        command.args(["--user-id", "sip:alice@example.org", "--no-passphrase", "--json"]);
        let key: serde_json::Value = serde_json::from_str(&said(&mut command)).unwrap();
        assert_eq!(key["user_ids"][0], "sip:alice@example.org");
        Fingerprint::parse(key["fingerprint"].as_str().unwrap()).unwrap()
    }

    pub(crate) fn serve(&self, arguments: &[&str]) -> Serving {
        let mut command = self.command("serve");
        command.arg("--socket").arg(self.socket()).args(arguments);
        Serving::start(command.stdin(Stdio::piped()))
    }

    /// A passphrase file beside the keys.
    pub(crate) fn passphrase_file(&self, passphrase: &str) -> PathBuf {
        let file = self.0.path().join("passphrase");
        fs::write(&file, format!("{passphrase}\n")).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
        file
    }
}

/// A running agent; dropped, it is dead and reaped.
pub(crate) struct Serving(pub(crate) Child);

impl Serving {
    /// Starts `serve` and waits until it says that it is ready.
    pub(crate) fn start(command: &mut Command) -> Self {
        let serving = Self(command.stdout(Stdio::piped()).spawn().unwrap());
        serving.once_ready()
    }

    /// Waits until the process says that it is ready.
    pub(crate) fn once_ready(mut self) -> Self {
        let mut line = String::new();
        let mut output = BufReader::new(self.0.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        self
    }

    /// A file of `/proc` about the process; empty where even its owner may not read it.
    pub(crate) fn proc(&self, name: &str) -> Vec<u8> {
        fs::read(format!("/proc/{}/{name}", self.0.id())).unwrap_or_default()
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Stops the process, and waits until it has stopped: the signal takes its time.
    pub(crate) fn stop(&self) {
        self.signal(rustix::process::Signal::STOP);
        let stat = format!("/proc/{}/stat", self.0.id());
        while !fs::read_to_string(&stat).unwrap().contains(") T ") {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    pub(crate) fn close_stdin(&mut self) -> Option<ChildStdin> {
        self.0.stdin.take()
    }

    pub(crate) fn ended(mut self) -> ExitStatus {
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

pub(crate) fn said(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The one line on standard error of a command that fails.
pub(crate) fn refused(command: &mut Command, status: i32) -> String {
    let Output { status: ended, stderr, stdout } = command.output().unwrap();
    let stderr = String::from_utf8(stderr).unwrap();
    assert_eq!((ended.code(), stdout.len()), (Some(status), 0), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    stderr
}

pub(crate) fn to_sign(signer: &Fingerprint) -> ToSign {
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
