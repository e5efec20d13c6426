//! The server side: a request of a peer's from its admission to its final response.
//! RFC 3261 §8.2, §22.2.
//!
//! ```text
//!   Authenticate ─▶ Authenticating ─┐                                     final response
//!   Admit ─────────────────────────▶ Reading ─▶ Deciding ─▶ Encrypting ─▶ Leaving ─▶ sent
//!                                    decrypt    the call    encrypt       response_leaving
//! ```
//!
//! In each state but `Deciding` a verdict is awaited. A CANCEL or a lost connection withdraws the
//! question, and the verdict is not heard.

use super::consult::{ConsultId, Query, Verdict};
use super::core::{SipManager, Subject};
use super::inbound::Inbound;
use super::outgoing::Reply;
use super::receive::Way;
use super::slab::Key;
use crate::Message;
use crate::identity::Places;
use bytes::Bytes;
use ssa::{Authentication, Body, BodyVerdict, CallRef, Direction, InDialog, Leaving, Refusal};
use std::time::{Duration, Instant};

/// `Retry-After` where nobody decided. RFC 3261 §20.33.
const UNDECIDED: Duration = Duration::from_secs(1);

/// A request that is being served.
#[derive(Debug)]
pub(super) struct Serving {
    pub(super) request: Inbound,
    pub(super) places: Places,
    pub(super) call: CallRef,
    pub(super) cseq: u32,
    pub(super) way: Way,
    pub(super) kind: Kind,
    pub(super) step: Step,
    pub(super) consult: Option<ConsultId>,
}

/// What a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// An INVITE for a new call; the call, once the application knows of it.
    Invite { call: Option<Key> },
    /// A re-INVITE.
    Reinvite { call: Key },
    /// A BYE.
    Bye { call: Key },
    /// A BYE that has ended its call: what is left is its answer.
    Ended,
}

/// How far a request has come.
#[derive(Debug)]
pub(super) enum Step {
    /// It needs no proof.
    Admitted,
    /// `authenticate`.
    Authenticating,
    /// `decrypt`.
    Reading,
    /// The call, or the application, decides.
    Deciding,
    /// `encrypt`, for this response.
    Encrypting(Reply),
    /// `response_leaving`: the reply, and the same as a message.
    Leaving(Reply, Message),
}

impl Serving {
    /// What is being asked in this state.
    pub(super) fn query(&self) -> Option<Query<'_>> {
        let call = self.call;
        Some(match &self.step {
            Step::Admitted | Step::Deciding => return None,
            Step::Authenticating => Query::Authenticate {
                call,
                arrival: self.request.view(&self.places),
                request: self.places.ssa_request(&self.request.message)?,
            },
            Step::Reading => {
                Query::Decrypt { call, direction: Direction::Request, body: self.request.body() }
            }
            Step::Encrypting(reply) => {
                let direction = Direction::Response;
                Query::Encrypt { call, direction, plan: None, body: &reply.body }
            }
            Step::Leaving(_, response) => Query::ResponseLeaving {
                call,
                request: self.places.ssa_request(&self.request.message)?,
                response: response.ssa_response()?,
            },
        })
    }

    /// Whether its proof is still to be shown.
    const fn is_unauthenticated(&self) -> bool {
        matches!(self.step, Step::Authenticating)
    }

    /// Whether nothing has been decided about it yet.
    const fn is_undecided(&self) -> bool {
        matches!(self.step, Step::Authenticating | Step::Reading)
    }
}

impl SipManager {
    /// Sets a request on its way.
    pub(super) fn serve(&mut self, now: Instant, server: Key) {
        match self.servers.serving(server).map(|serving| &serving.step) {
            Some(Step::Authenticating) => self.suspend_served(server, Step::Authenticating),
            Some(Step::Admitted) => self.read(now, server),
            Some(Step::Reading | Step::Deciding | Step::Encrypting(_) | Step::Leaving(..))
            | None => {}
        }
    }

