//! Changing a session: re-INVITE, ours and the peer's. RFC 3261 §14.

use super::action::Hop;
use super::call::{Cancel, Ours, Phase, Reinvite};
use super::core::SipManager;
use super::event::{CallId, Cause, EndReason, Event, Misuse};
use super::exchange::{Outcome, Owner, State};
use super::outgoing::{ALLOW, Reply};
use super::slab::Key;
use super::timers::{CallTimer, Due};
use super::uas::{Serving, Step};
use crate::{Message, Method};
use ssa::Body;
use std::time::{Duration, Instant};

impl SipManager {
    /// Asks the peer to change the session.
    ///
    /// # Errors
    /// [`Misuse::Unknown`]; [`Misuse::WrongState`] before the call is up; [`Misuse::Pending`]
    /// while a re-INVITE of either side, or the ACK to our answer, is awaited.
    pub fn reinvite(&mut self, now: Instant, id: CallId, body: Body) -> Result<(), Misuse> {
        let session = self.call_mut(id)?.session().ok_or(Misuse::WrongState)?;
        let idle = matches!(session.reinvite, Reinvite::None);
        if !idle || session.unacknowledged.is_some() {
            return Err(Misuse::Pending);
        }
        self.send_reinvite(now, id.0, body, false);
        self.settle(now);
        Ok(())
    }

    fn send_reinvite(&mut self, now: Instant, key: Key, body: Body, again: bool) {
        let Some(call) = self.calls.get_mut(key) else { return };
        let reference = call.reference;
        let Some((draft, target)) = call.request(Method::INVITE, body.clone()) else { return };
        let exchange = self.begin(now, Owner::Reinvite(key), reference, draft, target);
        let ours = Ours { exchange, body: Box::new(body), again, cancel: Cancel::No };
        self.set_reinvite(key, Reinvite::Ours(ours));
        self.io.timers.start(Due::Call(key, CallTimer::Ring), now + self.config.ring);
    }

    fn set_reinvite(&mut self, key: Key, reinvite: Reinvite) {
        if let Some(session) = self.calls.get_mut(key).and_then(|call| call.session()) {
            session.reinvite = reinvite;
        }
    }

    fn ours(&mut self, key: Key) -> Option<&mut Ours> {
        match &mut self.calls.get_mut(key)?.session()?.reinvite {
            Reinvite::Ours(ours) => Some(ours),
            Reinvite::None | Reinvite::Again(_) | Reinvite::Theirs(_) => None,
        }
    }

    fn fail_reinvite(&mut self, key: Key, cause: Cause) {
        self.tell_of(key, Event::ReinviteFailed { id: CallId(key), cause });
    }

    /// A re-INVITE, ours or the peer's, was not answered for as long as a call may ring.
    pub(super) fn on_reinvite_timeout(&mut self, now: Instant, key: Key) {
        let Some(session) = self.calls.get_mut(key).and_then(|call| call.session()) else { return };
        match session.reinvite {
            Reinvite::Ours(_) => self.cancel_reinvite(now, key),
            Reinvite::Theirs(server) => {
                session.reinvite = Reinvite::None;
                self.answer(now, server, Reply::new(480));
                self.fail_reinvite(key, Cause::Timeout);
            }
            Reinvite::None | Reinvite::Again(_) => {}
        }
    }

    /// Takes our re-INVITE back, as far as it has come. What became of it, its final response
    /// says: a 2xx may cross the CANCEL, and counts. RFC 3261 §9.1, §14.1.
    fn cancel_reinvite(&mut self, now: Instant, key: Key) {
        let Some(exchange) = self.ours(key).map(|ours| ours.exchange) else { return };
        match self.exchanges.get(exchange).map(|exchange| &exchange.state) {
            Some(State::Trying { client, .. }) => {
                let client = self.clients.get(*client);
                let waits = client.is_some_and(|client| client.is_unanswered());
                let cancel = if waits { Cancel::Wanted } else { Cancel::Sent };
                if let Some(ours) = self.ours(key) {
                    ours.cancel = cancel;
                }
                if !waits {
                    self.cancel_now(now, key, exchange);
                }
            }
            // The 2xx is there already.
            Some(State::Judging(_) | State::Reading(_)) => {}
            Some(State::Locating | State::Encrypting | State::Authorizing(_)) | None => {
                self.drop_exchange(now, exchange);
                self.set_reinvite(key, Reinvite::None);
                self.fail_reinvite(key, Cause::Timeout);
            }
        }
    }

