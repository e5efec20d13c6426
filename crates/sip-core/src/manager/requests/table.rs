//! The requests of ours that are under way, and how they move.

use super::draft::Draft;
use super::exchange::{Answer, Cancel, Exchange, MAX_ANSWERED, Outcome, Owner, State, Step};
use crate::manager::action::{Hop, Sender};
use crate::manager::consult::{Query, Subject, Verdict};
use crate::manager::dialogs::Dialogs;
use crate::manager::event::Cause;
use crate::manager::inbound::Inbound;
use crate::manager::io::Io;
use crate::manager::slab::{Key, Slab};
use crate::manager::target::{Fallback, Host, Target};
use crate::manager::timers::Due;
use crate::manager::transactions::{
    Ack, Branch, ClientReport as Report, Clients, Departure, MAX_FORKS, User, cancel,
};
use crate::transaction::ClientEvent;
use crate::validate::is_usable_response;
use crate::{Message, Method};
use ssa::{Body, BodyVerdict, CallRef, FlowId, Incoming, Refusal, Why};
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};

/// All requests of ours.
#[derive(Debug)]
pub(in crate::manager) struct Requests {
    clients: Clients,
    pub(super) table: Slab<Box<Exchange>>,
    news: VecDeque<News>,
}

/// What is to be told of requests of ours.
#[derive(Debug)]
pub(in crate::manager) enum News {
    /// A provisional response to a request that nobody takes back.
    Progress(Owner, Answer),
    /// A request came to its end; `cseq` is that of its last try.
    Outcome { owner: Owner, cseq: u32, outcome: Outcome },
    /// A 2xx to an INVITE that nobody waits for any more: another fork's, or a late one. It is to be
    /// acknowledged and its dialog ended.
    Unwanted(Answer),
}

impl Requests {
    pub(in crate::manager) const fn new() -> Self {
        Self { clients: Clients::new(), table: Slab::new(), news: VecDeque::new() }
    }

    /// The number of requests without an outcome.
    pub(in crate::manager) fn len(&self) -> usize {
        self.table.len()
    }

    /// The number of client transactions.
    pub(in crate::manager) fn transactions(&self) -> usize {
        self.clients.len()
    }

    /// The next thing to be told.
    pub(in crate::manager) fn next_news(&mut self) -> Option<News> {
        self.news.pop_front()
    }

    /// Starts a request. Its owner hears what becomes of it.
    pub(in crate::manager) fn begin(
        &mut self, io: &mut Io<'_>, owner: Owner, name: CallRef, (draft, target): (Draft, Target),
    ) -> Key {
        io.hold(name);
        let located = matches!(target.host, Host::Address(_));
        let key = self.table.insert(Box::new(Exchange {
            owner,
            name,
            draft,
            target,
            state: State::Locating,
            answered: 0,
            consult: None,
            cancel: Cancel::No,
            is_wanted: true,
        }));
        if located {
            self.protect(io, key);
        } else {
            self.suspend(io, key, State::Locating);
        }
        key
    }

    /// The one end of every request.
    fn end(&mut self, io: &mut Io<'_>, key: Key) -> Option<Exchange> {
        let exchange = self.table.remove(key)?;
        io.withdraw(exchange.consult);
        io.stop(Due::Cancel(key));
        io.release(exchange.name);
        Some(*exchange)
    }

    /// Ends a request with an outcome.
    pub(super) fn finish(&mut self, io: &mut Io<'_>, key: Key, outcome: Outcome) {
        if let Some(Exchange { owner, draft, .. }) = self.end(io, key) {
            let cseq = draft.cseq;
            self.news.push_back(News::Outcome { owner, cseq, outcome });
        }
    }

    /// Ends a request that nobody waits for any more; the CSeq of its last try.
    ///
    /// What has come in or comes in yet is acknowledged all the same: a failure by the transaction,
    /// which lasts for 64*T1 more, a 2xx to an INVITE as one that is not wanted.
    pub(in crate::manager) fn forget(&mut self, io: &mut Io<'_>, key: Key) -> Option<u32> {
        let Exchange { state, draft, .. } = self.end(io, key)?;
        match state {
            State::Trying { client, .. } => {
                if let Some(client) = self.clients.get_mut(client) {
                    let invite = draft.method == Method::INVITE;
                    client.user = if invite { User::Accepted } else { User::Nobody };
                }
                io.start(Due::Orphan(client), io.config.timing.timeout());
            }
            State::Judging(answer) | State::Reading(answer) if draft.method == Method::INVITE => {
                self.news.push_back(News::Unwanted(answer));
            }
            State::Judging(_) | State::Reading(_) => {}
            State::Locating | State::Encrypting | State::Authorizing(_) => {}
        }
        Some(draft.cseq)
    }

