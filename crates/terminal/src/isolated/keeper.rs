//! Keeps a security manager's process behind a client, for as long as the client is there.

use super::process::Process;
use super::program::Program;
use crate::error::{Error, Result};
use net::Runtime;
use sec_socket::{Client, Gone};
use sma::SecurityApplication;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::sync::{oneshot, watch};

/// Waits before it is started again: the first, doubled each time, up to the last.
const AGAIN: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(30));

/// One that was there for so long is followed without a grudge.
const SETTLED: Duration = Duration::from_secs(30);

/// What starting one takes.
struct Keeper {
    program: Program,
    application: Option<Arc<dyn SecurityApplication>>,
    runtime: Arc<dyn Runtime>,
    client: Weak<Client>,
}

/// A process that is asked, and when it is gone.
struct Kept {
    _process: Process,
    gone: watch::Receiver<Option<Gone>>,
}

/// Starts the security manager's process behind `client`, and from then on one after the other, each
/// configured as the one before it. Stands still until the first one answers.
///
/// # Errors
/// It cannot be started, or does not answer.
pub(crate) fn keep(
    program: &Program, application: Option<Arc<dyn SecurityApplication>>,
    runtime: &Arc<dyn Runtime>, client: &Arc<Client>,
) -> Result<()> {
    let keeper = Keeper {
        program: program.clone(),
        application,
        runtime: Arc::clone(runtime),
        client: Arc::downgrade(client),
    };
    let mut process = keeper.start()?;
    let connected = process.answers.take().ok_or(Gone::Closed);
    let gone =
        connected.and_then(|stream| client.connect(stream)).map_err(|why| no_answer(&why))?;
    let kept = Kept { _process: process, gone };
    runtime.spawn(Box::pin(keeper.run(kept)));
    Ok(())
}

fn no_answer(why: &Gone) -> Error {
    Error::Manager {
        reason: format!("does not answer: {why}"),
        advice: "countersign and countersign-sec must be of one version; run with -v",
    }
}

impl Keeper {
    fn start(&self) -> Result<Process> {
        let mut process = Process::start(&self.program, self.application.is_some())?;
        let application = self.application.clone();
        process.may_ask(application, &*self.runtime).map_err(|error| Error::Manager {
            reason: format!("cannot be connected: {error}"),
            advice: "run with -v",
        })?;
        Ok(process)
    }

    async fn run(self, mut kept: Kept) {
        let mut wait = AGAIN.0;
        loop {
            let since = self.runtime.now();
            let gone = kept.gone.wait_for(Option::is_some).await.ok().and_then(|gone| *gone);
            drop(kept);
            if self.client.strong_count() == 0 {
                return;
            }
            if self.runtime.now().saturating_duration_since(since) >= SETTLED {
                wait = AGAIN.0;
            }
            let gone = gone.unwrap_or(Gone::Closed);
            tracing::warn!("{gone}; calls are refused until it was started again");
            let Some(next) = self.next(&mut wait).await else { return };
            tracing::warn!(
                "the security manager was started again; calls that go on are no more known to it"
            );
            kept = next;
        }
    }

    /// The one that follows; it never gives up, and of each reason why there is none it tells once.
    /// `None` where nobody asks any more.
    async fn next(&self, wait: &mut Duration) -> Option<Kept> {
        let mut told = String::new();
        loop {
            self.runtime.sleep_until(self.runtime.now() + *wait).await;
            *wait = (*wait * 2).min(AGAIN.1);
            let client = self.client.upgrade()?;
            let error = match self.start() {
                Ok(process) => match connected(process, client).await {
                    Ok(kept) => return Some(kept),
                    Err(why) => no_answer(&why),
                },
                Err(error) => error,
            };
            let why = error.line();
            if why != told {
                tracing::warn!("calls are refused until it starts, which is tried again: {why}");
                told = why;
            }
        }
    }
}

/// Connects on a thread of its own: what is greeted and configured meanwhile must not hold up others.
async fn connected(mut process: Process, client: Arc<Client>) -> std::result::Result<Kept, Gone> {
    let stream = process.answers.take().ok_or(Gone::Closed)?;
    let (tell, outcome) = oneshot::channel();
    let connect = move || drop(tell.send(client.connect(stream)));
    let thread = std::thread::Builder::new().name("countersign-sec".to_owned()).spawn(connect);
    thread.map_err(|_| Gone::Closed)?;
    let gone = outcome.await.map_err(|_| Gone::Closed)??;
    Ok(Kept { _process: process, gone })
}
