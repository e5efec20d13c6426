//! All timers of the manager, in one ordered queue.

use super::slab::Key;
use crate::transaction::Timer;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

/// What a timer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    /// A client transaction's.
    Client(Key, Timer),
    /// A server transaction's.
    Server(Key, Timer),
    /// The end of a client transaction that nobody waits for.
    Orphan(Key),
    /// A CANCEL had no effect. RFC 3261 §9.1.
    Cancel(Key),
    /// A usage's; which of its timers, it knows.
    Usage(Key, u8),
}

/// The queue: one entry for each [`Due`].
#[derive(Debug, Default)]
pub(super) struct Timers {
    queue: BTreeSet<(Instant, Due)>,
    armed: BTreeMap<Due, Instant>,
}

impl Timers {
    /// Starts a timer, or moves it.
    pub(super) fn start(&mut self, due: Due, at: Instant) {
        if let Some(before) = self.armed.insert(due, at) {
            self.queue.remove(&(before, due));
        }
        self.queue.insert((at, due));
    }

    /// Stops a timer that may not run.
    pub(super) fn stop(&mut self, due: Due) {
        if let Some(at) = self.armed.remove(&due) {
            self.queue.remove(&(at, due));
        }
    }

    /// Stops all timers of a usage.
    pub(super) fn stop_usage(&mut self, key: Key) {
        let all = Due::Usage(key, u8::MIN)..=Due::Usage(key, u8::MAX);
        let running: Vec<Due> = self.armed.range(all).map(|(due, _)| *due).collect();
        running.into_iter().for_each(|due| self.stop(due));
    }

    /// When the next timer fires.
    pub(super) fn next(&self) -> Option<Instant> {
        self.queue.first().map(|&(at, _)| at)
    }

    /// Takes the next timer that has fired by `now`.
    pub(super) fn take_fired(&mut self, now: Instant) -> Option<Due> {
        let &(at, due) = self.queue.first()?;
        if at > now {
            return None;
        }
        self.queue.pop_first();
        self.armed.remove(&due);
        Some(due)
    }

    /// The number of running timers.
    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manager::slab::Slab;
    use std::time::Duration;

    #[test]
    fn timers_fire_in_order_move_and_stop() {
        let key = Slab::new().insert(());
        #[expect(clippy::disallowed_methods, reason = "any instant to count from")]
        let zero = Instant::now();
        let second = Duration::from_secs(1);
        let (a, b) = (Due::Client(key, Timer::A), Due::Client(key, Timer::B));
        let mut timers = Timers::default();
        timers.start(b, zero + 2 * second);
        timers.start(a, zero + second);
        timers.start(a, zero + 3 * second);
        assert_eq!((timers.len(), timers.next()), (2, Some(zero + 2 * second)));
        assert_eq!(timers.take_fired(zero + second), None);
        assert_eq!(timers.take_fired(zero + 4 * second), Some(b));
        timers.stop(b);
        timers.stop(a);
        assert_eq!((timers.len(), timers.next()), (0, None));
    }
}
