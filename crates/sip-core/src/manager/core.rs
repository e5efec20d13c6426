//! The SIP manager itself: its tables, and the inputs and outputs that drive them.

use super::action::{Action, Arrival, Hop, Sender, SenderId};
use super::call::Call;
use super::clients::{Clients, Report, User};
use super::config::{Config, Local};
use super::consult::{ConsultId, Query, Verdict};
use super::event::{CallId, Cause, EndReason, RegistrationId};
use super::exchange::{Exchange, Outcome, Owner, State};
use super::inbound::Inbound;
use super::io::Io;
use super::ports::Ports;
use super::receive::Arriving;
use super::register::Registration;
use super::servers::Servers;
use super::slab::{Key, Slab};
use super::timers::Due;
use crate::Message;
use crate::transaction::{ClientEvent, ServerEvent};
use ssa::{CallRef, FlowId};
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

/// The SIP manager: transactions, dialogs and calls of one terminal, sans-IO.
///
/// See the [module](super) for the loop that drives it.
pub struct SipManager {
    pub(super) config: Config,
    pub(super) ports: Ports,
    pub(super) io: Io,
    pub(super) clients: Clients,
    pub(super) servers: Servers,
    pub(super) exchanges: Slab<Box<Exchange>>,
    pub(super) calls: Slab<Call>,
    /// Calls by their names towards the security manager.
    pub(super) references: BTreeMap<CallRef, Key>,
    /// Calls by the keyed hash of Call-ID and both tags.
    pub(super) dialogs: BTreeMap<u64, Key>,
    pub(super) registrations: Slab<Registration>,
    pub(super) consults: Slab<Subject>,
    /// Exchanges that have come to their end, for their owners.
    pub(super) outcomes: VecDeque<(Owner, CallRef, Key, Outcome)>,
}

/// What a question is about.
#[derive(Debug)]
pub(super) enum Subject {
    /// A request that has no transaction: the question holds it, and nothing else does.
    Arriving(Box<Arriving>),
    /// A request of ours.
    Exchange(Key),
    /// A request of a peer's that has a transaction.
    Server(Key),
}

/// How full the tables are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// Transactions of both kinds.
    pub transactions: usize,
    /// Calls, each with at most one confirmed dialog.
    pub dialogs: usize,
    /// Requests of ours without an outcome.
    pub exchanges: usize,
    /// Registrations.
    pub registrations: usize,
    /// Open questions.
    pub consults: usize,
    /// Running timers.
    pub timers: usize,
}

impl SipManager {
    /// An idle manager.
    pub fn new(config: Config, ports: Ports) -> Self {
        Self {
            io: Io::new(config.timing),
            config,
            ports,
            clients: Clients::new(),
            servers: Servers::new(),
            exchanges: Slab::new(),
            calls: Slab::new(),
            references: BTreeMap::new(),
            dialogs: BTreeMap::new(),
            registrations: Slab::new(),
            consults: Slab::new(),
            outcomes: VecDeque::new(),
        }
    }

    /// Our addresses.
    pub fn locals(&self) -> &[Local] {
        &self.config.locals
    }

    /// The hop that a call's peer is reached over: of a call that came in or was answered, and of
    /// one that is prepared unless a name is to be resolved first.
    pub fn hop(&self, id: CallId) -> Option<Hop> {
        self.calls.get(id.0)?.hop(self.config.own())
    }

    /// How full the tables are.
    pub fn sizes(&self) -> Sizes {
        Sizes {
            transactions: self.clients.len() + self.servers.len(),
            dialogs: self.calls.len(),
            exchanges: self.exchanges.len(),
            registrations: self.registrations.len(),
            consults: self.consults.len(),
            timers: self.io.timers.len(),
        }
    }

    /// Whether no call, no request of ours and no open question is left: a BYE's answer may wait
    /// for its signature. Transactions may still absorb retransmissions.
    pub fn is_idle(&self) -> bool {
        self.calls.len() == 0 && self.exchanges.len() == 0 && self.consults.len() == 0
    }

