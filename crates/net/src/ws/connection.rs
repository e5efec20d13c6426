//! A WebSocket whose handshake is over.

use super::config::Shared;
use super::leaving::leave;
use super::socket::Socket;
use super::words::{code, told};
use crate::{BoxFuture, Connection, Transport};
use bytes::{Buf, Bytes};
use std::fmt;
use std::io;
use std::mem;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tungstenite::error::ProtocolError;
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::Utf8Bytes;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::{Error, Message, WebSocket};

pub(super) use tungstenite::protocol::Role;

/// Control frames and empty messages that are read in a row: others have their turn, too.
const IN_A_ROW: usize = 16;

/// A WebSocket. Dropped, it says that it closes.
pub(super) struct WsConnection {
    /// There until it is dropped.
    websocket: Option<WebSocket<Socket>>,
    shared: Arc<Shared>,
    transport: Transport,
    local: SocketAddr,
    remote: SocketAddr,
    /// What is left of the message that is being read.
    message: Bytes,
    /// Whether what was read last ends a message.
    ended: bool,
    /// Octets of the message that is being written.
    held: usize,
    pings: Option<Pings>,
}

/// What keeps a connection of ours alive, and finds out when it is not.
struct Pings {
    next: BoxFuture<()>,
    /// Whether anything came since the last one.
    heard: bool,
}

impl WsConnection {
    /// `rest`: what came behind the handshake.
    pub(super) fn new(
        shared: Arc<Shared>, inner: Box<dyn Connection>, transport: Transport, role: Role,
        rest: Vec<u8>,
    ) -> Self {
        let (local, remote) = (inner.local_addr(), inner.peer_addr());
        let pings = matches!(role, Role::Client).then(|| Pings::new(&shared));
        let codec = Some(shared.config.codec());
        let websocket = WebSocket::from_partially_read(Socket::new(inner), rest, role, codec);
        Self {
            websocket: Some(websocket),
            shared,
            transport,
            local,
            remote,
            message: Bytes::new(),
            ended: false,
            held: 0,
            pings,
        }
    }

    /// The next message that is not empty; `None`: the peer has closed.
    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<Bytes>>> {
        self.poll_pings(cx)?;
        let Some(websocket) = &mut self.websocket else { return Poll::Ready(Ok(None)) };
        websocket.get_mut().watch(cx);
        for _ in 0..IN_A_ROW {
            let read = websocket.read();
            if let (Ok(_), Some(pings)) = (&read, &mut self.pings) {
                pings.heard = true;
            }
            return Poll::Ready(match read {
                Ok(Message::Text(text)) if !text.is_empty() => Ok(Some(text.into())),
                Ok(Message::Binary(octets)) if !octets.is_empty() => Ok(Some(octets)),
                // A ping is answered by the next read; an empty message says nothing.
                Ok(
                    Message::Ping(_)
                    | Message::Pong(_)
                    | Message::Frame(_)
                    | Message::Text(_)
                    | Message::Binary(_),
                ) => continue,
                Ok(Message::Close(_)) => {
                    let _ = websocket.flush();
                    Ok(None)
                }
                Err(Error::Io(why)) if why.kind() == io::ErrorKind::WouldBlock => {
                    return Poll::Pending;
                }
                Err(
                    Error::ConnectionClosed
                    | Error::AlreadyClosed
                    | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake),
                ) => Ok(None),
                Err(error) => {
                    if let Some(code) = code(&error) {
                        close(websocket, code);
                    }
                    Err(told(error))
                }
            });
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Pings the peer when it is time.
    fn poll_pings(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let (Some(pings), Some(websocket)) = (&mut self.pings, &mut self.websocket) else {
            return Ok(());
        };
        while pings.next.as_mut().poll(cx).is_ready() {
            if !mem::take(&mut pings.heard) {
                let why = "nothing came from it since it was pinged";
                return Err(io::Error::new(io::ErrorKind::TimedOut, why));
            }
            *pings = Pings { heard: false, ..Pings::new(&self.shared) };
            websocket.get_mut().watch(cx);
            // It may have to wait; that the connection is closed, reading says, too.
            let _ = websocket.send(Message::Ping(Bytes::new()));
        }
        Ok(())
    }
}

impl Pings {
    /// The first one comes later; until then the handshake was something to hear.
    fn new(shared: &Shared) -> Self {
        let at = shared.runtime.now() + shared.config.ping;
        Self { next: shared.runtime.sleep_until(at), heard: true }
    }
}

/// Says so, as far as the system takes it at once.
fn close(websocket: &mut WebSocket<Socket>, code: CloseCode) {
    let reason = Utf8Bytes::from_static("");
    let _ = websocket.close(Some(CloseFrame { code, reason }));
}

impl Connection for WsConnection {
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        if buffer.is_empty() {
            return Poll::Ready(Ok(0));
        }
        if self.message.is_empty() {
            self.message = match ready!(self.poll_message(cx))? {
                Some(message) => message,
                None => return Poll::Ready(Ok(0)),
            };
        }
        let count = self.message.len().min(buffer.len());
        self.message.copy_to_slice(buffer.get_mut(..count).unwrap_or_default());
        self.ended = self.message.is_empty();
        Poll::Ready(Ok(count))
    }

    fn ends_message(&self) -> bool {
        self.ended
    }

    /// What tungstenite has taken counts as written only once the connection below has it: nobody
    /// else would come back to push it out.
    fn poll_write(&mut self, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        let Some(websocket) = &mut self.websocket else {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        };
        websocket.get_mut().watch(cx);
        if self.held == 0 {
            if octets.is_empty() {
                return Poll::Ready(Ok(0));
            }
            if octets.len() > self.shared.config.max_message {
                let why = "the message is too long for a WebSocket here";
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidInput, why)));
            }
            // RFC 6455 §5.6: text is UTF-8.
            let message = match std::str::from_utf8(octets) {
                Ok(text) => Message::text(text),
                Err(_) => Message::binary(octets.to_vec()),
            };
            match websocket.write(message) {
                Ok(()) => {}
                Err(Error::Io(why)) if why.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(told(error))),
            }
            self.held = octets.len();
        }
        match websocket.flush() {
            Ok(()) => Poll::Ready(Ok(mem::take(&mut self.held))),
            Err(Error::Io(why)) if why.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
            Err(error) => Poll::Ready(Err(told(error))),
        }
    }

    /// After a close frame neither side sends anything: unlike other connections, a WebSocket does
    /// not close in one direction. RFC 6455 §5.5.1.
    fn poll_finish(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(websocket) = &mut self.websocket else { return Poll::Ready(Ok(())) };
        websocket.get_mut().watch(cx);
        close(websocket, CloseCode::Normal);
        match websocket.flush() {
            Err(Error::Io(why)) if why.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
            Err(Error::Io(why)) => Poll::Ready(Err(why)),
            Ok(()) | Err(_) => Poll::Ready(Ok(())),
        }
    }

    fn local_addr(&self) -> SocketAddr {
        self.local
    }

    fn peer_addr(&self) -> SocketAddr {
        self.remote
    }

    fn transport(&self) -> Transport {
        self.transport
    }
}

impl Drop for WsConnection {
    fn drop(&mut self) {
        if let Some(mut websocket) = self.websocket.take() {
            close(&mut websocket, CloseCode::Normal);
            leave(&self.shared, websocket);
        }
    }
}

impl fmt::Debug for WsConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WsConnection")
            .field("local", &self.local)
            .field("remote", &self.remote)
            .finish_non_exhaustive()
    }
}
