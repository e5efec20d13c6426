//! A handshake that is in the manager's process, as the media controller drives it.
//!
//! ```text
//!   Running ── a step gave keys ─▶ Keyed        steps go on: the peer may ask for what was lost
//!      │                             │
//!      └── refused, or no answer ────┴──▶ Over  nothing is asked any more
//! ```
//!
//! Every step is a question: its datagram, and how long ago the first one was, for the two processes
//! have clocks of their own. The halves are made here, of the keys that the last one gave.

use crate::connection::Connection;
use crate::guard::MakeGuard;
use crate::wire::{Body, Gave, LONGEST, MOST_DATAGRAMS, Step};
use ssm::{Handshake, MediaGuard, Refused};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Octets that cross before there are keys, and as many after: a flight that was lost is asked for
/// again a few times, and nothing else is said once both have keys.
const MOST_OCTETS: usize = 64 * 1024;
/// How soon a step may be due after another: a process that has it due for ever would have its driver do
/// nothing else.
const SOONEST: Duration = Duration::from_millis(1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Running,
    Keyed,
    Over,
}

/// A handshake that is in the manager's process. Dropped, it is forgotten there.
pub(crate) struct RemoteHandshake {
    /// To the process that has it: one that follows does not.
    connection: Arc<Connection>,
    number: u64,
    within: Duration,
    make: MakeGuard,
    state: State,
    /// When it was first driven.
    began: Option<Instant>,
    due: Option<Instant>,
    /// Octets that may still cross.
    left: usize,
    waiting: VecDeque<Vec<u8>>,
    outcome: Option<Result<MediaGuard, Refused>>,
}

impl RemoteHandshake {
    /// The one of that number, each of whose steps is answered `within` a time.
    pub(crate) fn new(
        connection: Arc<Connection>, number: u64, within: Duration, make: MakeGuard,
    ) -> Self {
        Self {
            connection,
            number,
            within,
            make,
            state: State::Running,
            began: None,
            due: None,
            left: MOST_OCTETS,
            waiting: VecDeque::new(),
            outcome: None,
        }
    }

    fn step(&mut self, now: Instant, datagram: Option<&[u8]>) {
        if self.state == State::Over {
            return;
        }
        let began = *self.began.get_or_insert(now);
        let step = Step::of(self.number, now.saturating_duration_since(began), datagram);
        let read = |body| match body {
            Body::Stepped(stepped) => stepped.read(),
            _ => None,
        };
        match self.connection.ask_now(Body::Step(step), self.within, read) {
            Ok(gave) => self.take(began, now, gave),
            Err(_) => self.end(Refused::Unavailable),
        }
    }

    fn take(&mut self, began: Instant, now: Instant, gave: Gave) {
        let room = MOST_DATAGRAMS.saturating_sub(self.waiting.len());
        self.waiting.extend(gave.datagrams.into_iter().take(room));
        let due = gave.due.and_then(|due| began.checked_add(due));
        self.due = due.map(|due| due.max(now + SOONEST));
        match gave.outcome {
            Some(Ok(keys)) if self.state == State::Running => match (self.make)(&keys) {
                Some(guard) => {
                    (self.state, self.left) = (State::Keyed, MOST_OCTETS);
                    self.outcome = Some(Ok(guard));
                }
                None => self.end(Refused::Attributes),
            },
            // It has ended once, and has its keys.
            Some(Ok(_)) | None => {}
            Some(Err(why)) => self.end(why),
        }
    }

    /// Whoever has the keys already goes on under them.
    fn end(&mut self, why: Refused) {
        if self.state == State::Running {
            self.outcome = Some(Err(why));
        }
        (self.state, self.due) = (State::Over, None);
    }
}

impl Handshake for RemoteHandshake {
    fn on_timeout(&mut self, now: Instant) {
        self.step(now, None);
    }

    /// What is too much, or too long, is not asked about.
    fn on_datagram(&mut self, now: Instant, octets: &[u8]) {
        let Some(left) = self.left.checked_sub(octets.len()) else { return };
        if octets.len() <= LONGEST {
            self.left = left;
            self.step(now, Some(octets));
        }
    }

    fn poll_datagram(&mut self) -> Option<Vec<u8>> {
        self.waiting.pop_front()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.due
    }

    fn poll_outcome(&mut self) -> Option<Result<MediaGuard, Refused>> {
        self.outcome.take()
    }
}

impl Drop for RemoteHandshake {
    fn drop(&mut self) {
        // A process that is gone has forgotten it.
        _ = self.connection.tell(Body::GivenUp(self.number));
    }
}
