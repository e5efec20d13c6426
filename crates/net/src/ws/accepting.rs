//! The server's part of a handshake: whom it takes, and what the others are told. RFC 6455 §4.2.

use super::config::{Shared, WsConfig};
use super::connection::{Role, WsConnection};
use super::head::{self, MAX_HEAD, Unread};
use super::leaving::linger;
use crate::{Connection, Transport};
use std::io;
use std::sync::Arc;
use tungstenite::Error;
use tungstenite::error::ProtocolError;
use tungstenite::handshake::server::{Request, create_response, write_response};
use tungstenite::http::HeaderValue;

/// A status that opens no WebSocket, and why.
struct Refusal {
    status: &'static str,
    why: String,
}

/// Takes a client's connection.
pub(super) async fn accept(
    shared: Arc<Shared>, mut connection: Box<dyn Connection>, transport: Transport,
) -> io::Result<WsConnection> {
    let limit = shared.config.handshake;
    let shaking = shake_hands(&shared, &mut *connection);
    match head::handshake(&*shared.runtime, limit, shaking).await? {
        Ok(rest) => Ok(WsConnection::new(shared, connection, transport, Role::Server, rest)),
        Err(refusal) => {
            linger(&shared, connection);
            let why = format!("it was refused with {}: {}", refusal.status, refusal.why);
            Err(io::Error::new(io::ErrorKind::PermissionDenied, why))
        }
    }
}

async fn shake_hands(
    shared: &Shared, connection: &mut dyn Connection,
) -> io::Result<Result<Vec<u8>, Refusal>> {
    let judged = match head::read::<Request>(connection).await {
        Ok((request, rest)) => judge(&shared.config, &request).map(|response| (response, rest)),
        Err(Unread::Io(error)) => return Err(error),
        Err(Unread::TooLong) => Err(Refusal {
            status: "431 Request Header Fields Too Large",
            why: format!("at most {MAX_HEAD} octets are read"),
        }),
        Err(Unread::Malformed) => Err(Refusal {
            status: "400 Bad Request",
            why: "a GET request of HTTP/1.1 for a WebSocket is expected".to_owned(),
        }),
    };
    match judged {
        Ok((response, rest)) => {
            connection.write_all(&response).await?;
            Ok(Ok(rest))
        }
        Err(refusal) => {
            connection.write_all(refusal.response().as_bytes()).await?;
            Ok(Err(refusal))
        }
    }
}

/// What a request is answered that may have its WebSocket.
fn judge(config: &WsConfig, request: &Request) -> Result<Vec<u8>, Refusal> {
    let mut response = create_response(request).map_err(not_a_websocket)?;
    let mut origins = request.headers().get_all("origin").iter();
    if let Some(origin) = origins.find(|origin| !config.allows(origin.as_bytes())) {
        let origin = String::from_utf8_lossy(origin.as_bytes()).into_owned();
        let why = format!("pages of {origin} may not connect here");
        return Err(Refusal { status: "403 Forbidden", why });
    }
    let offered = request.headers().get_all("sec-websocket-protocol").iter();
    let mut offered = offered.filter_map(|list| list.to_str().ok()).flat_map(|it| it.split(','));
    if !offered.any(|offered| offered.trim() == config.subprotocol) {
        let why = format!("offer the WebSocket subprotocol `{}`", config.subprotocol);
        return Err(Refusal { status: "400 Bad Request", why });
    }
    let chosen = HeaderValue::from_static(config.subprotocol);
    response.headers_mut().insert("sec-websocket-protocol", chosen);
    let mut octets = Vec::new();
    write_response(&mut octets, &response).map_err(not_a_websocket)?;
    Ok(octets)
}

fn not_a_websocket(error: Error) -> Refusal {
    let (status, why) = match error {
        Error::Protocol(
            ProtocolError::MissingConnectionUpgradeHeader
            | ProtocolError::MissingUpgradeWebSocketHeader
            | ProtocolError::MissingSecWebSocketVersionHeader,
        ) => ("426 Upgrade Required", "only WebSockets of version 13 are spoken here"),
        _ => ("400 Bad Request", "that is no request for a WebSocket"),
    };
    Refusal { status, why: why.to_owned() }
}

impl Refusal {
    /// In plain words. RFC 9110 §15.5.22: a 426 says what to change to.
    fn response(&self) -> String {
        let Self { status, why } = self;
        let upgrade = match status.starts_with("426") {
            true => "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
            false => "",
        };
        let connection = if upgrade.is_empty() { "close" } else { "Upgrade, close" };
        format!(
            "HTTP/1.1 {status}\r\n{upgrade}Connection: {connection}\r\n\
             Content-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n\r\n{why}\n",
            why.len() + 1
        )
    }
}
