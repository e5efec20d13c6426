//! RTCP: what the peer's reports say, and ours. RFC 3550 §6.

use super::running::{LastSr, Line};
use crate::rtcp::{self, Item, Outgoing, PeerReport, SenderInfo};
use crate::rtp::ticks;
use crate::stats::Reason;
use crate::transport::Channel;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How often our SSRC is changed in a call: with chance alone, never twice. With the first they are
/// four, which is what a sealer takes.
const MOST_COLLISIONS: u64 = 3;

impl Line {
    pub(super) fn on_rtcp(
        &mut self, now: Instant, source: SocketAddr, packet: &[u8],
    ) -> Result<(), Reason> {
        let here = self.outbound.sender().ssrc;
        let (mut last_sr, mut report, mut collides) = (None, None, false);
        let mut voip = None;
        let receiver = &mut self.receiver;
        let read = rtcp::read(packet, |item| match item {
            Item::SenderReport { ssrc, ntp_middle } => {
                collides |= ssrc == here;
                last_sr = Some(LastSr { ssrc, ntp_middle, at: now });
            }
            Item::PeerReport(block) if block.ssrc == here => report = Some(block),
            Item::Voip(metrics) if metrics.ssrc == here => voip = Some(metrics),
            Item::PeerReport(_) | Item::Voip(_) => {}
            Item::Bye(ssrc) => receiver.bye(ssrc),
        });
        read.ok_or(Reason::Malformed)?;
        self.last_sr = last_sr.or(self.last_sr);
        if let Some(report) = report {
            self.on_report(now, report);
        }
        self.counted.at_peer = voip.or(self.counted.at_peer);
        self.counted.reports_received += 1;
        if collides {
            self.on_collision(now, source);
        }
        Ok(())
    }

    /// The peer sends under our SSRC from there: ours is another from now on. A second time, from the
    /// same place, it is what we send that comes back, and would come back for ever. RFC 3550 §8.2.
    pub(super) fn on_collision(&mut self, now: Instant, source: SocketAddr) {
        if self.conflicting == Some(source) || self.counted.collisions >= MOST_COLLISIONS {
            return;
        }
        self.conflicting = Some(source);
        self.counted.collisions += 1;
        self.leave(now);
        let ssrc = self.outbound.sender().ssrc;
        self.outbound.renew(ssrc ^ (self.interval.number() | 1));
        self.reported = (0, 0);
    }

    /// RFC 3550 §6.4.1: the round-trip time is A − LSR − DLSR.
    fn on_report(&mut self, now: Instant, report: PeerReport) {
        self.counted.lost_by_peer = report.cumulative_lost.into();
        let jitter = Duration::from_secs(1) * report.jitter / self.outbound.clock_rate().max(1);
        self.counted.jitter_at_peer = Some(jitter);
        if report.last_sr == 0 {
            return;
        }
        let since = self.ntp_middle(now).wrapping_sub(report.last_sr);
        // A delay that was reported too long would make the time negative.
        if let Some(units) = since.checked_sub(report.delay_since_last_sr) {
            let time = Duration::from_secs(1) * units / 65_536;
            self.counted.round_trip = Some(time);
        }
    }

    /// RFC 3550 §6.3.7: who has never sent anything does not say BYE.
    pub(crate) fn say_bye(&mut self, now: Instant) {
        self.path.forget(Channel::Rtp);
        self.leave(now);
    }

    fn leave(&mut self, now: Instant) {
        if self.outbound.sender().packets > 0 || self.counted.reports_sent > 0 {
            self.report(now, true);
        }
    }

    /// Makes a compound packet: a sender's report if something was sent since the last one but one.
    /// RFC 3550 §6.4.
    pub(super) fn report(&mut self, now: Instant, bye: bool) {
        if !self.path.takes_reports() {
            return;
        }
        let source = self.outbound.sender();
        let sent = source.packets;
        let sender = (sent != self.reported.1).then(|| SenderInfo {
            ntp: self.ntp(now),
            timestamp: self.timestamp(now),
            // RFC 3550 §6.4.1: 32 bits, which wrap.
            packets: sent as u32,
            octets: source.octets as u32,
        });
        let reception = self.receiver.report();
        let voip = reception.filter(|_| self.agreement.voip_metrics).map(|of| self.voip(of.ssrc));
        let last_sr = self.last_sr.filter(|sr| reception.is_some_and(|of| of.ssrc == sr.ssrc));
        let since = |at: Instant| now.saturating_duration_since(at).as_nanos() * 65_536;
        let outgoing = Outgoing {
            ssrc: source.ssrc,
            cname: &self.cname,
            sender,
            reception,
            last_sr: last_sr.map_or(0, |sr| sr.ntp_middle),
            delay_since_last_sr: last_sr.map_or(0, |sr| (since(sr.at) / 1_000_000_000) as u32),
            voip,
            bye,
        };
        let Some(length) = rtcp::write(outgoing, self.path.buffer(Channel::Rtcp)) else {
            return;
        };
        self.reported = (sent, self.reported.0);
        let sealed = self.seal(Channel::Rtcp, length);
        self.counted.reports_sent += u64::from(sealed && self.path.leads_anywhere());
    }

    /// The RTP timestamp of this instant, between the last frame's and the next.
    fn timestamp(&self, now: Instant) -> u32 {
        let until_next = self.next_frame().saturating_duration_since(now);
        let next = self.outbound.sender().timestamp();
        next.wrapping_sub(ticks(until_next, self.outbound.clock_rate()))
    }

    /// The time since the start as an NTP timestamp: a clock that is not the wall's, which
    /// RFC 3550 §6.4.1 allows.
    fn ntp(&self, now: Instant) -> u64 {
        let elapsed = now.saturating_duration_since(self.started);
        let fraction = (u64::from(elapsed.subsec_nanos()) << 32) / 1_000_000_000;
        (elapsed.as_secs() << 32) | fraction
    }

    /// The middle 32 bits of [`ntp`](Self::ntp), in 1/65 536 s.
    fn ntp_middle(&self, now: Instant) -> u32 {
        (self.ntp(now) >> 16) as u32
    }
}
