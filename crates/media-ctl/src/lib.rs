//! The media controller, sans-IO: RFC 3264 offer/answer, RFC 3550 RTP and RTCP, G.711.
//!
#![doc = include_str!("../README.md")]

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
