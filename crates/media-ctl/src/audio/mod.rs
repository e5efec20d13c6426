//! Where audio comes from and where it goes: mono, 16 bits, in frames of 20 ms, at a rate that
//! each source and each sink says.

mod both_sides;
mod conference;
mod converter;
mod resample;
mod similarity;
mod speech;
mod tone;
mod wav_error;
mod wav_file;
mod wav_sink;
mod wav_source;

pub use both_sides::{Sides, record};
pub use conference::{Conference, Seat};
pub use converter::Converter;
pub use similarity::similarity;
pub use speech::Speech;
pub use tone::{Silence, Tone};
pub use wav_error::{WavError, WavReason};
pub use wav_file::Recording;
pub use wav_sink::WavSink;
pub use wav_source::{WavSource, read_wav};

use std::fmt;
use std::io;
use std::time::Duration;

/// Samples a second of the sources and sinks that are here.
pub const SAMPLE_RATE: u32 = 8000;

/// The time that a frame lasts.
pub const FRAME_TIME: Duration = Duration::from_millis(20);

/// Samples in a frame at a rate in Hz; so are ticks of a clock of that rate.
pub const fn frame_samples(rate: u32) -> usize {
    (rate / 50) as usize
}

/// Where the audio that is sent comes from.
pub trait AudioSource: Send {
    /// Samples a second: a multiple of 50, 4 000 to 384 000, and always the same.
    fn rate(&self) -> u32 {
        SAMPLE_RATE
    }

    /// Whether it is somebody who speaks in this call and in no other, as an agent: where calls are
    /// brought together, those of the others hear it, too. Else it is taken for what this side says in
    /// every call, and is heard in its own.
    fn is_guest(&self) -> bool {
        false
    }

    /// Fills `frame` from its start and returns how many samples it wrote.
    ///
    /// Fewer than `frame.len()` are a pause: the rest is taken as silence. A frame of which
    /// nothing was written is not sent, and the next one starts a talkspurt. Must not block.
    fn read(&mut self, frame: &mut [i16]) -> usize;
}

/// Where the audio that is heard goes.
pub trait AudioSink: Send {
    /// Samples a second: a multiple of 50, 4 000 to 384 000, and always the same.
    fn rate(&self) -> u32 {
        SAMPLE_RATE
    }

    /// Takes the next frame; called every 20 ms from the start of the session on, with silence
    /// or concealment where nothing arrived. Must not block for long.
    ///
    /// # Errors
    /// The sink has failed and takes nothing more, for example because a disk is full: told once,
    /// frames that follow are `Ok`. The session goes on.
    fn write(&mut self, frame: &[i16]) -> io::Result<()>;

    /// Called once, when the session stops.
    ///
    /// # Errors
    /// What was written is not kept, for example because a disk is full.
    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is said in a call, and where goes what is heard.
pub struct Ends {
    /// What is said.
    pub source: Box<dyn AudioSource>,
    /// Where goes what is heard.
    pub sink: Box<dyn AudioSink>,
}

impl fmt::Debug for Ends {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ends").finish_non_exhaustive()
    }
}
