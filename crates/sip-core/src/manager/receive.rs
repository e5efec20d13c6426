//! Requests that come in: which transaction, dialog or call they belong to, and what is answered
//! without remembering them. RFC 3261 §8.2, §12.2.2, §17.2.3.
//!
//! ```text
//!   request ─▶ seen before? ─▶ its transaction
//!                   │
//!                   ▼
//!                valid? ─▶ ACK ─▶ transaction or dialog, or nothing
//!                   │      CANCEL ─▶ its INVITE: 200 and 487, or 481
//!                   │      OPTIONS ─▶ 200
//!                   ▼
//!   dialog? name free? room? ─▶ Consult(RequestReceived) ─▶ 401, refusal: sent and forgotten
//!                                                        └▶ a transaction: see `uas`
//! ```
//!
//! All answers on this page are stateless: their To tag is a keyed hash of the request, so that a
//! retransmission gets the same one (RFC 3261 §8.2.7), and nothing is stored.

use super::action::{Hop, Sender};
use super::consult::{Query, Verdict};
use super::core::{SipManager, Subject};
use super::inbound::Inbound;
use super::outgoing::{ALLOW, Reply};
use super::servers::{Hashes, matching_hash, merging_hash, response_hop};
use super::slab::Key;
use super::uas::{Kind, Serving, Step};
use crate::Identity;
use crate::builder::hex;
use crate::identity::Places;
use crate::transaction::ServerEvent;
use crate::{Capabilities, HeaderName, Message, Method, Verdict as Validity, validate_within};
use ssa::{CallRef, Received, Refusal};
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Transactions that may be kept, with those that have their final response and absorb
/// retransmissions, for each that may wait for one.
const KEPT: usize = 8;
/// The part of the transactions whose failure response one party may leave without an ACK: a
/// sixteenth, 64 by default.
const UNACKNOWLEDGED: usize = 16;

/// A request that no transaction stands for: all that is kept of it while the security manager
/// is asked, which answers at once.
#[derive(Debug)]
pub(super) struct Arriving {
    request: Inbound,
    places: Places,
    call: CallRef,
    kind: Kind,
    cseq: u32,
    hashes: Hashes,
    way: Way,
}

/// Where the answers to a request go, and the To tag that they carry.
#[derive(Clone, Debug)]
pub(super) struct Way {
    pub(super) hop: Hop,
    pub(super) tag: String,
}

impl Arriving {
    /// What is asked.
    pub(super) fn query(&self) -> Option<Query<'_>> {
        Some(Query::RequestReceived {
            call: self.call,
            arrival: self.request.view(&self.places),
            request: self.places.ssa_request(&self.request.message)?,
        })
    }
}

impl SipManager {
    /// A request came in.
    pub(super) fn on_request(&mut self, now: Instant, mut request: Inbound) {
        let Some(id) = request.message.identity() else {
            return self.refuse_malformed(&request);
        };
        let matching = matching_hash(self.ports.keyed.as_ref(), &request.message, &id);
        if self.is_absorbed(now, matching, &request, &id) {
            return;
        }
        let way = Way { hop: response_hop(request.arrival, &id.via), tag: self.answer_tag(&id) };
        if let Some(reply) = self.refusal_owed(&request.message) {
            return self.answer_statelessly(&request, &way, &reply);
        }
        match id.method {
            b"CANCEL" => self.on_cancel(now, matching, &request, &way),
            _ => match self.place(matching, &id, request.arrival.source.ip()) {
                Ok((kind, call, hashes)) => {
                    let (cseq, places) = (id.cseq, id.places(&request.message));
                    request.in_dialog = self.in_dialog(kind, &request.arrival);
                    let arriving = Arriving { request, places, call, kind, cseq, hashes, way };
                    self.ask(Subject::Arriving(Box::new(arriving)));
                }
                Err(reply) => self.answer_statelessly(&request, &way, &reply),
            },
        }
    }

    /// Takes what needs no answer of its own: an ACK, and a request that came before.
    fn is_absorbed(
        &mut self, now: Instant, matching: u64, request: &Inbound, id: &Identity<'_>,
    ) -> bool {
        let known = self.servers.find(matching);
        // RFC 3261 §17.1.1.3: an ACK is never answered.
        if request.message.method() == Some(Method::ACK) {
            if self.refusal_owed(&request.message).is_none() {
                self.on_ack(now, known, id);
            }
            return true;
        }
        // A retransmission is as good as the request that it repeats.
        let Some(server) = known.filter(|_| id.method != b"CANCEL") else { return false };
        self.servers.on(&mut self.io, now, server, ServerEvent::Request);
        true
    }

