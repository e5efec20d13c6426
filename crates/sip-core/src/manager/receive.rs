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
//!   dialog? for us? name free? room? ─▶ Consult(RequestReceived) ─▶ 401, refusal: sent and forgotten
//!                                                        └▶ a transaction: see `serving`
//! ```
//!
//! All answers on this page are stateless: their To tag is a keyed hash of the request, so that a
//! retransmission gets the same one (RFC 3261 §8.2.7), and nothing is stored.

use super::core::SipManager;
use super::inbound::Inbound;
use super::io::Io;
use super::readings::Of;
use super::serving::{For, Reply, Served, Serving, Way};
use super::slab::Key;
use super::transactions::{Hashes, hop_back, matching_hash, merging_hash, response_hop};
use super::usages::Usage;
use crate::builder::{Hex, marked};
use crate::methods::{self, Kind, Place};
use crate::transaction::ServerEvent;
use crate::validate::judge_request;
use crate::{HeaderName, Identity, Message, Method, Scheme, Verdict as Validity};
use ssa::{CallRef, InDialog};
use std::net::IpAddr;
use std::time::Instant;

/// Transactions that may be kept, with those that have their final response and absorb
/// retransmissions, for each that may wait for one.
const KEPT: usize = 8;
/// The part of the transactions whose failure response one party may leave without an ACK: a
/// sixteenth, 64 by default.
const UNACKNOWLEDGED: usize = 16;

impl SipManager {
    /// A request came in.
    pub(super) fn on_request(&mut self, now: Instant, mut request: Inbound) {
        let Some(id) = request.message.identity() else {
            return self.refuse_malformed(now, &request);
        };
        let matching = matching_hash(&self.io(now), &request.message, &id);
        if self.is_absorbed(now, matching, &request, &id) {
            return;
        }
        // RFC 3261 §8.2.6.2: a To that has a tag keeps it.
        let inside = !id.callee_tag().is_empty();
        let tag = (!inside).then(|| self.answer_tag(now, matching, &id));
        let row = request.message.header(HeaderName::Via).unwrap_or_default();
        let via = marked(row, &id.via, request.arrival.source);
        let way = Way { hop: response_hop(request.arrival, &id.via), via, tag };
        if let Some(reply) = self.refusal_owed(&request.message) {
            return Serving::answer_statelessly(&mut self.io(now), &request, &way, &reply);
        }
        if id.method == Method::CANCEL.as_bytes() {
            return self.on_cancel(now, matching, &request, &way);
        }
        match self.place(now, matching, &id, &request) {
            Ok((is_for, name, hashes)) => {
                let cseq = id.cseq;
                request.in_dialog = self.standing(&is_for, &request);
                let served = Served::new(request, (name, cseq), way, is_for);
                let (serving, _, mut io) = self.serving(now);
                serving.ask(&mut io, served, hashes);
            }
            Err(reply) => {
                Serving::answer_statelessly(&mut self.io(now), &request, &way, &reply);
            }
        }
    }

    /// Takes what needs no answer of its own: an ACK, and a request that came before.
    fn is_absorbed(
        &mut self, now: Instant, matching: u64, request: &Inbound, id: &Identity<'_>,
    ) -> bool {
        let known = self.serving.servers.find(matching);
        // RFC 3261 §17.1.1.3: an ACK is never answered. One that matches counts, whatever else it says.
        if request.message.method() == Some(Method::ACK) {
            if id.method == Method::ACK.as_bytes() {
                self.on_ack(now, known, request, id);
            }
            return true;
        }
        // A retransmission is as good as the request that it repeats.
        let Some(server) = known.filter(|_| id.method != Method::CANCEL.as_bytes()) else {
            return false;
        };
        self.on_server(now, server, ServerEvent::Request);
        true
    }

    /// A request that names no transaction is owed its failure all the same: where its Via says, or
    /// where that cannot be read, back to where it came from. RFC 3261 §8.2.6, §21.4.1. Without any
    /// Via nobody could know the answer.
    fn refuse_malformed(&mut self, now: Instant, request: &Inbound) {
        let message = &request.message;
        if message.method() == Some(Method::ACK) {
            return;
        }
        let row = |name| message.header(name).unwrap_or_default();
        let reply = self.refusal_owed(message).filter(|_| !row(HeaderName::Via).is_empty());
        let Some(reply) = reply else { return };
        let via = message.top_via().ok();
        let hop = via
            .map_or_else(|| hop_back(request.arrival), |via| response_hop(request.arrival, &via));
        let source = request.arrival.source;
        let via = via.and_then(|via| marked(row(HeaderName::Via), &via, source));
        let parts = [b"to tag".as_slice(), row(HeaderName::Via), row(HeaderName::CallId)];
        let mut io = self.io(now);
        let way = Way { hop, via, tag: Some(Hex::of(io.hash(&parts))) };
        Serving::answer_statelessly(&mut io, request, &way, &reply);
    }

