//! Which schemes there are: a row each.

use super::aka::BySim;
use super::bearer::Bearer;
use super::client::Client;
use super::digest::Digest;
use super::pgp::Signatures;
use super::seam::Scheme;
use crate::manager::Shared;
use sst::{Means, Requirement};

/// Which gives which proof, the one that proves most first.
const TABLE: [(Means, &dyn Scheme); 2] = [(Means::Pgp, &Signatures), (Means::Digest, &Digest)];

/// Which answer the registrars and proxies of our accounts.
const CLIENTS: [&dyn Client; 3] = [&Bearer, &BySim, &Digest];

impl Shared {
    /// The scheme of a call that requires this. Where no signature is, the challenges of accounts are
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

    /// The schemes that answer for accounts.
    pub(crate) fn clients() -> impl Iterator<Item = &'static dyn Client> {
        CLIENTS.into_iter()
    }
}
