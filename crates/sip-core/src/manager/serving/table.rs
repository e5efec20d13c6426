//! The requests of peers that are being served, and how they move.

use super::reply::{Reply, trying};
use super::served::{Served, Step};
use super::way::Way;
use crate::Capabilities;
use crate::manager::action::Sender;
use crate::manager::consult::{Query, Subject, Verdict};
use crate::manager::dialogs::Dialogs;
use crate::manager::inbound::Inbound;
use crate::manager::io::Io;
use crate::manager::slab::{Key, Slab};
use crate::manager::transactions::{Hashes, Opening, ServerReport, Servers};
use crate::transaction::{Class, ServerEvent};
use crate::view::Written;
use bytes::Bytes;
use ssa::{Authentication, Body, BodyVerdict, FlowId, InDialog, Leaving, Received, Refusal};
use std::collections::VecDeque;
use std::time::Duration;

/// `Retry-After` where nobody decided. RFC 3261 §20.33.
const UNDECIDED: Duration = Duration::from_secs(1);

/// All requests of peers.
#[derive(Debug)]
pub(in crate::manager) struct Serving {
    pub(in crate::manager) servers: Servers<Box<Served>>,
    /// Requests that no transaction stands for, with what will find one.
    arriving: Slab<(Box<Served>, Hashes)>,
    news: VecDeque<News>,
}

/// What is to be told of requests of peers.
#[derive(Debug)]
pub(in crate::manager) enum News {
    /// A request is authenticated and read: its usage answers it.
    Request(Key, Body),
    /// A CANCEL took a request back, perhaps since it is answered elsewhere; it has its response
    /// already.
    Cancelled(Key, Box<Served>, bool),
    /// The final response has left, with this status.
    Answered(Key, Box<Served>, u16),
}

impl Serving {
    pub(in crate::manager) fn new() -> Self {
        Self { servers: Servers::new(), arriving: Slab::new(), news: VecDeque::new() }
    }

    /// The next thing to be told.
    pub(in crate::manager) fn next_news(&mut self) -> Option<News> {
        self.news.pop_front()
    }

    /// What a transaction serves, until its final response.
    pub(in crate::manager) fn get(&self, server: Key) -> Option<&Served> {
        self.servers.get(server).map(|served| &**served)
    }

    /// Makes the request this usage's.
    pub(in crate::manager) fn assign(&mut self, server: Key, usage: Key) {
        if let Some(served) = self.servers.get_mut(server) {
            served.is_for.usage = Some(usage);
        }
    }

    /// Whether the request waits for its usage's answer.
    pub(in crate::manager) fn awaits_answer(&self, server: Key) -> bool {
        self.get(server).is_some_and(|served| matches!(served.step, Step::Deciding))
    }

    /// Asks the security manager of a request that nothing is kept of yet.
    pub(in crate::manager) fn ask(&mut self, io: &mut Io<'_>, served: Served, hashes: Hashes) {
        let key = self.arriving.insert((Box::new(served), hashes));
        io.ask(Subject::Arriving(key));
    }

