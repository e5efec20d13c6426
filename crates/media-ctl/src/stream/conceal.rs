//! Concealment of what did not arrive: the last pitch period goes on and fades out. After G.711
//! Appendix I, without its output delay.

/// Milliseconds remembered: the longest pitch period, and what it is compared with.
const HISTORY: usize = 50;

/// Pitch periods looked for, in milliseconds: 66 to 200 Hz.
const SHORTEST: usize = 5;
const LONGEST: usize = 15;

/// Milliseconds compared to find the pitch.
const COMPARED: usize = 20;

/// Milliseconds at full loudness, and over which it fades out after them.
const FULL: u32 = 10;
const FADE: u32 = 50;

/// Milliseconds over which the real signal takes over again.
const RECOVERY: usize = 4;

/// The pitch is looked for at this rate or above, in samples a millisecond.
const COARSE: usize = 8;

/// Remembers what was played, and makes up what is missing.
#[derive(Debug)]
pub(super) struct Concealer {
    /// Samples a millisecond.
    ms: usize,
    history: Vec<i16>,
    /// The pitch period that is repeated.
    period: Vec<i16>,
    /// Samples made up since the last real one; 0 while all is well.
    missing: u32,
}

impl Concealer {
    /// For audio at this rate, in Hz.
    pub(super) fn new(rate: u32) -> Self {
        let ms = (rate / 1000).max(1) as usize;
        let period = Vec::with_capacity(LONGEST * ms);
        Self { ms, history: vec![0; HISTORY * ms], period, missing: 0 }
    }

    /// Whether what it would make up has faded out.
    pub(super) fn is_silent(&self) -> bool {
        self.missing >= (FULL + FADE) * self.ms as u32
    }

    /// Takes a frame that arrived, in part or `whole`; the start of a whole one after a gap is
    /// blended with what was made up.
    pub(super) fn play(&mut self, frame: &mut [i16], whole: bool) {
        if whole && self.missing > 0 {
            let recovery = RECOVERY * self.ms;
            for (n, sample) in (0..).zip(frame.iter_mut().take(recovery)) {
                let (real, made_up) = (i32::from(*sample), i32::from(self.next()));
                let weight = n * 1024 / recovery as i32;
                *sample = ((real * weight + made_up * (1024 - weight)) / 1024) as i16;
            }
        }
        self.missing = 0;
        self.remember(frame);
    }

    /// Makes up a frame.
    pub(super) fn conceal(&mut self, frame: &mut [i16]) {
        if self.missing == 0 {
            self.find_period();
        }
        frame.fill_with(|| self.next());
    }

    fn remember(&mut self, frame: &[i16]) {
        let kept = frame.len().min(self.history.len());
        self.history.copy_within(kept.., 0);
        let newest = self.history.iter_mut().rev();
        newest.zip(frame.iter().rev()).for_each(|(to, from)| *to = *from);
    }

    /// The next made-up sample.
    fn next(&mut self) -> i16 {
        let at = self.missing as usize % self.period.len().max(1);
        let sample = self.period.get(at).copied().unwrap_or(0);
        let (full, fade) = (FULL * self.ms as u32, FADE * self.ms as u32);
        let faded = self.missing.saturating_sub(full).min(fade);
        self.missing = self.missing.saturating_add(1);
        (i32::from(sample) * (fade - faded) as i32 / fade as i32) as i16
    }

    /// Takes the last pitch period; its end is blended with what came before its start, so that
    /// it can be repeated without a step.
    fn find_period(&mut self) {
        let pitch = self.pitch();
        let (before, last) = self.history.split_at(self.history.len() - pitch);
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
        let step = (self.ms / COARSE).max(1);
        let compared = COMPARED * self.ms;
        let newest = self.history.iter().rev().take(compared).step_by(step);
        (SHORTEST * self.ms..=LONGEST * self.ms)
            .step_by(step)
            .map(|lag| {
                let earlier = self.history.iter().rev().skip(lag).take(compared).step_by(step);
                let (mut product, mut energy) = (0_i64, 1_i64);
                for (a, b) in newest.clone().zip(earlier) {
                    product += i64::from(*a) * i64::from(*b);
                    energy += i64::from(*b) * i64::from(*b);
                }
                (lag, product as f64 / (energy as f64).sqrt())
            })
            .fold(
                (SHORTEST * self.ms, f64::MIN),
                |best, next| if next.1 > best.1 { next } else { best },
            )
            .0
    }
}
