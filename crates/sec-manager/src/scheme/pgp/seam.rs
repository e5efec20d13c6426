//! The PGP scheme, as the manager calls it.

use super::signed::signed_with;
use super::{Jobs, RETRY};
use crate::keying::Names;
use crate::manager::challenge::Challenged;
use crate::manager::request::Claim;
use crate::manager::response::Answered;
use crate::manager::{Inner, Shared};
use crate::scheme::pgp::exchange::Exchange;
use crate::scheme::seam::Scheme;
use ssa::{Answer, Authentication, Incoming, Leaving, Received, Refusal, Required, Response, Why};
use std::sync::{Arc, MutexGuard};

/// The scheme's rules; what it is given is in the builder's [`super::Pgp`].
pub(crate) struct Signatures;

impl Scheme for Signatures {
    fn is_given(&self, shared: &Shared) -> bool {
        shared.jobs.is_some()
    }

    fn challenge(&self, shared: &Shared, claim: &Claim<'_>) -> Received {
        shared.pgp_received(claim)
    }

    fn judge(&self, shared: &Arc<Shared>, claim: &Claim<'_>) -> Answer<Authentication> {
        shared.pgp_authenticate(claim)
    }

    fn leaving(
        &self, shared: &Shared, mut inner: MutexGuard<'_, Inner>, answered: &Answered<'_>,
    ) -> Answer<Leaving> {
        let Answered { call, request, response } = *answered;
        let received = inner.records.get_mut(call.0).and_then(|record| {
            record.media.named(Names::of(request, response));
            record.pgp.received.clone()
        });
        drop(inner);
        match received.zip(shared.jobs.clone()) {
            Some((exchange, jobs)) => shared.pgp_leaving(call, &exchange, jobs, request, response),
            None => Answer::Ready(Leaving::Refused(Refusal::try_later(RETRY))),
        }
    }

    fn plan(
        &self, shared: &Arc<Shared>, asked: &Challenged<'_>, response: &Response<'_>,
    ) -> Answer<Required> {
        shared.pgp_plan(asked, response)
    }

    fn response(
        &self, shared: &Arc<Shared>, inner: MutexGuard<'_, Inner>, answered: &Answered<'_>,
    ) -> Answer<Incoming> {
        let Answered { call, request: sent, response } = *answered;
        let exchange = inner.records.get(call.0).and_then(|record| record.pgp.sent.clone());
        drop(inner);
        let carried =
            |(exchange, _): &(Exchange, Jobs)| signed_with(sent, &exchange.nonces).is_some();
        match exchange.zip(shared.jobs.clone()).filter(carried) {
            // The dialog is over, whatever the answer says.
            Some(_) if sent.method == "BYE" => Answer::Ready(Incoming::Accept),
            Some((exchange, jobs)) => shared.pgp_response(call, jobs, exchange, response, sent),
            // T17: answered without a challenge although a proof is required.
            None => Answer::Ready(Incoming::AckThenBye(Why::ProofMissing)),
        }
    }
}
