//! The time that a handshake may take.

use super::words::told;
use std::future::Future;
use std::io;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// What is left of it: only what waits for the peer counts.
pub(super) struct Deadline {
    limit: Duration,
    left: Duration,
}

impl Deadline {
    pub(super) const fn new(limit: Duration) -> Self {
        Self { limit, left: limit }
    }

    /// Waits for the peer.
    pub(super) async fn wait<T>(
        &mut self, step: impl Future<Output = io::Result<T>>,
    ) -> io::Result<T> {
        let start = Instant::now();
        let result = timeout(self.left, step).await;
        self.left = self.left.saturating_sub(start.elapsed());
        match result {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(told(error)),
            Err(_) => Err(io::Error::new(
                io::ErrorKind::TimedOut,
                format!("its TLS handshake took longer than {} s", self.limit.as_secs_f32()),
            )),
        }
    }
}
