//! A request that is being served.
//!
//! ```text
//!   Arriving ─▶ Authenticating ─┐                                     final response
//!        └─────────────────────▶ Reading ─▶ Deciding ─▶ Encrypting ─▶ Leaving ─▶ sent
//!   request_received             decrypt    the usage   encrypt       response_leaving
//! ```
//!
//! In each state but `Deciding` a verdict is awaited; while a request arrives no transaction stands
//! for it, and the security manager answers at once. A CANCEL or a lost connection withdraws the
//! question, and the verdict is not heard.

use super::reply::Reply;
use super::way::Way;
use crate::Capabilities;
use crate::manager::action::Hop;
use crate::manager::consult::{ConsultId, Query};
use crate::manager::inbound::Inbound;
use crate::manager::own::Own;
use crate::manager::slab::Key;
use crate::methods::{Place, Served as Row};
use crate::view::Written;
use ssa::{CallRef, Direction};

/// What a request is for.
#[derive(Clone, Copy, Debug)]
pub(in crate::manager) struct For {
    /// The row of its method.
    pub(in crate::manager) row: &'static Row,
    /// Its dialog; `None` outside one.
    pub(in crate::manager) dialog: Option<Key>,
    /// The usage that answers it; `None` until one is made.
    pub(in crate::manager) usage: Option<Key>,
    /// Whether its user is ours; in a dialog it is the dialog's.
    pub(in crate::manager) is_ours: bool,
}

impl For {
    /// What becomes of it.
    pub(in crate::manager) const fn place(&self) -> Place {
        if self.dialog.is_some() { self.row.inside } else { self.row.outside }
    }
}

/// A request of a peer's.
#[derive(Debug)]
pub(in crate::manager) struct Served {
    pub(in crate::manager) request: Inbound,
    pub(in crate::manager) name: CallRef,
    pub(in crate::manager) cseq: u32,
    pub(in crate::manager) way: Way,
    pub(in crate::manager) is_for: For,
    pub(super) step: Step,
    pub(super) consult: Option<ConsultId>,
}

/// How far a request has come.
#[derive(Debug)]
pub(super) enum Step {
    /// `request_received`.
    Arriving,
    /// `authenticate`.
    Authenticating,
    /// `decrypt`.
    Reading,
    /// Its usage, or the application, decides.
    Deciding,
    /// `encrypt`, for this response.
    Encrypting(Reply),
    /// `response_leaving`: the reply, and the same in octets.
    Leaving(Reply, Written),
}

impl Served {
    /// A request that came in, with where its answers go.
    pub(in crate::manager) const fn new(
        request: Inbound, (name, cseq): (CallRef, u32), way: Way, is_for: For,
    ) -> Self {
        Self { request, name, cseq, way, is_for, step: Step::Arriving, consult: None }
    }

    /// What is being asked in this state.
    pub(super) fn query(&self, capabilities: &Capabilities) -> Option<Query<'_>> {
        let call = self.name;
        Some(match &self.step {
            Step::Deciding => return None,
            Step::Arriving => Query::RequestReceived {
                call,
                arrival: self.request.view()?,
                request: self.request.message.ssa_request()?,
            },
            Step::Authenticating => Query::Authenticate {
                call,
                arrival: self.request.view()?,
                request: self.request.message.ssa_request()?,
            },
            Step::Reading => Query::Decrypt {
                call,
                direction: Direction::Request,
                over: self.request.arrival.transport,
                body: self.request.body(capabilities),
            },
            Step::Encrypting(reply) => {
                let (direction, over) = (Direction::Response, self.way.hop.transport);
                Query::Encrypt { call, direction, over, plan: None, body: &reply.body }
            }
            Step::Leaving(reply, written) => {
                let request = &self.request.message;
                let told = (reply.status, reply.body.octets.as_slice());
                Query::ResponseLeaving {
                    call,
                    request: request.ssa_request()?,
                    response: request.ssa_answer(told, self.way.tag(), written)?,
                }
            }
        })
    }

    /// The hop for the requests of the dialog that this one makes or refreshes.
    pub(in crate::manager) fn kept_hop(&self, own: Own<'_>) -> Hop {
        self.way.hop.kept(self.request.arrival.flow, own)
    }

    /// Whether its proof is still to be shown.
    pub(super) const fn is_unauthenticated(&self) -> bool {
        matches!(self.step, Step::Authenticating)
    }

    /// Whether nothing has been decided about it yet.
    pub(super) const fn is_being_admitted(&self) -> bool {
        matches!(self.step, Step::Authenticating | Step::Reading)
    }
}
