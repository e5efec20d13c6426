//! The packets of our source. RFC 3550 §5.1, RFC 3551 §4.1.

use rtp_types::RtpPacketBuilder;

/// Our source: its numbers, and what it has sent.
#[derive(Debug)]
pub(crate) struct Sender {
    pub(crate) ssrc: u32,
    sequence: u16,
    /// Of the next frame.
    timestamp: u32,
    /// Whether the last frame was sent.
    talking: bool,
    /// Sent under this SSRC.
    pub(crate) packets: u64,
    pub(crate) octets: u64,
    /// Octets that the last packet carries.
    last: u64,
    /// Sent under those before.
    before: (u64, u64),
}

/// What a packet carries, and what its header says of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Content<'a> {
    pub(crate) payload_type: u8,
    pub(crate) payload: &'a [u8],
    pub(crate) timestamp: u32,
    pub(crate) marker: bool,
}

impl Sender {
    pub(crate) fn new(ssrc: u32, sequence: u16, timestamp: u32) -> Self {
        let (packets, octets, last, before) = (0, 0, 0, (0, 0));
        Self { ssrc, sequence, timestamp, talking: false, packets, octets, last, before }
    }

    /// Goes on under another SSRC, counting anew. RFC 3550 §6.4.1, §8.2.
    pub(crate) fn renew(&mut self, ssrc: u32) {
        self.ssrc = ssrc;
        // As with the first: what is lost at the start leaves no doubt of the rollover counter.
        self.sequence &= 0x7fff;
        self.before = self.sent();
        (self.packets, self.octets, self.talking) = (0, 0, false);
    }

    /// Packets and their octets sent, under whatever SSRC.
    pub(crate) fn sent(&self) -> (u64, u64) {
        (self.before.0 + self.packets, self.before.1 + self.octets)
    }

    /// The timestamp of the next frame.
    pub(crate) fn timestamp(&self) -> u32 {
        self.timestamp
    }

    /// Writes the packet of the next frame, which lasts so many ticks, to the start of `buffer` and
    /// returns its length, or `None` if it does not fit.
    pub(crate) fn packet(
        &mut self, payload_type: u8, payload: &[u8], ticks: u32, buffer: &mut [u8],
    ) -> Option<usize> {
        // RFC 3551 §4.1: set on the first packet of a talkspurt.
        let (timestamp, marker) = (self.timestamp, !self.talking);
        let content = Content { payload_type, payload, timestamp, marker };
        let length = self.write(content, ticks, buffer)?;
        self.talking = true;
        Some(length)
    }

    /// Writes the packet of an event in place of the next frame's, likewise.
    pub(crate) fn event(
        &mut self, event: Content<'_>, ticks: u32, buffer: &mut [u8],
    ) -> Option<usize> {
        let length = self.write(event, ticks, buffer)?;
        self.talking = false;
        Some(length)
    }

    fn write(&mut self, content: Content<'_>, ticks: u32, buffer: &mut [u8]) -> Option<usize> {
        let length = RtpPacketBuilder::<&[u8], &[u8]>::new()
            .ssrc(self.ssrc)
            .sequence_number(self.sequence)
            .timestamp(content.timestamp)
            .payload_type(content.payload_type)
            .marker_bit(content.marker)
            .payload(content.payload)
            .write_into(buffer)
            .ok()?;
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(ticks);
        self.packets += 1;
        self.last = content.payload.len() as u64;
        self.octets += self.last;
        Some(length)
    }

    /// The packet that was written last does not leave.
    pub(crate) fn take_back(&mut self) {
        self.packets = self.packets.saturating_sub(1);
        self.octets = self.octets.saturating_sub(self.last);
    }

    /// Lets a frame pass without a packet: time goes on, sequence numbers do not.
    pub(crate) fn pause(&mut self, ticks: u32) {
        self.timestamp = self.timestamp.wrapping_add(ticks);
        self.talking = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rtp_types::RtpPacket;

    const PAYLOAD: [u8; 160] = [0xd5; 160];

    #[test]
    fn numbers_wrap_and_the_marker_starts_each_talkspurt() {
        let mut sender = Sender::new(7, u16::MAX, u32::MAX - 159);
        let mut seen = Vec::new();
        for talks in [true, true, false, true] {
            if !talks {
                sender.pause(160);
                continue;
            }
            let mut buffer = [0; 200];
            let length = sender.packet(8, &PAYLOAD, 160, &mut buffer).unwrap();
            let packet = RtpPacket::parse(&buffer[..length]).unwrap();
            assert_eq!((packet.ssrc(), packet.payload_type()), (7, 8));
            assert_eq!(packet.payload(), PAYLOAD);
            seen.push((packet.sequence_number(), packet.timestamp(), packet.marker_bit()));
        }
        assert_eq!(seen, [(u16::MAX, u32::MAX - 159, true), (0, 0, false), (1, 320, true)]);
        assert_eq!((sender.packets, sender.octets), (3, 480));
    }

    #[test]
    fn a_packet_that_does_not_fit_is_not_counted() {
        let mut sender = Sender::new(7, 1, 1);
        assert_eq!(sender.packet(8, &PAYLOAD, 160, &mut [0; 171]), None);
        assert_eq!((sender.packets, sender.timestamp()), (0, 1));
    }
}
