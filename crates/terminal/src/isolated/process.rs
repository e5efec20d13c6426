//! One run of the security manager's process.

use super::program::Program;
use crate::agent::show;
use crate::error::{Error, Result};
use sma::SecurityApplication;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::Arc;

/// What is read of its standard error at once, in bytes.
const LONGEST_LINE: u64 = 4_096;

/// A running process; dropping it kills it.
pub(super) struct Process {
    child: Child,
    /// Over which it answers.
    pub(super) answers: Option<UnixStream>,
    /// Over which it asks the security application.
    asks: Option<UnixStream>,
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that has ended by itself cannot be killed, and is waited for all the same.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Process {
    /// Starts the program; what it has to say is logged.
    ///
    /// # Errors
    /// It cannot be started.
    pub(super) fn start(program: &Program, with_application: bool) -> Result<Self> {
        let started = begin(program, with_application);
        let (mut child, answers, asks) = started.map_err(|error| Error::Manager {
            reason: format!("{} does not start: {error}", program.executable.display()),
            advice: "check the program and its permissions",
        })?;
        if let Some(stderr) = child.stderr.take() {
            let log = std::thread::Builder::new().name("countersign-sec".to_owned());
            drop(log.spawn(move || tell(stderr)));
        }
        Ok(Self { child, answers: Some(answers), asks })
    }

    /// Lets it ask `application`, for as long as it runs.
    ///
    /// # Errors
    /// The system refuses. Needs a tokio runtime.
    pub(super) fn may_ask(
        &mut self, application: Option<Arc<dyn SecurityApplication>>, runtime: &dyn net::Runtime,
    ) -> io::Result<()> {
        let (Some(asks), Some(application)) = (self.asks.take(), application) else {
            return Ok(());
        };
        asks.set_nonblocking(true)?;
        let asks = tokio::net::UnixStream::from_std(asks)?;
        runtime.spawn(Box::pin(sma_socket::serve_over(asks, application)));
        Ok(())
    }
}

fn begin(
    program: &Program, with_application: bool,
) -> io::Result<(Child, UnixStream, Option<UnixStream>)> {
    let (answers, its) = UnixStream::pair()?;
    let mut command = Command::new(&program.executable);
    command.arg("serve").stdin(OwnedFd::from(its)).stderr(Stdio::piped());
    let asks = if with_application {
        let (asks, its) = UnixStream::pair()?;
        command.stdout(OwnedFd::from(its));
        Some(asks)
    } else {
        command.arg("--without-application").stdout(Stdio::null());
        None
    };
    if program.require_sandbox {
        command.arg("--require-sandbox");
    }
    // Ctrl-C is for the terminal: the ends of its calls are still to be authorized.
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    // Nothing of ours is for it to read.
    command.env_clear();
    Ok((command.spawn()?, answers, asks))
}

/// Shows what it writes to standard error until it ends: its warnings to everybody, the rest to
/// whoever asks for more.
fn tell(stderr: ChildStderr) {
    let mut stderr = BufReader::new(stderr);
    loop {
        let mut line = Vec::new();
        match (&mut stderr).take(LONGEST_LINE).read_until(b'\n', &mut line) {
            Ok(1..) => {
                show("the security manager", &line);
            }
            Ok(0) | Err(_) => return,
        }
    }
}
