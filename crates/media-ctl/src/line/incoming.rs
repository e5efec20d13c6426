//! What came in: only what can be right.

use super::event::Event;
use super::running::Line;
use crate::format::{Meaning, NOISE_CLOCK_RATE};
use crate::rtp::{Header, Verdict};
use crate::stats::Reason;
use crate::stream::{Pause, noise_level};
use crate::transport::{Arrival, Channel, Path};
use rtp_types::RtpPacket;
use std::net::SocketAddr;
use std::time::Instant;

impl Line {
    /// Takes a datagram that came in.
    pub(crate) fn on_packet(&mut self, now: Instant, arrival: Arrival, octets: &[u8]) {
        let Arrival { channel, source, .. } = arrival;
        if Path::is_message(octets) {
            return self.on_message(now, arrival, octets);
        }
        if Path::is_handshake(channel, octets) {
            return self.on_handshake(now, source, octets);
        }
        let channel = self.path.channel(channel, octets);
        let mut room = std::mem::take(&mut self.room);
        let opened = self.path.open(now, (channel, source), octets, &mut room);
        let accepted = opened.and_then(|packet| match channel {
            Channel::Rtp => self.on_rtp(now, source, packet),
            Channel::Rtcp => self.on_rtcp(now, source, packet),
        });
        self.room = room;
        // Silence is not: comfort noise and events are RTP of a source that lives, agreed on or not.
        if matches!(accepted, Ok(()) | Err(Reason::WrongPayload | Reason::Unexpected)) {
            self.path.latch(now, channel, source);
            self.heard = now;
            self.timed_out = false;
            if self.path.leads_to() == Some(source.ip()) {
                (self.reached, self.confirmed) = (now, true);
            }
        }
        match accepted {
            Ok(()) => self.on_accepted(),
            Err(reason) => self.counted.dropped.count(reason),
        }
    }

    /// The peer lives, and may have shown a way.
    fn on_message(&mut self, now: Instant, arrival: Arrival, octets: &[u8]) {
        match self.path.on_message(now, arrival, octets) {
            Ok(()) => {
                (self.heard, self.timed_out) = (now, false);
                self.is_found(now);
            }
            Err(reason) => self.counted.dropped.count(reason),
        }
    }

    fn on_handshake(&mut self, now: Instant, source: SocketAddr, octets: &[u8]) {
        match self.path.on_handshake(now, source, octets) {
            Ok(ended) => self.is_keyed(ended, now),
            Err(reason) => self.counted.dropped.count(reason),
        }
    }

    fn on_rtp(&mut self, now: Instant, source: SocketAddr, packet: &[u8]) -> Result<(), Reason> {
        let packet = RtpPacket::parse(packet).map_err(|_| Reason::Malformed)?;
        let meaning = self.agreement.understood.meaning(packet.payload_type());
        let header = Header {
            ssrc: packet.ssrc(),
            sequence: packet.sequence_number(),
            timestamp: packet.timestamp(),
            clock_rate: match meaning {
                Some(Meaning::Voice(codec)) => Some(codec.clock_rate()),
                Some(Meaning::Noise) => Some(NOISE_CLOCK_RATE),
                // All packets of an event have its start's timestamp.
                Some(Meaning::Events(_)) | None => None,
            },
        };
        let verdict = if header.ssrc == self.outbound.sender().ssrc {
            // RFC 3550 §8.2: a collision, or a loop.
            self.on_collision(now, source);
            Verdict::Dropped
        } else {
            self.receiver.packet(now, header)
        };
        match verdict {
            Verdict::Unproven => return Err(Reason::Unproven),
            Verdict::Dropped => return Err(Reason::WrongSource),
            Verdict::NewSource => {
                self.inbound.reset();
                self.key_reports.reset();
            }
            Verdict::Heard => {}
        }
        if !self.agreement.direction.receives() {
            return Err(Reason::Unexpected);
        }
        match meaning.ok_or(Reason::WrongPayload)? {
            Meaning::Voice(codec) => {
                let (marker, late) = (packet.marker_bit(), self.inbound.late());
                self.inbound.put(codec, header.timestamp, marker, packet.payload());
                if self.inbound.late() > late {
                    self.receiver.discarded(header.sequence);
                }
            }
            Meaning::Events(clock_rate) => {
                self.on_events(clock_rate, header.timestamp, packet.payload())?;
            }
            Meaning::Noise => {
                let level = noise_level(packet.payload()).ok_or(Reason::Malformed)?;
                let (from, until) = (header.timestamp, header.timestamp);
                self.inbound.pause(NOISE_CLOCK_RATE, Pause { from, until, level: Some(level) });
            }
        }
        self.counted.packets_received += 1;
        self.counted.octets_received += packet.payload_len() as u64;
        Ok(())
    }

    /// The peer presses a key; its voice pauses meanwhile.
    fn on_events(&mut self, clock_rate: u32, timestamp: u32, payload: &[u8]) -> Result<(), Reason> {
        let events = &mut self.events;
        let read = self.key_reports.packet(timestamp, payload, |key| {
            events.push_back(Event::Key(key));
        });
        let until = read.ok_or(Reason::Malformed)?;
        self.inbound.pause(clock_rate, Pause { from: timestamp, until, level: None });
        Ok(())
    }

    fn on_accepted(&mut self) {
        if self.counted.packets_received + self.counted.reports_received == 1 {
            self.events.push_back(Event::Heard);
        }
    }
}