    fn suspend_served(&mut self, server: Key, step: Step) {
        let id = self.ask(Subject::Server(server));
        if let Some(serving) = self.servers.serving_mut(server) {
            serving.step = step;
            serving.consult = Some(id);
        }
    }

    /// Reads the body: every INVITE's, even an empty one.
    fn read(&mut self, now: Instant, server: Key) {
        let Some(serving) = self.servers.serving(server) else { return };
        // Whatever a BYE says besides changes nothing: its call is over.
        if matches!(serving.kind, Kind::Bye { .. }) {
            self.dispatch(now, server, Body::default());
        } else {
            self.suspend_served(server, Step::Reading);
        }
    }

    /// Hands an authenticated request to the call.
    fn dispatch(&mut self, now: Instant, server: Key, body: Body) {
        let Some(serving) = self.servers.serving_mut(server) else { return };
        serving.step = Step::Deciding;
        match serving.kind {
            Kind::Invite { .. } => self.on_invite(now, server, body),
            Kind::Reinvite { call } => self.on_reinvite(now, server, call, body),
            Kind::Bye { call } => self.on_bye(now, server, call),
            Kind::Ended => {}
        }
    }

    /// The verdict that a request waits for.
    pub(super) fn on_serving_verdict(&mut self, now: Instant, server: Key, verdict: Verdict) {
        let Some(serving) = self.servers.serving_mut(server) else { return };
        serving.consult = None;
        match (std::mem::replace(&mut serving.step, Step::Deciding), verdict) {
            (Step::Authenticating, Verdict::Authentication(signal)) => match signal {
                Authentication::Authenticated => {
                    let (kind, cseq) = (serving.kind, serving.cseq);
                    self.count(kind, cseq);
                    self.read(now, server);
                }
                Authentication::SendWwwAuthenticate(fields) => {
                    self.turn_down(server, &Reply::unauthorized(fields));
                }
                Authentication::Refused(refusal) => {
                    self.turn_down(server, &Reply::refusal(&refusal));
                }
            },
            (Step::Reading, Verdict::Body(BodyVerdict::Body(body))) => {
                self.dispatch(now, server, body);
            }
            (Step::Reading, Verdict::Body(BodyVerdict::Refused(refusal))) => {
                self.leave(now, server, Reply::refusal(&refusal));
            }
            (Step::Encrypting(mut reply), Verdict::Body(BodyVerdict::Body(body))) => {
                reply.body = body;
                self.leave(now, server, reply);
            }
            (Step::Encrypting(_), Verdict::Body(BodyVerdict::Refused(refusal))) => {
                self.leave(now, server, Reply::refusal(&refusal));
            }
            (Step::Leaving(reply, response), Verdict::Leaving(Leaving::Fields(fields))) => {
                if fields.is_empty() {
                    self.send_octets(now, server, reply.status, response.as_bytes().clone());
                } else {
                    self.send_final(now, server, &reply.with(fields));
                }
            }
            (Step::Leaving(..), Verdict::Leaving(Leaving::Refused(refusal))) => {
                self.send_final(now, server, &Reply::refusal(&refusal));
            }
            // No answer, or one to another question: a refusal. RFC 3261 §21.5.1.
            (Step::Authenticating, _) => {
                self.turn_down(server, &Reply::refusal(&Refusal::try_later(UNDECIDED)));
            }
            (Step::Reading | Step::Encrypting(_) | Step::Leaving(..), _) => {
                let refusal = Refusal::try_later(UNDECIDED);
                self.send_final(now, server, &Reply::refusal(&refusal));
            }
            (Step::Admitted | Step::Deciding, _) => {}
        }
    }

