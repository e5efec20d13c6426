//! The simplest sources and the simplest sink: a tone, and nothing.

use super::{AudioSink, AudioSource, SAMPLE_RATE};
use std::f64::consts::TAU;
use std::io;

/// An endless sine.
#[derive(Clone, Debug)]
pub struct Tone {
    /// Cycles since the start, modulo 1.
    phase: f64,
    step: f64,
    amplitude: f64,
}

impl Tone {
    /// A sine of `hertz`, at most half the sampling rate, that peaks at `amplitude`.
    pub fn new(hertz: f64, amplitude: i16) -> Self {
        let nyquist = f64::from(SAMPLE_RATE) / 2.0;
        Self {
            phase: 0.0,
            step: hertz.clamp(0.0, nyquist) / f64::from(SAMPLE_RATE),
            amplitude: f64::from(amplitude),
        }
    }
}

impl AudioSource for Tone {
    fn read(&mut self, frame: &mut [i16]) -> usize {
        for sample in frame.iter_mut() {
            *sample = (self.amplitude * (TAU * self.phase).sin()).round() as i16;
            self.phase = (self.phase + self.step).fract();
        }
        frame.len()
    }
}

/// As a source, a line that is silent but not idle; as a sink, nobody who listens.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silence;

impl AudioSource for Silence {
    fn read(&mut self, frame: &mut [i16]) -> usize {
        frame.fill(0);
        frame.len()
    }
}

impl AudioSink for Silence {
    fn write(&mut self, _: &[i16]) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_crosses_zero_twice_a_cycle_across_frames() {
        let mut tone = Tone::new(440.0, 8000);
        let mut samples = vec![0; SAMPLE_RATE as usize];
        for frame in samples.chunks_mut(160) {
            assert_eq!(tone.read(frame), 160);
        }
        let crossings = samples.windows(2).filter(|w| (w[0] < 0) != (w[1] < 0)).count();
        assert!((878..=881).contains(&crossings), "{crossings}");
        assert!(samples.iter().all(|s| s.abs() <= 8000));
    }
}
