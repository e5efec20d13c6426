//! What is heard: packets in as they come, a frame out every 20 ms.

use super::conceal::Concealer;
use super::jitter::{JitterBuffer, Packet, Place, Step, distance};
use super::loudness::Loudness;
use super::noise::Noise;
use crate::audio::{AudioSink, Converter, frame_samples};
use crate::codec::Decoder;
use crate::level::{Measure, Meter};
use crate::{Codec, Level};
use std::collections::VecDeque;
use std::io;
use std::time::Duration;

/// Pauses that are kept: those that begin in what is buffered.
const MAX_PAUSES: usize = 8;

/// The audio that comes in.
#[derive(Debug)]
pub(crate) struct Inbound {
    buffer: JitterBuffer,
    decoding: Decoding,
    concealer: Concealer,
    /// The pauses that are not over, in order.
    pauses: VecDeque<Pause>,
    noise: Noise,
    loudness: Loudness,
    meter: Meter,
    converter: Converter,
    /// The frame that is being played, at the codec's rate: what has come of it.
    came: Vec<Option<i16>>,
    frame: Vec<i16>,
    heard: Vec<i16>,
    heard_frames: u64,
    concealed: u64,
    recovered: u64,
    packet_time: Duration,
}

/// A time in which the peer says nothing, and sends packets that say so.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pause {
    /// The timestamp at which it begins.
    pub(crate) from: u32,
    /// The timestamp up to which it lasts, or longer.
    pub(crate) until: u32,
    /// How loud its room is, in −dBov, where it says so. RFC 3389.
    pub(crate) level: Option<u8>,
}

/// The codec that is heard at present.
#[derive(Debug)]
struct Decoding {
    codec: Codec,
    decoder: Box<dyn Decoder>,
    /// Of the packet that is being played.
    samples: Vec<i16>,
    /// The timestamp of its first sample.
    at: u32,
}

impl Inbound {
    /// Nothing yet, presumably of this codec; a packet is played so long after its arrival: 20 ms
    /// to 200 ms, in whole frames.
    pub(crate) fn new(codec: Codec, delay: Duration) -> Self {
        let rate = codec.sample_rate();
        Self {
            buffer: JitterBuffer::new(codec.clock_rate(), delay),
            decoding: Decoding::new(codec),
            concealer: Concealer::new(rate),
            pauses: VecDeque::new(),
            noise: Noise::new(),
            loudness: Loudness::default(),
            meter: Meter::default(),
            converter: Converter::new(rate, rate),
            came: Vec::new(),
            frame: Vec::new(),
            heard: Vec::new(),
            heard_frames: 0,
            concealed: 0,
            recovered: 0,
            packet_time: Duration::from_millis(20),
        }
    }

    /// Packets that came after their time.
    pub(crate) fn late(&self) -> u64 {
        self.buffer.late
    }

    /// How much a packet of the peer's holds: the last that came.
    pub(crate) const fn packet_time(&self) -> Duration {
        self.packet_time
    }

    /// Packets that had come before.
    pub(crate) fn duplicate(&self) -> u64 {
        self.buffer.duplicate
    }

    /// Frames that were made up in part or whole.
    pub(crate) fn concealed(&self) -> u64 {
        self.concealed
    }

    /// Frames that were played while the peer spoke.
    pub(crate) fn heard(&self) -> u64 {
        self.heard_frames
    }

    /// Ticks that have come and are not played.
    #[cfg(test)]
    pub(crate) fn depth(&self) -> i32 {
        self.buffer.end().map_or(0, |end| distance(end, self.buffer.position()))
    }

    /// How long a packet waits to be played, at present.
    pub(crate) fn playout_delay(&self) -> Duration {
        self.buffer.delay()
    }

    /// Frames that were left out or put in, to keep the delay.
    pub(crate) fn adjusted(&self) -> u64 {
        self.buffer.adjusted
    }

    /// How loud what is played is.
    pub(crate) fn level(&self) -> Level {
        self.meter.level()
    }

    /// Frames that were lost, and recovered from the packet after them.
    pub(crate) fn recovered(&self) -> u64 {
        self.recovered
    }

