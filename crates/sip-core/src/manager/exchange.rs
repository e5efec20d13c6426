//! A request of ours, from the draft to its outcome, with the challenges in between.
//!
//! ```text
//!   Locating ── addresses ──▶ Encrypting ── body ──▶ Trying ── 2xx ──▶ Judging ──▶ Reading ──▶ done
//!                                                    │   ▲
//!                                      401, 407      ▼   │ the request again, CSeq + 1
//!                                   Authorizing { Challenged ─▶ Encrypting ─▶ Signing }
//!                                   got_401_unauthorized  encrypt     authorize
//! ```
//!
//! In every state but `Trying` the exchange waits for a verdict, and nothing else waits for it.

use super::action::Hop;
use super::consult::{ConsultId, Query};
use super::event::Cause;
use super::inbound::Inbound;
use super::outgoing::Draft;
use super::slab::Key;
use super::target::{Host, Target};
use crate::{Message, Method};
use ssa::{Body, CallRef, Direction, Plan, Why};

/// Challenges that are answered for one request. Promise 8.
pub(super) const MAX_ANSWERED: u8 = 5;

/// Who waits for the outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// The INVITE that sets up this call.
    Invite(Key),
    /// The re-INVITE in this call.
    Reinvite(Key),
    /// The BYE that ends this call.
    Bye(Key),
    /// The BYE of a fork that is not wanted.
    Fork,
    /// The application's OPTIONS.
    Options,
    /// A registration.
    Register(Key),
}

/// A request of ours under way.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) owner: Owner,
    pub(super) call: CallRef,
    pub(super) draft: Draft,
    pub(super) target: Target,
    pub(super) state: State,
    /// Challenges answered so far.
    pub(super) answered: u8,
    /// The question that is open.
    pub(super) consult: Option<ConsultId>,
}

/// Where an exchange is.
#[derive(Debug)]
pub(super) enum State {
    /// The host name is being resolved.
    Locating,
    /// The body is being protected; nobody has challenged.
    Encrypting,
    /// The request was sent.
    Trying {
        /// Its transaction.
        client: Key,
        /// Where it went.
        hop: Hop,
        /// The request.
        sent: Message,
    },
    /// A challenge is being answered.
    Authorizing(Step),
    /// The security manager looks at the 2xx.
    Judging(Answer),
    /// The 2xx's body is being read.
    Reading(Answer),
}

/// The steps of answering a challenge.
#[derive(Debug)]
pub(super) enum Step {
    /// `got_401_unauthorized`.
    Challenged(Box<Answer>),
    /// `encrypt`, with the plan. `reserve`: octets that the credentials will take.
    Encrypting { plan: Plan, reserve: usize },
    /// `authorize`: `draft` is the request as it will leave over `hop`, but for the credentials.
    Signing { plan: Plan, hop: Hop, branch: u64, draft: Box<Message> },
}

/// A response, and the request that it answers.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) client: Key,
    /// Where the request went.
    pub(super) hop: Hop,
    pub(super) sent: Message,
    pub(super) response: Inbound,
}

impl Answer {
    /// Whether it came from where the request went: over the same connection, or over the same
    /// transport from the same address and port, as RFC 3581 §4 has it.
    pub(super) fn came_back(&self) -> bool {
        let (arrival, hop) = (&self.response.arrival, &self.hop);
        let same_flow = arrival.transport.is_reliable() && hop.flow == Some(arrival.flow);
        let from = (arrival.transport, arrival.source.ip(), arrival.source.port());
        same_flow || from == (hop.transport, hop.remote.ip(), hop.remote.port())
    }
}

/// What became of an exchange.
#[derive(Debug)]
pub(super) enum Outcome {
    /// A 2xx that counts, with its body as plain text.
    Accepted(Answer, Body),
    /// A 2xx that must not be believed.
    Untrusted(Answer, Why),
    /// Anything else; the response, where there is one.
    Failed(Cause, Option<Inbound>),
}

impl Exchange {
    /// What is being asked in this state.
    pub(super) fn query(&self) -> Option<Query<'_>> {
        let call = self.call;
        let direction = Direction::Request;
        Some(match &self.state {
            State::Locating => match &self.target.host {
                Host::Name(host) => Query::Locate { host },
                Host::Address(_) => return None,
            },
            State::Encrypting => {
                Query::Encrypt { call, direction, plan: None, body: &self.draft.original }
            }
            State::Trying { .. } => return None,
            State::Authorizing(Step::Challenged(answer)) => Query::Got401 {
                call,
                hop: answer.response.response_view()?,
                response: answer.response.message.ssa_response()?,
                sent: answer.sent.ssa_request()?,
            },
            State::Authorizing(Step::Encrypting { plan, .. }) => {
                Query::Encrypt { call, direction, plan: Some(*plan), body: &self.draft.original }
            }
            State::Authorizing(Step::Signing { plan, draft, .. }) => {
                Query::Authorize { call, plan: *plan, request: draft.ssa_request()? }
            }
            State::Judging(answer) => Query::ResponseReceived {
                call,
                hop: answer.response.response_view()?,
                response: answer.response.message.ssa_response()?,
                sent: answer.sent.ssa_request()?,
            },
            State::Reading(answer) => {
                let body = answer.response.body();
                Query::Decrypt { call, direction: Direction::Response, body }
            }
        })
    }

    /// The transaction of a request that has left and has no final response yet.
    pub(super) const fn trying(&self) -> Option<Key> {
        match self.state {
            State::Trying { client, .. } => Some(client),
            State::Locating
            | State::Encrypting
            | State::Authorizing(_)
            | State::Judging(_)
            | State::Reading(_) => None,
        }
    }

    /// Takes the state out while a verdict is worked on; every way of going on puts one back or
    /// ends the exchange.
    pub(super) fn take_state(&mut self) -> State {
        std::mem::replace(&mut self.state, State::Locating)
    }

    /// Whether a body crosses the security manager on the way out: every INVITE's, even an empty
    /// one, which may be an offer withheld or to be filled in.
    pub(super) fn has_body(&self) -> bool {
        self.draft.method == Method::INVITE || !self.draft.original.octets.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::super::action::Arrival;
    use super::super::slab::Slab;
    use super::*;
    use crate::Limits;
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
            sent: message("BYE sip:b@192.0.2.9 SIP/2.0\r\n\r\n"),
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
