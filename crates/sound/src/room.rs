//! A room in which a loudspeaker is heard by a microphone, and a call by both, in virtual time.

use crate::double::{Double, Opened, next};
use crate::keeper::Times;
use crate::{Chosen, Devices, News, RATE};
use media_ctl::audio::{AudioSink, AudioSource, Converter, Ends, Speech, frame_samples};
use std::sync::mpsc::{Receiver, channel};

pub(crate) const FRAME: usize = frame_samples(RATE);

/// Seconds until what the loudspeaker was given is heard, and what share of it: at -6 dB, and then by
/// way of the walls.
const WAYS: [(f64, f64); 4] = [(0.040, 0.5), (0.047, -0.2), (0.062, 0.12), (0.085, -0.05)];

/// Seconds between turns of the loudspeaker and of the microphone.
const APART: f64 = 0.007;

/// A device's rate, and by how many millionths its clock is fast.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock(pub(crate) u32, pub(crate) f64);

impl Clock {
    /// One like the media's, of their rate.
    pub(crate) const LIKE_MEDIA: Self = Self(RATE, 0.0);

    fn hertz(self) -> f64 {
        f64::from(self.0) * (1.0 + self.1 / 1e6)
    }
}

/// The room, and whoever is in it.
pub(crate) struct Room {
    mouth: Box<dyn AudioSource>,
    ear: Box<dyn AudioSink>,
    loudspeaker: (Clock, Opened),
    microphone: (Clock, Opened),
    pub(crate) news: Receiver<News>,
    /// Seconds since the call began.
    now: f64,
    /// All that the loudspeaker has said.
    pub(crate) played: Vec<i16>,
    /// Samples that the microphone has heard.
    heard: usize,
}

impl Room {
    /// One with these devices, whose turns are of 20 ms, and a call by them, `with` what is chosen.
    pub(crate) fn new(
        loudspeaker: Clock, microphone: Clock, with: impl FnOnce(Devices) -> Devices,
    ) -> Self {
        let (system, all) = Double::new(loudspeaker.0);
        let (tell, news) = channel();
        let devices =
            Devices::new(system.clone(), Chosen::default(), move |told| drop(tell.send(told)));
        let Ends { source: mut mouth, sink: mut ear } =
            with(devices).in_haste(Times::PATIENT).ends();
        // A frame is not in time, whatever threads do.
        let held = system.hold();
        ear.write(&[0; FRAME]).unwrap();
        drop(held);
        let loudspeaker = (loudspeaker, next(&all));
        system.plug(microphone.0);
        let held = system.hold();
        mouth.read(&mut [0; FRAME]);
        drop(held);
        let microphone = (microphone, next(&all));
        Self { mouth, ear, loudspeaker, microphone, news, now: 0.0, played: Vec::new(), heard: 0 }
    }

    /// The next 20 ms: the peer says `far`, somebody here what `near` is at a time. Gives what the
    /// microphone heard, and what was said to the peer.
    pub(crate) fn passes(
        &mut self, far: &[i16], near: impl Fn(f64) -> f64,
    ) -> (Vec<i16>, Vec<i16>) {
        self.ear.write(far).unwrap();
        self.now += 0.020;
        let mut heard = Vec::new();
        loop {
            let (says, hears) = (self.says_next(), self.hears_next());
            if says.min(hears) > self.now {
                break;
            }
            if says < hears { self.says() } else { heard.extend(self.hears(&near)) }
        }
        let mut said = vec![0; FRAME];
        self.mouth.read(&mut said);
        (heard, said)
    }

    fn says_next(&self) -> f64 {
        self.played.len() as f64 / self.loudspeaker.0.hertz()
    }

    fn hears_next(&self) -> f64 {
        let turn = frame_samples(self.microphone.0.0);
        APART + (self.heard + turn) as f64 / self.microphone.0.hertz()
    }

    fn says(&mut self) {
        let mut turn = vec![0; frame_samples(self.loudspeaker.0.0)];
        self.loudspeaker.1.port.says(&mut turn);
        self.played.extend(turn);
    }

    fn hears(&mut self, near: impl Fn(f64) -> f64) -> Vec<i16> {
        let turn = frame_samples(self.microphone.0.0);
        let at = |n: usize| APART + n as f64 / self.microphone.0.hertz();
        let all = (self.heard..self.heard + turn).map(at);
        let samples: Vec<i16> = all.map(|t| (self.echo(t) + near(t)).round() as i16).collect();
        self.heard += turn;
        self.microphone.1.port.heard(samples.iter().copied());
        samples
    }

    /// What comes of the loudspeaker at a time.
    fn echo(&self, t: f64) -> f64 {
        let by = |(after, share): (f64, f64)| {
            let at = ((t - after) * self.loudspeaker.0.hertz()).max(0.0);
            let sample = |n: usize| self.played.get(n).map_or(0.0, |sample| f64::from(*sample));
            let (whole, part) = (at.floor() as usize, at.fract());
            share * (sample(whole) + (sample(whole + 1) - sample(whole)) * part)
        };
        WAYS.map(by).iter().sum()
    }
}

/// A peer who talks: what it says in so many frames.
pub(crate) fn talk(seed: u64, frames: usize) -> Vec<Vec<i16>> {
    let mut converter = Converter::new(8_000, RATE);
    let narrow = Speech::samples(seed, frames * 160);
    let wide = narrow.chunks(160).map(|frame| {
        let mut wide = Vec::new();
        converter.convert(frame, &mut wide);
        wide
    });
    wide.collect()
}
