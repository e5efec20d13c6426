//! The four transaction machines of RFC 3261 §17, as RFC 6026 corrected them.
//!
//! ```text
//!                    client                              server
//!   INVITE           [`InviteClient`]   A B D M          [`InviteServer`]   G H I L, 100 Trying
//!   all others       [`NonInviteClient`]  E F K          [`NonInviteServer`]  J
//! ```
//!
//! A machine knows nothing of messages: it is told what arrived ([`ClientEvent`],
//! [`ServerEvent`]) and says what is to be done ([`Output`]). Whoever holds it holds the bytes to
//! retransmit, arms the timers and matches messages to machines (RFC 3261 §17.1.3, §17.2.3).
//! Timer C is a proxy's and has no machine here.

mod event;
mod invite_client;
mod invite_server;
mod non_invite_client;
mod non_invite_server;
#[cfg(test)]
mod table;

pub use event::{Class, ClientEvent, Output, ServerEvent, Timer, Timing};
pub use invite_client::InviteClient;
pub use invite_server::InviteServer;
pub use non_invite_client::NonInviteClient;
pub use non_invite_server::NonInviteServer;
