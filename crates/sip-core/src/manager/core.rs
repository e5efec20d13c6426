//! The SIP manager itself: its tables, the inputs that drive them, and who hears what.

use super::action::{Action, Arrival, Flow, Hop, Sender, SenderId};
use super::config::{Config, Local};
use super::consult::{ConsultId, Query, Subject, Verdict};
use super::dialogs::Dialogs;
use super::event::{CallId, Event, RequestId};
use super::inbound::Inbound;
use super::io::{Io, Outputs};
use super::ports::Ports;
use super::readings::{Of, Readings};
use super::requests::Requests;
use super::serving::Serving;
use super::slab::{Key, Slab};
use super::timers::Due;
use super::usages::{Cx, Registration, Usage};
use crate::Message;
use crate::stun::BindingResponse;
use crate::transaction::{ClientEvent, ServerEvent};
use ssa::{Body, FlowId};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

/// The SIP manager: transactions, dialogs and calls of one terminal, sans-IO.
///
/// See the [module](super) for the loop that drives it.
pub struct SipManager {
    pub(super) config: Config,
    pub(super) outputs: Outputs,
    pub(super) requests: Requests,
    pub(super) serving: Serving,
    pub(super) readings: Readings,
    pub(super) dialogs: Dialogs,
    usages: Slab<Usage>,
    /// How many of the usages are calls.
    pub(super) calls: usize,
    /// How many of them are registrations.
    registrations: usize,
}

/// How full the tables are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// Transactions of both kinds.
    pub transactions: usize,
    /// Calls, each with at most one confirmed dialog.
    pub calls: usize,
    /// Dialogs, early ones included.
    pub dialogs: usize,
    /// Requests of ours without an outcome.
    pub exchanges: usize,
    /// Registrations.
    pub registrations: usize,
    /// All that goes on: calls, registrations, requests that stand for themselves, and dialogs that
    /// are being ended.
    pub usages: usize,
    /// Open questions.
    pub consults: usize,
    /// Running timers.
    pub timers: usize,
}

impl SipManager {
    /// An idle manager. Methods that it does not serve are taken out of the capabilities; SUBSCRIBE
    /// is in them where they name an event package.
    pub fn new(mut config: Config, ports: Ports) -> Self {
        config.capabilities.keep_to_what_is_served();
        Self {
            config,
            outputs: Outputs::new(ports),
            requests: Requests::new(),
            serving: Serving::new(),
            readings: Readings::default(),
            dialogs: Dialogs::default(),
            usages: Slab::new(),
            calls: 0,
            registrations: 0,
        }
    }

    /// Our addresses.
    pub fn locals(&self) -> &[Local] {
        &self.config.locals
    }

    /// The hop that a call's peer is reached over: of a call that came in or was answered, and of
    /// one that is prepared unless a name is to be resolved first.
    pub fn hop(&self, id: CallId) -> Option<Hop> {
        let Usage::Invite(call) = self.usages.get(id.0)? else { return None };
        call.hop(self.config.own(), &self.dialogs)
    }

    /// How full the tables are.
    pub fn sizes(&self) -> Sizes {
        Sizes {
            transactions: self.requests.transactions() + self.serving.servers.len(),
            calls: self.calls,
            dialogs: self.dialogs.len(),
            exchanges: self.requests.len(),
            registrations: self.registrations,
            usages: self.usages.len(),
            consults: self.outputs.consults.len(),
            timers: self.outputs.timers.len(),
        }
    }

    /// Whether no call, no subscription, no request of ours and no open question is left: a BYE's
    /// answer may wait for its signature. Transactions may still absorb retransmissions.
    pub fn is_idle(&self) -> bool {
        self.calls == 0
            && self.number_of(Usage::is_subscription) == 0
            && self.requests.len() == 0
            && self.outputs.consults.len() == 0
    }

    /// Whether a call, a registration or a request that waits for its final response lives on
    /// this connection.
    pub fn uses_flow(&self, flow: Flow<'_>) -> bool {
        let registered =
            |usage: &Usage| matches!(usage, Usage::Registration(it) if it.is_over_flow(flow.id));
        self.dialogs.are_over(flow.id)
            || self.usages.iter().any(|(_, usage)| registered(usage))
            || self.requests.are_over(flow)
            || self.serving.servers.waiting_over(flow.id).next().is_some()
    }

