//! From the SIP manager's events to the terminal's: where a call's media begins and ends.

use super::calls::Live;
use super::causes::in_words;
use super::events::{Event, Outcome, Transfer, UNREAD};
use super::life::watch_media;
use super::said::Said;
use super::shared::{Shared, answer_or_offer, sdp};
use super::{dtmf, explained};
use crate::error::plain;
use crate::record::{clean, redacted};
use media_ctl::driver::MediaSession;
use sip_core::driver::Events;
use sip_core::manager::{CallId, Cause, Event as Sip, Prepared, RequestId};
use sip_core::{ContentType, Method};
use ssa::{Body, CallRef};
use std::net::SocketAddr;
use std::sync::Arc;
#[cfg(feature = "digest")]
use std::sync::PoisonError;
use tokio::sync::mpsc::Sender;

/// Runs until the SIP manager has shut down.
pub(super) async fn pump(shared: Arc<Shared>, mut sip: Events, out: Sender<Event>) {
    while let Some(event) = sip.next().await {
        if let Sip::Incoming { id, .. } = event
            && out.capacity() < UNREAD / 2
        {
            // The other half is for what becomes of the calls that are known. A call that is over
            // needs no answer.
            _ = shared.endpoint.reject(id, 503);
            continue;
        }
        let event = shared.on(event, &out);
        shared.tell_of_calls(event.as_ref());
        if let Some(event) = event {
            // Nobody has to listen; the calls go on.
            drop(out.try_send(event));
        }
    }
}

