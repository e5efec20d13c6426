//! What a call is made of, and what all its files need.

use super::timer::SessionTimer;
use crate::manager::action::Hop;
use crate::manager::dialogs::Dialogs;
use crate::manager::event::{CallId, EndReason, Event, Misuse};
use crate::manager::own::Own;
use crate::manager::requests::{Answer, Contact, Draft, Purpose};
use crate::manager::serving::Reply;
use crate::manager::slab::Key;
use crate::manager::target::Target;
use crate::manager::usages::cx::Cx;
use crate::{Fields, Method};
use ssa::{Body, CallRef};
use std::time::Duration;

/// Early dialogs of one INVITE. Case T10.
pub(super) const MAX_EARLY: usize = 16;

pub(super) const INVITE: Purpose = Purpose(0);
pub(super) const REINVITE: Purpose = Purpose(1);
pub(super) const BYE: Purpose = Purpose(2);
pub(super) const UPDATE: Purpose = Purpose(3);
pub(super) const PRACK: Purpose = Purpose(4);
/// A PRACK that brings our answer to an offer.
pub(super) const ANSWER_PRACK: Purpose = Purpose(5);

/// Nobody answered an INVITE or a re-INVITE: the caller gives up, the callee declines.
pub(super) const RING: u8 = 0;
/// The INVITE's Expires has passed. RFC 3261 §13.3.1.
pub(super) const EXPIRES: u8 = 1;
/// Send the 2xx again, or the provisional response before it. RFC 3261 §13.3.1.4, RFC 3262 §3.
pub(super) const RESEND: u8 = 2;
/// No ACK came in 64*T1, or no PRACK. RFC 3261 §13.3.1.4, RFC 3262 §3.
pub(super) const NO_ACK: u8 = 3;
/// Try the re-INVITE again after a 491. RFC 3261 §14.1.
pub(super) const AGAIN: u8 = 4;
/// Refresh the session. RFC 4028 §10.
pub(super) const REFRESH: u8 = 5;
/// Nobody has refreshed it. RFC 4028 §10.
pub(super) const SESSION: u8 = 6;
/// The application has not answered an offer of the peer's in time.
pub(super) const UNANSWERED: u8 = 7;

/// A call.
#[derive(Debug)]
pub(in crate::manager) struct InviteUsage {
    pub(super) name: CallRef,
    pub(super) phase: Phase,
    /// The dialog: early for the callee, confirmed for both.
    pub(super) dialog: Option<Key>,
    /// The caller's early dialogs; at most [`MAX_EARLY`].
    pub(super) early: Vec<Early>,
    /// PRACKs of ours that are under way.
    pub(super) pracks: u8,
    /// What we have sent last that a PRACK is owed for.
    pub(super) reliable: Option<Box<Reliable>>,
    /// Our Contact in this call.
    pub(super) contact: Box<[u8]>,
    /// The call that it is to take the place of. RFC 3891.
    pub(super) replaces: Option<CallId>,
    /// How long the session lasts without a refresh.
    pub(super) timer: Option<SessionTimer>,
    /// Whether the peer takes UPDATE.
    pub(super) takes_update: bool,
    /// Whether we called a `sips:` URI.
    pub(super) calls_sips: bool,
    /// Whether we called: who made the Call-ID. RFC 3261 §14.1.
    pub(super) is_caller: bool,
    /// The application has heard the end: no more events.
    pub(super) quiet: bool,
}

/// An early dialog of the caller's. RFC 3261 §12.1.2.
#[derive(Debug)]
pub(super) struct Early {
    pub(super) dialog: Key,
    /// The last status.
    pub(super) status: u16,
    /// The session description that came last; an empty one where it was an offer, once that is
    /// answered. RFC 3261 §13.2.1.
    pub(super) answer: Option<Body>,
    /// The last RSeq that was acknowledged. RFC 3262 §4.
    pub(super) rseq: Option<u32>,
}

