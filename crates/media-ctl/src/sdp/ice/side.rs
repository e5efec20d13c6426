//! What both sides of a line say of ICE. RFC 8839.

use super::candidate::Candidate;
use super::credentials::Credentials;

/// What one side says of ICE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IceSide {
    /// With which its messages are protected.
    pub credentials: Credentials,
    /// Whether it only answers checks, and makes none. RFC 8445 §2.5.
    pub lite: bool,
    /// Where it may be reached.
    pub candidates: Vec<Candidate>,
}

/// What both sides said of ICE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IceAgreement {
    /// This side.
    pub here: IceSide,
    /// The peer.
    pub there: IceSide,
    /// Whether this side says which way is taken. RFC 8445 §6.1.1.
    pub controlling: bool,
}
