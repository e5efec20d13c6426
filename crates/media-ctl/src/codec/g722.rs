//! G.722: speech up to 7 kHz in 64 kbit/s. Its timestamps count 8 000 a second while it samples at
//! 16 kHz, an error of RFC 1890 that has stayed. RFC 3551 §4.5.2.

use super::seam::{Decoder, Encoder, Properties};
use audio_codec::g722::{G722Decoder, G722Encoder};
use audio_codec::{Decoder as _, Encoder as _};

pub(super) static G722: Properties = Properties {
    name: "G722",
    clock_rate: 8000,
    sample_rate: 16_000,
    channels: 1,
    payload_type: Some(9),
    parameters: None,
    largest: 160,
    // An octet is two samples, which the clock counts as one.
    duration: |payload| payload.len() as u32,
    pauses: |_| false,
    encoder: |_| Box::new(Encoding(G722Encoder::new())),
    decoder: || Box::new(Decoding(G722Decoder::new())),
};

struct Encoding(G722Encoder);

impl Encoder for Encoding {
    fn encode(&mut self, samples: &[i16], payload: &mut [u8]) -> usize {
        self.0.encode_into(samples, payload).unwrap_or(0)
    }
}

struct Decoding(G722Decoder);

impl Decoder for Decoding {
    fn decode(&mut self, payload: &[u8], samples: &mut Vec<i16>) {
        let from = samples.len();
        samples.resize(from + 2 * payload.len(), 0);
        let room = samples.get_mut(from..).unwrap_or_default();
        let decoded = self.0.decode_into(payload, room).unwrap_or(0);
        samples.truncate(from + decoded);
    }
}

#[cfg(test)]
mod tests {
    use crate::Codec;
    use std::f64::consts::TAU;

    /// A second of a sine, encoded and decoded in frames of 20 ms, and its power through a filter
    /// for its own frequency: 1 where it comes back whole.
    fn carried(hertz: f64) -> f64 {
        let (mut encoder, mut decoder) = (Codec::G722.encoder(None), Codec::G722.decoder());
        let step = TAU * hertz / 16_000.0;
        let said: Vec<i16> =
            (0..16_000).map(|n| (8000.0 * (step * f64::from(n)).sin()) as i16).collect();
        let mut heard = Vec::new();
        for frame in said.chunks(320) {
            let mut payload = [0; 160];
            assert_eq!(encoder.encode(frame, &mut payload), 160);
            decoder.decode(&payload, &mut heard);
        }
        assert_eq!(heard.len(), said.len());
        let sums = heard.iter().zip(0..).skip(1600).fold((0.0, 0.0), |(sin, cos), (sample, n)| {
            let angle = step * f64::from(n);
            let sample = f64::from(*sample);
            (sin + sample * angle.sin(), cos + sample * angle.cos())
        });
        let amplitude = 2.0 * sums.0.hypot(sums.1) / (heard.len() - 1600) as f64;
        amplitude / 8000.0
    }

    #[test]
    fn it_carries_what_8_khz_cannot() {
        for hertz in [300.0, 1000.0, 3000.0, 5000.0, 6500.0] {
            let carried = carried(hertz);
            assert!((0.85..1.1).contains(&carried), "{hertz} Hz: {carried}");
        }
    }

    #[test]
    fn it_counts_8_000_a_second_and_samples_at_16() {
        let codec = Codec::G722;
        assert_eq!((codec.clock_rate(), codec.sample_rate()), (8000, 16_000));
        assert_eq!(codec.duration(&[0; 160]), 160);
        let mut samples = Vec::new();
        codec.decoder().decode(&[0; 160], &mut samples);
        assert_eq!(samples.len(), 320);
    }

    #[test]
    fn any_payload_decodes_to_two_samples_an_octet() {
        let mut decoder = Codec::G722.decoder();
        let mut samples = Vec::new();
        for length in 0..300 {
            let payload: Vec<u8> = (0..length).map(|n| (n * 37 % 251) as u8).collect();
            samples.clear();
            decoder.decode(&payload, &mut samples);
            assert_eq!(samples.len(), 2 * payload.len());
        }
    }
}
