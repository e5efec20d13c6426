//! Which scheme stands for a requirement: a row each.

use super::digest::Digest;
use super::pgp::Signatures;
use super::seam::Scheme;
use crate::manager::Shared;
use sst::Requirement;

impl Shared {
    /// The scheme of a call that requires this. Where nothing is required, Digest challenges are
    /// answered all the same.
    pub(crate) const fn scheme(required: Requirement) -> &'static dyn Scheme {
        match required {
            Requirement::Nothing | Requirement::Digest => &Digest,
            Requirement::Pgp => &Signatures,
        }
    }
}
