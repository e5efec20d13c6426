//! The media controller, sans-IO: RFC 3264 offer/answer, RFC 3550 RTP and RTCP, G.711, G.722, Opus.
//!
#![doc = include_str!("../README.md")]

pub mod audio;
mod codec;
mod config;
#[cfg(feature = "driver")]
pub mod driver;
mod error;
pub mod format;
mod level;
mod line;
mod observed;
mod quality;
mod rtcp;
mod rtp;
pub mod sdp;
mod session;
mod stats;
mod stream;
#[cfg(test)]
mod toy;
mod transport;

pub use codec::Codec;
pub use config::{MediaConfig, Seed};
pub use error::{Error, Misuse, NotAcceptable, SdpError};
pub use level::Level;
pub use line::Event;
pub use observed::{Signal, Sink};
pub use quality::Quality;
pub use rtcp::VoipMetrics;
pub use session::Session;
pub use stats::{Dropped, Stats};
pub use transport::{Carrier, Channel, RelayConnection, RelayLoss, Transmit};
#[cfg(feature = "ice")]
pub use transport::{IceServers, TurnServer, TurnTransport};