    /// Forgets what is buffered: the next packet is another source's.
    pub(crate) fn reset(&mut self) {
        self.buffer.reset();
        self.decoding.samples.clear();
        self.pauses.clear();
    }

    /// The peer pauses, by a clock of this rate: what does not come then is not lost, but silence or
    /// the noise of its room.
    pub(crate) fn pause(&mut self, clock_rate: u32, pause: Pause) {
        let end = self.buffer.end();
        let resumed = end.is_some_and(|end| distance(end, pause.until) > 0);
        if clock_rate != self.decoding.codec.clock_rate() || resumed {
            return;
        }
        let from = end.filter(|end| distance(*end, pause.from) > 0).unwrap_or(pause.from);
        // The first packet says when it began, unless voice has come since.
        let goes_on = |begun: &&mut Pause| end.is_none_or(|end| distance(end, begun.from) <= 0);
        if let Some(begun) = self.pauses.back_mut().filter(goes_on) {
            begun.level = pause.level.or(begun.level);
        } else if self.pauses.len() < MAX_PAUSES {
            self.pauses.push_back(Pause { from, ..pause });
        }
    }

    /// Takes a packet of this codec.
    pub(crate) fn put(&mut self, codec: Codec, timestamp: u32, marker: bool, payload: &[u8]) {
        if rates(self.decoding.codec) != rates(codec) {
            self.change(codec);
        }
        let duration = codec.duration(payload);
        if duration > 0 {
            self.packet_time = Duration::from_secs(1) * duration / codec.clock_rate().max(1);
            let quiet = self.concealer.is_silent() || !self.pauses.is_empty();
            let place = Place { timestamp, duration, codec, marker, quiet };
            self.buffer.put(place, payload);
            if codec.pauses(payload) {
                let end = timestamp.wrapping_add(duration);
                self.pause(codec.clock_rate(), Pause { from: end, until: end, level: None });
            }
        }
    }

    /// Goes over to other rates. What is buffered is left out: 60 ms or so, where a peer changes
    /// codecs in a call.
    fn change(&mut self, codec: Codec) {
        self.reset();
        self.buffer.set_clock_rate(codec.clock_rate());
        self.concealer = Concealer::new(codec.sample_rate());
        self.decoding = Decoding::new(codec);
    }

    /// Plays the next 20 ms: what came, made up where it did not, silence before the first packet
    /// and where the sink is to hear nothing.
    ///
    /// # Errors
    /// [`AudioSink::write`]'s.
    pub(crate) fn play(&mut self, audible: bool, sink: &mut dyn AudioSink) -> io::Result<()> {
        let mut measure = self.next();
        if !audible {
            self.frame.fill(0);
            measure = Measure::default();
        }
        self.meter.take(measure);
        self.converter.set_rates(self.decoding.codec.sample_rate(), sink.rate());
        self.converter.convert(&self.frame, &mut self.heard);
        sink.write(&self.heard)
    }

    /// The next frame, at the codec's rate.
    fn next(&mut self) -> Measure {
        self.frame.clear();
        self.frame.resize(frame_samples(self.decoding.codec.sample_rate()), 0);
        match self.buffer.begin(self.loudness.quiet) {
            Step::Idle => self.hush(),
            Step::Wait => self.concealer.conceal(&mut self.frame),
            Step::Play { fed } => {
                self.gather();
                self.buffer.advance();
                self.complete(fed);
            }
        }
        let measure = Measure::of(&self.frame);
        self.loudness.take(measure.power);
        measure
    }

    /// Gathers what has come of the frame at the buffer's position.
    fn gather(&mut self) {
        self.came.clear();
        self.came.resize(self.frame.len(), None);
        let position = self.buffer.position();
        while self.decoding.place(position, &mut self.came) {
            let Some(packet) = self.buffer.take() else { break };
            self.decoding.decode(&packet);
            self.buffer.give_back(packet);
        }
        let end = position.wrapping_add(self.frame_ticks() as u32);
        if self.came.iter().all(Option::is_none)
            && !self.is_pause(end)
            && let Some(next) = self.buffer.after_missing()
            && self.decoding.recover(next, self.came.len(), position)
        {
            self.recovered += 1;
            self.decoding.place(position, &mut self.came);
        }
    }

