//! The handshakes that the manager's process holds: one a media line, until its call has ended, it was
//! refused, or nobody drives it any more.

use crate::guard::{GuardKeys, LineKeys};
use crate::wire::{Gave, MOST_DATAGRAMS, Step};
use ssm::{Call, Handshake, Line, Refused};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Handshakes at one time: more than there are calls.
const MOST: usize = 4096;

/// The handshakes of one connection, by their numbers.
#[derive(Default)]
pub(crate) struct Handshakes(Mutex<Table>);

#[derive(Default)]
struct Table {
    last: u64,
    held: BTreeMap<u64, Held>,
}

struct Held {
    call: Call,
    line: Line,
    machine: Box<dyn Handshake<LineKeys>>,
    /// The time of its first step, by our clock.
    began: Option<Instant>,
}

impl Handshakes {
    /// What crosses of what was handed out for a line: of a handshake its number.
    ///
    /// # Errors
    /// [`Refused::Handshake`]: there is no room for another.
    pub(crate) fn hold(
        &self, call: Call, line: Line, keys: GuardKeys,
    ) -> Result<GuardKeys<u64>, Refused> {
        Ok(match keys {
            GuardKeys::Plain => GuardKeys::Plain,
            GuardKeys::Srtp(keys) => GuardKeys::Srtp(keys),
            GuardKeys::Sealer(keys) => GuardKeys::Sealer(keys),
            GuardKeys::Opener(keys) => GuardKeys::Opener(keys),
            GuardKeys::Kept => GuardKeys::Kept,
            GuardKeys::Handshake(machine) => {
                let held = Held { call, line, machine, began: None };
                GuardKeys::Handshake(self.lock().hold(held)?)
            }
        })
    }

    /// Takes a step; `None` where it cannot be. One of a handshake that is not held is late.
    pub(crate) fn step(&self, step: &Step) -> Option<Gave> {
        // Taken out meanwhile: one that panics is not put back, and is in nobody's way.
        let Some(mut held) = self.lock().held.remove(&step.handshake) else {
            let outcome = Some(Err(Refused::Unknown));
            return Some(Gave { datagrams: Vec::new(), due: None, outcome });
        };
        let gave = held.step(step)?;
        if !matches!(gave.outcome, Some(Err(_))) {
            self.lock().held.insert(step.handshake, held);
        }
        Some(gave)
    }

    pub(crate) fn given_up(&self, handshake: u64) {
        let given_up = self.lock().held.remove(&handshake);
        drop(given_up);
    }

    /// Forgets those of a call that has ended.
    pub(crate) fn ended(&self, call: Call) {
        self.lock().held.retain(|_, held| held.call != call);
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// The one of before is of no use to a line that has another.
    fn hold(&mut self, held: Held) -> Result<u64, Refused> {
        self.held.retain(|_, it| (it.call, it.line) != (held.call, held.line));
        if self.held.len() >= MOST {
            return Err(Refused::Handshake);
        }
        self.last += 1;
        self.held.insert(self.last, held);
        Ok(self.last)
    }
}

impl Held {
    fn step(&mut self, step: &Step) -> Option<Gave> {
        let began = *self.began.get_or_insert_with(now);
        let at = began.checked_add(step.at())?;
        match &step.datagram {
            Some(octets) => self.machine.on_datagram(at, octets),
            None => self.machine.on_timeout(at),
        }
        let datagrams = std::iter::from_fn(|| self.machine.poll_datagram());
        let datagrams = datagrams.take(MOST_DATAGRAMS).collect();
        let outcome = self.machine.poll_outcome();
        let due = self.machine.poll_timeout().map(|due| due.saturating_duration_since(began));
        Some(Gave { datagrams, due, outcome })
    }
}

/// What durations are counted from here; which moment it is means nothing.
#[expect(clippy::disallowed_methods, reason = "an Instant has no other origin")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine that does nothing.
    struct Idle;

    impl Handshake<LineKeys> for Idle {
        fn on_timeout(&mut self, _: Instant) {}

        fn on_datagram(&mut self, _: Instant, _: &[u8]) {}

        fn poll_datagram(&mut self) -> Option<Vec<u8>> {
            None
        }

        fn poll_timeout(&self) -> Option<Instant> {
            None
        }

        fn poll_outcome(&mut self) -> Option<Result<LineKeys, Refused>> {
            None
        }
    }

    #[test]
    fn no_more_are_held_than_there_is_room_for_and_one_a_line() {
        let handshakes = Handshakes::default();
        let hold = |call, line| {
            let idle = GuardKeys::Handshake(Box::new(Idle) as Box<dyn Handshake<_>>);
            handshakes.hold(Call(call), Line(line), idle).map(drop)
        };
        let most = u64::try_from(MOST).unwrap();
        (0..most).for_each(|call| hold(call, 0).unwrap());
        assert_eq!(hold(most, 0), Err(Refused::Handshake));
        assert_eq!(hold(0, 1), Err(Refused::Handshake), "another line of a call");
        assert_eq!(hold(0, 0), Ok(()), "the same line again");
        handshakes.ended(Call(1));
        assert_eq!(hold(most, 0), Ok(()));
    }
}