    /// The flow of a datagram socket of ours and a remote address: the same for the same pair.
    /// Connections are numbered from one: the two never meet.
    pub fn datagram_flow(&self, local: SocketAddr, remote: SocketAddr) -> FlowId {
        const DATAGRAMS: u64 = 1 << 63;
        const HASHED: u64 = 1 << 62;
        let place = self.config.locals.iter().position(|own| own.address == local);
        if let (Some(place @ ..0x4000), IpAddr::V4(ip)) = (place, remote.ip()) {
            // They fit, with the socket's place among ours.
            let address = u64::from(ip.to_bits()) << 16 | u64::from(remote.port());
            return FlowId(DATAGRAMS | (place as u64) << 48 | address);
        }
        let (from, to) = (local.port().to_be_bytes(), remote.port().to_be_bytes());
        let parts = [b"flow".as_slice(), &octets(local.ip()), &from, &octets(remote.ip()), &to];
        FlowId((self.outputs.ports.keyed)(&parts) | DATAGRAMS | HASHED)
    }

    /// What is to be done next; ask until `None` after every input.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.outputs.actions.pop_front()
    }

    /// When [`on_timeout`](Self::on_timeout) is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.outputs.timers.next()
    }

    /// A message came in.
    pub fn on_message(&mut self, now: Instant, arrival: Arrival, message: Message) {
        let inbound = Inbound::new(message, arrival);
        self.input(now, |this| {
            if inbound.message.is_request() {
                this.on_request(now, inbound);
            } else {
                let (requests, mut io) = this.requests(now);
                requests.on_response(&mut io, inbound);
            }
        });
    }

    /// The INVITE of a call that came in, as it came, until the call has its final answer.
    pub fn invitation(&self, id: CallId) -> Option<&Message> {
        self.waiting(id.0).map(|request| &request.message)
    }

    /// How that INVITE arrived, for as long.
    pub fn arrival(&self, id: CallId) -> Option<Arrival> {
        self.waiting(id.0).map(|request| request.arrival)
    }

    /// A peer's request that stands for itself, as it came, until it is answered.
    pub fn received(&self, id: RequestId) -> Option<&Message> {
        self.waiting(id.0).map(|request| &request.message)
    }

    fn waiting(&self, key: Key) -> Option<&Inbound> {
        let server = self.usages.get(key)?.waiting()?;
        Some(&self.serving.get(server)?.request)
    }

    /// Whether there is such a call, whose end the application has not heard.
    #[cfg(feature = "driver")]
    pub(crate) fn has_call(&self, id: CallId) -> bool {
        matches!(self.usages.get(id.0), Some(Usage::Invite(call)) if call.check().is_ok())
    }

    /// The time has come.
    pub fn on_timeout(&mut self, now: Instant) {
        while let Some(due) = self.outputs.timers.take_fired(now) {
            self.input(now, |this| this.on_due(now, due));
        }
    }

    fn on_due(&mut self, now: Instant, due: Due) {
        match due {
            Due::Client(key, timer) => {
                let (requests, mut io) = self.requests(now);
                requests.on_client(&mut io, key, ClientEvent::Timer(timer));
            }
            Due::Server(key, timer) => self.on_server(now, key, ServerEvent::Timer(timer)),
            Due::Orphan(key) => {
                let (requests, mut io) = self.requests(now);
                requests.on_orphan_timeout(&mut io, key);
            }
            Due::Cancel(key) => {
                let (requests, mut io) = self.requests(now);
                requests.on_cancel_timeout(&mut io, key);
            }
            Due::Usage(key, timer) => {
                self.with(now, key, |it, cx| it.on_timer(cx, timer));
            }
        }
    }

    /// A message could not be sent.
    pub fn on_send_failed(&mut self, now: Instant, sender: SenderId) {
        self.input(now, |this| match sender.0 {
            Sender::Nobody | Sender::Stateless | Sender::Ping => {}
            Sender::Client(key) => {
                let (requests, mut io) = this.requests(now);
                requests.on_client(&mut io, key, ClientEvent::TransportError);
            }
            Sender::Server(key) => this.on_server(now, key, ServerEvent::TransportError),
        });
    }

    /// A message was not sent since nobody can be reached there: a connection could not be opened,
    /// for this reason. The application is told it of a request of ours.
    pub fn on_unreachable(&mut self, now: Instant, sender: SenderId, reason: &str) {
        if let Sender::Client(client) = sender.0
            && let Some(usage) = self.requests.usage_of(client)
        {
            let is_call = matches!(self.usages.get(usage), Some(Usage::Invite(_)));
            let (call, reason) = (is_call.then_some(CallId(usage)), reason.to_owned());
            self.io(now).tell(Event::Unreachable { call, reason });
        }
        self.on_send_failed(now, sender);
    }

    /// The network said that a datagram to `remote` did not arrive, quoted its first octets, and why
    /// (ICMP). RFC 3261 §18.4.
    ///
    /// A request of ours that it quotes as far as its branch, and that has no answer of any kind
    /// yet, was not sent. Nothing else is touched by it: whoever has not seen the request cannot
    /// make it fail, and who has could answer it as well.
    pub fn on_undelivered(
        &mut self, now: Instant, remote: SocketAddr, octets: &[u8], reason: &str,
    ) {
        if let Some(client) = self.requests.undelivered(remote, octets) {
            self.on_unreachable(now, SenderId(Sender::Client(client)), reason);
        }
    }

    /// A connection was closed.
    ///
    /// What waits for a first response on it fails now; a request that came over it and is still
    /// being authenticated is dropped, since nobody is there to answer; what was registered over it
    /// is registered again.
    pub fn on_flow_closed(&mut self, now: Instant, flow: Flow<'_>) {
        self.input(now, |this| {
            let (requests, mut io) = this.requests(now);
            requests.on_flow_closed(&mut io, flow);
            let (serving, _, mut io) = this.serving(now);
            serving.on_flow_closed(&mut io, flow.id);
            this.with_all(now, |usage, cx| usage.on_flow_closed(cx, flow.id));
        });
    }

    /// Something came over a connection on which a ping was sent (see [`SenderId::is_ping`]), the
    /// first since; whether it was a pong.
    pub fn on_alive(&mut self, now: Instant, flow: FlowId, is_pong: bool) {
        self.input(now, |this| {
            this.with_all(now, |usage, cx| usage.on_alive(cx, flow, is_pong));
        });
    }

    /// A datagram came in from `source` that begins as STUN does: what answers a Binding request of a
    /// registration's is heeded, and nothing else. RFC 5626 §8.
    pub fn on_stun(&mut self, now: Instant, source: SocketAddr, octets: &[u8]) {
        let response = Some(octets).filter(|_| self.registrations > 0);
        let Some(response) = response.and_then(BindingResponse::parse) else { return };
        let awaits = |usage: &Usage| matches!(usage, Usage::Registration(it) if it.awaits(source, &response));
        let asked = self.usages.iter().find(|(_, usage)| awaits(usage)).map(|(key, _)| key);
        if let Some(key) = asked {
            let heard = |it: &mut Registration, cx: &mut Cx<'_>| {
                it.on_binding(cx, source, &response);
                Ok(())
            };
            // It was there a moment ago.
            let _ = self.give(now, key, heard);
        }
    }

    /// What is being asked, or `None` once it is not wanted any more.
    pub fn query(&self, id: ConsultId) -> Option<Query<'_>> {
        let config = &self.config;
        match *self.outputs.consults.get(id.0)? {
            Subject::Arriving(key) => self.serving.arriving_query(key, &config.capabilities),
            Subject::Ours(key) => self.requests.query(key, config),
            Subject::Theirs(key) => self.serving.query(key, &config.capabilities),
            Subject::Reading(key) => self.readings.query(key),
        }
    }

    /// Somebody decided. A verdict to a question that is not open any more does nothing.
    pub fn verdict(&mut self, now: Instant, id: ConsultId, verdict: Verdict) {
        let Some(subject) = self.outputs.consults.remove(id.0) else { return };
        self.input(now, |this| {
            let (config, out) = (&this.config, &mut this.outputs);
            let (mut io, dialogs) = (Io { now, config, out }, &mut this.dialogs);
            match subject {
                Subject::Arriving(key) => {
                    this.serving.on_received(&mut io, dialogs, key, verdict);
                }
                Subject::Ours(key) => this.requests.on_verdict(&mut io, dialogs, key, verdict),
                Subject::Theirs(key) => this.serving.on_verdict(&mut io, dialogs, key, verdict),
                Subject::Reading(key) => {
                    if let Some(read) = this.readings.on_verdict(&mut io, key, verdict) {
                        this.on_read(now, read);
                    }
                }
            }
        });
    }

    /// A body was read: its usage hears of it, unless it is gone.
    fn on_read(&mut self, now: Instant, (usage, of, body): (Key, Of, Body)) {
        self.with(now, usage, |usage, cx| match of {
            Of::Ack(cseq) => usage.on_late_answer(cx, cseq, body),
            Of::Progress(purpose, answer) => usage.on_progress(cx, purpose, &answer, body),
            Of::OurAck(cseq) => usage.on_answer_protected(cx, cseq, body),
        });
    }

    /// The one way in: whatever an input leaves to be told, is told before it returns.
    pub(super) fn input<T>(&mut self, now: Instant, act: impl FnOnce(&mut Self) -> T) -> T {
        let done = act(self);
        self.tell_usages(now);
        done
    }

    /// How many usages are such: what few peers have is not counted with every call.
    pub(super) fn number_of(&self, are: impl Fn(&Usage) -> bool) -> usize {
        self.usages.iter().filter(|(_, usage)| are(usage)).count()
    }

    pub(super) fn usage(&self, key: Key) -> Option<&Usage> {
        self.usages.get(key)
    }

    /// Something happened to a server transaction.
    pub(super) fn on_server(&mut self, now: Instant, server: Key, event: ServerEvent) {
        let (serving, _, mut io) = self.serving(now);
        serving.on_server(&mut io, server, event);
    }

    /// Adds a usage, also to the dialogs that it was made for.
    pub(super) fn insert(&mut self, now: Instant, usage: Usage) -> Key {
        self.io(now).hold(usage.name());
        self.count(&usage, 1);
        let dialogs = usage.dialogs();
        let key = self.usages.insert(usage);
        dialogs.into_iter().for_each(|dialog| self.dialogs.join(dialog, key));
        key
    }

    fn count(&mut self, usage: &Usage, by: isize) {
        let counter = match usage {
            Usage::Invite(_) => &mut self.calls,
            Usage::Registration(_) => &mut self.registrations,
            Usage::Unwanted(_)
            | Usage::Single(_)
            | Usage::Notifier(_)
            | Usage::Publication(_)
            | Usage::Subscription(_) => return,
        };
        *counter = counter.saturating_add_signed(by);
    }

    /// Lends a usage what it may touch; one that is over then is removed, with its timers, its place
    /// in its dialogs and its name. `None` where it was removed before.
    pub(super) fn with<T>(
        &mut self, now: Instant, key: Key, act: impl FnOnce(&mut Usage, &mut Cx<'_>) -> T,
    ) -> Option<T> {
        let usage = self.usages.get_mut(key)?;
        let io = Io { now, config: &self.config, out: &mut self.outputs };
        let (requests, serving) = (&mut self.requests, &mut self.serving);
        let mut cx = Cx { io, requests, serving, dialogs: &mut self.dialogs, me: key };
        let done = act(usage, &mut cx);
        if !usage.is_over() {
            return Some(done);
        }
        let usage = self.usages.remove(key)?;
        self.outputs.timers.stop_usage(key, usage.timers());
        for dialog in usage.dialogs() {
            self.dialogs.leave(dialog, key);
        }
        self.count(&usage, -1);
        self.io(now).release(usage.name());
        Some(done)
    }

    /// The same for all usages.
    pub(super) fn with_all(&mut self, now: Instant, mut act: impl FnMut(&mut Usage, &mut Cx<'_>)) {
        let all: Vec<Key> = self.usages.iter().map(|(key, _)| key).collect();
        for key in all {
            self.with(now, key, &mut act);
        }
    }

    pub(super) const fn io(&mut self, now: Instant) -> Io<'_> {
        Io { now, config: &self.config, out: &mut self.outputs }
    }

    const fn requests(&mut self, now: Instant) -> (&mut Requests, Io<'_>) {
        (&mut self.requests, Io { now, config: &self.config, out: &mut self.outputs })
    }

    pub(super) const fn serving(&mut self, now: Instant) -> (&mut Serving, &mut Dialogs, Io<'_>) {
        let io = Io { now, config: &self.config, out: &mut self.outputs };
        (&mut self.serving, &mut self.dialogs, io)
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
