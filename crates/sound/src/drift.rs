//! Two clocks that differ: the device's and the media's. Every half second it is seen how much was in
//! hand at the least; what is too much or too little is made up for by frames that are stretched or
//! compressed by a few samples, and a great deal too much is left out at once.
//!
//! ```text
//!   at least in hand ── above the reserve ──▶ frames take a little more of it, or add less
//!                    ── below it ───────────▶ take less, or add more
//!                    ── 60 ms above it ─────▶ what is above goes
//! ```

use crate::ring::InHand;

/// Frames that are looked at together: 0.5 s.
const WINDOW: u16 = 25;

/// A frame changes by a part in so many, at most: 4 ‰, of which a voice's pitch shows nothing; or by one
/// sample, which is more at low rates. Clocks of devices differ by a tenth of that at the worst.
const PART: usize = 240;

/// What is left out at once: more than so many frames.
const FRAMES: usize = 3;

/// By how much frames are longer or shorter on the device's side.
#[derive(Debug, Default)]
pub(crate) struct Drift {
    /// The least that was in hand, in this window.
    least: Option<InHand>,
    frames: u16,
    /// Samples that each frame takes more from what is in hand, or adds less to it.
    longer: isize,
}

impl Drift {
    /// Samples that the device has given for a frame of `frame`.
    pub(crate) fn taken(&self, frame: usize) -> usize {
        frame.saturating_add_signed(self.longer)
    }

    /// Samples that the device is given for a frame of `frame`: where there is too much in hand, fewer.
    pub(crate) fn given(&self, frame: usize) -> usize {
        frame.saturating_add_signed(-self.longer)
    }

    /// So much was in hand where it was least, in a frame of `frame` samples. Gives what is to be left
    /// out at once.
    pub(crate) fn saw(&mut self, in_hand: InHand, frame: usize) -> usize {
        let least = self.least.filter(|least| least.waits <= in_hand.waits).unwrap_or(in_hand);
        self.least = Some(InHand { reserve: in_hand.reserve, ..least });
        self.frames += 1;
        if self.frames < WINDOW {
            return 0;
        }
        let too_much = least.waits as isize - in_hand.reserve as isize;
        *self = Self::default();
        if too_much > (FRAMES * frame) as isize {
            return too_much.unsigned_abs();
        }
        let most = (frame / PART).max(1) as isize;
        self.longer = (too_much / WINDOW as isize).clamp(-most, most);
        0
    }

    /// What was seen does not count any more: the flow has begun anew.
    pub(crate) fn begin(&mut self) {
        *self = Self::default();
    }
}