    /// A provisional response to our re-INVITE came in: it may be cancelled now. RFC 3261 §9.1.
    pub(super) fn on_reinvite_progress(&mut self, now: Instant, key: Key) {
        if let Some(ours) = self.ours(key)
            && ours.cancel == Cancel::Wanted
        {
            ours.cancel = Cancel::Sent;
            let exchange = ours.exchange;
            self.cancel_now(now, key, exchange);
        }
    }

    /// RFC 3261 §9.1: no final response in 64*T1 after the CANCEL: it counts as cancelled.
    pub(super) fn on_reinvite_cancel_timeout(&mut self, key: Key) {
        let Some(exchange) = self.ours(key).map(|ours| ours.exchange) else { return };
        if let Some(client) = self.exchanges.remove(exchange).and_then(|it| it.trying()) {
            self.clients.forget(&mut self.io, client);
        }
        self.set_reinvite(key, Reinvite::None);
        self.fail_reinvite(key, Cause::Timeout);
    }

    /// The wait after a 491 is over.
    pub(super) fn reinvite_again(&mut self, now: Instant, key: Key) {
        let Some(session) = self.calls.get_mut(key).and_then(|call| call.session()) else { return };
        match std::mem::take(&mut session.reinvite) {
            Reinvite::Again(body) => self.send_reinvite(now, key, *body, true),
            // Not tried again where the peer's came first.
            other @ (Reinvite::None | Reinvite::Ours(_) | Reinvite::Theirs(_)) => {
                session.reinvite = other;
            }
        }
    }

    /// What became of our re-INVITE.
    pub(super) fn on_reinvited(&mut self, now: Instant, key: Key, outcome: Outcome) {
        let id = CallId(key);
        let Some(session) = self.calls.get_mut(key).and_then(|call| call.session()) else { return };
        let Reinvite::Ours(ours) = std::mem::take(&mut session.reinvite) else { return };
        for timer in [CallTimer::Ring, CallTimer::Cancel] {
            self.io.timers.stop(Due::Call(key, timer));
        }
        match outcome {
            Outcome::Accepted(answer, body) => {
                // RFC 3261 §12.2.1.2: the ACK goes to the new remote target.
                let hop = answer.hop.kept(answer.response.arrival.flow, self.config.own());
                self.refresh_target(key, hop, &answer.response.message);
                self.acknowledge_again(key, &answer);
                self.tell_of(key, Event::ReinviteAnswered { id, body });
            }
            // An answer that must not be believed changes nothing: the session stays as it was.
            Outcome::Untrusted(answer, why) => {
                self.acknowledge_again(key, &answer);
                self.fail_reinvite(key, Cause::Security(why));
            }
            Outcome::Failed(cause, _) => self.on_reinvite_failed(now, key, ours, cause),
        }
    }

    fn on_reinvite_failed(&mut self, now: Instant, key: Key, ours: Ours, cause: Cause) {
        let wanted = ours.cancel == Cancel::No;
        match cause {
            Cause::Status(491) if wanted && !ours.again => self.wait_for_turn(now, key, ours.body),
            Cause::Status(487) if !wanted => self.fail_reinvite(key, Cause::Timeout),
            // RFC 3261 §14.1, §12.2.1.2: the peer has no such dialog, or is gone.
            Cause::Status(481 | 408) | Cause::Timeout => self.end_call(now, key, EndReason::Lost),
            _ => self.fail_reinvite(key, cause),
        }
    }

    /// Takes over a dialog's new remote target, and the hop that it was told over.
    fn refresh_target(&mut self, key: Key, hop: Hop, message: &Message) {
        let Some(call) = self.calls.get_mut(key) else { return };
        call.peer = Some(hop);
        if let Some(dialog) = &mut call.dialog {
            dialog.refresh(message);
        }
    }

    fn acknowledge_again(&mut self, key: Key, answer: &super::exchange::Answer) {
        let Some(call) = self.calls.get(key) else { return };
        if let (Some(dialog), Some(peer)) = (call.dialog.clone(), call.peer) {
            self.acknowledge(answer, &dialog, peer);
        }
    }

    /// Two re-INVITEs met: who made the Call-ID waits 2.1–4 s, the other 0–2 s, in steps of 10 ms.
    /// RFC 3261 §14.1.
    fn wait_for_turn(&mut self, now: Instant, key: Key, body: Box<Body>) {
        let caller = self.calls.get(key).is_some_and(|call| call.caller);
        let random = self.ports.random.next();
        let steps = if caller { 210 + random % 191 } else { random % 201 };
        let Some(session) = self.calls.get_mut(key).and_then(|call| call.session()) else { return };
        session.reinvite = Reinvite::Again(body);
        let at = now + Duration::from_millis(10 * steps);
        self.io.timers.start(Due::Call(key, CallTimer::Reinvite), at);
    }

