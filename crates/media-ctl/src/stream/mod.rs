//! Audio of one line: packets in any order in, frames in order and on time out; and the way back.
//!
//! ```text
//!   packets ─▶ JitterBuffer ─▶ Decoder ─▶ Concealer ─▶ Converter ─▶ AudioSink
//!   packets ◀─ Sender ◀─ Encoder ◀─ Converter ◀─ AudioSource
//! ```

mod conceal;
mod inbound;
mod jitter;
mod key_press;
mod key_reports;
mod loudness;
mod noise;
mod outbound;
#[cfg(test)]
mod tests;

pub(crate) use inbound::{Inbound, Pause};
pub(crate) use jitter::MOST_DELAY;
pub(crate) use key_reports::KeyReports;
pub(crate) use noise::level as noise_level;
pub(crate) use outbound::Outbound;
