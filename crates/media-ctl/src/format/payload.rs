//! A payload type and what it means on a line.

use crate::Codec;

/// A payload type and what it means on a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Format {
    /// The payload type, 0–127.
    pub payload_type: u8,
    /// The codec.
    pub codec: Codec,
    /// What `a=fmtp` says of it, as it stands there. RFC 8866 §6.15.
    pub parameters: Option<String>,
}

impl Format {
    /// A format without parameters.
    pub const fn new(payload_type: u8, codec: Codec) -> Self {
        Self { payload_type, codec, parameters: None }
    }

    /// The encoding of `a=rtpmap`: `PCMU/8000`.
    pub(crate) fn encoding(&self) -> String {
        let (name, clock_rate) = (self.codec.name(), self.codec.clock_rate());
        match self.codec.channels() {
            // RFC 8866 §6.6: may be left out where it is one.
            1 => format!("{name}/{clock_rate}"),
            channels => format!("{name}/{clock_rate}/{channels}"),
        }
    }
}