    /// The peer's re-INVITE came in. RFC 3261 §14.2.
    pub(super) fn on_reinvite(&mut self, now: Instant, server: Key, key: Key, body: Body) {
        let Some(call) = self.calls.get_mut(key) else {
            return self.answer(now, server, Reply::new(481));
        };
        let Phase::Up(session) = &mut call.phase else {
            // The first INVITE has no final response yet, or the call is ending.
            let later = Reply::new(500).retry_after(Duration::from_secs(1));
            return self.answer(now, server, later);
        };
        let waits = match session.reinvite {
            Reinvite::Theirs(_) => {
                let later = Reply::new(500).retry_after(Duration::from_secs(1));
                return self.answer(now, server, later);
            }
            Reinvite::Ours(_) => return self.answer(now, server, Reply::new(491)),
            Reinvite::Again(_) => true,
            Reinvite::None => false,
        };
        // RFC 5407 §3.1.4: our 2xx is not acknowledged yet.
        if session.unacknowledged.is_some() {
            return self.answer(now, server, Reply::new(491));
        }
        session.reinvite = Reinvite::Theirs(server);
        if waits {
            // Ours was to be tried again, and meets the peer's once more.
            self.fail_reinvite(key, Cause::Status(491));
        }
        self.io.timers.start(Due::Call(key, CallTimer::Ring), now + self.config.ring);
        self.tell_of(key, Event::Reinvited { id: CallId(key), body });
    }

    fn theirs(&mut self, id: CallId) -> Result<Key, Misuse> {
        match self.call_mut(id)?.session().map(|session| &session.reinvite) {
            Some(Reinvite::Theirs(server)) => Ok(*server),
            Some(Reinvite::None | Reinvite::Ours(_) | Reinvite::Again(_)) | None => {
                Err(Misuse::WrongState)
            }
        }
    }

    /// Accepts the peer's re-INVITE with 200 and this body.
    ///
    /// # Errors
    /// [`Misuse::Unknown`], [`Misuse::WrongState`].
    pub fn accept_reinvite(&mut self, now: Instant, id: CallId, body: Body) -> Result<(), Misuse> {
        let server = self.theirs(id)?;
        if !matches!(self.servers.serving(server).map(|it| &it.step), Some(Step::Deciding)) {
            return Err(Misuse::WrongState);
        }
        let mut reply = self.with_contact(id.0, Reply::new(200));
        reply.fields.push(("Allow", ALLOW.to_vec()));
        reply.body = body;
        self.answer(now, server, reply);
        self.settle(now);
        Ok(())
    }

    /// Refuses the peer's re-INVITE: the session stays as it was.
    pub(super) fn reject_reinvite(
        &mut self, now: Instant, id: CallId, status: u16,
    ) -> Result<(), Misuse> {
        let server = self.theirs(id)?;
        let reply = self.declining(status);
        self.answer(now, server, reply);
        Ok(())
    }

    /// The peer took its re-INVITE back.
    pub(super) fn on_reinvite_cancelled(&mut self, key: Key) {
        self.fail_reinvite(key, Cause::Status(487));
    }

    /// The final response to the peer's re-INVITE has left.
    pub(super) fn on_reinvite_served(
        &mut self, now: Instant, server: Key, key: Key, status: u16, served: &Serving,
    ) {
        let waited = self.calls.get_mut(key).and_then(|call| call.session()).is_some_and(
            |session| matches!(session.reinvite, Reinvite::Theirs(theirs) if theirs == server),
        );
        if !waited {
            return;
        }
        self.io.timers.stop(Due::Call(key, CallTimer::Ring));
        let unacknowledged = (status < 300).then(|| self.sent_2xx(now, server, key, served));
        if status < 300 {
            // RFC 3261 §12.2.2: a target refresh counts once the request is accepted.
            let hop = served.way.hop.kept(served.request.arrival.flow, self.config.own());
            self.refresh_target(key, hop, &served.request.message);
        }
        if let Some(session) = self.calls.get_mut(key).and_then(|call| call.session()) {
            session.reinvite = Reinvite::None;
            session.unacknowledged = unacknowledged;
        }
    }
}
