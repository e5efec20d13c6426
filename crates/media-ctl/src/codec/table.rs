//! The codecs that are spoken here.

use super::seam::{Decoder, Encoder, Properties};
use super::{g711, g722, opus};
use std::fmt;

/// A codec that is spoken here.
#[derive(Clone, Copy)]
pub struct Codec(&'static Properties);

impl Codec {
    /// G.711 µ-law.
    pub const PCMU: Self = Self(&g711::PCMU);
    /// G.711 A-law.
    pub const PCMA: Self = Self(&g711::PCMA);
    /// G.722, wideband speech.
    pub const G722: Self = Self(&g722::G722);

    /// Opus: full band, at half the rate of G.711, and what is lost can be recovered.
    pub const OPUS: Self = Self(&opus::OPUS);

    /// All codecs, in the order in which they are offered unless another is wanted: what every peer
    /// has and costs least first.
    pub const ALL: &'static [Self] = &[Self::PCMU, Self::PCMA, Self::G722, Self::OPUS];

    /// The codec of an encoding name, whose case does not count.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|codec| codec.name().eq_ignore_ascii_case(name))
    }

    /// The encoding name of `a=rtpmap`. RFC 4855 §3.
    pub const fn name(self) -> &'static str {
        self.0.name
    }

    /// What its RTP timestamps count, in Hz.
    pub const fn clock_rate(self) -> u32 {
        self.0.clock_rate
    }

    /// Samples a second that it takes and gives.
    pub const fn sample_rate(self) -> u32 {
        self.0.sample_rate
    }

    /// Channels, as `a=rtpmap` says them.
    pub const fn channels(self) -> u8 {
        self.0.channels
    }

    /// The static payload type, where it has one. RFC 3551 §6.
    pub const fn payload_type(self) -> Option<u8> {
        self.0.payload_type
    }

    /// The codec of a static payload type, or `None` for one that is not spoken here.
    pub fn from_payload_type(payload_type: u8) -> Option<Self> {
        Self::ALL.iter().copied().find(|codec| codec.payload_type() == Some(payload_type))
    }

    /// How long a payload lasts, in units of the clock rate.
    pub(crate) fn duration(self, payload: &[u8]) -> u32 {
        (self.0.duration)(payload)
    }

    /// The largest payload of 20 ms, in octets.
    pub(crate) const fn largest(self) -> usize {
        self.0.largest
    }

    /// What our `a=fmtp` says of it.
    pub(crate) const fn parameters(self) -> Option<&'static str> {
        self.0.parameters
    }

    /// Whether the peer says nothing more after this payload, until it sends another one.
    pub(crate) fn pauses(self, payload: &[u8]) -> bool {
        (self.0.pauses)(payload)
    }

    /// An encoder for who says this of the codec in `a=fmtp`.
    pub(crate) fn encoder(self, parameters: Option<&str>) -> Box<dyn Encoder> {
        (self.0.encoder)(parameters)
    }

    pub(crate) fn decoder(self) -> Box<dyn Decoder> {
        (self.0.decoder)()
    }
}

impl PartialEq for Codec {
    fn eq(&self, other: &Self) -> bool {
        // Names are the codecs' own.
        self.name() == other.name()
    }
}

impl Eq for Codec {}

impl fmt::Debug for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
