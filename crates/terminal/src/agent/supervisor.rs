//! Keeps a security application at its socket.

use super::held::{Gone, Held};
use super::passphrase::Ask;
use super::program::Program;
use crate::error::Result;
use net::Runtime;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// Waits before it is started again: the first, doubled each time, up to the last.
const AGAIN: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(30));

/// One that was there for so long is followed without a grudge.
const SETTLED: Duration = Duration::from_secs(30);

/// A supervised security application; dropping it ends the process, where it is ours.
#[derive(Debug)]
pub struct Agent {
    /// Whether the application that was there first is ours.
    ours: bool,
    /// Dropped or sent: the supervisor ends the process.
    stop: oneshot::Sender<()>,
    /// Answers when the process has ended.
    ended: oneshot::Receiver<()>,
}

impl Agent {
    /// Starts `program`, or uses what listens at its socket already. From then on there is one for
    /// as long as the agent lives, whoever ran the one that has gone. Where keys turn out to be
    /// locked and [`Passphrase::None`](super::Passphrase::None) is given, `ask` is asked.
    ///
    /// # Errors
    /// It cannot be started.
    pub async fn start(
        program: Program, ask: Option<Ask>, runtime: Arc<dyn Runtime>,
    ) -> Result<Self> {
        let held = Held::take(&program, ask.as_ref(), &*runtime).await?;
        let ours = matches!(held, Held::Ours(_));
        let (stop, stopped) = oneshot::channel();
        let (tell, ended) = oneshot::channel();
        let supervisor = Supervisor { program, ask, runtime: Arc::clone(&runtime) };
        runtime.spawn(Box::pin(async move {
            supervisor.run(held, stopped).await;
            // Nobody listens where the agent was dropped.
            _ = tell.send(());
        }));
        Ok(Self { ours, stop, ended })
    }

    /// Whether the application was started by us: somebody else's has been told by somebody else
    /// how keys are protected.
    pub const fn is_ours(&self) -> bool {
        self.ours
    }

    /// Ends the process, where it is ours, and waits until it has gone.
    pub async fn stop(self) {
        drop(self.stop);
        // An error means that the supervisor is gone, and its process with it.
        drop(self.ended.await);
    }
}

struct Supervisor {
    program: Program,
    ask: Option<Ask>,
    runtime: Arc<dyn Runtime>,
}

impl Supervisor {
    /// Holds one after the other until it is told to stop.
    async fn run(self, mut held: Held, mut stopped: oneshot::Receiver<()>) {
        let mut wait = AGAIN.0;
        loop {
            let since = self.runtime.now();
            let gone = tokio::select! {
                _ = &mut stopped => return held.end().await,
                gone = held.gone() => gone,
            };
            if self.runtime.now().saturating_duration_since(since) >= SETTLED {
                wait = AGAIN.0;
            }
            held = tokio::select! {
                _ = &mut stopped => return,
                next = self.next(&gone, &mut wait) => next,
            };
        }
    }

    /// The one that follows. It never gives up, since a terminal without one is deaf to those who
    /// sign; of each reason why there is none it tells once.
    async fn next(&self, gone: &Gone, wait: &mut Duration) -> Held {
        let mut told = String::new();
        loop {
            self.runtime.sleep_until(self.runtime.now() + *wait).await;
            *wait = (*wait * 2).min(AGAIN.1);
            match Held::take(&self.program, self.ask.as_ref(), &*self.runtime).await {
                Ok(held) => {
                    tracing::warn!("{}", Followed { gone, by: &held });
                    return held;
                }
                Err(error) => {
                    let why = error.line();
                    if why != told {
                        tracing::warn!(
                            "{gone}; calls that need one are refused until it starts, which is \
                             tried again: {why}"
                        );
                        told = why;
                    }
                }
            }
        }
    }
}

/// What has gone and what has come, in one line.
struct Followed<'a> {
    gone: &'a Gone,
    by: &'a Held,
}

impl fmt::Display for Followed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = match (self.gone, self.by) {
            (Gone::Ours(_), Held::Ours(_)) => "it was started again",
            (Gone::Theirs, Held::Ours(_)) => "this terminal has started its own",
            (_, Held::Theirs(_)) => "another program's is used now",
        };
        write!(f, "{}; {by}", self.gone)
    }
}
