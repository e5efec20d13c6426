//! What is said and heard, by the words of the command line.

use crate::config::Config;
use crate::error::{Error, Result};
use crate::file::{self, Draft};
use media_ctl::audio::{AudioSink, AudioSource, Silence, Tone, WavSink, WavSource};
use std::path::Path;

/// A 440 Hz tone at a quarter of full scale.
const TONE: (f64, i16) = (440.0, 8_192);

/// Samples a second of recordings.
const RATE: u32 = 8_000;

/// What is said.
#[derive(Clone, Debug)]
pub(super) enum Say {
    /// A tone.
    Tone,
    /// Nothing.
    Silence,
    /// A file, which has been read: every call plays it from the start.
    File(WavSource),
}

impl Say {
    /// What the command line says, or else the configuration, or else a tone. A file that the
    /// configuration names counts from its folder.
    ///
    /// Cancel-safe: a pipe, which is read to its end first, may never come to it.
    ///
    /// # Errors
    /// The file is no WAV file that can be read.
    pub(super) async fn choose(argument: Option<&str>, config: &Config) -> Result<Self> {
        match (argument, config.audio.say.as_deref()) {
            (Some("tone"), _) | (None, None | Some("tone")) => Ok(Self::Tone),
            (Some("silence"), _) | (None, Some("silence")) => Ok(Self::Silence),
            (Some(file), _) => Self::file(Path::new(file)).await,
            (None, Some(file)) => Self::file(&config.at(Path::new(file))).await,
        }
    }

    async fn file(path: &Path) -> Result<Self> {
        let (what, path) = (path.display().to_string(), path.to_owned());
        let open = move || WavSource::open(&path).map_err(Error::invalid);
        file::apart(what, open).await.map(Self::File)
    }

    /// A source that says it from the start.
    pub(super) fn source(&self) -> Box<dyn AudioSource> {
        match self {
            Self::Tone => Box::new(Tone::new(TONE.0, TONE.1)),
            Self::Silence => Box::new(Silence),
            Self::File(source) => Box::new(source.clone()),
        }
    }
}

/// A sink that records to `path`, or hears nothing.
///
/// # Errors
/// No regular file can be written there.
pub(super) fn sink(path: Option<&Path>) -> Result<Box<dyn AudioSink>> {
    Ok(match path {
        Some(path) => {
            let part = Draft::part(path).map_err(|error| Error::write(path, error))?;
            Box::new(WavSink::new(path, Box::new(part), RATE).map_err(Error::invalid)?)
        }
        None => Box::new(Silence),
    })
}
