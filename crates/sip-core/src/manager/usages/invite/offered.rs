//! Offers of the callee's, where our INVITE or re-INVITE makes none: what acknowledges them brings
//! our answer, and waits for it. RFC 3261 §13.2.1, §13.2.2.4, §14.1, RFC 3262 §5.
//!
//! ```text
//!   INVITE without an offer ──▶ 2xx, or reliable 1xx, with one: Offered
//!        answer: encrypt ──▶ ACK, or PRACK, with the answer
//!        no answer in time, one that may not leave, or the end meanwhile ──▶ ACK, BYE
//! ```

use super::state::{InviteUsage, OwedAck, OwedPrack, Phase, Reinvite, UNANSWERED};
use crate::manager::event::{CallId, Cause, EndReason, Event, Misuse};
use crate::manager::requests::Answer;
use crate::manager::usages::cx::Cx;
use ssa::{Body, Transport};
use std::time::Duration;

/// How long the application may take to answer an offer: the peer waits 32 s for its ACK.
const ANSWER: Duration = Duration::from_secs(16);

impl InviteUsage {
    /// The 2xx to our INVITE without an offer came in, and made its dialog.
    pub(super) fn on_accepted_without_offer(
        &mut self, cx: &mut Cx<'_>, accepted: Box<Answer>, offer: Body, is_agreed: bool,
    ) {
        if !is_agreed && !offer.octets.is_empty() {
            return self.owe_ack(cx, accepted, offer);
        }
        self.acknowledge(cx, &accepted, Body::default());
        if is_agreed {
            // Offer and answer came before: nothing that the 2xx says counts. RFC 3261 §13.2.1.
            self.tell(cx, Event::Answered { id: CallId(cx.me), body: Body::default() });
        } else {
            self.fail(cx, Cause::NoOffer);
        }
    }

    /// A 2xx makes an offer: its ACK waits for our answer.
    pub(super) fn owe_ack(&mut self, cx: &mut Cx<'_>, accepted: Box<Answer>, offer: Body) {
        let Some(entry) = self.dialog.and_then(|dialog| cx.dialogs.get(dialog)) else { return };
        cx.requests.delay_ack(accepted.client, (entry.dialog.remote_tag(), entry.peer));
        if let Some(session) = self.session() {
            session.reinvite = Reinvite::Offered(OwedAck { accepted, is_answered: false });
        }
        self.tell_offer(cx, offer);
    }

    /// Whether an offer in a provisional response would be the first one.
    pub(super) fn may_be_offered(&self) -> bool {
        matches!(self.phase, Phase::Inviting { offered: false, owed: None, .. })
            && self.early.iter().all(|early| early.answer.is_none())
    }

    /// A reliable provisional response makes an offer: its PRACK waits for our answer.
    pub(super) fn owe_prack(&mut self, cx: &mut Cx<'_>, prack: OwedPrack, offer: Body) {
        // What comes again meanwhile is the same.
        if let Some(early) = self.early.iter_mut().find(|early| early.dialog == prack.dialog) {
            early.rseq = Some(prack.rseq);
        }
        if let Phase::Inviting { owed, .. } = &mut self.phase {
            *owed = Some(prack);
        }
        self.tell_offer(cx, offer);
    }

    fn tell_offer(&self, cx: &mut Cx<'_>, body: Body) {
        cx.start(UNANSWERED, ANSWER);
        self.tell(cx, Event::Offered { id: CallId(cx.me), body });
    }

    /// The application answers an offer. What the ACK is to bring is for the security manager to
    /// protect: the CSeq of that ACK, what it leaves over, and the answer.
    ///
    /// # Errors
    /// [`Misuse::WrongState`] where none waits for an answer.
    pub(in crate::manager) fn answer(
        &mut self, cx: &mut Cx<'_>, body: Body,
    ) -> Result<Option<(u32, Transport, Body)>, Misuse> {
        if let Phase::Inviting { owed, .. } = &mut self.phase
            && let Some(prack) = owed.take()
        {
            self.answer_early(cx, prack, body);
            return Ok(None);
        }
        let owed = self.owed_ack().filter(|owed| !owed.is_answered).ok_or(Misuse::WrongState)?;
        let cseq = owed.cseq().ok_or(Misuse::WrongState)?;
        owed.is_answered = true;
        Ok(Some((cseq, owed.accepted.hop.transport, body)))
    }

    fn answer_early(&mut self, cx: &mut Cx<'_>, prack: OwedPrack, body: Body) {
        cx.stop(UNANSWERED);
        if let Some(early) = self.early.iter_mut().find(|early| early.dialog == prack.dialog) {
            early.answer = Some(Body::default());
        }
        self.send_prack(cx, prack, body);
    }

    /// The answer may leave as this; an empty one may not leave at all.
    pub(in crate::manager) fn on_answer_protected(
        &mut self, cx: &mut Cx<'_>, cseq: u32, body: Body,
    ) {
        if self.owed_ack().is_none_or(|owed| owed.cseq() != Some(cseq)) {
            return;
        }
        if body.octets.is_empty() {
            return self.end(cx, EndReason::Refused);
        }
        let Some(session) = self.session() else { return };
        let Reinvite::Offered(owed) = std::mem::take(&mut session.reinvite) else { return };
        cx.stop(UNANSWERED);
        self.acknowledge(cx, &owed.accepted, body);
        let (id, body) = (CallId(cx.me), Body::default());
        let is_first = owed.accepted.sent.to().is_ok_and(|to| to.tag().is_none());
        self.tell(
            cx,
            match is_first {
                true => Event::Answered { id, body },
                false => Event::ReinviteAnswered { id, body },
            },
        );
    }

    /// The application has not answered an offer: there is no session without one.
    pub(super) fn on_unanswered(&mut self, cx: &mut Cx<'_>) {
        let waits = matches!(self.phase, Phase::Inviting { owed: Some(_), .. });
        if waits || self.owed_ack().is_some() {
            self.end(cx, EndReason::NoAnswer);
        }
    }

    fn owed_ack(&mut self) -> Option<&mut OwedAck> {
        match &mut self.session()?.reinvite {
            Reinvite::Offered(owed) => Some(owed),
            Reinvite::None | Reinvite::Ours(_) | Reinvite::Again(_) | Reinvite::Theirs { .. } => {
                None
            }
        }
    }
}

impl OwedAck {
    fn cseq(&self) -> Option<u32> {
        Some(self.accepted.sent.cseq().ok()?.number)
    }
}
