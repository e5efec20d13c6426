//! The server transactions: the machines with what they retransmit. RFC 3261 §17.2.

use super::action::{Arrival, Hop, Sender};
use super::io::Io;
use super::outgoing::trying;
use super::ports::Keyed;
use super::slab::{Key, Slab};
use super::sources::{Held, Sources};
use super::timers::Due;
use super::uas::Serving;
use crate::Identity;
use crate::transaction::{Class, InviteServer, NonInviteServer, Output, ServerEvent, Timer};
use crate::{Message, Method, Via};
use bytes::Bytes;
use ssa::CallRef;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Instant;

/// What is told of a server transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Report {
    /// The ACK to a 2xx came in on the INVITE's own branch.
    Ack,
}

#[derive(Debug)]
enum Machine {
    Invite(InviteServer),
    Other(NonInviteServer),
}

/// A server transaction. What it serves is dropped once the final response was passed: what
/// remains for retransmissions is that response.
#[derive(Debug)]
pub(super) struct Server {
    machine: Machine,
    hashes: Hashes,
    hop: Hop,
    source: IpAddr,
    last: Bytes,
    pub(super) serving: Option<Box<Serving>>,
}

impl Server {
    /// Whether a failure response was sent and is not acknowledged. RFC 3261 §17.2.1.
    const fn awaits_ack(&self) -> bool {
        match &self.machine {
            Machine::Invite(machine) => machine.awaits_ack(),
            Machine::Other(_) => false,
        }
    }
}

/// What finds a server transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hashes {
    /// [`matching_hash`]
    pub(super) matching: u64,
    /// [`merging_hash`], of a request outside a dialog.
    pub(super) merging: Option<u64>,
}

/// All server transactions.
#[derive(Debug)]
pub(super) struct Servers {
    table: Slab<Server>,
    /// By [`matching_hash`].
    by_match: BTreeMap<u64, Key>,
    /// By [`merging_hash`].
    by_merge: BTreeMap<u64, Key>,
    /// The number of requests that are being served under a name.
    serving: BTreeMap<CallRef, usize>,
    serving_count: usize,
    sources: Sources,
    outputs: Vec<Output>,
}

