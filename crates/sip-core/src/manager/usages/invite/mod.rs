//! The INVITE usage: a call, from its INVITE to its BYE. RFC 3261 §13 to §15.
//!
//! ```text
//!   prepare ─▶ Prepared ── invite ──▶ Inviting ── 2xx ──▶ Up ── BYE ──▶ Ending ─▶ Over
//!                                        │ CANCEL, failure ─▶ Over   ▲
//!   INVITE ─────────────────────────▶ Incoming ── accept ────────────┘ (Up)
//!                                        │ CANCEL, reject ─▶ Over
//! ```
//!
//! `caller` and `callee` bring it up, `session` and `reinvite` are what happens then.

mod acknowledge;
mod callee;
mod caller;
mod farewell;
mod reinvite;
mod session;

pub(in crate::manager) use farewell::Farewell;

use self::session::Session;
use super::Ended;
use super::cx::Cx;
use crate::Method;
use crate::manager::action::Hop;
use crate::manager::config::Local;
use crate::manager::dialogs::Dialogs;
use crate::manager::event::{CallId, EndReason, Event, Misuse};
use crate::manager::requests::{Contact, Draft, Purpose};
use crate::manager::serving::{Reply, Served};
use crate::manager::slab::Key;
use crate::manager::target::Target;
use ssa::{Body, CallRef};

const INVITE: Purpose = Purpose(0);
const REINVITE: Purpose = Purpose(1);
const BYE: Purpose = Purpose(2);

/// Nobody answered an INVITE or a re-INVITE: the caller gives up, the callee declines.
const RING: u8 = 0;
/// Send the 2xx again. RFC 3261 §13.3.1.4.
const RESEND: u8 = 1;
/// No ACK came in 64*T1. RFC 3261 §13.3.1.4.
const NO_ACK: u8 = 2;
/// Try the re-INVITE again after a 491. RFC 3261 §14.1.
const AGAIN: u8 = 3;

/// A call.
#[derive(Debug)]
pub(in crate::manager) struct InviteUsage {
    name: CallRef,
    phase: Phase,
    /// The dialog: early for the callee, confirmed for both.
    dialog: Option<Key>,
    /// The caller's early dialogs, each with its last status; at most [`caller::MAX_EARLY`].
    early: Vec<(Key, u16)>,
    /// Our Contact in this call.
    contact: Box<[u8]>,
    /// Whether we called: who made the Call-ID. RFC 3261 §14.1.
    is_caller: bool,
    /// The application has heard the end: no more events.
    quiet: bool,
}

/// Where a call is.
#[derive(Debug)]
enum Phase {
    /// It was prepared and not sent.
    Prepared(Box<(Draft, Target)>),
    /// Our INVITE is under way.
    Inviting { request: Key },
    /// The peer's INVITE waits for an answer in this server transaction.
    Incoming { server: Key },
    /// A 2xx has left or come in.
    Up(Session),
    /// Our BYE is under way.
    Ending,
    /// Nothing is left to do.
    Over,
}

impl InviteUsage {
    pub(super) const fn name(&self) -> CallRef {
        self.name
    }