    /// Whether a call, a registration or a request that waits for its final response lives on
    /// this connection to `remote`.
    pub fn uses_flow(&self, flow: FlowId, remote: SocketAddr) -> bool {
        let over = |call: &Call| call.peer.is_some_and(|hop| hop.flow == Some(flow));
        let waits = |exchange: &Exchange| {
            let client = exchange.trying().and_then(|client| self.clients.get(client));
            client.is_some_and(|client| client.went_over(flow, remote))
        };
        self.calls.iter().any(|(_, call)| over(call))
            || self.registrations.iter().any(|(_, it)| it.flow == Some(flow))
            || self.exchanges.iter().any(|(_, exchange)| waits(exchange))
            || !self.servers.served_over(flow).is_empty()
    }

    /// The flow of a datagram socket of ours and a remote address: the same for the same pair.
    pub fn datagram_flow(&self, local: SocketAddr, remote: SocketAddr) -> FlowId {
        let (from, to) = (local.port().to_be_bytes(), remote.port().to_be_bytes());
        let parts = [b"flow".as_slice(), &octets(local.ip()), &from, &octets(remote.ip()), &to];
        let hash = self.ports.keyed.hash(&parts);
        // Connections are numbered from one: the two never meet.
        FlowId(hash | 1 << 63)
    }

    /// Ends all calls and takes all registrations back.
    pub fn hang_up_all(&mut self, now: Instant) {
        let calls: Vec<Key> = self.calls.iter().map(|(key, _)| key).collect();
        for key in calls {
            self.end_call(now, key, EndReason::Local);
        }
        let registrations: Vec<Key> = self.registrations.iter().map(|(key, _)| key).collect();
        for key in registrations {
            // It is there: nothing can have removed it meanwhile.
            let _ = self.unregister(now, RegistrationId(key));
        }
        self.settle(now);
    }

