//! Keeps the security application's process running.

use super::process::Process;
use super::program::Program;
use crate::error::Result;
use net::Runtime;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::sync::oneshot;

/// Waits before a restart: the first, doubled each time, up to the last.
const RESTART: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// A process that has run for so long starts anew without a grudge.
const SETTLED: Duration = Duration::from_secs(30);

/// A supervised security application; dropping it ends the process.
#[derive(Debug)]
pub struct Agent {
    /// Dropped or sent: the supervisor ends the process.
    stop: oneshot::Sender<()>,
    /// Answers when the process has ended.
    ended: oneshot::Receiver<()>,
}

impl Agent {
    /// Starts `program` if its socket is silent. `None`: one listens there already.
    ///
    /// # Errors
    /// It cannot be started.
    pub async fn start(program: Program, runtime: Arc<dyn Runtime>) -> Result<Option<Self>> {
        if answers(&program.socket).await {
            return Ok(None);
        }
        let process = Process::start(&program, &*runtime).await?;
        let (stop, stopped) = oneshot::channel();
        let (tell, ended) = oneshot::channel();
        let task = supervise(program, process, Arc::clone(&runtime), stopped);
        runtime.spawn(Box::pin(async move {
            task.await;
            // Nobody listens where the agent was dropped.
            _ = tell.send(());
        }));
        Ok(Some(Self { stop, ended }))
    }

    /// Ends the process and waits until it has gone.
    pub async fn stop(self) {
        drop(self.stop);
        // An error means that the supervisor is gone, and its process with it.
        drop(self.ended.await);
    }
}

/// Whether somebody listens at `socket`.
async fn answers(socket: &Path) -> bool {
    UnixStream::connect(socket).await.is_ok()
}

async fn supervise(
    program: Program, mut process: Process, runtime: Arc<dyn Runtime>,
    mut stopped: oneshot::Receiver<()>,
) {
    let mut wait = RESTART.0;
    loop {
        let started = runtime.now();
        tokio::select! {
            _ = &mut stopped => return process.end().await,
            status = process.ended() => {
                tracing::warn!(?status, "the security application ended; it is started again");
            }
        }
        if runtime.now().saturating_duration_since(started) >= SETTLED {
            wait = RESTART.0;
        }
        process = loop {
            tokio::select! {
                _ = &mut stopped => return,
                () = runtime.sleep_until(runtime.now() + wait) => {}
            }
            wait = (wait * 2).min(RESTART.1);
            match Process::start(&program, &*runtime).await {
                Ok(process) => break process,
                Err(error) => tracing::warn!(error = error.line(), "it does not start"),
            }
        };
    }
}
