//! What a terminal is given of the world: clocks, randomness, a network, who watches.

use crate::record::Tap;
use net::{Network, Runtime};
use std::fmt;
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
    /// The security manager's program; `None`: the manager is in this process, as in other flavours.
    #[cfg(feature = "isolated")]
    pub manager: Option<crate::isolated::Program>,
    /// Who answers the security manager's prompts.
    #[cfg(feature = "digest")]
    pub prompts: Arc<dyn sst::TelephonyApplication>,
    /// Who watches; `None` costs nothing.
    pub tap: Option<Tap>,
}

impl Ports {
    /// The system's clock and randomness, nobody who watches or is asked, and no security application.
    pub fn of(runtime: Arc<dyn Runtime>, network: Arc<dyn Network>) -> Self {
        Self {
            runtime,
            network,
            wall_clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
            #[cfg(feature = "pgp")]
            application: None,
            #[cfg(feature = "isolated")]
            manager: None,
            #[cfg(feature = "digest")]
            prompts: Arc::new(sst::Deny),
            tap: None,
        }
    }
}

impl fmt::Debug for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ports").field("network", &self.network).finish_non_exhaustive()
    }
}
