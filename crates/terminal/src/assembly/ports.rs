//! What a terminal is given of the world: clocks, randomness, a network, who watches.

use crate::record::Tap;
use net::{Network, Runtime};
use siphasher::sip::SipHasher24;
use std::fmt;
use std::hash::Hasher;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// A source of random octets fit for keys.
pub trait Entropy: Send + Sync {
    /// Fills `buffer`.
    ///
    /// # Errors
    /// The system gives none; whatever needed it must not go on.
    fn fill(&self, buffer: &mut [u8]) -> io::Result<()>;
}

/// The system's generator.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    #[expect(clippy::disallowed_methods, reason = "this is the Platform's source")]
    fn fill(&self, buffer: &mut [u8]) -> io::Result<()> {
        getrandom::fill(buffer).map_err(|error| io::Error::other(error.to_string()))
    }
}

/// The wall clock, as the peers that a terminal's dates are shown to read it.
pub trait WallClock: Send + Sync {
    /// Time since the Unix epoch.
    fn unix_time(&self) -> Duration;
}

/// The system's clock, read anew each time: it may be set while the terminal runs.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl WallClock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the Platform's source")]
    fn unix_time(&self) -> Duration {
        // A clock before 1970 is as good as one that stands at it: every signature is refused.
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default()
    }
}

/// What a terminal is given to work with.
#[derive(Clone)]
pub struct Ports {
    /// Clock and scheduler.
    pub runtime: Arc<dyn Runtime>,
    /// Sockets and names.
    pub network: Arc<dyn Network>,
    /// The wall clock.
    pub wall_clock: Arc<dyn WallClock>,
    /// Random octets.
    pub entropy: Arc<dyn Entropy>,
    /// The security application; `None`: calls that need one are refused.
    #[cfg(feature = "pgp")]
    pub application: Option<Arc<dyn sma::SecurityApplication>>,
    /// Who answers the security manager's prompts.
    #[cfg(feature = "digest")]
    pub prompts: Arc<dyn sst::TelephonyApplication>,
    /// Who watches; `None` costs nothing.
    pub tap: Option<Tap>,
}

impl fmt::Debug for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ports").field("network", &self.network).finish_non_exhaustive()
    }
}

/// SipHash-2-4 under a random key: names calls, and makes what no peer can guess.
#[derive(Clone)]
pub(super) struct Hashed {
    key: [u8; 16],
    drawn: u64,
}

impl Hashed {
    /// A hash under a key from `entropy`.
    ///
    /// # Errors
    /// There is no randomness.
    pub(super) fn new(entropy: &dyn Entropy) -> io::Result<Self> {
        let mut key = [0; 16];
        entropy.fill(&mut key)?;
        Ok(Self { key, drawn: 0 })
    }
}

impl sip_core::manager::Keyed for Hashed {
    fn hash(&self, parts: &[&[u8]]) -> u64 {
        let mut hasher = SipHasher24::new_with_key(&self.key);
        for part in parts {
            hasher.write_u32(part.len() as u32);
            hasher.write(part);
        }
        hasher.finish()
    }
}

impl sip_core::manager::Random for Hashed {
    /// SipHash is a pseudo-random function: under a key that nobody knows, its values over a
    /// counter cannot be guessed.
    fn next(&mut self) -> u64 {
        self.drawn += 1;
        let mut hasher = SipHasher24::new_with_key(&self.key);
        hasher.write_u64(self.drawn);
        hasher.finish()
    }
}
