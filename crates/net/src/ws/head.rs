//! The head of an HTTP message, read within bounds.

use crate::Connection;
use std::io;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;
use tungstenite::handshake::machine::TryParse;

/// The longest head of an HTTP request or response, in octets.
pub const MAX_HEAD: usize = 8 * 1024;

/// Why there is no head.
pub(super) enum Unread {
    /// The connection failed.
    Io(io::Error),
    /// It is longer than [`MAX_HEAD`].
    TooLong,
    /// It is none.
    Malformed,
}

impl From<Unread> for io::Error {
    fn from(unread: Unread) -> Self {
        let why = match unread {
            Unread::Io(error) => return error,
            Unread::TooLong => "its HTTP header fields are too long",
            Unread::Malformed => "it does not speak HTTP",
        };
        Self::new(io::ErrorKind::InvalidData, why)
    }
}

/// Reads a head, and what came behind it.
pub(super) async fn read<T: TryParse>(
    connection: &mut dyn Connection,
) -> Result<(T, Vec<u8>), Unread> {
    let (mut octets, mut chunk) = (Vec::new(), [0; 1024]);
    loop {
        let count = connection.read(&mut chunk).await.map_err(Unread::Io)?;
        if count == 0 {
            let why = "it closed the connection within the WebSocket handshake";
            return Err(Unread::Io(io::Error::new(io::ErrorKind::UnexpectedEof, why)));
        }
        // Each octet is looked at once, however small the pieces are in which they come.
        let from = octets.len().saturating_sub(3);
        octets.extend_from_slice(chunk.get(..count).unwrap_or_default());
        let fresh = octets.get(from..).unwrap_or_default();
        if fresh.windows(4).any(|four| four == b"\r\n\r\n") {
            let Ok(Some((length, head))) = T::try_parse(&octets) else {
                return Err(Unread::Malformed);
            };
            if length > MAX_HEAD {
                return Err(Unread::TooLong);
            }
            return Ok((head, octets.split_off(length.min(octets.len()))));
        }
        if octets.len() > MAX_HEAD {
            return Err(Unread::TooLong);
        }
    }
}

/// Does `work`, or gives it up after `limit`.
pub(super) async fn within<T>(
    runtime: &dyn crate::Runtime, limit: Duration, work: impl Future<Output = T>,
) -> Option<T> {
    let mut work = pin!(work);
    let mut late = runtime.sleep_until(runtime.now() + limit);
    std::future::poll_fn(|cx| match work.as_mut().poll(cx) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => late.as_mut().poll(cx).map(|()| None),
    })
    .await
}

/// Does a handshake, or says that it took too long.
pub(super) async fn handshake<T>(
    runtime: &dyn crate::Runtime, limit: Duration, work: impl Future<Output = io::Result<T>>,
) -> io::Result<T> {
    within(runtime, limit, work).await.unwrap_or_else(|| {
        let why = format!("its handshake took longer than {} s", limit.as_secs_f32());
        Err(io::Error::new(io::ErrorKind::TimedOut, why))
    })
}