/// Stretches or compresses `from` to the length of `to`, by straight lines between its samples; the
/// first and the last stay, so that frames join as they did.
pub(crate) fn fit(from: &[i16], to: &mut [i16]) {
    let (Some(last), steps) = (from.len().checked_sub(1), to.len().saturating_sub(1).max(1)) else {
        return to.fill(0);
    };
    if from.len() == to.len() {
        return to.copy_from_slice(from);
    }
    for (at, sample) in to.iter_mut().enumerate() {
        let (whole, part) = (at * last / steps, at * last % steps);
        let here = i64::from(from.get(whole).copied().unwrap_or(0));
        let next = from.get(whole + 1).map_or(here, |next| i64::from(*next));
        // It lies between the two.
        *sample = (here + (next - here) * part as i64 / steps as i64) as i16;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ring::Ring;
    use std::f64::consts::TAU;

    /// An hour of a device that pushes (or takes) `lump` samples at a time, by a clock that is `ppm` fast,
    /// and media of 20 ms. Gives the least and the most in hand after the first minute, and how often
    /// there was too little in all.
    fn an_hour(ppm: f64, lump: usize, device_pushes: bool) -> (usize, usize, u32) {
        let ring = Ring::default();
        ring.begin(8_000);
        let mut drift = Drift::default();
        let (mut gaps, mut least, mut most) = (0, usize::MAX, 0);
        let (mut due, mut buffer) = (0.0, vec![0; lump]);
        for frame in 0..180_000_u32 {
            due += 160.0 * (1.0 + ppm / 1e6);
            while due >= lump as f64 {
                due -= lump as f64;
                ring.turn(lump);
                if device_pushes {
                    ring.push(std::iter::repeat_n(0, lump));
                } else {
                    gaps += u32::from(ring.pull(&mut buffer).is_none());
                }
            }
            let in_hand = if device_pushes {
                let mut out = vec![0; drift.taken(160)];
                let left = ring.pull(&mut out);
                gaps += u32::from(left.is_none());
                left
            } else {
                Some(ring.push(std::iter::repeat_n(0, drift.given(160))))
            };
            match in_hand {
                Some(in_hand) => ring.leave_out(drift.saw(in_hand, 160)),
                None => drift.begin(),
            }
            if frame == 3_000 {
                gaps = 0;
            }
            if let Some(in_hand) = in_hand.filter(|_| frame > 3_000) {
                (least, most) = (least.min(in_hand.waits), most.max(in_hand.waits));
            }
        }
        (least, most, gaps)
    }

    #[test]
    fn an_hour_of_clocks_that_differ_has_no_gap_after_its_first_minute_and_no_more_delay() {
        // In turns of 20 ms, one is missing now and then, or there is one more.
        for (ppm, lump) in [(-500.0, 160), (-100.0, 160), (100.0, 160), (500.0, 37), (500.0, 441)] {
            for pushes in [true, false] {
                let (least, most, gaps) = an_hour(ppm, lump, pushes);
                let told = format!("{ppm} ppm, {lump} at a time, {pushes}: {least} to {most}");
                assert_eq!(gaps, 0, "{told}");
                // 80 ms, and what comes at a time.
                assert!(most <= 640 + lump, "{told}");
            }
        }
    }

    #[test]
    fn frames_change_by_as_much_as_was_too_much_and_by_four_in_a_thousand_at_most() {
        let mut drift = Drift::default();
        let mut window = |waits| {
            let gone: usize =
                (0..WINDOW).map(|_| drift.saw(InHand { waits, reserve: 480 }, 960)).sum();
            assert_eq!(drift.taken(960) + drift.given(960), 2 * 960);
            (drift.taken(960), gone)
        };
        assert_eq!(window(480), (960, 0));
        assert_eq!(window(480 + 50), (962, 0));
        assert_eq!(window(480 - 50), (958, 0));
        assert_eq!(window(480 + 500), (964, 0));
        assert_eq!(window(0), (956, 0));
        // More than 60 ms: at once.
        assert_eq!(window(480 + 2_881), (960, 2_881));
    }

    #[test]
    fn the_least_of_a_window_counts() {
        let mut drift = Drift::default();
        for waits in std::iter::repeat_n([900, 100], 13).flatten().take(WINDOW.into()) {
            drift.saw(InHand { waits, reserve: 100 }, 160);
        }
        assert_eq!(drift.taken(160), 160);
    }

    #[test]
    fn a_sine_that_is_fitted_is_a_sine() {
        let sine = |length: usize| -> Vec<i16> {
            let at = |n: usize| TAU * 8.0 * n as f64 / (length - 1) as f64;
            (0..length).map(|n| (9_000.0 * at(n).sin()) as i16).collect()
        };
        for length in [956, 959, 961, 964] {
            let mut fitted = vec![0; 960];
            fit(&sine(length), &mut fitted);
            let off = fitted.iter().zip(sine(960)).map(|(is, to)| (is - to).abs()).max();
            assert!(off.is_some_and(|off| off < 20), "{length}: {off:?}");
        }
        let mut same = vec![0; 960];
        fit(&sine(960), &mut same);
        assert_eq!(same, sine(960));
        let mut silent = [7; 3];
        fit(&[], &mut silent);
        assert_eq!(silent, [0; 3]);
        fit(&[i16::MIN, i16::MAX], &mut silent);
        assert_eq!(silent, [i16::MIN, -1, i16::MAX]);
    }
}
