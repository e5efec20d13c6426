//! Work that may wait for ever: for a pipe that nobody opens at its other end, or reads.

use crate::error::{Error, Result};
use std::fmt::Display;
use std::time::Duration;
use tokio::sync::oneshot;

/// How long it may take before it is said what is waited for.
const SOON: Duration = Duration::from_secs(1);

/// Does `work` on a thread of its own, and says so where it takes long. Whoever drops this, for a
/// signal, leaves the thread behind: it ends with the process.
///
/// # Errors
/// The work's own, or there is no thread for it.
pub(crate) async fn apart<T: Send + 'static>(
    what: impl Display, work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let (tell, mut told) = oneshot::channel();
    let thread = std::thread::Builder::new().name("files".to_owned());
    let spawned = thread.spawn(move || {
        // Nobody may be there any more.
        drop(tell.send(work()));
    });
    spawned.map_err(|error| Error::invalid(format!("{what}: no thread: {error}")))?;
    let done = tokio::select! {
        done = &mut told => done,
        () = tokio::time::sleep(SOON) => {
            tracing::warn!("waiting for {what}");
            told.await
        }
    };
    done.unwrap_or_else(|_| Err(Error::invalid(format!("{what}: it was given up"))))
}
