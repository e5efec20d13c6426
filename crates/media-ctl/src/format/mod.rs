//! Formats: what a payload type stands for on a line. RFC 3551, RFC 8866 §6.6, §6.15.

mod encoding;
mod payload;

pub use encoding::Encoding;
pub use payload::Format;
