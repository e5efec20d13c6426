//! Within a confirmed dialog: the 2xx and its ACK, and BYE. RFC 3261 §13.3.1.4, §15.

use super::state::{BYE, InviteUsage, NO_ACK, Phase, RESEND, Unacknowledged};
use crate::manager::event::{CallId, EndReason, Event};
use crate::manager::peer_reason::PeerReason;
use crate::manager::serving::{Reply, Served};
use crate::manager::slab::Key;
use crate::manager::usages::cx::Cx;
use crate::{Fields, Method};
use ssa::Body;

impl InviteUsage {
    /// An ACK to a 2xx came in; whether an answer is due in it, and its body is to be read.
    pub(in crate::manager) fn on_ack(&mut self, cx: &mut Cx<'_>, cseq: u32) -> bool {
        let Some(session) = self.session() else { return false };
        let Some(ok) = session.unacknowledged.take_if(|ok| ok.cseq == cseq) else { return false };
        cx.serving.servers.drop_response(ok.server);
        let bye = session.bye.take();
        session.answer_due = ok.offers.then_some(cseq);
        cx.stop(RESEND);
        cx.stop(NO_ACK);
        if let Some(fields) = bye {
            self.bye(cx, fields);
            return false;
        }
        if !ok.offers {
            self.tell(cx, Event::Confirmed { id: CallId(cx.me), answer: None });
        }
        ok.offers
    }

    /// What the ACK carried in which an answer was due. RFC 3261 §13.2.1.
    pub(in crate::manager) fn on_late_answer(&mut self, cx: &mut Cx<'_>, cseq: u32, body: Body) {
        let Some(session) = self.session() else { return };
        if session.answer_due.take_if(|due| *due == cseq).is_some() {
            self.tell(cx, Event::Confirmed { id: CallId(cx.me), answer: Some(body) });
        }
    }

    /// Sends a 2xx again: T1, then twice as long each time, up to T2. RFC 3261 §13.3.1.4.
    pub(super) fn resend_2xx(&mut self, cx: &mut Cx<'_>) {
        let Some(session) = self.session() else { return };
        let Some(ok) = &mut session.unacknowledged else { return };
        ok.interval = cx.io.config.timing.back_off(ok.interval);
        cx.start(RESEND, ok.interval);
        cx.serving.send_again(&mut cx.io, ok.server);
    }

    /// No ACK in 64*T1: the dialog stands, and the session is ended. RFC 3261 §13.3.1.4.
    pub(super) fn on_no_ack(&mut self, cx: &mut Cx<'_>) {
        cx.stop(RESEND);
        let Some(session) = self.session() else { return };
        session.unacknowledged = None;
        let fields = session.bye.take().unwrap_or_default();
        self.tell_end(cx, EndReason::NoAck);
        self.bye(cx, fields);
    }

    /// Sends BYE with these fields. RFC 3261 §15: a callee waits until its 2xx is acknowledged or
    /// given up.
    pub(super) fn bye(&mut self, cx: &mut Cx<'_>, fields: Fields) {
        let Some(session) = self.session() else { return };
        if session.unacknowledged.is_some() {
            session.bye = Some(fields);
            return;
        }
        let reinvite = std::mem::take(&mut session.reinvite);
        let Some(mut request) = self.request(cx, Method::BYE, Body::default()) else {
            self.phase = Phase::Over;
            return;
        };
        request.0.added = fields;
        self.phase = Phase::Ending;
        reinvite.abandon(cx, self.dialog);
        cx.send(BYE, self.name, request);
    }

    /// The peer's BYE came in: the call is over, whatever becomes of the answer. It ends a call
    /// that rings, too. RFC 3261 §15.1.2.
    pub(super) fn on_bye(&mut self, cx: &mut Cx<'_>, server: Key) {
        match std::mem::replace(&mut self.phase, Phase::Over) {
            // No such dialog is confirmed on our side. RFC 3261 §15.
            before @ (Phase::Prepared(_) | Phase::Inviting { .. }) => {
                self.phase = before;
                return cx.answer(server, Reply::new(481));
            }
            Phase::Incoming { server: invite, .. } => {
                self.end_by_peer(cx, server);
                cx.serving.send_final(&mut cx.io, invite, &Reply::new(487));
            }
            Phase::Up(session) => {
                self.end_by_peer(cx, server);
                session.reinvite.abandon(cx, self.dialog);
            }
            // Our own BYE is under way: both are answered.
            Phase::Ending | Phase::Over => {}
        }
        cx.answer(server, Reply::new(200));
    }

    /// Tells the application that the peer hangs up, and why, where its BYE says so.
    fn end_by_peer(&mut self, cx: &mut Cx<'_>, bye: Key) {
        let why =
            cx.serving.get(bye).map(|bye| PeerReason::of(&bye.request.message)).unwrap_or_default();
        if !why.is_empty() {
            self.tell(cx, Event::Explained { id: CallId(cx.me), why });
        }
        self.tell_end(cx, EndReason::Remote);
    }
}

/// A 2xx of ours has left: it is sent again until its ACK comes. RFC 3261 §13.3.1.4. Where the
/// request had `offered` nothing, it made an offer.
pub(super) fn sent_2xx(
    cx: &mut Cx<'_>, (server, served): (Key, &Served), offered: bool,
) -> Unacknowledged {
    let timing = cx.io.config.timing;
    cx.start(RESEND, timing.t1);
    cx.start(NO_ACK, timing.timeout());
    Unacknowledged { server, cseq: served.cseq, interval: timing.t1, offers: !offered }
}
