//! What is said and heard, by the words of the command line.

use crate::error::{Error, Result};
use media_ctl::audio::{AudioSink, AudioSource, Silence, Tone, WavSink, WavSource};
use std::path::{Path, PathBuf};

/// A 440 Hz tone at a quarter of full scale.
const TONE: (f64, i16) = (440.0, 8_192);

/// Samples a second of recordings.
const RATE: u32 = 8_000;

/// What is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Say {
    /// A tone.
    Tone,
    /// Nothing.
    Silence,
    /// A file.
    File(PathBuf),
}

impl Say {
    /// What `word` means: `tone`, `silence`, or a file.
    pub(super) fn new(word: &str) -> Self {
        match word {
            "tone" => Self::Tone,
            "silence" => Self::Silence,
            file => Self::File(PathBuf::from(file)),
        }
    }

    /// A source that says it from the start.
    ///
    /// # Errors
    /// The file is no WAV file that can be read.
    pub(super) fn source(&self) -> Result<Box<dyn AudioSource>> {
        Ok(match self {
            Self::Tone => Box::new(Tone::new(TONE.0, TONE.1)),
            Self::Silence => Box::new(Silence),
            Self::File(path) => Box::new(WavSource::open(path).map_err(Error::invalid)?),
        })
    }
}

/// A sink that records to `path`, or hears nothing.
///
/// # Errors
/// The file cannot be created.
pub(super) fn sink(path: Option<&Path>) -> Result<Box<dyn AudioSink>> {
    Ok(match path {
        Some(path) => Box::new(WavSink::create(path, RATE).map_err(Error::invalid)?),
        None => Box::new(Silence),
    })
}
