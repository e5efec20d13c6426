//! What a device that is open is given: where its sound goes to or comes from.

use crate::Unusable;
use crate::note::Note;
use crate::ring::Ring;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;

/// Where the sound of a device goes to or comes from. Its calls are for the thread that a device has for
/// that: none waits, and none but [`begins`](Self::begins) and [`lost`](Self::lost) allocates in the long
/// run.
#[derive(Clone)]
pub struct Port {
    ring: Arc<Ring>,
    /// Where what a loudspeaker is given goes as well.
    said: Option<Arc<Ring>>,
    notes: Sender<Note>,
    /// Whether it was said that the device is lost.
    is_lost: Arc<AtomicBool>,
}

impl Port {
    pub(crate) fn new(ring: Arc<Ring>, said: Option<Arc<Ring>>, notes: Sender<Note>) -> Self {
        Self { ring, said, notes, is_lost: Arc::default() }
    }

    /// The device works at so many samples a second: a multiple of 50, 4 000 to 384 000.
    pub fn begins(&self, rate: u32) {
        self.ring.begin(rate);
        if let Some(said) = &self.said {
            said.begin(rate);
        }
    }

    /// The microphone has heard this, in one channel.
    pub fn heard(&self, samples: impl ExactSizeIterator<Item = i16>) {
        self.ring.turn(samples.len());
        self.ring.push(samples);
    }

    /// Gives what the loudspeaker is to say next, in one channel: silence where there is nothing.
    pub fn says(&self, samples: &mut [i16]) {
        self.ring.turn(samples.len());
        self.ring.pull(samples);
        if let Some(said) = &self.said {
            said.turn(samples.len());
            said.push(samples.iter().copied());
        }
    }

    /// The device can be used no more. What is said of that after the first time is passed over.
    pub fn lost(&self, why: Unusable) {
        if !self.is_lost.swap(true, Ordering::Relaxed) {
            // Nobody wants to know once the call is over.
            drop(self.notes.send(Note::Lost(why)));
        }
    }
}

impl fmt::Debug for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Port").finish_non_exhaustive()
    }
}
