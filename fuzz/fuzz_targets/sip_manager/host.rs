//! A manager, what it sent, and what has to hold of it.

use bytes::Bytes;
use sip_core::locate::Servers;
use sip_core::manager::{
    Action, Arrival, CallId, Config, ConsultId, Event, Flow, Hop, Local, Ports, Query,
    RegisterConfig, SenderId, SipManager, Sizes, Verdict,
};
use sip_core::{Limits, Message, Method, StatusCode};
use ssa::{
    Authentication, Authorized, Body, BodyVerdict, Field, FlowId, Incoming, Leaving, Plan,
    Received, Refusal, Required, Transport, Why,
};
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

const DIALOGS: usize = 4;
const TRANSACTIONS: usize = 4;
/// Transactions that are kept for each that may wait, re-INVITEs counting twice.
const KEPT: usize = 2 * 8 * TRANSACTIONS;
/// Requests of the manager's that may be answered.
const SENT: usize = 4;
/// Octets of a datagram.
const DATAGRAM: usize = 65_535;
const FORBIDDEN: Refusal = Refusal::new(403, "Forbidden");

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// FNV-1a with an end for each part: the corpus is to mean the same at every run.
fn hash(parts: &[&[u8]]) -> u64 {
    let octets = parts.iter().flat_map(|part| part.iter().copied().chain([0xff]));
    octets.fold(0xcbf2_9ce4_8422_2325, |hash, octet| {
        (hash ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Numbers that differ, after this one.
fn counting(mut drawn: u64) -> impl FnMut() -> u64 {
    move || {
        drawn += 1;
        drawn.wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

pub(crate) struct Host {
    manager: SipManager,
    now: Instant,
    /// How questions are answered.
    pub(crate) verdict: u8,
    /// Questions that wait.
    open: VecDeque<ConsultId>,
    /// The last requests of the manager's, the latest first, and where they went.
    pub(crate) sent: VecDeque<(Hop, Message)>,
    /// Its last answer to a request, and where it went.
    pub(crate) answered: Option<(Hop, Message)>,
    /// The final response of each transaction.
    finals: BTreeMap<SenderId, Bytes>,
    last: SenderId,
    calls: Vec<CallId>,
    /// What the manager may make transactions of besides its limit: commands, messages in dialogs.
    asked: usize,
    /// Octets and number of answers of which nothing is kept.
    unasked: (usize, usize),
}

fn address(last: u8) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, last], 5060))
}

impl Host {
    pub(crate) fn new() -> Self {
        let local = |transport| Local { transport, address: address(2) };
        let config = Config {
            locals: vec![local(Transport::Udp), local(Transport::Tcp)],
            transactions: TRANSACTIONS,
            dialogs: DIALOGS,
            ..Config::default()
        };
        let ports = Ports { keyed: Box::new(hash), random: Box::new(counting(0)) };
        Self {
            manager: SipManager::new(config, ports),
            now: *START,
            verdict: b'a',
            open: VecDeque::new(),
            sent: VecDeque::new(),
            answered: None,
            finals: BTreeMap::new(),
            last: SenderId::NOBODY,
            calls: Vec::new(),
            asked: 0,
            unasked: (0, 0),
        }
    }

    /// A message from one of four peers; the last of them is connected.
    pub(crate) fn receive(&mut self, peer: u8, octets: &[u8]) {
        let (remote, local) = (address(9 + peer), address(2));
        let transport = if peer == 3 { Transport::Tcp } else { Transport::Udp };
        let flow = Some(FlowId(u64::from(peer) + 1));
        self.receive_over(Hop { transport, local, remote, flow }, octets);
    }

    /// A message from where the manager's own went.
    pub(crate) fn receive_over(&mut self, hop: Hop, octets: &[u8]) {
        let Ok(message) = Message::parse(Bytes::copy_from_slice(octets), &Limits::default()) else {
            return;
        };
        let Hop { transport, local, remote: source, flow } = hop;
        let flow = flow.unwrap_or_else(|| self.manager.datagram_flow(local, source));
        self.asked += usize::from(!message.is_request() || self.verdict == b'w');
        self.unasked = (0, 0);
        let arrival = Arrival { source, local, transport, flow };
        // A CANCEL is answered, and so is its INVITE. RFC 3261 §9.2.
        let owed = if message.method() == Some(Method::CANCEL) { 2 } else { 1 };
        self.manager.on_message(self.now, arrival, message);
        self.act();
        let (number, largest) = self.unasked;
        assert!(number <= owed, "{number} answers to one message");
        assert!(transport.is_reliable() || largest <= 2 * octets.len(), "{largest} octets");
    }

    /// Does what the manager says.
    fn act(&mut self) {
        while let Some(action) = self.manager.poll_action() {
            match action {
                Action::Send { hop, octets, sender, .. } => self.note(hop, octets, sender),
                Action::Consult(id) => {
                    self.open.push_back(id);
                    if self.verdict != b'w' || self.is_arriving(id) {
                        self.open.pop_back();
                        self.answer(id);
                    }
                }
                Action::CancelConsult(id) => self.open.retain(|open| *open != id),
                Action::Event(Event::Incoming { id, .. }) => self.calls.push(id),
                Action::Event(_) | Action::Abandon(_) | Action::Close(_) => {}
            }
        }
    }

    /// Whether a request asks to be let in: that is answered at once.
    fn is_arriving(&self, id: ConsultId) -> bool {
        matches!(self.manager.query(id), Some(Query::RequestReceived { .. }))
    }

    fn answer(&mut self, id: ConsultId) {
        let verdict = self.verdict;
        let verdict = self.manager.query(id).map(|query| say(query, verdict));
        self.manager.verdict(self.now, id, verdict.unwrap_or(Verdict::Unanswered));
    }

    /// Looks at a message that leaves.
    fn note(&mut self, hop: Hop, octets: Bytes, sender: SenderId) {
        assert!(hop.transport.is_reliable() || octets.len() <= DATAGRAM);
        self.last = sender;
        // What keeps the way to a registrar open is no message. RFC 5626 §3.5.1.
        if *octets == *b"\r\n\r\n" {
            return;
        }
        let message = Message::parse(octets.clone(), &Limits::default()).expect("it can be read");
        if !sender.is_answer() {
            self.sent.push_front((hop, message));
            self.sent.truncate(SENT);
            return;
        }
        if !sender.opens_connections() {
            let (number, largest) = self.unasked;
            self.unasked = (number + 1, largest.max(octets.len()));
        } else if !message.status().is_some_and(StatusCode::is_provisional) {
            let first = self.finals.entry(sender).or_insert_with(|| octets.clone());
            assert_eq!(*first, octets, "a second final response");
        }
        self.answered = Some((hop, message));
    }

    /// Answers the question that has waited longest.
    pub(crate) fn decide(&mut self, how: u8) {
        if let Some(id) = self.open.pop_front() {
            let waits = std::mem::replace(&mut self.verdict, how);
            self.answer(id);
            self.verdict = waits;
        }
        self.act();
    }

    /// Lets tenths of a second pass, or time until the next timer.
    pub(crate) fn pass(&mut self, tenths: Option<u8>) {
        let until = match tenths {
            Some(tenths) => Some(self.now + Duration::from_millis(u64::from(tenths) * 100)),
            None => self.manager.poll_timeout(),
        };
        if let Some(until) = until {
            self.now = self.now.max(until);
            self.manager.on_timeout(self.now);
            self.act();
        }
    }

    /// The application wants something of a call, or a new one.
    pub(crate) fn command(&mut self, what: u8, which: u8) {
        self.asked += 1;
        let body = || Body {
            content_type: Some(b"application/sdp".to_vec()),
            octets: b"v=0\r\n".to_vec(),
        };
        let (now, manager) = (self.now, &mut self.manager);
        let (from, to) = ("sip:alice@192.0.2.2", "sip:peer@192.0.2.9");
        let call = self.calls.get(usize::from(which) % self.calls.len().max(1)).copied();
        // What does not fit is a misuse that is told, and does nothing.
        match (what % 10, call) {
            (0, _) => {
                if let Ok(prepared) = manager.prepare(now, from, to, None) {
                    self.calls.push(prepared.id);
                    _ = manager.invite(now, prepared.id, body());
                }
            }
            (1, _) => _ = manager.request(now, Method::OPTIONS, from, to, None, Body::default()),
            (2, _) => {
                let (aor, registrar) = (from.to_owned(), "sip:192.0.2.9".to_owned());
                let config =
                    RegisterConfig { aor, registrar, expires: 60, ..RegisterConfig::default() };
                _ = manager.register(now, config);
            }
            (3, Some(id)) => _ = manager.ring(now, id),
            (4, Some(id)) => _ = manager.accept(now, id, body()),
            (5, Some(id)) => _ = manager.reject(now, id, 486),
            (6, Some(id)) => _ = manager.hang_up(now, id),
            (7, Some(id)) => _ = manager.reinvite(now, id, body()),
            (8, Some(id)) => _ = manager.accept_reinvite(now, id, body()),
            (_, Some(id)) => manager.reject_overloaded(now, id),
            (_, None) => {}
        }
        self.act();
    }

    /// A connection breaks.
    pub(crate) fn lose(&mut self, peer: u8) {
        let id = FlowId(u64::from(peer) + 1);
        let flow = Flow { id, remote: address(9 + peer), name: None };
        self.manager.on_flow_closed(self.now, flow);
        self.act();
    }

    /// What left last did not arrive anywhere.
    pub(crate) fn fail(&mut self) {
        self.manager.on_send_failed(self.now, self.last);
        self.act();
    }

    /// What holds at any time.
    pub(crate) fn check(&self) {
        let sizes = self.manager.sizes();
        assert!(sizes.calls <= DIALOGS, "{sizes:?}");
        // What we are asked for, and what is said in dialogs, is bounded by who asks.
        assert!(sizes.transactions <= KEPT + 6 * self.asked, "{sizes:?}");
        assert_eq!(sizes.consults, self.open.len());
        let own = sizes.calls + sizes.exchanges + sizes.registrations;
        assert!(sizes.timers <= 5 * (sizes.transactions + own), "{sizes:?}");
    }

    /// All is ended, and nothing is left.
    pub(crate) fn end(mut self) {
        self.verdict = b'n';
        self.manager.hang_up_all(self.now);
        self.act();
        while let Some(id) = self.open.pop_front() {
            self.answer(id);
            self.act();
        }
        for _ in 0..10_000 {
            if self.manager.poll_timeout().is_none() {
                break;
            }
            self.pass(None);
        }
        assert_eq!(self.manager.sizes(), Sizes::default());
    }
}

/// The answer to a question: let in, refuse, challenge, end, or none at all.
fn say(query: Query<'_>, how: u8) -> Verdict {
    let challenge = || vec![field("WWW-Authenticate", "Test nonce=\"1\"")];
    match (query, how) {
        (_, b'n') => Verdict::Unanswered,
        (Query::RequestReceived { .. }, b'a') => Verdict::Received(Received::Admit),
        (Query::RequestReceived { .. }, b'c') => {
            Verdict::Received(Received::SendWwwAuthenticate(challenge()))
        }
        (Query::RequestReceived { .. }, b'r') => Verdict::Received(Received::Reject(FORBIDDEN)),
        (Query::RequestReceived { .. }, _) => Verdict::Received(Received::Authenticate),
        (Query::Authenticate { .. }, b'c') => {
            Verdict::Authentication(Authentication::SendWwwAuthenticate(challenge()))
        }
        (Query::Authenticate { .. }, b'r') => {
            Verdict::Authentication(Authentication::Refused(FORBIDDEN))
        }
        (Query::Authenticate { .. }, _) => Verdict::Authentication(Authentication::Authenticated),
        (Query::Got401 { .. }, b'r') => Verdict::Required(Required::GiveUp(Why::NotConfigured)),
        (Query::Got401 { .. }, _) => {
            Verdict::Required(Required::SendWwwAuthenticate { plan: Plan(1), reserve: 40 })
        }
        (Query::Encrypt { .. } | Query::Decrypt { .. }, b'r') => {
            Verdict::Body(BodyVerdict::Refused(Refusal::new(493, "Undecipherable")))
        }
        (Query::Encrypt { body, .. }, _) => Verdict::Body(BodyVerdict::Body(body.clone())),
        (Query::Decrypt { body, .. }, _) => Verdict::Body(BodyVerdict::Body(body)),
        (Query::Authorize { .. }, b'r') => Verdict::Authorized(Authorized::GiveUp(Why::Abandoned)),
        (Query::Authorize { .. }, _) => Verdict::Authorized(Authorized::Fields(vec![field(
            "Authorization",
            "Test nonce=\"1\"",
        )])),
        (Query::ResponseLeaving { .. }, b'r') => Verdict::Leaving(Leaving::Refused(FORBIDDEN)),
        (Query::ResponseLeaving { .. }, _) => Verdict::Leaving(Leaving::Fields(Vec::new())),
        (Query::ResponseReceived { .. }, b'r') => {
            Verdict::Incoming(Incoming::AckThenBye(Why::ProofMissing))
        }
        (Query::ResponseReceived { .. }, b'c') => Verdict::Incoming(Incoming::Discard),
        (Query::ResponseReceived { .. }, _) => Verdict::Incoming(Incoming::Accept),
        (Query::Locate { .. }, _) => {
            Verdict::Located(Servers { transport: None, addresses: vec![address(9)] })
        }
    }
}

fn field(name: &'static str, value: &str) -> Field {
    Field { name, value: value.as_bytes().to_vec() }
}
