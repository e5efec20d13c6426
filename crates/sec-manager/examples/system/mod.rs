//! The world of these examples, which a security manager is given: this machine's clocks and
//! randomness, and tokio's timers.

use sec_manager::{NoRandomness, Platform};
use std::pin::Pin;
use std::time::{Duration, Instant, SystemTime};

pub(crate) struct System;

#[expect(clippy::disallowed_methods, reason = "the world of a program comes from somewhere")]
impl Platform for System {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn unix_time(&self) -> Duration {
        SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default()
    }

    fn random(&self, buffer: &mut [u8]) -> Result<(), NoRandomness> {
        getrandom::fill(buffer).map_err(|_| NoRandomness)
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + 'static>> {
        Box::pin(tokio::time::sleep(duration))
    }
}
