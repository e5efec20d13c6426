//! Work that goes on beside who waits for it, and ends with it.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

/// A task whose owner waits for it. Dropped, it is given up.
pub(super) struct Task<T> {
    handle: JoinHandle<io::Result<T>>,
    /// What a panic in it is.
    failed: (io::ErrorKind, &'static str),
}

impl<T: Send + 'static> Task<T> {
    /// Begins `work`; a panic in it is the error `failed`.
    pub(super) fn spawn(
        handle: &Handle, failed: (io::ErrorKind, &'static str),
        work: impl Future<Output = io::Result<T>> + Send + 'static,
    ) -> Self {
        Self { handle: handle.spawn(work), failed }
    }

    /// Its result.
    pub(super) fn poll_done(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        let done = ready!(Pin::new(&mut self.handle).poll(cx));
        let (kind, why) = self.failed;
        Poll::Ready(done.unwrap_or_else(|_| Err(io::Error::new(kind, why))))
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.handle.abort();
    }
}