    /// Nobody wants the request tried again: it ends with the next final response.
    pub(in crate::manager) fn try_no_more(&mut self, key: Key) {
        if let Some(exchange) = self.table.get_mut(key) {
            exchange.is_wanted = false;
        }
    }

    /// Whether an answer to this request may still come.
    pub(in crate::manager) fn has_left(&self, key: Key) -> bool {
        self.table.get(key).is_some_and(|exchange| exchange.has_left())
    }

    /// Takes an INVITE back, as far as it has come. What has not left, does not leave; what has, is
    /// cancelled once there is a provisional response. A 2xx that came in or crosses the CANCEL
    /// counts. RFC 3261 §9.1.
    pub(in crate::manager) fn cancel(&mut self, io: &mut Io<'_>, key: Key) {
        let Some(exchange) = self.table.get_mut(key) else { return };
        if exchange.cancel != Cancel::No {
            return;
        }
        exchange.cancel = Cancel::Wanted;
        exchange.is_wanted = false;
        match &exchange.state {
            State::Trying { client, .. } => {
                let client = self.clients.get(*client);
                if client.is_some_and(|client| !client.is_unanswered()) {
                    self.send_cancel(io, key);
                }
            }
            State::Judging(_) | State::Reading(_) => {}
            State::Locating | State::Encrypting | State::Authorizing(_) => {
                self.finish(io, key, Outcome::Cancelled);
            }
        }
    }

    /// Waits no longer for what the security manager says of a 2xx: it is not believed.
    pub(in crate::manager) fn stop_judging(&mut self, io: &mut Io<'_>, key: Key) {
        let Some(exchange) = self.table.get_mut(key) else { return };
        match exchange.take_state() {
            State::Judging(answer) | State::Reading(answer) => {
                self.finish(io, key, Outcome::Untrusted(answer, Why::ApplicationUnavailable));
            }
            other @ (State::Locating
            | State::Encrypting
            | State::Trying { .. }
            | State::Authorizing(_)) => exchange.state = other,
        }
    }

    /// Sends CANCEL for an INVITE that has a provisional response. RFC 3261 §9.1.
    fn send_cancel(&mut self, io: &mut Io<'_>, key: Key) {
        let Some(exchange) = self.table.get_mut(key) else { return };
        exchange.cancel = Cancel::Sent;
        let client = exchange.trying().and_then(|client| self.clients.get(client));
        let Some(client) = client else { return };
        let branch = Branch { number: client.branch(), cancel: true };
        let hop = client.hop;
        let octets = cancel(&client.request);
        let request = octets.and_then(|octets| Message::parse(octets, &io.config.limits).ok());
        if let Some(request) = request {
            self.clients.start(io, Departure { request, branch, hop, user: User::Nobody });
        }
        io.start(Due::Cancel(key), io.config.timing.timeout());
    }

    /// RFC 3261 §9.1: no final response in 64*T1 after the CANCEL: the INVITE counts as cancelled.
    /// A 2xx that is being judged stays: it is to be acknowledged.
    pub(in crate::manager) fn on_cancel_timeout(&mut self, io: &mut Io<'_>, key: Key) {
        let Some(exchange) = self.table.get_mut(key) else { return };
        exchange.cancel = Cancel::Overdue;
        if let Some(client) = exchange.trying() {
            self.clients.forget(io, client);
            self.finish(io, key, Outcome::Cancelled);
        }
    }

    /// The end of a transaction that nobody waits for.
    pub(in crate::manager) fn on_orphan_timeout(&mut self, io: &mut Io<'_>, client: Key) {
        self.clients.forget(io, client);
    }

    /// Keeps the ACK to a 2xx for its retransmissions, and sends it. RFC 3261 §13.2.2.4.
    pub(in crate::manager) fn acknowledge(&mut self, io: &mut Io<'_>, client: Key, ack: Ack) {
        io.send(Sender::Nobody, ack.hop, ack.octets.clone());
        if let Some(client) = self.clients.get_mut(client) {
            client.user = User::Accepted;
            client.acks.push(ack);
        }
    }

