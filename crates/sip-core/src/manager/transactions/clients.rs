//! The client transactions: the machines with what they retransmit. RFC 3261 §17.1.

use super::branch::{Branch, branch_number};
use super::hop_by_hop::ack_to_failure;
use crate::Identity;
use crate::manager::action::{Flow, Hop, Sender, is_same_name};
use crate::manager::by_number::ByNumber;
use crate::manager::io::Io;
use crate::manager::slab::{Key, Slab};
use crate::manager::timers::Due;
use crate::transaction::{Class, ClientEvent, InviteClient, NonInviteClient, Output, Timer};
use crate::{Limits, Message, Method};
use bytes::Bytes;
use ssa::Transport;
use std::net::SocketAddr;
use std::sync::Arc;

/// Who hears of a client transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::manager) enum User {
    /// A request of ours, until it has its outcome.
    Exchange(Key),
    /// An INVITE that has its outcome: a 2xx is acknowledged, again or first.
    Accepted,
    /// Nobody: a CANCEL's.
    Nobody,
}

/// What its user is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::manager) enum ClientReport {
    /// The response that came in.
    Response,
    /// No final response in time, though there was a provisional one.
    Timeout,
    /// No response at all in time.
    Silence,
    /// The transport failed.
    TransportFailed,
    /// The transaction is over, and nothing came of it.
    Over,
}

/// The ACK to a 2xx, sent again for each retransmission of it. RFC 3261 §13.2.2.4.
#[derive(Debug)]
pub(in crate::manager) struct Ack {
    pub(in crate::manager) to_tag: Box<[u8]>,
    pub(in crate::manager) hop: Hop,
    /// Empty while it waits for the answer that it is to bring.
    pub(in crate::manager) octets: Bytes,
}

#[derive(Debug)]
enum Machine {
    Invite(InviteClient),
    Other(NonInviteClient),
}

/// What is kept of a request: no more than may still be needed.
#[derive(Debug)]
enum Sent {
    /// All, until there is a 2xx, or any final response to another request than INVITE.
    Whole(Arc<Message>),
    /// All but the body: by this the 2xx of another fork is acknowledged.
    Head(Bytes),
    /// Nothing: retransmissions of the response are absorbed.
    Nothing,
}

/// A client transaction.
#[derive(Debug)]
pub(in crate::manager) struct Client {
    machine: Machine,
    branch: Branch,
    sent: Sent,
    /// The request's.
    method: Method<'static>,
    /// The request's.
    cseq: u32,
    pub(in crate::manager) hop: Hop,
    /// The host name that the hop was found for.
    pub(in crate::manager) name: Option<Arc<str>>,
    pub(in crate::manager) user: User,
    /// The ACKs to the 2xx of an INVITE, one for each To tag. At most [`MAX_FORKS`].
    pub(in crate::manager) acks: Vec<Ack>,
}

impl Client {
    /// Whether nothing at all was answered yet. RFC 3261 §9.1: such an INVITE is not cancelled.
    pub(in crate::manager) const fn is_unanswered(&self) -> bool {
        match &self.machine {
            Machine::Invite(machine) => machine.is_calling(),
            Machine::Other(machine) => machine.is_trying(),
        }
    }

    /// Whether its request went over this connection.
    pub(in crate::manager) fn went_over(&self, flow: Flow<'_>) -> bool {
        let Hop { transport, flow: chosen, remote, .. } = self.hop;
        let same_end = remote == flow.remote && is_same_name(self.name.as_deref(), flow.name);
        transport.is_reliable() && (chosen == Some(flow.id) || same_end)
    }

    /// Where its messages go, and the name that was found there.
    fn way(&self) -> (Hop, Option<Arc<str>>) {
        (self.hop, self.name.clone())
    }

    /// The request, unless it has an outcome that needs it no more.
    pub(in crate::manager) fn request(&self) -> Option<&Arc<Message>> {
        match &self.sent {
            Sent::Whole(request) => Some(request),
            Sent::Head(_) | Sent::Nothing => None,
        }
    }

    /// The request, read again where no more than its head is kept.
    pub(in crate::manager) fn request_again(&self, limits: &Limits) -> Option<Arc<Message>> {
        match &self.sent {
            Sent::Whole(request) => Some(Arc::clone(request)),
            Sent::Head(octets) => Message::parse(octets.clone(), limits).ok().map(Arc::new),
            Sent::Nothing => None,
        }
    }

