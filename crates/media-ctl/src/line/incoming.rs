//! What came in: only what can be right.

use super::event::Event;
use super::running::Line;
use crate::rtp::{Header, Verdict};
use crate::stats::Reason;
use crate::transport::Channel;
use rtp_types::RtpPacket;
use std::net::SocketAddr;
use std::time::Instant;

impl Line {
    /// Takes a datagram that came in.
    pub(crate) fn on_packet(
        &mut self, now: Instant, channel: Channel, source: SocketAddr, octets: &[u8],
    ) {
        let mut room = std::mem::take(&mut self.room);
        let opened = self.path.open(channel, source, octets, &mut room);
        let accepted = opened.and_then(|packet| match channel {
            Channel::Rtp => self.on_rtp(now, packet),
            Channel::Rtcp => self.on_rtcp(now, packet),
        });
        self.room = room;
        match accepted {
            Ok(()) => {
                self.path.latch(channel, source);
                self.on_heard(now);
            }
            Err(reason) => self.counted.dropped.count(reason),
        }
    }

    fn on_rtp(&mut self, now: Instant, packet: &[u8]) -> Result<(), Reason> {
        let packet = RtpPacket::parse(packet).map_err(|_| Reason::Malformed)?;
        if !self.agreement.direction.receives() {
            return Err(Reason::Unexpected);
        }
        let payload_type = packet.payload_type();
        let mut formats = self.agreement.understood.iter();
        let format = formats.find(|format| format.payload_type == payload_type);
        let codec = format.ok_or(Reason::WrongPayload)?.codec;
        let header = Header {
            ssrc: packet.ssrc(),
            sequence: packet.sequence_number(),
            timestamp: packet.timestamp(),
            clock_rate: codec.clock_rate(),
        };
        let verdict = if header.ssrc == self.outbound.sender().ssrc {
            // RFC 3550 §8.2: a loop, or a collision that the peer has to resolve.
            Verdict::Dropped
        } else {
            self.receiver.packet(now, header)
        };
        match verdict {
            Verdict::Dropped => return Err(Reason::WrongSource),
            Verdict::NewSource => self.inbound.reset(),
            Verdict::Heard => {}
        }
        self.inbound.put(codec, header.timestamp, packet.marker_bit(), packet.payload());
        self.counted.packets_received += 1;
        self.counted.octets_received += packet.payload_len() as u64;
        Ok(())
    }

    fn on_heard(&mut self, now: Instant) {
        if self.counted.packets_received + self.counted.reports_received == 1 {
            self.events.push_back(Event::Heard);
        }
        self.heard = now;
        self.timed_out = false;
    }
}
