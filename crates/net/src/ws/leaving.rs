//! Taking leave: what was written still arrives, and the close that says why.

use super::config::Shared;
use super::head::within;
use super::socket::Socket;
use crate::Connection;
use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;
use tungstenite::{Error, WebSocket};

/// How long a peer may take to read the last words and to close, too.
const PATIENCE: Duration = Duration::from_secs(2);

/// Connections that are taken leave of at once; over it they are just closed.
const MOST: usize = 64;

/// What a peer may still send, in octets.
const MOST_UNREAD: usize = 256 * 1024;

/// Closes a WebSocket: the close frame goes out behind what was written. RFC 6455 §7.1.1.
pub(super) fn leave(shared: &Arc<Shared>, mut websocket: WebSocket<Socket>) {
    spawn(shared, async move {
        poll_fn(|cx| {
            websocket.get_mut().watch(cx);
            match websocket.flush() {
                Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
                Ok(()) | Err(_) => Poll::Ready(()),
            }
        })
        .await;
        drain(websocket.into_inner().inner).await;
    });
}

/// Closes a connection on which the last was said.
pub(super) fn linger(shared: &Arc<Shared>, connection: Box<dyn Connection>) {
    spawn(shared, drain(connection));
}

/// Finishes, and reads until the peer has finished, too: unread octets would make it a reset, which
/// overtakes the last words.
async fn drain(mut connection: Box<dyn Connection>) {
    if connection.finish().await.is_err() {
        return;
    }
    let mut buffer = [0; 1024];
    let mut left = MOST_UNREAD;
    while let Ok(count @ 1..) = connection.read(&mut buffer).await {
        left = left.saturating_sub(count);
        if left == 0 {
            return;
        }
    }
}

/// Does `work` for as long as there is patience.
fn spawn(shared: &Arc<Shared>, work: impl Future<Output = ()> + Send + 'static) {
    if shared.leaving.fetch_add(1, Ordering::Relaxed) >= MOST {
        shared.leaving.fetch_sub(1, Ordering::Relaxed);
        return;
    }
    let place = Taken(Arc::clone(shared));
    shared.runtime.spawn(Box::pin(async move {
        within(&*place.0.runtime, PATIENCE, work).await;
        drop(place);
    }));
}

/// A place among those that are taken leave of.
struct Taken(Arc<Shared>);

impl Drop for Taken {
    fn drop(&mut self) {
        self.0.leaving.fetch_sub(1, Ordering::Relaxed);
    }
}
