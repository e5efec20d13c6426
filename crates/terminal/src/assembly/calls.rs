//! The calls of a terminal, from the first INVITE to the end of their media.

use super::assurance::Assurance;
use super::events::Outcome;
use super::standing::Standing;
use crate::error::{Error, Result};
use media_ctl::audio::{Conference, Seat};
use media_ctl::driver::MediaSession;
use sip_core::manager::{CallId, RequestId};
use ssa::CallRef;
use sst::Requirement;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// One call.
pub(super) struct Live {
    pub(super) call: CallRef,
    /// Whether it is placed here.
    #[cfg_attr(
        not(any(feature = "digest", feature = "watch")),
        expect(dead_code, reason = "for what is proved or told of it")
    )]
    pub(super) placed: bool,
    /// The URI that is called, or who calls by what From says.
    #[cfg_attr(
        not(any(feature = "digest", feature = "watch")),
        expect(dead_code, reason = "for what is proved or told of it")
    )]
    pub(super) peer: String,
    /// Whether the callee is being alerted.
    pub(super) rings: bool,
    /// The proofs that were required when it was placed.
    require: Requirement,
    /// Whether the offer is the callee's to make.
    pub(super) late_offer: bool,
    pub(super) media: Option<MediaSession>,
    /// The caller's offer, until it is answered.
    offer: Option<Vec<u8>>,
    /// Whether it has been established.
    up: bool,
    /// Why the callee could not be reached, the last way that was tried.
    unreachable: Option<String>,
    hold: Hold,
    /// Whether what is said here is not to be heard.
    muted: bool,
    /// Its place in the conference that it is in.
    pub(super) seat: Option<Arc<Seat>>,
    /// Who asked for the call, and hears how it goes.
    pub(super) referrer: Option<RequestId>,
    /// Why we hung up, where it was not the user, or what the peer says why it did.
    pub(super) why: Option<Outcome>,
    /// The request that asks whether the peer is there.
    asked: Option<RequestId>,
    /// What its peer has proved.
    standing: Standing,
}

/// Who holds whom.
#[derive(Clone, Copy, Debug, Default)]
struct Hold {
    /// Whether the peer has agreed to be held.
    here: bool,
    /// What the re-INVITE asks for that is under way.
    asked: Option<bool>,
    /// Whether the peer holds us.
    there: bool,
}

impl Live {
    fn new(call: CallRef, placed: bool, peer: String) -> Self {
        Self {
            call,
            placed,
            peer,
            rings: false,
            require: Requirement::NOTHING,
            late_offer: false,
            media: None,
            offer: None,
            up: false,
            unreachable: None,
            hold: Hold::default(),
            muted: false,
            seat: None,
            referrer: None,
            why: None,
            asked: None,
            standing: Standing::default(),
        }
    }

    /// A call that is placed.
    pub(super) fn outgoing(
        call: CallRef, to: String, require: Requirement, media: MediaSession,
    ) -> Self {
        Self { require, media: Some(media), ..Self::new(call, true, to) }
    }

    /// A call that came in.
    pub(super) fn incoming(
        call: CallRef, from: String, offer: Vec<u8>, assurance: &Assurance,
    ) -> Self {
        let mut live = Self { offer: Some(offer), ..Self::new(call, false, from) };
        live.standing.learn(assurance);
        live
    }

    fn sits(&self) -> Option<Sits> {
        let media = self.media.clone()?;
        Some(Sits { media, muted: self.muted, held_by_peer: self.hold.there })
    }

    /// Whether it has been established.
    #[cfg(feature = "watch")]
    pub(super) const fn is_up(&self) -> bool {
        self.up
    }
}

/// What matters of a call that takes a seat or gives it up.
pub(super) struct Sits {
    pub(super) media: MediaSession,
    pub(super) muted: bool,
    pub(super) held_by_peer: bool,
}

/// All calls. The lock is never held across a call into another part.
#[derive(Default)]
pub(super) struct Calls(Mutex<BTreeMap<CallId, Live>>);