    /// Waits in `state` for a verdict.
    pub(super) fn suspend(&mut self, io: &mut Io<'_>, key: Key, state: State) {
        let id = io.ask(Subject::Ours(key));
        if let Some(exchange) = self.table.get_mut(key) {
            exchange.state = state;
            exchange.consult = Some(id);
        }
    }

    /// Protects the body, where there is one; then the request leaves.
    fn protect(&mut self, io: &mut Io<'_>, key: Key) {
        match self.table.get(key) {
            Some(exchange) if exchange.has_body() => self.suspend(io, key, State::Encrypting),
            Some(_) => self.depart(io, key),
            None => {}
        }
    }

    /// Sends the request as it is.
    fn depart(&mut self, io: &mut Io<'_>, key: Key) {
        let branch = io.random();
        match self.shape(io, key, 0, branch) {
            Some((hop, request)) => self.launch(io, key, hop, branch, request),
            None => self.finish(io, key, Outcome::Failed(Cause::Transport, None)),
        }
    }

    /// Chooses the hop for the draft's size and `reserve` octets more, and puts it into octets.
    pub(super) fn shape(
        &mut self, io: &Io<'_>, key: Key, reserve: usize, branch: u64,
    ) -> Option<(Hop, Message)> {
        let exchange = self.table.get_mut(key)?;
        let locals = &io.config.locals;
        let hop = exchange.target.hop(0, locals)?;
        exchange.draft.fix_contact(locals, &hop);
        let mut octets = exchange.draft.octets(&hop, branch);
        let chosen = exchange.target.hop(octets.len() + reserve, locals)?;
        if chosen != hop {
            octets = exchange.draft.octets(&chosen, branch);
        }
        Some((chosen, Message::parse(octets, &io.config.limits).ok()?))
    }

    pub(super) fn launch(
        &mut self, io: &mut Io<'_>, key: Key, hop: Hop, number: u64, request: Message,
    ) {
        let departure = Departure {
            request: request.clone(),
            branch: Branch { number, cancel: false },
            hop,
            user: User::Exchange(key),
        };
        let client = self.clients.start(io, departure);
        if let Some(exchange) = self.table.get_mut(key) {
            exchange.state = State::Trying { client, hop, sent: request };
        }
    }

    /// The request did not get through: it takes the next way, where there is one.
    fn on_unsent(&mut self, io: &mut Io<'_>, key: Key, client: Key) {
        let Some(exchange) = self.table.get_mut(key) else { return };
        let hop = match &exchange.state {
            State::Trying { client: own, hop, .. } if *own == client => *hop,
            State::Locating
            | State::Encrypting
            | State::Trying { .. }
            | State::Authorizing(_)
            | State::Judging(_)
            | State::Reading(_) => return,
        };
        match Some(exchange).filter(|it| it.is_wanted).and_then(|it| it.target.fall_back(&hop)) {
            // The credentials stay: they cover neither Via nor transport.
            Some(Fallback::SamePeer) => self.depart(io, key),
            // Whoever is there was not the one who asked for them.
            Some(Fallback::ByUri) => self.start_over(io, key),
            None => self.finish(io, key, Outcome::Failed(Cause::Transport, None)),
        }
    }

    /// Sends the request as if nobody had challenged it yet.
    fn start_over(&mut self, io: &mut Io<'_>, key: Key) {
        if let Some(exchange) = self.table.get_mut(key) {
            exchange.draft.credentials.clear();
            self.protect(io, key);
        }
    }

    /// A response came in.
    pub(in crate::manager) fn on_response(&mut self, io: &mut Io<'_>, inbound: Inbound) {
        let found = inbound.message.identity().and_then(|id| self.clients.find(&id));
        let Some(client) = found else { return };
        // RFC 3261 §18.3: a response that is not as it should be is discarded.
        if !is_usable_response(&inbound.message, &io.config.limits) {
            return;
        }
        match self.clients.on_response(io, client, &inbound.message) {
            Some((User::Exchange(key), Report::Response)) => {
                self.on_answer(io, key, client, inbound);
            }
            Some((User::Accepted, Report::Response)) => self.on_late_2xx(io, client, inbound),
            Some((user, report)) => self.on_report(io, client, user, report),
            None => {}
        }
    }

