//! One run of the security application's process.

use super::program::Program;
use crate::error::{Error, Result};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};

/// Unlocking a key takes a second of key derivation on a small machine.
const READY_WITHIN: Duration = Duration::from_secs(10);

/// How long a process that was told to end may take.
const END_WITHIN: Duration = Duration::from_secs(2);

/// A running process; dropping it kills it.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    /// The process ends when this closes.
    stdin: Option<ChildStdin>,
}

impl Process {
    /// Starts the program and waits until it is ready.
    ///
    /// # Errors
    /// It cannot be started, ends at once, or is not ready in time.
    pub(super) async fn start(program: &Program) -> Result<Self> {
        let mut child = command(program).spawn().map_err(|error| Error::Agent {
            reason: format!("{} does not start: {error}", program.executable.display()),
            advice: "check the program and its permissions",
        })?;
        let stdin = child.stdin.take();
        let mut out = BufReader::new(child.stdout.take().ok_or_else(silent)?);
        let mut first = String::new();
        let ready = tokio::time::timeout(READY_WITHIN, out.read_line(&mut first)).await;
        match ready {
            Ok(Ok(_)) if first.trim_end() == "ready" => Ok(Self { child, stdin }),
            Ok(_) => Err(why_it_ended(child).await),
            Err(_) => Err(silent()),
        }
    }

    /// Waits until the process has ended.
    pub(super) async fn ended(&mut self) -> Option<ExitStatus> {
        self.child.wait().await.ok()
    }

    /// Ends the process: by closing its standard input, and by force if that does not help.
    pub(super) async fn end(mut self) {
        drop(self.stdin.take());
        if tokio::time::timeout(END_WITHIN, self.child.wait()).await.is_err() {
            // It is gone either way: `kill` also waits.
            drop(self.child.kill().await);
        }
    }
}

fn command(program: &Program) -> Command {
    let mut command = Command::new(&program.executable);
    command.arg("serve").arg("--keys").arg(&program.keys);
    command.arg("--socket").arg(&program.socket).arg("--exit-with-stdin");
    match &program.passphrase_file {
        Some(file) => command.arg("--passphrase-file").arg(file),
        None => command.arg("--no-passphrase"),
    };
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        // Ctrl-C is for the terminal: its BYEs are still to be signed.
        .process_group(0);
    command
}

/// The last line that a process wrote to standard error before it ended.
async fn why_it_ended(mut child: Child) -> Error {
    let mut text = String::new();
    if let Some(stderr) = child.stderr.take() {
        // What cannot be read is not shown.
        drop(stderr.take(4_096).read_to_string(&mut text).await);
    }
    let last = text.lines().rfind(|line| !line.trim().is_empty());
    Error::Agent {
        reason: last
            .map_or_else(|| "ended before it was ready".to_owned(), |line| format!("says: {line}")),
        advice: "see [agent] in the configuration",
    }
}

fn silent() -> Error {
    Error::Agent {
        reason: "is not ready after 10 s".to_owned(),
        advice: "see [agent] in the configuration",
    }
}