impl Calls {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<CallId, Live>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }

    /// Something of each.
    #[cfg(feature = "watch")]
    pub(super) fn each<T>(&self, of: impl Fn(CallId, &Live) -> T) -> Vec<T> {
        self.lock().iter().map(|(id, live)| of(*id, live)).collect()
    }

    /// Whether a call is up.
    #[cfg(feature = "watch")]
    pub(super) fn is_one_up(&self) -> bool {
        self.lock().values().any(|live| live.up)
    }

    pub(super) fn insert(&self, id: CallId, live: Live) {
        self.lock().insert(id, live);
    }

    pub(super) fn remove(&self, id: CallId) -> Option<Live> {
        self.lock().remove(&id)
    }

    /// What a call is called towards the security manager.
    pub(super) fn name(&self, id: CallId) -> Option<CallRef> {
        self.lock().get(&id).map(|live| live.call)
    }

    /// Takes in what is told of a call's peer, and gives what stands; `None` where there is no such
    /// call.
    pub(super) fn learn(&self, id: CallId, told: &Assurance) -> Option<Assurance> {
        Some(self.lock().get_mut(&id)?.standing.learn(told))
    }

    /// A request asks whether the peer of a call is there; `false` where there is no such call.
    pub(super) fn asks(&self, id: CallId, request: RequestId) -> bool {
        self.lock().get_mut(&id).map(|live| live.asked = Some(request)).is_some()
    }

    /// The call whose peer was asked by this request whether it is there: once.
    pub(super) fn answered(&self, request: RequestId) -> Option<CallId> {
        let mut calls = self.lock();
        let (id, live) = calls.iter_mut().find(|(_, live)| live.asked == Some(request))?;
        live.asked = None;
        Some(*id)
    }

    /// Who asked for a call, and hears how it goes.
    pub(super) fn referrer(&self, id: CallId) -> Option<RequestId> {
        self.lock().get(&id)?.referrer
    }

    /// Takes a waiting call's offer out, to be answered once.
    pub(super) fn offer(&self, id: CallId) -> Option<(CallRef, Vec<u8>)> {
        let mut calls = self.lock();
        let live = calls.get_mut(&id)?;
        Some((live.call, live.offer.take()?))
    }

    /// Gives an answered call its media.
    pub(super) fn attach(&self, id: CallId, media: MediaSession) {
        if let Some(live) = self.lock().get_mut(&id) {
            live.media = Some(media);
        }
    }

    pub(super) fn media(&self, id: CallId) -> Option<(CallRef, MediaSession)> {
        let calls = self.lock();
        let live = calls.get(&id)?;
        Some((live.call, live.media.clone()?))
    }

    /// The URI that is called, of a call that was placed.
    #[cfg(feature = "digest")]
    pub(super) fn called(&self, id: CallId) -> Option<String> {
        self.lock().get(&id).filter(|live| live.placed).map(|live| live.peer.clone())
    }

    /// Marks a call whose callee is being alerted.
    pub(super) fn rings(&self, id: CallId) {
        if let Some(live) = self.lock().get_mut(&id) {
            live.rings = true;
        }
    }

    /// Whether a call is placed under our signature.
    pub(super) fn is_signed(&self, id: CallId) -> bool {
        self.required(id) == Requirement::PGP
    }

    /// The proofs that were required of a call when it was placed.
    pub(super) fn required(&self, id: CallId) -> Requirement {
        self.lock().get(&id).map_or(Requirement::NOTHING, |live| live.require)
    }

    /// Whether the offer was left to the callee.
    pub(super) fn has_late_offer(&self, id: CallId) -> bool {
        self.lock().get(&id).is_some_and(|live| live.late_offer)
    }

    /// Marks a call as established; `false` if it was, or is over.
    pub(super) fn comes_up(&self, id: CallId) -> bool {
        self.lock().get_mut(&id).is_some_and(|live| !std::mem::replace(&mut live.up, true))
    }

    /// Whether a call is up, and has media.
    pub(super) fn is_up(&self, id: CallId) -> bool {
        self.lock().get(&id).is_some_and(|live| live.up && live.media.is_some())
    }

    /// Notes whether what is said here is to be heard in a call, and gives its media and its seat.
    ///
    /// # Errors
    /// [`Error::NotNow`] where it has no media.
    pub(super) fn mute(&self, id: CallId, mute: bool) -> Result<(MediaSession, Option<Arc<Seat>>)> {
        let mut calls = self.lock();
        let live = calls.get_mut(&id).ok_or(Error::NotNow("the call is over"))?;
        let media = live.media.clone().ok_or(Error::NotNow("the call is not answered yet"))?;
        live.muted = mute;
        Ok((media, live.seat.clone()))
    }

    /// The conference that a call is in.
    pub(super) fn conference(&self, id: CallId) -> Option<Conference> {
        self.lock().get(&id)?.seat.as_ref().map(|seat| seat.conference().clone())
    }

    /// The calls in a conference.
    pub(super) fn members(&self, conference: &Conference) -> Vec<CallId> {
        let is_in =
            |live: &Live| live.seat.as_ref().is_some_and(|it| it.conference() == conference);
        self.lock().iter().filter(|(_, live)| is_in(live)).map(|(id, _)| *id).collect()
    }

    /// Gives a call a seat, and tells what matters there; `None` where it is over.
    pub(super) fn sit(&self, id: CallId, seat: &Arc<Seat>) -> Option<Sits> {
        let mut calls = self.lock();
        let live = calls.get_mut(&id)?;
        let sits = live.sits()?;
        live.seat = Some(Arc::clone(seat));
        Some(sits)
    }

    /// Takes a call's seat from it; `None` where it has none.
    pub(super) fn rise(&self, id: CallId) -> Option<(Arc<Seat>, Sits)> {
        let mut calls = self.lock();
        let live = calls.get_mut(&id)?;
        Some((live.seat.take()?, live.sits()?))
    }

    /// A call's seat, where it has one.
    pub(super) fn seat(&self, id: CallId) -> Option<Arc<Seat>> {
        self.lock().get(&id)?.seat.clone()
    }

    /// Notes that the peer is to be held, or no longer, and gives the media that is to be offered.
    ///
    /// # Errors
    /// [`Error::TryAgain`] while the peer is asked already; [`Error::NotNow`] where it is so, or
    /// the call is not up.
    pub(super) fn ask_hold(&self, id: CallId, hold: bool) -> Result<MediaSession> {
        let mut calls = self.lock();
        let live = calls.get_mut(&id).ok_or(Error::NotNow("the call is over"))?;
        let media = live.media.clone().filter(|_| live.up);
        let media = media.ok_or(Error::NotNow("the call is not up yet"))?;
        if live.hold.asked.is_some() {
            return Err(Error::TryAgain);
        }
        if live.hold.here == hold {
            let so = if hold { "the peer is on hold already" } else { "the peer is not on hold" };
            return Err(Error::NotNow(so));
        }
        live.hold.asked = Some(hold);
        Ok(media)
    }

    /// What the peer was asked for, now that it has agreed to it or not; `None` where it was asked
    /// for nothing.
    pub(super) fn hold_answered(&self, id: CallId, agreed: bool) -> Option<bool> {
        let mut calls = self.lock();
        let hold = &mut calls.get_mut(&id)?.hold;
        let asked = hold.asked.take()?;
        if agreed {
            hold.here = asked;
        }
        Some(asked)
    }

    /// Notes whether the peer holds us, and says whether that is new.
    pub(super) fn peer_holds(&self, id: CallId, holds: bool) -> bool {
        let mut calls = self.lock();
        let Some(live) = calls.get_mut(&id) else { return false };
        std::mem::replace(&mut live.hold.there, holds) != holds
    }

    /// Notes with which status a call that waits to be answered is refused.
    pub(super) fn refuse(&self, id: CallId, status: u16) {
        if let Some(live) = self.lock().get_mut(&id).filter(|live| live.offer.is_some()) {
            live.why = Some(Outcome::Refused(status));
        }
    }

    /// Notes why the callee could not be reached one way.
    pub(super) fn learn_unreachable(&self, id: CallId, reason: String) {
        if let Some(live) = self.lock().get_mut(&id) {
            live.unreachable = Some(reason);
        }
    }

    /// Why the callee could not be reached, where that is known.
    pub(super) fn unreachable(&self, id: CallId) -> Option<String> {
        self.lock().get(&id)?.unreachable.clone()
    }

    /// Notes why we are about to hang up, or what the peer says why it does.
    pub(super) fn note(&self, id: CallId, why: Outcome) {
        if let Some(live) = self.lock().get_mut(&id) {
            live.why = Some(why);
        }
    }
}