    /// A client transaction's timer fired, or what it sent could not be sent.
    pub(in crate::manager) fn on_client(
        &mut self, io: &mut Io<'_>, client: Key, event: ClientEvent,
    ) {
        if let Some((user, report)) = self.clients.on(io, client, event) {
            self.on_report(io, client, user, report);
        }
    }

    /// A connection to `remote` was closed: what waits for a first response on it fails now.
    pub(in crate::manager) fn on_flow_closed(
        &mut self, io: &mut Io<'_>, flow: FlowId, remote: SocketAddr,
    ) {
        for client in self.clients.waiting_on(flow, remote) {
            self.on_client(io, client, ClientEvent::TransportError);
        }
    }

    /// Whether a request that waits for its final response went over this connection.
    pub(in crate::manager) fn are_over(&self, flow: FlowId, remote: SocketAddr) -> bool {
        let waits = |exchange: &Exchange| {
            let client = exchange.trying().and_then(|client| self.clients.get(client));
            client.is_some_and(|client| client.went_over(flow, remote))
        };
        self.table.iter().any(|(_, exchange)| waits(exchange))
    }

    /// What a client transaction reports, other than a response.
    fn on_report(&mut self, io: &mut Io<'_>, client: Key, user: User, report: Report) {
        match (user, report) {
            (User::Exchange(key), Report::TransportFailed) => self.on_unsent(io, key, client),
            (User::Exchange(key), Report::Timeout | Report::Over) => {
                let trying = self.table.get(key).and_then(|exchange| exchange.trying());
                if trying == Some(client) {
                    self.finish(io, key, Outcome::Failed(Cause::Timeout, None));
                }
            }
            (User::Exchange(_), Report::Response) | (User::Accepted | User::Nobody, _) => {}
        }
    }

    /// A response came in for a request that waits for one.
    fn on_answer(&mut self, io: &mut Io<'_>, key: Key, client: Key, response: Inbound) {
        let Some(exchange) = self.table.get(key) else { return };
        let Some(status) = response.message.status().map(|status| status.as_u16()) else { return };
        let (hop, sent) = match &exchange.state {
            State::Trying { client: own, hop, sent } if *own == client => (*hop, sent.clone()),
            // Retransmissions, and other forks' answers, while the first is being looked at.
            State::Locating
            | State::Encrypting
            | State::Trying { .. }
            | State::Authorizing(_)
            | State::Judging(_)
            | State::Reading(_) => return,
        };
        // Credentials are for whoever the request was sent to, and for what is wanted.
        let may_answer = exchange.is_wanted && exchange.answered < MAX_ANSWERED;
        let answer = Answer { client, hop, sent, response };
        match status {
            ..=199 => self.on_provisional(io, key, answer),
            200..=299 => self.suspend(io, key, State::Judging(answer)),
            401 | 407 if may_answer && answer.came_back() => {
                self.suspend(io, key, State::Authorizing(Step::Challenged(Box::new(answer))));
            }
            _ => {
                let cause = Cause::of(status, answer.response.message.reason());
                self.finish(io, key, Outcome::Failed(cause, Some(answer.response)));
            }
        }
    }

    fn on_provisional(&mut self, io: &mut Io<'_>, key: Key, answer: Answer) {
        let Some(exchange) = self.table.get(key) else { return };
        match exchange.cancel {
            Cancel::No => self.news.push_back(News::Progress(exchange.owner, answer)),
            Cancel::Wanted => self.send_cancel(io, key),
            Cancel::Sent | Cancel::Overdue => {}
        }
    }

    /// A 2xx came in for an INVITE that has its outcome: acknowledged again where it is a
    /// retransmission. RFC 3261 §13.2.2.4.
    fn on_late_2xx(&mut self, io: &mut Io<'_>, client: Key, response: Inbound) {
        let Some(id) = response.message.identity() else { return };
        let Some(known) = self.clients.get(client) else { return };
        if let Some(ack) = known.acks.iter().find(|ack| *ack.to_tag == *id.callee_tag()) {
            return io.send(Sender::Nobody, ack.hop, ack.octets.clone());
        }
        if known.acks.len() < MAX_FORKS {
            let (sent, hop) = (known.request.clone(), known.hop);
            self.news.push_back(News::Unwanted(Answer { client, hop, sent, response }));
        }
    }

