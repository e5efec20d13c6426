//! G.711, µ-law and A-law, over its published tables. RFC 3551 §4.5.14.

use audio_codec_algorithms::{decode_alaw, decode_ulaw, encode_alaw, encode_ulaw};

/// A codec for 8 kHz mono speech at one octet a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// G.711 µ-law, static payload type 0.
    Pcmu,
    /// G.711 A-law, static payload type 8.
    Pcma,
}

impl Codec {
    /// All codecs, in the order in which they are preferred.
    pub const ALL: [Self; 2] = [Self::Pcmu, Self::Pcma];

    /// The static payload type. RFC 3551 §6.
    pub const fn payload_type(self) -> u8 {
        match self {
            Self::Pcmu => 0,
            Self::Pcma => 8,
        }
    }

    /// The encoding name of `a=rtpmap`; both run at a clock rate of 8000.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
        }
    }

    /// The codec of a static payload type, or `None` for one that is not spoken here.
    pub fn from_payload_type(payload_type: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|codec| codec.payload_type() == payload_type)
    }

    /// The codec that an encoding name and a clock rate mean. Names ignore case. RFC 4855 §3.
    pub fn from_name(name: &str, clock_rate: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|codec| codec.name().eq_ignore_ascii_case(name) && clock_rate == "8000")
    }

    /// Encodes as many samples as both slices have, and returns how many.
    pub fn encode(self, samples: &[i16], octets: &mut [u8]) -> usize {
        let encode = match self {
            Self::Pcmu => encode_ulaw,
            Self::Pcma => encode_alaw,
        };
        for (octet, sample) in octets.iter_mut().zip(samples) {
            *octet = encode(*sample);
        }
        samples.len().min(octets.len())
    }

    /// Decodes one octet.
    pub fn decode(self, octet: u8) -> i16 {
        match self {
            Self::Pcmu => decode_ulaw(octet),
            Self::Pcma => decode_alaw(octet),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoding_what_was_encoded_keeps_13_bits_of_it() {
        for codec in Codec::ALL {
            for sample in (i16::MIN..=i16::MAX).step_by(7) {
                let mut octet = [0];
                codec.encode(&[sample], &mut octet);
                let error = i32::from(codec.decode(octet[0])) - i32::from(sample);
                // A segment's step is 1/16 of its start, 1024 at the top; µ-law clips at 32 635.
                let bound = (i32::from(sample).abs() / 16).max(16);
                assert!(error.abs() <= bound, "{codec:?} {sample}: {error}");
            }
        }
    }

    #[test]
    fn an_octet_survives_decoding_and_encoding() {
        for codec in Codec::ALL {
            for octet in 0..=u8::MAX {
                let mut again = [0];
                codec.encode(&[codec.decode(octet)], &mut again);
                // µ-law has two zeros; the negative one becomes the positive one.
                assert!(again[0] == octet || (octet, again[0]) == (0x7f, 0xff));
            }
        }
    }

    #[test]
    fn names_ignore_case_and_rates_do_not_vary() {
        assert_eq!(Codec::from_name("pcmu", "8000"), Some(Codec::Pcmu));
        assert_eq!(Codec::from_name("PCMA", "16000"), None);
        assert_eq!(Codec::from_payload_type(18), None);
    }
}
