//! How a request is taken back, or let go. RFC 3261 §9.1.

use super::exchange::{Cancel, Exchange, Outcome, State};
use super::table::{News, Requests};
use crate::manager::io::Io;
use crate::manager::slab::Key;
use crate::manager::timers::Due;
use crate::manager::transactions::{Branch, Outgoing, User, cancel};
use crate::{Message, Method};
use ssa::Why;
use std::sync::Arc;

impl Requests {
    /// Ends a request that nobody waits for any more; the CSeq of its last try.
    ///
    /// What has come in or comes in yet is acknowledged all the same: a failure by the transaction,
    /// which lasts for 64*T1 more, a 2xx to an INVITE as one that is not wanted.
    pub(in crate::manager) fn forget(&mut self, io: &mut Io<'_>, key: Key) -> Option<u32> {
        let Exchange { state, draft, .. } = self.end(io, key)?;
        match state {
            State::Trying { client, .. } => {
                if let Some(client) = self.clients.get_mut(client) {
                    let invite = draft.method == Method::INVITE;
                    client.user = if invite { User::Accepted } else { User::Nobody };
                }
                io.start(Due::Orphan(client), io.config.timing.timeout());
            }
            State::Judging(answer) | State::Reading(answer) if draft.method == Method::INVITE => {
                self.news.push_back(News::Unwanted(answer));
            }
            State::Judging(_)
            | State::Reading(_)
            | State::Locating(_)
            | State::Encrypting
            | State::Authorizing(_) => {}
        }
        Some(draft.cseq)
    }

    /// Nobody wants the request tried again: it ends with the next final response.
    pub(in crate::manager) fn try_no_more(&mut self, key: Key) {
        if let Some(exchange) = self.table.get_mut(key) {
            exchange.is_wanted = false;
        }
    }

    /// Takes an INVITE back, as far as it has come. What has not left, does not leave; what has, is
    /// cancelled once there is a provisional response. A 2xx that came in or crosses the CANCEL
    /// counts. RFC 3261 §9.1.
    pub(in crate::manager) fn cancel(&mut self, io: &mut Io<'_>, key: Key) {
        let Some(exchange) = self.table.get_mut(key) else { return };
        if exchange.cancel != Cancel::No {
            return;
        }
        exchange.cancel = Cancel::Wanted;
        exchange.is_wanted = false;
        match &exchange.state {
            State::Trying { client, .. } => {
                let client = self.clients.get(*client);
                if client.is_some_and(|client| !client.is_unanswered()) {
                    self.send_cancel(io, key);
                }
            }
            State::Judging(_) | State::Reading(_) => {}
            State::Locating(_) | State::Encrypting | State::Authorizing(_) => {
                self.finish(io, key, Outcome::Cancelled);
            }
        }
    }

    /// Waits no longer for what the security manager says of a 2xx: it is not believed.
    pub(in crate::manager) fn stop_judging(&mut self, io: &mut Io<'_>, key: Key) {
        let Some(exchange) = self.table.get_mut(key) else { return };
        match exchange.take_state() {
            State::Judging(answer) | State::Reading(answer) => {
                self.finish(io, key, Outcome::Untrusted(answer, Why::ApplicationUnavailable));
            }
            other @ (State::Locating(_)
            | State::Encrypting
            | State::Trying { .. }
            | State::Authorizing(_)) => exchange.state = other,
        }
    }

    /// Sends CANCEL for an INVITE that has a provisional response. RFC 3261 §9.1.
    pub(super) fn send_cancel(&mut self, io: &mut Io<'_>, key: Key) {
        let Some(exchange) = self.table.get_mut(key) else { return };
        exchange.cancel = Cancel::Sent;
        let client = exchange.trying().and_then(|client| self.clients.get(client));
        let Some(client) = client else { return };
        let branch = Branch { number: client.branch(), cancel: true };
        let (hop, name) = (client.hop, client.name.clone());
        let octets = client.request().and_then(|invite| cancel(invite));
        let request = octets.and_then(|octets| Message::parse(octets, &io.config.limits).ok());
        if let Some(request) = request.map(Arc::new) {
            let (method, cseq, user) = (Method::CANCEL, exchange.draft.cseq, User::Nobody);
            let outgoing = Outgoing { request, method, cseq, branch, hop, name, user };
            self.clients.start(io, outgoing);
        }
        io.start(Due::Cancel(key), io.config.timing.timeout());
    }

    /// RFC 3261 §9.1: no final response in 64*T1 after the CANCEL: the INVITE counts as cancelled.
    /// A 2xx that is being judged stays: it is to be acknowledged.
    pub(in crate::manager) fn on_cancel_timeout(&mut self, io: &mut Io<'_>, key: Key) {
        let Some(exchange) = self.table.get_mut(key) else { return };
        exchange.cancel = Cancel::Overdue;
        if let Some(client) = exchange.trying() {
            self.clients.forget(io, client);
            self.finish(io, key, Outcome::Cancelled);
        }
    }
}
