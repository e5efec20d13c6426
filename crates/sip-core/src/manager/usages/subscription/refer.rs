//! What a REFER of ours subscribes to: how far the peer is with what it was asked for. RFC 3515
//! §2.4.4.

use super::event_type::EventType;
use super::told::Told;
use super::usage::{EXPIRED, Of, REQUEST, Subscription, Wanted};
use crate::manager::config::ReferConfig;
use crate::manager::dialogs::Dialogs;
use crate::manager::event::{CallId, Cause, Event, RequestId};
use crate::manager::io::Io;
use crate::manager::misuse::Misuse;
use crate::manager::requests::{Draft, Outcome, Way};
use crate::manager::slab::Key;
use crate::manager::target::Target;
use crate::manager::usages::cx::Cx;
use crate::manager::usages::pace::LONGEST;
use crate::manager::usages::refuses_subscription;
use crate::{Method, StatusCode, Uri};
use sip_syntax::ContentType;
use ssa::{Body, CallRef};
use std::time::Duration;

/// How long the peer may say nothing: longer than a call rings.
const PATIENCE: Duration = Duration::from_secs(240);

impl Subscription {
    /// The REFER to `to` in the dialog of a call, and what is to be sent; none where the dialog is
    /// gone.
    pub(in crate::manager) fn refer(
        dialogs: &mut Dialogs, dialog: Key, (name, within): (CallRef, CallId), to: &[u8],
    ) -> Option<(Self, (Draft, Target))> {
        let (mut draft, target) = Draft::of_dialog(dialogs, dialog, Method::REFER)?;
        draft.contact = draft.own_contact();
        say(&mut draft, to);
        let event = EventType::new("refer", None);
        let mut refer = Self::new(name, event, Of::Refer(within), Some(dialog));
        refer.cseq = draft.cseq;
        Some((refer, (draft, target)))
    }

    /// The REFER outside any call, and what is to be sent.
    ///
    /// # Errors
    /// As [`Draft::prepare`].
    pub(in crate::manager) fn referral(
        io: &mut Io<'_>, config: &ReferConfig,
    ) -> Result<(Self, (Draft, Target)), Misuse> {
        let ReferConfig { from, to, next_hop, refer_to, progress } = config;
        Uri::parse(refer_to.as_bytes()).map_err(|_| Misuse::NotAUri)?;
        let way = Way { from, to, next_hop: next_hop.as_ref() };
        let (mut draft, target, name) = Draft::prepare(io, Method::REFER, &way)?;
        say(&mut draft, refer_to.as_bytes());
        if !progress {
            draft.fields.push(("Refer-Sub", b"false".to_vec()));
        }
        let (event, of) = (EventType::new("refer", None), Of::Referral(to.as_bytes().into()));
        Ok((Self::new(name, event, of, None), (draft, target)))
    }

    /// Sends the REFER.
    pub(in crate::manager) fn send_refer(&mut self, cx: &mut Cx<'_>, request: (Draft, Target)) {
        cx.start(EXPIRED, PATIENCE);
        if self.dialog.is_none() {
            self.expect(cx, &request.0);
        }
        self.request = Some(cx.send(REQUEST, self.name, request));
    }

    /// A NOTIFY says how far the peer is.
    pub(super) fn on_progress(&mut self, cx: &mut Cx<'_>, told: Told, body: &Body) {
        cx.start(EXPIRED, patience(told.expires));
        let status = reported(body);
        // RFC 3515 §2.4.5: a final status is the last word, whatever the subscription says.
        let is_final = told.is_last() || status.is_some_and(|status| status >= 200);
        self.tell_progress(cx, status, is_final);
    }

    /// What became of the REFER. A peer that has no such dialog, or is gone, has lost it. RFC 5057
    /// §5.1.
    pub(super) fn on_referred(&mut self, cx: &mut Cx<'_>, outcome: &Outcome) {
        let cause = match outcome {
            // RFC 4488 §4: it will not say how it goes on.
            Outcome::Accepted(answer, _) if refuses_subscription(&answer.response.message) => {
                return self.tell_progress(cx, None, true);
            }
            Outcome::Accepted(answer, _) => {
                self.hop = Some(answer.kept_hop(cx.io.config.own()));
                return;
            }
            Outcome::Untrusted(_, why) => Cause::Security(*why),
            Outcome::Failed(cause, _) => *cause,
            Outcome::Cancelled => Cause::Timeout,
        };
        if let Some(dialog) = self.dialog.filter(|_| cause.loses_dialog()) {
            cx.dialogs.lose(dialog);
        }
        self.fail(cx, cause);
    }

    pub(super) fn fail(&mut self, cx: &mut Cx<'_>, cause: Cause) {
        if !self.is_over() {
            self.end_referral(cx);
            cx.tell(Event::ReferFailed { id: RequestId(cx.me), within: self.within(), cause });
        }
    }

    /// The call that the REFER was sent in.
    const fn within(&self) -> Option<CallId> {
        if let Of::Refer(within) = self.of { Some(within) } else { None }
    }

    /// Nothing more is to be heard of it.
    fn end_referral(&mut self, cx: &mut Cx<'_>) {
        self.wanted = Wanted::Over;
        self.expect_no_more(cx);
    }

    /// Tells how far the peer is; nothing follows what `is_final`.
    fn tell_progress(&mut self, cx: &mut Cx<'_>, status: Option<u16>, is_final: bool) {
        if is_final {
            self.end_referral(cx);
        }
        let within = self.within();
        cx.tell(Event::ReferNotified { id: RequestId(cx.me), within, status, is_final });
    }
}

/// Whom to call, and by whom that is asked. RFC 3515 §2.1, RFC 3892.
fn say(draft: &mut Draft, to: &[u8]) {
    let by = [b"<", draft.from.uri(), b">"].concat();
    draft.fields.push(("Refer-To", [b"<", to, b">"].concat()));
    draft.fields.push(("Referred-By", by));
}

/// The status that a `message/sipfrag` begins with. RFC 3515 §2.4.5, RFC 3420.
fn reported(body: &Body) -> Option<u16> {
    let kind = ContentType::parse(body.content_type.as_deref()?).ok()?;
    let rest = body.octets.strip_prefix(b"SIP/2.0 ").filter(|_| kind.is("message/sipfrag"))?;
    let digits = std::str::from_utf8(rest.get(..3)?).ok()?;
    StatusCode::new(digits.parse().ok()?).map(StatusCode::as_u16)
}

/// How long to wait for the next NOTIFY where the peer says that its subscription lasts for so many
/// seconds. Whoever does not refresh it here is not held to less; nor is a peer waited for for longer
/// than anything is counted on.
fn patience(expires: Option<u32>) -> Duration {
    let left = expires.map_or(PATIENCE, |left| Duration::from_secs(left.min(LONGEST).into()));
    left.max(PATIENCE)
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

    #[test]
    fn a_peer_is_waited_for_for_a_day_at_most_whatever_it_says() {
        let waits = [None, Some(0), Some(600), Some(u32::MAX)].map(patience);
        let day = Duration::from_secs(24 * 3600);
        assert_eq!(waits, [PATIENCE, PATIENCE, Duration::from_secs(600), day]);
    }
}
