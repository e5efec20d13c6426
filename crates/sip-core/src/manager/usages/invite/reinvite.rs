//! Changing a session: re-INVITE, ours and the peer's. RFC 3261 §14.

use super::acknowledge::acknowledge;
use super::session::sent_2xx;
use super::state::{AGAIN, InviteUsage, Ours, Phase, REINVITE, RING, Reinvite};
use super::timer::too_short;
use crate::Method;
use crate::manager::event::{CallId, Cause, Event, Misuse};
use crate::manager::requests::{Answer, Outcome};
use crate::manager::serving::{Reply, Served};
use crate::manager::slab::Key;
use crate::manager::usages::cx::Cx;
use ssa::Body;
use std::time::Duration;

impl Reinvite {
    /// Ends it with its call, in this dialog.
    pub(super) fn abandon(self, cx: &mut Cx<'_>, dialog: Option<Key>) {
        match self {
            // It is owed an ACK, though there is no answer: BYE follows.
            Self::Offered(owed) => {
                if let Some(entry) = dialog.and_then(|dialog| cx.dialogs.get(dialog)) {
                    let way = (&entry.dialog, &entry.peer);
                    let (io, requests) = (&mut cx.io, &mut *cx.requests);
                    acknowledge(io, requests, &owed.accepted, way, Body::default());
                }
            }
            Self::Ours(ours) => _ = cx.requests.forget(&mut cx.io, ours.request),
            Self::Theirs { server, .. } => {
                cx.serving.send_final(&mut cx.io, server, &Reply::new(487))
            }
            Self::None | Self::Again(_) => {}
        }
    }
}

/// 500, and to try again at once. RFC 3261 §14.2.
fn later() -> Reply {
    Reply::new(500).retry_after(Duration::from_secs(1))
}

impl InviteUsage {
    /// Asks the peer to change the session; an empty offer leaves it to the peer to make one.
    ///
    /// # Errors
    /// [`Misuse::WrongState`] before the call is up; [`Misuse::Pending`] while a re-INVITE of either
    /// side, or the ACK to our answer, is awaited.
    pub(in crate::manager) fn reinvite(
        &mut self, cx: &mut Cx<'_>, body: Body,
    ) -> Result<(), Misuse> {
        let session = self.session().ok_or(Misuse::WrongState)?;
        let idle = matches!(session.reinvite, Reinvite::None);
        if !idle || session.unacknowledged.is_some() || session.answer_due.is_some() {
            return Err(Misuse::Pending);
        }
        self.send_reinvite(cx, body, false);
        Ok(())
    }

    fn send_reinvite(&mut self, cx: &mut Cx<'_>, body: Body, again: bool) {
        let request = self.request(cx, Method::INVITE, body.clone());
        let Some((mut draft, target)) = request else { return };
        self.time_request(&mut draft.fields);
        let request = cx.send(REINVITE, self.name, (draft, target));
        let ours = Ours { request, body: Box::new(body), again, cancelled: false };
        if let Some(session) = self.session() {
            session.reinvite = Reinvite::Ours(ours);
        }
        cx.start(RING, cx.io.config.ring);
    }

    fn fail_reinvite(&self, cx: &mut Cx<'_>, cause: Cause) {
        self.tell(cx, Event::ReinviteFailed { id: CallId(cx.me), cause });
    }

    /// A re-INVITE, ours or the peer's, was not answered for as long as a call may ring.
    pub(super) fn on_reinvite_timeout(&mut self, cx: &mut Cx<'_>) {
        let Some(session) = self.session() else { return };
        match &mut session.reinvite {
            // What became of it, its final response says: a 2xx may cross the CANCEL, and counts.
            Reinvite::Ours(ours) => {
                ours.cancelled = true;
                cx.requests.cancel(&mut cx.io, ours.request);
            }
            Reinvite::Theirs { server, .. } => {
                let server = *server;
                session.reinvite = Reinvite::None;
                cx.answer(server, Reply::new(480));
                self.fail_reinvite(cx, Cause::Timeout);
            }
            Reinvite::None | Reinvite::Again(_) | Reinvite::Offered(_) => {}
        }
    }

    /// The wait after a 491 is over.
    pub(super) fn reinvite_again(&mut self, cx: &mut Cx<'_>) {
        let Some(session) = self.session() else { return };
        match std::mem::take(&mut session.reinvite) {
            Reinvite::Again(body) => self.send_reinvite(cx, *body, true),
            // Not tried again where the peer's came first.
            other @ (Reinvite::None
            | Reinvite::Ours(_)
            | Reinvite::Theirs { .. }
            | Reinvite::Offered(_)) => {
                session.reinvite = other;
            }
        }
    }

    /// What became of our re-INVITE.
    pub(super) fn on_reinvited(&mut self, cx: &mut Cx<'_>, outcome: Outcome) {
        let id = CallId(cx.me);
        let Some(session) = self.session() else { return };
        let Reinvite::Ours(ours) = std::mem::take(&mut session.reinvite) else { return };
        cx.stop(RING);
        match outcome {
            Outcome::Accepted(answer, body) => {
                // RFC 3261 §12.2.1.2: the ACK goes to the new remote target.
                self.on_refresh_accepted(cx, &answer);
                if ours.body.octets.is_empty() && !body.octets.is_empty() {
                    return self.owe_ack(cx, answer, body);
                }
                self.acknowledge(cx, &answer, Body::default());
                self.tell(cx, Event::ReinviteAnswered { id, body });
            }
            // An answer that must not be believed changes nothing: the session stays as it was.
            Outcome::Untrusted(answer, why) => {
                self.acknowledge(cx, &answer, Body::default());
                self.fail_reinvite(cx, Cause::Security(why));
            }
            Outcome::Failed(cause, _) => self.on_reinvite_failed(cx, ours, cause),
            Outcome::Cancelled => self.fail_reinvite(cx, Cause::Timeout),
        }
    }

