//! Virtual time: the clock and the events to come, ordered by (time, sequence).

use super::datagram::Flight;
use super::host::Core;
use super::link::Change;
use super::stream::Motion;
use crate::lock::lock;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// When an event is due; the sequence orders events of the same time.
pub(super) type Due = (Duration, u64);

/// What happens at its time.
pub(super) enum Event {
    /// A sleeper wakes.
    Wake(Waker),
    /// A datagram arrives.
    Datagram(Flight),
    /// Word comes back that a datagram did not arrive.
    Undelivered(Flight),
    /// A stream moves on.
    Stream(Motion),
    /// A link changes.
    Link(Change),
}

/// The clock and what is to come.
#[derive(Default)]
pub(super) struct Timeline {
    now: Duration,
    sequence: u64,
    events: BTreeMap<Due, Event>,
}

impl Timeline {
    /// The virtual time since the start.
    pub(super) const fn now(&self) -> Duration {
        self.now
    }

    /// Puts an event at its time, or now if that has passed.
    pub(super) fn schedule(&mut self, at: Duration, event: Event) -> Due {
        self.sequence += 1;
        let due = (at.max(self.now), self.sequence);
        self.events.insert(due, event);
        due
    }

    /// Puts an event some time from now.
    pub(super) fn schedule_in(&mut self, delay: Duration, event: Event) {
        self.schedule(self.now.saturating_add(delay), event);
    }

    /// Takes the next event that is due by `limit`, and moves the clock to it.
    pub(super) fn next_by(&mut self, limit: Duration) -> Option<Event> {
        let (due, _) = self.events.first_key_value()?;
        if due.0 > limit {
            return None;
        }
        let (due, event) = self.events.pop_first()?;
        self.now = due.0;
        Some(event)
    }

    /// Moves the clock forward to `to`; nothing may be due before.
    pub(super) fn skip_to(&mut self, to: Duration) {
        self.now = self.now.max(to);
    }

    /// Whether nothing is to come.
    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Takes all events, so that their wakers can be dropped outside the lock.
    pub(super) fn clear(&mut self) -> BTreeMap<Due, Event> {
        std::mem::take(&mut self.events)
    }
}

/// Done at its deadline. When it is dropped its event leaves the timeline, so that a cancelled
/// timer does not keep the simulation running.
pub(super) struct Sleep {
    core: Arc<Core>,
    deadline: Duration,
    due: Option<Due>,
}

impl Sleep {
    pub(super) const fn new(core: Arc<Core>, deadline: Duration) -> Self {
        Self { core, deadline, due: None }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let core = Arc::clone(&self.core);
        let mut world = lock(&core.world);
        if world.timeline.now() >= self.deadline {
            return Poll::Ready(());
        }
        let event = Event::Wake(cx.waker().clone());
        // Polled again, it keeps its place among the sleepers of the same time.
        let replaced = match self.due {
            Some(due) => world.timeline.events.insert(due, event),
            None => {
                self.due = Some(world.timeline.schedule(self.deadline, event));
                None
            }
        };
        drop(world);
        drop(replaced);
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(due) = self.due {
            let removed = lock(&self.core.world).timeline.events.remove(&due);
            drop(removed);
        }
    }
}
