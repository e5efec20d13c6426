//! Media packets, counted until they are worth an arrow.

use super::layout::{Hue, Row};
use crate::record::WireKind;
use std::mem::take;
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
    /// What the last arrows show.
    drawn: (Run, Run),
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

    /// Packets since the last arrows, both ways.
    pub(super) const fn packets(&self) -> u64 {
        self.rightward.total() + self.leftward.total()
    }

    /// The arrows for what was counted between the columns `ends`; counting starts anew.
    pub(super) fn draw(&mut self, ends: (usize, usize), single: bool) -> Vec<Row> {
        self.drawn = (take(&mut self.rightward), take(&mut self.leftward));
        self.arrows(self.drawn, ends, single)
    }

    /// The last arrows with what came after them.
    pub(super) fn joined(&mut self, ends: (usize, usize), single: bool) -> Vec<Row> {
        let (right, left) = self.drawn;
        self.drawn = (right.and(take(&mut self.rightward)), left.and(take(&mut self.leftward)));
        self.arrows(self.drawn, ends, single)
    }

    fn arrows(
        &self, (right, left): (Run, Run), (from, to): (usize, usize), single: bool,
    ) -> Vec<Row> {
        let right = right.arrow(from, to, self.secured, single);
        right.into_iter().chain(left.arrow(to, from, self.secured, single)).collect()
    }
}

impl Run {
    /// This run and a later one as one.
    fn and(self, later: Self) -> Self {
        Self {
            first: self.first.or(later.first),
            last: self.last.max(later.last),
            rtp_sent: self.rtp_sent + later.rtp_sent,
            rtp_received: self.rtp_received + later.rtp_received,
            rtcp: self.rtcp + later.rtcp,
        }
    }

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