    /// Answers a request: the body is protected, the security manager adds its proof.
    pub(super) fn answer(&mut self, now: Instant, server: Key, reply: Reply) {
        let Some(serving) = self.servers.serving_mut(server) else { return };
        // What was being asked for an earlier answer is not wanted any more.
        let earlier = serving.consult.take();
        let bye = serving.kind == Kind::Ended;
        self.withdraw(earlier);
        if (reply.status < 300 && !bye) || !reply.body.octets.is_empty() {
            self.suspend_served(server, Step::Encrypting(reply));
        } else {
            self.leave(now, server, reply);
        }
    }

    fn leave(&mut self, now: Instant, server: Key, reply: Reply) {
        let Some(serving) = self.servers.serving(server) else { return };
        let octets = reply.octets(&serving.request, &serving.way.tag);
        match Message::parse(octets, &self.config.limits) {
            Ok(response) => self.suspend_served(server, Step::Leaving(reply, response)),
            Err(_) => self.send_final(now, server, &Reply::new(500)),
        }
    }

    /// Sends a final response as it is.
    pub(super) fn send_final(&mut self, now: Instant, server: Key, reply: &Reply) {
        if let Some(serving) = self.servers.serving(server) {
            let octets = reply.octets(&serving.request, &serving.way.tag);
            self.send_octets(now, server, reply.status, octets);
        }
    }

    fn send_octets(&mut self, now: Instant, server: Key, status: u16, octets: Bytes) {
        let open = self.servers.serving_mut(server).and_then(|serving| serving.consult.take());
        self.withdraw(open);
        let Some(served) = self.servers.respond(&mut self.io, now, server, status, octets) else {
            return;
        };
        match served.kind {
            Kind::Invite { call: Some(call) } => {
                self.on_invite_served(now, server, call, status, &served)
            }
            Kind::Reinvite { call } => {
                self.on_reinvite_served(now, server, call, status, &served);
                self.release(served.call);
            }
            // Refused, or the answer to what has ended its call.
            Kind::Invite { call: None } | Kind::Bye { .. } | Kind::Ended => {
                self.release(served.call);
            }
        }
    }

    /// Sends a provisional response.
    pub(super) fn send_provisional(&mut self, now: Instant, server: Key, reply: &Reply) {
        if let Some(serving) = self.servers.serving(server) {
            let octets = reply.octets(&serving.request, &serving.way.tag);
            self.servers.respond(&mut self.io, now, server, reply.status, octets);
        }
    }

    /// The INVITE of this transaction was cancelled: 487, unless it was answered. RFC 3261 §9.2.
    pub(super) fn cancel_served(&mut self, now: Instant, server: Key) {
        if !self.servers.is_proceeding(server) {
            return;
        }
        let Some(serving) = self.servers.serving(server) else { return };
        if serving.is_unauthenticated() {
            return self.turn_down(server, &Reply::new(487));
        }
        match serving.kind {
            Kind::Invite { call: Some(call) } => self.on_cancelled(call),
            Kind::Reinvite { call } => self.on_reinvite_cancelled(call),
            Kind::Invite { call: None } | Kind::Bye { .. } | Kind::Ended => {}
        }
        self.send_final(now, server, &Reply::new(487));
    }

    /// Answers a request that showed no proof, once: nothing is kept of it, and nothing is sent
    /// again that its sender did not ask for again.
    fn turn_down(&mut self, server: Key, reply: &Reply) {
        let Some(serving) = self.servers.forget(&mut self.io, server) else { return };
        self.withdraw(serving.consult);
        self.answer_statelessly(&serving.request, &serving.way, reply);
        // After a challenge the caller comes back.
        if reply.status != 401 || serving.request.in_dialog != InDialog::No {
            self.release(serving.call);
        }
    }

    /// The connection of a request that nothing is decided about yet is gone.
    pub(super) fn drop_undecided(&mut self, server: Key) {
        let undecided = self.servers.serving(server).is_some_and(Serving::is_undecided);
        if undecided && let Some(serving) = self.servers.forget(&mut self.io, server) {
            self.withdraw(serving.consult);
            self.release(serving.call);
        }
    }
}
