//! What every security application's process does, whatever holds its keys.

use crate::{BindError, Listener, NoSandbox, Sandbox, serve};
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use sma::{KeyAdministration, SecurityApplication};
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;
use thiserror::Error;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

/// No core dump, and no other process of the same user may look into this one (promise 18).
///
/// # Errors
/// The system refuses: nothing secret must be read then.
pub fn protect_memory() -> io::Result<()> {
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    Ok(())
}

/// Why a process offers no application.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OfferError {
    /// Its socket cannot be bound.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// It cannot give up what it should.
    #[error(transparent)]
    Sandbox(#[from] NoSandbox),
    /// It cannot say that it is ready.
    #[error("{0}")]
    Output(#[from] io::Error),
}

/// What ends a process: SIGTERM, SIGINT and, where that is asked for, the end of standard input.
#[derive(Debug)]
pub struct Ends {
    terminate: Signal,
    interrupt: Signal,
    exit_with_stdin: bool,
}

impl Ends {
    /// Waits for them from now on. To be called before there is a socket: a signal must remove it.
    ///
    /// # Errors
    /// The system refuses. Needs a tokio runtime.
    pub fn watch(exit_with_stdin: bool) -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            exit_with_stdin,
        })
    }

    /// Offers an application at `socket` until one of them comes; says `ready` on standard output
    /// when it listens, after a line `warning: …` on standard error where it is not as closed as it should be.
    ///
    /// # Errors
    /// [`OfferError`].
    pub async fn offer(
        self, socket: &Path, application: Arc<dyn SecurityApplication>,
        administration: Option<Arc<dyn KeyAdministration>>, sandbox: Sandbox,
    ) -> Result<(), OfferError> {
        let listener = Listener::bind(socket)?;
        if let Some(warning) = sandbox.close()? {
            // Who started this shows it, whatever else it keeps to itself.
            writeln!(io::stderr(), "warning: {warning}")?;
        }
        let mut output = io::stdout();
        writeln!(output, "ready")?;
        output.flush()?;
        serve(listener, application, administration, self.any()).await;
        Ok(())
    }

    async fn any(mut self) {
        let (closed, stdin) = oneshot::channel();
        // Held until the end where nobody watches standard input.
        let mut closed = Some(closed);
        if let Some(closed) = closed.take_if(|_| self.exit_with_stdin) {
            // A thread and not a task: it may stand in `read` when the process ends.
            std::thread::spawn(move || {
                let mut octets = [0; 64];
                while matches!(io::stdin().read(&mut octets), Ok(1..)) {}
                let _ = closed.send(());
            });
        }
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            _ = stdin => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::process::{dumpable_behavior, getrlimit};

    #[test]
    fn nothing_may_look_into_the_process() {
        protect_memory().unwrap();
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
        let core = getrlimit(Resource::Core);
        assert_eq!((core.current, core.maximum), (Some(0), Some(0)));
    }
}