    /// A request that names no transaction: its Via, where that can be read, says where the
    /// failure goes that it is owed all the same. RFC 3261 §8.2.6, §21.4.1.
    fn refuse_malformed(&mut self, request: &Inbound) {
        let message = &request.message;
        if message.method() == Some(Method::ACK) {
            return;
        }
        let (Ok(via), Some(reply)) = (message.top_via(), self.refusal_owed(message)) else {
            return;
        };
        let row = |name| message.header(name).unwrap_or_default();
        let parts = [b"to tag".as_slice(), row(HeaderName::Via), row(HeaderName::CallId)];
        let tag = hex(self.ports.keyed.hash(&parts));
        let way = Way { hop: response_hop(request.arrival, &via), tag };
        self.answer_statelessly(request, &way, &reply);
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

    /// Where a request that is no retransmission belongs, or what it is answered. RFC 3261 §8.2.
    fn place(
        &self, matching: u64, id: &Identity<'_>, source: IpAddr,
    ) -> Result<(Kind, CallRef, Hashes), Reply> {
        if !id.callee_tag().is_empty() {
            let (kind, call) = self.place_inside(id, source)?;
            return Ok((kind, call, Hashes { matching, merging: None }));
        }
        let merging = merging_hash(self.ports.keyed.as_ref(), id);
        let call = self.call_ref(id.call_id, id.caller_tag());
        self.admit_outside(id, call, merging, source)?;
        Ok((Kind::Invite { call: None }, call, Hashes { matching, merging: Some(merging) }))
    }

    /// Whether a request without a To tag may make a call.
    fn admit_outside(
        &self, id: &Identity<'_>, call: CallRef, merging: u64, source: IpAddr,
    ) -> Result<(), Reply> {
        if id.method == Method::OPTIONS.as_bytes() {
            return Err(Reply::capabilities(&self.config.capabilities));
        }
        if id.method != Method::INVITE.as_bytes() {
            // Every other method that is served belongs to a dialog. RFC 3261 §12.2.2.
            return Err(Reply::new(481));
        }
        // RFC 3261 §8.2.2.2: the same request came another way. A name stands for one call: what
        // comes under one that is held is a request of ours that looped, or is meant to harm it.
        if self.servers.find_merged(merging).is_some() || self.is_held(call) {
            return Err(Reply::new(482));
        }
        // Calls that nobody has answered yet: half of the room for one party.
        let unanswered = self.servers.held_by(source).waiting;
        if self.calls.len() >= self.config.dialogs || unanswered >= self.config.dialogs.div_ceil(2)
        {
            return Err(self.overloaded());
        }
        self.check_room(self.config.transactions, source)
    }

    /// Whether one more request of `source` may wait for its final response, where `most` may in
    /// all. Half of that is for one party, so that its flood leaves room for the others.
    fn check_room(&self, most: usize, source: IpAddr) -> Result<(), Reply> {
        let waiting = self.servers.serving_count() + self.exchanges.len();
        let all = self.servers.len() + self.clients.len();
        let kept = most.saturating_mul(KEPT);
        let own = self.servers.held_by(source);
        let full = waiting >= most
            || all >= kept
            || own.waiting >= most.div_ceil(2)
            || own.all >= kept.div_ceil(2)
            || own.unacknowledged >= most.div_ceil(UNACKNOWLEDGED);
        if full { Err(self.overloaded()) } else { Ok(()) }
    }

    /// 503. RFC 3261 §21.5.4.
    pub(super) fn overloaded(&self) -> Reply {
        Reply::new(503).retry_after(self.config.retry_after)
    }

    /// Where a request with a To tag belongs.
    fn place_inside(&self, id: &Identity<'_>, source: IpAddr) -> Result<(Kind, CallRef), Reply> {
        let hash = self.dialog_hash(id.call_id, id.callee_tag(), id.caller_tag());
        let key = self.dialogs.get(&hash).copied();
        let found = key.and_then(|key| Some((key, self.calls.get(key)?)));
        let Some((key, call)) = found else { return Err(Reply::new(481)) };
        if call.dialog.as_ref().is_some_and(|dialog| dialog.check_cseq(id.cseq).is_err()) {
            return Err(Reply::new(500));
        }
        let kind = match id.method {
            b"INVITE" => {
                // Calls that are up come before new ones, and a BYE makes room.
                self.check_room(self.config.transactions.saturating_mul(2), source)?;
                Kind::Reinvite { call: key }
            }
            b"BYE" => Kind::Bye { call: key },
            b"OPTIONS" => return Err(Reply::capabilities(&self.config.capabilities)),
            _ => return Err(Reply::not_allowed()),
        };
        Ok((kind, call.reference))
    }

    /// What the security manager said to `request_received`.
    pub(super) fn on_received(&mut self, now: Instant, arriving: Arriving, verdict: Verdict) {
        let Arriving { request, places, call, kind, cseq, hashes, way } = arriving;
        let refused = match verdict {
            Verdict::Received(Received::Admit) => Ok(Step::Admitted),
            Verdict::Received(Received::Authenticate) => Ok(Step::Authenticating),
            Verdict::Received(Received::SendWwwAuthenticate(fields)) => {
                Err(Reply::unauthorized(fields))
            }
            Verdict::Received(Received::Reject(refusal)) => Err(Reply::refusal(&refusal)),
            // No answer, or one to another question: a refusal.
            _ => Err(Reply::refusal(&Refusal::try_later(Duration::from_secs(1)))),
        };
        match refused {
            Ok(step) => {
                // What is still to be authenticated does not count yet: a refusal leaves the dialog
                // as it was.
                if matches!(step, Step::Admitted) {
                    self.count(kind, cseq);
                }
                let consult = None;
                let serving = Serving { request, places, call, cseq, way, kind, step, consult };
                let server = self.servers.start(&mut self.io, now, hashes, serving);
                self.serve(now, server);
            }
            Err(reply) => self.answer_statelessly(&request, &way, &reply),
        }
    }

    /// Takes the request of a dialog into its sequence.
    pub(super) fn count(&mut self, kind: Kind, cseq: u32) {
        let (Kind::Reinvite { call } | Kind::Bye { call }) = kind else { return };
        if let Some(dialog) = self.calls.get_mut(call).and_then(|call| call.dialog.as_mut()) {
            dialog.accept_cseq(cseq);
        }
    }

    /// An ACK: to a failure response it belongs to the INVITE's transaction, to a 2xx to the
    /// dialog. One that matches neither is ignored. RFC 3261 §17.2.3, §13.3.1.4.
    fn on_ack(&mut self, now: Instant, server: Option<Key>, id: &Identity<'_>) {
        if let Some(server) = server
            && self.servers.on(&mut self.io, now, server, ServerEvent::Ack).is_none()
        {
            return;
        }
        let hash = self.dialog_hash(id.call_id, id.callee_tag(), id.caller_tag());
        if let Some(call) = self.dialogs.get(&hash).copied() {
            self.on_acknowledged(now, call, id.cseq);
        }
    }

    /// A CANCEL is answered without a transaction: for as long as its INVITE's lasts, a
    /// retransmission gets the same answer. RFC 3261 §9.2. It is never challenged (§22.1).
    fn on_cancel(&mut self, now: Instant, matching: u64, request: &Inbound, way: &Way) {
        let source = request.arrival.source.ip();
        match self.servers.find_cancelled(matching, source) {
            Some(server) => {
                self.answer_statelessly(request, way, &Reply::new(200));
                self.cancel_served(now, server);
            }
            None => self.answer_statelessly(request, way, &Reply::new(481)),
        }
    }

    /// Sends a response and forgets the request: the one way out for what is answered without a
    /// transaction, and so to whoever has shown nothing.
    ///
    /// A datagram's source can be forged: what goes there unasked is at most twice as large, clipped
    /// where it must be, or nothing.
    pub(super) fn answer_statelessly(&mut self, request: &Inbound, way: &Way, reply: &Reply) {
        let most = match way.hop.transport.is_reliable() {
            true => usize::MAX,
            false => request.message.as_bytes().len().saturating_mul(2),
        };
        if let Some(octets) = reply.octets_within(request, &way.tag, most) {
            self.io.send(Sender::Stateless, way.hop, octets);
        }
    }

    /// The To tag of all responses to a request.
    fn answer_tag(&self, id: &Identity<'_>) -> String {
        let branch = id.via.branch().unwrap_or_default();
        let cseq = id.cseq.to_be_bytes();
        let parts = [b"to tag".as_slice(), id.call_id, id.caller_tag(), branch, &cseq];
        hex(self.ports.keyed.hash(&parts))
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
    pub(super) fn file_dialog(&mut self, key: Key, hash: u64) {
        if let Some(call) = self.calls.get_mut(key) {
            call.filed = Some(hash);
            self.dialogs.insert(hash, key);
        }
    }
}

impl Reply {
    /// The answer to OPTIONS. RFC 3261 §11.2.
    fn capabilities(capabilities: &Capabilities) -> Self {
        let mut reply = Self::not_allowed();
        reply.status = 200;
        reply.fields.extend([
            ("Accept", capabilities.accept().into_bytes()),
            ("Accept-Encoding", b"identity".to_vec()),
            ("Accept-Language", b"en".to_vec()),
            ("Supported", capabilities.supported().into_bytes()),
        ]);
        reply
    }

    /// 405 with what is allowed. RFC 3261 §21.4.6.
    fn not_allowed() -> Self {
        let mut reply = Self::new(405);
        reply.fields.push(("Allow", ALLOW.to_vec()));
        reply
    }
}
