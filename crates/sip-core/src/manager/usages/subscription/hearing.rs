//! NOTIFY: which is believed, and what it says. RFC 6665 §4.1.3, §4.4.1.

use super::told::Told;
use super::usage::{EXPIRED, Heard, Of, SILENT, Subscription, Wanted};
use crate::dialog::Dialog;
use crate::manager::event::Cause;
use crate::manager::serving::Reply;
use crate::manager::slab::Key;
use crate::manager::subscriptions::{SubscriptionNews, SubscriptionState};
use crate::manager::usages::cx::Cx;
use crate::{ContentType, Method};
use ssa::Body;

impl Subscription {
    /// A NOTIFY came in; or the last message of a dialog that has nothing else.
    pub(in crate::manager) fn on_request(
        &mut self, cx: &mut Cx<'_>, server: Key, method: Method<'static>, body: Body,
    ) {
        if method != Method::NOTIFY {
            return cx.answer(server, Reply::new(481));
        }
        if let Err(reply) = self.admit(cx, server, &body) {
            return cx.answer(server, reply);
        }
        let Some(served) = cx.serving.get(server) else { return };
        let told = Told::by(&served.request.message);
        cx.answer(server, Reply::new(200));
        match self.of {
            Of::Refer(_) | Of::Referral(_) => self.on_progress(cx, told, &body),
            Of::Asked(_) => self.on_notified(cx, told, body),
        }
    }

    /// Whether a NOTIFY is taken: its body is of a type that was asked for, and it has a dialog, or
    /// makes the one that is expected.
    ///
    /// # Errors
    /// What it is answered.
    fn admit(&mut self, cx: &mut Cx<'_>, server: Key, body: &Body) -> Result<(), Reply> {
        self.check_type(body)?;
        let served = cx.serving.get(server).ok_or_else(|| Reply::new(481))?;
        let message = &served.request.message;
        let id = message.identity().ok_or_else(|| Reply::new(400))?;
        let (call_id, ours, theirs) = (id.call_id, id.callee_tag(), id.caller_tag());
        let hop = served.kept_hop(cx.io.config.own());
        match self.dialog {
            Some(dialog) if served.is_for.dialog == Some(dialog) => {
                if self.asked_for().is_some() {
                    cx.dialogs.refresh(dialog, hop, message);
                }
                Ok(())
            }
            // It came in before the one that made the dialog was read.
            Some(dialog) if cx.dialogs.find(&cx.io, call_id, ours, theirs) == Some(dialog) => {
                let entry = cx.dialogs.get(dialog);
                if entry.is_none_or(|entry| entry.dialog.check_cseq(id.cseq).is_err()) {
                    return Err(Reply::new(500));
                }
                cx.dialogs.accept_cseq(Some(dialog), id.cseq);
                Ok(())
            }
            None if cx.dialogs.expecting(&cx.io, call_id, ours) == Some(cx.me) => {
                let to = self.asked_for().ok_or_else(|| Reply::new(481))?;
                let dialog = Dialog::of_subscriber(message, to, self.cseq);
                let dialog = dialog.ok_or_else(|| Reply::new(400))?;
                self.dialog = Some(cx.dialogs.insert(&cx.io, dialog, hop, cx.me));
                self.since = Some(cx.io.now);
                self.expect_no_more(cx);
                Ok(())
            }
            // Another fork's, or of a try that is over.
            Some(_) | None => Err(Reply::new(481)),
        }
    }

    /// The NOTIFY is not expected any more that would make the dialog.
    pub(super) fn expect_no_more(&mut self, cx: &mut Cx<'_>) {
        if let Some(expected) = self.expected.take() {
            cx.dialogs.expect_no_more(expected);
        }
    }

    /// Whether a body is of a type that was asked for.
    ///
    /// # Errors
    /// 415 with those that were. RFC 3261 §21.4.13.
    fn check_type(&self, body: &Body) -> Result<(), Reply> {
        let types: Vec<&str> = match &self.of {
            Of::Refer(_) | Of::Referral(_) => vec!["message/sipfrag"],
            Of::Asked(config) => config.accept.iter().map(String::as_str).collect(),
        };
        let kind = body.content_type.as_deref().and_then(|kind| ContentType::parse(kind).ok());
        let fits = |kind: &ContentType<'_>| types.is_empty() || types.iter().any(|it| kind.is(it));
        if body.octets.is_empty() || kind.as_ref().is_some_and(fits) {
            return Ok(());
        }
        let mut reply = Reply::new(415);
        reply.fields.push(("Accept", types.join(", ").into_bytes()));
        Err(reply)
    }

    /// The notifier told its state.
    fn on_notified(&mut self, cx: &mut Cx<'_>, told: Told, body: Body) {
        let state = told.state;
        self.tell(cx, SubscriptionNews::Notified { state, body });
        if let SubscriptionState::Terminated(why) = state {
            return self.on_terminated(cx, why, told.retry_after);
        }
        if self.wanted == Wanted::Ending {
            // Its last one is yet to come, and no other keeps it.
            return;
        }
        cx.stop(SILENT);
        if let Some(expires) = told.expires {
            self.heard = Heard::Expiry;
            self.lasts(cx, expires);
        } else {
            self.heard = self.heard.max(Heard::Notify);
            if self.ends.is_none() {
                self.lasts(cx, u32::MAX);
            }
        }
        self.end_if_wanted(cx);
    }

    /// Nothing came in time that would have kept it.
    pub(super) fn on_expired(&mut self, cx: &mut Cx<'_>) {
        cx.stop(EXPIRED);
        match self.of {
            Of::Refer(_) | Of::Referral(_) => self.fail(cx, Cause::Timeout),
            Of::Asked(_) => self.on_time_up(cx),
        }
    }
}
