//! The events of calls that have a handle, and of requests that somebody waits for: each one's by
//! themselves.

use crate::manager::{Event, Key};
use std::collections::{BTreeMap, VecDeque};
use std::task::Waker;

/// By what they are about. There are no more than there are calls and requests.
#[derive(Default)]
pub(super) struct Claims(BTreeMap<Key, Claim>);

/// What the handle of a call has not read.
#[derive(Default)]
struct Claim {
    events: VecDeque<Event>,
    waker: Option<Waker>,
    /// Nothing follows.
    has_ended: bool,
    /// The handle is gone, and the call is on its way out.
    is_dropped: bool,
}

impl Claims {
    /// A handle takes a call, with the events of it that nobody has read.
    pub(super) fn take(&mut self, id: Key, events: impl IntoIterator<Item = Event>) {
        let claim = self.0.entry(id).or_default();
        events.into_iter().for_each(|event| claim.push(event));
    }

    /// Whether no call has a handle: there is nothing to look for then.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a handle has the call.
    pub(super) fn has(&self, id: Key) -> bool {
        self.0.contains_key(&id)
    }

    /// How many events wait for the handle of the call that this one is about; `None`: it has none.
    pub(super) fn waiting(&self, event: &Event) -> Option<usize> {
        self.0.get(&event.subject()?).map(|claim| claim.events.len())
    }

    /// Gives an event to its call's handle; back comes one that no handle is there for.
    pub(super) fn deliver(&mut self, event: Event) -> Option<Event> {
        let Some((id, claim)) = event.subject().and_then(|id| Some((id, self.0.get_mut(&id)?)))
        else {
            return Some(event);
        };
        if !claim.is_dropped {
            claim.push(event);
        } else if event.is_end() {
            self.0.remove(&id);
        }
        None
    }

    /// The next event of a call; `Err`: the waker is told of it, unless nothing follows.
    pub(super) fn next(&mut self, id: Key, waker: &Waker) -> Result<Option<Event>, ()> {
        let Some(claim) = self.0.get_mut(&id) else { return Ok(None) };
        match claim.events.pop_front() {
            Some(event) => Ok(Some(event)),
            None if claim.has_ended => Ok(None),
            None => {
                claim.waker = Some(waker.clone());
                Err(())
            }
        }
    }

    /// A handle is gone; whether its call goes on without it.
    pub(super) fn release(&mut self, id: Key) -> bool {
        match self.0.get_mut(&id) {
            Some(claim) if !claim.has_ended => {
                claim.is_dropped = true;
                claim.events.clear();
                true
            }
            Some(_) | None => {
                self.0.remove(&id);
                false
            }
        }
    }

    /// The call's events are for whoever reads all from now on: those that were not read.
    pub(super) fn give_back(&mut self, id: Key) -> VecDeque<Event> {
        self.0.remove(&id).map(|claim| claim.events).unwrap_or_default()
    }

    /// Nothing follows for anybody.
    pub(super) fn finish(&mut self) {
        for claim in self.0.values_mut() {
            claim.has_ended = true;
            claim.waker.take().into_iter().for_each(Waker::wake);
        }
    }
}

impl Claim {
    fn push(&mut self, event: Event) {
        self.has_ended |= event.is_end();
        self.events.push_back(event);
        self.waker.take().into_iter().for_each(Waker::wake);
    }
}
