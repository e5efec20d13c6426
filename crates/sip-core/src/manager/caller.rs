//! The caller's side of a call: the INVITE, its responses, CANCEL and the ACK. RFC 3261 §9, §13.2.

use super::action::Sender;
use super::call::{Call, Cancel, Inviting, Phase, Session};
use super::clients::{Ack, Branch, Departure, MAX_FORKS, User};
use super::config::NextHop;
use super::core::SipManager;
use super::event::{CallId, Cause, EndReason, Event, Misuse, Prepared};
use super::exchange::{Answer, Outcome, Owner};
use super::inbound::Inbound;
use super::outgoing::{Contact, Draft, cancel, credentials};
use super::slab::Key;
use super::target::Target;
use super::timers::{CallTimer, Due};
use crate::builder::hex;
use crate::dialog::Dialog;
use crate::{Message, Method, NameAddr, Uri};
use ssa::{Body, CallRef};
use std::time::Instant;

impl SipManager {
    /// Prepares a call, so that its name is known before its offer is made. Nothing is sent.
    ///
    /// `from` is a URI or a name-addr, `to` a URI. `next_hop`: where the INVITE goes first, if not
    /// where `to` points.
    ///
    /// # Errors
    /// What is no URI or cannot be reached over UDP or TCP; a full table of calls.
    pub fn prepare(
        &mut self, from: &str, to: &str, next_hop: Option<&NextHop>,
    ) -> Result<Prepared, Misuse> {
        if self.calls.len() >= self.config.dialogs {
            return Err(Misuse::Full);
        }
        let (draft, target, reference) = self.draft_outside(Method::INVITE, from, to, next_hop)?;
        let key = self.insert_call(Call {
            reference,
            phase: Phase::Prepared(Box::new((draft, target))),
            dialog: None,
            filed: None,
            peer: None,
            contact: Box::default(),
            caller: true,
            quiet: false,
        });
        Ok(Prepared { id: CallId(key), call: reference })
    }

    /// A request outside a dialog, where it goes, and the name of its call. RFC 3261 §8.1.1.
    pub(super) fn draft_outside(
        &mut self, method: Method<'static>, from: &str, to: &str, next_hop: Option<&NextHop>,
    ) -> Result<(Draft, Target, CallRef), Misuse> {
        let from = NameAddr::parse(from.as_bytes()).map_err(|_| Misuse::NotAUri)?;
        let uri = Uri::parse(to.as_bytes()).map_err(|_| Misuse::NotAUri)?;
        let target = match next_hop {
            Some(next) => Target::of_next_hop(next)?,
            None => Target::of_uri(to.as_bytes())?,
        };
        target.check(self.config.own())?;
        let tag = hex(self.ports.random.next());
        let call_id = hex(self.ports.random.next()) + &hex(self.ports.random.next());
        let reference = self.call_ref(call_id.as_bytes(), tag.as_bytes());
        let user = String::from_utf8_lossy(from.uri().user().unwrap_or_default()).into_owned();
        let mut draft = Draft::outside(method, &from, &uri, &tag, call_id);
        draft.contact = Contact::User(user);
        Ok((draft, target, reference))
    }

    /// Sends the INVITE of a prepared call with this offer.
    ///
    /// # Errors
    /// [`Misuse::Unknown`], [`Misuse::WrongState`].
    pub fn invite(&mut self, now: Instant, id: CallId, body: Body) -> Result<(), Misuse> {
        let call = self.call_mut(id)?;
        let reference = call.reference;
        match std::mem::replace(&mut call.phase, Phase::Ending) {
            Phase::Prepared(prepared) => {
                let (mut draft, target) = *prepared;
                draft.original = body;
                let exchange = self.begin(now, Owner::Invite(id.0), reference, draft, target);
                let inviting = Inviting { exchange, early: Vec::new(), cancel: Cancel::No };
                if let Some(call) = self.calls.get_mut(id.0) {
                    call.phase = Phase::Inviting(inviting);
                }
                self.io.timers.start(Due::Call(id.0, CallTimer::Ring), now + self.config.ring);
                self.settle(now);
                Ok(())
            }
            other
            @ (Phase::Inviting(_) | Phase::Incoming { .. } | Phase::Up(_) | Phase::Ending) => {
                call.phase = other;
                Err(Misuse::WrongState)
            }
        }
    }

    fn inviting(&mut self, key: Key) -> Option<&mut Inviting> {
        match &mut self.calls.get_mut(key)?.phase {
            Phase::Inviting(inviting) => Some(inviting),
            Phase::Prepared(_) | Phase::Incoming { .. } | Phase::Up(_) | Phase::Ending => None,
        }
    }

