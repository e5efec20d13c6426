//! The callee's side of a call: the INVITE that came in, and its answer. RFC 3261 §13.3.

use super::call::{Call, Phase, Session, Unacknowledged};
use super::core::SipManager;
use super::event::{CallId, EndReason, Event, Misuse};
use super::outgoing::{ALLOW, Reply, contact, uri_text};
use super::slab::Key;
use super::timers::{CallTimer, Due};
use super::uas::{Kind, Serving, Step};
use crate::dialog::Dialog;
use ssa::Body;
use std::time::Instant;

impl SipManager {
    /// An INVITE passed the security manager: the application hears of it.
    pub(super) fn on_invite(&mut self, now: Instant, server: Key, body: Body) {
        if self.calls.len() >= self.config.dialogs {
            let busy = self.overloaded();
            return self.answer(now, server, busy);
        }
        let Some((call, hash, from, to)) = self.called(server) else {
            return self.answer(now, server, Reply::new(400));
        };
        let reference = call.reference;
        let key = self.insert_call(call);
        self.file_dialog(key, hash);
        let Some(serving) = self.servers.serving_mut(server) else { return };
        serving.kind = Kind::Invite { call: Some(key) };
        let source = serving.request.arrival.source;
        if let Some(call) = self.calls.get_mut(key) {
            call.phase = Phase::Incoming { server };
        }
        self.io.timers.start(Due::Call(key, CallTimer::Ring), now + self.config.ring);
        self.io.tell(Event::Incoming { id: CallId(key), call: reference, from, to, body, source });
    }

    /// The call that an INVITE makes, the hash of its dialog, and who calls whom; nothing where it names no Contact, so
    /// that no dialog can be made of it. RFC 3261 §12.1.1.
    fn called(&self, server: Key) -> Option<(Call, u64, String, String)> {
        let serving = self.servers.serving(server)?;
        let message = &serving.request.message;
        let (from, to) = (message.from().ok()?, message.to().ok()?);
        let (call_id, tag) = (message.call_id().ok()?, &serving.way.tag);
        let caller = from.tag().unwrap_or_default();
        let hash = self.dialog_hash(call_id.as_bytes(), tag.as_bytes(), caller);
        let dialog = Dialog::of_callee(message, tag)?;
        let own = self.config.own();
        let hop = serving.way.hop.kept(serving.request.arrival.flow, own);
        let user = message.uri().ok().and_then(|uri| uri.user()).unwrap_or_default();
        let user = String::from_utf8_lossy(self.shown_user(user));
        let call = Call {
            reference: serving.call,
            phase: Phase::Ending,
            contact: contact(own, &user, &hop).into(),
            dialog: Some(Box::new(dialog)),
            filed: None,
            peer: Some(hop),
            caller: false,
            quiet: false,
        };
        Some((call, hash, uri_text(&from), uri_text(&to)))
    }

    fn incoming(&mut self, id: CallId) -> Result<Key, Misuse> {
        match self.call_mut(id)?.phase {
            Phase::Incoming { server } => Ok(server),
            Phase::Prepared(_) | Phase::Inviting(_) | Phase::Up(_) | Phase::Ending => {
                Err(Misuse::WrongState)
            }
        }
    }

    /// The INVITE of a call that was not accepted yet.
    fn undecided(&mut self, id: CallId) -> Result<Key, Misuse> {
        let server = self.incoming(id)?;
        match self.servers.serving(server).map(|serving| &serving.step) {
            Some(Step::Deciding) => Ok(server),
            _ => Err(Misuse::WrongState),
        }
    }

    /// Tells the caller that the user is being alerted: 180 Ringing.
    ///
    /// # Errors
    /// [`Misuse::Unknown`], [`Misuse::WrongState`].
    pub fn ring(&mut self, now: Instant, id: CallId) -> Result<(), Misuse> {
        let server = self.undecided(id)?;
        let reply = self.with_contact(id.0, Reply::new(180));
        self.send_provisional(now, server, &reply);
        Ok(())
    }

