//! The stack's end of one connection: what is asked, and by whom an answer is waited for.
//!
//! ```text
//!   ask ──▶ Asked ── answer ─────────────────────────────▶ whoever stands in `ask`
//!             │  └── Pending(within) ──▶ Later ── answer ─▶ whoever awaits the future
//!             │                             │  └─ dropped ─▶ Cancel; overdue ─▶ Gone
//!             └── nothing within the deadline, nonsense, end ──▶ Gone, for all, for good
//! ```

use crate::ends::Ends;
use crate::jobs::Jobs;
use crate::pipe::Carrier;
use crate::wire::{self, Body, FrameError, Nothing, Verdict};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use thiserror::Error;
use tokio::sync::{oneshot, watch};
use zeroize::Zeroizing;

/// Why there is no answer from the security manager's process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Gone {
    /// It has closed the connection, or was never there.
    #[error("the security manager's process is not there")]
    Closed,
    /// It did not answer in time.
    #[error("the security manager's process does not answer")]
    Silent,
    /// It said what cannot be.
    #[error("the security manager's process says what is not understood")]
    Nonsense,
    /// It is of another version than this program.
    #[error("the security manager's process is of another version than this program")]
    OtherVersion,
    /// The question does not fit a frame; the connection goes on.
    #[error("what the security manager is asked, or told, is larger than a frame of 1 MiB")]
    TooLarge,
    /// The manager failed over this one question; the connection goes on.
    #[error("the security manager failed")]
    Failed,
}

/// What came first.
pub(crate) enum First {
    Answer(Body),
    /// The answer comes later, through this, or will not.
    Pending(Duration, Later),
}

/// An answer that is awaited; dropped before it came, the manager is told so.
pub(crate) struct Later {
    answer: oneshot::Receiver<Verdict>,
    _cancel: Cancel,
}

impl Later {
    /// The answer, or `None` where none will come.
    pub(crate) async fn answer(self) -> Option<Verdict> {
        self.answer.await.ok()
    }
}

struct Cancel {
    connection: Arc<Connection>,
    id: u64,
    /// When the manager has said to have answered.
    due: Instant,
    /// How many of its kind were answered before it.
    answered: u64,
}

impl Cancel {
    /// Whether nothing pending goes on over there: it is overdue, no other was answered since, and
    /// none waits for an answer of ours.
    fn shows_a_hang(&self, answered: u64) -> bool {
        now() >= self.due && answered == self.answered && self.connection.prompts.is_empty()
    }
}

/// How much earlier than a manager's bound whoever waits may have begun to count.
const EARLY: Duration = Duration::from_millis(50);

#[expect(clippy::disallowed_methods, reason = "a process hangs by the real clock")]
fn now() -> Instant {
    Instant::now()
}

impl Drop for Cancel {
    fn drop(&mut self) {
        let answered = {
            let mut state = self.connection.lock();
            state.waiting.remove(&self.id).map(|_| state.answered)
        };
        let Some(answered) = answered else { return };
        if self.shows_a_hang(answered) {
            self.connection.over_with(Gone::Silent);
        } else {
            // A connection that takes nothing any more cancels all there is by its end.
            _ = self.connection.send(self.id, Body::Cancel(Nothing {}));
        }
    }
}

enum Waiting {
    Asked(SyncSender<First>),
    Later(oneshot::Sender<Verdict>),
}

#[derive(Default)]
struct State {
    last: u64,
    waiting: BTreeMap<u64, Waiting>,
    /// Questions that were pending and have been answered.
    answered: u64,
}

/// One connection; it ends once, and for good.
pub(crate) struct Connection {
    carrier: Arc<dyn Carrier>,
    state: Mutex<State>,
    ends: Ends,
    prompts: Jobs,
    gone: watch::Sender<Option<Gone>>,
    /// Whether the other process has said who it is.
    greeted: AtomicBool,
}

