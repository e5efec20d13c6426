//! What a usage may touch.

use crate::dialog::{Dialog, is_sips};
use crate::manager::action::Hop;
use crate::manager::dialogs::Dialogs;
use crate::manager::event::Event;
use crate::manager::io::Io;
use crate::manager::requests::{Draft, Owner, Purpose, Requests, contact};
use crate::manager::serving::{Reply, Served, Serving};
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
    /// Our Contact in the answer to a request that came over `hop` and makes this dialog, or refreshes
    /// it, with the user part that the request was for. RFC 3261 §12.1.1.
    pub(super) fn own_contact(&self, (served, hop): (&Served, &Hop), dialog: &Dialog) -> Vec<u8> {
        let message = &served.request.message;
        let user = message.uri().ok().and_then(|uri| uri.user()).unwrap_or_default();
        // Ours is `sips:` where any of these is.
        let is_sips =
            message.request_uri().is_some_and(is_sips) || is_sips(dialog.route().first_hop());
        let (own, accounts) = (self.io.config.own(), &self.io.out.accounts);
        accounts.gruu_by(user, is_sips).unwrap_or_else(|| {
            // The random user part that a registrar was told admits requests: others are not shown it.
            let user = String::from_utf8_lossy(accounts.shown(user));
            contact((own, accounts.seen_over(hop)), &user, hop, is_sips)
        })
    }

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
