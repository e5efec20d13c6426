//! What a terminal is given of the world: clocks, randomness, a network, who watches.

use crate::record::Tap;
use net::{Network, Runtime};
use siphasher::sip::SipHasher24;
use std::fmt;
use std::hash::Hasher;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

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

/// Monotonic and wall time: the wall clock at the start plus what has passed since.
///
/// A wall clock that is set while the terminal runs moves no nonce's lifetime.
#[derive(Clone, Debug)]
pub struct Clock {
    runtime: Arc<dyn Runtime>,
    start: Instant,
    unix_start: Duration,
}

impl Clock {
    /// `runtime`'s clock; `unix_now` is the time since the Unix epoch.
    pub fn new(runtime: Arc<dyn Runtime>, unix_now: Duration) -> Self {
        Self { start: runtime.now(), runtime, unix_start: unix_now }
    }

    /// The runtime.
    pub const fn runtime(&self) -> &Arc<dyn Runtime> {
        &self.runtime
    }

    /// Time since the Unix epoch.
    pub fn unix_time(&self) -> Duration {
        self.unix_start + self.runtime.now().saturating_duration_since(self.start)
    }
}

/// What a terminal is given to work with.
#[derive(Clone)]
pub struct Ports {
    /// Clock and scheduler.
    pub runtime: Arc<dyn Runtime>,
    /// Sockets and names.
    pub network: Arc<dyn Network>,
    /// Time since the Unix epoch, now.
    pub unix_now: Duration,
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
            hasher.write_u64(part.len() as u64);
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
