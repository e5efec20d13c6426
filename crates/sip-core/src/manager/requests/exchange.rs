//! A request of ours, from the draft to its outcome, with the challenges in between.
//!
//! ```text
//!   Locating ── servers ────▶ Encrypting ── body ──▶ Trying ── 2xx ──▶ Judging ──▶ Reading ──▶ done
//!                                                    │   ▲
//!                                      401, 407      ▼   │ the request again, CSeq + 1
//!                                   Authorizing { Challenged ─▶ Encrypting ─▶ Signing }
//!                                   got_401_unauthorized  encrypt     authorize
//! ```
//!
//! Where no answer comes, the request cannot be sent, or 503 is answered, it goes from `Trying` back
//! to `Encrypting`, for the next address of its name. In every state but `Trying` the exchange waits
//! for a verdict, and nothing else waits for it.

use super::draft::{Draft, Proven};
use crate::Message;
use crate::locate::Wanted;
use crate::manager::action::Hop;
use crate::manager::config::Config;
use crate::manager::consult::{ConsultId, Query};
use crate::manager::event::Cause;
use crate::manager::inbound::Inbound;
use crate::manager::own::Own;
use crate::manager::slab::Key;
use crate::manager::target::Target;
use crate::methods::served;
use ssa::{Body, CallRef, Certified, Direction, Plan, Why};
use std::sync::Arc;

/// Challenges that are answered for one request. Promise 8.
pub(in crate::manager) const MAX_ANSWERED: u8 = 5;

/// Who waits for the outcome: a usage, and what for, which only it can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::manager) struct Owner {
    pub(in crate::manager) usage: Key,
    pub(in crate::manager) purpose: Purpose,
}

/// What a usage sent a request for: its own number for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::manager) struct Purpose(pub(in crate::manager) u8);

/// A request of ours under way.
#[derive(Debug)]
pub(in crate::manager) struct Exchange {
    pub(in crate::manager) owner: Owner,
    pub(in crate::manager) name: CallRef,
    pub(in crate::manager) draft: Draft,
    pub(in crate::manager) target: Target,
    pub(in crate::manager) state: State,
    /// What its last try was authorized by.
    pub(in crate::manager) proven: Option<Proven>,
    /// Challenges answered so far.
    pub(in crate::manager) answered: u8,
    /// The question that is open.
    pub(in crate::manager) consult: Option<ConsultId>,
    pub(in crate::manager) cancel: Cancel,
    /// Whether it may leave once more: to answer a challenge, or another way.
    pub(in crate::manager) is_wanted: bool,
}

/// How far a cancellation is. RFC 3261 §9.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::manager) enum Cancel {
    /// Nobody wants it.
    No,
    /// It waits for the first provisional response.
    Wanted,
    /// It was sent.
    Sent,
    /// It was sent, and nothing came of it in 64*T1.
    Overdue,
}

/// Where an exchange is.
#[derive(Debug)]
pub(in crate::manager) enum State {
    /// The servers of its name are being found.
    Locating(Box<Wanted>),
    /// The body is being protected; nobody has challenged.
    Encrypting,
    /// The request was sent.
    Trying {
        /// Its transaction.
        client: Key,
        /// Where it went.
        hop: Hop,
        /// The request, which its transaction keeps, too.
        sent: Arc<Message>,
    },
    /// A challenge is being answered.
    Authorizing(Step),
    /// The security manager looks at the 2xx.
    Judging(Box<Answer>),
    /// The 2xx's body is being read.
    Reading(Box<Answer>),
}

/// The steps of answering a challenge.
#[derive(Debug)]
pub(in crate::manager) enum Step {
    /// `got_401_unauthorized`.
    Challenged(Box<Answer>),
    /// `encrypt`, with the plan. `reserve`: octets that the credentials will take.
    Encrypting { plan: Plan, reserve: usize },
    /// `authorize`: `draft` is the request as it will leave over `hop`, but for the credentials.
    Signing(Box<Signing>),
}

