//! Who answers at the security application's socket: our own process, or somebody else's.

use super::passphrase::{Ask, Passphrase};
use super::process::Process;
use super::program::Program;
use crate::error::{Error, Result};
use net::Runtime;
use std::fmt;
use tokio::net::UnixStream;

/// How often a passphrase is asked for before a start has failed.
const TRIES: usize = 3;

/// A security application that is there.
#[derive(Debug)]
pub(super) enum Held {
    /// A process that we started.
    Ours(Process),
    /// Somebody else's, over a connection that ends with it.
    Theirs(UnixStream),
}

impl Held {
    /// Takes the application that listens already, or starts ours.
    ///
    /// # Errors
    /// Nobody listens, and it cannot be started.
    pub(super) async fn take(
        program: &Program, ask: Option<&Ask>, runtime: &dyn Runtime,
    ) -> Result<Self> {
        if let Ok(theirs) = UnixStream::connect(&program.socket).await {
            return Ok(Self::Theirs(theirs));
        }
        match open(program, ask, runtime).await {
            Ok(process) => Ok(Self::Ours(process)),
            // Somebody else may have been faster.
            Err(error) => {
                let theirs = UnixStream::connect(&program.socket).await;
                theirs.map(Self::Theirs).map_err(|_| error)
            }
        }
    }

    /// Waits until it has gone. Cancel-safe.
    pub(super) async fn gone(&mut self) -> Gone {
        match self {
            Self::Ours(process) => Gone::Ours(process.ended().await),
            Self::Theirs(theirs) => {
                let mut octets = [0; 64];
                loop {
                    // Nothing is asked over this connection, so nothing is answered.
                    _ = theirs.readable().await;
                    match theirs.try_read(&mut octets) {
                        Ok(1..) => {}
                        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                        Ok(0) | Err(_) => return Gone::Theirs,
                    }
                }
            }
        }
    }

    /// Ends it, where it is ours.
    pub(super) async fn end(self) {
        if let Self::Ours(process) = self {
            process.end().await;
        }
    }
}

/// An application that has gone, in words for its user.
#[derive(Debug)]
pub(super) enum Gone {
    /// Ours has ended, with this status where it is known.
    Ours(Option<std::process::ExitStatus>),
    /// Somebody else's.
    Theirs,
}

impl fmt::Display for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ours(Some(status)) => write!(f, "the security application ended ({status})"),
            Self::Ours(None) => f.write_str("the security application ended"),
            Self::Theirs => {
                f.write_str("the security application that another program ran is gone")
            }
        }
    }
}

/// Starts the program; where its keys turn out to be locked, a person is asked.
async fn open(program: &Program, ask: Option<&Ask>, runtime: &dyn Runtime) -> Result<Process> {
    let mut opened = Process::start(program, &program.passphrase, runtime).await;
    let Some(ask) = ask.filter(|_| matches!(program.passphrase, Passphrase::None)) else {
        return opened;
    };
    let mut what = "passphrase of the OpenPGP keys";
    for _ in 0..TRIES {
        let Err(Error::Locked { .. }) = opened else { break };
        let typed = Passphrase::Typed(ask(what).await?);
        opened = Process::start(program, &typed, runtime).await;
        what = "passphrase of the OpenPGP keys (the last one was wrong)";
    }
    opened
}
