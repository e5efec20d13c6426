//! Bodies that leave and come in, and the media keys within. SSA's `encrypt` and `decrypt`.
//!
//! Encrypt first, then sign: CS1 covers the ciphertext. Verify first, then decrypt: the stack asks
//! for `decrypt` only once the message was authenticated.

use super::Shared;
use super::record::{Planned, Record};
use crate::cs1::Role;
use crate::keying::{self, Carried, Standing};
use crate::mime::{self, Binding};
use crate::pgp::{CHECKING, GRACE, Jobs, MAKING};
use crate::policy::Policy;
use crate::scheme::pgp::exchange::Exchange;
use crate::scheme::pgp::tell_unusable;
use sma::Error;
use ssa::{Answer, Body, BodyVerdict, CallRef, Direction, Plan, Refusal, Transport};
use sst::{Call, Denial, Denied, Requirement};
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroize as _;

/// The body cannot be read; one answer for every reason. RFC 3261 §21.4.28.
const UNDECIPHERABLE: Refusal = Refusal::new(493, "Undecipherable");

impl Shared {
    /// A body that is about to leave.
    pub(super) fn encrypt(
        &self, call: CallRef, (direction, over): (Direction, Transport), plan: Option<Plan>,
        body: Body,
    ) -> Answer<BodyVerdict> {
        let mut inner = self.lock();
        let policy = Arc::clone(&inner.policy);
        let Some(record) = inner.records.get_mut(call.0) else {
            return unknown(&policy, body);
        };
        if record.require != Requirement::PGP {
            let standing = record.standing(&policy, Carried::over(over));
            return self.fill(record, direction, body, standing).map_or_else(refused, passed);
        }
        // The first INVITE to a contact that requires PGP says nothing to whoever reads it.
        let exchange = match (direction, plan) {
            (Direction::Request, None) => return passed(Body::default()),
            (Direction::Request, Some(plan)) => match record.planned(plan.0) {
                // A proxy asked, and nobody has asked for the proof yet.
                Some(Planned { pgp: None, .. }) => return passed(Body::default()),
                Some(Planned { pgp: Some(pgp), .. }) => Some(pgp.exchange.clone()),
                None => None,
            },
            (Direction::Response, _) => record.pgp.received.clone(),
        };
        let (Some(exchange), Some(jobs)) = (exchange, self.jobs.clone()) else {
            return refused(UNDECIPHERABLE);
        };
        if body.octets.is_empty() {
            return passed(body);
        }
        let standing = record.standing(&policy, Carried::Sealed);
        match self.fill(record, direction, body, standing) {
            Ok(body) => self.seal(call, (jobs, exchange), direction, body),
            Err(refusal) => refused(refusal),
        }
    }

    /// Encloses a body in the entity that binds it to its exchange, wipes it, and has the entity
    /// encrypted.
    fn seal(
        &self, call: CallRef, (jobs, exchange): (Jobs, Exchange), direction: Direction,
        mut body: Body,
    ) -> Answer<BodyVerdict> {
        let nonces: Vec<&[u8]> = exchange.nonces.iter().map(Vec::as_slice).collect();
        let enclosed = mime::enclose(&binding(&exchange, direction), &nonces, &body);
        body.octets.zeroize();
        let Ok(plaintext) = enclosed else {
            return refused(UNDECIPHERABLE);
        };
        let (recipients, user) = (vec![exchange.peer.clone()], Arc::clone(&self.application));
        let future = Box::pin(async move {
            let wrapped = match jobs.encrypt(recipients, plaintext).await {
                Ok(ciphertext) => mime::wrap(&ciphertext).map_err(|_| UNDECIPHERABLE),
                Err(error) => {
                    tell_unusable(&*user, call, (&exchange.peer, false), error);
                    Err(unavailable(error))
                }
            };
            wrapped.map_or_else(BodyVerdict::Refused, BodyVerdict::Body)
        });
        Answer::Pending { within: MAKING + GRACE, future }
    }

    fn fill(
        &self, record: &mut Record, direction: Direction, body: Body, standing: Standing,
    ) -> Result<Body, Refusal> {
        record.media.fill(direction, body, standing, &*self.platform)
    }

