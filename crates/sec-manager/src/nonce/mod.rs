//! Sealed nonces: the receiver's *wait for authorization* state, kept by whoever was challenged.
//!
//! ```text
//!   head (18 B)  ver=1 ‖ epoch low ‖ inst ‖ boot ‖ issue ‖ salt[8]
//!   tag  (18 B)  HMAC-SHA256(K(epoch), LP("nonce", head, scheme, realm, method, Call-ID,
//!                From-tag, From-AOR, To-AOR, src [, algorithms]))
//!   on the wire  base64url(head ‖ tag), 48 characters
//! ```
//!
//! A challenge costs two HMACs and keeps no byte; an answer proves that its sender received the
//! challenge at the address it was sent to, for this very call. Only what was *accepted* is
//! remembered, in a [`ReplayTable`] of bounded size, so that nothing is accepted twice.

mod key;
mod last;
mod replay;
mod seal;
mod text;

pub use key::Issuer;
pub use replay::{ReplayTable, Reservation, Seen};
pub use seal::{Binding, Nonce, Opened, Origin, Stale};
pub use text::{Decimal, Source};

use std::time::Duration;

/// How long a nonce of the PGP scheme may be answered.
pub const PGP_LIFETIME: Duration = Duration::from_secs(120);
/// How long a nonce for a Digest REGISTER may be answered.
pub const REGISTER_LIFETIME: Duration = Duration::from_secs(300);
/// How long a nonce for any other Digest request may be answered.
pub const DIGEST_LIFETIME: Duration = Duration::from_secs(90);
/// How long the `nextnonce` of an Authentication-Info may be used.
pub const NEXT_NONCE_LIFETIME: Duration = Duration::from_secs(1800);

/// Issue times are rounded down to this, so that identical requests get identical challenges.
/// RFC 3261 §8.2.7.
pub const BUCKET: u32 = 32;

/// Unix seconds as the nonces carry them, good until 2106.
pub(crate) fn seconds(since_epoch: Duration) -> u32 {
    u32::try_from(since_epoch.as_secs()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
