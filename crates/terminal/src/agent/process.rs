//! One run of the security application's process.

use super::passphrase::Passphrase;
use super::program::Program;
use crate::error::{Error, Result};
use crate::record::clean;
use net::Runtime;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, Command};

/// Unlocking a key takes a second of key derivation on a small machine.
const READY_WITHIN: Duration = Duration::from_secs(10);

/// How long a process that was told to end may take.
const END_WITHIN: Duration = Duration::from_secs(2);

/// How long a process that is none of ours may take to say why.
const WHY_WITHIN: Duration = Duration::from_secs(1);

/// What is read of its standard error at once, in bytes.
const LONGEST_LINE: u64 = 4_096;

/// Longest first line, in bytes: `ready` and its line's end, with room.
const FIRST_LINE: u64 = 64;

/// Its exit status where the keys need a passphrase that was not given, or was wrong.
const LOCKED: i32 = 3;

/// A running process; dropping it kills it.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    /// The process ends when this closes.
    stdin: Option<ChildStdin>,
}

impl Process {
    /// Starts the program with this passphrase and waits until it is ready.
    ///
    /// # Errors
    /// It cannot be started, ends at once, or is not ready in time. [`Error::Locked`] where the
    /// keys need another passphrase.
    pub(super) async fn start(
        program: &Program, passphrase: &Passphrase, runtime: &dyn Runtime,
    ) -> Result<Self> {
        let mut child = command(program, passphrase).spawn().map_err(|error| Error::Agent {
            reason: format!("{} does not start: {error}", program.executable.display()),
            advice: "check the program and its permissions",
        })?;
        let mut stdin = child.stdin.take();
        if let (Some(stdin), Passphrase::Typed(typed)) = (&mut stdin, passphrase) {
            // Where it cannot be written the process has ended, and says why. No copy is made.
            drop(stdin.write_all(typed.expose()).await);
            drop(stdin.write_all(b"\n").await);
        }
        let mut out = BufReader::new(child.stdout.take().ok_or_else(silent)?).take(FIRST_LINE);
        let mut first = String::new();
        let ready = tokio::time::timeout(READY_WITHIN, out.read_line(&mut first)).await;
        match ready {
            Ok(Ok(_)) if first.trim_end() == "ready" => {
                runtime.spawn(Box::pin(log(child.stderr.take())));
                Ok(Self { child, stdin })
            }
            Ok(_) => Err(why_it_ended(child, passphrase).await),
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

fn command(program: &Program, passphrase: &Passphrase) -> Command {
    let mut command = Command::new(&program.executable);
    command.arg("serve").arg("--keys").arg(&program.keys);
    command.arg("--socket").arg(&program.socket).arg("--exit-with-stdin");
    match passphrase {
        Passphrase::Unneeded => command.arg("--locked"),
        Passphrase::None => command.arg("--no-passphrase"),
        Passphrase::File(file) => command.arg("--passphrase-file").arg(file),
        Passphrase::Typed(_) => command.args(["--passphrase-fd", "0"]),
    };
    if program.require_sandbox {
        command.arg("--require-sandbox");
    }
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        // Ctrl-C is for the terminal: its BYEs are still to be signed.
        .process_group(0);
    command
}

/// Shows what a process writes to standard error until it ends, so that it never waits for a
/// reader: its warnings to everybody, the rest to whoever asks for more.
async fn log(stderr: Option<ChildStderr>) {
    let Some(stderr) = stderr else {
        return;
    };
    let mut stderr = BufReader::new(stderr);
    loop {
        let mut line = Vec::new();
        match (&mut stderr).take(LONGEST_LINE).read_until(b'\n', &mut line).await {
            Ok(1..) => {
                show("the security application", &line);
            }
            Ok(0) | Err(_) => return,
        }
    }
}

/// Shows a line of a process's standard error: a warning to everybody, the rest to whoever asks for
/// more.
pub(crate) fn show(who: &str, line: &[u8]) {
    let line = clean(String::from_utf8_lossy(line).trim_end());
    match line.strip_prefix("warning: ") {
        Some(warning) => tracing::warn!("{warning}"),
        None => tracing::info!("{who}: {line}"),
    }
}

/// The last line that a process wrote to standard error before it ended. One that goes on is
/// ended: dropping it kills it.
async fn why_it_ended(mut child: Child, passphrase: &Passphrase) -> Error {
    let mut text = Vec::new();
    if let Some(stderr) = child.stderr.take() {
        // What cannot be read in time is not shown.
        let mut stderr = stderr.take(LONGEST_LINE);
        drop(tokio::time::timeout(WHY_WITHIN, stderr.read_to_end(&mut text)).await);
    }
    let text = String::from_utf8_lossy(&text).into_owned();
    let last = text.lines().rfind(|line| !line.trim().is_empty());
    let reason = last.map_or_else(|| "is not ready".to_owned(), |line| format!("says: {line}"));
    let status = tokio::time::timeout(WHY_WITHIN, child.wait()).await;
    match status {
        // A file that holds the wrong one is not made right by asking.
        Ok(Ok(status))
            if status.code() == Some(LOCKED) && !matches!(passphrase, Passphrase::File(_)) =>
        {
            Error::Locked { reason }
        }
        _ => Error::Agent { reason, advice: "see [agent] in the configuration" },
    }
}

fn silent() -> Error {
    Error::Agent {
        reason: "is not ready after 10 s".to_owned(),
        advice: "see [agent] in the configuration",
    }
}
