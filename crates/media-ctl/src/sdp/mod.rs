//! Session descriptions: reading them within limits, and the offer/answer model for one audio
//! line. RFC 8866 (and 4566), RFC 3264.
//!
//! [`Description`] and its [`MediaLine`]s are what came in, typed on demand. `Negotiator` is the
//! offer/answer state of one session; what both sides agreed on is an [`Agreement`]. Whether a
//! description keeps to the grammar, [`grammar`] says.

mod address;
mod agreement;
mod description;
pub mod grammar;
mod ice;
mod line;
mod negotiator;
mod payload_types;
#[cfg(test)]
mod tests;

pub use agreement::{Agreement, Direction, Remote};
pub use description::{Description, MAX_FORMATS, MAX_LINES, MAX_MEDIA_LINES, MAX_OCTETS};
pub use ice::{Candidate, CandidateKind, Credentials, IceAgreement, IceSide, MAX_CANDIDATES};
pub(crate) use ice::{Chosen, LocalIce};
pub use line::MediaLine;
pub(crate) use negotiator::{Local, Negotiator};