/// A request that is being authorized.
#[derive(Debug)]
pub(in crate::manager) struct Signing {
    pub(super) plan: Plan,
    /// Octets that the credentials will take.
    pub(super) reserve: usize,
    pub(super) hop: Hop,
    pub(super) branch: u64,
    /// The request as it will leave, but for the credentials.
    pub(super) draft: Message,
    /// Whether it was challenged; else it would say again what the one before it said.
    pub(super) is_challenged: bool,
}

/// A response, and the request that it answers.
#[derive(Debug)]
pub(in crate::manager) struct Answer {
    pub(in crate::manager) client: Key,
    /// Where the request went.
    pub(in crate::manager) hop: Hop,
    pub(in crate::manager) sent: Arc<Message>,
    pub(in crate::manager) response: Inbound,
}

impl Answer {
    /// The hop that what follows goes over. RFC 5923.
    pub(in crate::manager) fn kept_hop(&self, own: Own<'_>) -> Hop {
        self.hop.kept(self.response.arrival.flow, own)
    }

    /// Whether it came from where the request went: over the same connection, or over the same
    /// transport from the same address and port, as RFC 3581 §4 has it.
    pub(in crate::manager) fn came_back(&self) -> bool {
        let (arrival, hop) = (&self.response.arrival, &self.hop);
        let same_flow = arrival.transport.is_reliable() && hop.flow == Some(arrival.flow);
        let from = (arrival.transport, arrival.source.ip(), arrival.source.port());
        same_flow || from == (hop.transport, hop.remote.ip(), hop.remote.port())
    }
}

/// What became of an exchange.
#[derive(Debug)]
pub(in crate::manager) enum Outcome {
    /// A 2xx that counts, with its body as plain text.
    Accepted(Box<Answer>, Body),
    /// A 2xx that must not be believed.
    Untrusted(Box<Answer>, Why),
    /// Anything else; the response, where there is one.
    Failed(Cause, Option<Box<Inbound>>),
    /// It was taken back, and nothing had come of it.
    Cancelled,
}

