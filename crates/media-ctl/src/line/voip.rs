//! How the call is here, for the peer that wants to know. RFC 3611 §4.7.
//!
//! What is not measured is said to be unavailable: how loud speech, silence and echo are, and whatever
//! is beyond this side.

use super::running::Line;
use crate::audio::FRAME_TIME;
use crate::rtcp::VoipMetrics;
use crate::rtp::{GMIN, Losses};
use crate::stream::MOST_DELAY;
use crate::{Quality, Stats};
use std::time::Duration;

/// What is lost is filled in by a simple algorithm (PLC = 11), and the jitter buffer adapts (JBA = 11) at
/// a rate that is not known. RFC 3611 §4.7.6.
const RX_CONFIG: u8 = 0b1111_0000;

impl Line {
    /// How the call is here, of what was received of this source.
    pub(super) fn voip(&self, ssrc: u32) -> VoipMetrics {
        of(ssrc, &self.stats(), self.receiver.losses(), self.inbound.packet_time())
    }
}

fn of(ssrc: u32, stats: &Stats, losses: Losses, packet_time: Duration) -> VoipMetrics {
    let Losses { discarded, bursts, burst, gap } = losses;
    let expected = losses.expected();
    // RFC 3611 §A.2: gaps are as many as bursts.
    let mean = |packets: u32| ms(packet_time * packets / bursts.max(1));
    let quality = Quality::of(stats);
    // Delay counts in it, and is not known without a round trip.
    let conversing = quality.filter(|_| stats.round_trip.is_some());
    let score = |quality: Quality| (quality.mos * 10.0).round() as u8;
    VoipMetrics {
        ssrc,
        loss_rate: share(losses.lost(), expected),
        discard_rate: share(discarded, expected),
        burst_density: share(burst.1, burst.0),
        gap_density: share(gap.1, gap.0),
        burst_duration: if bursts == 0 { 0 } else { mean(burst.0) },
        gap_duration: mean(gap.0),
        round_trip: stats.round_trip.map_or(0, ms),
        end_system_delay: ms(FRAME_TIME + stats.playout_delay),
        gmin: GMIN,
        r_factor: conversing.map(|quality| quality.r_factor.round() as u8),
        mos_lq: Quality::of_listening(stats).map(score),
        mos_cq: conversing.map(score),
        rx_config: RX_CONFIG,
        jb_nominal: ms(stats.playout_delay),
        jb_maximum: ms(MOST_DELAY),
        jb_absolute_maximum: ms(MOST_DELAY),
        ..VoipMetrics::default()
    }
}

/// A share in 256ths, 255 at most.
fn share(part: u32, whole: u32) -> u8 {
    let share = (u64::from(part) << 8).checked_div(whole.into()).unwrap_or(0);
    u8::try_from(share).unwrap_or(u8::MAX)
}

/// Milliseconds, 65 535 at most.
fn ms(time: Duration) -> u16 {
    u16::try_from(time.as_millis()).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(round_trip: Option<u64>) -> Stats {
        Stats {
            heard: 500,
            concealed: 5,
            round_trip: round_trip.map(Duration::from_millis),
            playout_delay: Duration::from_millis(60),
            ..Stats::default()
        }
    }

    /// The example of RFC 3611 §4.7.2, at 10 ms a packet. It has rates of 5 % and 4 %, of which it makes
    /// 12 and 10; by the rule, the integer parts of 256ths, it is 12 and 10 of 51.
    #[test]
    fn losses_are_told_in_256ths_and_durations_in_ms() {
        let losses = Losses { discarded: 3, bursts: 1, burst: (12, 4), gap: (51, 2) };
        let told = of(9, &heard(Some(100)), losses, Duration::from_millis(10));
        let rates = [told.loss_rate, told.discard_rate, told.burst_density, told.gap_density];
        assert_eq!(rates, [12, 12, 85, 10]);
        assert_eq!((told.burst_duration, told.gap_duration), (120, 510));
        assert_eq!((told.ssrc, told.round_trip, told.end_system_delay), (9, 100, 80));
        assert_eq!((told.jb_nominal, told.jb_maximum, told.jb_absolute_maximum), (60, 400, 400));
        let all = Losses { gap: (7, 7), ..Losses::default() };
        let told = of(9, &heard(None), all, Duration::from_millis(10));
        assert_eq!((told.loss_rate, told.burst_duration, told.gap_duration), (255, 0, 70));
        let long = Losses { bursts: 1, burst: (900, 900), gap: (900, 0), ..Losses::default() };
        let told = of(9, &heard(None), long, Duration::from_millis(100));
        assert_eq!((told.burst_duration, told.gap_duration), (u16::MAX, u16::MAX));
    }

    #[test]
    fn what_is_not_known_is_not_made_up() {
        let of = |stats: &Stats| of(9, stats, Losses::default(), Duration::from_millis(20));
        let nothing = of(&Stats::default());
        assert_eq!((nothing.r_factor, nothing.mos_lq, nothing.mos_cq), (None, None, None));
        let near = of(&heard(None));
        assert_eq!((near.r_factor, near.mos_cq, near.round_trip), (None, None, 0));
        assert!(near.mos_lq.is_some());
        let far = of(&heard(Some(600)));
        assert!(far.mos_cq < far.mos_lq && far.mos_lq == near.mos_lq, "{far:?}");
        assert!((55..62).contains(&far.r_factor.unwrap()), "{far:?}");
        for metrics in [nothing, near, far] {
            assert_eq!((metrics.signal_level, metrics.noise_level), (None, None));
            let beyond = (metrics.residual_echo_return_loss, metrics.external_r_factor);
            assert_eq!((beyond, metrics.gmin), ((None, None), 16));
        }
    }
}
