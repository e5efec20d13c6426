//! A call: what holds an INVITE, its dialog and the requests in it together.
//!
//! ```text
//!   prepare ─▶ Prepared ── invite ──▶ Inviting ── 2xx ──▶ Up ── BYE ──▶ Ending ─▶ gone
//!                                        │ CANCEL, failure ─▶ gone   ▲
//!   INVITE ─────────────────────────▶ Incoming ── accept ────────────┘ (Up)
//!                                        │ CANCEL, reject ─▶ gone
//! ```

use super::action::{Action, Arrival, Hop};
use super::core::SipManager;
use super::event::{CallId, EndReason, Event, Misuse};
use super::outgoing::{Contact, Draft};
use super::own::Own;
use super::slab::Key;
use super::target::Target;
use super::timers::{CallTimer, Due};
use super::uas::Kind;
use crate::Method;
use crate::dialog::Dialog;
use ssa::{Body, CallRef, InDialog};
use std::time::{Duration, Instant};

/// A call.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) reference: CallRef,
    pub(super) phase: Phase,
    pub(super) dialog: Option<Box<Dialog>>,
    /// Where the call is filed among the dialogs.
    pub(super) filed: Option<u64>,
    /// The hop that the peer is reached over.
    pub(super) peer: Option<Hop>,
    /// Our Contact in this call.
    pub(super) contact: Box<[u8]>,
    /// Whether we called: who made the Call-ID. RFC 3261 §14.1.
    pub(super) caller: bool,
    /// The application has heard the end: no more events.
    pub(super) quiet: bool,
}

/// Where a call is.
#[derive(Debug)]
pub(super) enum Phase {
    /// It was prepared and not sent.
    Prepared(Box<(Draft, Target)>),
    /// Our INVITE is under way.
    Inviting(Inviting),
    /// The peer's INVITE waits for an answer in this server transaction.
    Incoming { server: Key },
    /// A 2xx has left or come in.
    Up(Session),
    /// Our BYE is under way, or the peer's is being answered.
    Ending,
}

/// Our INVITE under way.
#[derive(Debug)]
pub(super) struct Inviting {
    pub(super) exchange: Key,
    /// Hashes of the To tags of early dialogs, each with the last status; at most [`MAX_EARLY`].
    pub(super) early: Vec<(u64, u16)>,
    pub(super) cancel: Cancel,
}

impl Inviting {
    /// Notes a provisional response of the early dialog with this To tag; whether it says anything
    /// new. Those of one early dialog too many say nothing.
    pub(super) fn makes_progress(&mut self, tag: u64, status: u16) -> bool {
        if let Some((_, last)) = self.early.iter_mut().find(|(known, _)| *known == tag) {
            return std::mem::replace(last, status) != status;
        }
        let room = self.early.len() < MAX_EARLY;
        if room {
            self.early.push((tag, status));
        }
        room
    }
}

/// Early dialogs of one INVITE. Case T10.
const MAX_EARLY: usize = 16;

/// How far a cancellation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cancel {
    /// Nobody wants it.
    No,
    /// It waits for the first provisional response. RFC 3261 §9.1.
    Wanted,
    /// It was sent.
    Sent,
}

/// A confirmed dialog's session.
#[derive(Debug, Default)]
pub(super) struct Session {
    /// Our 2xx that is not acknowledged yet.
    pub(super) unacknowledged: Option<Unacknowledged>,
    pub(super) reinvite: Reinvite,
    /// A BYE waits for the ACK. RFC 3261 §15.
    pub(super) bye: bool,
}

/// A 2xx of ours that is sent again until its ACK comes. RFC 3261 §13.3.1.4.
#[derive(Debug)]
pub(super) struct Unacknowledged {
    pub(super) server: Key,
    pub(super) cseq: u32,
    pub(super) interval: Duration,
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
    /// The peer's waits for an answer.
    Theirs(Key),
}

/// Our re-INVITE under way.
#[derive(Debug)]
pub(super) struct Ours {
    pub(super) exchange: Key,
    /// Its body, in case that it meets the peer's.
    pub(super) body: Box<Body>,
    /// Whether it met the peer's before: it is tried again once. RFC 3261 §14.1.
    pub(super) again: bool,
    pub(super) cancel: Cancel,
}

impl Call {
    /// The session of a call that is up.
    pub(super) const fn session(&mut self) -> Option<&mut Session> {
        match &mut self.phase {
            Phase::Up(session) => Some(session),
            Phase::Prepared(_) | Phase::Inviting(_) | Phase::Incoming { .. } | Phase::Ending => {
                None
            }
        }
    }

    /// The hop that the peer is reached over, as far as it is known.
    pub(super) fn hop(&self, own: Own<'_>) -> Option<Hop> {
        match &self.phase {
            Phase::Prepared(prepared) => prepared.1.hop(0, own),
            Phase::Inviting(_) | Phase::Incoming { .. } | Phase::Up(_) | Phase::Ending => self.peer,
        }
    }

