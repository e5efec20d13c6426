//! The client's part of a handshake. RFC 6455 §4.1.

use super::config::Shared;
use super::connection::{Role, WsConnection};
use super::head;
use crate::{Connection, Transport};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use tungstenite::handshake::client::{Response, generate_key};
use tungstenite::handshake::derive_accept_key;
use tungstenite::http::{HeaderMap, StatusCode};

/// Opens a WebSocket over a connection to `remote`, which was found by this name.
pub(super) async fn open(
    shared: Arc<Shared>, mut connection: Box<dyn Connection>, transport: Transport,
    (remote, name): (SocketAddr, Option<String>),
) -> io::Result<WsConnection> {
    let limit = shared.config.handshake;
    let shaking = shake_hands(&shared, &mut *connection, transport, (remote, name.as_deref()));
    let rest = head::handshake(&*shared.runtime, limit, shaking).await?;
    Ok(WsConnection::new(shared, connection, transport, Role::Client, rest))
}

async fn shake_hands(
    shared: &Shared, connection: &mut dyn Connection, transport: Transport,
    (remote, name): (SocketAddr, Option<&str>),
) -> io::Result<Vec<u8>> {
    let port = remote.port();
    let path = match name {
        Some(name) => shared.config.path(name, port),
        None => shared.config.path(&remote.ip().to_string(), port),
    };
    let (key, subprotocol) = (generate_key(), shared.config.subprotocol);
    let host = authority(transport, remote, name);
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\
         Sec-WebSocket-Protocol: {subprotocol}\r\n\r\n"
    );
    connection.write_all(request.as_bytes()).await?;
    let (response, rest) = head::read::<Response>(connection).await?;
    match fault(&response, &key, subprotocol) {
        None => Ok(rest),
        Some(why) => Err(io::Error::new(io::ErrorKind::ConnectionRefused, why)),
    }
}

/// Whom the request is for; the scheme's own port is left out. RFC 6455 §4.1 (4), RFC 9110 §7.2.
fn authority(transport: Transport, remote: SocketAddr, name: Option<&str>) -> String {
    let host = match (name, remote.ip()) {
        (Some(name), _) => name.to_owned(),
        (None, IpAddr::V4(ip)) => ip.to_string(),
        (None, IpAddr::V6(ip)) => format!("[{ip}]"),
    };
    let port = remote.port();
    if port == transport.default_port() { host } else { format!("{host}:{port}") }
}

/// Why a response opens no WebSocket of ours.
fn fault(response: &Response, key: &str, subprotocol: &str) -> Option<String> {
    let status = response.status();
    if status != StatusCode::SWITCHING_PROTOCOLS {
        return Some(format!("it answered {status} to the request for a WebSocket"));
    }
    let says = |name, value: &str| {
        let said = one(response.headers(), name).unwrap_or_default();
        said.split(|octet| *octet == b',')
            .any(|it| it.trim_ascii().eq_ignore_ascii_case(value.as_bytes()))
    };
    if !says("upgrade", "websocket") || !says("connection", "upgrade") {
        return Some("it changed to another protocol than WebSocket".to_owned());
    }
    if one(response.headers(), "sec-websocket-accept")
        != Some(derive_accept_key(key.as_bytes()).as_bytes())
    {
        return Some("its answer is not to our request for a WebSocket".to_owned());
    }
    // RFC 6455 §4.1: what was not offered is not to be chosen.
    if one(response.headers(), "sec-websocket-extensions").is_some() {
        return Some("it uses an extension of WebSocket that was not offered".to_owned());
    }
    let agreed = one(response.headers(), "sec-websocket-protocol") == Some(subprotocol.as_bytes());
    (!agreed).then(|| format!("it did not agree to the WebSocket subprotocol `{subprotocol}`"))
}

fn one<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a [u8]> {
    headers.get(name).map(|value| value.as_bytes())
}
