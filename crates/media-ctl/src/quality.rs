//! How a call sounds, by figures alone: the E-model of ITU-T G.107, simplified.
//!
//! ```text
//!   R   = 93.2 − Id − Ie,eff
//!   Id  = 0.024 d + 0.11 (d − 177.3) where d > 177.3 ms        (Cole and Rosenbluth, 2001)
//!   Ie,eff = Ie + (95 − Ie) · Ppl / (Ppl + Bpl)                (G.107, clause 7.3, random loss: BurstR = 1)
//!   MOS = 1 + 0.035 R + R (R − 60) (100 − R) · 7 · 10⁻⁶        (G.107 Annex B)
//! ```
//!
//! All that is not measured has G.107's default: no noise, no echo, no loudness that is wrong. `Ie` and
//! `Bpl` are those of G.711 with concealment (G.113 Appendix I: 0 and 25.1) for every codec, on the
//! narrowband scale: for G.722 and Opus it says what losses and delay cost, and not that they sound
//! better. `Ppl` is what was made up of what was heard, so that late packets count and recovered ones do
//! not.

use crate::Stats;
use std::time::Duration;

/// R without any impairment but what the defaults make. G.107, clause 7.1, rounded as is usual.
const BEST: f64 = 93.2;

/// How robust G.711 with concealment is to losses. G.113 Appendix I.
const ROBUSTNESS: f64 = 25.1;

/// Frames of 20 ms that must have been heard for a figure to mean something: 1 s.
const FEWEST: u64 = 50;

/// Delays beside the network's and the jitter buffer's: of a packet that fills.
const PACKET: Duration = Duration::from_millis(20);

/// How a call sounds on this side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quality {
    /// The transmission rating factor, 0 to 93.2. ITU-T G.107.
    pub r_factor: f64,
    /// The mean opinion score that it stands for, 1 to 4.4. ITU-T G.107 Annex B.
    pub mos: f64,
}

impl Quality {
    /// By what was counted; `None` where less than a second was heard. Without a round-trip time, the
    /// network is taken to have no delay.
    pub fn of(stats: &Stats) -> Option<Self> {
        if stats.heard < FEWEST {
            return None;
        }
        let network = stats.round_trip.unwrap_or_default() / 2;
        let delay = network + stats.playout_delay + PACKET;
        Some(Self::rated(delay.as_secs_f64() * 1000.0, made_up(stats)))
    }

    /// The same for who only listens, to whom delay is nothing: losses alone count.
    pub(crate) fn of_listening(stats: &Stats) -> Option<Self> {
        (stats.heard >= FEWEST).then(|| Self::rated(0.0, made_up(stats)))
    }

    /// By the delay from mouth to ear in milliseconds, and the share of what was made up in percent.
    fn rated(delay: f64, lost: f64) -> Self {
        let delayed = 0.024 * delay + 0.11 * (delay - 177.3).max(0.0);
        let impaired = 95.0 * lost / (lost + ROBUSTNESS);
        let r_factor = (BEST - delayed - impaired).max(0.0);
        let curve = r_factor * (r_factor - 60.0) * (100.0 - r_factor) * 7e-6;
        Self { r_factor, mos: (1.0 + 0.035 * r_factor + curve).max(1.0) }
    }
}

/// The share of what was heard that was made up, in percent.
fn made_up(stats: &Stats) -> f64 {
    100.0 * stats.concealed.min(stats.heard) as f64 / stats.heard.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// (delay, loss) → R, by the formulas of the module's documentation; MOS for R by G.107 Annex B: R of
    /// 90, 80, 70, 60 and 50 are 4.34, 4.03, 3.60, 3.10 and 2.58 there (table B.1).
    #[test]
    fn delay_and_loss_cost_what_the_model_says() {
        for (delay, lost, r) in [
            (0.0, 0.0, 93.2),
            (100.0, 0.0, 90.8),
            (277.3, 0.0, 75.5),
            (0.0, 5.0, 77.4),
            (0.0, 20.0, 51.1),
        ] {
            let rated = Quality::rated(delay, lost).r_factor;
            assert!((rated - r).abs() < 0.1, "{delay} ms, {lost} %: {rated}");
        }
        for (r, mos) in [(90.0, 4.34), (80.0, 4.03), (70.0, 3.60), (60.0, 3.10), (50.0, 2.58)] {
            // The delay that makes this R, below the knee or beyond it.
            let short = (BEST - r) / 0.024;
            let long = (BEST - r + 0.11 * 177.3) / 0.134;
            let rated = Quality::rated(if short <= 177.3 { short } else { long }, 0.0);
            assert!((rated.r_factor - r).abs() < 0.01, "{rated:?}");
            assert!((rated.mos - mos).abs() < 0.01, "{rated:?}");
        }
        assert_eq!(Quality::rated(10_000.0, 100.0), Quality { r_factor: 0.0, mos: 1.0 });
    }

    #[test]
    fn what_is_heard_and_how_late_makes_the_quality() {
        let heard = |heard, concealed, round_trip: u64| {
            let round_trip = Some(Duration::from_millis(round_trip));
            let playout_delay = Duration::from_millis(60);
            Quality::of(&Stats { heard, concealed, round_trip, playout_delay, ..Stats::default() })
        };
        assert_eq!(heard(49, 0, 0), None);
        let [good, far, lossy] = [heard(500, 0, 10), heard(500, 0, 600), heard(500, 50, 10)];
        assert!(good.unwrap().mos > 4.3, "{good:?}");
        assert!(far.unwrap().mos < good.unwrap().mos - 0.5, "{far:?}");
        assert!(lossy.unwrap().mos < good.unwrap().mos - 0.5, "{lossy:?}");
        assert!(heard(500, 1000, 0).unwrap().mos >= 1.0);
    }
}
