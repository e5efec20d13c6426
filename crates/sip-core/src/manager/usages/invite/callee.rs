//! The callee's side of a call: the INVITE that came in, and its answer. RFC 3261 §13.3.

use super::session::sent_2xx;
use super::state::{EXPIRES, InviteUsage, Phase, RING, Session};
use super::timer::too_short;
use crate::dialog::Dialog;
use crate::manager::event::{CallId, EndReason, Event, Misuse};
use crate::manager::serving::{Reply, Served};
use crate::manager::slab::Key;
use crate::manager::usages::cx::Cx;
use crate::manager::usages::text;
use ssa::{Body, CallRef};
use std::time::Duration;

impl InviteUsage {
    /// The call of an INVITE that passed the security manager.
    pub(in crate::manager) fn incoming(
        name: CallRef, server: Key, replaces: Option<CallId>,
    ) -> Self {
        Self {
            name,
            phase: Phase::Incoming { server, offered: false },
            dialog: None,
            early: Vec::new(),
            pracks: 0,
            reliable: None,
            contact: Box::default(),
            replaces,
            timer: None,
            takes_update: false,
            calls_sips: false,
            is_caller: false,
            quiet: false,
        }
    }

    /// Its dialog is made, and the application hears of it.
    pub(super) fn on_invite(&mut self, cx: &mut Cx<'_>, server: Key, body: Body) {
        if self.is_too_short(cx, server) {
            cx.answer(server, too_short());
            self.quiet = true;
            return;
        }
        let offered = !body.octets.is_empty();
        let Some((dialog, event)) = self.called(cx, server, body) else {
            // RFC 3261 §12.1.1, RFC 5630 §5.1.2: without a Contact, or with a `sip:` one where
            // `sips:` is asked for, no dialog can be made of it.
            cx.answer(server, Reply::new(400));
            self.quiet = true;
            return;
        };
        self.dialog = Some(dialog);
        self.phase = Phase::Incoming { server, offered };
        cx.start(RING, cx.io.config.ring);
        let served = cx.serving.get(server);
        let expires = served.and_then(|served| served.request.message.expires().ok().flatten());
        if let Some(seconds) = expires {
            cx.start(EXPIRES, Duration::from_secs(seconds.into()));
        }
        cx.tell(event);
    }

    /// The caller waits no longer: its INVITE has expired. RFC 3261 §13.3.1.
    pub(super) fn on_expired(&mut self, cx: &mut Cx<'_>) {
        if let Ok(server) = self.undecided(cx) {
            self.tell_end(cx, EndReason::NoAnswer);
            cx.answer(server, Reply::new(487));
        }
    }

    /// The dialog that an INVITE makes, and what the application is told.
    fn called(&mut self, cx: &mut Cx<'_>, server: Key, body: Body) -> Option<(Key, Event)> {
        let served = cx.serving.get(server)?;
        let message = &served.request.message;
        let seen = message.ssa_request()?;
        let (from, to) = (text(seen.from.uri), text(seen.to.uri));
        let dialog = Dialog::of_callee(message, served.way.tag())?;
        let (hop, source) = (served.kept_hop(cx.io.config.own()), served.request.arrival.source);
        self.contact = cx.own_contact((served, &hop), &dialog).into();
        let key = cx.dialogs.insert(&cx.io, dialog, hop, cx.me);
        let (id, call, replaces) = (CallId(cx.me), self.name, self.replaces);
        Some((key, Event::Incoming { id, call, from, to, body, source, replaces }))
    }

    /// The server transaction of an INVITE that has no answer yet.
    pub(in crate::manager) const fn unanswered(&self) -> Result<Key, Misuse> {
        match self.phase {
            Phase::Incoming { server, .. } => Ok(server),
            Phase::Prepared(_)
            | Phase::Inviting { .. }
            | Phase::Up(_)
            | Phase::Ending
            | Phase::Over => Err(Misuse::WrongState),
        }
    }

    /// The same, while the application has not accepted either.
    fn undecided(&self, cx: &Cx<'_>) -> Result<Key, Misuse> {
        let server = self.unanswered()?;
        if cx.serving.awaits_answer(server) { Ok(server) } else { Err(Misuse::WrongState) }
    }

    /// Tells the caller that the user is being alerted: 180 Ringing. Until the PRACK for one comes
    /// that is owed one, there is no other. RFC 3262 §3.
    ///
    /// # Errors
    /// [`Misuse::WrongState`].
    pub(in crate::manager) fn ring(&mut self, cx: &mut Cx<'_>) -> Result<(), Misuse> {
        let server = self.undecided(cx)?;
        self.send_provisional(cx, server, self.reply(180));
        Ok(())
    }

    /// Answers a call with 200 and this body: the answer, or our offer where the caller made none.
    ///
    /// # Errors
    /// [`Misuse::WrongState`].
    pub(in crate::manager) fn accept(&mut self, cx: &mut Cx<'_>, body: Body) -> Result<(), Misuse> {
        let server = self.undecided(cx)?;
        cx.stop(RING);
        cx.stop(EXPIRES);
        self.stop_provisional(cx);
        let reply = self.success(cx, server, body);
        cx.answer(server, reply);
        Ok(())
    }

    /// Refuses a call, or a re-INVITE in a call.
    ///
    /// # Errors
    /// [`Misuse::WrongState`], also for a status that refuses nothing.
    pub(in crate::manager) fn reject(
        &mut self, cx: &mut Cx<'_>, status: u16,
    ) -> Result<(), Misuse> {
        if !(300..700).contains(&status) {
            return Err(Misuse::WrongState);
        }
        let reply = Reply::declining(status, cx.io.config);
        if let Ok(server) = self.unanswered() {
            self.tell_end(cx, EndReason::Local);
            cx.answer(server, reply);
            return Ok(());
        }
        let server = self.theirs()?;
        cx.answer(server, reply);
        Ok(())
    }

    /// Refuses a call that the application cannot be told of: 503, and no event follows.
    pub(in crate::manager) fn reject_overloaded(&mut self, cx: &mut Cx<'_>) {
        if let Ok(server) = self.unanswered() {
            self.quiet = true;
            cx.answer(server, Reply::overloaded(cx.io.config));
        }
    }

    /// The final response to the INVITE has left.
    pub(super) fn on_invite_answered(
        &mut self, cx: &mut Cx<'_>, server: Key, served: &Served, status: u16,
    ) {
        if status >= 300 {
            // The application accepted, and the security manager refused: nobody told it yet.
            self.tell_end(cx, EndReason::Refused);
            self.phase = Phase::Over;
            return;
        }
        let offered = matches!(self.phase, Phase::Incoming { offered: true, .. });
        let unacknowledged = Some(sent_2xx(cx, (server, served), offered));
        self.phase = Phase::Up(Session { unacknowledged, ..Session::default() });
        self.on_refreshed(cx, served);
    }
}
