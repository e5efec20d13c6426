//! The request that was found worth judging last, and what was found of it.
//!
//! Such a request is asked about twice: `request_received` says that it may be judged, and
//! `authenticate`, which follows at once, judges it. What its octets and the policy alone decide is
//! found for the first and kept for the second. It is kept of one request, so that nothing grows;
//! whoever comes between has the other looked at once more.

use crate::aor::{self, Aor};
use crate::policy::Policy;
use crate::remembered::Remembered;
use crate::scheme::digest::proofs::Judged;
use ssa::{Arrival, Request};
use std::net::IpAddr;
use std::sync::{Arc, Weak};

/// The AORs of a request, as they are bound and judged.
#[derive(Clone)]
pub(crate) struct Aors {
    pub(crate) from: Aor,
    pub(crate) to: Aor,
}

impl Aors {
    pub(crate) fn of(request: &Request<'_>) -> Option<Self> {
        let from = aor::canonical(request.from.uri).ok()?;
        Some(Self { from, to: aor::canonical(request.to.uri).ok()? })
    }
}

/// What is known of a request that came in when its verdict is asked for.
pub(crate) struct Known {
    pub(crate) aors: Aors,
    pub(crate) judged: Judged,
}

/// Parts of a request that are looked at.
const PARTS: usize = 7;

/// The request, by what was looked at of it; and what was found.
pub(crate) struct Last<T> {
    request: Remembered<PARTS>,
    source: Option<IpAddr>,
    policy: Weak<Policy>,
    found: Option<T>,
}

impl<T> Default for Last<T> {
    fn default() -> Self {
        Self { request: Remembered::default(), source: None, policy: Weak::new(), found: None }
    }
}

impl<T> Last<T> {
    /// Keeps what was found under this policy of a request with these credentials. It may not depend
    /// on the body.
    pub(crate) fn keep(
        &mut self, (arrival, request): (&Arrival<'_>, &Request<'_>), credentials: &[u8],
        policy: &Arc<Policy>, found: T,
    ) {
        self.request.keep(&parts(request, credentials));
        self.source = Some(arrival.source.ip());
        self.policy = Arc::downgrade(policy);
        self.found = Some(found);
    }

    /// Takes what was found, where it was of this request, which has these credentials, and under this
    /// policy.
    pub(crate) fn take<'a>(
        &mut self, (arrival, request): (&Arrival<'_>, &Request<'_>),
        mut credentials: impl Iterator<Item = &'a [u8]>, policy: &Arc<Policy>,
    ) -> Option<T> {
        let is_its = |credentials| self.request.is(&parts(request, credentials));
        let same = self.policy.as_ptr() == Arc::as_ptr(policy)
            && self.source == Some(arrival.source.ip())
            && credentials.any(is_its);
        self.found.take_if(|_| same)
    }
}

/// What is looked at of a request with these credentials.
fn parts<'a>(request: &Request<'a>, credentials: &'a [u8]) -> [&'a [u8]; PARTS] {
    let Request { method, uri, call_id, from, to, .. } = *request;
    let tag = from.tag.unwrap_or_default();
    [method.as_bytes(), uri, call_id, from.uri, tag, to.uri, credentials]
}
