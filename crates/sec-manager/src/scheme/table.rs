//! Which scheme gives which proof: a row each, the one that proves most first.

use super::digest::Digest;
use super::pgp::Signatures;
use super::seam::Scheme;
use crate::manager::Shared;
use sst::{Means, Requirement};

const TABLE: [(Means, &dyn Scheme); 2] = [(Means::Pgp, &Signatures), (Means::Digest, &Digest)];

impl Shared {
    /// The scheme of a call that requires this. Where no signature is, Digest challenges are
    /// answered all the same.
    pub(crate) fn scheme(required: Requirement) -> &'static dyn Scheme {
        if required == Requirement::PGP { &Signatures } else { &Digest }
    }

    /// The schemes that a peer may choose among, where this is required of it: of those that were
    /// given, the ones whose proof will do.
    pub(crate) fn schemes(
        &self, required: Requirement,
    ) -> impl Iterator<Item = &'static dyn Scheme> {
        let mut rows = TABLE.into_iter().filter(move |(means, _)| required.accepts(*means));
        std::iter::from_fn(move || rows.next().map(|(_, scheme)| scheme))
            .filter(|scheme| scheme.is_given(self))
    }
}
