//! How much of what was said was heard: the measure of `countersign demo`.

use super::SAMPLE_RATE;

/// What is left out at the start of `heard`: both sides' sessions start, and buffers fill.
const SETTLING: usize = SAMPLE_RATE as usize / 2;

/// The largest lag looked at, either way.
const MAX_LAG: isize = SAMPLE_RATE as isize;

/// The shortest overlap that says anything.
const MIN_OVERLAP: usize = SAMPLE_RATE as usize / 2;

/// Samples that the coarse search takes as one.
const COARSE: usize = 4;

/// The peak of the normalised cross-correlation of two 8 kHz signals over lags of ± 1 s, leaving
/// out the first 500 ms of `heard`: 1 for the same signal, near 0 for unrelated ones.
///
/// Signals that overlap by less than 500 ms, and silence, give 0.
///
/// The search is direct: first over all lags at a quarter of the rate (for 10 s, 20 000 × 4 000
/// products, less than a transform would save), then sample by sample around the best. What is
/// returned is the full-rate correlation at one lag, so a coarse search gone astray can only
/// understate it.
pub fn similarity(said: &[i16], heard: &[i16]) -> f64 {
    let heard = heard.get(SETTLING..).unwrap_or_default();
    // `heard` lost its start, so a lag of 0 now pairs `heard[0]` with `said[SETTLING]`.
    let said = said.get(SETTLING..).map_or_else(Signal::default, |_| Signal::new(said));
    let heard = Signal::new(heard);
    let origin = SETTLING as isize;
    let coarse = COARSE as isize;
    let (around, _) = best(
        &said.coarse(),
        &heard.coarse(),
        (origin - MAX_LAG) / coarse..=(origin + MAX_LAG) / coarse,
        MIN_OVERLAP / COARSE,
    );
    let fine = (around - 2) * coarse..=(around + 2) * coarse;
    best(&said, &heard, fine, MIN_OVERLAP).1
}

/// The lag in `lags` with the largest correlation, and that correlation.
fn best(
    said: &Signal, heard: &Signal, lags: std::ops::RangeInclusive<isize>, min_overlap: usize,
) -> (isize, f64) {
    lags.map(|lag| (lag, correlation(said, heard, lag, min_overlap)))
        .fold((0, 0.0), |best, next| if next.1 > best.1 { next } else { best })
}

/// The normalised correlation of `heard[i]` with `said[i + lag]` where both exist.
fn correlation(said: &Signal, heard: &Signal, lag: isize, min_overlap: usize) -> f64 {
    let skip_said = usize::try_from(lag).unwrap_or(0);
    let skip_heard = usize::try_from(-lag).unwrap_or(0);
    let said_after = said.samples.len().saturating_sub(skip_said);
    let heard_after = heard.samples.len().saturating_sub(skip_heard);
    let length = said_after.min(heard_after);
    if length < min_overlap {
        return 0.0;
    }
    let product: i64 = said
        .samples
        .iter()
        .skip(skip_said)
        .zip(heard.samples.iter().skip(skip_heard))
        .map(|(a, b)| i64::from(*a) * i64::from(*b))
        .sum();
    let energy = said.energy(skip_said, length) * heard.energy(skip_heard, length);
    if energy > 0.0 { product as f64 / energy.sqrt() } else { 0.0 }
}

/// A signal, and the energy of each of its beginnings, so that any part's is a difference.
#[derive(Default)]
struct Signal {
    samples: Vec<i16>,
    energies: Vec<u64>,
}

impl Signal {
    fn new(samples: &[i16]) -> Self {
        let squares = samples.iter().map(|s| u64::from(s.unsigned_abs()).pow(2));
        let running = squares.scan(0_u64, |sum, square| {
            *sum += square;
            Some(*sum)
        });
        Self { energies: std::iter::once(0).chain(running).collect(), samples: samples.to_vec() }
    }

    /// The means of [`COARSE`] samples each: a crude low-pass and a lower rate.
    fn coarse(&self) -> Self {
        let mean = |chunk: &[i16]| {
            (chunk.iter().copied().map(i32::from).sum::<i32>() / COARSE as i32) as i16
        };
        Self::new(&self.samples.chunks_exact(COARSE).map(mean).collect::<Vec<_>>())
    }

    fn energy(&self, from: usize, length: usize) -> f64 {
        let at = |index: usize| self.energies.get(index).copied().unwrap_or_default();
        at(from + length).saturating_sub(at(from)) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::Speech;
    use proptest::prelude::*;

    fn delayed(samples: &[i16], by: usize) -> Vec<i16> {
        let mut heard = vec![0; by];
        heard.extend_from_slice(samples);
        heard
    }

    #[test]
    fn the_same_signal_is_1_and_silence_is_0() {
        let said = Speech::samples(1, 24_000);
        assert!(similarity(&said, &said) > 0.999_999);
        assert!(similarity(&said, &[0; 24_000]) == 0.0);
        assert!(similarity(&said, &[]) == 0.0);
        assert!(similarity(&[], &said) == 0.0);
    }

    #[test]
    fn a_lag_over_a_second_is_not_found() {
        let said = Speech::samples(3, 32_000);
        assert!(similarity(&said, &delayed(&said, 10_000)) < 0.5);
    }

    #[test]
    fn half_of_it_lost_is_well_under_the_demo_s_bound() {
        let said = Speech::samples(4, 32_000);
        let mut heard = said.clone();
        heard.chunks_mut(320).step_by(2).for_each(|gap| gap.fill(0));
        let found = similarity(&said, &heard);
        assert!((0.6..0.8).contains(&found), "{found}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4))]

        #[test]
        fn any_lag_within_a_second_is_found(by in 0_usize..7_000, earlier: bool) {
            let said = Speech::samples(5, 16_000);
            let found = if earlier {
                similarity(&said, &said[by..])
            } else {
                similarity(&said, &delayed(&said, by))
            };
            prop_assert!(found > 0.999, "{found}");
        }
    }
}
