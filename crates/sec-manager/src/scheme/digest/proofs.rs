//! What Digest keeps of a call, in the call's record.

use super::{Keys, Named, Qop};
use std::sync::Arc;

/// What was proved to us by Digest.
#[derive(Default)]
pub(crate) struct DigestProofs {
    /// What the peer's authorized request proved, for our `rspauth`.
    pub(crate) verified: Option<VerifiedDigest>,
}

/// A Digest challenge that is to be answered.
pub(crate) struct DigestWanted {
    /// The challenge's parameters, as they came after the word `Digest`.
    pub(crate) challenge: Vec<u8>,
    pub(crate) algorithm: Named,
    pub(crate) qop: Option<Qop>,
}

/// A Digest challenge that is being answered, or was.
#[derive(Clone)]
pub(crate) struct DigestAnswer {
    /// The challenge's parameters, as they came after the word `Digest`.
    pub(crate) challenge: Vec<u8>,
    pub(crate) keys: Arc<Keys>,
    pub(crate) algorithm: Named,
    pub(crate) qop: Option<Qop>,
    /// The nonce in place of the challenge's: `nextnonce` of the last answer. RFC 7616 §3.5.
    pub(crate) next: Option<Vec<u8>>,
    /// How often the nonce was used.
    pub(crate) count: u32,
}

/// An Authorization of the peer that verified.
pub(crate) struct VerifiedDigest {
    /// The field's value.
    pub(crate) value: Vec<u8>,
    pub(crate) user: String,
}
