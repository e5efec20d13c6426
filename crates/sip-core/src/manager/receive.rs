//! Requests that come in: which transaction, dialog or call they belong to, and what is answered
//! without remembering them. RFC 3261 §8.2, §12.2.2, §17.2.3.
//!
//! ```text
//!   request ─▶ valid? ─▶ ACK ─▶ transaction or dialog, or nothing
//!                │       CANCEL ─▶ its INVITE: 200 and 487, or 481
//!                │       retransmission ─▶ its transaction
//!                │       OPTIONS ─▶ 200
//!                ▼
//!   dialog? merged? room? ─▶ Consult(RequestReceived) ─▶ 401, refusal: sent and forgotten
//!                                                     └▶ a transaction: see `uas`
//! ```
//!
//! All answers on this page are stateless: their To tag is a keyed hash of the request, so that a
//! retransmission gets the same one (RFC 3261 §8.2.7), and nothing is stored.

use super::action::Sender;
use super::consult::{Query, Verdict};
use super::core::{SipManager, Subject};
use super::inbound::{Identity, Inbound};
use super::outgoing::{ALLOW, Reply};
use super::servers::{matching_hash, merging_hash, response_hop};
use super::slab::Key;
use super::uas::{Kind, Serving, Step};
use crate::transaction::ServerEvent;
use crate::{Message, Method, Verdict as Validity, validate_within};
use ssa::{CallRef, Received, Refusal};
use std::time::{Duration, Instant};

/// A request that no transaction stands for: all that is kept of it while the security manager
/// is asked, which answers at once.
#[derive(Debug)]
pub(super) struct Arriving {
    request: Inbound,
    call: CallRef,
    kind: Kind,
    hashes: (u64, u64),
}

impl Arriving {
    /// What is asked.
    pub(super) fn query(&self) -> Option<Query<'_>> {
        Some(Query::RequestReceived {
            call: self.call,
            arrival: self.request.view(self.kind.is_in_dialog()),
            request: self.request.message.ssa_request()?,
        })
    }
}

impl SipManager {
    /// A request came in.
    pub(super) fn on_request(&mut self, now: Instant, request: Inbound) {
        let ack = request.message.method() == Some(Method::ACK);
        match self.refusal_owed(&request.message) {
            // RFC 3261 §17.1.1.3: an ACK is never answered.
            Some(_) if ack => return,
            Some(reply) => return self.answer_statelessly(&request, &reply),
            None => {}
        }
        let Some(id) = Identity::of(&request.message) else { return };
        let matching = matching_hash(self.ports.keyed.as_ref(), &request.message, &id);
        match id.method {
            b"ACK" => self.on_ack(now, matching, &request),
            b"CANCEL" => self.on_cancel(now, matching, &request),
            _ => match self.servers.find(matching) {
                Some(server) => {
                    self.servers.on(&mut self.io, now, server, ServerEvent::Request);
                }
                None => self.on_new_request(matching, request),
            },
        }
    }

    /// The failure that the validator says a request is owed.
    fn refusal_owed(&self, message: &Message) -> Option<Reply> {
        let capabilities = &self.config.capabilities;
        match validate_within(message, capabilities, &self.config.limits) {
            Validity::Valid => None,
            Validity::Invalid { status, reason, .. } => {
                Some(Reply { reason, ..Reply::new(status.as_u16()) })
            }
            Validity::Unsupported { status, field, .. } => {
                Some(Reply::new(status.as_u16()).with(field.into_iter().collect()))
            }
        }
    }

    /// A request that is no retransmission. RFC 3261 §8.2.
    fn on_new_request(&mut self, matching: u64, request: Inbound) {
        let Some(id) = Identity::of(&request.message) else { return };
        let merging = merging_hash(self.ports.keyed.as_ref(), &id);
        let placed = if id.callee_tag().is_empty() {
            self.place_outside(&id, merging)
        } else {
            self.place_inside(&id)
        };
        match placed {
            Ok((kind, call)) => {
                let hashes = (matching, merging);
                let arriving = Arriving { request, call, kind, hashes };
                self.ask(Subject::Arriving(Box::new(arriving)));
            }
            Err(reply) => self.answer_statelessly(&request, &reply),
        }
    }

    /// Where a request without a To tag belongs.
    fn place_outside(&self, id: &Identity<'_>, merging: u64) -> Result<(Kind, CallRef), Reply> {
        if id.method == Method::OPTIONS.as_bytes() {
            return Err(Reply::capabilities());
        }
        if id.method != Method::INVITE.as_bytes() {
            // Every other method that is served belongs to a dialog. RFC 3261 §12.2.2.
            return Err(Reply::new(481));
        }
        // RFC 3261 §8.2.2.2: the same request came another way.
        if self.servers.find_merged(merging).is_some() {
            return Err(Reply::new(482));
        }
        let transactions = self.servers.len() + self.clients.len();
        if transactions >= self.config.transactions || self.calls.len() >= self.config.dialogs {
            return Err(Reply::new(503).retry_after(self.config.retry_after));
        }
        Ok((Kind::Invite { call: None }, self.call_ref(id.call_id, id.caller_tag())))
    }

    /// Where a request with a To tag belongs.
    fn place_inside(&self, id: &Identity<'_>) -> Result<(Kind, CallRef), Reply> {
        let hash = self.dialog_hash(id.call_id, id.callee_tag(), id.caller_tag());
        let key = self.dialogs.get(&hash).copied();
        let found = key.and_then(|key| Some((key, self.calls.get(key)?)));
        let Some((key, call)) = found else { return Err(Reply::new(481)) };
        if call.dialog.as_ref().is_some_and(|dialog| dialog.check_cseq(id.cseq).is_err()) {
            return Err(Reply::new(500));
        }
        let kind = match id.method {
            b"INVITE" => Kind::Reinvite { call: key },
            b"BYE" => Kind::Bye { call: key },
            b"OPTIONS" => return Err(Reply::capabilities()),
            _ => return Err(Reply::not_allowed()),
        };
        Ok((kind, call.reference))
    }