    /// Makes up what has not come.
    fn complete(&mut self, fed: bool) {
        let arrived = self.came.iter().flatten().count();
        let whole = arrived == self.frame.len();
        let pauses = self.pauses(arrived > 0);
        if pauses && arrived == 0 {
            self.hush();
            self.concealer.play(&mut self.frame, true);
        } else if !whole && !pauses && self.buffer.playing {
            let audible = fed || !self.concealer.is_silent();
            self.concealed += u64::from(audible);
            self.heard_frames += u64::from(audible && arrived == 0);
            self.concealer.conceal(&mut self.frame);
        }
        if arrived > 0 {
            self.heard_frames += 1;
            self.buffer.playing = true;
            for (sample, came) in self.frame.iter_mut().zip(&self.came) {
                *sample = came.unwrap_or(*sample);
            }
            self.concealer.play(&mut self.frame, whole);
        }
    }

    /// Fills the frame with what is heard in a pause.
    fn hush(&mut self) {
        if let Some(level) = self.pauses.front().and_then(|pause| pause.level) {
            self.noise.fill(level, &mut self.frame);
        }
    }

    /// Whether what has not come of the frame that ends at the position was never said. Voice in a frame
    /// of a pause ends it.
    fn pauses(&mut self, voice: bool) -> bool {
        let (end, ticks) = (self.buffer.position(), self.frame_ticks());
        let pauses = self.is_pause(end);
        let begun = |pause: &Pause| distance(end, pause.from) >= ticks;
        while voice && self.pauses.front().is_some_and(begun) {
            self.pauses.pop_front();
        }
        pauses
    }

    /// Whether the peer pauses in the frame that ends there, or in a part of it.
    fn is_pause(&self, end: u32) -> bool {
        self.pauses.front().is_some_and(|pause| distance(end, pause.from) > 0)
    }

    /// Ticks of the codec's clock in a frame.
    fn frame_ticks(&self) -> i32 {
        frame_samples(self.decoding.codec.clock_rate()) as i32
    }
}

impl Decoding {
    fn new(codec: Codec) -> Self {
        Self { codec, decoder: codec.decoder(), samples: Vec::new(), at: 0 }
    }

    fn decode(&mut self, packet: &Packet) {
        if self.codec != packet.codec {
            self.codec = packet.codec;
            self.decoder = packet.codec.decoder();
        }
        self.samples.clear();
        self.decoder.decode(&packet.payload, &mut self.samples);
        self.at = packet.timestamp;
    }

    /// Decodes a frame that was lost from what the packet after it repeats; `false` where that repeats
    /// nothing.
    fn recover(&mut self, next: &Packet, lost: usize, position: u32) -> bool {
        if self.codec != next.codec {
            return false;
        }
        self.samples.clear();
        self.at = position;
        self.decoder.recover(&next.payload, lost, &mut self.samples)
    }

    /// Puts what was decoded to its place in the frame that starts at `position`. Returns whether
    /// the frame may need more: nothing is left for the next one.
    fn place(&mut self, position: u32, came: &mut [Option<i16>]) -> bool {
        let (clock, rate) =
            (i64::from(self.codec.clock_rate()), i64::from(self.codec.sample_rate()));
        let start = i64::from(distance(self.at, position)) * rate / clock.max(1);
        let length = came.len() as i64;
        let end = start + self.samples.len() as i64;
        if end > 0 && start < length {
            let skipped = usize::try_from(-start).unwrap_or(0);
            let from = usize::try_from(start).unwrap_or(0);
            let slots = came.iter_mut().skip(from);
            for (slot, sample) in slots.zip(self.samples.iter().skip(skipped)) {
                slot.get_or_insert(*sample);
            }
        }
        // What starts later was decoded before playout went back.
        let is_left = end > length && start < length;
        if !is_left {
            self.samples.clear();
        }
        !is_left
    }
}

/// What timestamps count and what samples do: codecs that agree in both may alternate.
fn rates(codec: Codec) -> (u32, u32) {
    (codec.clock_rate(), codec.sample_rate())
}
