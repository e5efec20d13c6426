//! Agents over WebSockets (RFC 6455): a binary message is audio, a text is an object, and what goes on
//! between is the connection of `connection.rs`.

use super::frame::{AUDIO, JSON, framed, raw};
use super::limits::{HANDSHAKE, LONGEST, OCTETS};
use crate::assembly::{Entropy as _, SystemEntropy};
use crate::error::{Error, Result, plain};
use futures_util::{SinkExt as _, StreamExt as _};
use sip_syntax::hex;
use std::io;
use std::net::SocketAddr;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::StatusCode;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Bytes, Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async_with_config};

/// Octets of a token, before they are written in hexadecimal digits: nobody guesses it.
const TOKEN: usize = 16;

/// A port that is listened at, and the word that whoever connects must know: any program of this host,
/// of any user, can connect to a port.
#[derive(Debug)]
pub(super) struct Web {
    listener: TcpListener,
    at: SocketAddr,
    token: String,
}

impl Web {
    /// Listens there, with a token of its own.
    ///
    /// # Errors
    /// The address is not this host's own alone, or what the system says.
    pub(super) fn bind(at: SocketAddr) -> Result<Self> {
        let refused = |why: &str| Error::invalid(format!("--audio ws:{at}: {why}"));
        if !at.ip().is_loopback() {
            return Err(refused(
                "what is said would leave this host unencrypted: name a loopback address, and put a \
                 server that speaks TLS before it",
            ));
        }
        let bound = std::net::TcpListener::bind(at).and_then(|listener| {
            listener.set_nonblocking(true)?;
            let at = listener.local_addr()?;
            Ok((TcpListener::from_std(listener)?, at))
        });
        let (listener, at) = bound.map_err(|error| refused(&plain(&error)))?;
        let token = token().map_err(|error| refused(&error.to_string()))?;
        Ok(Self { listener, at, token })
    }

    /// Where agents connect to, the token in it.
    pub(super) fn url(&self) -> String {
        format!("ws://{}/{}", self.at, self.token)
    }

    /// The next connection, of anybody. Cancel-safe.
    pub(super) async fn accept(&self) -> io::Result<TcpStream> {
        self.listener.accept().await.map(|(stream, _)| stream)
    }

    /// The word that whoever connects must know.
    pub(super) fn token(&self) -> &str {
        &self.token
    }
}

/// A word that nobody guesses.
fn token() -> io::Result<String> {
    let mut octets = [0; TOKEN];
    SystemEntropy.fill(&mut octets)?;
    Ok(hex::digits(octets).as_flattened().iter().copied().map(char::from).collect())
}

/// A WebSocket whose other side knew the token; `None` where it did not, or took too long.
pub(super) async fn opened(stream: TcpStream, token: &str) -> Option<WebSocketStream<TcpStream>> {
    // Frames of 20 ms are not to wait for one another.
    _ = stream.set_nodelay(true);
    let limits =
        WebSocketConfig::default().max_message_size(Some(LONGEST)).max_frame_size(Some(LONGEST));
    #[expect(clippy::result_large_err, reason = "the library's own")]
    let may = |request: &Request, response: Response| match refusal(request, token) {
        None => Ok(response),
        Some(refusal) => Err(refusal),
    };
    let opening = accept_hdr_async_with_config(stream, may, Some(limits));
    timeout(HANDSHAKE, opening).await.ok()?.ok()
}

/// Why somebody may not connect.
fn refusal(request: &Request, token: &str) -> Option<ErrorResponse> {
    let (status, why) = if request.headers().contains_key("Origin") {
        // Any page that its user looks at could, and would be let in by a token that it has seen.
        (StatusCode::FORBIDDEN, "pages of browsers may not connect here\n")
    } else if !is_same(request.uri().path().trim_start_matches('/'), token) {
        (
            StatusCode::NOT_FOUND,
            "expected the address that countersign has printed, token and all\n",
        )
    } else {
        return None;
    };
    let mut refusal = ErrorResponse::new(Some(why.to_owned()));
    *refusal.status_mut() = status;
    Some(refusal)
}

/// Whether both are the same, in a time that does not say how far they are.
fn is_same(one: &str, other: &str) -> bool {
    let differ = one.bytes().zip(other.bytes()).fold(0, |differ, (a, b)| differ | (a ^ b));
    one.len() == other.len() && differ == 0
}

/// Carries what is said between a WebSocket and a connection of frames, until either ends.
pub(super) async fn carry<S>(socket: WebSocketStream<S>, frames: UnixStream)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut to_agent, mut of_agent) = socket.split();
    let (mut told, mut said) = frames.into_split();
    let inward = async move {
        while let Some(Ok(message)) = of_agent.next().await {
            let Some(octets) = frame(&message) else { continue };
            if said.write_all(&octets).await.is_err() {
                return;
            }
        }
    };
    let outward = async move {
        while let Ok(Some((kind, payload))) = raw(OCTETS, &mut told).await {
            if to_agent.send(message(kind, payload)).await.is_err() {
                return;
            }
        }
        // It may be gone.
        _ = to_agent.close().await;
    };
    tokio::pin!(outward);
    tokio::select! {
        () = &mut outward => return,
        () = inward => {}
    }
    outward.await;
}

/// What the agent says, as it stands on a connection; the library answers pings.
fn frame(message: &Message) -> Option<Vec<u8>> {
    match message {
        Message::Binary(octets) => Some(framed(AUDIO, octets)),
        Message::Text(text) => Some(framed(JSON, text.as_bytes())),
        Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_) => None,
    }
}

/// What the agent is told.
fn message(kind: u8, payload: Vec<u8>) -> Message {
    if kind != JSON {
        return Message::Binary(Bytes::from(payload));
    }
    let text = Utf8Bytes::try_from(payload);
    text.map_or_else(|_| Message::Binary(Bytes::new()), Message::Text)
}
