//! Within a confirmed dialog: the 2xx and its ACK, and BYE. RFC 3261 §13.3.1.4, §15.

use super::call::{Phase, Reinvite};
use super::core::SipManager;
use super::event::{CallId, EndReason, Event};
use super::exchange::Owner;
use super::outgoing::Reply;
use super::slab::Key;
use super::timers::{CallTimer, Due};
use super::uas::Kind;
use crate::Method;
use crate::transaction::{Class, ServerEvent};
use ssa::Body;
use std::time::Instant;

impl SipManager {
    /// An ACK to a 2xx came in.
    pub(super) fn on_acknowledged(&mut self, now: Instant, key: Key, cseq: u32) {
        let Some(session) = self.calls.get_mut(key).and_then(|call| call.session()) else { return };
        let ours = session.unacknowledged.as_ref().is_some_and(|ok| ok.cseq == cseq);
        if !ours {
            return;
        }
        session.unacknowledged = None;
        let bye = session.bye;
        self.io.timers.stop(Due::Call(key, CallTimer::Resend));
        self.io.timers.stop(Due::Call(key, CallTimer::NoAck));
        self.tell_of(key, Event::Confirmed { id: CallId(key) });
        if bye {
            self.bye(now, key);
        }
    }

    /// Sends a 2xx again: T1, then twice as long each time, up to T2. RFC 3261 §13.3.1.4.
    pub(super) fn resend_2xx(&mut self, now: Instant, key: Key) {
        let timing = self.io.timing;
        let Some(session) = self.calls.get_mut(key).and_then(|call| call.session()) else { return };
        let Some(ok) = &mut session.unacknowledged else { return };
        ok.interval = timing.back_off(ok.interval);
        let (server, next) = (ok.server, now + ok.interval);
        self.servers.on(&mut self.io, now, server, ServerEvent::Respond(Class::Success));
        self.io.timers.start(Due::Call(key, CallTimer::Resend), next);
    }

    /// No ACK in 64*T1: the dialog stands, and the session is ended. RFC 3261 §13.3.1.4.
    pub(super) fn on_no_ack(&mut self, now: Instant, key: Key) {
        self.io.timers.stop(Due::Call(key, CallTimer::Resend));
        let Some(session) = self.calls.get_mut(key).and_then(|call| call.session()) else { return };
        session.unacknowledged = None;
        self.tell_end(key, EndReason::NoAck);
        self.bye(now, key);
    }

    /// Sends BYE. RFC 3261 §15: a callee waits until its 2xx is acknowledged or given up.
    pub(super) fn bye(&mut self, now: Instant, key: Key) {
        let Some(call) = self.calls.get_mut(key) else { return };
        let reference = call.reference;
        let Phase::Up(session) = &mut call.phase else { return };
        if session.unacknowledged.is_some() {
            session.bye = true;
            return;
        }
        let reinvite = std::mem::take(&mut session.reinvite);
        let Some((draft, target)) = call.request(Method::BYE, Body::default()) else {
            return self.forget_call(key);
        };
        call.phase = Phase::Ending;
        self.drop_reinvite(now, reinvite);
        self.begin(now, Owner::Bye(key), reference, draft, target);
    }

    /// The peer's BYE came in: the call is over, whatever becomes of the answer. It ends a call
    /// that rings, too. RFC 3261 §15.1.2.
    pub(super) fn on_bye(&mut self, now: Instant, server: Key, key: Key) {
        self.tell_end(key, EndReason::Remote);
        if let Some(serving) = self.servers.serving_mut(server) {
            serving.kind = Kind::Ended;
        }
        match self.take_call(key).map(|call| call.phase) {
            Some(Phase::Incoming { server: invite }) => {
                self.send_final(now, invite, &Reply::new(487));
            }
            Some(Phase::Up(session)) => self.drop_reinvite(now, session.reinvite),
            // Our own BYE is under way: both are answered.
            Some(Phase::Ending | Phase::Prepared(_) | Phase::Inviting(_)) => {}
            // Another BYE was quicker.
            None => return self.answer(now, server, Reply::new(481)),
        }
        self.answer(now, server, Reply::new(200));
    }

    /// Ends a re-INVITE with its call.
    fn drop_reinvite(&mut self, now: Instant, reinvite: Reinvite) {
        match reinvite {
            Reinvite::Ours(ours) => self.drop_exchange(now, ours.exchange),
            Reinvite::Theirs(server) => self.send_final(now, server, &Reply::new(487)),
            Reinvite::None | Reinvite::Again(_) => {}
        }
    }
}
