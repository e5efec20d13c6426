//! How loud what is said and heard is.

/// Frames of 20 ms that a level is of: 200 ms.
const FRAMES: usize = 10;

/// What 0 dBFS is: the greatest sample.
const FULL: f64 = 32_768.0;

/// How loud audio was in its last 200 ms, and at its loudest.
///
/// In dBFS: 0 is a sample of 32 768, the most that there is, so that a full sine has a peak of 0 and a
/// root mean square of −3.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Level {
    /// The mean of the squares of samples.
    power: u32,
    peak: u16,
    loudest: u16,
}

impl Level {
    /// The root mean square of the last 200 ms; `None`: all of it was silence, to the last bit.
    pub fn rms_dbfs(&self) -> Option<f64> {
        decibels(f64::from(self.power).sqrt())
    }

    /// The greatest sample of the last 200 ms; `None` as of [`rms_dbfs`](Self::rms_dbfs).
    pub fn peak_dbfs(&self) -> Option<f64> {
        decibels(f64::from(self.peak))
    }

    /// The greatest sample since the start; `None`: there was nothing but silence.
    pub fn loudest_dbfs(&self) -> Option<f64> {
        decibels(f64::from(self.loudest))
    }
}

fn decibels(sample: f64) -> Option<f64> {
    (sample > 0.0).then(|| 20.0 * (sample / FULL).log10())
}

/// A frame, measured in one pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Measure {
    /// The mean of the squares of its samples, 2^30 at most.
    pub(crate) power: u32,
    /// Its greatest sample, whichever its sign.
    pub(crate) peak: u16,
}

impl Measure {
    /// An empty frame is silence.
    pub(crate) fn of(frame: &[i16]) -> Self {
        let mut energy = 0_u64;
        let mut peak = 0;
        for sample in frame {
            let size = sample.unsigned_abs();
            energy += u64::from(u32::from(size) * u32::from(size));
            peak = size.max(peak);
        }
        let power = energy.checked_div(frame.len() as u64).unwrap_or(0);
        Self { power: u32::try_from(power).unwrap_or(u32::MAX), peak }
    }
}

/// Measures frame after frame.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    last: [Measure; FRAMES],
    next: usize,
    loudest: u16,
}

impl Meter {
    /// Takes the next frame.
    pub(crate) fn take(&mut self, frame: Measure) {
        if let Some(oldest) = self.last.get_mut(self.next) {
            *oldest = frame;
        }
        self.next = (self.next + 1) % FRAMES;
        self.loudest = self.loudest.max(frame.peak);
    }

    /// How loud it is.
    pub(crate) fn level(&self) -> Level {
        let power = self.last.iter().map(|frame| u64::from(frame.power)).sum::<u64>();
        let peak = self.last.iter().map(|frame| frame.peak).max().unwrap_or(0);
        // A mean of what is 32 bits wide.
        let power = (power / FRAMES as u64) as u32;
        Level { power, peak, loudest: self.loudest }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::{AudioSource as _, Tone};

    fn after(amplitude: i16, frames: usize, meter: &mut Meter) -> Level {
        let mut tone = Tone::new(440.0, amplitude);
        let mut frame = [0; 160];
        for _ in 0..frames {
            tone.read(&mut frame);
            meter.take(Measure::of(&frame));
        }
        meter.level()
    }

    #[test]
    fn a_sine_peaks_3_db_above_its_mean_square() {
        let mut meter = Meter::default();
        let close = |is: Option<f64>, to: f64| (is.unwrap() - to).abs() < 0.1;
        let full = after(i16::MAX, 10, &mut meter);
        assert!(close(full.peak_dbfs(), 0.0) && close(full.rms_dbfs(), -3.01), "{full:?}");
        let half = after(i16::MAX / 2, 10, &mut meter);
        assert!(close(half.peak_dbfs(), -6.02) && close(half.rms_dbfs(), -9.03), "{half:?}");
        assert!(close(half.loudest_dbfs(), 0.0), "{half:?}");
    }

    #[test]
    fn a_level_is_of_the_last_200_ms() {
        let mut meter = Meter::default();
        assert_eq!(meter.level(), Level::default());
        assert_eq!(meter.level().rms_dbfs(), None);
        after(8_000, 50, &mut meter);
        let before = after(0, 9, &mut meter);
        assert!(before.peak_dbfs().is_some_and(|peak| peak > -13.0), "{before:?}");
        // A tenth of the power.
        assert!((before.rms_dbfs().unwrap() + 25.2).abs() < 0.2, "{before:?}");
        let silent = after(0, 1, &mut meter);
        assert_eq!((silent.rms_dbfs(), silent.peak_dbfs()), (None, None));
        assert!(silent.loudest_dbfs().is_some());
    }

    #[test]
    fn the_greatest_samples_overflow_nothing() {
        let mut meter = Meter::default();
        meter.take(Measure::of(&[i16::MIN; 960]));
        let measure = Measure::of(&[i16::MIN; 960]);
        assert_eq!((measure.power, measure.peak), (1 << 30, 1 << 15));
        assert_eq!(meter.level().peak_dbfs(), Some(0.0));
        assert_eq!(Measure::of(&[]), Measure::default());
    }
}
