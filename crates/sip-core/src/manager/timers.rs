//! All timers of the manager, in one ordered queue.

use super::by_number::ByNumber;
use super::slab::Key;
use crate::transaction::Timer;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

/// What a timer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
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

/// The queue. A timer that was stopped or moved leaves its entry there until that comes up, or until
/// such entries are the most: taking it out at once would cost each call a search for each timer.
#[derive(Debug, Default)]
pub(super) struct Timers {
    /// The first one is armed always.
    queue: BinaryHeap<Reverse<(Instant, Due)>>,
    armed: ByNumber<Due, Instant>,
}

/// A usage numbers its timers from zero, and has fewer than this.
const USAGE_TIMERS: u8 = 16;

/// Entries that may stand in the queue for nothing, whatever runs.
const STALE: usize = 64;

impl Timers {
    /// Starts a timer, or moves it.
    pub(super) fn start(&mut self, due: Due, at: Instant) {
        debug_assert!(!matches!(due, Due::Usage(_, USAGE_TIMERS..)), "a usage numbers its timers");
        let before = self.armed.insert(due, at);
        if before == Some(at) {
            return;
        }
        self.queue.push(Reverse((at, due)));
        if let Some(before) = before {
            self.drop_stale(before, due);
        }
    }

    /// Stops a timer that may not run.
    pub(super) fn stop(&mut self, due: Due) {
        if let Some(at) = self.armed.remove(&due) {
            self.drop_stale(at, due);
        }
    }

    /// Stops all timers of a usage that has so many.
    pub(super) fn stop_usage(&mut self, key: Key, timers: u8) {
        (0..timers).for_each(|timer| self.stop(Due::Usage(key, timer)));
    }

    /// When the next timer fires.
    pub(super) fn next(&self) -> Option<Instant> {
        self.queue.peek().map(|Reverse((at, _))| *at)
    }

    /// Takes the next timer that has fired by `now`.
    pub(super) fn take_fired(&mut self, now: Instant) -> Option<Due> {
        let &Reverse((_, due)) = self.queue.peek().filter(|Reverse((at, _))| *at <= now)?;
        self.queue.pop();
        self.armed.remove(&due);
        self.uncover();
        Some(due)
    }

    /// The number of running timers.
    pub(super) fn len(&self) -> usize {
        self.armed.len()
    }

    /// The entry of a timer that was stopped or moved has become stale.
    fn drop_stale(&mut self, at: Instant, due: Due) {
        if self.queue.peek() == Some(&Reverse((at, due))) {
            self.queue.pop();
            self.uncover();
        } else if self.queue.len() > 2 * self.armed.len() + STALE {
            let armed = &self.armed;
            self.queue.retain(|Reverse((at, due))| armed.get(due) == Some(at));
        }
    }

    /// Takes away what is stale before the first entry that is not.
    fn uncover(&mut self) {
        while let Some(Reverse((at, due))) = self.queue.peek()
            && self.armed.get(due) != Some(at)
        {
            self.queue.pop();
        }
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

    #[test]
    fn timers_that_were_stopped_take_no_room() {
        let mut slab = Slab::new();
        let keys = [(); 1000].map(|()| slab.insert(()));
        #[expect(clippy::disallowed_methods, reason = "any instant to count from")]
        let zero = Instant::now();
        let at = |milliseconds| zero + Duration::from_millis(milliseconds);
        let mut timers = Timers::default();
        for (place, key) in (0..).zip(keys) {
            timers.start(Due::Usage(key, 0), at(place));
            timers.start(Due::Usage(key, 1), at(2000 - place));
        }
        // All but the last key's, in an order in which no stopped one is the first to fire.
        for key in keys.into_iter().take(999).rev() {
            timers.stop_usage(key, 2);
        }
        assert_eq!((timers.len(), timers.next()), (2, Some(at(999))));
        assert!(timers.queue.len() <= 2 * timers.len() + STALE);
        // One that comes back runs once, at its new time.
        timers.start(Due::Usage(keys[999], 0), at(1500));
        timers.start(Due::Usage(keys[999], 0), at(999));
        let fired: Vec<_> = std::iter::from_fn(|| timers.take_fired(at(3000))).collect();
        assert_eq!(fired, [Due::Usage(keys[999], 0), Due::Usage(keys[999], 1)]);
        assert_eq!((timers.len(), timers.next(), timers.queue.len()), (0, None, 0));
    }
}
