//! An encoding, as `a=rtpmap` says it.

use crate::Codec;

/// An encoding, as `a=rtpmap` says it: `PCMU/8000`, `L16/44100/2`. RFC 8866 §6.6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoding<'a> {
    /// The name, which ignores case. RFC 4855 §3.
    pub name: &'a str,
    /// What RTP timestamps count, in Hz.
    pub clock_rate: u32,
    /// Channels: one where they are left out.
    pub channels: u8,
}

impl<'a> Encoding<'a> {
    /// Reads what stands behind the payload type in `a=rtpmap`; `None` for what is no encoding.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.trim().split('/');
        let (name, clock_rate) = (parts.next()?, parts.next()?.parse().ok()?);
        let channels = parts.next().map_or(Some(1), |channels| channels.parse().ok())?;
        Some(Self { name, clock_rate, channels })
    }

    /// The codec that speaks it.
    pub fn codec(self) -> Option<Codec> {
        Codec::ALL
            .iter()
            .copied()
            .find(|codec| self.names(*codec) && codec.channels() == self.channels)
    }

    /// Whether it is this codec's, but for its channels.
    pub(crate) fn names(self, codec: Codec) -> bool {
        codec.name().eq_ignore_ascii_case(self.name) && codec.clock_rate() == self.clock_rate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_ignore_case_and_rates_and_channels_do_not_vary() {
        for (text, codec) in [
            ("pcmu/8000", Some(Codec::PCMU)),
            ("PCMA/8000/1 ", Some(Codec::PCMA)),
            ("PCMA/16000", None),
            ("PCMA/8000/2", None),
            ("PCMA/8000/x", None),
            ("PCMA", None),
            ("", None),
        ] {
            assert_eq!(Encoding::parse(text).and_then(Encoding::codec), codec, "{text}");
        }
        assert_eq!(Codec::from_payload_type(18), None);
    }
}
