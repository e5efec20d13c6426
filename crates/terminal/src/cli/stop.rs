//! Ctrl-C, termination and a terminal that goes away: how a person ends a command.

use crate::error::{Error, Result};
use std::future::Future;
use std::io::{self, Write};
use std::thread;
use std::time::Duration;
use tokio::runtime::{Builder, Handle};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// How long the command may take to notice a signal. It takes longer only where it stands in a
/// call to the system, such as to write to a pipe that nobody reads.
const NOTICED_WITHIN: Duration = Duration::from_secs(2);

/// How long it may take to say so.
const SAID_WITHIN: Duration = Duration::from_millis(100);

/// Waits for a person to end the command.
pub(super) struct Stop(Signals);

impl Stop {
    /// From now on the signals no longer end the process by themselves, unless its thread stands
    /// still. To be made on that thread, in its runtime.
    ///
    /// # Errors
    /// The system has no such signals.
    pub(super) fn new() -> Result<Self> {
        let refused = |error: io::Error| Error::invalid(format!("signals: {error}"));
        watch().map_err(refused)?;
        Signals::new().map(Self).map_err(refused)
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
        self.0.next().await;
    }
}

/// The signals that end a command.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    /// `None`: the command is to outlive its terminal.
    hang_up: Option<Signal>,
}

impl Signals {
    fn new() -> io::Result<Self> {
        let hang_up = SignalKind::hangup();
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: if is_ignored(hang_up) { None } else { Some(signal(hang_up)?) },
        })
    }

    /// The next of them. Cancel-safe.
    async fn next(&mut self) {
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

/// Ends the process at a signal, where the thread that calls this stands still.
fn watch() -> io::Result<()> {
    let watched = Handle::current();
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let mut signals = {
        let _inside = runtime.enter();
        Signals::new()?
    };
    let watching = async move {
        loop {
            signals.next().await;
            let noticed = watched.spawn(async {});
            if tokio::time::timeout(NOTICED_WITHIN, noticed).await.is_err() {
                return give_up();
            }
        }
    };
    thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || runtime.block_on(watching))
        .map(drop)
}

/// Ends the process without what stands still.
fn give_up() {
    // Standard error may be what stands still.
    thread::spawn(|| {
        let line = b"countersign: interrupted while it waited to read or write a file or a pipe\n";
        drop(io::stderr().write_all(line));
    });
    thread::sleep(SAID_WITHIN);
    std::process::exit(1)
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
