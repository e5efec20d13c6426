//! The server transactions: the machines with what they retransmit. RFC 3261 §17.2.

use super::sources::{Held, Sources};
use crate::Identity;
use crate::manager::action::{Arrival, Hop, Sender};
use crate::manager::by_number::ByNumber;
use crate::manager::io::Io;
use crate::manager::slab::{Key, Slab};
use crate::manager::timers::Due;
use crate::transaction::{Class, InviteServer, NonInviteServer, Output, ServerEvent, Timer};
use crate::{Message, Via};
use bytes::Bytes;
use ssa::CallRef;
use ssa::FlowId;
use std::net::IpAddr;

/// What is told of a server transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::manager) enum ServerReport {
    /// The ACK to a 2xx came in on the INVITE's own branch.
    Ack,
    /// An INVITE has had no response for a while: a 100 Trying is due.
    Trying,
}

#[derive(Debug)]
enum Machine {
    Invite(InviteServer),
    Other(NonInviteServer),
}

/// A server transaction, and what its user keeps with it until the final response. What remains for
/// retransmissions is that response.
#[derive(Debug)]
struct Server<U> {
    machine: Machine,
    hashes: Hashes,
    hop: Hop,
    source: IpAddr,
    last: Bytes,
    serving: Option<U>,
}

impl<U> Server<U> {
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
pub(in crate::manager) struct Hashes {
    /// [`matching_hash`]
    pub(in crate::manager) matching: u64,
    /// [`merging_hash`], of a request outside a dialog.
    pub(in crate::manager) merging: Option<u64>,
}

/// A request that starts a transaction.
pub(in crate::manager) struct Opening {
    pub(in crate::manager) hashes: Hashes,
    /// Where the responses go.
    pub(in crate::manager) hop: Hop,
    /// The packet's source.
    pub(in crate::manager) source: IpAddr,
    pub(in crate::manager) invite: bool,
}

/// All server transactions.
#[derive(Debug)]
pub(in crate::manager) struct Servers<U> {
    table: Slab<Server<U>>,
    /// By [`matching_hash`].
    by_match: ByNumber<u64, Key>,
    /// By [`merging_hash`].
    by_merge: ByNumber<u64, Key>,
    waiting: usize,
    sources: Sources,
    outputs: Vec<Output>,
}

impl<U> Servers<U> {
    pub(in crate::manager) fn new() -> Self {
        Self {
            table: Slab::new(),
            by_match: ByNumber::default(),
            by_merge: ByNumber::default(),
            waiting: 0,
            sources: Sources::new(),
            outputs: Vec::new(),
        }
    }

    pub(in crate::manager) fn len(&self) -> usize {
        debug_assert_eq!(self.table.len(), self.by_match.len());
        self.table.len()
    }

    /// What the user keeps with a transaction, until its final response.
    pub(in crate::manager) fn get(&self, key: Key) -> Option<&U> {
        self.table.get(key)?.serving.as_ref()
    }

    /// What the user keeps with a transaction, until its final response.
    pub(in crate::manager) fn get_mut(&mut self, key: Key) -> Option<&mut U> {
        self.table.get_mut(key)?.serving.as_mut()
    }

    /// The number of requests that wait for their final response.
    pub(in crate::manager) const fn waiting(&self) -> usize {
        self.waiting
    }

    /// What the party at this address has.
    pub(in crate::manager) fn held_by(&self, source: IpAddr) -> Held {
        self.sources.held(source)
    }

    /// The transaction that a request belongs to.
    pub(in crate::manager) fn find(&self, matching: u64) -> Option<Key> {
        self.by_match.get(&matching).copied()
    }

    /// The transaction of the same request that came another way. RFC 3261 §8.2.2.2.
    pub(in crate::manager) fn find_merged(&self, merging: u64) -> Option<Key> {
        self.by_merge.get(&merging).copied()
    }

    /// The INVITE that a CANCEL from `source` is about. RFC 3261 §9.2.
    pub(in crate::manager) fn find_cancelled(&self, matching: u64, source: IpAddr) -> Option<Key> {
        let key = self.find(matching)?;
        (self.table.get(key)?.source == source).then_some(key)
    }

    /// Whether the INVITE still waits for its final response.
    pub(in crate::manager) fn is_proceeding(&self, key: Key) -> bool {
        match self.table.get(key).map(|server| &server.machine) {
            Some(Machine::Invite(machine)) => machine.is_proceeding(),
            Some(Machine::Other(_)) | None => false,
        }
    }

    /// The transactions whose request came over this flow and has no final response.
    pub(in crate::manager) fn waiting_over(&self, flow: FlowId) -> impl Iterator<Item = Key> {
        let all = self.table.iter();
        all.filter(move |(_, server)| server.serving.is_some() && server.hop.flow == Some(flow))
            .map(|(key, _)| key)
    }

    /// Starts the transaction of a request.
    pub(in crate::manager) fn start(
        &mut self, io: &mut Io<'_>, opening: Opening, serving: U,
    ) -> Key {
        let Opening { hashes, hop, source, invite } = opening;
        let reliable = hop.transport.is_reliable();
        let machine = if invite {
            Machine::Invite(InviteServer::start(reliable, &io.config.timing, &mut self.outputs))
        } else {
            Machine::Other(NonInviteServer::start(reliable))
        };
        self.waiting += 1;
        self.sources.change(source, |held| {
            held.all += 1;
            held.waiting += 1;
        });
        let (last, serving) = (Bytes::new(), Some(serving));
        let key = self.table.insert(Server { machine, hashes, hop, source, last, serving });
        self.by_match.insert(hashes.matching, key);
        if let Some(merging) = hashes.merging {
            self.by_merge.insert(merging, key);
        }
        self.run(io, key);
        key
    }

