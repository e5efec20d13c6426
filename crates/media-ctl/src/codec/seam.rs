//! What a codec is to the rest of the media controller.

use std::fmt;

/// One side's half that makes payloads.
pub(crate) trait Encoder: Send {
    /// Encodes a frame of samples to the start of `payload` and returns how many octets it has; 0 where
    /// it cannot be encoded.
    fn encode(&mut self, samples: &[i16], payload: &mut [u8]) -> usize;
}

/// The other half.
pub(crate) trait Decoder: Send {
    /// Decodes a payload to the end of `samples`. Payloads come in order; any may be missing.
    fn decode(&mut self, payload: &[u8], samples: &mut Vec<i16>);

    /// Decodes so many samples that were lost before the payload `next` to the end of `samples`, from
    /// what that one repeats of them; `false` where it repeats nothing.
    fn recover(&mut self, next: &[u8], lost: usize, samples: &mut Vec<i16>) -> bool {
        let _ = (next, lost, samples);
        false
    }
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
    /// What our `a=fmtp` says of it. RFC 8866 §6.15.
    pub(super) parameters: Option<&'static str>,
    /// The largest payload of 20 ms, in octets.
    pub(super) largest: usize,
    /// How long a payload lasts, in units of the clock rate.
    pub(super) duration: fn(&[u8]) -> u32,
    /// Whether the peer says nothing more after this payload, until it sends another one.
    pub(super) pauses: fn(&[u8]) -> bool,
    /// An encoder for who says this of it in `a=fmtp`.
    pub(super) encoder: fn(Option<&str>) -> Box<dyn Encoder>,
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
