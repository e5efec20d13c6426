//! Work that goes on beside who waits for it, and ends with it.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

/// A task whose owner waits for it. Dropped, it is given up.
pub(super) struct Task<T>(JoinHandle<io::Result<T>>);

impl<T: Send + 'static> Task<T> {
    pub(super) fn spawn(
        handle: &Handle, work: impl Future<Output = io::Result<T>> + Send + 'static,
    ) -> Self {
        Self(handle.spawn(work))
    }

    /// Its result; a panic in it is an error.
    pub(super) fn poll_done(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        let done = ready!(Pin::new(&mut self.0).poll(cx));
        Poll::Ready(done.unwrap_or_else(|_| {
            let why = "the security manager failed, so nobody vouches for it";
            Err(io::Error::new(io::ErrorKind::PermissionDenied, why))
        }))
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