    /// The ACK to a 2xx has left, or waits for its body; forks are all that may still come.
    pub(in crate::manager) fn accepted(&mut self, ack: Ack) {
        self.user = User::Accepted;
        if let Some(waiting) = self.acks.iter_mut().find(|known| known.to_tag == ack.to_tag) {
            *waiting = ack;
            return;
        }
        self.acks.reserve_exact(1);
        self.acks.push(ack);
        if let Sent::Whole(request) = &self.sent {
            self.sent = Sent::Head(Bytes::copy_from_slice(request.head_bytes()));
        }
    }

    /// The number of its branch.
    pub(in crate::manager) const fn branch(&self) -> u64 {
        self.branch.number
    }
}

/// Forks of one INVITE that are acknowledged; further ones are dropped.
pub(in crate::manager) const MAX_FORKS: usize = 16;

/// All client transactions.
#[derive(Debug)]
pub(in crate::manager) struct Clients {
    table: Slab<Client>,
    by_branch: ByNumber<Branch, Key>,
    outputs: Vec<Output>,
}

/// A request that is ready to leave.
pub(in crate::manager) struct Outgoing {
    pub(in crate::manager) request: Arc<Message>,
    pub(in crate::manager) method: Method<'static>,
    pub(in crate::manager) cseq: u32,
    pub(in crate::manager) branch: Branch,
    pub(in crate::manager) hop: Hop,
    /// The host name that the hop was found for.
    pub(in crate::manager) name: Option<Arc<str>>,
    pub(in crate::manager) user: User,
}

impl Clients {
    pub(in crate::manager) fn new() -> Self {
        Self { table: Slab::new(), by_branch: ByNumber::default(), outputs: Vec::new() }
    }

    pub(in crate::manager) fn len(&self) -> usize {
        debug_assert_eq!(self.table.len(), self.by_branch.len());
        self.table.len()
    }

    pub(in crate::manager) fn get(&self, key: Key) -> Option<&Client> {
        self.table.get(key)
    }

    pub(in crate::manager) fn get_mut(&mut self, key: Key) -> Option<&mut Client> {
        self.table.get_mut(key)
    }

    /// Sends a request and starts its transaction.
    pub(in crate::manager) fn start(&mut self, io: &mut Io<'_>, outgoing: Outgoing) -> Key {
        let reliable = outgoing.hop.transport.is_reliable();
        let (timing, outputs) = (&io.config.timing, &mut self.outputs);
        let machine = if outgoing.method == Method::INVITE {
            Machine::Invite(InviteClient::start(reliable, timing, outputs))
        } else {
            Machine::Other(NonInviteClient::start(reliable, timing, outputs))
        };
        self.add(io, machine, outgoing)
    }

    /// Listens on for a 2xx to an INVITE whose transaction ended without an answer and that goes
    /// another way: what comes late is acknowledged and ended, as another fork's is.
    pub(in crate::manager) fn linger(&mut self, io: &mut Io<'_>, request: Arc<Message>, hop: Hop) {
        let number = request.top_via().ok().and_then(|via| branch_number(via.branch()?));
        let (Some(number), Ok(cseq)) = (number, request.cseq()) else { return };
        if cseq.method != Method::INVITE {
            return;
        }
        let reliable = hop.transport.is_reliable();
        let machine = InviteClient::linger(reliable, &io.config.timing, &mut self.outputs);
        let branch = Branch { number, cancel: false };
        let (method, cseq) = (Method::INVITE, cseq.number);
        let (name, user) = (None, User::Accepted);
        let outgoing = Outgoing { request, method, cseq, branch, hop, name, user };
        self.add(io, Machine::Invite(machine), outgoing);
    }

    fn add(&mut self, io: &mut Io<'_>, machine: Machine, outgoing: Outgoing) -> Key {
        let Outgoing { request, method, cseq, branch, hop, name, user } = outgoing;
        let key = self.table.insert(Client {
            machine,
            branch,
            sent: Sent::Whole(request),
            method,
            cseq,
            hop,
            name,
            user,
            acks: Vec::new(),
        });
        self.by_branch.insert(branch, key);
        self.run(io, key, None);
        key
    }

    /// The transaction of a response: branch, method and sent-by are ours. RFC 3261 §17.1.3, §18.1.2.
    pub(in crate::manager) fn find(&self, response: &Identity<'_>) -> Option<Key> {
        let number = branch_number(response.via.branch()?)?;
        let cancel = response.method == Method::CANCEL.as_bytes();
        let key = *self.by_branch.get(&Branch { number, cancel })?;
        let client = self.table.get(key)?;
        // Our Via says where the request left from.
        let local = client.hop.local;
        let ours = client.method.as_bytes() == response.method
            && client.cseq == response.cseq
            && response.via.port() == Some(local.port())
            && response.via.host().ip() == Some(local.ip());
        ours.then_some(key)
    }