    /// The failure that the validator says a request is owed.
    fn refusal_owed(&self, message: &Message) -> Option<Reply> {
        let capabilities = &self.config.capabilities;
        match judge_request(message, capabilities, &self.config.limits) {
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
        &mut self, now: Instant, matching: u64, id: &Identity<'_>, request: &Inbound,
    ) -> Result<(For, CallRef, Hashes), Reply> {
        // The validator has let nothing else through.
        let served = methods::served(id.method);
        let row = served.ok_or_else(|| Reply::not_allowed(&self.config.capabilities))?;
        let source = request.arrival.source.ip();
        if !id.callee_tag().is_empty() {
            let is_for = self.place_inside(now, row, id, request)?;
            let name = self.name_of(now, &is_for, id);
            return Ok((is_for, name, Hashes { matching, merging: None }));
        }
        let is_ours = self.find_user(request)?;
        let io = self.io(now);
        let name = io.call_ref(id.call_id, id.caller_tag());
        let merging = merging_hash(&io, name, id);
        match row.outside {
            Place::Capabilities if !is_ours && !self.config.ours.hides_users => {
                return Err(Reply::new(404));
            }
            Place::Capabilities => return Err(Reply::capabilities(&self.config.capabilities)),
            // Every other method that is served belongs to a dialog. RFC 3261 §12.2.2.
            Place::Nowhere | Place::Transaction => return Err(Reply::new(481)),
            Place::Usage(_) if row.method == Method::REFER && self.config.referrals == 0 => {
                return Err(Reply::new(403));
            }
            Place::Usage(kind) => self.admit_outside(now, kind, (name, merging), source)?,
        }
        let is_for = For { row, dialog: None, usage: None, is_ours };
        Ok((is_for, name, Hashes { matching, merging: Some(merging) }))
    }

    /// Whether the user is ours that a request outside a dialog is for; who asks must not learn it
    /// before a proof, where one is needed.
    ///
    /// # Errors
    /// The answer where the scheme or the host is not ours: that everybody may know.
    fn find_user(&self, request: &Inbound) -> Result<bool, Reply> {
        // The validator has let nothing else through.
        let uri = request.message.uri().map_err(|_| Reply::new(404))?;
        let (arrival, own) = (&request.arrival, self.config.own());
        if uri.scheme() == Scheme::Sips && !arrival.transport.is_secure() {
            return Err(Reply::no_sips(own.behind(arrival.local, arrival.source.ip())));
        }
        let ours = &self.config.ours;
        if uri.user().is_some_and(|user| self.outputs.accounts.has(user)) {
            Ok(true)
        } else if ours.has_host(&uri, |ip| own.has(ip)) {
            Ok(ours.has_user(&uri))
        } else {
            Err(Reply::new(404))
        }
    }

    /// The call that a request of a dialog is of: the usage's, whoever called whom.
    fn name_of(&mut self, now: Instant, is_for: &For, id: &Identity<'_>) -> CallRef {
        let usage = is_for.usage.and_then(|usage| self.usage(usage));
        match usage.map(Usage::name) {
            Some(name) => name,
            None => self.io(now).call_ref(id.call_id, id.caller_tag()),
        }
    }

    /// Whether a request without a To tag may make a call, or be one of its own.
    fn admit_outside(
        &mut self, now: Instant, kind: Kind, (name, merging): (CallRef, u64), source: IpAddr,
    ) -> Result<(), Reply> {
        // RFC 3261 §8.2.2.2: the same request came another way. A name stands for one call: what
        // comes under one that is held is a request of ours that looped, or is meant to harm it.
        if self.serving.servers.find_merged(merging).is_some() || self.io(now).is_held(name) {
            return Err(Reply::new(482));
        }
        // Calls that nobody has answered yet: half of the room for one party.
        let unanswered = self.serving.servers.held_by(source).waiting;
        let most = self.config.dialogs;
        if kind == Kind::Invite && (self.calls >= most || unanswered >= most.div_ceil(2)) {
            return Err(Reply::overloaded(&self.config));
        }
        self.check_room(self.config.transactions, source)
    }

    /// Whether one more request of `source` may wait for its final response, where `most` may in
    /// all. Half of that is for one party, so that its flood leaves room for the others.
    fn check_room(&self, most: usize, source: IpAddr) -> Result<(), Reply> {
        let servers = &self.serving.servers;
        let waiting = servers.waiting() + self.requests.len();
        let all = servers.len() + self.requests.transactions();
        let kept = most.saturating_mul(KEPT);
        let own = servers.held_by(source);
        let full = waiting >= most
            || all >= kept
            || own.waiting >= most.div_ceil(2)
            || own.all >= kept.div_ceil(2)
            || own.unacknowledged >= most.div_ceil(UNACKNOWLEDGED);
        if full { Err(Reply::overloaded(&self.config)) } else { Ok(()) }
    }

    /// Where a request with a To tag belongs.
    fn place_inside(
        &mut self, now: Instant, row: &'static methods::Served, id: &Identity<'_>,
        request: &Inbound,
    ) -> Result<For, Reply> {
        let (local, remote) = (id.callee_tag(), id.caller_tag());
        let (_, dialogs, io) = self.serving(now);
        let Some(dialog) = dialogs.find(&io, id.call_id, local, remote) else {
            return self.place_first_notify(now, row, id, request);
        };
        let entry = dialogs.get(dialog).ok_or_else(|| Reply::new(481))?;
        if entry.dialog.check_cseq(id.cseq).is_err() {
            return Err(Reply::new(500));
        }
        match row.inside {
            Place::Capabilities => {
                // It is answered at once, and counts where it is surely the peer's. RFC 3261 §12.2.2.
                if dialogs.standing(Some(dialog), &request.arrival) == InDialog::FromPeer {
                    dialogs.accept_cseq(Some(dialog), id.cseq);
                }
                Err(Reply::capabilities(&self.config.capabilities))
            }
            Place::Nowhere | Place::Transaction => Err(Reply::new(481)),
            Place::Usage(_) => {
                // Calls that are up come before new ones, and a BYE makes room.
                if row.method != Method::BYE {
                    let most = self.config.transactions.saturating_mul(2);
                    self.check_room(most, request.arrival.source.ip())?;
                }
                let usage = self.dialogs.usages(dialog).first().copied();
                Ok(For { row, dialog: Some(dialog), usage, is_ours: true })
            }
        }
    }

    /// Where a request belongs whose dialog there is not: a NOTIFY may make one. RFC 6665 §4.4.1;
    /// case D07.
    fn place_first_notify(
        &mut self, now: Instant, row: &'static methods::Served, id: &Identity<'_>,
        request: &Inbound,
    ) -> Result<For, Reply> {
        if row.method != Method::NOTIFY {
            return Err(Reply::new(481));
        }
        let (_, dialogs, io) = self.serving(now);
        let usage = dialogs.expecting(&io, id.call_id, id.callee_tag());
        let is_its = |usage: &Key| match self.usage(*usage) {
            Some(Usage::Subscription(it)) => it.is_notified_by(&self.requests, &request.message),
            _ => false,
        };
        let usage = usage.filter(is_its).ok_or_else(|| Reply::new(481))?;
        self.check_room(self.config.transactions, request.arrival.source.ip())?;
        Ok(For { row, dialog: None, usage: Some(usage), is_ours: true })
    }

    /// Whether a request came as those of its dialog do; that which makes one, as the answer to what
    /// asked for it would.
    fn standing(&self, is_for: &For, request: &Inbound) -> InDialog {
        let (None, Some(usage)) = (is_for.dialog, is_for.usage) else {
            return self.dialogs.standing(is_for.dialog, &request.arrival);
        };
        let notifier = match self.usage(usage) {
            Some(Usage::Subscription(it)) => it.notifier(&self.requests),
            _ => None,
        };
        match notifier {
            Some(hop) if hop.has_sent(&request.arrival) => InDialog::FromPeer,
            Some(_) | None => InDialog::FromElsewhere,
        }
    }

    /// An ACK: to a failure response it belongs to the INVITE's transaction, to a 2xx to the
    /// dialog. One that matches neither is ignored. RFC 3261 §17.2.3, §13.3.1.4.
    fn on_ack(&mut self, now: Instant, server: Option<Key>, request: &Inbound, id: &Identity<'_>) {
        if let Some(server) = server {
            let (serving, _, mut io) = self.serving(now);
            if !serving.on_server(&mut io, server, ServerEvent::Ack) {
                return;
            }
        }
        let (_, dialogs, io) = self.serving(now);
        let dialog = dialogs.find(&io, id.call_id, id.callee_tag(), id.caller_tag());
        let Some(dialog) = dialog else { return };
        for usage in self.dialogs.usages(dialog).to_vec() {
            let acknowledged = self.with(now, usage, |it, cx| (it.on_ack(cx, id.cseq), it.name()));
            let Some((true, name)) = acknowledged else { continue };
            let body = request.body(&self.config.capabilities);
            let io = &mut Io { now, config: &self.config, out: &mut self.outputs };
            let of = (Of::Ack(id.cseq), request.arrival.transport);
            self.readings.ask(io, (usage, name), of, body);
        }
    }

    /// A CANCEL is answered without a transaction: for as long as its INVITE's lasts, a
    /// retransmission gets the same answer. RFC 3261 §9.2. It is never challenged (§22.1).
    fn on_cancel(&mut self, now: Instant, matching: u64, request: &Inbound, way: &Way) {
        let source = request.arrival.source.ip();
        let found = self.serving.servers.find_cancelled(matching, source);
        let status = if found.is_some() { 200 } else { 481 };
        let (serving, _, mut io) = self.serving(now);
        Serving::answer_statelessly(&mut io, request, way, &Reply::new(status));
        if let Some(server) = found {
            let mut reasons = request.message.reasons().map_while(Result::ok);
            serving.cancel(&mut io, server, reasons.any(|it| it.is_answered_elsewhere()));
        }
    }

    /// The To tag of all responses to a request: of what its transaction is known by and its CSeq,
    /// so that a copy is answered alike without a transaction, and one that came another way is not.
    fn answer_tag(&mut self, now: Instant, matching: u64, id: &Identity<'_>) -> Hex {
        let parts = [b"to tag".as_slice(), &matching.to_be_bytes(), &id.cseq.to_be_bytes()];
        Hex::of(self.io(now).hash(&parts))
    }
}