    fn on_reinvite_failed(&mut self, cx: &mut Cx<'_>, ours: Ours, cause: Cause) {
        match cause {
            Cause::Status(491) if !ours.cancelled && !ours.again => {
                self.wait_for_turn(cx, ours.body);
            }
            Cause::Status(487) if ours.cancelled => self.fail_reinvite(cx, Cause::Timeout),
            cause if cause.loses_dialog() => {
                if let Some(dialog) = self.dialog {
                    cx.dialogs.lose(dialog);
                }
            }
            _ => self.fail_reinvite(cx, cause),
        }
    }

    /// Acknowledges a 2xx in our dialog, with this answer to its offer.
    pub(super) fn acknowledge(&self, cx: &mut Cx<'_>, answer: &Answer, body: Body) {
        if let Some(entry) = self.dialog.and_then(|dialog| cx.dialogs.get(dialog)) {
            acknowledge(&mut cx.io, cx.requests, answer, (&entry.dialog, &entry.peer), body);
        }
    }

    /// Two re-INVITEs met: who made the Call-ID waits 2.1–4 s, the other 0–2 s, in steps of 10 ms.
    /// RFC 3261 §14.1.
    fn wait_for_turn(&mut self, cx: &mut Cx<'_>, body: Box<Body>) {
        let random = cx.io.random();
        let steps = if self.is_caller { 210 + random % 191 } else { random % 201 };
        let Some(session) = self.session() else { return };
        session.reinvite = Reinvite::Again(body);
        cx.start(AGAIN, Duration::from_millis(10 * steps));
    }

    /// The peer's re-INVITE came in. RFC 3261 §14.2.
    pub(super) fn on_reinvite(&mut self, cx: &mut Cx<'_>, server: Key, body: Body) {
        if self.is_too_short(cx, server) {
            return cx.answer(server, too_short());
        }
        let Phase::Up(session) = &mut self.phase else {
            // The first INVITE has no final response yet, or the call is ending.
            return cx.answer(server, later());
        };
        let waits = match session.reinvite {
            Reinvite::Theirs { .. } => return cx.answer(server, later()),
            Reinvite::Ours(_) | Reinvite::Offered(_) => {
                return cx.answer(server, Reply::new(491));
            }
            Reinvite::Again(_) => true,
            Reinvite::None => false,
        };
        // RFC 5407 §3.1.4: our 2xx is not acknowledged yet, or the answer to its offer is being read.
        if session.unacknowledged.is_some() || session.answer_due.is_some() {
            return cx.answer(server, Reply::new(491));
        }
        session.reinvite = Reinvite::Theirs { server, offered: !body.octets.is_empty() };
        if waits {
            // Ours was to be tried again, and meets the peer's once more.
            self.fail_reinvite(cx, Cause::Status(491));
        }
        cx.start(RING, cx.io.config.ring);
        self.tell(cx, Event::Reinvited { id: CallId(cx.me), body });
    }

    /// The server transaction of the peer's re-INVITE.
    pub(super) fn theirs(&mut self) -> Result<Key, Misuse> {
        match self.session().map(|session| &session.reinvite) {
            Some(Reinvite::Theirs { server, .. }) => Ok(*server),
            Some(
                Reinvite::None | Reinvite::Ours(_) | Reinvite::Again(_) | Reinvite::Offered(_),
            )
            | None => Err(Misuse::WrongState),
        }
    }

    /// Accepts the peer's re-INVITE with 200 and this body: the answer, or our offer where the peer
    /// made none.
    ///
    /// # Errors
    /// [`Misuse::WrongState`].
    pub(in crate::manager) fn accept_reinvite(
        &mut self, cx: &mut Cx<'_>, body: Body,
    ) -> Result<(), Misuse> {
        let server = self.theirs()?;
        if !cx.serving.awaits_answer(server) {
            return Err(Misuse::WrongState);
        }
        let reply = self.success(cx, server, body);
        cx.answer(server, reply);
        Ok(())
    }

    /// The peer took its re-INVITE back: the session stays as it was.
    pub(super) fn on_reinvite_cancelled(&mut self, cx: &mut Cx<'_>) {
        cx.stop(RING);
        if let Some(session) = self.session() {
            session.reinvite = Reinvite::None;
        }
        self.fail_reinvite(cx, Cause::Status(487));
    }

    /// The final response to the peer's re-INVITE has left.
    pub(super) fn on_reinvite_answered(
        &mut self, cx: &mut Cx<'_>, server: Key, served: &Served, status: u16,
    ) {
        cx.stop(RING);
        let theirs = self.session().map(|session| &session.reinvite);
        let offered = matches!(theirs, Some(Reinvite::Theirs { offered: true, .. }));
        // RFC 3311: an UPDATE is acknowledged by nothing.
        let by_invite = served.is_for.row.method == Method::INVITE;
        let unacknowledged =
            (status < 300 && by_invite).then(|| sent_2xx(cx, (server, served), offered));
        if status < 300
            && let Some(dialog) = self.dialog
        {
            // RFC 3261 §12.2.2: a target refresh counts once the request is accepted.
            cx.dialogs.refresh(
                dialog,
                served.kept_hop(cx.io.config.own()),
                &served.request.message,
            );
        }
        if let Some(session) = self.session() {
            session.reinvite = Reinvite::None;
            session.unacknowledged = unacknowledged;
        }
        if status < 300 {
            self.on_refreshed(cx, served);
        }
        if status < 300 && !by_invite {
            self.tell(cx, Event::Confirmed { id: CallId(cx.me), answer: None });
        }
    }
}