    /// Passes a response; after a final one, what the user kept is handed back.
    pub(in crate::manager) fn respond(
        &mut self, io: &mut Io<'_>, key: Key, status: u16, octets: Bytes,
    ) -> Option<U> {
        let server = self.table.get_mut(key)?;
        let class = Class::of(status);
        // A final response is kept for up to 64*T1: in no more octets than it has.
        server.last = match class {
            Class::Provisional => octets,
            Class::Success | Class::Failure => Bytes::copy_from_slice(&octets),
        };
        let served = if class == Class::Provisional { None } else { server.serving.take() };
        if served.is_some() {
            let source = server.source;
            self.served(source);
        }
        self.on(io, key, ServerEvent::Respond(class));
        served
    }

    /// The 2xx of an INVITE is acknowledged: it is not sent again.
    pub(in crate::manager) fn drop_response(&mut self, key: Key) {
        if let Some(server) = self.table.get_mut(key) {
            server.last = Bytes::new();
        }
    }

    /// Sends the 100 Trying that was due. RFC 3261 §17.2.1.
    pub(in crate::manager) fn send_trying(&mut self, io: &mut Io<'_>, key: Key, octets: Bytes) {
        if let Some(server) = self.table.get_mut(key) {
            server.last = octets;
            io.send(Sender::Server(key), server.hop, server.last.clone());
        }
    }

    /// Moves a transaction.
    pub(in crate::manager) fn on(
        &mut self, io: &mut Io<'_>, key: Key, event: ServerEvent,
    ) -> Option<ServerReport> {
        let server = self.table.get_mut(key)?;
        let waited = server.awaits_ack();
        let timing = &io.config.timing;
        match &mut server.machine {
            Machine::Invite(machine) => machine.on(event, timing, &mut self.outputs),
            Machine::Other(machine) => machine.on(event, timing, &mut self.outputs),
        }
        match (waited, server.awaits_ack()) {
            (false, true) => self.sources.change(server.source, |held| held.unacknowledged += 1),
            (true, false) => self.sources.change(server.source, |held| held.unacknowledged -= 1),
            (true, true) | (false, false) => {}
        }
        self.run(io, key)
    }

    /// Forgets a transaction with all its timers, as if its request had not come.
    pub(in crate::manager) fn forget(&mut self, io: &mut Io<'_>, key: Key) -> Option<U> {
        let server = self.remove(key)?;
        for timer in [Timer::Trying, Timer::G, Timer::H, Timer::I, Timer::J, Timer::L] {
            io.stop(Due::Server(key, timer));
        }
        server.serving
    }

    fn run(&mut self, io: &mut Io<'_>, key: Key) -> Option<ServerReport> {
        let server = self.table.get_mut(key)?;
        let mut report = None;
        let mut over = false;
        for output in self.outputs.drain(..) {
            match output {
                Output::Send => io.send(Sender::Server(key), server.hop, server.last.clone()),
                Output::SendTrying => report = Some(ServerReport::Trying),
                Output::Deliver => report = Some(ServerReport::Ack),
                Output::Start(timer, after) => io.start(Due::Server(key, timer), after),
                Output::Stop(timer) => io.stop(Due::Server(key, timer)),
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

    /// A request of `source` waits no longer.
    fn served(&mut self, source: IpAddr) {
        self.waiting -= 1;
        self.sources.change(source, |held| held.waiting -= 1);
    }

    fn remove(&mut self, key: Key) -> Option<Server<U>> {
        let server = self.table.remove(key)?;
        if server.serving.is_some() {
            self.served(server.source);
        }
        self.sources.change(server.source, |held| held.all -= 1);
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
pub(in crate::manager) fn matching_hash(io: &Io<'_>, message: &Message, id: &Identity<'_>) -> u64 {
    let method = match id.method {
        b"ACK" | b"CANCEL" => b"INVITE",
        other => other,
    };
    let port = id.via.port().unwrap_or(0).to_be_bytes();
    let branch = id.via.branch().unwrap_or_default();
    let sent_by = id.via.host();
    if id.via.has_unique_branch() {
        return io.hash(&[b"transaction", branch, sent_by.as_bytes(), &port, method]);
    }
    let cseq = id.cseq.to_be_bytes();
    let uri = message.request_uri().unwrap_or_default();
    let via = [branch, sent_by.as_bytes(), &port];
    io.hash(&[
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

/// What two copies of one request outside a dialog share: From tag and Call-ID, for which its name
/// stands, and CSeq. RFC 3261 §8.2.2.2.
pub(in crate::manager) fn merging_hash(io: &Io<'_>, name: CallRef, id: &Identity<'_>) -> u64 {
    io.hash(&[b"merge", &name.0.to_be_bytes(), &id.cseq.to_be_bytes(), id.method])
}

/// Where responses to a request go. RFC 3261 §18.2.2, RFC 3581 §4.
///
/// Always to the packet's source address: what Via claims in `maddr` or `received` is not
/// believed. Over a connection they go back on it, and to sent-by's port once it is closed; over
/// UDP the port is the source's where `rport` was asked for, else sent-by's.
pub(in crate::manager) fn response_hop(arrival: Arrival, via: &Via<'_>) -> Hop {
    let mut hop = hop_back(arrival);
    if via.rport().is_none() || arrival.transport.is_reliable() {
        hop.remote.set_port(via.port().unwrap_or_else(|| arrival.transport.default_port()));
    }
    hop
}

/// Where the response to a request goes whose Via cannot be read: back to where the packet was from.
pub(in crate::manager) const fn hop_back(arrival: Arrival) -> Hop {
    let Arrival { source, local, transport, flow } = arrival;
    Hop { transport, local, remote: source, flow: Some(flow) }
}
