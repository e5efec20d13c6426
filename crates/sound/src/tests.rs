//! Devices that stop, come back, have other rates and odd turns; and what a call hears of them.

use crate::double::{Double, Opened, next};
use crate::keeper::Times;
use crate::{Chosen, Devices, News, RATE, Unusable, Way};
use media_ctl::audio::{AudioSink, AudioSource, Ends, frame_samples};
use std::f64::consts::TAU;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

const FRAME: usize = frame_samples(RATE);

/// A sine of 440 Hz at a rate.
struct Sine {
    at: u32,
    rate: u32,
}

impl Sine {
    const PEAK: f64 = 9_000.0;

    const fn new(rate: u32) -> Self {
        Self { at: 0, rate }
    }

    fn turn(rate: u32) -> f64 {
        TAU * 440.0 / f64::from(rate)
    }
}

impl Iterator for Sine {
    type Item = i16;

    fn next(&mut self) -> Option<i16> {
        self.at += 1;
        Some((Self::PEAK * (f64::from(self.at) * Self::turn(self.rate)).sin()).round() as i16)
    }
}

/// Where it is no sine: each sample is what the two before it say, and a gap shows.
fn breaks(samples: &[i16], rate: u32) -> usize {
    let turn = 2.0 * Sine::turn(rate).cos();
    let is_one = |w: &[i16]| {
        let [a, b, c] = [w[0], w[1], w[2]].map(f64::from);
        (turn * b - a - c).abs() < 40.0
    };
    let loud = samples.iter().any(|sample| f64::from(*sample) > 0.97 * Sine::PEAK);
    assert!(loud, "it was silent");
    samples.windows(3).filter(|window| !is_one(window)).count()
}

struct Call {
    system: Arc<Double>,
    opened: Receiver<Opened>,
    news: Receiver<News>,
    mouth: Box<dyn AudioSource>,
    ear: Box<dyn AudioSink>,
}

fn call(rate: u32, times: Times, chosen: Chosen) -> Call {
    let (system, opened) = Double::new(rate);
    let (tell, news) = channel();
    let devices = Devices::new(system.clone(), chosen, move |told| drop(tell.send(told)));
    let Ends { source: mouth, sink: ear } = devices.in_haste(times).ends();
    assert_eq!((mouth.rate(), ear.rate()), (RATE, RATE));
    Call { system, opened, news, mouth, ear }
}

impl Call {
    /// What is said in the next 20 ms.
    fn says(&mut self) -> [i16; FRAME] {
        let mut frame = [7; FRAME];
        assert_eq!(self.mouth.read(&mut frame), FRAME);
        frame
    }

    /// What is said while the microphone hears a sine in turns of so many samples.
    fn says_a_sine(
        &mut self, microphone: &Opened, rate: u32, turn: usize, frames: usize,
    ) -> Vec<i16> {
        let (mut sine, mut due, mut said) = (Sine::new(rate), 0, Vec::new());
        for _ in 0..frames {
            due += frame_samples(rate);
            while due >= turn {
                due -= turn;
                let samples: Vec<i16> = sine.by_ref().take(turn).collect();
                microphone.port.heard(samples.into_iter());
            }
            said.extend_from_slice(&self.says());
        }
        said
    }
}

const SILENCE: [i16; FRAME] = [0; FRAME];

#[test]
fn what_a_microphone_hears_is_said_whatever_its_rate_and_its_turns() {
    for rate in [8_000, 16_000, 44_100, 48_000, 96_000] {
        for turn in [37, 441, 1_024] {
            let mut call = call(rate, Times::PATIENT, Chosen::default());
            assert_eq!(call.says(), SILENCE, "it is opened first");
            let microphone = next(&call.opened);
            assert_eq!((microphone.way, &microphone.name), (Way::Microphone, &None));
            let said = call.says_a_sine(&microphone, rate, turn, 120);
            // A reserve that was too small for the turns has grown by then.
            let (_, settled) = said.split_at(60 * FRAME);
            assert_eq!(breaks(settled, RATE), 0, "{rate} Hz, turns of {turn}");
        }
    }
}

#[test]
fn what_is_heard_comes_from_a_loudspeaker_whatever_its_rate_and_its_turns() {
    for rate in [8_000, 16_000, 44_100, 48_000, 96_000] {
        for turn in [37, 441, 1_024] {
            let mut call = call(rate, Times::PATIENT, Chosen::default());
            call.ear.write(&SILENCE).unwrap();
            let loudspeaker = next(&call.opened);
            assert_eq!(loudspeaker.way, Way::Loudspeaker);
            let (mut sine, mut due, mut said) = (Sine::new(RATE), 0, Vec::new());
            for _ in 0..120 {
                let frame: Vec<i16> = sine.by_ref().take(FRAME).collect();
                call.ear.write(&frame).unwrap();
                due += frame_samples(rate);
                while due >= turn {
                    due -= turn;
                    let mut samples = vec![7; turn];
                    loudspeaker.port.says(&mut samples);
                    said.extend_from_slice(&samples);
                }
            }
            let (_, settled) = said.split_at(said.len() / 2);
            assert_eq!(breaks(settled, rate), 0, "{rate} Hz, turns of {turn}");
        }
    }
}