    /// What is being asked about a request.
    pub(in crate::manager) fn query(&self, key: Key) -> Option<Query<'_>> {
        self.table.get(key)?.query()
    }

    /// The verdict that a request waits for.
    pub(in crate::manager) fn on_verdict(
        &mut self, io: &mut Io<'_>, dialogs: &mut Dialogs, key: Key, verdict: Verdict,
    ) {
        let Some(exchange) = self.table.get_mut(key) else { return };
        exchange.consult = None;
        match (exchange.take_state(), verdict) {
            (State::Locating, Verdict::Located(found)) => self.on_located(io, key, &found),
            (State::Encrypting, Verdict::Body(BodyVerdict::Body(body))) => {
                exchange.draft.body = body;
                self.depart(io, key);
            }
            (State::Encrypting, Verdict::Body(BodyVerdict::Refused(refusal))) => {
                self.give_up(io, key, why(&refusal), None);
            }
            (State::Authorizing(step), verdict) => self.authorize(io, dialogs, key, step, verdict),
            (State::Judging(answer), Verdict::Incoming(incoming)) => {
                self.on_judged(io, key, answer, incoming);
            }
            (State::Reading(answer), Verdict::Body(BodyVerdict::Body(body))) => {
                self.finish(io, key, Outcome::Accepted(answer, body));
            }
            (State::Reading(answer), Verdict::Body(BodyVerdict::Refused(refusal))) => {
                self.finish(io, key, Outcome::Untrusted(answer, why(&refusal)));
            }
            // No answer, or one to another question: a refusal.
            (State::Judging(answer) | State::Reading(answer), _) => {
                self.finish(io, key, Outcome::Untrusted(answer, Why::ApplicationUnavailable));
            }
            (State::Locating, _) => self.finish(io, key, Outcome::Failed(Cause::Unresolved, None)),
            (State::Encrypting, _) => self.give_up(io, key, Why::ApplicationUnavailable, None),
            (trying @ State::Trying { .. }, _) => exchange.state = trying,
        }
    }

    pub(super) fn give_up(
        &mut self, io: &mut Io<'_>, key: Key, why: Why, response: Option<Inbound>,
    ) {
        self.finish(io, key, Outcome::Failed(Cause::Security(why), response));
    }

    fn on_located(&mut self, io: &mut Io<'_>, key: Key, found: &[IpAddr]) {
        let reachable = found.iter().find(|ip| {
            io.config.locals.iter().any(|local| local.address.is_ipv4() == ip.is_ipv4())
        });
        match (reachable, self.table.get_mut(key)) {
            (Some(ip), Some(exchange)) => {
                exchange.target.host = Host::Address(*ip);
                self.protect(io, key);
            }
            _ => self.finish(io, key, Outcome::Failed(Cause::Unresolved, None)),
        }
    }

    fn on_judged(&mut self, io: &mut Io<'_>, key: Key, answer: Answer, incoming: Incoming) {
        let Some(exchange) = self.table.get_mut(key) else { return };
        let has_body = exchange.is_protected() || !answer.response.message.body().is_empty();
        match incoming {
            Incoming::Accept if has_body => self.suspend(io, key, State::Reading(answer)),
            Incoming::Accept => self.finish(io, key, Outcome::Accepted(answer, Body::default())),
            Incoming::AckThenBye(why) => self.finish(io, key, Outcome::Untrusted(answer, why)),
            // As if it had not come: the transaction may bring another one.
            Incoming::Discard if exchange.cancel == Cancel::Overdue => {
                self.clients.forget(io, answer.client);
                self.finish(io, key, Outcome::Cancelled);
            }
            Incoming::Discard if self.clients.get(answer.client).is_none() => {
                self.finish(io, key, Outcome::Failed(Cause::Timeout, None));
            }
            Incoming::Discard => {
                let Answer { client, hop, sent, .. } = answer;
                exchange.state = State::Trying { client, hop, sent };
            }
        }
    }
}

/// Why a body of ours, or its answer's, was refused: trouble that passes is not the body's.
pub(super) const fn why(refusal: &Refusal) -> Why {
    if refusal.retry_after.is_some() { Why::ApplicationUnavailable } else { Why::Body }
}
