//! What is said: every 20 ms a frame of the source, encoded, in a packet.

use super::key_press::KeyPress;
use crate::audio::{AudioSource, Converter, frame_samples};
use crate::codec::Encoder;
use crate::format::{Dtmf, Format, NamedEvents};
use crate::level::{Measure, Meter};
use crate::rtp::{Content, Sender};
use crate::{Codec, Level};

/// Octets of an RTP header without contributing sources. RFC 3550 §5.1.
const HEADER: usize = 12;

/// The audio that goes out.
#[derive(Debug)]
pub(crate) struct Outbound {
    sender: Sender,
    payload_type: u8,
    /// The events that go beside the voice.
    events: Option<NamedEvents>,
    /// The key that is pressed; what became of the last one, until that is asked for.
    key: Option<KeyPress>,
    key_sent: Option<bool>,
    codec: Codec,
    /// What the peer says of the codec.
    parameters: Option<String>,
    encoder: Box<dyn Encoder>,
    converter: Converter,
    meter: Meter,
    /// A frame, at the source's rate and at the codec's, and its payload.
    frame: Vec<i16>,
    samples: Vec<i16>,
    payload: Vec<u8>,
}

impl Outbound {
    /// What this source says, in this format, and with these events beside it.
    pub(crate) fn new(sender: Sender, format: &Format, events: Option<NamedEvents>) -> Self {
        let codec = format.codec;
        Self {
            sender,
            payload_type: format.payload_type,
            events,
            key: None,
            key_sent: None,
            codec,
            parameters: format.parameters.clone(),
            encoder: codec.encoder(format.parameters.as_deref()),
            converter: Converter::new(codec.sample_rate(), codec.sample_rate()),
            meter: Meter::default(),
            frame: Vec::new(),
            samples: Vec::new(),
            payload: vec![0; codec.largest()],
        }
    }

    /// Goes over to another format and other events; the source and its numbers go on.
    pub(crate) fn set_format(&mut self, format: &Format, events: Option<NamedEvents>) {
        self.payload_type = format.payload_type;
        if self.events != events {
            self.events = events;
            self.give_up_key();
        }
        if self.codec != format.codec || self.parameters != format.parameters {
            self.codec = format.codec;
            self.parameters.clone_from(&format.parameters);
            self.encoder = format.codec.encoder(format.parameters.as_deref());
            self.payload.resize(format.codec.largest(), 0);
        }
    }

    /// The source's numbers, and what it has sent.
    pub(crate) fn sender(&self) -> &Sender {
        &self.sender
    }

    /// The packet that was written last does not leave.
    pub(crate) fn take_back(&mut self) {
        self.sender.take_back();
    }

    /// Goes on under another SSRC.
    pub(crate) fn renew(&mut self, ssrc: u32) {
        self.sender.renew(ssrc);
    }

    /// How loud what is said is.
    pub(crate) fn level(&self) -> Level {
        self.meter.level()
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
        let talks = self.read(source);
        if !fresh {
            self.sender.pause(self.ticks());
            return None;
        }
        if let Some(length) = self.key(buffer) {
            return Some(length);
        }
        if !talks {
            self.sender.pause(self.ticks());
            return None;
        }
        let octets = self.encoder.encode(&self.samples, &mut self.payload);
        if octets == 0 {
            self.sender.pause(self.ticks());
            return None;
        }
        let payload = self.payload.get(..octets)?;
        self.sender.packet(self.payload_type, payload, self.ticks(), buffer)
    }

    /// Lets a frame pass without a packet, and without reading the source: nothing is sent for now.
    pub(crate) fn pause(&mut self) {
        self.sender.pause(self.ticks());
        self.meter.take(Measure::default());
        self.give_up_key();
    }

    /// Presses a key with the next frame: its packets take the place of the source's. `false` where
    /// the peer takes no such event, or another key is pressed.
    pub(crate) fn press(&mut self, key: Dtmf) -> bool {
        let taken = self.events.is_some_and(|events| events.takes(key)) && self.key.is_none();
        if taken {
            self.key = Some(KeyPress::new(key));
        }
        taken
    }

    /// Whether the key that was pressed last was sent, once that is known.
    pub(crate) fn take_key_sent(&mut self) -> Option<bool> {
        self.key_sent.take()
    }

    /// Writes the packet that tells of a key that is pressed.
    fn key(&mut self, buffer: &mut [u8]) -> Option<usize> {
        let ticks = self.ticks();
        let (key, events) = (self.key.as_mut()?, self.events?);
        let report = key.frame(self.sender.timestamp(), ticks);
        if key.is_over() {
            self.key = None;
            self.key_sent = Some(true);
        }
        let report = report?;
        let content = Content {
            payload_type: events.payload_type,
            payload: &report.payload,
            timestamp: report.timestamp,
            marker: report.marker,
        };
        self.sender.event(content, ticks, buffer)
    }

    fn give_up_key(&mut self) {
        if self.key.take().is_some() {
            self.key_sent = Some(false);
        }
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
        self.meter.take(Measure::of(&self.samples));
        read > 0
    }
}
