//! What a driver is given of the world.

use crate::{Network, Runtime};
use std::fmt;
use std::sync::Arc;

/// A hash of parts under a key that no peer knows; SipHash or better, 64 bits. Different splits of
/// the same octets give different hashes.
pub type Keyed = Box<dyn Fn(&[&[u8]]) -> u64 + Send>;

/// The next 64 random bits, which cannot be guessed. A source that can fail draws its seed before it
/// is handed over.
pub type Random = Box<dyn FnMut() -> u64 + Send>;

/// Clock, scheduler, sockets, names, and what no peer can guess: `net::tokio::system` gives the
/// system's own.
///
/// The fields are there to be replaced one by one, for example the network by one that speaks TLS,
/// or by an [`Observed`](crate::Observed) one.
pub struct System {
    /// Clock and scheduler.
    pub runtime: Arc<dyn Runtime>,
    /// Sockets and names.
    pub network: Arc<dyn Network>,
    /// The keyed hash.
    pub keyed: Keyed,
    /// The randomness.
    pub random: Random,
}

impl fmt::Debug for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { runtime, network, .. } = self;
        let mut shown = f.debug_struct("System");
        shown.field("runtime", runtime).field("network", network).finish_non_exhaustive()
    }
}