impl Shared {
    fn on(self: &Arc<Self>, event: Sip, out: &Sender<Event>) -> Option<Event> {
        if let Sip::Received { within: Some(id), .. } | Sip::ReinviteAnswered { id, .. } = &event {
            self.is_there(*id);
        }
        match event {
            Sip::Incoming { id, call, from, body, source, replaces, .. } => {
                self.incoming((id, call, replaces), from, body, source)
            }
            Sip::Ringing { id, status, answer } => {
                tracing::info!(status = in_words(status), "the call makes progress");
                self.calls.rings(id);
                if let Some(answer) = answer {
                    self.early_media(id, &answer);
                }
                self.tell_referrer(self.calls.referrer(id), status);
                Some(Event::Ringing { id })
            }
            Sip::Redirected { id, to } => Some(Event::Redirected { id, to }),
            Sip::Offered { id, body } => {
                tracing::info!(octets = body.octets.len(), "the callee makes its offer");
                self.offered(id, &body)
            }
            Sip::AnswerTaken { id } => {
                if let Some((_, media)) = self.calls.media(id) {
                    start_early(&media);
                }
                None
            }
            Sip::Answered { id, body } => {
                tracing::info!(octets = body.octets.len(), "the call is answered");
                self.answered(id, &body, out)
            }
            Sip::Confirmed { id, answer } => {
                tracing::info!("our answer is acknowledged");
                self.confirmed(id, answer, out)
            }
            Sip::Reinvited { id, body } => {
                self.is_there(id);
                self.reinvited(id, &body);
                None
            }
            Sip::RefreshDue { id } => {
                self.refresh(id);
                None
            }
            Sip::ReinviteAnswered { id, body } => self.reinvite_answered(id, &body),
            Sip::ReinviteFailed { id, cause } => self.reinvite_failed(id, cause),
            Sip::Explained { id, why } => {
                if let Some(why) = explained::in_words(&why) {
                    self.calls.note(id, Outcome::Explained(why));
                }
                None
            }
            Sip::Ended { id, reason } => self.over(id, Outcome::Ended(reason)),
            Sip::Failed { id, cause } => self.over(id, self.failed(id, cause)),
            Sip::Unreachable { call, reason } => {
                let reason = clean(&plain(&reason));
                match call {
                    Some(id) => self.calls.learn_unreachable(id, reason),
                    None => tracing::warn!("{reason}"),
                }
                None
            }
            Sip::Registered { id, ref aor, expires, reg_id, outbound, seen, .. } => {
                let aor = aor.clone();
                self.told_of_flow(&event);
                let failed = [self.subscribe_to_messages(&aor), self.publish(&aor)];
                for event in failed.into_iter().flatten() {
                    // Nobody has to listen.
                    drop(out.try_send(event));
                }
                let reg_id = outbound.then_some(reg_id);
                Some(Event::Registered { id, aor, expires, reg_id, seen })
            }
            Sip::Renewing { id, aor, why } => Some(Event::Renewing { id, aor, why }),
            Sip::RegistrationFailed { id, ref aor, reg_id, stands, cause } => {
                let aor = aor.clone();
                self.told_of_flow(&event);
                let reg_id = stands.then_some(reg_id);
                Some(Event::NotRegistered { id, aor, reg_id, cause })
            }
            Sip::Unregistered { id, ref aor, taken_back } => {
                let aor = aor.clone();
                self.told_of_flow(&event);
                // Why it did not stand was told before.
                taken_back.then_some(Event::Unregistered { id, aor })
            }
            Sip::Received { id, within, method: Method::INFO, body, .. } => {
                self.info(id, within, &body)
            }
            Sip::Referred { id, within: Some(within), to, by, .. } => {
                Some(Event::TransferAsked(Transfer { id, within, to, by }))
            }
            // None is let in from outside a call, and none is sent there.
            Sip::Referred { id, within: None, .. } => {
                _ = self.endpoint.decline(id, 403);
                None
            }
            Sip::ReferNotified { within, status, is_final, .. } => {
                Some(Event::of_transfer(within?, status, is_final))
            }
            Sip::ReferFailed { within, cause, .. } => {
                Some(Event::NotTransferred { id: within?, cause })
            }
            Sip::Received { id, within, call, from, body, source, .. } => {
                let text = self.text(id, body)?;
                let assurance = self.assurance_of(call);
                Some(Event::Message { within, from: redacted(&from), source, text, assurance })
            }
            #[cfg(feature = "watch")]
            Sip::Subscription { id, news } if self.watches.has(id) => self.watched(id, news),
            Sip::Subscription { id, news } => self.mailbox(id, news),
            #[cfg(feature = "watch")]
            Sip::Subscriber { id, news } => self.subscriber(id, news),
            #[cfg(feature = "watch")]
            Sip::Publication { id, news } => self.published(id, news),
            // Nothing can be subscribed to here, and nothing is published.
            #[cfg(not(feature = "watch"))]
            Sip::Subscriber { .. } | Sip::Publication { .. } => None,
            // Nothing is sent whose response is wanted.
            Sip::Responded { .. } => None,
            Sip::RequestAnswered { id, outcome } if self.asked(id, outcome) => None,
            Sip::RequestAnswered { id, outcome } => Some(Event::RequestAnswered { id, outcome }),
        }
    }

    /// How a call failed, with what is known of it beside the cause.
    fn failed(&self, id: CallId, cause: Cause) -> Outcome {
        let signed = cause == Cause::Status(403) && self.calls.is_signed(id);
        match (cause, self.calls.unreachable(id)) {
            _ if signed => Outcome::Unbelieved,
            (Cause::Transport, Some(reason)) => Outcome::Unreachable(reason),
            (cause, _) => Outcome::Failed(cause),
        }
    }

    fn incoming(
        &self, (id, call, replaces): (CallId, CallRef, Option<CallId>), from: String, body: Body,
        source: SocketAddr,
    ) -> Option<Event> {
        let assurance = self.assurance_of(call);
        if replaces.is_some_and(|replaced| !self.may_replace(replaced, &assurance)) {
            _ = self.endpoint.reject(id, 403);
            return None;
        }
        let (from, asserted) = (redacted(&from), self.asserted(id));
        self.calls.insert(id, Live::incoming(call, from.clone(), body.octets, &assurance));
        let said = self.endpoint.invitation(id).as_ref().map(Said::of).unwrap_or_default();
        Some(Event::Incoming { id, from, source, said, asserted, assurance, replaces })
    }

