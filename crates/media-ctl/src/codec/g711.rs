//! G.711, µ-law and A-law, over its published tables: an octet a sample. RFC 3551 §4.5.14.

use super::seam::{Decoder, Encoder, Properties};
use audio_codec_algorithms::{decode_alaw, decode_ulaw, encode_alaw, encode_ulaw};
use std::sync::LazyLock;

pub(super) static PCMU: Properties =
    law("PCMU", 0, (|_| Box::new(Law(&ULAW)), || Box::new(Expansion(&ULAW))));

pub(super) static PCMA: Properties =
    law("PCMA", 8, (|_| Box::new(Law(&ALAW)), || Box::new(Expansion(&ALAW))));

static ULAW: LazyLock<Tables> = LazyLock::new(|| Tables::of(encode_ulaw, decode_ulaw));
static ALAW: LazyLock<Tables> = LazyLock::new(|| Tables::of(encode_alaw, decode_alaw));

/// What the library makes of each sample and of each octet: it is asked once, since to ask each time is
/// a quarter of what a call costs.
struct Tables {
    /// By the sample's two octets, as a number.
    octets: Vec<u8>,
    samples: [i16; 1 << 8],
}

impl Tables {
    fn of(encode: fn(i16) -> u8, decode: fn(u8) -> i16) -> Self {
        let octets = (0..=u16::MAX).map(|sample| encode(sample.cast_signed())).collect();
        let mut samples = [0; 1 << 8];
        samples.iter_mut().zip(0..=u8::MAX).for_each(|(sample, octet)| *sample = decode(octet));
        Self { octets, samples }
    }
}

/// What makes an encoder, and what makes a decoder.
type Halves = (fn(Option<&str>) -> Box<dyn Encoder>, fn() -> Box<dyn Decoder>);

const fn law(name: &'static str, payload_type: u8, (encoder, decoder): Halves) -> Properties {
    Properties {
        name,
        clock_rate: 8000,
        sample_rate: 8000,
        channels: 1,
        payload_type: Some(payload_type),
        parameters: None,
        largest: 160,
        duration: |payload| payload.len() as u32,
        pauses: |_| false,
        encoder,
        decoder,
    }
}

struct Law(&'static Tables);

impl Encoder for Law {
    fn encode(&mut self, samples: &[i16], payload: &mut [u8]) -> usize {
        for (octet, sample) in payload.iter_mut().zip(samples) {
            let found = self.0.octets.get(usize::from(sample.cast_unsigned()));
            *octet = found.copied().unwrap_or_default();
        }
        samples.len().min(payload.len())
    }
}

struct Expansion(&'static Tables);

impl Decoder for Expansion {
    fn decode(&mut self, payload: &[u8], samples: &mut Vec<i16>) {
        let sample = |octet: &u8| self.0.samples.get(usize::from(*octet)).copied();
        samples.extend(payload.iter().map(|octet| sample(octet).unwrap_or_default()));
    }
}

#[cfg(test)]
mod tests {
    use crate::Codec;

    /// All of it, decoded from what it was encoded to.
    fn there_and_back(codec: Codec, samples: &[i16]) -> Vec<i16> {
        let mut payload = vec![0; samples.len()];
        assert_eq!(codec.encoder(None).encode(samples, &mut payload), samples.len());
        let mut decoded = Vec::new();
        codec.decoder().decode(&payload, &mut decoded);
        decoded
    }

    #[test]
    fn decoding_what_was_encoded_keeps_13_bits_of_it() {
        let samples: Vec<i16> = (i16::MIN..=i16::MAX).step_by(7).collect();
        for codec in [Codec::PCMU, Codec::PCMA] {
            for (sample, decoded) in samples.iter().zip(there_and_back(codec, &samples)) {
                let error = i32::from(decoded) - i32::from(*sample);
                // A segment's step is 1/16 of its start, 1024 at the top; µ-law clips at 32 635.
                let bound = (i32::from(*sample).abs() / 16).max(16);
                assert!(error.abs() <= bound, "{codec:?} {sample}: {error}");
            }
        }
    }

    #[test]
    fn an_octet_survives_decoding_and_encoding() {
        let octets: Vec<u8> = (0..=u8::MAX).collect();
        for codec in [Codec::PCMU, Codec::PCMA] {
            let mut samples = Vec::new();
            codec.decoder().decode(&octets, &mut samples);
            let mut again = [0; 256];
            codec.encoder(None).encode(&samples, &mut again);
            for (octet, again) in octets.iter().zip(again) {
                // µ-law has two zeros; the negative one becomes the positive one.
                assert!(again == *octet || (*octet, again) == (0x7f, 0xff));
            }
        }
    }
}
