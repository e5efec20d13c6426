//! What WebSockets are held to.

use crate::Runtime;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;
use tungstenite::protocol::WebSocketConfig;

/// Octets that frames add to a message and a pong: more than two headers and two masks.
const MAX_OVERHEAD: usize = 256;

/// What a [`WebSockets`](super::WebSockets) speaks, with whom, and within which bounds.
#[derive(Clone, Debug)]
pub struct WsConfig {
    /// The subprotocol that both sides must name. RFC 6455 §1.9.
    pub subprotocol: &'static str,
    /// The longest message either way, in octets; a longer one closes the connection with 1009.
    pub max_message: usize,
    /// Origins of web pages whose scripts may connect to us, such as `https://phone.example.org`;
    /// none by default. Who names no origin is no browser, and may. RFC 6455 §10.2.
    pub origins: Vec<String>,
    /// How long a handshake may take, 4 s by default, that of the transport below apart.
    pub handshake: Duration,
    /// How often a connection that we opened is pinged, every 30 s by default; one over which nothing
    /// came from one ping to the next is broken. RFC 6455 §5.5.2.
    pub ping: Duration,
    /// The resources that are asked for, by host and port.
    paths: BTreeMap<(String, u16), String>,
}

impl WsConfig {
    /// This subprotocol, in messages of at most so many octets.
    pub const fn new(subprotocol: &'static str, max_message: usize) -> Self {
        Self {
            subprotocol,
            max_message,
            origins: Vec::new(),
            handshake: Duration::from_secs(4),
            ping: Duration::from_secs(30),
            paths: BTreeMap::new(),
        }
    }

    /// Asks this host, by the name or the address that it is connected to by, for `path` instead of
    /// `/`. The path begins with a slash and has neither spaces nor control characters.
    pub fn ask_for(&mut self, host: &str, port: u16, path: &str) {
        self.paths.insert((host.to_ascii_lowercase(), port), path.to_owned());
    }

    /// What this host is asked for.
    pub(super) fn path(&self, host: &str, port: u16) -> &str {
        let path = self.paths.get(&(host.to_ascii_lowercase(), port));
        path.map_or("/", String::as_str)
    }

    /// Whether a page of this origin may connect. RFC 6454 §6.2: scheme and host are in lower case.
    pub(super) fn allows(&self, origin: &[u8]) -> bool {
        self.origins.iter().any(|allowed| allowed.as_bytes().eq_ignore_ascii_case(origin))
    }

    /// The same, as tungstenite has it. Writes go out at once. What a peer that reads nothing lets
    /// wait is bounded: a message, and pongs as long as another; of more pings than that the last is
    /// answered. RFC 6455 §5.5.3.
    pub(super) fn codec(&self) -> WebSocketConfig {
        WebSocketConfig::default()
            .read_buffer_size(4096)
            .write_buffer_size(0)
            .max_write_buffer_size(2 * self.max_message + MAX_OVERHEAD)
            .max_message_size(Some(self.max_message))
            .max_frame_size(Some(self.max_message))
    }
}

/// What all connections of a [`WebSockets`](super::WebSockets) share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) runtime: Arc<dyn Runtime>,
    pub(super) config: WsConfig,
    /// The connections that are being taken leave of.
    pub(super) leaving: AtomicUsize,
}
