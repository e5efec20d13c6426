//! A source that behaves like speech where it matters for measuring: syllables and pauses,
//! harmonics over a gliding pitch, some breath, and no period longer than a syllable, so that a
//! recording matches it at one lag only.

use super::{AudioSource, SAMPLE_RATE};
use std::f64::consts::{PI, TAU};

const HARMONICS: usize = 10;

/// Endless babble, the same for the same seed.
#[derive(Clone, Debug)]
pub struct Speech {
    random: Xorshift,
    syllable: Syllable,
    /// Samples into the syllable, its pause included.
    at: u32,
    /// Cycles of the fundamental, modulo 1.
    phase: f64,
}

/// What changes from one syllable to the next.
#[derive(Clone, Debug, Default)]
struct Syllable {
    voiced: u32,
    pause: u32,
    pitch_from: f64,
    pitch_to: f64,
    loudness: f64,
    harmonics: [f64; HARMONICS],
}

impl Speech {
    /// Babble that `seed` determines.
    pub fn new(seed: u64) -> Self {
        Self { random: Xorshift::new(seed), syllable: Syllable::default(), at: 0, phase: 0.0 }
    }

    /// The first `count` samples of the babble of `seed`: what a session said.
    pub fn samples(seed: u64, count: usize) -> Vec<i16> {
        let mut samples = vec![0; count];
        Self::new(seed).read(&mut samples);
        samples
    }

    fn sample(&mut self) -> i16 {
        if self.at >= self.syllable.voiced + self.syllable.pause {
            self.syllable = Syllable::draw(&mut self.random);
            self.at = 0;
        }
        let syllable = &self.syllable;
        let progress = f64::from(self.at) / f64::from(syllable.voiced.max(1));
        self.at += 1;
        if progress >= 1.0 {
            return 0;
        }
        let pitch = syllable.pitch_from + (syllable.pitch_to - syllable.pitch_from) * progress;
        self.phase = (self.phase + pitch / f64::from(SAMPLE_RATE)).fract();
        let voice: f64 = (1_u8..)
            .zip(syllable.harmonics)
            .map(|(n, weight)| weight * (TAU * f64::from(n) * self.phase).sin())
            .sum();
        let breath = self.random.between(-0.05, 0.05);
        let envelope = (PI * progress).sin();
        (syllable.loudness * envelope * (voice + breath)).clamp(-30_000.0, 30_000.0) as i16
    }
}

impl AudioSource for Speech {
    fn read(&mut self, frame: &mut [i16]) -> usize {
        frame.fill_with(|| self.sample());
        frame.len()
    }
}

impl Syllable {
    /// 100–260 ms of voice of 90–240 Hz, then 20–90 ms of pause.
    fn draw(random: &mut Xorshift) -> Self {
        let mut harmonics = [0.0; HARMONICS];
        for (n, weight) in (1_u8..).zip(harmonics.iter_mut()) {
            *weight = random.between(0.1, 1.0) / f64::from(n).sqrt();
        }
        let sum: f64 = harmonics.iter().sum();
        harmonics.iter_mut().for_each(|weight| *weight /= sum);
        let samples = |ms: f64| (ms * f64::from(SAMPLE_RATE) / 1000.0) as u32;
        Self {
            voiced: samples(random.between(100.0, 260.0)),
            pause: samples(random.between(20.0, 90.0)),
            pitch_from: random.between(90.0, 240.0),
            pitch_to: random.between(90.0, 240.0),
            loudness: random.between(9_000.0, 22_000.0),
            harmonics,
        }
    }
}

/// Marsaglia's xorshift64*: enough for babble, and for nothing that must not be guessed.
#[derive(Clone, Debug)]
struct Xorshift(u64);

impl Xorshift {
    fn new(seed: u64) -> Self {
        // The state must not be 0.
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32;
        low + (high - low) * (drawn as f64 / f64::from(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::similarity;

    #[test]
    fn a_seed_determines_the_babble_and_another_differs() {
        let said = Speech::samples(1, 24_000);
        assert_eq!(said, Speech::samples(1, 24_000));
        assert!(similarity(&said, &Speech::samples(2, 24_000)) < 0.5);
    }

    #[test]
    fn it_is_loud_enough_to_measure_and_does_not_clip() {
        let said = Speech::samples(7, 40_000);
        let power = said.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / 40_000.0;
        assert!(power.sqrt() > 1000.0);
        assert!(said.iter().all(|s| s.abs() < 30_000));
    }
}