    /// A digit is told; what else INFO may carry, nobody here uses.
    fn info(&self, id: RequestId, within: Option<CallId>, body: &Body) -> Option<Event> {
        let digit = dtmf::read(body);
        // One that is answered already is told of by nobody else.
        _ = self.endpoint.reply(id, if digit.is_some() { 200 } else { 415 });
        Some(Event::Dtmf { id: within?, digit: digit? })
    }

    /// The text of a request that stands for itself; what else there is, nobody here uses.
    fn text(&self, id: RequestId, body: Body) -> Option<String> {
        let kind = body.content_type.as_deref().and_then(|kind| ContentType::parse(kind).ok());
        let is_text = kind.is_some_and(|kind| kind.is("text/plain"));
        let text = String::from_utf8(body.octets).ok().filter(|_| is_text);
        let status = match &text {
            Some(_) => 200,
            None => 415,
        };
        // One that is answered already is told of by nobody else.
        _ = self.endpoint.reply(id, status);
        text
    }

    /// What the callee lets be heard before it answers. Where there is none, the call goes on.
    fn early_media(&self, id: CallId, answer: &Body) {
        let Some((_, media)) = self.calls.media(id) else { return };
        if let Some(peer) = self.endpoint.hop(id) {
            media.set_peer_on_loopback(peer.remote.ip().is_loopback());
        }
        match media.accept_early_answer(&answer.octets) {
            Ok(()) => start_early(&media),
            Err(reason) => not_heard(&reason),
        }
    }

    /// The callee made the offer that was left to it: our answer acknowledges it, and that the
    /// callee has it, before the call is answered, is told of.
    fn offered(&self, id: CallId, offer: &Body) -> Option<Event> {
        let (_, media) = self.calls.media(id)?;
        if let Some(peer) = self.endpoint.hop(id) {
            media.set_peer_on_loopback(peer.remote.ip().is_loopback());
        }
        match media.answer(&offer.octets) {
            // Where the call is over meanwhile, there is nothing to answer.
            Ok(answer) => _ = self.endpoint.answer(id, sdp(answer)),
            Err(error) => return self.give_up(id, error),
        }
        None
    }

    fn answered(self: &Arc<Self>, id: CallId, body: &Body, out: &Sender<Event>) -> Option<Event> {
        let (_, media) = self.calls.media(id)?;
        let peer = self.endpoint.hop(id)?;
        media.set_peer_on_loopback(peer.remote.ip().is_loopback());
        // Where the offer was the callee's, ours was the answer.
        let agreed = self.calls.has_late_offer(id);
        match if agreed { Ok(()) } else { media.accept_answer(&body.octets) } {
            Ok(()) => self.established(id, out),
            Err(error) => self.give_up(id, error),
        }
    }

    /// Our 2xx is acknowledged; where it made the offer, this brought the answer.
    fn confirmed(
        self: &Arc<Self>, id: CallId, answer: Option<Body>, out: &Sender<Event>,
    ) -> Option<Event> {
        let (_, media) = self.calls.media(id)?;
        let accepted = answer.map_or(Ok(()), |answer| media.accept_answer(&answer.octets));
        match accepted {
            Ok(()) => self.established(id, out),
            Err(error) => self.give_up(id, error),
        }
    }

    /// Offer and answer are complete and acknowledged: media may flow as agreed, if the security
    /// manager gives its guard. The first time, the call is up; later, the peer may hold us.
    fn established(self: &Arc<Self>, id: CallId, out: &Sender<Event>) -> Option<Event> {
        let (call, media) = self.calls.media(id)?;
        if let Err(error) = media.start() {
            return self.give_up(id, error);
        }
        if self.calls.comes_up(id) {
            let watch = watch_media(Arc::clone(self), id, media.clone(), out.downgrade());
            self.media.runtime.spawn(Box::pin(watch));
            self.tell_referrer(self.calls.referrer(id), 200);
            let assurance = self.assurance(Prepared { id, call });
            self.calls.learn(id, &assurance);
            // Nobody has to listen.
            drop(out.try_send(Event::Established { id, assurance }));
        }
        self.held_by_peer(id, &media)
    }

