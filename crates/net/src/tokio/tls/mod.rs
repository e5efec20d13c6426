//! TLS over TCP, by rustls: versions 1.3 and 1.2.
//!
//! ```text
//!   connect   own_certificate ─▶ TCP ─▶ handshake ─────────────────────▶ peer_certificate ─▶ Connection
//!   accept    TCP ─▶ ClientHello ─▶ own_certificate ─▶ handshake ─▶ (peer_certificate) ─▶ Connection
//! ```
//!
//! rustls checks that the peer holds the key of the certificate that it presents, and nothing else of
//! it. Whether that certificate is good enough is asked of [`ssa::TransportSecurity`] once the
//! handshake is over, and before an octet of the application is read or written; no answer, a late
//! one and a panic are refusals. No session is ever resumed: each connection is judged for itself.
//! RFC 5922 §7, RFC 8446, RFC 5246.

mod ask;
mod config;
mod connection;
mod deadline;
mod handshake;
mod identity;
mod listener;
mod stores;
mod unjudged;
mod words;

pub use identity::Tls;
pub use stores::{certificates, system_roots};

pub(super) use handshake::connect;
pub(super) use listener::TlsListener;
pub(super) use words::UNVOUCHED;
