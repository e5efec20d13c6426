//! What a line says of ICE: credentials and candidates. RFC 8839, RFC 8445.
//!
//! It comes of a description that may be a stranger's. So nothing here is looked up: candidates with
//! names (those of RFC 8828 among them) are passed over, as are those where media may not go, and of
//! what is left [`MAX_CANDIDATES`] a channel are kept.

mod candidate;
mod credentials;
mod local;
mod said;
mod side;
#[cfg(test)]
mod tests;

pub use candidate::{Candidate, CandidateKind};
pub use credentials::Credentials;
pub(crate) use local::{Chosen, LocalIce};
pub use said::MAX_CANDIDATES;
pub(super) use said::Said;
pub use side::{IceAgreement, IceSide};
