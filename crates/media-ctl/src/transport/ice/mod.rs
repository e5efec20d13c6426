//! ICE by `rice-proto`: which way packets take to a peer that may be behind translators. RFC 8445.
//!
//! ```text
//!   session ─ Asked ─┬─ Mapping: what a STUN server sees of a socket      RFC 8489
//!                    └─ Relay: what a TURN server takes for it            RFC 8656
//!                         └─ Frames: its messages, where it is reached by a connection
//!   line ──── Checked ── Checks, one a channel: the library's machine     RFC 8445
//!                          ├─ Gate: what of the peer's is believed, and how much is sent for it
//!                          │    └─ Allowance: what is left of that, whoever begins anew
//!                          └─ Consent: whether the peer still wants it    RFC 7675
//! ```
//!
//! Nothing is sent to a candidate before a line runs, for which the security manager has given its
//! guard. A relay is a socket elsewhere: the library is told of its address as of one of ours.

mod allowance;
mod asked;
mod checked;
mod checks;
mod clock;
mod config;
mod consent;
mod frames;
mod gate;
mod mapping;
mod relay;
#[cfg(test)]
mod tests;

pub(crate) use asked::asked;
pub use config::{IceServers, TurnServer, TurnTransport};
