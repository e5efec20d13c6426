//! What a call hears, and its end.

use super::state::{
    AGAIN, ANSWER_PRACK, EXPIRES, INVITE, InviteUsage, NO_ACK, PRACK, Phase, REFRESH, REINVITE,
    RESEND, RING, SESSION, UNANSWERED, UPDATE, Waiting,
};
use crate::manager::event::EndReason;
use crate::manager::serving::{Reply, Served};
use crate::manager::slab::Key;
use crate::manager::usages::cx::Cx;
use crate::manager::usages::ended::Ended;
use crate::{Fields, Method};
use ssa::Body;

impl InviteUsage {
    pub(in crate::manager) fn on_request(
        &mut self, cx: &mut Cx<'_>, server: Key, method: Method<'static>, body: Body,
    ) {
        match method {
            Method::INVITE if self.waiting_in(server) == Some(Waiting::Invite) => {
                self.on_invite(cx, server, body);
            }
            Method::INVITE => self.on_reinvite(cx, server, body),
            Method::UPDATE => self.on_update(cx, server, body),
            Method::PRACK => self.on_prack(cx, server),
            Method::BYE => self.on_bye(cx, server),
            _ => cx.answer(server, Reply::not_allowed(&cx.io.config.capabilities)),
        }
    }

    pub(in crate::manager) fn on_answered(
        &mut self, cx: &mut Cx<'_>, server: Key, served: &Served, status: u16,
    ) {
        match self.waiting_in(server) {
            Some(Waiting::Invite) => self.on_invite_answered(cx, server, served, status),
            Some(Waiting::Reinvite) => self.on_reinvite_answered(cx, server, served, status),
            None if served.is_for.row.method == Method::UPDATE => {
                self.on_update_answered(cx, served, status);
            }
            None => {}
        }
    }

    /// The peer's CANCEL came in: it took its INVITE or re-INVITE back.
    pub(in crate::manager) fn on_cancelled(
        &mut self, cx: &mut Cx<'_>, server: Key, elsewhere: bool,
    ) {
        match self.waiting_in(server) {
            Some(Waiting::Invite) if elsewhere => {
                self.tell_end(cx, EndReason::AnsweredElsewhere);
                self.phase = Phase::Over;
            }
            Some(Waiting::Invite) => {
                self.tell_end(cx, EndReason::Cancelled);
                self.phase = Phase::Over;
            }
            Some(Waiting::Reinvite) => self.on_reinvite_cancelled(cx),
            None => {}
        }
    }

    pub(in crate::manager) fn on_outcome(&mut self, cx: &mut Cx<'_>, ended: Ended) {
        match ended.purpose {
            INVITE => self.on_invited(cx, ended.outcome),
            REINVITE => self.on_reinvited(cx, ended.outcome),
            UPDATE => self.on_updated(cx, &ended.outcome),
            PRACK | ANSWER_PRACK => self.on_pracked(cx, ended.purpose, &ended.outcome),
            _ => self.phase = Phase::Over,
        }
    }

    pub(in crate::manager) fn on_timer(&mut self, cx: &mut Cx<'_>, timer: u8) {
        match timer {
            RING => self.on_ring_timeout(cx),
            EXPIRES => self.on_expired(cx),
            RESEND if self.session().is_some() => self.resend_2xx(cx),
            RESEND => self.resend_provisional(cx),
            NO_ACK if self.session().is_some() => self.on_no_ack(cx),
            NO_ACK => self.on_no_prack(cx),
            AGAIN => self.reinvite_again(cx),
            REFRESH => self.refresh_session(cx),
            SESSION => self.on_session_expired(cx),
            UNANSWERED => self.on_unanswered(cx),
            _ => {}
        }
    }

    /// The peer has no such dialog any more, or does not answer in it.
    pub(in crate::manager) fn on_dialog_gone(&mut self, cx: &mut Cx<'_>, dialog: Key) {
        if self.dialog == Some(dialog) {
            self.end(cx, EndReason::Lost);
        }
    }

    /// It rang for too long.
    fn on_ring_timeout(&mut self, cx: &mut Cx<'_>) {
        match &self.phase {
            Phase::Inviting { .. } => self.give_up(cx),
            Phase::Incoming { server, .. } => {
                let server = *server;
                self.tell_end(cx, EndReason::NoAnswer);
                cx.answer(server, Reply::declining(480, cx.io.config));
            }
            Phase::Up(_) => self.on_reinvite_timeout(cx),
            Phase::Prepared(_) | Phase::Ending | Phase::Over => {}
        }
    }

    /// The application ends the call: CANCEL, BYE, or 603, by its state. It hears
    /// [`Event::Ended`] at once; what is owed to the peer goes on.
    /// A BYE carries these fields.
    pub(in crate::manager) fn hang_up(&mut self, cx: &mut Cx<'_>, fields: Fields) {
        self.end_with(cx, EndReason::Local, fields);
    }

    /// Ends a call in whatever state it is.
    pub(super) fn end(&mut self, cx: &mut Cx<'_>, reason: EndReason) {
        self.end_with(cx, reason, Fields::default());
    }

    fn end_with(&mut self, cx: &mut Cx<'_>, reason: EndReason, fields: Fields) {
        self.tell_end(cx, reason);
        match &self.phase {
            Phase::Prepared(_) => self.phase = Phase::Over,
            Phase::Inviting { request, .. } => {
                let request = *request;
                // A 2xx that came in already is acknowledged, and its dialog ended.
                cx.requests.stop_judging(&mut cx.io, request);
                cx.requests.cancel(&mut cx.io, request);
            }
            Phase::Incoming { server, .. } => {
                cx.answer(*server, Reply::declining(603, cx.io.config));
            }
            Phase::Up(_) => self.bye(cx, fields),
            Phase::Ending | Phase::Over => {}
        }
    }
}
