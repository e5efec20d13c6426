//! RTCP: reports on what was sent and received, when they are due, and what the peer's say.
//! RFC 3550 §6.

mod interval;
mod read;
mod voip;
mod write;

pub(crate) use interval::Interval;
pub(crate) use read::{Item, PeerReport, read};
pub use voip::VoipMetrics;
pub(crate) use write::{Outgoing, SenderInfo, write};
