//! What registrars answer to a flow's REGISTER. RFC 3261 §10.2.4, §10.2.7, RFC 5626 §4.2.1.

use super::flow::{Flow, Stands, Wanted};
use super::news::{Failure, News, Stood};
use super::routes::service_route;
use super::seen::seen;
use super::way::REFRESH;
use crate::HeaderName;
use crate::builder::hex;
use crate::manager::accounts::Seen;
use crate::manager::config::ContactAs;
use crate::manager::event::Cause;
use crate::manager::inbound::Inbound;
use crate::manager::requests::{Answer, Outcome};
use crate::manager::usages::cx::Cx;
use crate::manager::usages::ended::Ended;
use crate::manager::usages::pace::{longer, refresh_among_many};
use std::time::Duration;

/// REGISTERs that may follow an accepted one at once since the registrar sees us at another address
/// than it was told. Where that is never the same twice, the next refresh tells it.
const CORRECTIONS: u8 = 1;

impl Flow {
    /// What became of a REGISTER.
    pub(super) fn on_outcome(&mut self, cx: &mut Cx<'_>, ended: &Ended) -> News {
        let Ended { cseq, outcome, proven, .. } = ended;
        self.request = None;
        self.draft.cseq = *cseq;
        // The refresh counts the nonce on. What was not accepted is not said again.
        self.draft.again = proven.filter(|_| matches!(outcome, Outcome::Accepted(..)));
        self.learn(outcome);
        match self.wanted {
            Wanted::Yes => return self.on_answered(cx, outcome),
            Wanted::NoMore => self.take_back(cx),
            Wanted::TakenBack => self.on_taken_back(cx, matches!(outcome, Outcome::Accepted(..))),
            Wanted::Rests => {}
        }
        News::Nothing
    }

    /// What became of a REGISTER for a flow that is wanted.
    fn on_answered(&mut self, cx: &mut Cx<'_>, outcome: &Outcome) -> News {
        let cause = match outcome {
            Outcome::Accepted(answer, _) => match self.granted(&answer.response) {
                Some(expires) => return self.on_registered(cx, answer, expires),
                None => Cause::NotBound,
            },
            Outcome::Untrusted(_, why) => Cause::Security(*why),
            // RFC 3261 §10.2.8: the registrar wants a longer interval; once more with that.
            Outcome::Failed(Cause::Status(423), Some(response)) if self.lengthen(response) => {
                self.refresh(cx);
                return News::Nothing;
            }
            Outcome::Failed(cause, _) => *cause,
            Outcome::Cancelled => Cause::Timeout,
        };
        let asked = match outcome {
            Outcome::Failed(_, Some(response)) => response.retry_after(),
            Outcome::Failed(_, None)
            | Outcome::Accepted(..)
            | Outcome::Untrusted(..)
            | Outcome::Cancelled => None,
        };
        self.fall(cx);
        // Nobody calls us by way of a registrar that keeps nothing of us.
        if !self.bound {
            self.let_go(cx);
        }
        News::Failed(Failure { cause, asked })
    }

    fn on_registered(&mut self, cx: &mut Cx<'_>, answer: &Answer, expires: u32) -> News {
        let response = &answer.response;
        self.flow = Some(response.arrival.flow);
        // A connection is not known to last yet.
        self.answered = Some(cx.io.now);
        self.lengthened = false;
        let outbound = self.asks() && response.message.has_token(HeaderName::Require, "outbound");
        self.stands = if outbound { Stands::Outbound } else { Stands::AtContact };
        self.contact.is_replaced = outbound;
        if !response.arrival.transport.is_reliable() && !outbound {
            self.failures = 0;
        }
        self.keep_open(cx, answer);
        self.keep(cx, answer);
        if self.is_seen_elsewhere(cx, answer) {
            self.refresh(cx);
            return News::Nothing;
        }
        let refresh = refresh_among_many(&mut cx.io, Duration::from_secs(expires.into()));
        self.start(cx, REFRESH, refresh);
        News::Stands(Stood {
            outbound,
            expires,
            flow: response.arrival.flow,
            transport: response.arrival.transport,
            reg_id: self.reg_id(),
            contact_user: hex(self.contact.number),
            registrar: response.arrival.source,
            seen: self.contact.seen.map(|seen| seen.address),
        })
    }

    /// Notes where the registrar sees us; whether it is to be told so at once.
    fn is_seen_elsewhere(&mut self, cx: &mut Cx<'_>, answer: &Answer) -> bool {
        let before = self.contact.seen;
        if self.config.contact == ContactAs::Seen {
            self.note_seen(cx, seen(answer));
        }
        let corrects = self.contact.seen != before && self.corrections < CORRECTIONS;
        self.corrections = if corrects { self.corrections + 1 } else { 0 };
        corrects
    }

    /// Keeps the way that requests of the account take, and the Contact that they name, until the
    /// next answer.
    fn keep(&self, cx: &mut Cx<'_>, answer: &Answer) {
        let response = &answer.response.message;
        let outbound = self.stands == Stands::Outbound;
        let over = outbound.then(|| Box::new(self.target.kept_to(&answer.hop)));
        if let Some(account) = cx.io.out.accounts.get_mut(self.contact.number) {
            (account.stands, account.over) = (true, over);
            (account.routes, account.gruu) = (service_route(response), self.gruu(response));
        }
    }

    /// We are not reached over it any more, as far as is known: requests of the account take another.
    pub(super) fn fall(&mut self, cx: &mut Cx<'_>) {
        self.stands = Stands::No;
        if let Some(account) = cx.io.out.accounts.get_mut(self.contact.number) {
            (account.stands, account.over) = (false, None);
            (account.routes, account.gruu) = (Vec::new(), None);
        }
    }

    /// Notes where the registrar sees us, for the account's requests as well.
    pub(super) fn note_seen(&mut self, cx: &mut Cx<'_>, seen: Option<Seen>) {
        self.contact.seen = seen;
        cx.io.out.accounts.note_seen(self.contact.number, seen);
    }

    /// Takes over Min-Expires, a day at most; whether that is longer than what was asked for, the
    /// first time.
    fn lengthen(&mut self, response: &Inbound) -> bool {
        if std::mem::replace(&mut self.lengthened, true) {
            return false;
        }
        let longer = longer(response, self.expires);
        self.expires = longer.unwrap_or(self.expires);
        longer.is_some()
    }
}
