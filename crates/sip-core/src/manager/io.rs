//! Where the parts of the manager put what they want done: actions and timers.

use super::action::{Action, Hop, Sender, SenderId};
use super::event::Event;
use super::timers::Timers;
use crate::transaction::Timing;
use bytes::Bytes;
use std::collections::VecDeque;

/// The manager's outputs, and the constants that its timers derive from.
#[derive(Debug)]
pub(super) struct Io {
    pub(super) timing: Timing,
    pub(super) timers: Timers,
    pub(super) actions: VecDeque<Action>,
}

impl Io {
    pub(super) fn new(timing: Timing) -> Self {
        Self { timing, timers: Timers::default(), actions: VecDeque::new() }
    }

    /// Sends a message.
    pub(super) fn send(&mut self, sender: Sender, hop: Hop, octets: Bytes) {
        self.actions.push_back(Action::Send { hop, octets, sender: SenderId(sender) });
    }

    /// Tells the application.
    pub(super) fn tell(&mut self, event: Event) {
        self.actions.push_back(Action::Event(event));
    }
}