/// What we have sent last that a PRACK is owed for.
#[derive(Debug)]
pub(super) struct Reliable {
    pub(super) rseq: u32,
    /// The INVITE's.
    pub(super) cseq: u32,
    pub(super) reply: Reply,
    pub(super) interval: Duration,
    pub(super) is_acknowledged: bool,
}

/// A PRACK that is to bring the answer to an offer in a provisional response. RFC 3262 §5.
#[derive(Clone, Copy, Debug)]
pub(super) struct OwedPrack {
    /// The early dialog.
    pub(super) dialog: Key,
    pub(super) rseq: u32,
    /// The INVITE's.
    pub(super) cseq: u32,
}

/// Where a call is.
#[derive(Debug)]
pub(super) enum Phase {
    /// It was prepared and not sent.
    Prepared(Box<(Draft, Target)>),
    /// Our INVITE is under way; it made an offer, or the peer's is due, and may be owed a PRACK.
    Inviting { request: Key, offered: bool, owed: Option<OwedPrack> },
    /// The peer's INVITE waits for an answer in this server transaction; it made an offer, or ours
    /// is due in the 2xx.
    Incoming { server: Key, offered: bool },
    /// A 2xx has left or come in.
    Up(Session),
    /// Our BYE is under way.
    Ending,
    /// Nothing is left to do.
    Over,
}

/// A confirmed dialog's session.
#[derive(Debug, Default)]
pub(super) struct Session {
    /// Our 2xx that is not acknowledged yet.
    pub(super) unacknowledged: Option<Unacknowledged>,
    pub(super) reinvite: Reinvite,
    /// A BYE with these fields waits for the ACK. RFC 3261 §15.
    pub(super) bye: Option<Fields>,
    /// The CSeq of the ACK whose body is being read: the answer to an offer of ours in a 2xx.
    pub(super) answer_due: Option<u32>,
}

/// A 2xx of ours that is sent again until its ACK comes. RFC 3261 §13.3.1.4.
#[derive(Debug)]
pub(super) struct Unacknowledged {
    pub(super) server: Key,
    pub(super) cseq: u32,
    pub(super) interval: Duration,
    /// Whether the 2xx made an offer, so that the ACK brings the answer. RFC 3261 §13.2.1.
    pub(super) offers: bool,
}

/// A re-INVITE under way. RFC 3261 §14.
#[derive(Debug, Default)]
pub(super) enum Reinvite {
    /// None.
    #[default]
    None,
    /// Ours.
    Ours(Ours),
    /// Ours met the peer's and is tried again later.
    Again(Box<Body>),
    /// The 2xx to ours, or to the INVITE, makes an offer, and its ACK waits for our answer.
    Offered(OwedAck),
    /// The peer's waits for an answer in this server transaction; it made an offer, or ours is due
    /// in the 2xx.
    Theirs { server: Key, offered: bool },
}

/// An ACK that is to bring the answer to an offer in a 2xx. RFC 3261 §13.2.2.4.
#[derive(Debug)]
pub(super) struct OwedAck {
    /// The 2xx.
    pub(super) accepted: Box<Answer>,
    /// Whether the application has answered, and the security manager is asked for what leaves.
    pub(super) is_answered: bool,
}

/// A request of the peer's that waits for our answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waiting {
    /// The INVITE that makes the call.
    Invite,
    /// A re-INVITE.
    Reinvite,
}

/// Our re-INVITE under way.
#[derive(Debug)]
pub(super) struct Ours {
    pub(super) request: Key,
    /// Its body, in case that it meets the peer's.
    pub(super) body: Box<Body>,
    /// Whether it met the peer's before: it is tried again once. RFC 3261 §14.1.
    pub(super) again: bool,
    /// Whether it was taken back.
    pub(super) cancelled: bool,
}

impl InviteUsage {
    pub(in crate::manager) const fn name(&self) -> CallRef {
        self.name
    }

