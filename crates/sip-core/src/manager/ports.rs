//! What the manager needs from outside: a keyed hash, randomness, and routes.

use std::fmt;
use std::net::IpAddr;

/// A hash under a key that no peer knows; SipHash or better, 64 bits.
///
/// It names calls ([`ssa::CallRef`]), makes the To tags of stateless answers, and keys every
/// table that a peer chooses the keys of. The simulator gives a fixed key, a terminal a random one.
pub trait Keyed: Send {
    /// The hash of `parts`. Different splits of the same octets give different hashes.
    fn hash(&self, parts: &[&[u8]]) -> u64;
}

/// A source of random octets that cannot be guessed. RFC 3261 §19.3 wants 32 bits of it in a tag;
/// the manager takes 64.
///
/// An implementation that can fail draws its seed before it is handed over.
pub trait Random: Send {
    /// The next 64 bits.
    fn next(&mut self) -> u64;
}

/// Which of the host's addresses packets leave from.
pub trait Routes: Send + Sync + fmt::Debug {
    /// The address that packets to `to` leave from; `None` where there is no way there. Answers at
    /// once, and sends nothing.
    fn source(&self, to: IpAddr) -> Option<IpAddr>;
}

/// The keyed hash and the randomness.
pub struct Ports {
    /// The keyed hash.
    pub keyed: Box<dyn Keyed>,
    /// The randomness.
    pub random: Box<dyn Random>,
}
