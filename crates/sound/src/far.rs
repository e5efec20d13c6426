//! What the loudspeaker was given, beside what the microphone has heard: sample for sample by the
//! device's clock, so that how much later the one is heard in the other stays the same.
//!
//! ```text
//!   Port::says ──▶ loudspeaker
//!        └───────▶ Ring ──▶ fit, as the microphone's frame was ──▶ Converter ──▶ Cleaner
//! ```
//!
//! Both devices mostly have one clock, and what both have given is taken alike. Where they have two, one
//! gathers more than the other. Where a turn more waits than of what was heard, it may be heard before it
//! is known: less waits. Where too little does, it begins anew, and is known earlier. Between the two,
//! nothing is made up for.

use crate::drift::{Drift, fit};
use crate::rate::RATE;
use crate::ring::{InHand, RESERVE, Ring};
use media_ctl::audio::{Converter, frame_samples};
use std::sync::Arc;

/// A frame that was taken of what a microphone has heard.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Near {
    /// Samples a second of the device.
    pub(crate) rate: u32,
    /// Samples that it was taken from.
    pub(crate) taken: usize,
    /// What is left; `None` where it was too little.
    pub(crate) in_hand: Option<InHand>,
}

/// What a loudspeaker was given.
pub(crate) struct Far {
    ring: Arc<Ring>,
    drift: Drift,
    converter: Converter,
    /// Whether it lies beside what the microphone has heard.
    is_beside: bool,
    taken: Vec<i16>,
    fitted: Vec<i16>,
    converted: Vec<i16>,
}

impl Far {
    /// What comes into `ring`.
    pub(crate) fn new(ring: Arc<Ring>) -> Self {
        Self {
            ring,
            drift: Drift::default(),
            converter: Converter::new(RATE, RATE),
            is_beside: false,
            taken: Vec::new(),
            fitted: Vec::new(),
            converted: Vec::new(),
        }
    }

    /// The frame that goes with this one, of [`RATE`]; silence where there is none.
    pub(crate) fn frame(&mut self, near: Near) -> &[i16] {
        let Some(rate) = self.ring.rate() else {
            self.is_beside = false;
            self.converted.clear();
            self.converted.resize(frame_samples(RATE), 0);
            return &self.converted;
        };
        let samples = frame_samples(rate);
        // By as many parts longer as the microphone's was.
        let alike = near.taken * samples / frame_samples(near.rate);
        self.taken.resize(self.drift.taken(alike), 0);
        let left = self.ring.pull(&mut self.taken);
        match near.in_hand.zip(left) {
            Some((heard, said)) => {
                let beside = scaled(heard.waits, near.rate, rate);
                self.place(said, beside, rate);
            }
            None => self.is_beside = false,
        }
        self.fitted.resize(samples, 0);
        fit(&self.taken, &mut self.fitted);
        self.converter.set_rates(rate, RATE);
        self.converter.convert(&self.fitted, &mut self.converted);
        &self.converted
    }

    /// So much is in hand, and of what the microphone has heard as much as `beside` samples are.
    fn place(&mut self, said: InHand, beside: usize, rate: u32) {
        let InHand { waits, reserve } = said;
        // Of a turn that either device has just had, the other's may be missing yet.
        let turn = reserve.saturating_sub((rate / RESERVE) as usize).min(frame_samples(rate));
        let too_late = waits.saturating_sub(beside + turn);
        if !std::mem::replace(&mut self.is_beside, true) {
            self.drift.begin();
            return self.ring.leave_out(too_late);
        }
        let in_hand = InHand { waits: too_late, reserve: 0 };
        let too_much = self.drift.saw(in_hand, frame_samples(rate));
        self.ring.leave_out(too_much);
    }
}

