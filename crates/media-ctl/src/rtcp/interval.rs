//! When the next report is due. RFC 3550 §6.2, §6.3, for two members.
//!
//! With two members and a session bandwidth of 64 kbit/s the computed interval is far below the
//! minimum, so the rule of §6.3.1 comes down to: `Tmin` = 5 s (2.5 s before the first report),
//! times a random factor of 0.5 to 1.5, divided by e − 3/2 to make up for timer reconsideration,
//! which never has anything to reconsider.

use std::time::Duration;

/// `Tmin`.
const MINIMUM: Duration = Duration::from_secs(5);

/// e − 3/2. RFC 3550 §6.3.1.
const COMPENSATION: f64 = std::f64::consts::E - 1.5;

/// The intervals between reports.
#[derive(Debug)]
pub(crate) struct Interval {
    /// Of a linear congruential generator: the factor only has to differ between members.
    state: u32,
    initial: bool,
}

impl Interval {
    pub(crate) fn new(seed: u32) -> Self {
        Self { state: seed, initial: true }
    }

    /// The next number: its high bits are the random ones.
    pub(crate) fn number(&mut self) -> u32 {
        // Numerical Recipes' constants.
        self.state = self.state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.state
    }

    /// The time until the next report.
    pub(crate) fn next(&mut self) -> Duration {
        self.number();
        let factor = 0.5 + f64::from(self.state >> 8) / f64::from(1 << 24);
        let minimum = if self.initial { MINIMUM / 2 } else { MINIMUM };
        self.initial = false;
        minimum.mul_f64(factor / COMPENSATION)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_stay_within_the_rule_and_vary() {
        let mut interval = Interval::new(1);
        let first = interval.next().as_secs_f64();
        assert!((1.02..3.08).contains(&first));
        let intervals: Vec<_> = (0..1000).map(|_| interval.next().as_secs_f64()).collect();
        assert!(intervals.iter().all(|t| (2.05..6.16).contains(t)));
        let mean = intervals.iter().sum::<f64>() / 1000.0;
        assert!((3.9..4.3).contains(&mean), "{mean}");
    }
}
