//! Hold, ours and the peer's: offers in re-INVITEs that say who sends. RFC 3264 §8.4, RFC 5359 §2.1.
//!
//! ```text
//!   hold(true) ─ re-INVITE, a=sendonly ─▶ 2xx: Held ─ hold(false), a=sendrecv ─▶ 2xx: Resumed
//!                         └── else: HoldFailed, all is as it was
//! ```
//!
//! Who is held need not send anything: such a call does not end for want of media.

use super::events::Event;
use super::shared::{Shared, sdp};
use super::terminal::Terminal;
use crate::error::{Error, Result};
use media_ctl::driver::MediaSession;
use sip_core::manager::{CallId, Cause, Misuse};
use ssa::Body;

impl Terminal {
    /// Holds the peer, which then hears silence and is asked to send nothing, or no longer does.
    /// [`Event::Held`], [`Event::Resumed`] or [`Event::HoldFailed`] follows.
    ///
    /// # Errors
    /// [`Error::TryAgain`] while either side changes the call; [`Error::NotNow`] where the call is
    /// not up, or the peer is held or not held already; the security manager's, where it forbids
    /// media.
    pub fn hold(&self, id: CallId, hold: bool) -> Result<()> {
        let shared = &self.shared;
        let media = shared.calls.ask_hold(id, hold)?;
        media.set_hold(hold);
        shared.reoffer(id, &media).inspect_err(|_| {
            media.set_hold(!hold);
            shared.calls.hold_answered(id, false);
        })
    }
}

impl Shared {
    /// Offers the peer media anew.
    fn reoffer(&self, id: CallId, media: &MediaSession) -> Result<()> {
        let offer = media.offer().map_err(|error| match error {
            // An offer of ours that the peer asked for waits to be answered.
            media_ctl::Error::Misuse(media_ctl::Misuse::OfferPending) => Error::TryAgain,
            other => Error::invalid(other),
        })?;
        self.endpoint.reinvite(id, sdp(offer)).map_err(|misuse| {
            media.withdraw_offer();
            match misuse {
                Misuse::Pending => Error::TryAgain,
                Misuse::Unknown => Error::NotNow("the call is over"),
                other => Error::invalid(other),
            }
        })
    }

    /// The peer accepted our re-INVITE: media flows as agreed anew. One that only refreshed the
    /// session changes nothing that is to be told.
    pub(super) fn reinvite_answered(&self, id: CallId, body: &Body) -> Option<Event> {
        let (_, media) = self.calls.media(id)?;
        if let Err(error) = media.accept_answer(&body.octets).and_then(|()| media.start()) {
            return self.give_up(id, error);
        }
        let held = self.calls.hold_answered(id, true)?;
        Some(if held { Event::Held { id } } else { Event::Resumed { id } })
    }

    /// The peer did not accept our re-INVITE, or took back its own.
    pub(super) fn reinvite_failed(&self, id: CallId, cause: Cause) -> Option<Event> {
        let (_, media) = self.calls.media(id)?;
        media.withdraw_offer();
        let hold = self.calls.hold_answered(id, false)?;
        media.set_hold(!hold);
        Some(Event::HoldFailed { id, hold, cause })
    }

    /// Tells of a peer that holds us since what was agreed last, or no longer does.
    pub(super) fn held_by_peer(&self, id: CallId, media: &MediaSession) -> Option<Event> {
        let holds = !media.direction()?.sends();
        let is_new = self.calls.peer_holds(id, holds);
        if let Some(seat) = self.calls.seat(id) {
            // Others need not hear its music.
            seat.set_unheard(holds);
        }
        let event = if holds { Event::PeerHeld { id } } else { Event::PeerResumed { id } };
        is_new.then_some(event)
    }
}
