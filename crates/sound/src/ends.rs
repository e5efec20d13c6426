//! The two ends of a call that a person has: what a microphone hears is said, and what is heard goes to
//! a loudspeaker. Either opens its device when it is first used.
//!
//! ```text
//!   microphone ── Port::heard ──▶ Ring ──▶ fit ──▶ Converter ──▶ Cleaner ──▶ Mouth::read
//!   loudspeaker ◀── Port::says ── Ring ◀── fit ◀── Converter ◀── Ear::write
//!        its own thread and clock  │        every 20 ms of the media's clock
//! ```

use crate::cleaner::Guarded;
use crate::drift::{Drift, fit};
use crate::far::{Far, Near};
use crate::keeper::{Keeper, Wanted};
use crate::note::Note;
use crate::rate::RATE;
use crate::ring::Ring;
use crate::{News, Unusable};
use media_ctl::audio::{AudioSink, AudioSource, Converter, frame_samples};
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

/// A device that is opened when it is first used, and closed with this.
struct Line {
    ring: Arc<Ring>,
    /// What is to be opened, as long as it is not.
    wanted: Option<Wanted>,
    keeper: Option<Sender<Note>>,
}

impl Line {
    fn new(wanted: Wanted) -> Self {
        Self { ring: Arc::new(Ring::default()), wanted: Some(wanted), keeper: None }
    }

    /// The samples of a frame on the device's side; `None` while there is no device.
    fn frame(&mut self) -> Option<(u32, usize)> {
        if let Some(wanted) = self.wanted.take() {
            self.open(wanted);
        }
        let rate = self.ring.rate()?;
        Some((rate, frame_samples(rate)))
    }

    fn open(&mut self, wanted: Wanted) {
        let (way, name, tell) = (wanted.way, wanted.name.clone(), Arc::clone(&wanted.tell));
        let notes = channel();
        let to = notes.0.clone();
        let keeper = Keeper::new(wanted, Arc::clone(&self.ring), notes);
        let thread = std::thread::Builder::new().name(way.to_string());
        match thread.spawn(move || keeper.run()) {
            Ok(_) => self.keeper = Some(to),
            Err(error) => tell(News::Lost { way, name, why: Unusable::System(error.into()) }),
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if let Some(keeper) = &self.keeper {
            // It may have ended.
            drop(keeper.send(Note::Over));
        }
    }
}

/// What a microphone hears; silence while there is none, or it is late.
pub(crate) struct Mouth {
    line: Line,
    drift: Drift,
    converter: Converter,
    /// A frame as it was taken, as it is at the device's rate, and at the source's.
    taken: Vec<i16>,
    fitted: Vec<i16>,
    converted: Vec<i16>,
    /// What cleans it, and what the loudspeaker says meanwhile.
    cleans: Option<(Guarded, Far)>,
}

impl Mouth {
    pub(crate) fn new(wanted: Wanted, cleans: Option<(Guarded, Far)>) -> Self {
        Self {
            line: Line::new(wanted),
            drift: Drift::default(),
            converter: Converter::new(RATE, RATE),
            taken: Vec::new(),
            fitted: Vec::new(),
            converted: Vec::new(),
            cleans,
        }
    }

    /// Takes the next frame, of the device's rate.
    fn take(&mut self, rate: u32, samples: usize) -> Near {
        self.taken.resize(self.drift.taken(samples), 0);
        let in_hand = self.line.ring.pull(&mut self.taken);
        match in_hand {
            Some(in_hand) => {
                let too_much = self.drift.saw(in_hand, samples);
                self.line.ring.leave_out(too_much);
            }
            None => self.drift.begin(),
        }
        self.fitted.resize(samples, 0);
        fit(&self.taken, &mut self.fitted);
        Near { rate, taken: self.taken.len(), in_hand }
    }
}

impl AudioSource for Mouth {
    fn rate(&self) -> u32 {
        RATE
    }

    fn read(&mut self, frame: &mut [i16]) -> usize {
        frame.fill(0);
        // A line that sends nothing may be taken for dead: silence is said while there is no device.
        if let Some((rate, samples)) = self.line.frame() {
            let near = self.take(rate, samples);
            self.converter.set_rates(rate, RATE);
            self.converter.convert(&self.fitted, &mut self.converted);
            if let Some((cleaner, far)) = &mut self.cleans {
                cleaner.clean(&mut self.converted, far.frame(near));
            }
            frame.iter_mut().zip(&self.converted).for_each(|(to, from)| *to = *from);
        }
        frame.len()
    }
}

/// Has a loudspeaker say what is heard; where there is none, nobody hears it.
pub(crate) struct Ear {
    line: Line,
    drift: Drift,
    converter: Converter,
    converted: Vec<i16>,
    fitted: Vec<i16>,
}

impl Ear {
    pub(crate) fn new(wanted: Wanted) -> Self {
        Self {
            line: Line::new(wanted),
            drift: Drift::default(),
            converter: Converter::new(RATE, RATE),
            converted: Vec::new(),
            fitted: Vec::new(),
        }
    }
}

impl AudioSink for Ear {
    fn rate(&self) -> u32 {
        RATE
    }

    fn write(&mut self, frame: &[i16]) -> io::Result<()> {
        let Some((rate, samples)) = self.line.frame() else { return Ok(()) };
        self.converter.set_rates(RATE, rate);
        self.converter.convert(frame, &mut self.converted);
        self.fitted.resize(self.drift.given(samples), 0);
        fit(&self.converted, &mut self.fitted);
        let in_hand = self.line.ring.push(self.fitted.iter().copied());
        let too_much = self.drift.saw(in_hand, samples);
        self.line.ring.leave_out(too_much);
        Ok(())
    }
}