    /// What is being asked of a request without a transaction.
    pub(in crate::manager) fn arriving_query(
        &self, key: Key, capabilities: &Capabilities,
    ) -> Option<Query<'_>> {
        self.arriving.get(key)?.0.query(capabilities)
    }

    /// What is being asked of a request.
    pub(in crate::manager) fn query(
        &self, server: Key, capabilities: &Capabilities,
    ) -> Option<Query<'_>> {
        self.get(server)?.query(capabilities)
    }

    /// What the security manager said to `request_received`.
    pub(in crate::manager) fn on_received(
        &mut self, io: &mut Io<'_>, dialogs: &mut Dialogs, key: Key, verdict: Verdict,
    ) {
        let Some((served, hashes)) = self.arriving.remove(key) else { return };
        let reply = match verdict {
            // The security manager may have noted the call that there will not be.
            Verdict::Received(Received::Admit) if !served.is_for.is_ours => {
                io.hold(served.name);
                io.release(served.name);
                Reply::new(404)
            }
            Verdict::Received(Received::Admit) => {
                let server = self.start(io, served, hashes);
                return self.admit(io, dialogs, server);
            }
            Verdict::Received(Received::Authenticate) => {
                let server = self.start(io, served, hashes);
                return self.suspend(io, server, Step::Authenticating);
            }
            Verdict::Received(Received::SendWwwAuthenticate(fields)) => Reply::unauthorized(fields),
            Verdict::Received(Received::Reject(refusal)) => Reply::refusal(&refusal),
            // No answer, or one to another question: a refusal.
            _ => Reply::refusal(&Refusal::try_later(UNDECIDED)),
        };
        Self::answer_statelessly(io, &served.request, &served.way, &reply);
    }

    /// Starts the transaction of a request.
    fn start(&mut self, io: &mut Io<'_>, served: Box<Served>, hashes: Hashes) -> Key {
        io.hold(served.name);
        let opening = Opening {
            hashes,
            hop: served.way.hop,
            source: served.request.arrival.source.ip(),
            invite: served.is_for.row.method == crate::Method::INVITE,
        };
        self.servers.start(io, opening, served)
    }

    /// A request may be served. What is still to be authenticated does not count before: a refusal
    /// leaves the dialog as it was.
    fn admit(&mut self, io: &mut Io<'_>, dialogs: &mut Dialogs, server: Key) {
        let Some(served) = self.servers.get_mut(server) else { return };
        dialogs.accept_cseq(served.is_for.dialog, served.cseq);
        if served.is_for.row.is_protected {
            self.suspend(io, server, Step::Reading);
        } else {
            self.hand_over(server, Body::default());
        }
    }

    /// Hands an authenticated request to its usage.
    fn hand_over(&mut self, server: Key, body: Body) {
        if let Some(served) = self.servers.get_mut(server) {
            served.step = Step::Deciding;
            self.news.push_back(News::Request(server, body));
        }
    }

    fn suspend(&mut self, io: &mut Io<'_>, server: Key, step: Step) {
        let id = io.ask(Subject::Theirs(server));
        if let Some(served) = self.servers.get_mut(server) {
            served.step = step;
            served.consult = Some(id);
        }
    }

    /// The verdict that a request waits for.
    pub(in crate::manager) fn on_verdict(
        &mut self, io: &mut Io<'_>, dialogs: &mut Dialogs, server: Key, verdict: Verdict,
    ) {
        let Some(served) = self.servers.get_mut(server) else { return };
        served.consult = None;
        match (std::mem::replace(&mut served.step, Step::Deciding), verdict) {
            (Step::Authenticating, Verdict::Authentication(signal)) => match signal {
                Authentication::Authenticated if !served.is_for.is_ours => {
                    self.leave(io, server, Reply::new(404));
                }
                Authentication::Authenticated => self.admit(io, dialogs, server),
                Authentication::SendWwwAuthenticate(fields) => {
                    self.reject_unproved(io, server, &Reply::unauthorized(fields));
                }
                Authentication::Refused(refusal) => {
                    self.reject_unproved(io, server, &Reply::refusal(&refusal));
                }
            },
            (Step::Reading, Verdict::Body(BodyVerdict::Body(body))) => self.hand_over(server, body),
            (Step::Reading, Verdict::Body(BodyVerdict::Refused(refusal))) => {
                self.leave(io, server, Reply::refusal(&refusal));
            }
            (Step::Encrypting(mut reply), Verdict::Body(BodyVerdict::Body(body))) => {
                reply.body = body;
                self.leave(io, server, reply);
            }
            (Step::Encrypting(_), Verdict::Body(BodyVerdict::Refused(refusal))) => {
                self.leave(io, server, Reply::refusal(&refusal));
            }
            (Step::Leaving(reply, written), Verdict::Leaving(Leaving::Fields(fields))) => {
                if fields.is_empty() {
                    self.send_octets(io, server, reply.status, written.0);
                } else {
                    self.send_final(io, server, &reply.with(fields));
                }
            }
            (Step::Leaving(..), Verdict::Leaving(Leaving::Refused(refusal))) => {
                self.send_final(io, server, &Reply::refusal(&refusal));
            }
            // No answer, or one to another question: a refusal. RFC 3261 §21.5.1.
            (Step::Authenticating, _) => {
                self.reject_unproved(io, server, &Reply::refusal(&Refusal::try_later(UNDECIDED)));
            }
            (Step::Reading | Step::Encrypting(_) | Step::Leaving(..), _) => {
                self.send_final(io, server, &Reply::refusal(&Refusal::try_later(UNDECIDED)));
            }
            (Step::Arriving | Step::Deciding, _) => {}
        }
    }

    /// Answers a request: the body is protected, the security manager adds its proof.
    pub(in crate::manager) fn answer(&mut self, io: &mut Io<'_>, server: Key, reply: Reply) {
        let Some(served) = self.servers.get_mut(server) else { return };
        // What was being asked for an earlier answer is not wanted any more.
        io.withdraw(served.consult.take());
        let is_protected = reply.status < 300 && served.is_for.row.is_protected;
        if is_protected || !reply.body.octets.is_empty() {
            self.suspend(io, server, Step::Encrypting(reply));
        } else {
            self.leave(io, server, reply);
        }
    }

    fn leave(&mut self, io: &mut Io<'_>, server: Key, reply: Reply) {
        let Some(served) = self.servers.get(server) else { return };
        let written = Written(reply.octets(&served.request, &served.way));
        self.suspend(io, server, Step::Leaving(reply, written));
    }

    /// Sends a final response as it is.
    pub(in crate::manager) fn send_final(&mut self, io: &mut Io<'_>, server: Key, reply: &Reply) {
        if let Some(served) = self.servers.get(server) {
            let octets = reply.octets(&served.request, &served.way);
            self.send_octets(io, server, reply.status, octets);
        }
    }

    fn send_octets(&mut self, io: &mut Io<'_>, server: Key, status: u16, octets: Bytes) {
        if let Some(served) = self.servers.get_mut(server) {
            io.withdraw(served.consult.take());
        }
        if let Some(served) = self.servers.respond(io, server, status, octets) {
            self.news.push_back(News::Answered(server, served, status));
        }
    }

    /// Sends a provisional response.
    pub(in crate::manager) fn send_provisional(
        &mut self, io: &mut Io<'_>, server: Key, reply: &Reply,
    ) {
        if let Some(served) = self.servers.get(server) {
            let octets = reply.octets(&served.request, &served.way);
            self.servers.respond(io, server, reply.status, octets);
        }
    }

    /// Sends a 2xx again. RFC 3261 §13.3.1.4.
    pub(in crate::manager) fn send_again(&mut self, io: &mut Io<'_>, server: Key) {
        self.on_server(io, server, ServerEvent::Respond(Class::Success));
    }

    /// Something happened to a server transaction; whether an ACK on it belongs to a dialog.
    pub(in crate::manager) fn on_server(
        &mut self, io: &mut Io<'_>, server: Key, event: ServerEvent,
    ) -> bool {
        match self.servers.on(io, server, event) {
            Some(ServerReport::Ack) => true,
            Some(ServerReport::Trying) => {
                if let Some(served) = self.servers.get(server) {
                    let octets = trying(&served.request, &served.way);
                    self.servers.send_trying(io, server, octets);
                }
                false
            }
            None => false,
        }
    }

    /// The INVITE of this transaction was cancelled, perhaps since it is answered `elsewhere`: 487,
    /// unless it was answered here. RFC 3261 §9.2.
    pub(in crate::manager) fn cancel(&mut self, io: &mut Io<'_>, server: Key, elsewhere: bool) {
        if !self.servers.is_proceeding(server) {
            return;
        }
        let Some(served) = self.servers.get(server) else { return };
        let reply = Reply::new(487);
        if served.is_unauthenticated() {
            return self.reject_unproved(io, server, &reply);
        }
        let octets = reply.octets(&served.request, &served.way);
        if let Some(served) = self.servers.get_mut(server) {
            io.withdraw(served.consult.take());
        }
        if let Some(served) = self.servers.respond(io, server, reply.status, octets) {
            self.news.push_back(News::Cancelled(server, served, elsewhere));
        }
    }

    /// Answers a request that showed no proof, once: nothing is kept of it, and nothing is sent
    /// again that its sender did not ask for again.
    fn reject_unproved(&mut self, io: &mut Io<'_>, server: Key, reply: &Reply) {
        let Some(served) = self.servers.forget(io, server) else { return };
        io.withdraw(served.consult);
        Self::answer_statelessly(io, &served.request, &served.way, reply);
        // After a challenge the caller comes back.
        if reply.status != 401 || served.request.in_dialog != InDialog::No {
            io.release(served.name);
        } else {
            io.release_quietly(served.name);
        }
    }

    /// The connection of requests is gone: those that nothing is decided about yet are dropped.
    pub(in crate::manager) fn on_flow_closed(&mut self, io: &mut Io<'_>, flow: FlowId) {
        let over: Vec<Key> = self.servers.waiting_over(flow).collect();
        for server in over {
            let undecided = self.get(server).is_some_and(Served::is_being_admitted);
            if undecided && let Some(served) = self.servers.forget(io, server) {
                io.withdraw(served.consult);
                io.release(served.name);
            }
        }
    }

    /// Sends a response and forgets the request: the one way out for what is answered without a
    /// transaction, and so to whoever has shown nothing.
    ///
    /// A datagram's source can be forged: what goes there unasked is at most twice as large, clipped
    /// where it must be, or nothing.
    pub(in crate::manager) fn answer_statelessly(
        io: &mut Io<'_>, request: &Inbound, way: &Way, reply: &Reply,
    ) {
        let most = match way.hop.transport.is_reliable() {
            true => usize::MAX,
            false => request.message.as_bytes().len().saturating_mul(2),
        };
        if let Some(octets) = reply.octets_within(request, way, most) {
            io.send(Sender::Stateless, way.hop, octets);
        }
    }
}
