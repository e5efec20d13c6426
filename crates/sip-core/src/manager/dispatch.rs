//! Who hears of what: the requests' news, for the usages.

use super::core::SipManager;
use super::event::CallId;
use super::io::Io;
use super::readings::Of;
use super::requests::{Answer, News as OfOurs, Outcome, Owner};
use super::serving::{News as OfTheirs, Reply, Served};
use super::slab::Key;
use super::usages::{
    Cx, Ended, InviteUsage, Notifier, Replaces, Single, Unwanted, Usage, is_reliable,
};
use crate::Method;
use crate::methods::{Kind, Place};
use ssa::{Body, CallRef};
use std::time::Instant;

impl SipManager {
    /// Tells the usages what has become of their requests and of those for them.
    pub(super) fn tell_usages(&mut self, now: Instant) {
        loop {
            if let Some(news) = self.serving.next_news() {
                self.on_theirs(now, news);
            } else if let Some(news) = self.requests.next_news() {
                self.on_ours(now, news);
            } else if let Some(dialog) = self.dialogs.next_lost() {
                for usage in self.dialogs.usages(dialog).to_vec() {
                    self.with(now, usage, |usage, cx| usage.on_dialog_gone(cx, dialog));
                }
            } else {
                return;
            }
        }
    }

    fn on_ours(&mut self, now: Instant, news: OfOurs) {
        match news {
            OfOurs::Progress(owner, answer) => self.on_progress(now, owner, answer),
            OfOurs::Outcome { owner, cseq, proven, outcome }
                if self.usage(owner.usage).is_some() =>
            {
                let ended = Ended { purpose: owner.purpose, cseq, proven, outcome };
                self.with(now, owner.usage, |usage, cx| usage.on_outcome(cx, ended));
            }
            // Its usage is gone: what is owed to the peer is owed all the same.
            OfOurs::Outcome {
                outcome: Outcome::Accepted(answer, _) | Outcome::Untrusted(answer, _),
                ..
            } => self.end_unwanted(now, &answer),
            OfOurs::Outcome { outcome: Outcome::Failed(..) | Outcome::Cancelled, .. } => {}
            OfOurs::Unwanted(answer) => self.end_unwanted(now, &answer),
        }
    }

    /// Tells a usage of a provisional response; its body is read before.
    fn on_progress(&mut self, now: Instant, owner: Owner, answer: Box<Answer>) {
        let body = answer.response.body(&self.config.capabilities);
        match self.usage(owner.usage).map(Usage::name) {
            Some(name) if !body.octets.is_empty() && !self.readings.are_for(owner.usage) => {
                let io = &mut Io { now, config: &self.config, out: &mut self.outputs };
                let over = answer.response.arrival.transport;
                let of = Of::Progress(owner.purpose, answer);
                self.readings.ask(io, (owner.usage, name), (of, over), body);
            }
            // RFC 3262 §3: without a PRACK it comes again, when there is time to read it.
            Some(_) if !body.octets.is_empty() && is_reliable(&answer.response.message) => {}
            _ => {
                self.with(now, owner.usage, |usage, cx| {
                    usage.on_progress(cx, owner.purpose, &answer, Body::default());
                });
            }
        }
    }

    /// Acknowledges a 2xx to an INVITE that nobody waits for, and ends its dialog.
    fn end_unwanted(&mut self, now: Instant, answer: &Answer) {
        let Some(id) = answer.sent.identity().filter(|id| id.method == b"INVITE") else { return };
        let name = self.io(now).call_ref(id.call_id, id.caller_tag());
        let key = self.insert(now, Usage::Unwanted(Unwanted::new(name)));
        self.with(now, key, |usage, cx| {
            if let Usage::Unwanted(unwanted) = usage {
                unwanted.begin(cx, answer);
            }
        });
    }

    fn on_theirs(&mut self, now: Instant, news: OfTheirs) {
        match news {
            OfTheirs::Request(server, body) => self.dispatch(now, server, body),
            OfTheirs::Cancelled(server, served, elsewhere) => {
                self.tell_usage(now, &served, |it, cx, _| it.on_cancelled(cx, server, elsewhere));
            }
            OfTheirs::Answered(server, served, status) => {
                self.tell_usage(now, &served, |it, cx, served| {
                    it.on_answered(cx, server, served, status);
                });
            }
        }
    }

