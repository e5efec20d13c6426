//! What takes the steps of a handshake: datagrams in, datagrams out, keys in the end. It holds no socket.
//!
//! `dimpl` does, and knows certificates for ECDSA alone. Where the feature `dtls-openssl` is built in,
//! OpenSSL does in its place, and knows those for RSA, too.

#[cfg(any(test, not(feature = "dtls-openssl")))]
mod dimpl;
#[cfg(feature = "dtls-openssl")]
mod openssl;
mod seam;
#[cfg(test)]
#[cfg(feature = "dtls-openssl")]
mod tests;

use super::certificate::Certificate;
use ssm::Refused;
use std::time::Instant;

pub(super) use seam::{Broken, LONGEST, MOST_OCTETS, Machine, Output, TIME};

/// A machine for one handshake, in which this side begins where it is `active`.
///
/// # Errors
/// None can be made.
pub(super) fn made(
    certificate: &Certificate, active: bool, now: Instant,
) -> Result<Box<dyn Machine>, Refused> {
    #[cfg(feature = "dtls-openssl")]
    let machine = openssl::OpenSsl::new(certificate, active, now);
    #[cfg(not(feature = "dtls-openssl"))]
    let machine = dimpl::Dimpl::new(certificate, active, now);
    machine.map(|machine| Box::new(machine) as _)
}
