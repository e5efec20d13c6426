//! What the manager needs of the world: clocks, random bytes, sleep.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

/// The system gave no random bytes: nothing that needs them may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRandomness;

impl fmt::Display for NoRandomness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the system gave no random bytes")
    }
}

impl std::error::Error for NoRandomness {}

/// Clocks, randomness and sleep, given to the manager when it is built.
///
/// A simulator implements it with virtual time and a seed; a terminal with the system's.
pub trait Platform: Send + Sync {
    /// Monotonic time.
    fn now(&self) -> Instant;

    /// Wall-clock time since the Unix epoch, by the clock that is right now: messages are dated by
    /// it, and it may be set at any time. No nonce's lifetime depends on it but at the start.
    fn unix_time(&self) -> Duration;

    /// Fills `buffer` with bytes fit for keys.
    ///
    /// # Errors
    /// [`NoRandomness`]; the buffer's content is then unspecified.
    fn random(&self, buffer: &mut [u8]) -> Result<(), NoRandomness>;

    /// Completes after `duration` of monotonic time.
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + 'static>>;
}
