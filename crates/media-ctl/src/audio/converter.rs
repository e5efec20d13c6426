//! Frames from one rate to another, each as soon as it comes.

use super::frame_samples;
use super::resample::{Resampler, to_f32, to_i16};
use std::collections::VecDeque;

/// Frames of silence after which the filter gives as much as it takes.
const LEAD: usize = 3;

/// Samples in hand, so that rounding never leaves a frame short.
const SPARE: usize = 2;

/// Brings frames of 20 ms from one rate to another: a frame in, a frame out. Rates are as those of
/// sources and sinks.
pub struct Converter {
    rates: (u32, u32),
    /// `None` where the rates are equal.
    resampler: Option<Resampler>,
    converted: VecDeque<i16>,
}

impl Converter {
    /// From `from` Hz to `to` Hz. Rates that cannot be converted give silence.
    pub fn new(from: u32, to: u32) -> Self {
        let resampler =
            (from != to).then(|| Resampler::by(frame_samples(from), from, to)).flatten();
        let mut converter = Self { rates: (from, to), resampler, converted: VecDeque::new() };
        // The filter holds back its delay once; from then on a frame gives a frame.
        for _ in 0..LEAD * frame_samples(from) {
            converter.push(0);
        }
        converter.converted.truncate(SPARE);
        converter
    }

    /// Is about these rates from now on.
    pub fn set_rates(&mut self, from: u32, to: u32) {
        if self.rates != (from, to) {
            *self = Self::new(from, to);
        }
    }

    /// Converts a frame to one of the other rate, in place of what is in `out`.
    pub fn convert(&mut self, frame: &[i16], out: &mut Vec<i16>) {
        out.clear();
        if self.rates.0 == self.rates.1 {
            return out.extend_from_slice(frame);
        }
        frame.iter().for_each(|sample| self.push(*sample));
        let length = frame_samples(self.rates.1);
        out.extend(self.converted.drain(..length.min(self.converted.len())));
        out.resize(length, 0);
    }

    fn push(&mut self, sample: i16) {
        let Self { resampler, converted, .. } = self;
        if let Some(resampler) = resampler {
            resampler.push(to_f32(sample), &mut |s| converted.push_back(to_i16(s)));
        }
    }
}

impl std::fmt::Debug for Converter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Converter").field("rates", &self.rates).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::{AudioSource as _, Tone};
    use std::f64::consts::TAU;

    #[test]
    fn every_frame_is_whole_and_follows_the_one_before() {
        let mut said = vec![0; 24_000];
        Tone::new(440.0, 9000).read(&mut said);
        for rate in [8000, 16_000, 44_100, 48_000] {
            let (mut there, mut back) = (Converter::new(8000, rate), Converter::new(rate, 8000));
            let (mut middle, mut end, mut heard) = (Vec::new(), Vec::new(), Vec::new());
            for frame in said.chunks(160) {
                there.convert(frame, &mut middle);
                assert_eq!(middle.len(), rate as usize / 50);
                back.convert(&middle, &mut end);
                heard.extend_from_slice(&end);
            }
            // A sine is what the two samples before say: a gap shows, or a sample too many.
            let turn = 2.0 * (TAU * 440.0 / 8000.0).cos();
            let smooth = |w: &[i16]| {
                let [a, b, c] = [w[0], w[1], w[2]].map(f64::from);
                (turn * b - a - c).abs() < 30.0
            };
            assert!(heard.windows(3).skip(200).all(smooth), "{rate}");
            assert!(heard.iter().any(|sample| *sample > 8_900), "{rate}");
            assert!(there.converted.len() + back.converted.len() < 20, "{rate}: delay gathers");
        }
    }
}
