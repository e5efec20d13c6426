//! Media packets, counted until they are worth an arrow.

use super::row::{Hue, Row};
use crate::record::{Entry, Lifeline, Packet, WireKind};
use std::collections::BTreeMap;
use std::mem::take;
use std::net::SocketAddr;
use std::time::Duration;

/// Which packets are one arrow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Way {
    leftward: bool,
    /// Whether they are SRTP.
    secured: bool,
}

/// What went one way.
#[derive(Clone, Copy, Debug, Default)]
struct Run {
    first: Option<Duration>,
    last: Duration,
    rtp_sent: u64,
    rtp_received: u64,
    rtcp: u64,
}

/// All ways since the last arrows.
#[derive(Debug, Default)]
pub(super) struct MediaRuns {
    /// Whether media was started as SRTP, by our address for RTP and for RTCP.
    secured: BTreeMap<SocketAddr, bool>,
    counted: BTreeMap<Way, Run>,
    /// What the last arrows show.
    drawn: BTreeMap<Way, Run>,
}

impl MediaRuns {
    /// Learns from the media controller's `start` whether a call's media is SRTP.
    pub(super) fn learn(&mut self, entry: &Entry) {
        if entry.from != Lifeline::MediaController || entry.label != "start" {
            return;
        }
        let agreed = entry.detail.split_once(" at ");
        let Some((profile, Ok(rtp))) = agreed.map(|(p, at)| (p, at.parse::<SocketAddr>())) else {
            return;
        };
        // RFC 3550 §11: RTCP is received at the next port.
        let rtcp = SocketAddr::new(rtp.ip(), rtp.port().wrapping_add(1));
        for address in [rtp, rtcp] {
            self.secured.insert(address, profile.starts_with("RTP/SAVP"));
        }
    }

    /// Counts a packet that the `left` or the right terminal sent or received.
    pub(super) fn add(&mut self, left: bool, packet: &Packet, kind: WireKind, at: Duration) {
        let secured = self.secured.get(&packet.local).copied().unwrap_or_default();
        let run = self.counted.entry(Way { leftward: left != packet.sent, secured }).or_default();
        run.first.get_or_insert(at);
        run.last = at;
        match (kind, packet.sent) {
            (WireKind::Rtp, true) => run.rtp_sent += 1,
            (WireKind::Rtp, false) => run.rtp_received += 1,
            _ => run.rtcp += 1,
        }
    }

    /// Packets since the last arrows, all ways.
    pub(super) fn packets(&self) -> u64 {
        self.counted.values().map(Run::total).sum()
    }

    /// The arrows for what was counted between the columns `ends`; counting starts anew.
    pub(super) fn draw(&mut self, ends: (usize, usize), single: bool) -> Vec<Row> {
        self.drawn = take(&mut self.counted);
        self.arrows(ends, single)
    }

    /// The last arrows with what came after them.
    pub(super) fn joined(&mut self, ends: (usize, usize), single: bool) -> Vec<Row> {
        for (way, later) in take(&mut self.counted) {
            let run = self.drawn.entry(way).or_default();
            *run = run.and(later);
        }
        self.arrows(ends, single)
    }

    fn arrows(&self, (left, right): (usize, usize), single: bool) -> Vec<Row> {
        let arrow = |(way, run): (&Way, &Run)| {
            let (from, to) = if way.leftward { (right, left) } else { (left, right) };
            run.arrow((from, to), way.secured, single)
        };
        self.drawn.iter().filter_map(arrow).collect()
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

    fn arrow(&self, (from, to): (usize, usize), secured: bool, single: bool) -> Option<Row> {
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
