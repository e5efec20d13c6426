//! TCP streams around the octets that connections carried. RFC 9293 §3.

use super::frames::{Frame, Segment};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// Payload of one synthesised segment: what fits into an Ethernet frame.
const SEGMENT: usize = 1_400;

type Pair = (SocketAddr, SocketAddr);

/// The streams of a capture, by their ends in order.
#[derive(Debug, Default)]
pub(super) struct Streams(BTreeMap<Pair, Stream>);

/// Next sequence number of each end, the lower address first.
#[derive(Clone, Copy, Debug, Default)]
struct Stream([u32; 2]);

impl Streams {
    /// The segments that carry `octets`, after a handshake where the stream is new, and the
    /// acknowledgment of the last.
    pub(super) fn data(&mut self, from: SocketAddr, to: SocketAddr, octets: &Bytes) -> Vec<Frame> {
        let mut frames = Vec::new();
        let stream = self.0.entry(pair(from, to)).or_insert_with(|| {
            frames = handshake(from, to);
            Stream([1, 1])
        });
        let mut rest = octets.clone();
        while !rest.is_empty() {
            let part = rest.split_to(rest.len().min(SEGMENT));
            let length = part.len() as u32;
            frames.push(Frame::tcp(from, to, stream.segment(from, to), part));
            stream.advance(from, to, length);
        }
        frames.push(Frame::tcp(to, from, stream.segment(to, from), Bytes::new()));
        frames
    }

    /// `from` closes the stream, if there is one: FIN, FIN, ACK.
    pub(super) fn close(&mut self, from: SocketAddr, to: SocketAddr) -> Vec<Frame> {
        let Some(mut stream) = self.0.remove(&pair(from, to)) else {
            return Vec::new();
        };
        let mut frames = Vec::with_capacity(3);
        for (a, b) in [(from, to), (to, from)] {
            let segment = Segment { fin: true, ..stream.segment(a, b) };
            frames.push(Frame::tcp(a, b, segment, Bytes::new()));
            stream.advance(a, b, 1);
        }
        let last = stream.segment(from, to);
        frames.push(Frame::tcp(from, to, last, Bytes::new()));
        frames
    }
}

impl Stream {
    fn segment(&self, from: SocketAddr, to: SocketAddr) -> Segment {
        let [low, high] = self.0;
        let (sequence, acknowledgment) = if from <= to { (low, high) } else { (high, low) };
        Segment { sequence, acknowledgment: Some(acknowledgment), ..Segment::default() }
    }

    fn advance(&mut self, from: SocketAddr, to: SocketAddr, octets: u32) {
        let [low, high] = &mut self.0;
        let next = if from <= to { low } else { high };
        *next = next.wrapping_add(octets);
    }
}

fn pair(a: SocketAddr, b: SocketAddr) -> Pair {
    (a.min(b), a.max(b))
}

/// SYN, SYN and ACK, ACK; both initial sequence numbers are 0.
fn handshake(from: SocketAddr, to: SocketAddr) -> Vec<Frame> {
    let syn = Segment { syn: true, ..Segment::default() };
    let answered = Segment { acknowledgment: Some(1), ..syn };
    let done = Segment { sequence: 1, acknowledgment: Some(1), ..Segment::default() };
    vec![
        Frame::tcp(from, to, syn, Bytes::new()),
        Frame::tcp(to, from, answered, Bytes::new()),
        Frame::tcp(from, to, done, Bytes::new()),
    ]
}
