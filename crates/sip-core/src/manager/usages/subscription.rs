//! What a REFER of ours subscribes to: how far the peer is with what it was asked for. RFC 3515
//! §2.4.4, RFC 6665 §4.1.
//!
//! ```text
//!   REFER ─▶ under way ─ NOTIFY, active ─▶ under way
//!                │
//!                └─ refused; NOTIFY, terminated; nothing for long ─▶ over
//! ```
//!
//! A NOTIFY may come before the 202.

use super::cx::Cx;
use super::refuses_subscription;
use crate::manager::dialogs::Dialogs;
use crate::manager::event::{CallId, Cause, Event, RequestId};
use crate::manager::requests::{Draft, Outcome, Purpose};
use crate::manager::serving::Reply;
use crate::manager::slab::Key;
use crate::manager::target::Target;
use crate::{HeaderName, Message, Method, StatusCode};
use sip_syntax::{ContentType, Cursor, Params};
use ssa::{Body, CallRef};
use std::time::Duration;

const REFER: Purpose = Purpose(0);
const SILENT: u8 = 0;

/// How long the peer may say nothing: longer than a call rings.
const PATIENCE: Duration = Duration::from_secs(240);

/// The subscription of a REFER.
#[derive(Debug)]
pub(in crate::manager) struct Subscription {
    name: CallRef,
    dialog: Key,
    within: CallId,
    /// The CSeq of the REFER: what tells its NOTIFYs from another's. RFC 3515 §2.4.6.
    id: u32,
    is_over: bool,
}

impl Subscription {
    /// The REFER to `to` in the dialog of a call, and what is to be sent; none where the dialog is
    /// gone.
    pub(in crate::manager) fn refer(
        dialogs: &mut Dialogs, dialog: Key, (name, within): (CallRef, CallId), to: &[u8],
    ) -> Option<(Self, (Draft, Target))> {
        let (mut draft, target) = Draft::of_dialog(dialogs, dialog, Method::REFER)?;
        let local = crate::NameAddr::parse(&draft.from).ok()?.uri().as_bytes().to_vec();
        draft.contact = draft.own_contact();
        draft.fields.push(("Refer-To", [b"<", to, b">"].concat()));
        draft.fields.push(("Referred-By", [b"<", local.as_slice(), b">"].concat()));
        let subscription = Self { name, dialog, within, id: draft.cseq, is_over: false };
        Some((subscription, (draft, target)))
    }

    pub(in crate::manager) const fn name(&self) -> CallRef {
        self.name
    }

    pub(in crate::manager) const fn is_over(&self) -> bool {
        self.is_over
    }

    pub(super) const fn dialog(&self) -> Key {
        self.dialog
    }

    /// Sends the REFER.
    pub(in crate::manager) fn send(&self, cx: &mut Cx<'_>, request: (Draft, Target)) {
        cx.start(SILENT, PATIENCE);
        cx.send(REFER, self.name, request);
    }

    /// Whether a NOTIFY is of this subscription. RFC 6665 §4.1.3, RFC 3515 §2.4.6: one without an id
    /// is of the only one there is.
    pub(in crate::manager) fn is_notified_by(&self, notify: &Message) -> bool {
        let Some(event) = notify.header(HeaderName::Event) else { return false };
        let mut cursor = Cursor::new(event);
        let is_refer = cursor.token().is_ok_and(|it| it.eq_ignore_ascii_case(b"refer"));
        let id = Params::read(&mut cursor).unwrap_or_default().value("id");
        is_refer && id.is_none_or(|id| id == self.id.to_string().as_bytes())
    }