    pub(super) const fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over)
    }

    pub(super) fn dialogs(&self) -> Vec<Key> {
        self.early.iter().map(|(early, _)| *early).chain(self.dialog).collect()
    }

    /// Whether the application may still command it.
    ///
    /// # Errors
    /// [`Misuse::Unknown`].
    pub(in crate::manager) const fn check(&self) -> Result<(), Misuse> {
        if self.quiet { Err(Misuse::Unknown) } else { Ok(()) }
    }

    /// The hop that the peer is reached over, as far as it is known.
    pub(in crate::manager) fn hop(&self, locals: &[Local], dialogs: &Dialogs) -> Option<Hop> {
        match &self.phase {
            Phase::Prepared(prepared) => prepared.1.hop(0, locals),
            Phase::Inviting { .. }
            | Phase::Incoming { .. }
            | Phase::Up(_)
            | Phase::Ending
            | Phase::Over => Some(dialogs.get(self.dialog?)?.peer),
        }
    }

    /// The session of a call that is up.
    const fn session(&mut self) -> Option<&mut Session> {
        match &mut self.phase {
            Phase::Up(session) => Some(session),
            Phase::Prepared(_)
            | Phase::Inviting { .. }
            | Phase::Incoming { .. }
            | Phase::Ending
            | Phase::Over => None,
        }
    }

    pub(super) fn on_request(
        &mut self, cx: &mut Cx<'_>, server: Key, method: Method<'static>, body: Body,
    ) {
        let is_first = matches!(self.phase, Phase::Incoming { server: invite } if invite == server);
        match method {
            Method::INVITE if is_first => self.on_invite(cx, server, body),
            Method::INVITE => self.on_reinvite(cx, server, body),
            Method::BYE => self.on_bye(cx, server),
            _ => cx.answer(server, Reply::not_allowed(&cx.io.config.capabilities)),
        }
    }

    pub(super) fn on_answered(
        &mut self, cx: &mut Cx<'_>, server: Key, served: &Served, status: u16,
    ) {
        match &self.phase {
            Phase::Incoming { server: invite } if *invite == server => {
                self.on_invite_answered(cx, server, served, status);
            }
            Phase::Up(session) if session.reinvite.is_theirs(server) => {
                self.on_reinvite_answered(cx, server, served, status);
            }
            Phase::Prepared(_)
            | Phase::Inviting { .. }
            | Phase::Incoming { .. }
            | Phase::Up(_)
            | Phase::Ending
            | Phase::Over => {}
        }
    }

    /// The peer's CANCEL came in: it took its INVITE or re-INVITE back.
    pub(super) fn on_cancelled(&mut self, cx: &mut Cx<'_>, server: Key) {
        match &self.phase {
            Phase::Incoming { server: invite } if *invite == server => {
                self.tell_end(cx, EndReason::Cancelled);
                self.phase = Phase::Over;
            }
            Phase::Up(session) if session.reinvite.is_theirs(server) => {
                self.on_reinvite_cancelled(cx);
            }
            Phase::Prepared(_)
            | Phase::Inviting { .. }
            | Phase::Incoming { .. }
            | Phase::Up(_)
            | Phase::Ending
            | Phase::Over => {}
        }
    }

    pub(super) fn on_outcome(&mut self, cx: &mut Cx<'_>, ended: Ended) {
        match ended.purpose {
            INVITE => self.on_invited(cx, ended.outcome),
            REINVITE => self.on_reinvited(cx, ended.outcome),
            _ => self.phase = Phase::Over,
        }
    }

    pub(super) fn on_timer(&mut self, cx: &mut Cx<'_>, timer: u8) {
        match timer {
            RING => self.on_ring_timeout(cx),
            RESEND => self.resend_2xx(cx),
            NO_ACK => self.on_no_ack(cx),
            _ => self.reinvite_again(cx),
        }
    }

    /// The peer has no such dialog any more, or does not answer in it.
    pub(super) fn on_dialog_gone(&mut self, cx: &mut Cx<'_>, dialog: Key) {
        if self.dialog == Some(dialog) {
            self.end(cx, EndReason::Lost);
        }
    }

    /// It rang for too long.
    fn on_ring_timeout(&mut self, cx: &mut Cx<'_>) {
        match &self.phase {
            Phase::Inviting { .. } => self.give_up(cx),
            Phase::Incoming { server } => {
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
    pub(in crate::manager) fn hang_up(&mut self, cx: &mut Cx<'_>) {
        self.end(cx, EndReason::Local);
    }

    /// Ends a call in whatever state it is.
    fn end(&mut self, cx: &mut Cx<'_>, reason: EndReason) {
        self.tell_end(cx, reason);
        match &self.phase {
            Phase::Prepared(_) => self.phase = Phase::Over,
            Phase::Inviting { request } => {
                let request = *request;
                // A 2xx that came in already is acknowledged, and its dialog ended.
                cx.requests.stop_judging(&mut cx.io, request);
                cx.requests.cancel(&mut cx.io, request);
            }
            Phase::Incoming { server } => {
                cx.answer(*server, Reply::declining(603, cx.io.config));
            }
            Phase::Up(_) => self.bye(cx),
            Phase::Ending | Phase::Over => {}
        }
    }

    /// Tells the application, unless it has heard the end.
    fn tell(&self, cx: &mut Cx<'_>, event: Event) {
        if !self.quiet {
            cx.tell(event);
        }
    }

    /// Tells the application that the call is over; nothing follows.
    fn tell_end(&mut self, cx: &mut Cx<'_>, reason: EndReason) {
        self.tell(cx, Event::Ended { id: CallId(cx.me), reason });
        self.quiet = true;
    }

    /// The next request in the dialog, and where it goes. RFC 3261 §12.2.1.1.
    fn request(
        &self, cx: &mut Cx<'_>, method: Method<'static>, body: Body,
    ) -> Option<(Draft, Target)> {
        let (mut draft, target) = Draft::of_dialog(cx.dialogs, self.dialog?, method)?;
        draft.original = body;
        if method == Method::INVITE {
            draft.contact = Contact::Value(self.contact.to_vec());
            draft.fields.push(("Allow", cx.io.config.capabilities.allow().into_bytes()));
        }
        Some((draft, target))
    }

    /// A reply with our Contact, which makes the peer's remote target. RFC 3261 §12.1.1.
    fn reply(&self, status: u16) -> Reply {
        let mut reply = Reply::new(status);
        reply.fields.push(("Contact", self.contact.to_vec()));
        reply
    }

    /// 200 with this body. RFC 3261 §13.3.1.4.
    fn success(&self, cx: &Cx<'_>, body: Body) -> Reply {
        let mut reply = self.reply(200);
        reply.fields.push(("Allow", cx.io.config.capabilities.allow().into_bytes()));
        reply.body = body;
        reply
    }
}
