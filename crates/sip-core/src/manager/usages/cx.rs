//! What a usage may touch.

use crate::manager::dialogs::Dialogs;
use crate::manager::event::Event;
use crate::manager::io::Io;
use crate::manager::requests::{Draft, Owner, Purpose, Requests};
use crate::manager::serving::{Reply, Serving};
use crate::manager::slab::Key;
use crate::manager::target::Target;
use crate::manager::timers::Due;
use ssa::CallRef;
use std::time::Duration;

/// The layers below, lent to one usage for one input.
pub(in crate::manager) struct Cx<'a> {
    /// The time, the configuration, the outputs.
    pub(in crate::manager) io: Io<'a>,
    /// Requests of ours.
    pub(in crate::manager) requests: &'a mut Requests,
    /// Requests of peers.
    pub(in crate::manager) serving: &'a mut Serving,
    pub(in crate::manager) dialogs: &'a mut Dialogs,
    /// The usage itself.
    pub(in crate::manager) me: Key,
}

impl Cx<'_> {
    /// Sends a request; the usage hears what becomes of it.
    pub(super) fn send(
        &mut self, purpose: Purpose, name: CallRef, request: (Draft, Target),
    ) -> Key {
        self.requests.begin(&mut self.io, Owner { usage: self.me, purpose }, name, request)
    }

    /// Answers a request, by way of the security manager.
    pub(super) fn answer(&mut self, server: Key, reply: Reply) {
        self.serving.answer(&mut self.io, server, reply);
    }

    /// Starts a timer of the usage's, or moves it.
    pub(super) fn start(&mut self, timer: u8, after: Duration) {
        self.io.start(Due::Usage(self.me, timer), after);
    }

    /// Stops a timer that may not run.
    pub(super) fn stop(&mut self, timer: u8) {
        self.io.stop(Due::Usage(self.me, timer));
    }

    /// Tells the application.
    pub(super) fn tell(&mut self, event: Event) {
        self.io.tell(event);
    }
}
