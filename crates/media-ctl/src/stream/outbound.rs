//! What is said: every 20 ms a frame of the source, encoded, in a packet.

use crate::Codec;
use crate::audio::{AudioSource, Converter, frame_samples};
use crate::codec::Encoder;
use crate::format::Format;
use crate::rtp::Sender;

/// Octets of an RTP header without contributing sources. RFC 3550 §5.1.
const HEADER: usize = 12;

/// The audio that goes out.
#[derive(Debug)]
pub(crate) struct Outbound {
    sender: Sender,
    payload_type: u8,
    codec: Codec,
    encoder: Box<dyn Encoder>,
    converter: Converter,
    /// A frame, at the source's rate and at the codec's, and its payload.
    frame: Vec<i16>,
    samples: Vec<i16>,
    payload: Vec<u8>,
}

impl Outbound {
    /// What this source says, in this format.
    pub(crate) fn new(sender: Sender, format: &Format) -> Self {
        let codec = format.codec;
        Self {
            sender,
            payload_type: format.payload_type,
            codec,
            encoder: codec.encoder(),
            converter: Converter::new(codec.sample_rate(), codec.sample_rate()),
            frame: Vec::new(),
            samples: Vec::new(),
            payload: vec![0; codec.largest()],
        }
    }

    /// Goes over to another format; the source and its numbers go on.
    pub(crate) fn set_format(&mut self, format: &Format) {
        self.payload_type = format.payload_type;
        if self.codec != format.codec {
            self.codec = format.codec;
            self.encoder = format.codec.encoder();
            self.payload.resize(format.codec.largest(), 0);
        }
    }

    /// The source's numbers, and what it has sent.
    pub(crate) fn sender(&self) -> &Sender {
        &self.sender
    }

    /// What timestamps count, in Hz.
    pub(crate) fn clock_rate(&self) -> u32 {
        self.codec.clock_rate()
    }

    /// The octets of the largest packet.
    pub(crate) fn largest(&self) -> usize {
        HEADER + self.codec.largest()
    }

    /// Writes the packet of the next frame to the start of `buffer`: what the source says, or
    /// silence without one. `None` where the source pauses, or where the frame is stale: that one is
    /// read all the same, so that what follows stays in its place in time.
    pub(crate) fn packet(
        &mut self, source: Option<&mut dyn AudioSource>, fresh: bool, buffer: &mut [u8],
    ) -> Option<usize> {
        if !self.read(source) || !fresh {
            self.pause();
            return None;
        }
        let octets = self.encoder.encode(&self.samples, &mut self.payload);
        let payload = self.payload.get(..octets)?;
        self.sender.packet(self.payload_type, payload, self.ticks(), buffer)
    }

    /// Lets a frame pass without a packet, and without reading the source.
    pub(crate) fn pause(&mut self) {
        self.sender.pause(self.ticks());
    }

    /// Ticks of the clock in a frame.
    fn ticks(&self) -> u32 {
        frame_samples(self.clock_rate()) as u32
    }

    /// Brings the source's next frame to the codec's rate; `false` where it pauses.
    fn read(&mut self, source: Option<&mut dyn AudioSource>) -> bool {
        let rate = self.codec.sample_rate();
        let from = source.as_ref().map_or(rate, |source| source.rate());
        self.frame.clear();
        self.frame.resize(frame_samples(from), 0);
        let read = source.map_or(self.frame.len(), |source| source.read(&mut self.frame));
        if let Some(rest) = self.frame.get_mut(read..) {
            rest.fill(0);
        }
        self.converter.set_rates(from, rate);
        self.converter.convert(&self.frame, &mut self.samples);
        read > 0
    }
}
