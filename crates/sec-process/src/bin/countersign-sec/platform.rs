//! The security manager's view of the world: the system's clocks and its generator.

use sec_manager::{NoRandomness, Platform};
use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::runtime::Handle;

/// The system's, with sleep by a tokio runtime.
pub(crate) struct System(pub(crate) Handle);

#[expect(clippy::disallowed_methods, reason = "this is the Platform's source")]
impl Platform for System {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn unix_time(&self) -> Duration {
        // A clock before 1970 is as good as one that stands at it: every signature is refused.
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
    }

    fn random(&self, buffer: &mut [u8]) -> Result<(), NoRandomness> {
        getrandom::fill(buffer).map_err(|_| NoRandomness)
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + 'static>> {
        let _within = self.0.enter();
        Box::pin(tokio::time::sleep(duration))
    }
}