impl Servers {
    pub(super) const fn new() -> Self {
        Self {
            table: Slab::new(),
            by_match: BTreeMap::new(),
            by_merge: BTreeMap::new(),
            serving: BTreeMap::new(),
            serving_count: 0,
            sources: Sources::new(),
            outputs: Vec::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    /// What the transaction serves, until its final response.
    pub(super) fn serving(&self, key: Key) -> Option<&Serving> {
        self.table.get(key)?.serving.as_deref()
    }

    /// What the transaction serves, until its final response.
    pub(super) fn serving_mut(&mut self, key: Key) -> Option<&mut Serving> {
        self.table.get_mut(key)?.serving.as_deref_mut()
    }

    /// The number of requests that wait for their final response.
    pub(super) const fn serving_count(&self) -> usize {
        self.serving_count
    }

    /// What the party at this address has.
    pub(super) fn held_by(&self, source: IpAddr) -> Held {
        self.sources.held(source)
    }

    /// Whether a request under this name waits for its final response.
    pub(super) fn are_serving(&self, call: CallRef) -> bool {
        self.serving.contains_key(&call)
    }

    /// The transaction that a request belongs to.
    pub(super) fn find(&self, matching: u64) -> Option<Key> {
        self.by_match.get(&matching).copied()
    }

    /// The transaction of the same request that came another way. RFC 3261 §8.2.2.2.
    pub(super) fn find_merged(&self, merging: u64) -> Option<Key> {
        self.by_merge.get(&merging).copied()
    }

    /// The INVITE that a CANCEL from `source` is about. RFC 3261 §9.2.
    pub(super) fn find_cancelled(&self, matching: u64, source: IpAddr) -> Option<Key> {
        let key = self.find(matching)?;
        (self.table.get(key)?.source == source).then_some(key)
    }

    /// Whether the INVITE still waits for its final response.
    pub(super) fn is_proceeding(&self, key: Key) -> bool {
        match self.table.get(key).map(|server| &server.machine) {
            Some(Machine::Invite(machine)) => machine.is_proceeding(),
            Some(Machine::Other(_)) | None => false,
        }
    }

    /// The transactions whose request came over this flow and is still without an answer.
    pub(super) fn served_over(&self, flow: ssa::FlowId) -> Vec<Key> {
        let over = |serving: &Serving| serving.request.arrival.flow == flow;
        self.table
            .iter()
            .filter(|(_, server)| server.serving.as_deref().is_some_and(over))
            .map(|(key, _)| key)
            .collect()
    }

    /// Starts the transaction of a request.
    pub(super) fn start(
        &mut self, io: &mut Io, now: Instant, hashes: Hashes, serving: Serving,
    ) -> Key {
        let hop = serving.way.hop;
        let reliable = hop.transport.is_reliable();
        let invite = serving.request.message.method() == Some(Method::INVITE);
        let machine = if invite {
            Machine::Invite(InviteServer::start(reliable, &io.timing, &mut self.outputs))
        } else {
            Machine::Other(NonInviteServer::start(reliable))
        };
        *self.serving.entry(serving.call).or_default() += 1;
        self.serving_count += 1;
        let source = serving.request.arrival.source.ip();
        self.sources.change(source, |held| {
            held.all += 1;
            held.waiting += 1;
        });
        let key = self.table.insert(Server {
            machine,
            hashes,
            hop,
            source,
            last: Bytes::new(),
            serving: Some(Box::new(serving)),
        });
        self.by_match.insert(hashes.matching, key);
        if let Some(merging) = hashes.merging {
            self.by_merge.insert(merging, key);
        }
        self.run(io, now, key);
        key
    }

    /// Passes a response; after a final one, what was served is handed back.
    pub(super) fn respond(
        &mut self, io: &mut Io, now: Instant, key: Key, status: u16, octets: Bytes,
    ) -> Option<Box<Serving>> {
        let server = self.table.get_mut(key)?;
        let class = Class::of(status);
        // A final response is kept for up to 64*T1: in no more octets than it has.
        server.last = match class {
            Class::Provisional => octets,
            Class::Success | Class::Failure => Bytes::copy_from_slice(&octets),
        };
        let served = if class == Class::Provisional { None } else { server.serving.take() };
        self.served(served.as_deref());
        self.on(io, now, key, ServerEvent::Respond(class));
        served
    }

    /// Moves a transaction.
    pub(super) fn on(
        &mut self, io: &mut Io, now: Instant, key: Key, event: ServerEvent,
    ) -> Option<Report> {
        let server = self.table.get_mut(key)?;
        let waited = server.awaits_ack();
        match &mut server.machine {
            Machine::Invite(machine) => machine.on(event, &io.timing, &mut self.outputs),
            Machine::Other(machine) => machine.on(event, &io.timing, &mut self.outputs),
        }
        match (waited, server.awaits_ack()) {
            (false, true) => self.sources.change(server.source, |held| held.unacknowledged += 1),
            (true, false) => self.sources.change(server.source, |held| held.unacknowledged -= 1),
            (true, true) | (false, false) => {}
        }
        self.run(io, now, key)
    }

    /// Forgets a transaction with all its timers, as if its request had not come.
    pub(super) fn forget(&mut self, io: &mut Io, key: Key) -> Option<Box<Serving>> {
        let server = self.remove(key)?;
        for timer in [Timer::Trying, Timer::G, Timer::H, Timer::I, Timer::J, Timer::L] {
            io.timers.stop(Due::Server(key, timer));
        }
        server.serving
    }

    fn run(&mut self, io: &mut Io, now: Instant, key: Key) -> Option<Report> {
        let server = self.table.get_mut(key)?;
        let mut report = None;
        let mut over = false;
        for output in self.outputs.drain(..) {
            match output {
                Output::Send => io.send(Sender::Server(key), server.hop, server.last.clone()),
                Output::SendTrying => {
                    if let Some(serving) = &server.serving {
                        server.last = trying(&serving.request);
                        io.send(Sender::Server(key), server.hop, server.last.clone());
                    }
                }
                Output::Deliver => report = Some(Report::Ack),
                Output::Start(timer, after) => {
                    io.timers.start(Due::Server(key, timer), now + after);
                }
                Output::Stop(timer) => io.timers.stop(Due::Server(key, timer)),
                Output::Terminate => over = true,
                // A failure response that is not acknowledged, or cannot be sent, changes nothing
                // for the dialog: the transaction ends by its timers. SendAck is a client's.
                Output::Timeout | Output::TransportFailed | Output::SendAck => {}
            }
        }
        if over {
            self.remove(key);
        }
        report
    }

    /// A request is served no longer.
    fn served(&mut self, served: Option<&Serving>) {
        let Some(served) = served else { return };
        self.serving_count -= 1;
        self.sources.change(served.request.arrival.source.ip(), |held| held.waiting -= 1);
        match self.serving.get_mut(&served.call) {
            Some(others) if *others > 1 => *others -= 1,
            Some(_) | None => drop(self.serving.remove(&served.call)),
        }
    }

    fn remove(&mut self, key: Key) -> Option<Server> {
        let server = self.table.remove(key)?;
        self.served(server.serving.as_deref());
        self.sources.change(server.source, |held| {
            held.all -= 1;
            held.unacknowledged -= usize::from(server.awaits_ack());
        });
        self.by_match.remove(&server.hashes.matching);
        if let Some(merging) = server.hashes.merging {
            self.by_merge.remove(&merging);
        }
        Some(server)
    }
}

/// What matches a request to its transaction: branch, sent-by and method, an ACK and a CANCEL
/// under their INVITE's; without the magic cookie, what RFC 2543 had. RFC 3261 §17.2.3.
///
/// The hash is keyed, so that 64 bits of it identify: no peer can aim at a collision.
pub(super) fn matching_hash(keyed: &dyn Keyed, message: &Message, id: &Identity<'_>) -> u64 {
    let method = match id.method {
        b"ACK" | b"CANCEL" => b"INVITE",
        other => other,
    };
    let port = id.via.port().unwrap_or(0).to_be_bytes();
    let branch = id.via.branch().unwrap_or_default();
    let sent_by = id.via.host();
    if id.via.has_unique_branch() {
        return keyed.hash(&[b"transaction", branch, sent_by.as_bytes(), &port, method]);
    }
    let cseq = id.cseq.to_be_bytes();
    let uri = message.request_uri().unwrap_or_default();
    let via = [branch, sent_by.as_bytes(), &port];
    keyed.hash(&[
        b"transaction 2543",
        via[0],
        via[1],
        via[2],
        method,
        uri,
        id.call_id,
        id.caller_tag(),
        &cseq,
    ])
}

/// What two copies of one request outside a dialog share: From tag, Call-ID and CSeq.
/// RFC 3261 §8.2.2.2.
pub(super) fn merging_hash(keyed: &dyn Keyed, id: &Identity<'_>) -> u64 {
    let cseq = id.cseq.to_be_bytes();
    keyed.hash(&[b"merge", id.caller_tag(), id.call_id, &cseq, id.method])
}

/// Where responses to a request go. RFC 3261 §18.2.2, RFC 3581 §4.
///
/// Always to the packet's source address: what Via claims in `maddr` or `received` is not
/// believed. Over a connection they go back on it, and to sent-by's port once it is closed; over
/// UDP the port is the source's where `rport` was asked for, else sent-by's.
pub(super) fn response_hop(arrival: Arrival, via: &Via<'_>) -> Hop {
    let mut remote = arrival.source;
    if via.rport().is_none() || arrival.transport.is_reliable() {
        remote.set_port(via.port().unwrap_or(5060));
    }
    Hop { transport: arrival.transport, local: arrival.local, remote, flow: Some(arrival.flow) }
}
