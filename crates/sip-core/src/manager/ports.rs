//! What the manager needs from outside: a keyed hash, randomness, and routes.

use std::fmt;
use std::net::IpAddr;

/// Which of the host's addresses packets leave from.
pub trait Routes: Send + Sync + fmt::Debug {
    /// The address that packets to `to` leave from; `None` where there is no way there. Answers at
    /// once, and sends nothing.
    fn source(&self, to: IpAddr) -> Option<IpAddr>;
}

/// A hash of parts under a key that no peer knows; SipHash or better, 64 bits. Different splits of
/// the same octets give different hashes.
///
/// It names calls ([`ssa::CallRef`]), makes the To tags of stateless answers, and keys every table
/// that a peer chooses the keys of. The simulator gives a fixed key, a terminal a random one.
pub type Keyed = Box<dyn Fn(&[&[u8]]) -> u64 + Send>;

/// The next 64 random bits, which cannot be guessed. RFC 3261 §19.3 wants 32 of them in a tag; the
/// manager takes 64.
///
/// A source that can fail draws its seed before it is handed over.
pub type Random = Box<dyn FnMut() -> u64 + Send>;

/// The keyed hash and the randomness.
pub struct Ports {
    /// The keyed hash.
    pub keyed: Keyed,
    /// The randomness.
    pub random: Random,
}