impl Exchange {
    /// What is being asked in this state.
    pub(in crate::manager) fn query(&self, config: &Config) -> Option<Query<'_>> {
        let (call, direction) = (self.name, Direction::Request);
        let protect = |plan| {
            let over = self.target.over(config.own());
            Query::Encrypt { call, direction, over, plan, body: &self.draft.original }
        };
        Some(match &self.state {
            State::Locating(wanted) => Query::Locate(wanted),
            State::Encrypting => protect(None),
            State::Trying { .. } => return None,
            State::Authorizing(Step::Challenged(answer)) => Query::Got401 {
                call,
                hop: self.arrival(answer)?,
                response: answer.response.message.ssa_response()?,
                sent: answer.sent.ssa_request()?,
            },
            State::Authorizing(Step::Encrypting { plan, .. }) => protect(Some(*plan)),
            State::Authorizing(Step::Signing(signing)) => {
                let Signing { plan, draft, .. } = &**signing;
                Query::Authorize { call, plan: *plan, request: draft.ssa_request()? }
            }
            State::Judging(answer) => Query::ResponseReceived {
                call,
                hop: self.arrival(answer)?,
                response: answer.response.message.ssa_response()?,
                sent: answer.sent.ssa_request()?,
            },
            State::Reading(answer) => {
                let over = answer.response.arrival.transport;
                let body = answer.response.body(&config.capabilities);
                Query::Decrypt { call, direction: Direction::Response, over, body }
            }
        })
    }

    /// How an answer arrived. A request outside a dialog goes over no other connection than one for
    /// its target; a dialog's may be one that the peer opened.
    fn arrival<'a>(&'a self, answer: &'a Answer) -> Option<ssa::Arrival<'a>> {
        let ours = answer.hop.transport.is_secure() && answer.hop.flow.is_none();
        let certified = match self.target.name.as_deref() {
            _ if !ours || !answer.came_back() => Certified::Nobody,
            Some(name) => Certified::Name(name),
            None => Certified::Source,
        };
        Some(ssa::Arrival { certified, ..answer.response.view()? })
    }

    /// The transaction of a request that has left and has no final response yet.
    pub(in crate::manager) const fn trying(&self) -> Option<Key> {
        match self.state {
            State::Trying { client, .. } => Some(client),
            State::Locating(_)
            | State::Encrypting
            | State::Authorizing(_)
            | State::Judging(_)
            | State::Reading(_) => None,
        }
    }

    /// Where the request went and what was sent, while it waits for a response in this transaction:
    /// not while an earlier response is being looked at.
    pub(in crate::manager) fn waiting_in(&self, client: Key) -> Option<(Hop, &Arc<Message>)> {
        match &self.state {
            State::Trying { client: own, hop, sent } if *own == client => Some((*hop, sent)),
            State::Locating(_)
            | State::Encrypting
            | State::Trying { .. }
            | State::Authorizing(_)
            | State::Judging(_)
            | State::Reading(_) => None,
        }
    }

    /// Takes the state out while a verdict is worked on; every way of going on puts one back or
    /// ends the exchange.
    pub(in crate::manager) fn take_state(&mut self) -> State {
        std::mem::replace(&mut self.state, State::Encrypting)
    }

    /// Whether a body crosses the security manager on the way out: every INVITE's, even an empty
    /// one.
    pub(in crate::manager) fn has_body(&self) -> bool {
        self.is_protected() || !self.draft.original.octets.is_empty()
    }

    /// Whether the method's bodies are the security manager's, even empty ones.
    pub(in crate::manager) fn is_protected(&self) -> bool {
        served(self.draft.method.as_bytes()).is_some_and(|row| row.is_protected)
    }

    /// Whether an answer to it may still come: it has left and is not over.
    pub(in crate::manager) const fn has_left(&self) -> bool {
        match self.state {
            State::Trying { .. } | State::Judging(_) | State::Reading(_) => true,
            State::Locating(_) | State::Encrypting | State::Authorizing(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;
    use crate::manager::action::Arrival;
    use crate::manager::slab::Slab;
    use ssa::{FlowId, Transport};

    /// Whether a response over `came` is from where a request over `went` arrived.
    fn came_back(went: (Transport, &str, Option<u64>), came: (Transport, &str, u64)) -> bool {
        let address = |text: &str| text.parse().unwrap();
        let message = |text: &'static str| Message::parse(text.into(), &Limits::default()).unwrap();
        let local = address("192.0.2.2:5060");
        let arrival =
            Arrival { source: address(came.1), local, transport: came.0, flow: FlowId(came.2) };
        let hop =
            Hop { transport: went.0, local, remote: address(went.1), flow: went.2.map(FlowId) };
        let answer = Answer {
            client: Slab::new().insert(()),
            hop,
            sent: Arc::new(message("BYE sip:b@192.0.2.9 SIP/2.0\r\n\r\n")),
            response: Inbound::new(message("SIP/2.0 401 Unauthorized\r\n\r\n"), arrival),
        };
        answer.came_back()
    }

    #[test]
    fn a17_a_response_comes_back_over_its_connection_or_from_address_port_and_transport() {
        use Transport::{Tcp, Udp};
        let udp = (Udp, "192.0.2.9:5060", None);
        assert!(came_back(udp, (Udp, "192.0.2.9:5060", 1)));
        assert!(!came_back(udp, (Udp, "192.0.2.9:5062", 1)));
        assert!(!came_back(udp, (Udp, "192.0.2.8:5060", 1)));
        assert!(!came_back(udp, (Tcp, "192.0.2.9:5060", 1)));
        // A dialog's connection: its other end need not be where the Contact points.
        let kept = (Tcp, "192.0.2.8:5060", Some(7));
        assert!(came_back(kept, (Tcp, "192.0.2.9:40000", 7)));
        assert!(!came_back(kept, (Tcp, "192.0.2.9:40000", 6)));
        assert!(!came_back((Udp, "192.0.2.8:5060", Some(7)), (Udp, "192.0.2.9:5060", 7)));
    }
}