    /// What is to be done next; ask until `None` after every input.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.io.actions.pop_front()
    }

    /// When [`on_timeout`](Self::on_timeout) is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.io.timers.next()
    }

    /// A message came in.
    pub fn on_message(&mut self, now: Instant, arrival: Arrival, message: Message) {
        let inbound = Inbound::new(message, arrival);
        if inbound.message.is_request() {
            self.on_request(now, inbound);
        } else {
            self.on_response(now, inbound);
        }
        self.settle(now);
    }

    /// The time has come.
    pub fn on_timeout(&mut self, now: Instant) {
        while let Some(due) = self.io.timers.take_fired(now) {
            match due {
                Due::Client(key, timer) => self.move_client(now, key, ClientEvent::Timer(timer)),
                Due::Server(key, timer) => {
                    self.servers.on(&mut self.io, now, key, ServerEvent::Timer(timer));
                }
                Due::Call(key, timer) => self.on_call_timer(now, key, timer),
                Due::Orphan(key) => self.clients.forget(&mut self.io, key),
                Due::Registration(key) => self.refresh(now, key),
            }
            self.settle(now);
        }
    }

    /// A message could not be sent.
    pub fn on_send_failed(&mut self, now: Instant, sender: SenderId) {
        match sender.0 {
            Sender::Nobody | Sender::Stateless => {}
            Sender::Client(key) => self.move_client(now, key, ClientEvent::TransportError),
            Sender::Server(key) => {
                self.servers.on(&mut self.io, now, key, ServerEvent::TransportError);
            }
        }
        self.settle(now);
    }

    /// A connection to `remote` was closed.
    ///
    /// What waits for a first response on it fails now; a request that came over it and is still
    /// being authenticated is dropped, since nobody is there to answer; what was registered over it
    /// is registered again.
    pub fn on_flow_closed(&mut self, now: Instant, flow: FlowId, remote: SocketAddr) {
        for key in self.clients.waiting_on(flow, remote) {
            self.move_client(now, key, ClientEvent::TransportError);
        }
        for key in self.servers.served_over(flow) {
            self.drop_undecided(key);
        }
        self.register_anew(now, flow);
        self.settle(now);
    }

    /// What is being asked, or `None` once it is not wanted any more.
    pub fn query(&self, id: ConsultId) -> Option<Query<'_>> {
        match self.consults.get(id.0)? {
            Subject::Arriving(arriving) => arriving.query(),
            Subject::Exchange(key) => self.exchanges.get(*key)?.query(),
            Subject::Server(key) => self.servers.serving(*key)?.query(),
        }
    }

    /// Somebody decided. A verdict to a question that is not open any more does nothing.
    pub fn verdict(&mut self, now: Instant, id: ConsultId, verdict: Verdict) {
        match self.consults.remove(id.0) {
            None => return,
            Some(Subject::Arriving(arriving)) => self.on_received(now, *arriving, verdict),
            Some(Subject::Exchange(key)) => self.on_exchange_verdict(now, key, verdict),
            Some(Subject::Server(key)) => self.on_serving_verdict(now, key, verdict),
        }
        self.settle(now);
    }

    /// Opens a question.
    pub(super) fn ask(&mut self, subject: Subject) -> ConsultId {
        let id = ConsultId(self.consults.insert(subject));
        self.io.actions.push_back(Action::Consult(id));
        id
    }

    /// Closes a question that nobody waits for any more.
    pub(super) fn withdraw(&mut self, id: Option<ConsultId>) {
        if let Some(id) = id
            && self.consults.remove(id.0).is_some()
        {
            self.io.actions.push_back(Action::CancelConsult(id));
        }
    }

    /// Tells the owners of exchanges what became of them.
    pub(super) fn settle(&mut self, now: Instant) {
        while let Some((owner, call, key, outcome)) = self.outcomes.pop_front() {
            match owner {
                Owner::Invite(id) => self.on_invited(now, id, outcome),
                Owner::Reinvite(id) => self.on_reinvited(now, id, outcome),
                Owner::Bye(id) => self.forget_call(id),
                Owner::Fork => self.release(call),
                Owner::Options => self.on_options_done(call, key, &outcome),
                Owner::Register(id) => self.on_register_done(now, id, &outcome),
            }
        }
    }

    fn move_client(&mut self, now: Instant, key: Key, event: ClientEvent) {
        if let Some((user, report)) = self.clients.on(&mut self.io, now, key, event) {
            self.on_client_report(now, key, user, report, None);
        }
    }

    /// Passes on what a client transaction reports.
    pub(super) fn on_client_report(
        &mut self, now: Instant, client: Key, user: User, report: Report, response: Option<Inbound>,
    ) {
        match (user, report, response) {
            (User::Exchange(key), Report::Response, Some(response)) => {
                self.on_answer(now, key, client, response);
            }
            (User::Accepted, Report::Response, Some(response)) => {
                self.on_another_2xx(now, client, &response);
            }
            (User::Exchange(key), Report::TransportFailed, _) => self.on_unsent(now, key, client),
            (User::Exchange(key), Report::Timeout | Report::Over, _) => {
                let waits = self.exchanges.get(key).is_some_and(
                    |exchange| matches!(exchange.state, State::Trying { client: c, .. } if c == client),
                );
                if waits {
                    self.finish(key, Outcome::Failed(Cause::Timeout, None));
                }
            }
            (User::Exchange(_) | User::Accepted, Report::Response, None)
            | (User::Accepted, Report::Timeout | Report::TransportFailed | Report::Over, _)
            | (User::Nobody, _, _) => {}
        }
    }
}

fn octets(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
        IpAddr::V6(ip) => ip.octets(),
    }
}

impl fmt::Debug for SipManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SipManager").field("sizes", &self.sizes()).finish_non_exhaustive()
    }
}
