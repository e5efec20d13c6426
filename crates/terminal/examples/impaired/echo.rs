//! A party that says what it hears, when it hears it.

use media_ctl::audio::{AudioSink, AudioSource};
use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

/// Samples that wait to be said at most, in parts of a second.
const LONGEST: u32 = 5;

/// What was heard and is to be said.
#[derive(Clone, Debug)]
pub(crate) struct Echo {
    rate: u32,
    heard: Arc<Mutex<VecDeque<i16>>>,
}

impl Echo {
    /// An echo of so many samples a second; its clones are its other end.
    pub(crate) fn new(rate: u32) -> Self {
        Self { rate, heard: Arc::default() }
    }
}

impl AudioSink for Echo {
    fn rate(&self) -> u32 {
        self.rate
    }

    fn write(&mut self, frame: &[i16]) -> io::Result<()> {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.extend(frame);
        let longest = usize::try_from(self.rate / LONGEST).unwrap_or_default();
        let excess = heard.len().saturating_sub(longest);
        heard.drain(..excess);
        Ok(())
    }
}

impl AudioSource for Echo {
    fn rate(&self) -> u32 {
        self.rate
    }

    fn read(&mut self, frame: &mut [i16]) -> usize {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let count = frame.len().min(heard.len());
        for (to, from) in frame.iter_mut().zip(heard.drain(..count)) {
            *to = from;
        }
        count
    }
}
