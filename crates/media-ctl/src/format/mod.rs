//! Formats: what a payload type stands for on a line. RFC 3551, RFC 4733, RFC 8866 §6.6, §6.15.

mod dtmf;
mod encoding;
mod formats;
mod named_events;
mod payload;

pub use dtmf::Dtmf;
pub use encoding::Encoding;
pub use formats::Formats;
pub(crate) use formats::{Mapping, Meaning, NOISE, NOISE_CLOCK_RATE};
pub use named_events::NamedEvents;
pub use payload::Format;