    /// A NOTIFY came in; or the last message of a dialog that has nothing else.
    pub(super) fn on_request(
        &mut self, cx: &mut Cx<'_>, server: Key, method: Method<'static>, body: &Body,
    ) {
        let Some(served) = cx.serving.get(server).filter(|_| method == Method::NOTIFY) else {
            return cx.answer(server, Reply::new(481));
        };
        let is_final = is_terminated(&served.request.message);
        cx.answer(server, Reply::new(200));
        cx.start(SILENT, PATIENCE);
        let status = reported(body);
        // RFC 3515 §2.4.5: a final status is the last word, whatever the subscription says.
        let is_final = is_final || status.is_some_and(|status| status >= 200);
        self.tell(cx, status, is_final);
    }

    /// What became of the REFER. A peer that has no such dialog, or is gone, has lost it. RFC 5057
    /// §5.1.
    pub(super) fn on_outcome(&mut self, cx: &mut Cx<'_>, outcome: &Outcome) {
        let cause = match outcome {
            // RFC 4488 §4: it will not say how it goes on.
            Outcome::Accepted(answer, _) if refuses_subscription(&answer.response.message) => {
                return self.tell(cx, None, true);
            }
            Outcome::Accepted(..) => return,
            Outcome::Untrusted(_, why) => Cause::Security(*why),
            Outcome::Failed(cause, _) => *cause,
            Outcome::Cancelled => Cause::Timeout,
        };
        if matches!(cause, Cause::Status(481 | 408) | Cause::Timeout) {
            cx.dialogs.lose(self.dialog);
        }
        self.fail(cx, cause);
    }

    /// Nothing was heard for too long.
    pub(super) fn on_timer(&mut self, cx: &mut Cx<'_>) {
        self.fail(cx, Cause::Timeout);
    }

    /// The peer has no such dialog any more.
    pub(super) fn on_dialog_gone(&mut self, cx: &mut Cx<'_>) {
        self.fail(cx, Cause::Status(481));
    }

    fn fail(&mut self, cx: &mut Cx<'_>, cause: Cause) {
        if !self.is_over {
            self.is_over = true;
            cx.tell(Event::ReferFailed { id: RequestId(cx.me), within: self.within, cause });
        }
    }

    /// Tells how far the peer is; nothing follows what `is_final`.
    fn tell(&mut self, cx: &mut Cx<'_>, status: Option<u16>, is_final: bool) {
        self.is_over |= is_final;
        let (id, within) = (RequestId(cx.me), self.within);
        cx.tell(Event::ReferNotified { id, within, status, is_final });
    }
}

/// Whether a NOTIFY is the last one. RFC 6665 §4.1.3.
fn is_terminated(notify: &Message) -> bool {
    let state = notify.header(HeaderName::SubscriptionState).unwrap_or_default();
    Cursor::new(state).token().is_ok_and(|it| it.eq_ignore_ascii_case(b"terminated"))
}

/// The status that a `message/sipfrag` begins with. RFC 3515 §2.4.5, RFC 3420.
fn reported(body: &Body) -> Option<u16> {
    let kind = ContentType::parse(body.content_type.as_deref()?).ok()?;
    let rest = body.octets.strip_prefix(b"SIP/2.0 ").filter(|_| kind.is("message/sipfrag"))?;
    let digits = std::str::from_utf8(rest.get(..3)?).ok()?;
    StatusCode::new(digits.parse().ok()?).map(StatusCode::as_u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read_from_a_sipfrag_alone() {
        let read = |kind: &str, text: &str| {
            reported(&Body { content_type: Some(kind.into()), octets: text.into() })
        };
        assert_eq!(read("message/sipfrag;version=2.0", "SIP/2.0 180 Ringing\r\n"), Some(180));
        assert_eq!(read("Message/Sipfrag", "SIP/2.0 200"), Some(200));
        for text in ["", "SIP/2.0 ", "SIP/2.0 20", "SIP/2.0 099 X", "SIP/2.0 +20", "SIP/3.0 200 OK"]
        {
            assert_eq!(read("message/sipfrag", text), None, "{text}");
        }
        assert_eq!(read("text/plain", "SIP/2.0 200 OK"), None);
    }
}
