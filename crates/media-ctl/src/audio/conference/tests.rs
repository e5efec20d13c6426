//! Parties that each say a tone, and who hears which.

use super::mixer::{FRAME, RATE};
use super::{Conference, Seat};
use crate::audio::{AudioSink, AudioSource, Ends, Silence, Tone};
use std::f64::consts::TAU;
use std::io;
use std::sync::{Arc, Mutex};

/// The peers' tones in Hz, each of them a whole number of cycles in a tenth of a second.
const TONES: [f64; 4] = [440.0, 660.0, 1_100.0, 1_730.0];
/// What a guest says.
const GUEST: f64 = 2_310.0;
const LOUD: i16 = 6_000;
/// Frames after which filters and delays are filled.
const SETTLED: usize = 20;

/// How loud a tone is: its amplitude (Goertzel's algorithm).
fn level(samples: &[i16], rate: u32, hertz: f64) -> f64 {
    let (cos, sin) = ((TAU * hertz / f64::from(rate)).cos(), (TAU * hertz / f64::from(rate)).sin());
    let (mut one, mut two) = (0.0, 0.0);
    for sample in samples {
        (one, two) = (f64::from(*sample) + 2.0 * cos * one - two, one);
    }
    let (real, imaginary) = (one - two * cos, two * sin);
    2.0 * real.hypot(imaginary) / samples.len() as f64
}

/// A tone at the rate of the mixer.
struct Wide(f64, f64);

impl Wide {
    fn frame(&mut self) -> [i16; FRAME] {
        std::array::from_fn(|_| {
            self.1 += self.0 / f64::from(RATE);
            (f64::from(LOUD) * (TAU * self.1).sin()) as i16
        })
    }
}

/// A sink that keeps what it hears, at a rate; as a source, a guest that says a tone at it.
#[derive(Clone)]
struct Local {
    rate: u32,
    heard: Arc<Mutex<Vec<i16>>>,
    finished: Arc<Mutex<usize>>,
    phase: f64,
}

impl Local {
    fn at(rate: u32) -> Self {
        Self { rate, heard: Arc::default(), finished: Arc::default(), phase: 0.0 }
    }
}

impl AudioSink for Local {
    fn rate(&self) -> u32 {
        self.rate
    }

    fn write(&mut self, frame: &[i16]) -> io::Result<()> {
        self.heard.lock().unwrap().extend_from_slice(frame);
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        *self.finished.lock().unwrap() += 1;
        Ok(())
    }
}

impl AudioSource for Local {
    fn rate(&self) -> u32 {
        self.rate
    }

    fn is_guest(&self) -> bool {
        true
    }

    fn read(&mut self, frame: &mut [i16]) -> usize {
        for sample in frame.iter_mut() {
            self.phase += GUEST / f64::from(self.rate);
            *sample = (f64::from(LOUD) * (TAU * self.phase).sin()) as i16;
        }
        frame.len()
    }
}

/// A call's line: its peer says a tone, and hears.
struct Line {
    seat: Seat,
    ends: Ends,
    says: Wide,
    hears: Vec<i16>,
    local: Local,
}

impl Line {
    /// Says nothing here, and hears at this rate.
    fn new(conference: &Conference, tone: f64, rate: u32) -> Self {
        let local = Local::at(rate);
        let ends = Ends { source: Box::new(Silence), sink: Box::new(local.clone()) };
        Self::of(conference, tone, ends, local)
    }

    fn of(conference: &Conference, tone: f64, ends: Ends, local: Local) -> Self {
        let seat = conference.seat().unwrap();
        let ends = seat.sit(ends);
        Self { seat, ends, says: Wide(tone, 0.0), hears: Vec::new(), local }
    }

    /// What a line does every 20 ms.
    fn tick(&mut self) {
        let mut frame = [7; FRAME];
        self.ends.sink.write(&self.says.frame()).unwrap();
        assert_eq!(self.ends.source.read(&mut frame), FRAME);
        self.hears.extend_from_slice(&frame);
    }

    /// How loud the peer heard this of late.
    fn level(&self, tone: f64) -> f64 {
        level(&self.hears[self.hears.len() - 5 * FRAME..], RATE, tone)
    }

    /// How loud it was heard here.
    fn level_here(&self, tone: f64) -> f64 {
        let heard = self.local.heard.lock().unwrap();
        let last = self.local.rate as usize / 10;
        level(&heard[heard.len() - last..], self.local.rate, tone)
    }

