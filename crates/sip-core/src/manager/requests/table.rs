//! The requests of ours that are under way, and how they move.

use super::draft::{Draft, Proven};
use super::exchange::{Answer, Cancel, Exchange, Outcome, Owner, State};
use crate::Message;
use crate::manager::action::{Flow, Hop, Sender};
use crate::manager::avoided::Avoided;
use crate::manager::config::Config;
use crate::manager::consult::{Query, Subject, Verdict};
use crate::manager::dialogs::Dialogs;
use crate::manager::event::Cause;
use crate::manager::inbound::Inbound;
use crate::manager::io::Io;
use crate::manager::slab::{Key, Slab};
use crate::manager::target::Target;
use crate::manager::timers::Due;
use crate::manager::transactions::{Ack, Branch, ClientReport, Clients, Outgoing, User};
use crate::transaction::ClientEvent;
use bytes::Bytes;
use ssa::{BodyVerdict, CallRef, Refusal, Why};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;

/// All requests of ours.
#[derive(Debug)]
pub(in crate::manager) struct Requests {
    pub(super) clients: Clients,
    pub(super) table: Slab<Box<Exchange>>,
    pub(super) news: VecDeque<News>,
    /// Addresses of names that failed: they are tried last.
    pub(super) avoided: Avoided,
}

/// What is to be told of requests of ours.
#[derive(Debug)]
pub(in crate::manager) enum News {
    /// A provisional response to a request that nobody takes back.
    Progress(Owner, Box<Answer>),
    /// A request came to its end; `cseq` is that of its last try, `proven` what authorized that.
    Outcome { owner: Owner, cseq: u32, proven: Option<Proven>, outcome: Outcome },
    /// A 2xx to an INVITE that nobody waits for any more: another fork's, or a late one. It is to be
    /// acknowledged and its dialog ended.
    Unwanted(Box<Answer>),
}

impl Requests {
    pub(in crate::manager) fn new() -> Self {
        Self {
            clients: Clients::new(),
            table: Slab::new(),
            news: VecDeque::new(),
            avoided: Avoided::default(),
        }
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
        &mut self, io: &mut Io<'_>, owner: Owner, name: CallRef,
        (draft, mut target): (Draft, Target),
    ) -> Key {
        io.hold(name);
        target.order(&self.avoided, io.now);
        let located = target.address().is_some();
        let key = self.table.insert(Box::new(Exchange {
            owner,
            name,
            draft,
            target,
            state: State::Encrypting,
            proven: None,
            answered: 0,
            consult: None,
            cancel: Cancel::No,
            is_wanted: true,
        }));
        if located {
            self.protect(io, key);
        } else {
            self.locate(io, key);
        }
        key
    }

    /// The one end of every request.
    pub(super) fn end(&mut self, io: &mut Io<'_>, key: Key) -> Option<Exchange> {
        let exchange = self.table.remove(key)?;
        io.withdraw(exchange.consult);
        io.stop(Due::Cancel(key));
        io.release(exchange.name);
        Some(*exchange)
    }

    /// Ends a request with an outcome.
    pub(super) fn finish(&mut self, io: &mut Io<'_>, key: Key, outcome: Outcome) {
        if let Some(Exchange { owner, draft, proven, .. }) = self.end(io, key) {
            let cseq = draft.cseq;
            self.news.push_back(News::Outcome { owner, cseq, proven, outcome });
        }
    }

    /// Whose request this client transaction carries, while nothing has come of it.
    pub(in crate::manager) fn usage_of(&self, client: Key) -> Option<Key> {
        match self.clients.get(client)?.user {
            User::Exchange(key) => Some(self.table.get(key)?.owner.usage),
            User::Accepted | User::Nobody => None,
        }
    }

    /// The client transaction whose request did not arrive. See [`Clients::undelivered`].
    pub(in crate::manager) fn undelivered(&self, remote: SocketAddr, quoted: &[u8]) -> Option<Key> {
        self.clients.undelivered(remote, quoted)
    }

    /// Whether an answer to this request may still come.
    pub(in crate::manager) fn has_left(&self, key: Key) -> bool {
        self.table.get(key).is_some_and(|exchange| exchange.has_left())
    }

    /// The CSeq of the last try of this request.
    pub(in crate::manager) fn cseq(&self, key: Key) -> Option<u32> {
        Some(self.table.get(key)?.draft.cseq)
    }

    /// Where this request went, while its answer is awaited.
    pub(in crate::manager) fn went_over(&self, key: Key) -> Option<Hop> {
        match &self.table.get(key)?.state {
            State::Trying { hop, .. } => Some(*hop),
            State::Judging(answer) | State::Reading(answer) => Some(answer.hop),
            State::Locating(_) | State::Encrypting | State::Authorizing(_) => None,
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
            client.accepted(ack);
        }
    }

