//! The PGP scheme: RFC 2543 §15 with a canonical form, through a security application.
//!
//! RFC 2543 defined it and RFC 3261 §23 dropped it, for good reasons: Request-URI and realm were
//! not signed, nothing delimited the parts, header order decided. Countersign keeps the scheme's
//! word and parameters and makes `c14n="cs1"` mandatory ([`crate::cs1`]), so that a pure RFC 2543
//! peer fails closed, unless the configuration says of a contact that it is one (`rfc2543`).
//!
//! ```text
//!   WWW-Authenticate: PGP realm="…", version="5.0", algorithm=sha256, c14n="cs1", nonce="…"
//!   Authorization:    PGP realm="…", version="5.0", nonce="…", c14n="cs1", uri="…", contact="…",
//!                     signer="…", signature="…"
//!   PGP-Signature:    the same parameters, in the callee's 2xx
//! ```
//!
//! Everything here is about one message and knows of no call; what a call is worth is decided in
//! the manager.

mod answer;
mod client;
pub mod cs1;
pub(crate) mod exchange;
mod fields;
mod grammar;
mod jobs;
mod judge;
pub mod mime;
mod packet;
pub(crate) mod pins;
pub(crate) mod rfc2543;
mod seam;
mod server;
pub(crate) mod signed;
mod trust;

pub(crate) use client::tell_unusable;
pub(crate) use fields::{challenges, contact, is_fresh, is_rerouted, unix_seconds};
pub(crate) use grammar::{Challenge, Credentials, Form, Signed, challenge_value};
pub(crate) use jobs::{CHECKING, GRACE, Jobs, MAKING};
pub(crate) use judge::{Refused, fresh, judge, judge_rfc2543, question};

pub(crate) use seam::Signatures;

use sma::SecurityApplication;
use std::sync::Arc;
use std::time::Duration;

/// The scheme's word.
pub(crate) const SCHEME: &str = "PGP";
/// The critical notation of every signature; its value is the role.
pub(crate) const NOTATION: &str = "cs1@countersign.invalid";
/// How long a signature holds, and how far a Date may be from now.
pub(crate) const FRESH: Duration = Duration::from_secs(300);
/// When a peer may try again after our security application failed.
pub(crate) const RETRY: Duration = Duration::from_secs(2);
/// The longest signature packet.
pub(crate) const MAX_SIGNATURE: usize = 2_048;

/// The scheme as a value: given to the manager's builder, with the application that holds keys.
#[derive(Clone)]
pub struct Pgp {
    pub(crate) application: Arc<dyn SecurityApplication>,
}

impl Pgp {
    /// The scheme with this security application.
    pub fn new(application: Arc<dyn SecurityApplication>) -> Self {
        Self { application }
    }
}

impl std::fmt::Debug for Pgp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pgp")
    }
}