    /// Which tones its peer heard of late.
    fn heard(&self) -> Vec<f64> {
        let all = TONES.into_iter().chain([GUEST]);
        all.filter(|tone| audible(self.level(*tone))).collect()
    }

    fn heard_here(&self) -> Vec<f64> {
        let all = TONES.into_iter().chain([GUEST]);
        all.filter(|tone| audible(self.level_here(*tone))).collect()
    }
}

/// Whole, or not at all: nothing in between.
fn audible(level: f64) -> bool {
    let loud = f64::from(LOUD);
    assert!(level < 0.02 * loud || (0.9..1.1).contains(&(level / loud)), "{level}");
    level > loud / 2.0
}

fn run(lines: &mut [&mut Line], frames: usize) {
    for _ in 0..frames {
        lines.iter_mut().for_each(|line| line.tick());
    }
}

#[test]
fn each_hears_all_others_and_not_itself_and_all_are_heard_here() {
    let conference = Conference::new();
    let mut lines: Vec<_> = TONES
        .into_iter()
        .zip([8_000, 16_000, 48_000, 44_100])
        .map(|(tone, rate)| Line::new(&conference, tone, rate))
        .collect();
    run(&mut lines.iter_mut().collect::<Vec<_>>(), SETTLED);
    for (n, line) in lines.iter().enumerate() {
        let mut others = TONES.to_vec();
        others.remove(n);
        assert_eq!(line.heard(), others, "{n}");
        assert_eq!(line.heard_here(), TONES, "{n}");
    }
}

#[test]
fn what_is_said_here_is_heard_by_its_own_peer_alone_unless_a_guest_says_it() {
    for is_guest in [false, true] {
        let conference = Conference::new();
        let local = Local::at(8_000);
        let source: Box<dyn AudioSource> =
            if is_guest { Box::new(local.clone()) } else { Box::new(Tone::new(GUEST, LOUD)) };
        let ends = Ends { source, sink: Box::new(local.clone()) };
        let mut one = Line::of(&conference, TONES[0], ends, local);
        let mut two = Line::new(&conference, TONES[1], 8_000);
        run(&mut [&mut one, &mut two], SETTLED);
        assert_eq!(one.heard(), [TONES[1], GUEST]);
        let of_one = if is_guest { vec![TONES[0], GUEST] } else { vec![TONES[0]] };
        assert_eq!(two.heard(), of_one);
        // Who speaks here does not hear itself either.
        assert_eq!(one.heard_here(), TONES[..2]);
        assert_eq!(two.heard_here().contains(&GUEST), is_guest);
        // Muted, nobody hears it; the peers go on hearing one another.
        one.seat.set_mute(true);
        run(&mut [&mut one, &mut two], SETTLED);
        assert_eq!((one.heard(), two.heard()), (vec![TONES[1]], vec![TONES[0]]));
        one.seat.set_mute(false);
        run(&mut [&mut one, &mut two], SETTLED);
        assert_eq!(one.heard(), [TONES[1], GUEST]);
    }
}

#[test]
fn who_comes_and_goes_is_heard_meanwhile_and_has_its_own_ends_again() {
    let conference = Conference::new();
    let mut one = Line::new(&conference, TONES[0], 8_000);
    let mut two = Line::new(&conference, TONES[1], 8_000);
    run(&mut [&mut one, &mut two], SETTLED);
    assert_eq!(one.heard(), [TONES[1]]);
    let mut three = Line::new(&conference, TONES[2], 8_000);
    run(&mut [&mut one, &mut two, &mut three], SETTLED);
    assert_eq!(one.heard(), TONES[1..3]);
    assert_eq!(three.heard(), TONES[..2]);
    let own = two.seat.rise().unwrap();
    assert!(two.seat.rise().is_none());
    drop(two.seat);
    // A line that is not told yet says nothing to them, and hears nothing.
    for _ in 0..SETTLED {
        run(&mut [&mut one, &mut three], 1);
        two.ends.sink.write(&[LOUD; FRAME]).unwrap();
        let mut frame = [7; FRAME];
        two.ends.source.read(&mut frame);
        assert_eq!(frame, [0; FRAME]);
    }
    assert_eq!((one.heard(), three.heard()), (vec![TONES[2]], vec![TONES[0]]));
    // Its own sink is finished by its line, once it has it again, and by nobody else.
    two.ends.sink.finish().unwrap();
    assert_eq!(*two.local.finished.lock().unwrap(), 0);
    assert_eq!(own.sink.rate(), 8_000);
    // One that sits is finished with its line.
    one.ends.sink.finish().unwrap();
    assert_eq!(*one.local.finished.lock().unwrap(), 1);
    assert!(one.seat.rise().is_none());
}

