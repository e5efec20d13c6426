//! Provisional responses that are sent again until a PRACK says that they have come. RFC 3262.
//!
//! As a caller we acknowledge those that say so, one after the other; as a callee we send them so
//! where the INVITE requires it.

use super::state::{
    ANSWER_PRACK, Early, InviteUsage, NO_ACK, OwedPrack, PRACK, Phase, RESEND, Reliable,
};
use crate::manager::event::{CallId, EndReason, Event};
use crate::manager::requests::{Draft, Outcome, Purpose};
use crate::manager::serving::Reply;
use crate::manager::slab::Key;
use crate::manager::usages::cx::Cx;
use crate::{HeaderName, Message, Method};
use sip_syntax::decimal;
use ssa::Body;

/// The option that asks for it, and says that it is so. RFC 3262 §3.
const OPTION: &str = "100rel";

/// PRACKs of one call that may be under way: one for each early dialog. What comes then comes again.
const MAX_PRACKS: u8 = super::state::MAX_EARLY as u8;

/// Whether a provisional response is sent again until a PRACK comes.
pub(in crate::manager) fn is_reliable(response: &Message) -> bool {
    sequence(response).is_some()
}

/// The RSeq of such a response. RFC 3262 §7.1.
pub(super) fn sequence(response: &Message) -> Option<u32> {
    let value = response.header(HeaderName::RSeq)?;
    let rseq = number(value)?;
    response.has_token(HeaderName::Require, OPTION).then_some(rseq)
}

/// What a PRACK acknowledges: RSeq and CSeq of a provisional response to an INVITE. RFC 3262 §7.2.
fn acknowledged(prack: &Message) -> Option<(u32, u32)> {
    let value = prack.header(HeaderName::RAck)?;
    let mut parts = value.split(u8::is_ascii_whitespace).filter(|part| !part.is_empty());
    let (rseq, cseq) = (number(parts.next()?)?, number(parts.next()?)?);
    (parts.next() == Some(Method::INVITE.as_bytes())).then_some((rseq, cseq))
}

fn number(digits: &[u8]) -> Option<u32> {
    u32::try_from(decimal(digits)?).ok()
}

impl Early {
    /// Whether a response of this RSeq is the next that counts: others are retransmissions, or come
    /// again. RFC 3262 §4.
    pub(super) fn is_next(&self, rseq: u32) -> bool {
        self.rseq.is_none_or(|last| last.checked_add(1) == Some(rseq))
    }
}

impl InviteUsage {
    /// Acknowledges a provisional response, with this answer to its offer. RFC 3262 §4, §5.
    pub(super) fn send_prack(&mut self, cx: &mut Cx<'_>, prack: OwedPrack, answer: Body) {
        let OwedPrack { dialog, rseq, cseq } = prack;
        let early = self.early.iter_mut().find(|early| early.dialog == dialog);
        let Some(early) = early.filter(|_| self.pracks < MAX_PRACKS) else { return };
        let Some((mut draft, target)) = Draft::of_dialog(cx.dialogs, dialog, Method::PRACK) else {
            return;
        };
        early.rseq = Some(rseq);
        self.pracks += 1;
        draft.fields.push(("RAck", format!("{rseq} {cseq} INVITE").into_bytes()));
        let purpose = if answer.octets.is_empty() { PRACK } else { ANSWER_PRACK };
        draft.original = answer;
        cx.send(purpose, self.name, (draft, target));
    }

    /// A PRACK has its outcome. Whatever that is, the INVITE goes on.
    pub(super) fn on_pracked(&mut self, cx: &mut Cx<'_>, purpose: Purpose, outcome: &Outcome) {
        self.pracks = self.pracks.saturating_sub(1);
        let is_taken = purpose == ANSWER_PRACK && matches!(outcome, Outcome::Accepted(..));
        if is_taken && matches!(self.phase, Phase::Inviting { .. }) {
            self.tell(cx, Event::AnswerTaken { id: CallId(cx.me) });
        }
    }

    /// Sends a provisional response: until its PRACK comes, where the INVITE requires that.
    pub(super) fn send_provisional(&mut self, cx: &mut Cx<'_>, server: Key, mut reply: Reply) {
        let last = self.reliable.as_ref();
        if last.is_some_and(|sent| !sent.is_acknowledged) {
            return;
        }
        let Some(served) = cx.serving.get(server) else { return };
        if served.request.message.has_token(HeaderName::Require, OPTION) {
            let cseq = served.cseq;
            // RFC 3262 §3: the first is below 2^31.
            let rseq = last.map_or_else(|| (cx.io.random() >> 34) as u32, |sent| sent.rseq) + 1;
            reply.fields.push(("Require", OPTION.into()));
            reply.fields.push(("RSeq", rseq.to_string().into_bytes()));
            let timing = cx.io.config.timing;
            cx.start(RESEND, timing.t1);
            cx.start(NO_ACK, timing.timeout());
            let (reply, interval) = (reply.clone(), timing.t1);
            let sent = Reliable { rseq, cseq, reply, interval, is_acknowledged: false };
            self.reliable = Some(Box::new(sent));
        }
        cx.serving.send_provisional(&mut cx.io, server, &reply);
    }

    /// Sends it again: T1, then twice as long each time. RFC 3262 §3.
    pub(super) fn resend_provisional(&mut self, cx: &mut Cx<'_>) {
        let Phase::Incoming { server, .. } = self.phase else { return };
        let Some(sent) = self.reliable.as_mut() else { return };
        sent.interval = sent.interval.saturating_mul(2);
        cx.start(RESEND, sent.interval);
        cx.serving.send_provisional(&mut cx.io, server, &sent.reply);
    }

    /// It need not be sent again: its PRACK came, or the INVITE has its answer.
    pub(super) fn stop_provisional(&self, cx: &mut Cx<'_>) {
        if self.reliable.is_some() {
            cx.stop(RESEND);
            cx.stop(NO_ACK);
        }
    }

    /// No PRACK in 64*T1. RFC 3262 §3.
    pub(super) fn on_no_prack(&mut self, cx: &mut Cx<'_>) {
        let Phase::Incoming { server, .. } = self.phase else { return };
        self.stop_provisional(cx);
        self.tell_end(cx, EndReason::NoAck);
        cx.answer(server, Reply::new(504));
    }

    /// A PRACK came in. One that carries an offer counts all the same; the offer is refused.
    pub(super) fn on_prack(&mut self, cx: &mut Cx<'_>, server: Key) {
        let Some(served) = cx.serving.get(server) else { return };
        let rack = acknowledged(&served.request.message);
        let status = if served.request.message.body().is_empty() { 200 } else { 488 };
        let sent = self.reliable.as_mut().filter(|it| !it.is_acknowledged);
        let Some(sent) = sent.filter(|it| rack == Some((it.rseq, it.cseq))) else {
            return cx.answer(server, Reply::new(481));
        };
        sent.is_acknowledged = true;
        if matches!(self.phase, Phase::Incoming { .. }) {
            self.stop_provisional(cx);
        }
        cx.answer(server, Reply::new(status));
    }
}
