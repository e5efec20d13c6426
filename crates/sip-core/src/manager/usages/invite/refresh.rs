//! Session timers in a call: a call whose peer is gone does not last for ever. RFC 4028; and UPDATE,
//! RFC 3311.
//!
//! ```text
//!                      half its time                 UPDATE, or re-INVITE: 2xx
//!   we refresh    ─────────────────────▶ refresh ──────────────────────────────▶ anew
//!   the peer does ── its 2xx from us ──▶ anew
//!   nobody does   ── a little before its time is up ──▶ BYE
//! ```

use super::state::{InviteUsage, Phase, REFRESH, SESSION, UPDATE};
use super::timer::{SessionTimer, too_short};
use crate::manager::event::{CallId, Cause, EndReason, Event};
use crate::manager::requests::{Answer, Outcome};
use crate::manager::serving::{Reply, Served};
use crate::manager::slab::Key;
use crate::manager::usages::cx::Cx;
use crate::{HeaderName, Message, Method};
use ssa::Body;
use std::time::Duration;

impl InviteUsage {
    /// Whether a request of the peer's asks for too short a session.
    pub(super) fn is_too_short(&self, cx: &Cx<'_>, server: Key) -> bool {
        let served = cx.serving.get(server);
        served.is_some_and(|it| SessionTimer::of_request(&it.request.message).is_err())
    }

    /// Our 2xx to a request that refreshes the session has left.
    pub(super) fn on_refreshed(&mut self, cx: &mut Cx<'_>, served: &Served) {
        let message = &served.request.message;
        self.begin_session(cx, message, SessionTimer::of_request(message).ok().flatten());
    }

    /// The peer's UPDATE came in: it refreshes the session and its target, or changes it like a
    /// re-INVITE. RFC 3311 §5.2.
    pub(super) fn on_update(&mut self, cx: &mut Cx<'_>, server: Key, body: Body) {
        if self.is_too_short(cx, server) {
            return cx.answer(server, too_short());
        }
        match &self.phase {
            Phase::Up(_) if !body.octets.is_empty() => self.on_reinvite(cx, server, body),
            Phase::Up(_) | Phase::Incoming { .. } | Phase::Inviting { .. }
                if body.octets.is_empty() =>
            {
                let reply = self.success(cx, server, Body::default());
                cx.answer(server, reply);
            }
            // The first offer has no answer yet. RFC 3311 §5.2.
            Phase::Incoming { .. } | Phase::Inviting { .. } => {
                let later = Reply::new(500).retry_after(Duration::from_secs(1));
                cx.answer(server, later);
            }
            Phase::Up(_) | Phase::Prepared(_) | Phase::Ending | Phase::Over => {
                cx.answer(server, Reply::new(481));
            }
        }
    }

    /// Our answer to an UPDATE without an offer has left. RFC 3261 §12.2.2.
    pub(super) fn on_update_answered(&mut self, cx: &mut Cx<'_>, served: &Served, status: u16) {
        if status >= 300 {
            return;
        }
        if let Some(dialog) = self.dialog {
            let hop = served.kept_hop(cx.io.config.own());
            cx.dialogs.refresh(dialog, hop, &served.request.message);
        }
        if self.confirmed().is_some() {
            self.on_refreshed(cx, served);
        }
    }

    /// The peer's 2xx to a request of ours that refreshes session and target came in. One that says
    /// nothing of timers leaves them as they were.
    pub(super) fn on_refresh_accepted(&mut self, cx: &mut Cx<'_>, answer: &Answer) {
        let response = &answer.response.message;
        let hop = answer.kept_hop(cx.io.config.own());
        if let Some(dialog) = self.dialog {
            cx.dialogs.refresh(dialog, hop, response);
        }
        let timer = SessionTimer::of_response(response).or(self.timer);
        self.begin_session(cx, response, timer);
    }

    /// A request of ours that changes the session says how long it lasts.
    pub(super) fn time_request(&self, fields: &mut Vec<(&'static str, Vec<u8>)>) {
        if let Some(timer) = self.timer {
            fields.extend(timer.request());
        }
    }

    /// The session begins anew, under this timer or under none, as this message of the peer's says.
    pub(super) fn begin_session(
        &mut self, cx: &mut Cx<'_>, message: &Message, timer: Option<SessionTimer>,
    ) {
        if self.timer.take().is_some() {
            cx.stop(REFRESH);
            cx.stop(SESSION);
        }
        let Some(timer) = timer else { return };
        self.timer = Some(timer);
        self.note_allowed(message);
        let (end, refresh) = timer.due();
        cx.start(SESSION, end);
        if let Some(refresh) = refresh {
            cx.start(REFRESH, refresh);
        }
    }

    /// Whether the peer takes UPDATE, by what it last allowed. RFC 3311 §4.
    fn note_allowed(&mut self, message: &Message) {
        if message.header(HeaderName::Allow).is_some() {
            self.takes_update = message.has_token(HeaderName::Allow, "UPDATE");
        }
    }

    /// It is for us to refresh the session: by UPDATE, or by a re-INVITE of the application's.
    pub(super) fn refresh_session(&mut self, cx: &mut Cx<'_>) {
        if self.confirmed().is_none() {
            return;
        }
        if !self.takes_update {
            return self.tell(cx, Event::RefreshDue { id: CallId(cx.me) });
        }
        let Some((mut draft, target)) = self.request(cx, Method::UPDATE, Body::default()) else {
            return;
        };
        self.time_request(&mut draft.fields);
        cx.send(UPDATE, self.name, (draft, target));
    }

    /// What became of our UPDATE.
    pub(super) fn on_updated(&mut self, cx: &mut Cx<'_>, outcome: &Outcome) {
        match outcome {
            Outcome::Accepted(answer, _) => self.on_refresh_accepted(cx, answer),
            Outcome::Failed(cause, _) if cause.loses_dialog() => {
                if let Some(dialog) = self.dialog {
                    cx.dialogs.lose(dialog);
                }
            }
            // It does not take UPDATE after all: a re-INVITE may do.
            Outcome::Failed(Cause::Status(405 | 501), _) => {
                self.takes_update = false;
                self.refresh_session(cx);
            }
            // The session goes on until its time is up.
            Outcome::Failed(..) | Outcome::Untrusted(..) | Outcome::Cancelled => {}
        }
    }

    /// Nobody has refreshed the session. RFC 4028 §10.
    pub(super) fn on_session_expired(&mut self, cx: &mut Cx<'_>) {
        if self.confirmed().is_some() {
            self.end(cx, EndReason::Lost);
        }
    }
}
