//! The stack's side: the manager's three interfaces, answered by another process.

use crate::connection::{Connection, First, Gone};
use crate::ends::Ends;
use crate::kept::{Kept, SharedKept};
use crate::pipe::{Frames, halves};
use crate::wire::{self, Body};
use std::fmt;
use std::io;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, MutexGuard};
use std::time::Duration;
use tokio::sync::watch;

/// How long whoever asks stands still at most. What the manager itself does takes microseconds, and
/// what takes time it says to be pending.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(1);

/// How long a process may take to say who it is, and to take its configuration.
const BEGIN_WITHIN: Duration = Duration::from_secs(10);

/// A security manager in another process: [`ssa::SipSecurity`], [`sst::TelephonySecurity`] and
/// [`ssm::MediaSecurity`].
///
/// Without a process, and from a question on that has no answer within [`ANSWER_WITHIN`], everything
/// is refused at once, until another process is [connected](Self::connect).
pub struct Client {
    ends: Ends,
    within: Duration,
    pub(crate) kept: SharedKept,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("connected", &self.current().is_ok()).finish_non_exhaustive()
    }
}

impl Client {
    /// A client that is not connected yet.
    pub fn new(ends: Ends) -> Arc<Self> {
        Self::waiting(ends, ANSWER_WITHIN)
    }

    /// One whose questions have to be answered within another time than [`ANSWER_WITHIN`].
    pub fn waiting(ends: Ends, within: Duration) -> Arc<Self> {
        Arc::new(Self { ends, within, kept: SharedKept::default() })
    }

    /// Asks the process at the other end of `stream` from now on: once it has said who it is and has
    /// taken what the one before was told. May take 10 s, in which nothing else is asked.
    ///
    /// What is returned tells when it has gone, and why.
    ///
    /// # Errors
    /// It is not one of ours, or does not answer.
    pub fn connect(&self, stream: UnixStream) -> Result<watch::Receiver<Option<Gone>>, Gone> {
        let (pipe, frames) = halves(stream, self.within).map_err(|_| Gone::Closed)?;
        let connection = Connection::over(Arc::new(pipe), self.ends.clone());
        let reading = Arc::clone(&connection);
        std::thread::Builder::new()
            .name("sec-socket".to_owned())
            .spawn(move || read(frames, &reading))
            .map_err(|_| Gone::Closed)?;
        self.begin(&connection).map_err(|why| connection.over_with(why))
    }

    /// The same over any carrier: whoever has the other side's frames gives them to what is returned.
    #[cfg(any(test, feature = "conformance"))]
    pub(crate) fn attach(&self, carrier: Arc<dyn crate::pipe::Carrier>) -> Arc<Connection> {
        Connection::over(carrier, self.ends.clone())
    }

    /// Waits for the greeting, tells what is kept, and from then on asks there.
    pub(crate) fn begin(
        &self, connection: &Arc<Connection>,
    ) -> Result<watch::Receiver<Option<Gone>>, Gone> {
        greeting(connection)?;
        loop {
            let (revision, told) = {
                let kept = self.kept();
                (kept.revision(), kept.told())
            };
            for body in told {
                match body {
                    Body::Configure(_) => take(connection, body)?,
                    body => connection.tell(body)?,
                }
            }
            let mut kept = self.kept();
            // What was changed meanwhile is told, too, before anything is asked.
            if kept.revision() != revision {
                continue;
            }
            // Under the lock: none of them starts or ends unheard.
            kept.calls().try_for_each(|started| connection.tell(started))?;
            if let Some(before) = kept.follow(connection) {
                before.over_with(Gone::Closed);
            }
            return Ok(connection.watch());
        }
    }

    /// Ends the connection: the process at its other end ends, too.
    pub fn disconnect(&self) {
        let connection = self.kept().leave();
        if let Some(connection) = connection {
            connection.over_with(Gone::Closed);
        }
    }

    /// Configures the manager, and every one that follows it.
    ///
    /// # Errors
    /// It does not take it; it is asked nothing more then, since it would go on under another policy.
    pub fn configured(&self, configuration: &sst::Configuration) -> Result<(), Gone> {
        let wire = wire::configuration(configuration);
        let connection = {
            let mut kept = self.kept();
            kept.configure(wire.clone());
            kept.connection()
        };
        let Some(connection) = connection else { return Err(Gone::Closed) };
        take(&connection, Body::Configure(wire)).inspect_err(|why| _ = connection.over_with(*why))
    }

    pub(crate) fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock()
    }

    fn current(&self) -> Result<Arc<Connection>, Gone> {
        self.kept().connection().ok_or(Gone::Closed)
    }

    /// How long whoever asks stands still at most.
    pub(crate) const fn within(&self) -> Duration {
        self.within
    }

    /// Asks, and stands still until the first answer. One that `read` does not take ends the
    /// connection that it came over.
    pub(crate) fn ask<T>(
        &self, body: Body, read: impl FnOnce(First) -> Option<T>,
    ) -> Result<T, Gone> {
        let connection = self.current()?;
        let first = connection.ask(body, self.within)?;
        read(first).ok_or_else(|| connection.over_with(Gone::Nonsense))
    }

    /// Asks what is answered at once.
    pub(crate) fn ask_now<T>(
        &self, body: Body, read: impl FnOnce(Body) -> Option<T>,
    ) -> Result<T, Gone> {
        self.current()?.ask_now(body, self.within, read)
    }

    /// Tells. Where nobody is there it is lost, as all is that a process knew; who cannot be told, since
    /// it does not fit a frame, is asked no more: it would go on under what it knew before.
    pub(crate) fn tell(&self, body: Body) {
        let Ok(connection) = self.current() else { return };
        if let Err(Gone::TooLarge) = connection.tell(body) {
            connection.over_with(Gone::TooLarge);
        }
    }

    pub(crate) const fn guards(&self) -> &crate::guard::MakeGuard {
        &self.ends.guard
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.disconnect();
    }
}

/// Takes frames until there are no more.
fn read(mut frames: Frames, connection: &Arc<Connection>) {
    let gone = loop {
        match frames.next() {
            Ok(Some(frame)) => {
                if let Err(gone) = connection.on_frame(frame) {
                    break gone;
                }
            }
            Ok(None) => break Gone::Closed,
            Err(error) => break why(&error),
        }
    };
    connection.over_with(gone);
}

/// Why reading ended.
fn why(error: &io::Error) -> Gone {
    match error.kind() {
        io::ErrorKind::InvalidData => Gone::Nonsense,
        _ => Gone::Closed,
    }
}

/// Waits for the greeting by asking for nothing: what is told first is answered after it.
fn greeting(connection: &Arc<Connection>) -> Result<(), Gone> {
    let greets = |body| matches!(body, Body::Stands(_)).then_some(());
    connection.ask_now(Body::State(0), BEGIN_WITHIN, greets)
}

/// Has a configuration taken.
fn take(connection: &Arc<Connection>, configuration: Body) -> Result<(), Gone> {
    let done = |body| matches!(body, Body::Done(_)).then_some(());
    connection.ask_now(configuration, BEGIN_WITHIN, done)
}
