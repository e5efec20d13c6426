//! Media packets, counted until they are worth an arrow.

use super::layout::{Hue, Row};
use crate::record::WireKind;
use std::time::Duration;

/// What went one way.
#[derive(Clone, Copy, Debug, Default)]
struct Run {
    first: Option<Duration>,
    last: Duration,
    rtp_sent: u64,
    rtp_received: u64,
    rtcp: u64,
}

/// Both ways since the last arrows.
#[derive(Debug, Default)]
pub(super) struct MediaRuns {
    /// Whether the packets are SRTP.
    pub(super) secured: bool,
    rightward: Run,
    leftward: Run,
}

impl MediaRuns {
    /// Counts a packet that the `left` or the right terminal sent or received.
    pub(super) fn add(&mut self, left: bool, sent: bool, kind: WireKind, at: Duration) {
        let run = if left == sent { &mut self.rightward } else { &mut self.leftward };
        run.first.get_or_insert(at);
        run.last = at;
        match (kind, sent) {
            (WireKind::Rtp, true) => run.rtp_sent += 1,
            (WireKind::Rtp, false) => run.rtp_received += 1,
            _ => run.rtcp += 1,
        }
    }

    /// The arrows for what was counted, and starts anew; none below `least` packets.
    pub(super) fn take(&mut self, least: u64, left: usize, right: usize, single: bool) -> Vec<Row> {
        if self.rightward.total() + self.leftward.total() < least {
            return Vec::new();
        }
        let runs = [
            (std::mem::take(&mut self.rightward), left, right),
            (std::mem::take(&mut self.leftward), right, left),
        ];
        runs.into_iter()
            .filter_map(|(run, from, to)| run.arrow(from, to, self.secured, single))
            .collect()
    }
}

impl Run {
    const fn total(&self) -> u64 {
        self.rtp_sent + self.rtp_received + self.rtcp
    }

    fn arrow(&self, from: usize, to: usize, secured: bool, single: bool) -> Option<Row> {
        let at = self.first?;
        let packets = self.rtp_sent.max(self.rtp_received);
        let name = if secured { "SRTP" } else { "RTP" };
        let seconds = self.last.saturating_sub(at).as_secs_f64();
        let mut detail = format!("{seconds:.1} s");
        if self.rtcp > 0 {
            // Between two terminals each packet is seen twice.
            let seen = if single { self.rtcp } else { self.rtcp.div_ceil(2) };
            detail.push_str(&format!(", {seen} of {}", if secured { "SRTCP" } else { "RTCP" }));
        }
        if !single && self.rtp_received != packets {
            detail.push_str(&format!(", {} arrived", self.rtp_received));
        }
        Some(Row::Arrow {
            at,
            from,
            to,
            label: format!("{name} × {packets}"),
            detail,
            hue: Hue::Media,
        })
    }
}
