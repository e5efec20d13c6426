//! What timestamps count.

use std::time::Duration;

/// A time in units of a clock rate in Hz, modulo 2³². RFC 3550 §5.1.
pub(crate) fn ticks(time: Duration, clock_rate: u32) -> u32 {
    (time.as_micros() * u128::from(clock_rate) / 1_000_000) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_wraps_and_a_fraction_is_cut_off() {
        assert_eq!(ticks(Duration::from_micros(19_999), 8000), 159);
        assert_eq!(ticks(Duration::from_millis(20), 48_000), 960);
        let day = Duration::from_secs(86_400);
        assert_eq!(ticks(day, 90_000), (86_400_u64 * 90_000) as u32);
    }
}
