//! The responses to requests of ours. RFC 3261 §8.1.3, §17.1.

use super::exchange::{Answer, Cancel, MAX_ANSWERED, Outcome, State, Step};
use super::table::{News, Requests};
use crate::manager::action::Sender;
use crate::manager::event::Cause;
use crate::manager::inbound::Inbound;
use crate::manager::io::Io;
use crate::manager::slab::Key;
use crate::manager::transactions::{ClientReport, MAX_FORKS, User};
use crate::validate::is_usable_response;
use ssa::{Body, Incoming};
use std::sync::Arc;

impl Requests {
    /// A response came in.
    pub(in crate::manager) fn on_response(&mut self, io: &mut Io<'_>, inbound: Inbound) {
        let found = inbound.message.identity().and_then(|id| self.clients.find(&id));
        let Some(client) = found else { return };
        // RFC 3261 §18.3: a response that is not as it should be is discarded.
        if !is_usable_response(&inbound.message, &io.config.limits) {
            return;
        }
        match self.clients.on_response(io, client, &inbound.message) {
            Some((User::Exchange(key), ClientReport::Response)) => {
                self.on_answer(io, key, client, inbound);
            }
            Some((User::Accepted, ClientReport::Response)) => self.on_late_2xx(io, client, inbound),
            Some((user, report)) => self.on_report(io, client, user, report),
            None => {}
        }
    }

    /// A response came in for a request that waits for one.
    fn on_answer(&mut self, io: &mut Io<'_>, key: Key, client: Key, response: Inbound) {
        let Some(exchange) = self.table.get(key) else { return };
        let Some(status) = response.message.status().map(|status| status.as_u16()) else { return };
        // Retransmissions, and other forks' answers, while the first is being looked at.
        let Some((hop, sent)) = exchange.waiting_in(client) else { return };
        let sent = Arc::clone(sent);
        // Credentials are for whoever the request was sent to, and for what is wanted.
        let may_answer = exchange.is_wanted && exchange.answered < MAX_ANSWERED;
        let answer = Box::new(Answer { client, hop, sent, response });
        match status {
            ..=199 => self.on_provisional(io, key, answer),
            200..=299 => self.suspend(io, key, State::Judging(answer)),
            401 | 407 if may_answer && answer.came_back() => {
                self.suspend(io, key, State::Authorizing(Step::Challenged(answer)));
            }
            422 if self.lengthens(io, key, &answer.response) => {}
            // RFC 3263 §4.3: it has no room, another one may.
            503 if self.moves_on(io, key, answer.response.retry_after()) => {}
            _ => {
                let again = answer.response.retry_after();
                let cause = Cause::of(status, answer.response.message.reason(), again);
                self.finish(io, key, Outcome::Failed(cause, Some(Box::new(answer.response))));
            }
        }
    }

    fn on_provisional(&mut self, io: &mut Io<'_>, key: Key, answer: Box<Answer>) {
        let Some(exchange) = self.table.get(key) else { return };
        match exchange.cancel {
            Cancel::No => self.news.push_back(News::Progress(exchange.owner, answer)),
            Cancel::Wanted => self.send_cancel(io, key),
            Cancel::Sent | Cancel::Overdue => {}
        }
    }

    /// A 2xx came in for an INVITE that has its outcome: acknowledged again where it is a
    /// retransmission. RFC 3261 §13.2.2.4.
    fn on_late_2xx(&mut self, io: &mut Io<'_>, client: Key, response: Inbound) {
        let Some(id) = response.message.identity() else { return };
        let Some(known) = self.clients.get(client) else { return };
        if let Some(ack) = known.acks.iter().find(|ack| *ack.to_tag == *id.callee_tag()) {
            if !ack.octets.is_empty() {
                io.send(Sender::Nobody, ack.hop, ack.octets.clone());
            }
            return;
        }
        if known.acks.len() < MAX_FORKS {
            let Some(sent) = known.request_again(&io.config.limits) else { return };
            let hop = known.hop;
            let answer = Answer { client, hop, sent, response };
            self.news.push_back(News::Unwanted(Box::new(answer)));
        }
    }

    /// What the security manager says of a 2xx.
    pub(super) fn on_judged(
        &mut self, io: &mut Io<'_>, key: Key, answer: Box<Answer>, incoming: Incoming,
    ) {
        let Some(exchange) = self.table.get_mut(key) else { return };
        let has_body = exchange.is_protected() || !answer.response.message.body().is_empty();
        match incoming {
            Incoming::Accept if has_body => self.suspend(io, key, State::Reading(answer)),
            Incoming::Accept => self.finish(io, key, Outcome::Accepted(answer, Body::default())),
            Incoming::AckThenBye(why) => self.finish(io, key, Outcome::Untrusted(answer, why)),
            // As if it had not come: the transaction may bring another one.
            Incoming::Discard if exchange.cancel == Cancel::Overdue => {
                self.clients.forget(io, answer.client);
                self.finish(io, key, Outcome::Cancelled);
            }
            Incoming::Discard if self.clients.get(answer.client).is_none() => {
                self.finish(io, key, Outcome::Failed(Cause::Timeout, None));
            }
            Incoming::Discard => {
                let Answer { client, hop, sent, .. } = *answer;
                exchange.state = State::Trying { client, hop, sent };
            }
        }
    }
}