    /// What the security manager said to `request_received`.
    pub(super) fn on_received(&mut self, now: Instant, arriving: Arriving, verdict: Verdict) {
        let step = match verdict {
            Verdict::Received(Received::Admit) => Step::Admitted,
            Verdict::Received(Received::Authenticate) => Step::Authenticating,
            Verdict::Received(Received::SendWwwAuthenticate(fields)) => {
                let reply = Reply::unauthorized(fields);
                return self.answer_statelessly(&arriving.request, &reply);
            }
            Verdict::Received(Received::Reject(refusal)) => {
                let reply = Reply::refusal(&refusal);
                return self.answer_statelessly(&arriving.request, &reply);
            }
            // No answer, or one to another question: a refusal.
            _ => {
                let reply = Reply::refusal(&Refusal::try_later(Duration::from_secs(1)));
                return self.answer_statelessly(&arriving.request, &reply);
            }
        };
        let Some(id) = Identity::of(&arriving.request.message) else { return };
        let hop = response_hop(&arriving.request, &id);
        let tag = self.to_tag(&id);
        let Arriving { request, call, kind, hashes } = arriving;
        self.count(kind, &request);
        let serving = Serving { request, call, tag, kind, step, consult: None };
        let server = self.servers.start(&mut self.io, now, hashes, hop, serving);
        self.serve(now, server);
    }

    /// Takes the request of a dialog into its sequence.
    fn count(&mut self, kind: Kind, request: &Inbound) {
        let (Kind::Reinvite { call } | Kind::Bye { call }) = kind else { return };
        let cseq = request.message.cseq().map(|cseq| cseq.number);
        let dialog = self.calls.get_mut(call).and_then(|call| call.dialog.as_mut());
        if let (Some(dialog), Ok(cseq)) = (dialog, cseq) {
            dialog.accept_cseq(cseq);
        }
    }

    /// An ACK: to a failure response it belongs to the INVITE's transaction, to a 2xx to the
    /// dialog. One that matches neither is ignored. RFC 3261 §17.2.3, §13.3.1.4.
    fn on_ack(&mut self, now: Instant, matching: u64, request: &Inbound) {
        if let Some(server) = self.servers.find(matching)
            && self.servers.on(&mut self.io, now, server, ServerEvent::Ack).is_none()
        {
            return;
        }
        let Some(id) = Identity::of(&request.message) else { return };
        let hash = self.dialog_hash(id.call_id, id.callee_tag(), id.caller_tag());
        if let Some(call) = self.dialogs.get(&hash).copied() {
            self.on_acknowledged(now, call, id.cseq);
        }
    }

    /// A CANCEL is answered without a transaction: for as long as its INVITE's lasts, a
    /// retransmission gets the same answer. RFC 3261 §9.2. It is never challenged (§22.1).
    fn on_cancel(&mut self, now: Instant, matching: u64, request: &Inbound) {
        let source = request.arrival.source.ip();
        match self.servers.find_cancelled(matching, source) {
            Some(server) => {
                self.answer_statelessly(request, &Reply::new(200));
                self.cancel_served(now, server);
            }
            None => self.answer_statelessly(request, &Reply::new(481)),
        }
    }

    /// Sends a response and forgets the request.
    pub(super) fn answer_statelessly(&mut self, request: &Inbound, reply: &Reply) {
        let Some(id) = Identity::of(&request.message) else { return };
        let octets = reply.octets(request, &self.to_tag(&id));
        self.io.send(Sender::Nobody, response_hop(request, &id), octets);
    }

    /// The To tag of all responses to a request.
    fn to_tag(&self, id: &Identity<'_>) -> String {
        let branch = id.via.branch().unwrap_or_default();
        let cseq = id.cseq.to_be_bytes();
        let parts = [b"to tag".as_slice(), id.call_id, id.caller_tag(), branch, &cseq];
        format!("{:016x}", self.ports.keyed.hash(&parts))
    }

    /// Names a call towards the security manager: by Call-ID and the initial INVITE's From tag.
    pub(super) fn call_ref(&self, call_id: &[u8], from_tag: &[u8]) -> CallRef {
        CallRef(self.ports.keyed.hash(&[b"call", call_id, from_tag]))
    }

    /// Names a dialog of ours. RFC 3261 §12.
    pub(super) fn dialog_hash(&self, call_id: &[u8], local: &[u8], remote: &[u8]) -> u64 {
        self.ports.keyed.hash(&[b"dialog", call_id, local, remote])
    }

    /// Files a call under its dialog.
    pub(super) fn file_dialog(&mut self, key: Key) {
        let Some(call) = self.calls.get(key) else { return };
        let Some(dialog) = &call.dialog else { return };
        let hash = self.dialog_hash(dialog.call_id(), dialog.local_tag(), dialog.remote_tag());
        self.dialogs.insert(hash, key);
        if let Some(call) = self.calls.get_mut(key) {
            call.filed = Some(hash);
        }
    }
}

impl Reply {
    /// The answer to OPTIONS. RFC 3261 §11.2.
    fn capabilities() -> Self {
        let mut reply = Self::not_allowed();
        reply.status = 200;
        reply.fields.push(("Accept", b"application/sdp".to_vec()));
        reply
    }

    /// 405 with what is allowed. RFC 3261 §21.4.6.
    fn not_allowed() -> Self {
        let mut reply = Self::new(405);
        reply.fields.push(("Allow", ALLOW.to_vec()));
        reply
    }
}
