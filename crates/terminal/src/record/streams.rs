//! Media as the log shows it: not a line a packet, but one a second for each stream and direction.

use super::entry::Packet;
use super::kind::{WireKind, classify};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How often a stream is worth a line.
const OFTEN: Duration = Duration::from_secs(1);
/// Streams that are counted at once; one that says nothing for so long makes room.
const MOST: usize = 256;
const IDLE: Duration = Duration::from_secs(10);

/// One kind of media one way between two addresses.
type Stream = (WireKind, SocketAddr, SocketAddr, bool);

/// The streams of a recorder, and what they sent since their last line.
#[derive(Default)]
pub(super) struct Streams(BTreeMap<Stream, Counted>);

struct Counted {
    since: Instant,
    packets: u64,
    octets: usize,
}

impl Streams {
    /// Counts a packet of media; what is to be said of its stream now, if anything.
    pub(super) fn counts(&mut self, now: Instant, packet: &Packet) -> Option<String> {
        let octets = packet.octets.len();
        let stream = (classify(&packet.octets), packet.local, packet.remote, packet.sent);
        let (source, destination) = packet.path();
        let Some(counted) = self.0.get_mut(&stream) else {
            let line = format!("{source} to {destination}: the first packet, {octets} bytes");
            return self.enter(now, stream).then_some(line);
        };
        counted.packets += 1;
        counted.octets += octets;
        let passed = now.saturating_duration_since(counted.since);
        if passed < OFTEN {
            return None;
        }
        let Counted { packets, octets, .. } =
            std::mem::replace(counted, Counted { since: now, packets: 0, octets: 0 });
        let tenths = passed.as_millis() / 100;
        let (whole, tenth) = (tenths / 10, tenths % 10);
        Some(format!(
            "{source} to {destination}: {packets} packets, {octets} bytes in {whole}.{tenth} s"
        ))
    }

    /// Begins to count a stream; `false` where there are too many.
    fn enter(&mut self, now: Instant, stream: Stream) -> bool {
        if self.0.len() >= MOST {
            self.0.retain(|_, it| now.saturating_duration_since(it.since) < IDLE);
        }
        let room = self.0.len() < MOST;
        if room {
            self.0.insert(stream, Counted { since: now, packets: 0, octets: 0 });
        }
        room
    }
}

#[cfg(test)]
mod tests {
    use super::super::entry::Protocol;
    use super::*;
    use bytes::Bytes;

    fn packet(port: u16, sent: bool, kind: u8) -> Packet {
        let mut octets = vec![0; 172];
        octets[..2].copy_from_slice(&[0x80, kind]);
        Packet {
            protocol: Protocol::Udp,
            local: ([192, 0, 2, 1], 4_000).into(),
            remote: ([192, 0, 2, 2], port).into(),
            sent,
            octets: Bytes::from(octets),
        }
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "any instant does as a beginning")]
    fn a_stream_takes_a_line_a_second_each_way() {
        let (start, mut streams) = (Instant::now(), Streams::default());
        let mut lines = Vec::new();
        for number in 0..=150 {
            let now = start + Duration::from_millis(20) * number;
            for sent in [true, false] {
                lines.extend(streams.counts(now, &packet(5_000, sent, 0)));
            }
        }
        assert_eq!(lines.len(), 8, "{lines:?}");
        assert_eq!(lines[0], "192.0.2.1:4000 to 192.0.2.2:5000: the first packet, 172 bytes");
        assert_eq!(lines[3], "192.0.2.2:5000 to 192.0.2.1:4000: 50 packets, 8600 bytes in 1.0 s");
        let rtcp = streams.counts(start, &packet(5_000, true, 200));
        assert!(rtcp.is_some(), "RTCP is a stream of its own");
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "any instant does as a beginning")]
    fn streams_are_bounded_and_the_silent_make_room() {
        let (start, mut streams) = (Instant::now(), Streams::default());
        let lines = (0..1_000).filter_map(|port| streams.counts(start, &packet(port, true, 0)));
        assert_eq!(lines.count(), MOST);
        assert_eq!(streams.0.len(), MOST);
        _ = streams.counts(start + IDLE, &packet(2_000, true, 0));
        assert_eq!(streams.0.len(), 1);
    }
}
