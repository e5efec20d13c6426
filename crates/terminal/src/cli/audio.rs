//! What is said and heard, by the words of the command line.

use super::agents::{Agents, Ends};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::file::{self, Draft};
use crate::voice::Reserved;
use media_ctl::audio::{AudioSink, AudioSource, Silence, Tone, WavSink, WavSource};
use sip_core::manager::CallId;
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
    /// Whatever an agent says.
    Agent(Agents),
}

impl Say {
    /// What the command line says, or else the configuration, or else a tone. A file that the
    /// configuration names counts from its folder.
    ///
    /// Cancel-safe: a pipe, which is read to its end first, may never come to it.
    ///
    /// # Errors
    /// The file is no WAV file that can be read.
    pub(super) async fn choose(
        argument: Option<&str>, config: &Config, agents: &Agents,
    ) -> Result<Self> {
        if agents.are_asked() {
            return Ok(Self::Agent(agents.clone()));
        }
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

    /// Waits until a call can be placed.
    ///
    /// # Errors
    /// It never can: see [`Agents::is_ready`].
    pub(super) async fn is_ready(&self) -> Result<()> {
        match self {
            Self::Agent(agents) => agents.is_ready().await,
            Self::Tone | Self::Silence | Self::File(_) => Ok(()),
        }
    }

    /// The ends of a call that is to be placed, from its start, and the agent who speaks in it.
    ///
    /// # Errors
    /// No agent is ready, or no recording can be written there.
    pub(super) fn ends(&self, record: Option<&Path>) -> Result<(Ends, Option<Reserved>)> {
        match self {
            Self::Agent(agents) => agents.take().map(|(ends, reserved)| (ends, Some(reserved))),
            Self::Tone => with_sink(Tone::new(TONE.0, TONE.1), record).map(|ends| (ends, None)),
            Self::Silence => with_sink(Silence, record).map(|ends| (ends, None)),
            Self::File(source) => with_sink(source.clone(), record).map(|ends| (ends, None)),
        }
    }

    /// The ends of a call that came in.
    ///
    /// # Errors
    /// As [`ends`](Self::ends), or the agent that it was offered to has not come.
    pub(super) fn ends_of(&self, call: CallId, record: Option<&Path>) -> Result<Ends> {
        match self {
            Self::Agent(agents) => agents.ends_of(call),
            Self::Tone | Self::Silence | Self::File(_) => self.ends(record).map(|(ends, _)| ends),
        }
    }
}

fn with_sink(source: impl AudioSource + 'static, record: Option<&Path>) -> Result<Ends> {
    Ok((Box::new(source), sink(record)?))
}

/// A sink that records to `path`, or hears nothing.
///
/// # Errors
/// No regular file can be written there.
fn sink(path: Option<&Path>) -> Result<Box<dyn AudioSink>> {
    Ok(match path {
        Some(path) => {
            let part = Draft::part(path).map_err(|error| Error::write(path, error))?;
            Box::new(WavSink::new(path, Box::new(part), RATE).map_err(Error::invalid)?)
        }
        None => Box::new(Silence),
    })
}