    /// A provisional response came in.
    pub(super) fn on_progress(
        &mut self, now: Instant, owner: Owner, status: u16, response: &Inbound,
    ) {
        let key = match owner {
            Owner::Invite(key) => key,
            Owner::Reinvite(key) => return self.on_reinvite_progress(now, key),
            // To other requests they say nothing. RFC 4320 §4.1.
            Owner::Bye(_) | Owner::Fork | Owner::Options | Owner::Register(_) => return,
        };
        let Some(id) = response.message.identity() else { return };
        let tag = self.ports.keyed.hash(&[b"early", id.callee_tag()]);
        let Some(inviting) = self.inviting(key) else { return };
        if inviting.cancel == Cancel::Wanted {
            inviting.cancel = Cancel::Sent;
            let exchange = inviting.exchange;
            self.cancel_now(now, key, exchange);
            return;
        }
        if status > 100 && inviting.makes_progress(tag, status) {
            self.tell_of(key, Event::Ringing { id: CallId(key), status });
        }
    }

    /// Takes our INVITE back, as far as it has come.
    pub(super) fn cancel_invite(&mut self, now: Instant, key: Key) {
        let Some(inviting) = self.inviting(key) else { return };
        let exchange = inviting.exchange;
        let client = self.exchanges.get(exchange).and_then(|it| it.trying());
        let Some(client) = client.and_then(|client| self.clients.get(client)) else {
            return self.cancel_suspended(now, key, exchange);
        };
        let waits = client.is_unanswered();
        let Some(inviting) = self.inviting(key) else { return };
        if inviting.cancel != Cancel::No {
            return;
        }
        if waits {
            inviting.cancel = Cancel::Wanted;
        } else {
            inviting.cancel = Cancel::Sent;
            self.cancel_now(now, key, exchange);
        }
    }

    /// Takes an INVITE back while a verdict is awaited: nothing leaves any more. A 2xx that came
    /// in already is acknowledged, and its dialog ended.
    fn cancel_suspended(&mut self, now: Instant, key: Key, exchange: Key) {
        use super::exchange::State;
        let Some(suspended) = self.exchanges.remove(exchange) else {
            return self.forget_call(key);
        };
        self.withdraw(suspended.consult);
        match suspended.state {
            State::Judging(answer) | State::Reading(answer) => self.establish(now, key, answer),
            State::Locating | State::Encrypting | State::Trying { .. } | State::Authorizing(_) => {
                self.forget_call(key);
            }
        }
    }

    /// Sends CANCEL for an INVITE that has a provisional response. RFC 3261 §9.1.
    pub(super) fn send_cancel(&mut self, now: Instant, exchange: Key) {
        let client = self.exchanges.get(exchange).and_then(|it| it.trying());
        let Some(client) = client.and_then(|client| self.clients.get(client)) else { return };
        let branch = Branch { number: client.branch(), cancel: true };
        let hop = client.hop;
        let octets = cancel(&client.request);
        let request = octets.and_then(|octets| Message::parse(octets, &self.config.limits).ok());
        if let Some(request) = request {
            let departure = Departure { request, branch, hop, user: User::Nobody };
            self.clients.start(&mut self.io, now, departure);
        }
    }

    pub(super) fn cancel_now(&mut self, now: Instant, key: Key, exchange: Key) {
        self.send_cancel(now, exchange);
        let at = now + self.io.timing.timeout();
        self.io.timers.start(Due::Call(key, CallTimer::Cancel), at);
    }

    /// RFC 3261 §9.1: no final response in 64*T1 after the CANCEL: the INVITE counts as cancelled.
    pub(super) fn on_cancel_timeout(&mut self, key: Key) {
        if let Some(inviting) = self.inviting(key) {
            let exchange = inviting.exchange;
            if let Some(client) = self.exchanges.remove(exchange).and_then(|it| it.trying()) {
                self.clients.forget(&mut self.io, client);
            }
            self.forget_call(key);
        } else {
            self.on_reinvite_cancel_timeout(key);
        }
    }

    /// It rang for too long.
    pub(super) fn on_ring_timeout(&mut self, now: Instant, key: Key) {
        let Some(call) = self.calls.get(key) else { return };
        match &call.phase {
            Phase::Inviting(_) => {
                let id = CallId(key);
                self.tell_of(key, Event::Failed { id, cause: Cause::Timeout });
                if let Some(call) = self.calls.get_mut(key) {
                    call.quiet = true;
                }
                self.cancel_invite(now, key);
            }
            Phase::Incoming { server } => {
                let server = *server;
                self.tell_end(key, EndReason::NoAnswer);
                self.decline(now, server, 480);
            }
            Phase::Up(_) => self.on_reinvite_timeout(now, key),
            Phase::Prepared(_) | Phase::Ending => {}
        }
    }

