//! How a request goes on that did not get through: over another transport, or to the next address
//! of the name that it was sent to. RFC 3261 §18.1.1, RFC 3263 §4.3.

use super::exchange::{Outcome, State};
use super::table::Requests;
use crate::locate::Servers;
use crate::manager::event::Cause;
use crate::manager::io::Io;
use crate::manager::slab::Key;
use crate::manager::target::Fallback;
use std::sync::Arc;
use std::time::Duration;

impl Requests {
    /// Looks for the servers of a request's name.
    pub(super) fn locate(&mut self, io: &mut Io<'_>, key: Key) {
        let seed = io.random();
        let wanted = self.table.get(key).and_then(|exchange| exchange.target.wanted(seed));
        match wanted {
            Some(wanted) => self.suspend(io, key, State::Locating(Box::new(wanted))),
            None => self.finish(io, key, Outcome::Failed(Cause::Unresolved, None)),
        }
    }

    /// The servers of a request's name are known.
    pub(super) fn on_located(&mut self, io: &mut Io<'_>, key: Key, found: Servers) {
        let Some(exchange) = self.table.get_mut(key) else { return };
        if exchange.target.locate(found, io.config.own()) {
            exchange.target.order(&self.avoided, io.now);
            self.protect(io, key);
        } else {
            self.finish(io, key, Outcome::Failed(Cause::Unresolved, None));
        }
    }

    /// The request could not be sent, or its connection was closed before any answer: it takes the
    /// next way, where there is one.
    pub(super) fn on_unsent(&mut self, io: &mut Io<'_>, key: Key, client: Key) {
        let Some(exchange) = self.table.get_mut(key) else { return };
        let Some((hop, sent)) = exchange.waiting_in(client) else { return };
        let sent = Arc::clone(sent);
        match Some(exchange).filter(|it| it.is_wanted).and_then(|it| it.target.fall_back(&hop)) {
            // The credentials stay: they cover neither Via nor transport.
            Some(Fallback::SamePeer) => self.send(io, key),
            // Whoever is there was not the one who asked for them.
            Some(Fallback::ByUri) => self.start_over(io, key),
            None if self.moves_on(io, key, None) => {}
            None => return self.finish(io, key, Outcome::Failed(Cause::Transport, None)),
        }
        self.clients.linger(io, sent, hop);
    }

    /// Nothing at all was answered in 64*T1: the request goes to the next address, where there is
    /// one.
    pub(super) fn on_silence(&mut self, io: &mut Io<'_>, key: Key, client: Key) {
        let Some(exchange) = self.table.get(key) else { return };
        let Some((hop, sent)) = exchange.waiting_in(client) else { return };
        let sent = Arc::clone(sent);
        if self.moves_on(io, key, None) {
            self.clients.linger(io, sent, hop);
        } else {
            self.finish(io, key, Outcome::Failed(Cause::Timeout, None));
        }
    }

    /// Sends a request that is wanted to the next address of its name; whether there is one. It is
    /// the same request on another branch, as if nobody had challenged it yet. The one that failed
    /// is tried last from now on: for as long as it said itself (`within`), or for a while. RFC 3263
    /// §4.3.
    pub(super) fn moves_on(&mut self, io: &mut Io<'_>, key: Key, within: Option<Duration>) -> bool {
        let Some(exchange) = self.table.get_mut(key).filter(|it| it.is_wanted) else {
            return false;
        };
        let failed = exchange.target.remote().filter(|_| exchange.target.name.is_some());
        let moves = exchange.target.next_address(io.config.own());
        if moves {
            exchange.draft.loosen_contact();
        }
        if let Some(failed) = failed {
            self.avoided.note(io.now, failed, within);
        }
        if moves {
            self.start_over(io, key);
        }
        moves
    }

    /// Sends the request as if nobody had challenged it yet.
    pub(super) fn start_over(&mut self, io: &mut Io<'_>, key: Key) {
        if let Some(exchange) = self.table.get_mut(key) {
            exchange.draft.credentials.clear();
            exchange.proven = None;
            self.protect(io, key);
        }
    }
}
