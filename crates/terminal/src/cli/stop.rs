//! Ctrl-C and termination: the one way in which a person ends a command.

use crate::error::{Error, Result};
use std::future::Future;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Waits for a person to end the command.
pub(super) struct Stop {
    interrupt: Signal,
    terminate: Signal,
}

impl Stop {
    /// From now on the signals no longer end the process by themselves.
    ///
    /// # Errors
    /// The system has no such signals.
    pub(super) fn new() -> Result<Self> {
        let listen =
            |kind| signal(kind).map_err(|error| Error::invalid(format!("signals: {error}")));
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    /// What `work` comes to, unless the command is to end before.
    ///
    /// # Errors
    /// The work's own, or that it was interrupted; it is then dropped.
    pub(super) async fn unless<T>(&mut self, work: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::select! {
            () = self.wanted() => Err(Error::invalid("interrupted")),
            done = work => done,
        }
    }

    /// Done when the command is to end.
    pub(super) async fn wanted(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
