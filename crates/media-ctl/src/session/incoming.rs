//! What came in: only from where it was agreed, only through the guard, only what can be right.

use super::event::{Channel, Event};
use super::media::{LastSr, MAX_PACKET, Media};
use crate::rtcp::{self, Item, PeerReport};
use crate::rtp::Verdict;
use rtp_types::RtpPacket;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

impl Media {
    pub(super) fn on_packet(
        &mut self, now: Instant, channel: Channel, source: SocketAddr, octets: &[u8],
    ) {
        if !self.may_come_from(channel, source) {
            self.counted.dropped.wrong_address += 1;
            return;
        }
        let mut buffer = std::mem::take(&mut self.inbound);
        match buffer.get_mut(..octets.len().min(MAX_PACKET)) {
            Some(packet) if packet.len() == octets.len() => {
                packet.copy_from_slice(octets);
                self.open(now, channel, source, packet);
            }
            _ => self.counted.dropped.malformed += 1,
        }
        self.inbound = buffer;
    }

    /// Plain media counts only from the agreed address; secured media from anywhere, if its tag
    /// verifies.
    fn may_come_from(&self, channel: Channel, source: SocketAddr) -> bool {
        let agreed = self.remote.map(|remote| match channel {
            Channel::Rtp => remote.rtp,
            Channel::Rtcp => remote.rtcp,
        });
        agreed.is_some() && (self.agreement.profile.is_secure() || agreed == Some(source))
    }

    fn open(&mut self, now: Instant, channel: Channel, source: SocketAddr, packet: &mut [u8]) {
        let opened = match channel {
            Channel::Rtp => self.guard.opener.open_rtp(packet),
            Channel::Rtcp => self.guard.opener.open_rtcp(packet),
        };
        let length = match opened {
            Ok(length) => length,
            Err(reason) => return self.counted.dropped.count(reason),
        };
        let packet = packet.get(..length).unwrap_or_default();
        let accepted = match channel {
            Channel::Rtp => self.on_rtp(now, packet),
            Channel::Rtcp => self.on_rtcp(now, packet),
        };
        if accepted {
            self.latch(channel, source);
            self.on_heard(now);
        }
    }

    /// Returns whether the packet was accepted.
    fn on_rtp(&mut self, now: Instant, packet: &[u8]) -> bool {
        let Ok(packet) = RtpPacket::parse(packet) else {
            self.counted.dropped.malformed += 1;
            return false;
        };
        if !self.agreement.direction.receives() {
            self.counted.dropped.unexpected += 1;
            return false;
        }
        let payload_type = packet.payload_type();
        let formats = &self.agreement.understood;
        let Some(format) = formats.iter().find(|f| f.payload_type == payload_type) else {
            self.counted.dropped.wrong_payload += 1;
            return false;
        };
        let (ssrc, timestamp) = (packet.ssrc(), packet.timestamp());
        let verdict = if ssrc == self.sender.ssrc {
            // RFC 3550 §8.2: a loop, or a collision that the peer has to resolve.
            Verdict::Dropped
        } else {
            self.receiver.packet(now, ssrc, packet.sequence_number(), timestamp)
        };
        match verdict {
            Verdict::Dropped => {
                self.counted.dropped.wrong_source += 1;
                return false;
            }
            Verdict::NewSource => self.jitter.reset(),
            Verdict::Heard => {}
        }
        self.jitter.put(timestamp, packet.marker_bit(), format.codec, packet.payload());
        self.counted.packets_received += 1;
        self.counted.octets_received += packet.payload_len() as u64;
        true
    }

    /// Returns whether the packet was accepted.
    fn on_rtcp(&mut self, now: Instant, packet: &[u8]) -> bool {
        let here = self.sender.ssrc;
        let (mut last_sr, mut report) = (None, None);
        let receiver = &mut self.receiver;
        let read = rtcp::read(packet, |item| match item {
            Item::SenderReport { ssrc, ntp_middle } => {
                last_sr = Some(LastSr { ssrc, ntp_middle, at: now });
            }
            Item::PeerReport(block) if block.ssrc == here => report = Some(block),
            Item::PeerReport(_) => {}
            Item::Bye(ssrc) => receiver.bye(ssrc),
        });
        if read.is_none() {
            self.counted.dropped.malformed += 1;
            return false;
        }
        self.last_sr = last_sr.or(self.last_sr);
        if let Some(report) = report {
            self.on_report(now, report);
        }
        self.counted.reports_received += 1;
        true
    }

    /// RFC 3550 §6.4.1: the round-trip time is A − LSR − DLSR.
    fn on_report(&mut self, now: Instant, report: PeerReport) {
        self.counted.lost_by_peer = report.cumulative_lost.into();
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

    /// Secured media goes where its authenticated packets come from; plain media stays.
    fn latch(&mut self, channel: Channel, source: SocketAddr) {
        if !self.agreement.profile.is_secure() {
            return;
        }
        if let Some(remote) = &mut self.remote {
            match channel {
                Channel::Rtp => remote.rtp = source,
                Channel::Rtcp => remote.rtcp = source,
            }
        }
    }

    fn on_heard(&mut self, now: Instant) {
        if self.counted.packets_received + self.counted.reports_received == 1 {
            self.events.push_back(Event::Heard);
        }
        self.heard = now;
        self.timed_out = false;
    }
}
