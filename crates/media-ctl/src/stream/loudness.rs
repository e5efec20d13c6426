//! Whether what is played is quiet, beside what was played before: where a frame more or less is not
//! heard.

/// A quiet frame has a sixteenth of the mean power, which is 12 dB below it.
const QUIET: i64 = 16;

/// The mean goes back so many frames: 1.3 s.
const MEAN: i64 = 64;

/// How loud what is played is.
#[derive(Debug, Default)]
pub(super) struct Loudness {
    /// The mean power of frames.
    mean: i64,
    /// Whether the last frame was quiet.
    pub(super) quiet: bool,
}

impl Loudness {
    /// Takes a frame that is played, of this power.
    pub(super) fn take(&mut self, power: u32) {
        let power = i64::from(power);
        self.quiet = power.saturating_mul(QUIET) <= self.mean;
        self.mean += (power - self.mean) / MEAN;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::Measure;

    #[test]
    fn a_pause_is_quiet_and_a_tone_is_not() {
        let mut loudness = Loudness::default();
        let mut quiet = |amplitude: i16, frames| {
            let frame: Vec<i16> =
                (0..160).map(|n| if n % 2 == 0 { amplitude } else { -amplitude }).collect();
            (0..frames)
                .filter(|_| {
                    loudness.take(Measure::of(&frame).power);
                    loudness.quiet
                })
                .count()
        };
        assert_eq!(quiet(8000, 200), 0);
        // A room that hums.
        assert_eq!(quiet(500, 20), 20);
        assert_eq!(quiet(8000, 20), 0);
        assert_eq!(quiet(0, 100), 100);
        assert!(quiet(i16::MIN + 1, 10) == 0);
    }
}
