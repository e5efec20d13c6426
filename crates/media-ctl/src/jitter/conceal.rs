//! Concealment of what did not arrive: the last pitch period goes on and fades out. After G.711
//! Appendix I, without its output delay.

use crate::audio::FRAME_SAMPLES;

/// Samples remembered: the longest pitch period, and what it is compared with.
const HISTORY: usize = 400;

/// Pitch periods looked for: 66 to 200 Hz.
const SHORTEST: usize = 40;
const LONGEST: usize = 120;

/// Samples compared to find the pitch.
const COMPARED: usize = 160;

/// Samples at full loudness, and samples over which it fades out after them: 10 ms and 50 ms.
const FULL: u32 = 80;
const FADE: u32 = 400;

/// Samples over which the real signal takes over again: 4 ms.
const RECOVERY: usize = 32;

/// Remembers what was played, and makes up what is missing.
#[derive(Debug)]
pub(super) struct Concealer {
    history: [i16; HISTORY],
    /// The pitch period that is repeated.
    period: Vec<i16>,
    /// Samples made up since the last real one; 0 while all is well.
    missing: u32,
}

impl Concealer {
    pub(super) fn new() -> Self {
        Self { history: [0; HISTORY], period: Vec::with_capacity(LONGEST), missing: 0 }
    }

    /// Whether what it would make up has faded out.
    pub(super) fn is_silent(&self) -> bool {
        self.missing >= FULL + FADE
    }

    /// Takes a frame that arrived, in part or `whole`; the start of a whole one after a gap is
    /// blended with what was made up.
    pub(super) fn play(&mut self, frame: &mut [i16; FRAME_SAMPLES], whole: bool) {
        if whole && self.missing > 0 {
            for (n, sample) in (0..).zip(frame.iter_mut().take(RECOVERY)) {
                let (real, made_up) = (i32::from(*sample), i32::from(self.next()));
                let weight = n * 1024 / RECOVERY as i32;
                *sample = ((real * weight + made_up * (1024 - weight)) / 1024) as i16;
            }
        }
        self.missing = 0;
        self.remember(frame);
    }

    /// Makes up a frame.
    pub(super) fn conceal(&mut self, frame: &mut [i16; FRAME_SAMPLES]) {
        if self.missing == 0 {
            self.find_period();
        }
        frame.fill_with(|| self.next());
    }

    fn remember(&mut self, frame: &[i16; FRAME_SAMPLES]) {
        self.history.copy_within(FRAME_SAMPLES.., 0);
        let newest = self.history.iter_mut().rev();
        newest.zip(frame.iter().rev()).for_each(|(to, from)| *to = *from);
    }

    /// The next made-up sample.
    fn next(&mut self) -> i16 {
        let at = self.missing as usize % self.period.len().max(1);
        let sample = self.period.get(at).copied().unwrap_or(0);
        let faded = self.missing.saturating_sub(FULL).min(FADE);
        self.missing = self.missing.saturating_add(1);
        (i32::from(sample) * (FADE - faded) as i32 / FADE as i32) as i16
    }

    /// Takes the last pitch period; its end is blended with what came before its start, so that
    /// it can be repeated without a step.
    fn find_period(&mut self) {
        let pitch = self.pitch();
        let (before, last) = self.history.split_at(HISTORY - pitch);
        self.period.clear();
        self.period.extend_from_slice(last);
        let blended = pitch / 4;
        let ends = self.period.iter_mut().rev().zip(before.iter().rev());
        for (n, (end, earlier)) in (0..).zip(ends.take(blended)) {
            let weight = n * 1024 / blended as i32;
            let mixed = i32::from(*end) * weight + i32::from(*earlier) * (1024 - weight);
            *end = (mixed / 1024) as i16;
        }
    }

    /// The lag at which the newest samples resemble earlier ones most.
    fn pitch(&self) -> usize {
        let newest = self.history.iter().rev().take(COMPARED);
        (SHORTEST..=LONGEST)
            .map(|lag| {
                let earlier = self.history.iter().rev().skip(lag).take(COMPARED);
                let (mut product, mut energy) = (0_i64, 1_i64);
                for (a, b) in newest.clone().zip(earlier) {
                    product += i64::from(*a) * i64::from(*b);
                    energy += i64::from(*b) * i64::from(*b);
                }
                (lag, product as f64 / (energy as f64).sqrt())
            })
            .fold((SHORTEST, f64::MIN), |best, next| if next.1 > best.1 { next } else { best })
            .0
    }
}