    /// A response came in for this transaction.
    pub(in crate::manager) fn on_response(
        &mut self, io: &mut Io<'_>, key: Key, response: &Message,
    ) -> Option<(User, ClientReport)> {
        let class = Class::of(response.status()?.as_u16());
        self.step(io, key, ClientEvent::Response(class), Some(response))
    }

    /// A timer fired, or the transport failed.
    pub(in crate::manager) fn on(
        &mut self, io: &mut Io<'_>, key: Key, event: ClientEvent,
    ) -> Option<(User, ClientReport)> {
        self.step(io, key, event, None)
    }

    /// The transactions without any answer whose request went over this connection.
    pub(in crate::manager) fn waiting_on(&self, flow: Flow<'_>) -> Vec<Key> {
        self.table
            .iter()
            .filter(|(_, client)| client.is_unanswered() && client.went_over(flow))
            .map(|(key, _)| key)
            .collect()
    }

    /// The transaction without any answer whose request went to `remote` by UDP and begins as
    /// `quoted`, which must reach to the end of our branch: nobody knows that who has not seen the
    /// request.
    pub(in crate::manager) fn undelivered(&self, remote: SocketAddr, quoted: &[u8]) -> Option<Key> {
        let (branch, quoted) = Branch::quoted(quoted)?;
        let key = *self.by_branch.get(&branch)?;
        let client = self.table.get(key)?;
        let Hop { transport, remote: went, .. } = client.hop;
        let there = (transport, went.ip(), went.port());
        let is_it = there == (Transport::Udp, remote.ip(), remote.port())
            && client.request().is_some_and(|request| request.as_bytes().starts_with(quoted));
        (is_it && client.is_unanswered()).then_some(key)
    }

    fn step(
        &mut self, io: &mut Io<'_>, key: Key, event: ClientEvent, response: Option<&Message>,
    ) -> Option<(User, ClientReport)> {
        let client = self.table.get_mut(key)?;
        let unanswered = client.is_unanswered();
        match &mut client.machine {
            Machine::Invite(machine) => machine.on(event, &io.config.timing, &mut self.outputs),
            Machine::Other(machine) => {
                machine.on(event, &io.config.timing, &mut self.outputs);
                if machine.is_completed() {
                    client.sent = Sent::Nothing;
                }
            }
        }
        let (user, report) = self.run(io, key, response)?;
        let silent = unanswered && report == ClientReport::Timeout;
        Some((user, if silent { ClientReport::Silence } else { report }))
    }

    /// Does what the machine asked for.
    fn run(
        &mut self, io: &mut Io<'_>, key: Key, response: Option<&Message>,
    ) -> Option<(User, ClientReport)> {
        let client = self.table.get(key)?;
        let mut report = None;
        let mut over = false;
        for output in self.outputs.drain(..) {
            match output {
                Output::Send => {
                    if let Some(request) = client.request() {
                        let octets = request.as_bytes().clone();
                        io.send_to(Sender::Client(key), client.way(), octets);
                    }
                }
                Output::SendAck => {
                    let ack = client.request().zip(response);
                    if let Some(ack) = ack.and_then(|(sent, got)| ack_to_failure(sent, got)) {
                        io.send_to(Sender::Client(key), client.way(), ack);
                    }
                }
                Output::Deliver => report = Some(ClientReport::Response),
                Output::Timeout => report = Some(ClientReport::Timeout),
                Output::TransportFailed => report = Some(ClientReport::TransportFailed),
                Output::Start(timer, after) => io.start(due(key, timer), after),
                Output::Stop(timer) => io.stop(due(key, timer)),
                Output::Terminate => over = true,
                // A server's.
                Output::SendTrying => {}
            }
        }
        let user = client.user;
        if over {
            self.remove(io, key);
            report = report.or(Some(ClientReport::Over));
        }
        report.map(|report| (user, report))
    }

    /// Ends a transaction, wherever it is.
    pub(in crate::manager) fn forget(&mut self, io: &mut Io<'_>, key: Key) {
        for timer in [Timer::A, Timer::B, Timer::D, Timer::E, Timer::F, Timer::K, Timer::M] {
            io.stop(due(key, timer));
        }
        self.remove(io, key);
    }

    fn remove(&mut self, io: &mut Io<'_>, key: Key) {
        if let Some(client) = self.table.remove(key) {
            self.by_branch.remove(&client.branch);
            io.stop(Due::Orphan(key));
        }
    }
}

const fn due(key: Key, timer: Timer) -> Due {
    Due::Client(key, timer)
}
