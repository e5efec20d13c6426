//! What the agents of a session may send on a channel, and how long they may look, until a way is found.
//!
//! Whoever describes itself anew has another agent made for it. What is sent for its descriptions, and
//! how long a way is looked for, is of all of them together: re-INVITEs would else have somebody else
//! sent checks for as long as they come.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Checks that leave on a channel until a way is found, and again after each, repetitions included.
pub(super) const MAX_CHECKS: usize = 128;

/// How long a way is looked for.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is left on a channel, lent to each agent.
#[derive(Clone, Debug, Default)]
pub(super) struct Allowance(Arc<Mutex<Spent>>);

#[derive(Debug, Default)]
struct Spent {
    checks: usize,
    /// Since when a way is looked for.
    since: Option<Instant>,
}

impl Allowance {
    /// Takes a check, and says whether there was one left.
    pub(super) fn spend(&self) -> bool {
        let mut spent = self.spent();
        let left = spent.checks < MAX_CHECKS;
        spent.checks += usize::from(left);
        left
    }

    /// An agent begins to look: one after another that still did has its time. What has run out was
    /// told, and begins anew.
    pub(super) fn begin(&self, now: Instant) {
        let mut spent = self.spent();
        spent.since = Some(spent.since.filter(|since| now < *since + PATIENCE).unwrap_or(now));
    }

    /// The time begins anew: the peer has answered the call.
    pub(super) fn begin_anew(&self, now: Instant) {
        self.spent().since = Some(now);
    }

    /// A way was found.
    pub(super) fn refill(&self) {
        *self.spent() = Spent::default();
    }

    /// Until when a way is looked for.
    pub(super) fn until(&self) -> Option<Instant> {
        self.spent().since.map(|since| since + PATIENCE)
    }

    fn spent(&self) -> MutexGuard<'_, Spent> {
        // Two numbers are whole whoever panics.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
