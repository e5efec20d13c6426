//! What a codec is to the rest of the media controller.

use std::fmt;

/// One side's half that makes payloads.
pub(crate) trait Encoder: Send {
    /// Encodes a frame of samples to the start of `payload` and returns how many octets it has.
    fn encode(&mut self, samples: &[i16], payload: &mut [u8]) -> usize;
}

/// The other half.
pub(crate) trait Decoder: Send {
    /// Decodes a payload to the end of `samples`. Payloads come in order; any may be missing.
    fn decode(&mut self, payload: &[u8], samples: &mut Vec<i16>);
}

/// What a codec is: everything that differs from one to the next.
pub(super) struct Properties {
    /// The encoding name of `a=rtpmap`. RFC 4855 §3.
    pub(super) name: &'static str,
    /// What RTP timestamps count, in Hz; not always the sampling rate.
    pub(super) clock_rate: u32,
    /// Samples a second on the audio's side.
    pub(super) sample_rate: u32,
    /// Channels, as `a=rtpmap` says them.
    pub(super) channels: u8,
    /// The static payload type, where there is one. RFC 3551 §6.
    pub(super) payload_type: Option<u8>,
    /// The largest payload of 20 ms, in octets.
    pub(super) largest: usize,
    /// How long a payload lasts, in units of the clock rate.
    pub(super) duration: fn(&[u8]) -> u32,
    pub(super) encoder: fn() -> Box<dyn Encoder>,
    pub(super) decoder: fn() -> Box<dyn Decoder>,
}

impl fmt::Debug for dyn Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Encoder")
    }
}

impl fmt::Debug for dyn Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Decoder")
    }
}