#[test]
fn who_stops_is_silent_and_keeps_nobody_waiting() {
    let conference = Conference::new();
    let mut lines = [0, 1, 2].map(|n| Line::new(&conference, TONES[n], 8_000));
    run(&mut lines.iter_mut().collect::<Vec<_>>(), SETTLED);
    let [one, two, three] = &mut lines;
    run(&mut [one, two], SETTLED);
    assert_eq!((one.heard(), two.heard()), (vec![TONES[1]], vec![TONES[0]]));
    // It makes up for the time, as lines do.
    run(&mut [three], SETTLED);
    run(&mut [one, two, three], SETTLED);
    assert_eq!(one.heard(), TONES[1..3]);
    assert_eq!(three.heard(), TONES[..2]);
    // Or it does not: then it comes in with the others after a while.
    run(&mut [one, two], SETTLED);
    run(&mut [one, two, three], 3 * SETTLED);
    assert_eq!(one.heard(), TONES[1..3]);
    assert_eq!(three.heard(), TONES[..2]);
}

#[test]
fn who_holds_us_is_heard_here_and_by_nobody_else() {
    let conference = Conference::new();
    let mut one = Line::new(&conference, TONES[0], 8_000);
    let mut two = Line::new(&conference, TONES[1], 8_000);
    one.seat.set_unheard(true);
    run(&mut [&mut one, &mut two], SETTLED);
    assert_eq!((one.heard(), two.heard()), (vec![TONES[1]], vec![]));
    assert_eq!((one.heard_here(), two.heard_here()), (TONES[..2].to_vec(), vec![TONES[1]]));
    one.seat.set_unheard(false);
    run(&mut [&mut one, &mut two], SETTLED);
    assert_eq!(two.heard(), [TONES[0]]);
}

/// A line whose turn comes up to 20 ms late leaves no gap, whoever comes first: a sine is what the two
/// samples before say, and a gap shows.
#[test]
fn frames_that_come_late_leave_no_gap() {
    let conference = Conference::new();
    let mut lines = [0, 1, 2].map(|n| Line::new(&conference, TONES[n], 8_000));
    for frame in 0..100_usize {
        // Each order of the three, and one that is a frame behind the others now and then.
        let behind = frame / 2 % 3;
        for n in 0..3 {
            let n = (n + frame / 7) % 3;
            let ticks = match frame % 2 {
                0 if n == behind => 0,
                1 if n == behind => 2,
                _ => 1,
            };
            run(&mut [&mut lines[n]], ticks);
        }
    }
    let turn = |tone: f64| 2.0 * (TAU * tone / f64::from(RATE)).cos();
    // Of two tones, what the four samples before say.
    for (n, [a, b]) in [[1, 2], [0, 2], [0, 1]].into_iter().enumerate() {
        let (a, b) = (turn(TONES[a]), turn(TONES[b]));
        let smooth = |w: &[i16]| {
            let [p, q, r, s, t] = [w[0], w[1], w[2], w[3], w[4]].map(f64::from);
            (p + t - (a + b) * (q + s) + (2.0 + a * b) * r).abs() < 40.0
        };
        assert!(lines[n].hears.windows(5).skip(10 * FRAME).all(smooth), "{n}");
    }
}

#[test]
fn what_is_too_loud_is_cut_off_and_does_not_come_round() {
    let conference = Conference::new();
    let seats: Vec<_> = std::iter::from_fn(|| conference.seat()).take(99).collect();
    assert_eq!(seats.len(), Conference::CALLS);
    let quiet = || Ends { source: Box::new(Silence), sink: Box::new(Silence) };
    let mut ends: Vec<_> = seats.iter().map(|seat| seat.sit(quiet())).collect();
    for sample in [i16::MAX, i16::MIN] {
        let mut frame = [0; FRAME];
        for _ in 0..4 {
            for Ends { source, sink } in &mut ends {
                sink.write(&[sample; FRAME]).unwrap();
                source.read(&mut frame);
            }
        }
        assert_eq!(frame, [sample; FRAME]);
    }
}

#[test]
fn a_seat_that_was_never_written_to_says_nothing() {
    let conference = Conference::new();
    let seat = conference.seat().unwrap();
    let mut ends = seat.sit(Ends { source: Box::new(Silence), sink: Box::new(Silence) });
    let mut frame = [7; FRAME];
    ends.source.read(&mut frame);
    assert_eq!(frame, [0; FRAME]);
}
