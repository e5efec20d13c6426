//! A call's seat in a conference: what its line says and hears there, in place of the ends that the call
//! has by itself.

use super::beat::Beat;
use super::mixer::{FRAME, Mixer, PARTIES, Party, RATE};
use crate::audio::{AudioSink, AudioSource, Converter, Ends, frame_samples};
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Calls whose parties hear one another; a handle that can be cloned.
///
/// What one says is heard by the others 20 to 60 ms later. Who says nothing, or goes on too late, is
/// silent and keeps nobody waiting.
#[derive(Clone)]
pub struct Conference(Arc<Mutex<Mixer>>);

impl Conference {
    /// Calls at most.
    pub const CALLS: usize = PARTIES;

    /// One in which nobody is yet.
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(Mixer::new())))
    }

    /// A seat for a call, until it is dropped; `None` where all are taken.
    pub fn seat(&self) -> Option<Seat> {
        let party = lock(&self.0).come()?;
        let place = Place {
            mixer: Arc::clone(&self.0),
            party,
            beat: Beat::default(),
            own: None,
            muted: false,
            unheard: false,
            others: [0; FRAME],
            voice: Vec::new(),
        };
        Some(Seat { conference: self.clone(), party, place: Arc::new(Mutex::new(place)) })
    }
}

impl Default for Conference {
    fn default() -> Self {
        Self::new()
    }
}

impl PartialEq for Conference {
    /// Whether both are handles of one.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for Conference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conference").finish_non_exhaustive()
    }
}

/// A call's seat. Dropped, its party hears nobody of the conference any more, and is heard by none.
pub struct Seat {
    conference: Conference,
    party: Party,
    place: Arc<Mutex<Place>>,
}

impl Seat {
    /// The conference that it is in.
    pub const fn conference(&self) -> &Conference {
        &self.conference
    }

    /// Takes in the ends that a call has by itself, and gives those that its line is to have meanwhile,
    /// of 16 kHz. Each frame that is written is the next 20 ms; what is read belongs to it.
    ///
    /// The peer hears what the source says, and the others. The sink hears the peer, and the others. The
    /// others hear the peer, and the source where it [is a guest](AudioSource::is_guest).
    pub fn sit(&self, ends: Ends) -> Ends {
        lock(&self.place).own = Some(Own::of(ends));
        let (ear, mouth) = (Ear(Arc::clone(&self.place)), Mouth(Arc::clone(&self.place)));
        Ends { source: Box::new(mouth), sink: Box::new(ear) }
    }

    /// Gives back the ends that were taken in; `None` where there are none, or the line has finished
    /// them.
    pub fn rise(&self) -> Option<Ends> {
        lock(&self.place).own.take().map(|own| own.ends)
    }

    /// From now on the source waits, and nobody hears it, or no longer. Its peer goes on hearing the
    /// others.
    pub fn set_mute(&self, mute: bool) {
        lock(&self.place).muted = mute;
    }

    /// From now on the others do not hear the peer, or do again: as where it holds the call, and has
    /// music played.
    pub fn set_unheard(&self, unheard: bool) {
        lock(&self.place).unheard = unheard;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        lock(&self.conference.0).go(self.party);
    }
}

impl fmt::Debug for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seat").field("party", &self.party).finish_non_exhaustive()
    }
}

/// What a call's two ends in a conference share. Its lock is taken before the mixer's.
struct Place {
    mixer: Arc<Mutex<Mixer>>,
    party: Party,
    beat: Beat,
    /// What the call has by itself.
    own: Option<Own>,
    muted: bool,
    unheard: bool,
    /// What the others said that is heard now.
    others: [i32; FRAME],
    /// What the source says now.
    voice: Vec<i16>,
}

impl Place {
    /// The peer says the next frame.
    fn hear(&mut self, frame: &[i16]) -> io::Result<()> {
        self.beat(frame);
        let Some(own) = &mut self.own else { return Ok(()) };
        own.hear(self.others.iter().zip(frame).map(|(others, peer)| others + i32::from(*peer)))
    }

    fn beat(&mut self, frame: &[i16]) {
        let mut mixer = lock(&self.mixer);
        let slot = self.beat.next(mixer.newest());
        if !self.unheard {
            mixer.add(self.party, slot, frame);
        }
        if let Some((_, heard)) = self.beat.slots() {
            mixer.others(self.party, heard, &mut self.others);
        }
    }

    /// The peer hears what belongs to the frame that it has said last.
    fn say(&mut self, frame: &mut [i16]) {
        self.voice.clear();
        if let Some(own) = self.own.as_mut().filter(|_| !self.muted) {
            own.say(&mut self.voice);
            if let Some((slot, _)) = self.beat.slots().filter(|_| own.is_guest) {
                lock(&self.mixer).add(self.party, slot, &self.voice);
            }
        }
        let voice = self.voice.iter().copied().chain(std::iter::repeat(0));
        for ((said, others), voice) in frame.iter_mut().zip(&self.others).zip(voice) {
            *said = saturated(others + i32::from(voice));
        }
    }
}

/// The ends that a call has by itself, at their rates.
struct Own {
    ends: Ends,
    is_guest: bool,
    /// From the source's rate, and to the sink's.
    from: Converter,
    to: Converter,
    frame: Vec<i16>,
    converted: Vec<i16>,
}

impl Own {
    fn of(ends: Ends) -> Self {
        let (from, to) = (ends.source.rate(), ends.sink.rate());
        Self {
            is_guest: ends.source.is_guest(),
            from: Converter::new(from, RATE),
            to: Converter::new(RATE, to),
            frame: Vec::new(),
            converted: Vec::new(),
            ends,
        }
    }

    fn hear(&mut self, samples: impl Iterator<Item = i32>) -> io::Result<()> {
        self.frame.clear();
        self.frame.extend(samples.map(saturated));
        self.to.convert(&self.frame, &mut self.converted);
        self.ends.sink.write(&self.converted)
    }

    fn say(&mut self, voice: &mut Vec<i16>) {
        self.frame.clear();
        self.frame.resize(frame_samples(self.ends.source.rate()), 0);
        let read = self.ends.source.read(&mut self.frame);
        if let Some(rest) = self.frame.get_mut(read..) {
            rest.fill(0);
        }
        self.from.convert(&self.frame, voice);
    }
}

/// What the peer says, and with it the time.
struct Ear(Arc<Mutex<Place>>);

impl AudioSink for Ear {
    fn rate(&self) -> u32 {
        RATE
    }

    fn write(&mut self, frame: &[i16]) -> io::Result<()> {
        lock(&self.0).hear(frame)
    }

    fn finish(&mut self) -> io::Result<()> {
        let own = lock(&self.0).own.take();
        own.map_or(Ok(()), |mut own| own.ends.sink.finish())
    }
}

/// What the peer hears: always something, so that its line does not fall silent where the source pauses.
struct Mouth(Arc<Mutex<Place>>);

impl AudioSource for Mouth {
    fn rate(&self) -> u32 {
        RATE
    }

    fn read(&mut self, frame: &mut [i16]) -> usize {
        lock(&self.0).say(frame);
        frame.len()
    }
}

/// A sum in 16 bits: what is louder than they can say is cut off.
fn saturated(sum: i32) -> i16 {
    sum.clamp(i16::MIN.into(), i16::MAX.into()) as i16
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic in a source or a sink leaves it as it was before that frame.
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
