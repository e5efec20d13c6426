//! What a scheme is to the manager.

use crate::manager::challenge::Challenged;
use crate::manager::request::Claim;
use crate::manager::response::Answered;
use crate::manager::{Inner, Shared};
use ssa::{Answer, Authentication, Incoming, Leaving, Received, Required, Response};
use std::sync::{Arc, MutexGuard};

/// One way to prove who one is, to peers and to us. Nothing is kept in it: what it knows of a call
/// is in the call's record.
pub(crate) trait Scheme: Sync {
    /// Whether the manager was given what the scheme needs.
    fn is_given(&self, shared: &Shared) -> bool;

    /// Server: challenges a request, or says that its credentials may be judged. Asks nobody, and
    /// stores nothing about the sender: of one request alone that is right, what was found.
    fn challenge(&self, shared: &Shared, claim: &Claim<'_>) -> Received;

    /// Server: the verdict on a request's credentials.
    fn judge(&self, shared: &Arc<Shared>, claim: &Claim<'_>) -> Answer<Authentication>;

    /// Server: the proof that leaves with our 2xx.
    fn leaving(
        &self, shared: &Shared, inner: MutexGuard<'_, Inner>, answered: &Answered<'_>,
    ) -> Answer<Leaving>;

    /// Client: which challenges of a 401 or 407 are answered, and how.
    fn plan(
        &self, shared: &Arc<Shared>, asked: &Challenged<'_>, response: &Response<'_>,
    ) -> Answer<Required>;

    /// Client: whether a 2xx to a request of ours is believed.
    fn response(
        &self, shared: &Arc<Shared>, inner: MutexGuard<'_, Inner>, answered: &Answered<'_>,
    ) -> Answer<Incoming>;
}