    /// Ends a call whose media cannot be; `Over` follows.
    pub(super) fn give_up(&self, id: CallId, error: media_ctl::Error) -> Option<Event> {
        // Where the peer's BYE came right behind its ACK, the call is over for its own reason, and
        // the security manager has forgotten it already.
        let why = Outcome::Media(error.to_string());
        if self.hang_up_for(id, &why).is_ok() {
            self.calls.note(id, why);
        }
        None
    }

    fn reinvited(&self, id: CallId, body: &Body) {
        let Some((_, media)) = self.calls.media(id) else {
            return;
        };
        // Where the call is over meanwhile, there is nothing to answer.
        match answer_or_offer(&media, &body.octets) {
            // Its keys are made as the answer leaves: the ACK starts it.
            Ok(answer) => _ = self.endpoint.accept_reinvite(id, sdp(answer)),
            Err(error) => _ = self.endpoint.reject(id, error.status()),
        }
    }

    /// Offers the session as it is: the peer takes no UPDATE. RFC 4028 §7.4.
    fn refresh(&self, id: CallId) {
        let Some((_, media)) = self.calls.media(id) else { return };
        // While another offer is under way, that one refreshes.
        let Ok(offer) = media.offer() else { return };
        if self.endpoint.reinvite(id, sdp(offer)).is_err() {
            media.withdraw_offer();
        }
    }

    /// The call is over: its media stops.
    ///
    /// The security manager is not told here: a BYE, or the answer to one, is still to be signed.
    /// The SIP manager's `abandon` tells it when the call's last exchange is over.
    pub(super) fn over(&self, id: CallId, outcome: Outcome) -> Option<Event> {
        let mut live = self.calls.remove(id)?;
        let conference = live.seat.take().map(|seat| seat.conference().clone());
        let mut outcome = live.why.unwrap_or(outcome);
        // One that was up has told it.
        self.tell_referrer(live.referrer, outcome.status().unwrap_or(503));
        let stats = live.media.as_ref().map(|media| match media.stop() {
            Ok(stats) => stats,
            Err(error) => {
                outcome = Outcome::Media(format!("the recording failed: {error}"));
                media.stats()
            }
        });
        conference.iter().for_each(|conference| self.dissolve(conference));
        Some(Event::Over { id, outcome, stats: stats.unwrap_or_default() })
    }
}

/// Lets be heard what comes before the call is answered. Where that cannot be, the call goes on.
fn start_early(media: &MediaSession) {
    if let Err(reason) = media.start_early() {
        not_heard(&reason);
    }
}

fn not_heard(reason: &media_ctl::Error) {
    tracing::info!(%reason, "what comes before the answer is not heard");
}

#[cfg(feature = "watch")]
impl Shared {
    /// Tells of our calls, where that is wanted, after what happened.
    pub(super) fn tell_of_calls(&self, event: Option<&Event>) {
        let over = match event {
            Some(Event::Over { id, outcome, .. }) => Some((*id, outcome)),
            Some(_) | None => None,
        };
        self.tell_watchers(over);
        self.republish();
    }
}

#[cfg(not(feature = "watch"))]
impl Shared {
    /// Nothing is published.
    fn publish(&self, _: &str) -> Option<Event> {
        None
    }

    /// Nobody is told.
    pub(super) fn tell_of_calls(&self, _: Option<&Event>) {}
}

#[cfg(feature = "digest")]
impl Shared {
    /// Tells the security manager what an account admits, after what was heard of its flows.
    fn told_of_flow(&self, event: &Sip) {
        let mut flows = self.flows.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((aor, admitted)) = flows.after(event) {
            self.telephony.registered(aor, admitted);
        }
    }
}

#[cfg(not(feature = "digest"))]
impl Shared {
    /// There is no security manager to tell.
    fn told_of_flow(&self, _: &Sip) {}
}