    pub(in crate::manager) const fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over)
    }

    pub(in crate::manager) fn dialogs(&self) -> Vec<Key> {
        self.early.iter().map(|early| early.dialog).chain(self.dialog).collect()
    }

    /// Whether the application may still command it.
    ///
    /// # Errors
    /// [`Misuse::Unknown`].
    pub(in crate::manager) const fn check(&self) -> Result<(), Misuse> {
        if self.quiet { Err(Misuse::Unknown) } else { Ok(()) }
    }

    /// The dialog of a call that is up.
    pub(in crate::manager) const fn confirmed(&self) -> Option<Key> {
        match &self.phase {
            Phase::Up(_) => self.dialog,
            Phase::Prepared(_)
            | Phase::Inviting { .. }
            | Phase::Incoming { .. }
            | Phase::Ending
            | Phase::Over => None,
        }
    }

    /// The hop that the peer is reached over, as far as it is known.
    pub(in crate::manager) fn hop(&self, own: Own<'_>, dialogs: &Dialogs) -> Option<Hop> {
        match &self.phase {
            Phase::Prepared(prepared) => prepared.1.hop(0, own),
            Phase::Inviting { .. }
            | Phase::Incoming { .. }
            | Phase::Up(_)
            | Phase::Ending
            | Phase::Over => Some(dialogs.get(self.dialog?)?.peer),
        }
    }

    /// Which of the peer's requests waits in this server transaction.
    pub(super) fn waiting_in(&self, server: Key) -> Option<Waiting> {
        match &self.phase {
            Phase::Incoming { server: invite, .. } if *invite == server => Some(Waiting::Invite),
            Phase::Up(Session { reinvite: Reinvite::Theirs { server: theirs, .. }, .. })
                if *theirs == server =>
            {
                Some(Waiting::Reinvite)
            }
            Phase::Prepared(_)
            | Phase::Inviting { .. }
            | Phase::Incoming { .. }
            | Phase::Up(_)
            | Phase::Ending
            | Phase::Over => None,
        }
    }

    /// The session of a call that is up.
    pub(super) const fn session(&mut self) -> Option<&mut Session> {
        match &mut self.phase {
            Phase::Up(session) => Some(session),
            Phase::Prepared(_)
            | Phase::Inviting { .. }
            | Phase::Incoming { .. }
            | Phase::Ending
            | Phase::Over => None,
        }
    }

    /// Tells the application, unless it has heard the end.
    pub(super) fn tell(&self, cx: &mut Cx<'_>, event: Event) {
        if !self.quiet {
            cx.tell(event);
        }
    }

    /// Tells the application that the call is over; nothing follows.
    pub(super) fn tell_end(&mut self, cx: &mut Cx<'_>, reason: EndReason) {
        self.tell(cx, Event::Ended { id: CallId(cx.me), reason });
        self.quiet = true;
    }

    /// The next request in the dialog, and where it goes. RFC 3261 §12.2.1.1.
    pub(super) fn request(
        &self, cx: &mut Cx<'_>, method: Method<'static>, body: Body,
    ) -> Option<(Draft, Target)> {
        let (mut draft, target) = Draft::of_dialog(cx.dialogs, self.dialog?, method)?;
        draft.original = body;
        if method == Method::INVITE || method == Method::UPDATE {
            draft.contact = Contact::Value(self.contact.to_vec());
            draft.fields.push(("Allow", cx.io.config.capabilities.allow()));
        }
        Some((draft, target))
    }

    /// A reply with our Contact, which makes the peer's remote target. RFC 3261 §12.1.1.
    pub(super) fn reply(&self, status: u16) -> Reply {
        let mut reply = Reply::new(status);
        if !self.contact.is_empty() {
            reply.fields.push(("Contact", self.contact.to_vec()));
        }
        reply
    }

    /// 200 with this body. RFC 3261 §13.3.1.4.
    pub(super) fn success(&self, cx: &Cx<'_>, server: Key, body: Body) -> Reply {
        let mut reply = self.reply(200);
        reply.fields.push(("Allow", cx.io.config.capabilities.allow()));
        if let Some(served) = cx.serving.get(server) {
            let request = &served.request.message;
            if let Ok(Some(timer)) = SessionTimer::of_request(request) {
                reply.fields.extend(timer.answer(request));
            }
        }
        reply.body = body;
        reply
    }
}
