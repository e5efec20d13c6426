//! Digest, as the manager calls it. Every answer is there at once.

use super::Digest;
use crate::manager::challenge::Challenged;
use crate::manager::request::Claim;
use crate::manager::response::Answered;
use crate::manager::{Inner, Shared};
use crate::scheme::seam::Scheme;
use ssa::{Answer, Authentication, Incoming, Leaving, Received, Required, Response};
use std::sync::{Arc, MutexGuard};

impl Scheme for Digest {
    fn is_given(&self, shared: &Shared) -> bool {
        shared.digest.is_some()
    }

    fn challenge(&self, shared: &Shared, claim: &Claim<'_>) -> Received {
        shared.digest_received(claim)
    }

    fn judge(&self, shared: &Arc<Shared>, claim: &Claim<'_>) -> Answer<Authentication> {
        Answer::Ready(shared.digest_authenticate(claim))
    }

    fn leaving(
        &self, _shared: &Shared, inner: MutexGuard<'_, Inner>, answered: &Answered<'_>,
    ) -> Answer<Leaving> {
        Shared::digest_leaving(&inner, answered)
    }

    fn plan(
        &self, shared: &Arc<Shared>, asked: &Challenged<'_>, response: &Response<'_>,
    ) -> Answer<Required> {
        shared.plan_for_accounts(asked, response)
    }

    fn response(
        &self, shared: &Arc<Shared>, inner: MutexGuard<'_, Inner>, answered: &Answered<'_>,
    ) -> Answer<Incoming> {
        shared.answered(inner, answered)
    }
}
