//! Echo and noise, by a port of WebRTC's audio processing to Rust.

use crate::Cleaner;
use crate::rate::RATE;
use sonora::config::{EchoCanceller, MaxProcessingRate, NoiseSuppression, Pipeline};
use sonora::{AudioProcessing, Config, StreamConfig};
use std::fmt;

/// Samples that are taken at a time: 10 ms.
const PIECE: usize = (RATE / 100) as usize;

/// What is taken out of what a microphone hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unwanted {
    /// What the loudspeaker says.
    pub echo: bool,
    /// What goes on all the time, as a fan does.
    pub noise: bool,
}

/// Takes out echo, noise, or both.
pub struct Canceller {
    machine: AudioProcessing,
    cleaned: [i16; PIECE],
}

impl Canceller {
    /// One that takes out this. With nothing that is unwanted, it changes nothing.
    pub fn new(unwanted: Unwanted) -> Self {
        let stream = StreamConfig::new(RATE, 1);
        let config = Config {
            pipeline: Pipeline {
                maximum_internal_processing_rate: MaxProcessingRate::Rate48kHz,
                ..Pipeline::default()
            },
            echo_canceller: unwanted.echo.then(EchoCanceller::default),
            noise_suppression: unwanted.noise.then(NoiseSuppression::default),
            ..Config::default()
        };
        let builder = AudioProcessing::builder().config(config);
        let machine = builder.capture_config(stream).render_config(stream).build();
        Self { machine, cleaned: [0; PIECE] }
    }
}

impl Cleaner for Canceller {
    fn clean(&mut self, heard: &mut [i16], said: &[i16]) {
        for (heard, said) in heard.chunks_exact_mut(PIECE).zip(said.chunks_exact(PIECE)) {
            // It gives back what was said as it is; an error would be a format that it does not know.
            let knows = self.machine.process_render_i16(said, &mut self.cleaned).is_ok();
            if knows && self.machine.process_capture_i16(heard, &mut self.cleaned).is_ok() {
                heard.copy_from_slice(&self.cleaned);
            }
        }
    }
}

impl fmt::Debug for Canceller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canceller").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::{Clock, FRAME, Room, talk};
    use std::f64::consts::TAU;

    const ECHO: Unwanted = Unwanted { echo: true, noise: false };
    const NOISE: Unwanted = Unwanted { echo: false, noise: true };
    const BOTH: Unwanted = Unwanted { echo: true, noise: true };

    /// What the microphone heard, and what was said to the peer, from the fourth second to the last of a
    /// call in which the peer talks.
    fn call(
        [loudspeaker, microphone]: [Clock; 2], unwanted: Unwanted, seconds: usize,
        near: impl Fn(f64) -> f64,
    ) -> (Vec<i16>, Vec<i16>) {
        let clean = move || Box::new(Canceller::new(unwanted)) as Box<dyn Cleaner>;
        let mut room = Room::new(loudspeaker, microphone, |devices| devices.cleaned(clean));
        let frames = talk(7, seconds * 50);
        let all = frames.iter().map(|far| room.passes(far, &near));
        let (heard, said): (Vec<_>, Vec<_>) = all.skip(3 * 50).unzip();
        (heard.concat(), said.concat())
    }

    /// How loud, in dB below nothing in particular.
    fn loudness(samples: &[i16]) -> f64 {
        let sum: f64 = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
        10.0 * (sum / samples.len() as f64).max(1e-3).log10()
    }

    /// How loud a sine of so many hertz is in it, as [`loudness`] is.
    fn sine(samples: &[i16], hertz: f64) -> f64 {
        let part = |turn: f64| -> f64 {
            let at = |n: usize| (TAU * (hertz * n as f64 / f64::from(RATE) + turn)).sin();
            let all = samples.iter().enumerate().map(|(n, sample)| f64::from(*sample) * at(n));
            all.sum::<f64>() / samples.len() as f64
        };
        10.0 * (2.0 * (part(0.0).powi(2) + part(0.25).powi(2))).max(1e-3).log10()
    }

    #[test]
    fn a_peer_who_talks_does_not_hear_itself() {
        for (devices, least) in [
            ([Clock(48_000, 0.0), Clock(48_000, 0.0)], 20.0),
            ([Clock(48_000, 100.0), Clock(48_000, 100.0)], 20.0),
            ([Clock(44_100, 30.0), Clock(16_000, 30.0)], 20.0),
            // Devices with clocks of their own.
            ([Clock(48_000, 50.0), Clock(48_000, -50.0)], 15.0),
            ([Clock(48_000, 200.0), Clock(48_000, -200.0)], 8.0),
        ] {
            let (heard, said) = call(devices, ECHO, 13, |_| 0.0);
            let enhancement = loudness(&heard) - loudness(&said);
            println!("{devices:?}: {enhancement:.1} dB");
            assert!(enhancement >= least, "{devices:?}: {enhancement:.1} dB");
        }
    }

    #[test]
    fn who_speaks_while_the_peer_does_is_heard() {
        for (unwanted, most) in [(ECHO, 3.0), (BOTH, 5.0)] {
            // By and by louder, as a voice is.
            let near = |t: f64| 6_000.0 * (TAU * 3.0 * t).sin().max(0.0) * (TAU * 900.0 * t).sin();
            let (heard, said) = call([Clock::LIKE_MEDIA; 2], unwanted, 9, near);
            let lost = sine(&heard, 900.0) - sine(&said, 900.0);
            println!("{unwanted:?}: {lost:.1} dB");
            assert!(lost.abs() <= most, "{unwanted:?}: {lost:.1} dB");
        }
    }

    #[test]
    fn noise_under_what_is_said_is_lowered() {
        let mut canceller = Canceller::new(NOISE);
        let (mut seed, mut at) = (1_u32, 0);
        let (mut noise, mut tone) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
        for n in 0..500 {
            // Half a second in two, somebody speaks.
            let speaks = n % 50 < 25;
            let mut frame = [(); FRAME].map(|()| {
                at += 1;
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let noise = f64::from(seed >> 16) / 65.536 - 500.0;
                let tone = 6_000.0 * (TAU * 900.0 * f64::from(at) / f64::from(RATE)).sin();
                (noise + if speaks { tone } else { 0.0 }) as i16
            });
            let of = if speaks { &mut tone } else { &mut noise };
            // Where it begins and ends belongs to neither.
            let counts = n >= 150 && (5..20).contains(&(n % 25));
            of[0].extend(frame.iter().filter(|_| counts));
            canceller.clean(&mut frame, &[0; FRAME]);
            of[1].extend(frame.iter().filter(|_| counts));
        }
        let lowered = loudness(&noise[0]) - loudness(&noise[1]);
        let lost = loudness(&tone[0]) - loudness(&tone[1]);
        println!("noise: {lowered:.1} dB; tone: {lost:.1} dB");
        assert!(lowered >= 6.0 && lost.abs() <= 3.0, "{lowered:.1} dB, tone {lost:.1} dB");
    }

    #[test]
    fn what_is_not_unwanted_stays_bit_by_bit() {
        let neither = Unwanted { echo: false, noise: false };
        let (mut canceller, said) = (Canceller::new(neither), talk(1, 50));
        for (heard, said) in talk(2, 50).iter().zip(&said) {
            let mut cleaned = heard.clone();
            canceller.clean(&mut cleaned, said);
            assert_eq!(&cleaned, heard);
        }
    }
}