    /// A body that came in.
    pub(super) fn decrypt(
        self: &Arc<Self>, call: CallRef, (direction, over): (Direction, Transport), body: Body,
    ) -> Answer<BodyVerdict> {
        let mut inner = self.lock();
        let policy = Arc::clone(&inner.policy);
        if policy.sdes.is_taken && over.is_secure() && keying::may_hold_keys(&body) {
            inner.remember(call.0, self.platform.now());
        }
        let Some(record) = inner.records.get_mut(call.0) else {
            return unknown(&policy, body);
        };
        if record.require != Requirement::PGP {
            let standing = record.standing(&policy, Carried::over(over));
            let emptied = record.media.empty(direction, body, standing);
            return emptied.map_or_else(refused, passed);
        }
        if body.octets.is_empty() {
            return passed(body);
        }
        let exchange = match direction {
            Direction::Request => record.pgp.received.clone(),
            Direction::Response => record.pgp.sent.clone(),
        };
        // In a PGP dialog a body counts only where it was encrypted.
        let (Some(exchange), Some(jobs), true, true) =
            (exchange, self.jobs.clone(), record.authenticated, mime::is_encrypted(&body))
        else {
            return refused(UNDECIPHERABLE);
        };
        drop(inner);
        let shared = Arc::clone(self);
        let future = Box::pin(async move {
            match open(jobs, direction, &exchange, &body).await {
                Ok(body) => shared.opened_body(call, direction, body),
                Err(refusal) => {
                    shared.unreadable(call, direction, &exchange, &refusal);
                    BodyVerdict::Refused(refusal)
                }
            }
        });
        Answer::Pending { within: CHECKING + GRACE, future }
    }

    /// A request was believed, and what it carries cannot be read: the application hears of it.
    fn unreadable(
        &self, call: CallRef, direction: Direction, exchange: &Exchange, refusal: &Refusal,
    ) {
        if direction == Direction::Request {
            let why = if *refusal == UNDECIPHERABLE { Denied::Body } else { Denied::Unavailable };
            let claimed = exchange.from.as_str();
            self.application.denied(Denial { call: Call(call.0), claimed, source: None, why });
        }
    }

    /// The plaintext: its keys go to the media, its slots to the controller.
    fn opened_body(&self, call: CallRef, direction: Direction, mut body: Body) -> BodyVerdict {
        let mut inner = self.lock();
        let policy = Arc::clone(&inner.policy);
        let Some(record) = inner.records.get_mut(call.0) else {
            body.octets.zeroize();
            return BodyVerdict::Refused(UNDECIPHERABLE);
        };
        let standing = record.standing(&policy, Carried::Sealed);
        match record.media.empty(direction, body, standing) {
            Ok(body) => BodyVerdict::Body(body),
            Err(refusal) => BodyVerdict::Refused(refusal),
        }
    }
}

/// The body of a call without a record: nothing may have been required of it.
fn unknown(policy: &Policy, body: Body) -> Answer<BodyVerdict> {
    if policy.lets_in_unproved() || body.octets.is_empty() {
        passed(body)
    } else {
        refused(UNDECIPHERABLE)
    }
}

fn passed(body: Body) -> Answer<BodyVerdict> {
    Answer::Ready(BodyVerdict::Body(body))
}

fn refused(refusal: Refusal) -> Answer<BodyVerdict> {
    Answer::Ready(BodyVerdict::Refused(refusal))
}

const fn binding(exchange: &Exchange, direction: Direction) -> Binding<'_> {
    let role = match direction {
        Direction::Request => Role::Uac,
        Direction::Response => Role::Uas,
    };
    let from_tag = exchange.from_tag.as_slice();
    Binding { role, from: &exchange.from, to: &exchange.to, from_tag }
}

async fn open(
    jobs: Jobs, direction: Direction, exchange: &Exchange, body: &Body,
) -> Result<Body, Refusal> {
    let ciphertext = mime::ciphertext(body).map_err(|_| UNDECIPHERABLE)?.to_vec();
    let plain = jobs.decrypt(exchange.own.clone(), ciphertext).await.map_err(unavailable)?;
    if !plain.integrity {
        return Err(UNDECIPHERABLE);
    }
    let nonce = exchange.nonces.first().map(Vec::as_slice).unwrap_or_default();
    mime::open(&binding(exchange, direction), nonce, plain.octets.expose())
        .map_err(|_| UNDECIPHERABLE)
}

/// Our application's trouble is ours; anything else is the body's.
fn unavailable(error: Error) -> Refusal {
    match error {
        Error::Unavailable | Error::Deadline | Error::Busy | Error::Failed | Error::Protocol => {
            Refusal::try_later(Duration::from_secs(2))
        }
        _ => UNDECIPHERABLE,
    }
}