    /// Tells a request's usage of its end; then nothing goes on under the request's name.
    fn tell_usage(
        &mut self, now: Instant, served: &Served,
        tell: impl FnOnce(&mut Usage, &mut Cx<'_>, &Served),
    ) {
        if let Some(usage) = served.is_for.usage {
            self.with(now, usage, |usage, cx| tell(usage, cx, served));
        }
        self.io(now).release(served.name);
    }

    /// Hands a request to its usage, or makes one for it.
    fn dispatch(&mut self, now: Instant, server: Key, body: Body) {
        let Some(served) = self.serving.get(server) else { return };
        let (is_for, name) = (served.is_for, served.name);
        let usage = match (is_for.place(), is_for.usage) {
            (Place::Usage(Kind::Single), _) => self.single_for(now, server, is_for.dialog, name),
            (Place::Usage(Kind::Notifier), _) => {
                match self.notifier_for(now, server, (is_for.dialog, is_for.row.method), name) {
                    Ok(usage) => usage,
                    Err(reply) => {
                        let (serving, _, mut io) = self.serving(now);
                        return serving.answer(&mut io, server, reply);
                    }
                }
            }
            (Place::Usage(Kind::Subscription), _) => self.subscription_of(server, is_for.dialog),
            (_, Some(usage)) => self.usage(usage).map(|_| usage),
            (_, None) if is_for.dialog.is_some() => None,
            (Place::Usage(Kind::Invite), None) if self.calls >= self.config.dialogs => {
                let (serving, _, mut io) = self.serving(now);
                let busy = Reply::overloaded(io.config);
                return serving.answer(&mut io, server, busy);
            }
            (Place::Usage(Kind::Invite), None) => match self.replaced_by(now, server) {
                Ok(replaced) => {
                    let call = InviteUsage::incoming(name, server, replaced);
                    let key = self.insert(now, Usage::Invite(Box::new(call)));
                    self.serving.assign(server, key);
                    Some(key)
                }
                Err(status) => {
                    let (serving, _, mut io) = self.serving(now);
                    return serving.answer(&mut io, server, Reply::new(status));
                }
            },
            (Place::Transaction | Place::Capabilities | Place::Nowhere, None) => None,
        };
        match usage {
            Some(usage) => {
                self.with(now, usage, |usage, cx| {
                    usage.on_request(cx, server, is_for.row.method, body);
                });
            }
            // Its dialog has ended since.
            None => {
                let (serving, _, mut io) = self.serving(now);
                serving.answer(&mut io, server, Reply::new(481));
            }
        }
    }

    /// The usage of a request that stands for itself; none where its dialog is no call's any more.
    fn single_for(
        &mut self, now: Instant, server: Key, dialog: Option<Key>, name: CallRef,
    ) -> Option<Key> {
        let within = match dialog {
            Some(dialog) => Some(self.call_of(dialog)?),
            None => None,
        };
        let key = self.insert(now, Usage::Single(Single::incoming(name, dialog, within)));
        self.serving.assign(server, key);
        Some(key)
    }

    /// The usage of a SUBSCRIBE or a REFER; none where its dialog is no call's any more, or has no
    /// such subscription: there is no other made in it (RFC 6665 §4.5.2).
    ///
    /// # Errors
    /// 503 where peers have as many subscriptions, or ask for as many calls, as they may.
    fn notifier_for(
        &mut self, now: Instant, server: Key, (dialog, method): (Option<Key>, Method<'static>),
        name: CallRef,
    ) -> Result<Option<Key>, Reply> {
        let notifier = match dialog {
            Some(dialog) if method == Method::SUBSCRIBE => {
                return Ok(self.subscriber_of(server, dialog));
            }
            Some(dialog) => match self.call_of(dialog) {
                Some(within) => Notifier::of_refer(name, dialog, within),
                None => return Ok(None),
            },
            None if method == Method::REFER => {
                if self.number_of(Usage::is_referral) >= self.config.referrals {
                    return Err(Reply::overloaded(&self.config));
                }
                Notifier::of_referral(name)
            }
            None if self.number_of(Usage::is_subscriber) >= self.config.subscribers => {
                return Err(Reply::overloaded(&self.config));
            }
            None => Notifier::of_subscribe(name),
        };
        let key = self.insert(now, Usage::Notifier(Box::new(notifier)));
        self.serving.assign(server, key);
        Ok(Some(key))
    }

    /// The subscription that a SUBSCRIBE in its dialog refreshes.
    fn subscriber_of(&self, server: Key, dialog: Key) -> Option<Key> {
        let subscribe = &self.serving.get(server)?.request.message;
        let is_its = |key: &Key| match self.usage(*key) {
            Some(Usage::Notifier(it)) => it.is_refreshed_by(subscribe),
            _ => false,
        };
        self.dialogs.usages(dialog).iter().copied().find(is_its)
    }

    /// Whom a NOTIFY is for. Case D07.
    fn subscription_of(&self, server: Key, dialog: Option<Key>) -> Option<Key> {
        let notify = &self.serving.get(server)?.request.message;
        let is_its = |key: &Key| match self.usage(*key) {
            Some(Usage::Subscription(it)) => it.is_notified_by(&self.requests, notify),
            _ => false,
        };
        self.dialogs.usages(dialog?).iter().copied().find(is_its)
    }

    /// The call of a dialog.
    fn call_of(&self, dialog: Key) -> Option<CallId> {
        let is_call = |key: &Key| matches!(self.usage(*key), Some(Usage::Invite(_)));
        self.dialogs.usages(dialog).iter().copied().find(is_call).map(CallId)
    }

    /// The call that an INVITE is to take the place of, or what it is refused with. RFC 3891 §3.
    fn replaced_by(&mut self, now: Instant, server: Key) -> Result<Option<CallId>, u16> {
        let Some(served) = self.serving.get(server) else { return Ok(None) };
        let Some(replaces) = Replaces::of(&served.request.message)? else { return Ok(None) };
        let io = Io { now, config: &self.config, out: &mut self.outputs };
        let Replaces { call_id, local, remote, early_only } = replaces;
        let dialog = self.dialogs.find(&io, call_id, local, remote).ok_or(481_u16)?;
        let call = self.call_of(dialog).ok_or(481_u16)?;
        match self.usage(call.0) {
            Some(Usage::Invite(it)) => it.may_be_replaced(early_only).map(|()| Some(call)),
            _ => Err(481),
        }
    }
}