    /// Whether a request came as the dialog's requests do: over its connection, from the address
    /// that its messages came from, or from the one that ours go to. These two differ where a
    /// proxy on the way did not record the route.
    fn is_from_peer(&self, arrival: &Arrival) -> bool {
        let Some(peer) = self.peer else { return false };
        let same_flow = arrival.transport.is_reliable() && peer.flow == Some(arrival.flow);
        let first_hop = self.dialog.as_ref().and_then(|dialog| {
            let route = dialog.route();
            Target::in_dialog(route.first_hop(), &peer).address()
        });
        let source = arrival.source.ip();
        same_flow || source == peer.remote.ip() || first_hop == Some(source)
    }

    /// The next request in the dialog, and where it goes. RFC 3261 §12.2.1.1.
    pub(super) fn request(
        &mut self, method: Method<'static>, body: Body,
    ) -> Option<(Draft, Target)> {
        let peer = self.peer?;
        let dialog = self.dialog.as_mut()?;
        let cseq = dialog.next_cseq();
        let (mut draft, target) = Draft::in_dialog(dialog, &peer, method, cseq);
        draft.original = body;
        if method == Method::INVITE {
            draft.contact = Contact::Value(self.contact.to_vec());
        }
        Some((draft, target))
    }
}

impl SipManager {
    /// The call, for a command.
    pub(super) fn call_mut(&mut self, id: CallId) -> Result<&mut Call, Misuse> {
        self.calls.get_mut(id.0).filter(|call| !call.quiet).ok_or(Misuse::Unknown)
    }

    /// Whether a request of this kind is in a dialog, and came as that dialog's requests do.
    pub(super) fn in_dialog(&self, kind: Kind, arrival: &Arrival) -> InDialog {
        let (Kind::Reinvite { call } | Kind::Bye { call }) = kind else { return InDialog::No };
        match self.calls.get(call) {
            Some(call) if call.is_from_peer(arrival) => InDialog::FromPeer,
            Some(_) | None => InDialog::FromElsewhere,
        }
    }

    /// Adds a call.
    pub(super) fn insert_call(&mut self, call: Call) -> Key {
        let reference = call.reference;
        let key = self.calls.insert(call);
        self.references.insert(reference, key);
        key
    }

    /// Whether a call, a request of ours or one of a peer's goes on under this name.
    pub(super) fn is_held(&self, name: CallRef) -> bool {
        self.references.contains_key(&name)
            || self.servers.are_serving(name)
            || self.exchanges.iter().any(|(_, exchange)| exchange.call == name)
            || self.registrations.iter().any(|(_, registration)| registration.call == name)
    }

    /// Tells the security manager that a call is over, once nothing goes on under its name.
    pub(super) fn release(&mut self, name: CallRef) {
        if !self.is_held(name) {
            self.io.actions.push_back(Action::Abandon(name));
        }
    }

    /// Removes a call with all that belongs to it, and tells the security manager.
    pub(super) fn forget_call(&mut self, key: Key) {
        if let Some(call) = self.take_call(key) {
            self.release(call.reference);
        }
    }

    /// Removes a call with its timers and its place among the dialogs.
    pub(super) fn take_call(&mut self, key: Key) -> Option<Call> {
        for timer in CallTimer::ALL {
            self.io.timers.stop(Due::Call(key, timer));
        }
        let call = self.calls.remove(key)?;
        self.references.remove(&call.reference);
        if let Some(hash) = call.filed
            && self.dialogs.get(&hash) == Some(&key)
        {
            self.dialogs.remove(&hash);
        }
        Some(call)
    }

    /// Tells the application of a call, unless it has heard the end.
    pub(super) fn tell_of(&mut self, key: Key, event: Event) {
        if self.calls.get(key).is_some_and(|call| !call.quiet) {
            self.io.tell(event);
        }
    }

    /// Tells the application that a call is over; nothing follows.
    pub(super) fn tell_end(&mut self, key: Key, reason: EndReason) {
        self.tell_of(key, Event::Ended { id: CallId(key), reason });
        if let Some(call) = self.calls.get_mut(key) {
            call.quiet = true;
        }
    }

    /// Ends a call: CANCEL, BYE, or 603, by its state. The application hears
    /// [`Event::Ended`] at once; what is owed to the peer goes on.
    ///
    /// # Errors
    /// [`Misuse::Unknown`].
    pub fn hang_up(&mut self, now: Instant, id: CallId) -> Result<(), Misuse> {
        self.call_mut(id)?;
        self.end_call(now, id.0, EndReason::Local);
        self.settle(now);
        Ok(())
    }

    /// Ends a call in whatever state it is.
    pub(super) fn end_call(&mut self, now: Instant, key: Key, reason: EndReason) {
        self.tell_end(key, reason);
        let Some(call) = self.calls.get(key) else { return };
        match &call.phase {
            Phase::Prepared(_) => self.forget_call(key),
            Phase::Inviting(_) => self.cancel_invite(now, key),
            Phase::Incoming { server } => self.decline(now, *server, 603),
            Phase::Up(_) => self.bye(now, key),
            Phase::Ending => {}
        }
    }

    /// A call's timer fired.
    pub(super) fn on_call_timer(&mut self, now: Instant, key: Key, timer: CallTimer) {
        match timer {
            CallTimer::Ring => self.on_ring_timeout(now, key),
            CallTimer::Cancel => self.on_cancel_timeout(key),
            CallTimer::Resend => self.resend_2xx(now, key),
            CallTimer::NoAck => self.on_no_ack(now, key),
            CallTimer::Reinvite => self.reinvite_again(now, key),
        }
    }
}