/// So many samples of a rate, in another.
fn scaled(samples: usize, from: u32, to: u32) -> usize {
    (samples as u64 * u64::from(to) / u64::from(from.max(1))) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cleaner;
    use crate::room::{Clock, Room, talk};
    use std::sync::mpsc::{Sender, channel};

    /// Tells what it is given, and cleans nothing.
    struct Teller(Sender<(Vec<i16>, Vec<i16>)>);

    impl Cleaner for Teller {
        fn clean(&mut self, heard: &mut [i16], said: &[i16]) {
            self.0.send((heard.to_vec(), said.to_vec())).unwrap();
        }
    }

    /// What a cleaner is given in a call of so many frames, and what the loudspeaker was.
    fn given(devices: [Clock; 2], frames: usize) -> (Vec<i16>, Vec<i16>, Vec<i16>) {
        let (tell, told) = channel();
        let clean = move || Box::new(Teller(tell.clone())) as Box<dyn Cleaner>;
        let mut room = Room::new(devices[0], devices[1], |devices| devices.cleaned(clean));
        talk(3, frames).iter().for_each(|far| drop(room.passes(far, |_| 0.0)));
        let (heard, said): (Vec<_>, Vec<_>) = told.try_iter().unzip();
        (heard.concat(), said.concat(), room.played)
    }

    /// How much later, in samples, this is heard than it is known: where the two are most alike.
    fn later(heard: &[i16], said: &[i16]) -> i32 {
        let alike = |lag: usize| -> i64 {
            let pairs = heard[lag..].iter().zip(said).step_by(16);
            pairs.map(|(a, b)| i64::from(*a) * i64::from(*b)).sum()
        };
        (0..6_000).max_by_key(|lag| alike(*lag)).unwrap() as i32
    }

    #[test]
    fn it_is_what_the_loudspeaker_was_given() {
        let (_, said, played) = given([Clock::LIKE_MEDIA; 2], 400);
        let (settled, _) = said[200 * 960..].split_at(150 * 960);
        assert!(settled.iter().any(|sample| *sample > 1_000), "somebody spoke");
        assert!(played.windows(settled.len()).any(|window| window == settled));
    }

    /// Half an hour of a loudspeaker whose clock is so many millionths faster than the microphone's.
    /// Gives the most in hand after the first minute, and the frames for which there was too little.
    fn half_an_hour(ppm: f64) -> (usize, u32) {
        let ring = Arc::new(Ring::default());
        ring.begin(RATE);
        let mut far = Far::new(Arc::clone(&ring));
        let heard = InHand { waits: 1_440, reserve: 1_440 };
        let (mut due, mut most, mut gaps) = (0.0, 0, 0);
        for frame in 0..90_000_u32 {
            due += 960.0 * (1.0 + ppm / 1e6);
            while due >= 960.0 {
                due -= 960.0;
                ring.turn(960);
                ring.push(std::iter::repeat_n(0, 960));
            }
            far.frame(Near { rate: RATE, taken: 960, in_hand: Some(heard) });
            let waits = ring.push(std::iter::empty()).waits;
            if frame > 3_000 {
                gaps += u32::from(!far.is_beside);
                most = most.max(if far.is_beside { waits } else { 0 });
            }
        }
        (most, gaps)
    }

    #[test]
    fn of_two_clocks_that_differ_what_is_known_too_late_does_not_gather() {
        // Where the loudspeaker is slow, too little waits for 1 of 1 000 frames at the worst.
        for (ppm, times) in [(-500.0, 90), (-100.0, 20), (0.0, 0), (100.0, 0), (500.0, 0)] {
            let (most, gaps) = half_an_hour(ppm);
            let told = format!("{ppm} ppm: {most} at most, {gaps} gaps");
            println!("{told}");
            // What the microphone has heard and a turn, and another that has just come.
            assert!(most <= 1_440 + 2 * 960 + 100, "{told}");
            assert!(gaps <= times, "{told}");
        }
    }

    #[test]
    fn it_is_known_before_it_is_heard_and_as_long_before_for_a_whole_call() {
        for ([loudspeaker, microphone], strays) in [
            ([Clock(48_000, 0.0), Clock(48_000, 0.0)], 4),
            // A frame that is stretched, and its echo, which is in another.
            ([Clock(48_000, 100.0), Clock(48_000, 100.0)], 24),
            ([Clock(48_000, -500.0), Clock(48_000, -500.0)], 24),
            ([Clock(44_100, 30.0), Clock(16_000, 30.0)], 24),
            // Two clocks: within what may wait.
            ([Clock(48_000, 0.0), Clock(48_000, 400.0)], 4_000),
            ([Clock(48_000, 400.0), Clock(48_000, 0.0)], 4_000),
        ] {
            let (heard, said, _) = given([loudspeaker, microphone], 1_600);
            let seconds =
                heard.chunks_exact(48_000).zip(said.chunks_exact(48_000)).skip(10).step_by(4);
            let all: Vec<i32> = seconds.map(|(heard, said)| later(heard, said)).collect();
            let (least, most) = (*all.iter().min().unwrap(), *all.iter().max().unwrap());
            let told = format!("{loudspeaker:?} {microphone:?}: {all:?}");
            assert!(least > 0 && most - least <= strays, "{told}");
        }
    }
}