impl Connection {
    pub(crate) fn over(carrier: Arc<dyn Carrier>, ends: Ends) -> Arc<Self> {
        let prompts = Jobs::new(Arc::clone(&ends.spawn));
        Arc::new(Self {
            carrier,
            state: Mutex::default(),
            ends,
            prompts,
            gone: watch::Sender::new(None),
            greeted: AtomicBool::new(false),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why it has ended, once it has.
    pub(crate) fn watch(&self) -> watch::Receiver<Option<Gone>> {
        self.gone.subscribe()
    }

    fn end(&self) -> Option<Gone> {
        *self.gone.borrow()
    }

    /// Asks, and waits for what comes first, no longer than `within`; longer, and the connection is
    /// at its end: whoever asks next must not wait as long again.
    pub(crate) fn ask(self: &Arc<Self>, body: Body, within: Duration) -> Result<First, Gone> {
        let (tell, first) = sync_channel(1);
        let id = {
            let mut state = self.lock();
            // Looked at under the lock: who ends it takes out all that wait.
            if let Some(gone) = self.end() {
                return Err(gone);
            }
            state.last += 1;
            let id = state.last;
            state.waiting.insert(id, Waiting::Asked(tell));
            id
        };
        if let Err(gone) = self.send(id, body) {
            self.lock().waiting.remove(&id);
            return Err(gone);
        }
        match first.recv_timeout(within) {
            Ok(First::Answer(Body::Failed(_))) => Err(Gone::Failed),
            Ok(first) => Ok(first),
            Err(RecvTimeoutError::Disconnected) => Err(self.end().unwrap_or(Gone::Closed)),
            Err(RecvTimeoutError::Timeout) => Err(self.over_with(Gone::Silent)),
        }
    }

    /// Asks what is answered at once. What `read` does not take ends it.
    pub(crate) fn ask_now<T>(
        self: &Arc<Self>, body: Body, within: Duration, read: impl FnOnce(Body) -> Option<T>,
    ) -> Result<T, Gone> {
        match self.ask(body, within)? {
            First::Answer(body) => read(body).ok_or_else(|| self.over_with(Gone::Nonsense)),
            // What is pending is given up once the connection has ended, and not for its silence.
            First::Pending(..) => Err(self.over_with(Gone::Nonsense)),
        }
    }

    /// Tells; nothing is answered.
    pub(crate) fn tell(&self, body: Body) -> Result<(), Gone> {
        match self.end() {
            Some(gone) => Err(gone),
            None => self.send(0, body),
        }
    }

    fn send(&self, id: u64, body: Body) -> Result<(), Gone> {
        let frame = wire::encode(id, body).map_err(|error| match error {
            FrameError::TooLarge => Gone::TooLarge,
            FrameError::Malformed => Gone::Nonsense,
        })?;
        self.carrier.send(frame).map_err(|_| self.over_with(Gone::Closed))
    }

    /// Ends it for all who wait, and returns why it ended first.
    pub(crate) fn over_with(&self, why: Gone) -> Gone {
        let waiting = {
            let mut state = self.lock();
            self.gone.send_if_modified(|gone| {
                let first = gone.is_none();
                gone.get_or_insert(why);
                first
            });
            std::mem::take(&mut state.waiting)
        };
        // Each of them sees that nothing will come.
        drop(waiting);
        self.prompts.end();
        self.carrier.close();
        self.end().unwrap_or(why)
    }

    /// Takes a frame of the other process. What is not understood ends the connection.
    pub(crate) fn on_frame(self: &Arc<Self>, octets: Zeroizing<Vec<u8>>) -> Result<(), Gone> {
        let taken = wire::decode(octets).ok().and_then(|(id, body)| self.take(id, body));
        taken.ok_or_else(|| self.over_with(Gone::Nonsense))
    }

    /// `None` where it cannot be.
    fn take(self: &Arc<Self>, id: u64, body: Body) -> Option<()> {
        if let Body::Hello(hello) = &body {
            return self.on_hello(&hello.version);
        }
        if !self.greeted.load(Ordering::Acquire) {
            return None;
        }
        match body {
            Body::Pending(within) => self.on_pending(id, Duration::from_millis(within)),
            Body::Failed(_)
            | Body::Verdict(_)
            | Body::Line(_)
            | Body::Done(_)
            | Body::Assured(_)
            | Body::Stands(_)
            | Body::Waitings(_)
            | Body::Stepped(_) => {
                self.on_answer(id, body);
                Some(())
            }
            Body::Withdraw(_) => {
                self.prompts.cancel(id);
                Some(())
            }
            Body::Credentials(_) | Body::Token(_) | Body::Trust(_) | Body::Unlock(_) => {
                self.on_prompt(id, body)
            }
            Body::AssuranceChanged(_) | Body::Denied(_) | Body::Mismatch(_) => self.on_told(body),
            _ => None,
        }
    }

    fn on_hello(&self, version: &str) -> Option<()> {
        if version != crate::VERSION {
            self.over_with(Gone::OtherVersion);
            return Some(());
        }
        // Twice is once too often.
        (!self.greeted.swap(true, Ordering::AcqRel)).then_some(())
    }

    fn on_pending(self: &Arc<Self>, id: u64, within: Duration) -> Option<()> {
        let mut state = self.lock();
        match state.waiting.remove(&id) {
            Some(Waiting::Asked(first)) => {
                let (tell, answer) = oneshot::channel();
                state.waiting.insert(id, Waiting::Later(tell));
                let (due, answered) = (now() + within.saturating_sub(EARLY), state.answered);
                drop(state);
                let cancel = Cancel { connection: Arc::clone(self), id, due, answered };
                // Whoever asked may have given up in this moment; then this cancels it.
                drop(first.send(First::Pending(within, Later { answer, _cancel: cancel })));
                Some(())
            }
            // It was cancelled, or there is no such question.
            None => Some(()),
            Some(Waiting::Later(_)) => None,
        }
    }

    /// An answer to nothing that waits is late, or was never asked for: discarded.
    fn on_answer(&self, id: u64, body: Body) {
        let waiting = {
            let mut state = self.lock();
            let waiting = state.waiting.remove(&id);
            state.answered += u64::from(matches!(waiting, Some(Waiting::Later(_))));
            waiting
        };
        match (waiting, body) {
            (Some(Waiting::Asked(first)), body) => drop(first.send(First::Answer(body))),
            (Some(Waiting::Later(later)), Body::Verdict(verdict)) => drop(later.send(verdict)),
            // Dropped, who awaits it is told that nothing comes.
            (Some(Waiting::Later(_)) | None, _) => {}
        }
    }

    fn on_prompt(self: &Arc<Self>, id: u64, body: Body) -> Option<()> {
        let (connection, application) = (Arc::clone(self), Arc::clone(&self.ends.application));
        let begun = self.prompts.start(id, async move {
            let answer = match body {
                Body::Credentials(asked) => {
                    let given = application.credentials(&asked.realm, &asked.user).await;
                    Body::Password(wire::Password::of(given.as_ref()))
                }
                Body::Token(asked) => {
                    let wire::Token { server, realm, user } = asked;
                    let given = application.token(&server, &realm, &user).await;
                    Body::Password(wire::Password::of(given.as_ref()))
                }
                Body::Unlock(fingerprint) => {
                    let given = application.unlock(&fingerprint).await;
                    Body::Password(wire::Password::of(given.as_ref()))
                }
                Body::Trust(question) => {
                    let answer = application.trust(question.into()).await;
                    Body::Trusted(answer == sst::TrustAnswer::Pin)
                }
                _ => return,
            };
            _ = connection.send(id, answer);
        });
        begun.then_some(())
    }

    fn on_told(&self, body: Body) -> Option<()> {
        let application = &self.ends.application;
        // What an application does with it is no fault of the connection.
        let told = catch_unwind(AssertUnwindSafe(|| match body {
            Body::AssuranceChanged(told) => {
                let assurance = told.assurance?.read()?;
                application.assurance(sst::Call(told.call), &assurance);
                Some(())
            }
            Body::Denied(denial) => {
                application.denied(denial.read()?);
                Some(())
            }
            Body::Mismatch(mismatch) => {
                let (call, mismatch) = mismatch.read()?;
                application.mismatch(call, mismatch);
                Some(())
            }
            _ => None,
        }));
        told.unwrap_or(Some(()))
    }
}