#[test]
fn a_device_that_is_unplugged_is_silence_until_another_is_there() {
    let mut call = call(48_000, Times::PATIENT, Chosen::default());
    call.says();
    let headset = next(&call.opened);
    let said = call.says_a_sine(&headset, 48_000, 960, 100);
    assert_eq!(breaks(&said[50 * FRAME..], RATE), 0);
    call.system.plug(0);
    headset.port.lost(Unusable::Gone);
    headset.closes();
    let lost = next(&call.news);
    assert!(
        matches!(&lost, News::Lost { way: Way::Microphone, name: None, why: Unusable::Gone }),
        "{lost:?}"
    );
    let tried = call.system.tried();
    while call.system.tried() < tried + 3 {
        assert_eq!(call.says(), SILENCE);
    }
    // Another one, of another rate; that it was tried in vain meanwhile was told once.
    call.system.plug(44_100);
    let webcam = next(&call.opened);
    let back = next(&call.news);
    assert!(matches!(&back, News::Back { way: Way::Microphone, name } if name == "a headset"));
    let said = call.says_a_sine(&webcam, 44_100, 441, 100);
    assert_eq!(breaks(&said[50 * FRAME..], RATE), 0);
    assert!(call.news.try_recv().is_err());
}

#[test]
fn a_device_that_is_not_there_at_first_is_told_of_and_taken_when_it_is() {
    let chosen = Chosen { loudspeaker: Some("a headset".to_owned()), ..Chosen::default() };
    let mut call = call(0, Times::PATIENT, chosen);
    call.ear.write(&SILENCE).unwrap();
    let lost = next(&call.news);
    let News::Lost { way: Way::Loudspeaker, name: Some(name), why: Unusable::Gone } = lost else {
        panic!("{lost:?}");
    };
    assert_eq!(name, "a headset");
    call.system.plug(16_000);
    let loudspeaker = next(&call.opened);
    assert_eq!(loudspeaker.name.as_deref(), Some("a headset"));
    assert!(matches!(next(&call.news), News::Back { way: Way::Loudspeaker, .. }));
}

#[test]
fn one_that_is_lost_again_and_again_is_told_of_once() {
    let mut call = call(48_000, Times::PATIENT, Chosen::default());
    call.system.loosen(true);
    call.says();
    assert!(matches!(next(&call.news), News::Lost { .. }));
    while call.system.tried() < 5 {
        next(&call.opened).closes();
    }
    assert!(call.news.try_recv().is_err(), "it was never there for long");
    call.system.loosen(false);
    assert!(matches!(next(&call.news), News::Back { .. }));
    assert!(call.news.try_recv().is_err());
}

#[test]
fn one_that_moves_nothing_is_opened_anew() {
    let times = Times { retry: Duration::from_millis(5), stall: Duration::from_millis(20) };
    let mut call = call(48_000, times, Chosen::default());
    call.says();
    let stuck = next(&call.opened);
    assert!(matches!(next(&call.news), News::Lost { why: Unusable::Stalled, .. }));
    next(&call.opened);
    assert!(stuck.is_closed());
}

#[test]
fn a_device_is_open_from_its_first_use_until_its_end_is_dropped() {
    let call = call(48_000, Times::PATIENT, Chosen::default());
    let Call { system, opened, mut mouth, ear, .. } = call;
    drop(ear);
    mouth.read(&mut [0; FRAME]);
    let microphone = next(&opened);
    drop(mouth);
    microphone.closes();
    assert_eq!(system.tried(), 1, "nobody used the loudspeaker");
}

#[test]
fn what_was_said_while_nobody_listened_is_not_heard_afterwards() {
    let mut call = call(48_000, Times::PATIENT, Chosen::default());
    call.says();
    let microphone = next(&call.opened);
    call.says_a_sine(&microphone, 48_000, 960, 50);
    // Muted: the source is not read for a second.
    for _ in 0..50 {
        microphone.port.heard(std::iter::repeat_n(-1_234, 960));
    }
    let mut said = call.says().to_vec();
    for _ in 0..50 {
        microphone.port.heard(std::iter::repeat_n(5_678, 960));
        said.extend_from_slice(&call.says());
    }
    assert!(said.contains(&5_678));
    assert!(!said.contains(&-1_234));
}

#[test]
fn both_ways_are_probed_and_the_one_that_cannot_be_used_is_named() {
    let (system, _opened) = Double::new(48_000);
    let devices = Devices::new(system.clone(), Chosen::default(), |_| {});
    assert!(devices.probe().is_ok());
    system.plug(0);
    let failed = devices.probe();
    assert!(matches!(failed, Err((Way::Microphone, Unusable::Gone))), "{failed:?}");
}