    /// A 2xx is acknowledged later, by the ACK to this tag over this hop: until then it may come
    /// again.
    pub(in crate::manager) fn delay_ack(&mut self, client: Key, (to_tag, hop): (&[u8], Hop)) {
        if let Some(client) = self.clients.get_mut(client) {
            client.accepted(Ack { to_tag: to_tag.into(), hop, octets: Bytes::new() });
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
    pub(super) fn protect(&mut self, io: &mut Io<'_>, key: Key) {
        match self.table.get(key) {
            Some(exchange) if exchange.has_body() => self.suspend(io, key, State::Encrypting),
            Some(_) => self.send(io, key),
            None => {}
        }
    }

    /// Sends the request as it is.
    pub(super) fn send(&mut self, io: &mut Io<'_>, key: Key) {
        let exchange = self.table.get_mut(key);
        if let Some(proven) = exchange.and_then(|exchange| exchange.draft.again.take()) {
            return self.sign_again(io, key, proven);
        }
        let branch = io.random();
        match self.shape(io, key, 0, branch) {
            Some((hop, request)) => self.start(io, key, hop, branch, request),
            None => self.finish(io, key, Outcome::Failed(Cause::Transport, None)),
        }
    }

    /// Chooses the hop for the draft's size and `reserve` octets more, and puts it into octets.
    pub(super) fn shape(
        &mut self, io: &Io<'_>, key: Key, reserve: usize, branch: u64,
    ) -> Option<(Hop, Message)> {
        let exchange = self.table.get_mut(key)?;
        let own = io.config.own();
        let hop = exchange.target.hop(0, own)?;
        exchange.draft.fix_contact((own, &io.out.accounts), &hop);
        let mut written = exchange.draft.write(own, &hop, branch);
        let chosen = exchange.target.hop(written.0.len() + reserve, own)?;
        if chosen != hop {
            written = exchange.draft.write(own, &chosen, branch);
        }
        let (octets, places) = written;
        Some((chosen, Message::parse(octets, &io.config.limits).ok()?.placed(places)))
    }

    pub(super) fn start(
        &mut self, io: &mut Io<'_>, key: Key, hop: Hop, number: u64, request: Message,
    ) {
        let Some(exchange) = self.table.get_mut(key) else { return };
        let request = Arc::new(request);
        let outgoing = Outgoing {
            request: Arc::clone(&request),
            method: exchange.draft.method,
            cseq: exchange.draft.cseq,
            branch: Branch { number, cancel: false },
            hop,
            name: exchange.target.name.clone(),
            user: User::Exchange(key),
        };
        let client = self.clients.start(io, outgoing);
        exchange.state = State::Trying { client, hop, sent: request };
    }

    /// A client transaction's timer fired, or what it sent could not be sent.
    pub(in crate::manager) fn on_client(
        &mut self, io: &mut Io<'_>, client: Key, event: ClientEvent,
    ) {
        if let Some((user, report)) = self.clients.on(io, client, event) {
            self.on_report(io, client, user, report);
        }
    }

    /// A connection was closed: what waits for a first response on it fails now.
    pub(in crate::manager) fn on_flow_closed(&mut self, io: &mut Io<'_>, flow: Flow<'_>) {
        for client in self.clients.waiting_on(flow) {
            self.on_client(io, client, ClientEvent::TransportError);
        }
    }

    /// Whether a request that waits for its final response went over this connection.
    pub(in crate::manager) fn are_over(&self, flow: Flow<'_>) -> bool {
        let waits = |exchange: &Exchange| {
            let client = exchange.trying().and_then(|client| self.clients.get(client));
            client.is_some_and(|client| client.went_over(flow))
        };
        self.table.iter().any(|(_, exchange)| waits(exchange))
    }

    /// What a client transaction reports, other than a response.
    pub(super) fn on_report(
        &mut self, io: &mut Io<'_>, client: Key, user: User, report: ClientReport,
    ) {
        match (user, report) {
            (User::Exchange(key), ClientReport::TransportFailed) => self.on_unsent(io, key, client),
            (User::Exchange(key), ClientReport::Silence) => self.on_silence(io, key, client),
            (User::Exchange(key), ClientReport::Timeout | ClientReport::Over) => {
                let trying = self.table.get(key).and_then(|exchange| exchange.trying());
                if trying == Some(client) {
                    self.finish(io, key, Outcome::Failed(Cause::Timeout, None));
                }
            }
            (User::Exchange(_), ClientReport::Response) | (User::Accepted | User::Nobody, _) => {}
        }
    }

    /// What is being asked about a request.
    pub(in crate::manager) fn query(&self, key: Key, config: &Config) -> Option<Query<'_>> {
        self.table.get(key)?.query(config)
    }

    /// The verdict that a request waits for.
    pub(in crate::manager) fn on_verdict(
        &mut self, io: &mut Io<'_>, dialogs: &mut Dialogs, key: Key, verdict: Verdict,
    ) {
        let Some(exchange) = self.table.get_mut(key) else { return };
        exchange.consult = None;
        match (exchange.take_state(), verdict) {
            (State::Locating(_), Verdict::Located(found)) => self.on_located(io, key, found),
            (State::Encrypting, Verdict::Body(BodyVerdict::Body(body))) => {
                exchange.draft.body = body;
                self.send(io, key);
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
            (State::Locating(_), _) => {
                self.finish(io, key, Outcome::Failed(Cause::Unresolved, None));
            }
            (State::Encrypting, _) => self.give_up(io, key, Why::ApplicationUnavailable, None),
            (trying @ State::Trying { .. }, _) => exchange.state = trying,
        }
    }

    pub(super) fn give_up(
        &mut self, io: &mut Io<'_>, key: Key, why: Why, response: Option<Inbound>,
    ) {
        self.finish(io, key, Outcome::Failed(Cause::Security(why), response.map(Box::new)));
    }
}

/// Why a body of ours, or its answer's, was refused: trouble that passes is not the body's.
pub(super) const fn why(refusal: &Refusal) -> Why {
    match refusal {
        Refusal { retry_after: Some(_), .. } => Why::ApplicationUnavailable,
        Refusal { status: 488, .. } => Why::KeysInClear,
        _ => Why::Body,
    }
}
