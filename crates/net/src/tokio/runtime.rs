//! Clock and scheduler on tokio.

use crate::{BoxFuture, Runtime};
use std::time::Instant;
use tokio::runtime::Handle;

/// The system's clock and tokio's scheduler.
#[derive(Clone, Debug)]
pub struct TokioRuntime(Handle);

impl TokioRuntime {
    /// Spawns on the runtime of `handle`, which must have its time driver enabled.
    pub const fn new(handle: Handle) -> Self {
        Self(handle)
    }
}

impl Runtime for TokioRuntime {
    #[expect(clippy::disallowed_methods, reason = "this is where the real clock enters")]
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn sleep_until(&self, deadline: Instant) -> BoxFuture<()> {
        let _inside = self.0.enter();
        Box::pin(tokio::time::sleep_until(deadline.into()))
    }

    fn spawn(&self, task: BoxFuture<()>) {
        drop(self.0.spawn(task));
    }
}