    /// Answers a call with 200 and this body.
    ///
    /// # Errors
    /// [`Misuse::Unknown`], [`Misuse::WrongState`].
    pub fn accept(&mut self, now: Instant, id: CallId, body: Body) -> Result<(), Misuse> {
        let server = self.undecided(id)?;
        self.io.timers.stop(Due::Call(id.0, CallTimer::Ring));
        let mut reply = self.with_contact(id.0, Reply::new(200));
        reply.fields.push(("Allow", ALLOW.to_vec()));
        reply.body = body;
        self.answer(now, server, reply);
        self.settle(now);
        Ok(())
    }

    /// Refuses a call, or a re-INVITE in a call, with a status of 300 to 699.
    ///
    /// # Errors
    /// [`Misuse::Unknown`], [`Misuse::WrongState`].
    pub fn reject(&mut self, now: Instant, id: CallId, status: u16) -> Result<(), Misuse> {
        if !(300..700).contains(&status) {
            return Err(Misuse::WrongState);
        }
        match self.incoming(id) {
            Ok(server) => {
                self.tell_end(id.0, EndReason::Local);
                self.decline(now, server, status);
            }
            Err(Misuse::WrongState) => self.reject_reinvite(now, id, status)?,
            Err(misuse) => return Err(misuse),
        }
        self.settle(now);
        Ok(())
    }

    /// Refuses a call that the application cannot be told of: 503, and no event follows.
    pub fn turn_away(&mut self, now: Instant, id: CallId) {
        let Ok(server) = self.incoming(id) else { return };
        if let Some(call) = self.calls.get_mut(id.0) {
            call.quiet = true;
        }
        let busy = self.overloaded();
        self.answer(now, server, busy);
    }

    /// Adds our Contact, which makes the peer's remote target. RFC 3261 §12.1.1.
    pub(super) fn with_contact(&self, key: Key, mut reply: Reply) -> Reply {
        if let Some(call) = self.calls.get(key) {
            reply.fields.push(("Contact", call.contact.to_vec()));
        }
        reply
    }

    /// Answers an INVITE with a failure.
    pub(super) fn decline(&mut self, now: Instant, server: Key, status: u16) {
        let reply = self.declining(status);
        self.answer(now, server, reply);
    }

    /// The failure that the application wants sent. Its own trouble passes, and the peer is told
    /// when to try again. RFC 3261 §20.33.
    pub(super) fn declining(&self, status: u16) -> Reply {
        let reply = Reply::new(status);
        match status {
            500 | 503 => reply.retry_after(self.config.retry_after),
            _ => reply,
        }
    }

    /// The caller's CANCEL came in.
    pub(super) fn on_cancelled(&mut self, key: Key) {
        self.tell_end(key, EndReason::Cancelled);
    }

    /// The final response to an INVITE has left.
    pub(super) fn on_invite_served(
        &mut self, now: Instant, server: Key, key: Key, status: u16, served: &Serving,
    ) {
        if status >= 300 {
            // The application accepted, and the security manager refused: nobody told it yet.
            self.tell_end(key, EndReason::Refused);
            return self.forget_call(key);
        }
        let session = Session {
            unacknowledged: Some(self.sent_2xx(now, server, key, served)),
            ..Session::default()
        };
        if let Some(call) = self.calls.get_mut(key) {
            call.phase = Phase::Up(session);
        }
    }

    /// A 2xx of ours has left: it is sent again until its ACK comes. RFC 3261 §13.3.1.4.
    pub(super) fn sent_2xx(
        &mut self, now: Instant, server: Key, key: Key, served: &Serving,
    ) -> Unacknowledged {
        let interval = self.io.timing.t1;
        self.io.timers.start(Due::Call(key, CallTimer::Resend), now + interval);
        let give_up = now + self.io.timing.timeout();
        self.io.timers.start(Due::Call(key, CallTimer::NoAck), give_up);
        Unacknowledged { server, cseq: served.cseq, interval }
    }
}
