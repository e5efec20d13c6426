//! What Digest keeps of a call, in the call's record.

use super::{Keys, Named, Qop};
use std::sync::Arc;

/// What was proved by Digest, either way.
#[derive(Default)]
pub(crate) struct DigestProofs {
    /// What our last authorized request proved, for `rspauth`.
    pub(crate) proved: Vec<Proved>,
    /// What the peer's authorized request proved, for our `rspauth`.
    pub(crate) verified: Option<VerifiedDigest>,
}

/// A Digest challenge that is being answered, or was.
#[derive(Clone)]
pub(crate) struct DigestAnswer {
    /// The challenge's parameters, as they came after the word `Digest`.
    pub(crate) challenge: Vec<u8>,
    /// Whether a proxy asked: `Proxy-Authorization` is the answer.
    pub(crate) proxy: bool,
    /// The AOR of the account whose credentials these are.
    pub(crate) account: String,
    pub(crate) user: String,
    pub(crate) keys: Arc<Keys>,
    pub(crate) realm: Vec<u8>,
    pub(crate) algorithm: Named,
    pub(crate) qop: Option<Qop>,
    /// The nonce in place of the challenge's: `nextnonce` of the last answer. RFC 7616 §3.5.
    pub(crate) next: Option<Vec<u8>>,
    /// How often the nonce was used.
    pub(crate) count: u32,
}

/// An Authorization of ours that left.
pub(crate) struct Proved {
    pub(crate) answer: DigestAnswer,
    /// The field's value.
    pub(crate) value: Vec<u8>,
}

/// An Authorization of the peer that verified.
pub(crate) struct VerifiedDigest {
    /// The field's value.
    pub(crate) value: Vec<u8>,
    pub(crate) user: String,
}
