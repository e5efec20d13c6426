//! The **media controller**: SDP offer/answer, RTP and RTCP, a jitter buffer, codecs, sessions.
//!
//! It asks the security manager over `ssm` for the profile and attributes of its media line and,
//! once the call is authenticated, for the guard that every packet passes through.

pub mod audio;
mod codec;
mod config;
#[cfg(feature = "driver")]
pub mod driver;
mod error;
mod jitter;
mod observed;
mod rtcp;
mod rtp;
pub mod sdp;
mod session;
mod stats;
#[cfg(test)]
mod toy;

pub use codec::Codec;
pub use config::{MediaConfig, Seed};
pub use error::{Error, Misuse, NotAcceptable, SdpError};
pub use jitter::JitterBuffer;
pub use observed::{Signal, Sink};
pub use session::{Channel, Event, Session, Transmit};
pub use stats::{Dropped, Stats};
