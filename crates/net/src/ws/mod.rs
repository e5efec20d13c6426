//! WebSockets over the connections of another network, by tungstenite. RFC 6455.
//!
//! ```text
//!   connect   TCP or TLS ─▶ GET, offers the subprotocol ─▶ 101, which names it ─▶ Connection
//!   accept    TCP or TLS ─▶ GET ─▶ (upgrade? origin? subprotocol?) ─▶ 101 ──────▶ Connection
//! ```
//!
//! [`WebSockets`] is a layer: it speaks [`Transport::Ws`](crate::Transport::Ws) over TCP and
//! [`Transport::Wss`](crate::Transport::Wss) over TLS of whatever network is below it, the simulator's
//! too, and leaves the rest alone. A certificate is judged below, before the first octet of HTTP.
//!
//! What is given to one call of [`poll_write`](crate::Connection::poll_write) is one WebSocket message,
//! and [`ends_message`](crate::Connection::ends_message) tells where one that is read ends. Memory is
//! bounded: a head of [`MAX_HEAD`] octets, and a message in each direction.

mod accepting;
mod config;
mod connection;
mod head;
mod layer;
mod leaving;
mod listener;
mod opening;
mod socket;
mod words;

pub use config::WsConfig;
pub use head::MAX_HEAD;
pub use layer::WebSockets;
