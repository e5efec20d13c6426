//! Questions that suspend a request until somebody else decides.
//!
//! ```text
//!   core ── Action::Consult(id) ──▶ driver ── query(id) ──▶ security manager, resolver
//!   core ◀─ verdict(now, id, …) ── driver ◀──────────────── answer, sooner or later
//! ```
//!
//! The core holds what is asked; the driver borrows it and asks. An id carries a generation: when
//! the core stops waiting (CANCEL, hang-up, a lost connection) the id goes stale, the driver is
//! told by [`Action::CancelConsult`](super::Action), and a late verdict does nothing.

use super::slab::Key;
use crate::locate::{Servers, Wanted};
use ssa::{
    Arrival, Authentication, Authorized, Body, BodyVerdict, CallRef, Direction, Incoming, Leaving,
    Plan, Received, Request, Required, Response, Transport,
};

/// Names one question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConsultId(pub(super) Key);

/// What a question is about: whose table holds what is asked.
#[derive(Clone, Copy, Debug)]
pub(super) enum Subject {
    /// A request that has no transaction.
    Arriving(Key),
    /// A request of ours.
    Ours(Key),
    /// A request of a peer's that has a transaction.
    Theirs(Key),
    /// The body of an ACK, the peer's or ours, or of a provisional response.
    Reading(Key),
}

/// A question, borrowed from the core. All but the last are [`ssa::SipSecurity`]'s methods.
#[derive(Clone, Debug)]
pub enum Query<'a> {
    /// `request_received`. Answered at once: the core holds the request in passing only.
    RequestReceived {
        /// The call.
        call: CallRef,
        /// How it arrived.
        arrival: Arrival<'a>,
        /// The request.
        request: Request<'a>,
    },
    /// `authenticate`.
    Authenticate {
        /// The call.
        call: CallRef,
        /// How it arrived.
        arrival: Arrival<'a>,
        /// The request.
        request: Request<'a>,
    },
    /// `got_401_unauthorized`.
    Got401 {
        /// The call.
        call: CallRef,
        /// How the response arrived.
        hop: Arrival<'a>,
        /// The 401 or 407.
        response: Response<'a>,
        /// The request as it was sent.
        sent: Request<'a>,
    },
    /// `encrypt`.
    Encrypt {
        /// The call.
        call: CallRef,
        /// Which message the body belongs to.
        direction: Direction,
        /// What the message will leave over.
        over: Transport,
        /// The plan, after a 401.
        plan: Option<Plan>,
        /// The body as the application gave it.
        body: &'a Body,
    },
    /// `decrypt`.
    Decrypt {
        /// The call.
        call: CallRef,
        /// Which message the body belongs to.
        direction: Direction,
        /// What the message came over.
        over: Transport,
        /// The body as it came in.
        body: Body,
    },
    /// `authorize`.
    Authorize {
        /// The call.
        call: CallRef,
        /// The plan.
        plan: Plan,
        /// The draft, exactly as it will leave but for the answer's fields.
        request: Request<'a>,
    },
    /// `response_leaving`.
    ResponseLeaving {
        /// The call.
        call: CallRef,
        /// The request.
        request: Request<'a>,
        /// The final response.
        response: Response<'a>,
    },
    /// `response_received`.
    ResponseReceived {
        /// The call.
        call: CallRef,
        /// How the response arrived.
        hop: Arrival<'a>,
        /// The 2xx.
        response: Response<'a>,
        /// The request as it was sent.
        sent: Request<'a>,
    },
    /// The servers of a name, for the resolver: see [`locate`](crate::locate).
    Locate(&'a Wanted),
}

/// The answer to a [`Query`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// To `RequestReceived`.
    Received(Received),
    /// To `Authenticate`.
    Authentication(Authentication),
    /// To `Got401`.
    Required(Required),
    /// To `Encrypt` and `Decrypt`.
    Body(BodyVerdict),
    /// To `Authorize`.
    Authorized(Authorized),
    /// To `ResponseLeaving`.
    Leaving(Leaving),
    /// To `ResponseReceived`.
    Incoming(Incoming),
    /// To `Locate`; none: the name leads nowhere.
    Located(Servers),
    /// Whoever was asked panicked or did not answer in time: the same as a refusal.
    Unanswered,
}
