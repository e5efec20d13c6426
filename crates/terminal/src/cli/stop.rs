//! Ctrl-C, termination and a terminal that goes away: how a person ends a command.

use crate::error::{Error, Result};
use std::future::Future;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Waits for a person to end the command.
pub(super) struct Stop {
    interrupt: Signal,
    terminate: Signal,
    /// `None`: the command is to outlive its terminal.
    hang_up: Option<Signal>,
}

impl Stop {
    /// From now on the signals no longer end the process by themselves.
    ///
    /// # Errors
    /// The system has no such signals.
    pub(super) fn new() -> Result<Self> {
        let listen =
            |kind| signal(kind).map_err(|error| Error::invalid(format!("signals: {error}")));
        let hang_up = SignalKind::hangup();
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hang_up: if is_ignored(hang_up) { None } else { Some(listen(hang_up)?) },
        })
    }

    /// What `work` comes to, unless the command is to end before.
    ///
    /// # Errors
    /// The work's own, or that it was interrupted; it is then dropped.
    pub(super) async fn unless<T>(&mut self, work: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::select! {
            () = self.wanted() => Err(Error::Interrupted("interrupted")),
            done = work => done,
        }
    }

    /// Done when the command is to end; again at each further signal.
    pub(super) async fn wanted(&mut self) {
        let hang_up = async {
            match &mut self.hang_up {
                Some(signal) => signal.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = hang_up => {}
        }
    }
}

/// Whether the process was started with `kind` ignored, as `nohup` does. Only Linux says so; where
/// it is not known, the signal counts.
fn is_ignored(kind: SignalKind) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    // Signals count from 1, bits from 0.
    mask >> (kind.as_raw_value() - 1) & 1 == 1
}