    /// What became of the INVITE.
    pub(super) fn on_invited(&mut self, now: Instant, key: Key, outcome: Outcome) {
        self.io.timers.stop(Due::Call(key, CallTimer::Ring));
        self.io.timers.stop(Due::Call(key, CallTimer::Cancel));
        if self.inviting(key).is_none() {
            return;
        }
        let id = CallId(key);
        match outcome {
            Outcome::Accepted(answer, body) => {
                self.establish(now, key, answer);
                self.tell_of(key, Event::Answered { id, body });
            }
            Outcome::Untrusted(answer, why) => {
                self.tell_of(key, Event::Failed { id, cause: Cause::Security(why) });
                if let Some(call) = self.calls.get_mut(key) {
                    call.quiet = true;
                }
                self.establish(now, key, answer);
            }
            Outcome::Failed(cause, _) => {
                self.tell_of(key, Event::Failed { id, cause });
                self.forget_call(key);
            }
        }
    }

    /// Makes the dialog of a 2xx and acknowledges it. Where the application has heard the end of
    /// the call, the dialog is ended at once. RFC 3261 §13.2.2.4.
    fn establish(&mut self, now: Instant, key: Key, answer: Answer) {
        let dialog = Dialog::of_caller(&answer.sent, &answer.response.message);
        let Some(dialog) = dialog else { return self.forget_call(key) };
        let hash = self.dialog_hash(dialog.call_id(), dialog.local_tag(), dialog.remote_tag());
        let hop = answer.hop.kept(answer.response.arrival.flow, self.config.own());
        self.acknowledge(&answer, &dialog, hop);
        let contact = answer.sent.header(crate::HeaderName::Contact).unwrap_or_default().into();
        let Some(call) = self.calls.get_mut(key) else { return };
        call.dialog = Some(Box::new(dialog));
        call.peer = Some(hop);
        call.contact = contact;
        call.phase = Phase::Up(Session::default());
        let over = call.quiet;
        self.file_dialog(key, hash);
        if over {
            self.bye(now, key);
        }
    }

    /// Sends the ACK to a 2xx, and keeps it for its retransmissions. It carries the credentials of
    /// the INVITE (RFC 3261 §13.2.2.4, §22.1), but only to where the INVITE went: the peer's
    /// Contact may lead to another party than the one that they are for.
    pub(super) fn acknowledge(&mut self, answer: &Answer, dialog: &Dialog, peer: super::Hop) {
        let Ok(cseq) = answer.sent.cseq() else { return };
        let (mut draft, target) = Draft::in_dialog(dialog, &peer, Method::ACK, cseq.number);
        let Some(hop) = target.hop(0, self.config.own()) else { return };
        if (hop.transport, hop.remote) == (answer.hop.transport, answer.hop.remote) {
            draft.fields = credentials(&answer.sent);
        }
        let octets = draft.octets(&hop, self.ports.random.next());
        self.io.send(Sender::Nobody, hop, octets.clone());
        let to_tag = dialog.remote_tag().into();
        if let Some(client) = self.clients.get_mut(answer.client) {
            client.user = User::Accepted;
            client.acks.push(Ack { to_tag, hop, octets });
        }
    }

    /// A 2xx came in after the first: acknowledged again where it is a retransmission; another
    /// fork's is acknowledged and ended, since the call has its dialog. RFC 3261 §13.2.2.4.
    pub(super) fn on_another_2xx(&mut self, now: Instant, key: Key, response: &Inbound) {
        let Some(id) = response.message.identity() else { return };
        let Some(client) = self.clients.get(key) else { return };
        if let Some(ack) = client.acks.iter().find(|ack| *ack.to_tag == *id.callee_tag()) {
            return self.io.send(Sender::Nobody, ack.hop, ack.octets.clone());
        }
        if client.acks.len() >= MAX_FORKS {
            return;
        }
        let (sent, hop) = (client.request.clone(), client.hop);
        let Some(mut dialog) = Dialog::of_caller(&sent, &response.message) else { return };
        let Some(call) = sent.identity().map(|id| self.call_ref(id.call_id, id.caller_tag()))
        else {
            return;
        };
        let answer = Answer { client: key, hop, sent, response: response.clone() };
        self.acknowledge(&answer, &dialog, hop);
        let cseq = dialog.next_cseq();
        let (bye, target) = Draft::in_dialog(&dialog, &hop, Method::BYE, cseq);
        self.begin(now, Owner::Fork, call, bye, target);
    }
}
