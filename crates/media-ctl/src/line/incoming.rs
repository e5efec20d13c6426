//! What came in: only what can be right.

use super::event::Event;
use super::running::Line;
use crate::Codec;
use crate::rtp::{Header, Verdict};
use crate::stats::Reason;
use crate::transport::{Channel, Path};
use rtp_types::RtpPacket;
use std::net::SocketAddr;
use std::time::Instant;

impl Line {
    /// Takes a datagram that came in.
    pub(crate) fn on_packet(
        &mut self, now: Instant, channel: Channel, source: SocketAddr, octets: &[u8],
    ) {
        if Path::is_handshake(channel, octets) {
            return self.on_handshake(now, source, octets);
        }
        let channel = self.path.channel(channel, octets);
        let mut room = std::mem::take(&mut self.room);
        let opened = self.path.open(now, (channel, source), octets, &mut room);
        let accepted = opened.and_then(|packet| match channel {
            Channel::Rtp => self.on_rtp(now, packet),
            Channel::Rtcp => self.on_rtcp(now, packet),
        });
        self.room = room;
        // Silence is not: comfort noise and events are RTP of a source that lives, agreed on or not.
        if matches!(accepted, Ok(()) | Err(Reason::WrongPayload | Reason::Unexpected)) {
            self.path.latch(now, channel, source);
            self.heard = now;
            self.confirmed = true;
            self.timed_out = false;
        }
        match accepted {
            Ok(()) => self.on_accepted(),
            Err(reason) => self.counted.dropped.count(reason),
        }
    }

    fn on_handshake(&mut self, now: Instant, source: SocketAddr, octets: &[u8]) {
        match self.path.on_handshake(now, source, octets) {
            Ok(ended) => self.is_keyed(ended, now),
            Err(reason) => self.counted.dropped.count(reason),
        }
    }

    fn on_rtp(&mut self, now: Instant, packet: &[u8]) -> Result<(), Reason> {
        let packet = RtpPacket::parse(packet).map_err(|_| Reason::Malformed)?;
        let payload_type = packet.payload_type();
        let mut formats = self.agreement.understood.iter();
        let codec = formats.find(|f| f.payload_type == payload_type).map(|format| format.codec);
        let header = Header {
            ssrc: packet.ssrc(),
            sequence: packet.sequence_number(),
            timestamp: packet.timestamp(),
            clock_rate: codec.map(Codec::clock_rate),
        };
        let verdict = if header.ssrc == self.outbound.sender().ssrc {
            // RFC 3550 §8.2: a loop, or a collision that the peer has to resolve.
            Verdict::Dropped
        } else {
            self.receiver.packet(now, header)
        };
        match verdict {
            Verdict::Unproven => return Err(Reason::Unproven),
            Verdict::Dropped => return Err(Reason::WrongSource),
            Verdict::NewSource => self.inbound.reset(),
            Verdict::Heard => {}
        }
        if !self.agreement.direction.receives() {
            return Err(Reason::Unexpected);
        }
        let codec = codec.ok_or(Reason::WrongPayload)?;
        self.inbound.put(codec, header.timestamp, packet.marker_bit(), packet.payload());
        self.counted.packets_received += 1;
        self.counted.octets_received += packet.payload_len() as u64;
        Ok(())
    }

    fn on_accepted(&mut self) {
        if self.counted.packets_received + self.counted.reports_received == 1 {
            self.events.push_back(Event::Heard);
        }
    }
}
