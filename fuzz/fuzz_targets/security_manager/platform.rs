//! Time that passes when it is told to, and octets that count up.

use sec_manager::{NoRandomness, Platform};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, LazyLock};
use std::task::Poll;
use std::time::{Duration, Instant};

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

#[derive(Default)]
pub(crate) struct Clock {
    millis: Arc<AtomicU64>,
    drawn: AtomicU64,
}

impl Clock {
    pub(crate) fn pass(&self, millis: u64) {
        self.millis.fetch_add(millis, Relaxed);
    }
}

impl Platform for Clock {
    fn now(&self) -> Instant {
        *START + Duration::from_millis(self.millis.load(Relaxed))
    }

    fn unix_time(&self) -> Duration {
        Duration::from_millis(1_700_000_000_000 + self.millis.load(Relaxed))
    }

    fn random(&self, buffer: &mut [u8]) -> Result<(), NoRandomness> {
        for octet in buffer {
            let drawn = self.drawn.fetch_add(1, Relaxed) + 1;
            *octet = (drawn.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8;
        }
        Ok(())
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send + 'static>> {
        let millis = Arc::clone(&self.millis);
        let until = millis.load(Relaxed) + u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Box::pin(poll_fn(move |_| match millis.load(Relaxed) >= until {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }))
    }
}
