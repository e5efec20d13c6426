//! Who hears of what: the requests' news, for the usages.

use super::core::SipManager;
use super::event::CallId;
use super::requests::{Answer, News as OfOurs, Outcome};
use super::serving::{News as OfTheirs, Reply, Served};
use super::slab::Key;
use super::usages::{Cx, Ended, InviteUsage, Single, Unwanted, Usage};
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
            OfOurs::Progress(owner, answer) => {
                self.with(now, owner.usage, |it, cx| it.on_progress(cx, owner.purpose, &answer));
            }
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
            OfTheirs::Cancelled(server, served) => {
                self.tell_usage(now, &served, |it, cx, _| it.on_cancelled(cx, server));
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
            (_, Some(usage)) => self.usage(usage).map(|_| usage),
            (_, None) if is_for.dialog.is_some() => None,
            (Place::Usage(Kind::Invite), None) if self.calls >= self.config.dialogs => {
                let (serving, _, mut io) = self.serving(now);
                let busy = Reply::overloaded(io.config);
                return serving.answer(&mut io, server, busy);
            }
            (Place::Usage(Kind::Invite), None) => {
                let call = Usage::Invite(Box::new(InviteUsage::incoming(name, server)));
                let key = self.insert(now, call);
                self.serving.assign(server, key);
                Some(key)
            }
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
        let is_call = |key: &Key| matches!(self.usage(*key), Some(Usage::Invite(_)));
        let within = match dialog {
            Some(dialog) => {
                Some(CallId(self.dialogs.usages(dialog).iter().copied().find(is_call)?))
            }
            None => None,
        };
        let key = self.insert(now, Usage::Single(Single::incoming(name, dialog, within)));
        self.serving.assign(server, key);
        Some(key)
    }
}
