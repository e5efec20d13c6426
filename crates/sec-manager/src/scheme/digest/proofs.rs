//! What Digest keeps of a call, in the call's record.

use super::{Hex, Keys, Named, Qop};
use crate::manager::failures::Attempt;
use crate::nonce::Opened;
use sst::Algorithm;
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

/// Credentials of the peer that verified.
#[derive(Clone, Debug)]
pub(crate) struct VerifiedDigest {
    /// The field's value: a proof of ours answers these credentials alone, for whoever saw them may
    /// write others with the same response.
    pub(crate) value: Arc<[u8]>,
    pub(crate) response: Hex,
    pub(crate) user: Arc<str>,
    pub(crate) algorithm: Algorithm,
}

/// Credentials whose response is right, under a nonce of ours; whether they may be accepted depends
/// on what came before them.
#[derive(Clone, Debug)]
pub(crate) struct Judged {
    pub(crate) verified: VerifiedDigest,
    pub(crate) nonce: Opened,
    /// The nonce count.
    pub(crate) count: u32,
    pub(crate) attempt: Attempt,
}
