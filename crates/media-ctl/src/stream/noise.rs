//! Comfort noise: what is heard of a peer that says nothing, and says how loud its room is. RFC 3389.

/// The amplitude of the square wave that 0 dBov is, of 16 bits: µ-law's 8 031 of 14. RFC 3389 §3.1.
const OVERLOAD: f64 = 32_124.0;

/// White noise: what comfort noise is without its spectrum, which may be ignored. RFC 3389 §3.3.
#[derive(Debug)]
pub(super) struct Noise {
    /// Of a linear congruential generator: it need only sound like chance.
    state: u32,
}

impl Noise {
    pub(super) const fn new() -> Self {
        Self { state: 1 }
    }

    /// Fills a frame with noise of this level in −dBov.
    pub(super) fn fill(&mut self, level: u8, frame: &mut [i16]) {
        // The power of what is spread evenly up to a peak is a third of the peak's.
        let peak = OVERLOAD * 10_f64.powf(-f64::from(level) / 20.0) * 3_f64.sqrt();
        let peak = peak.min(f64::from(i16::MAX));
        frame.fill_with(|| (peak * self.next()).round() as i16);
    }

    /// −1 to 1.
    fn next(&mut self) -> f64 {
        // Numerical Recipes' constants; the high bits are the random ones.
        self.state = self.state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(self.state >> 8) / f64::from(1_u32 << 23) - 1.0
    }
}

/// The level that a payload says, in −dBov; what follows it is the spectrum. `None` for an empty one.
/// RFC 3389 §3.
pub(crate) fn level(payload: &[u8]) -> Option<u8> {
    // The highest bit says nothing.
    payload.first().map(|octet| octet & 0x7f)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The power of noise of this level, in −dBov.
    fn measured(level: u8) -> f64 {
        let mut frame = [0; 8000];
        Noise::new().fill(level, &mut frame);
        let power = frame.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / 8000.0;
        -10.0 * (power / OVERLOAD.powi(2)).log10()
    }

    #[test]
    fn noise_is_as_loud_as_is_said() {
        for level in [6, 20, 40, 55, 70, 78] {
            let measured = measured(level);
            assert!((measured - f64::from(level)).abs() < 0.6, "{level}: {measured}");
        }
        // Louder than the loudest is not louder, and too soft to be said is silence.
        assert!(measured(0) > 4.0);
        let mut frame = [1; 160];
        Noise::new().fill(127, &mut frame);
        assert_eq!(frame, [0; 160]);
    }

    #[test]
    fn the_level_is_the_first_octet_and_the_rest_is_ignored() {
        for (payload, said) in [(&[][..], None), (&[50], Some(50)), (&[0xc0, 1, 2, 3], Some(64))] {
            assert_eq!(level(payload), said);
        }
    }
}
