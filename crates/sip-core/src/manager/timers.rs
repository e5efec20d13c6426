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
    /// A call's.
    Call(Key, CallTimer),
    /// The end of a client transaction that nobody waits for.
    Orphan(Key),
    /// A registration's refresh or retry.
    Registration(Key),
}

/// The timers of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum CallTimer {
    /// Nobody answered an INVITE or a re-INVITE: the caller gives up, the callee declines.
    Ring,
    /// The CANCEL had no effect. RFC 3261 §9.1.
    Cancel,
    /// Send the 2xx again. RFC 3261 §13.3.1.4.
    Resend,
    /// No ACK came in 64*T1. RFC 3261 §13.3.1.4.
    NoAck,
    /// Try the re-INVITE again after a 491. RFC 3261 §14.1.
    Reinvite,
}

impl CallTimer {
    /// All of them.
    pub(super) const ALL: [Self; 5] =
        [Self::Ring, Self::Cancel, Self::Resend, Self::NoAck, Self::Reinvite];
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
