//! What is said and heard, by the words of the command line.

use super::agents::Agents;
#[cfg(feature = "devices")]
use super::devices::Devices;
use super::json::Object;
#[cfg(not(feature = "devices"))]
use super::no_devices::Devices;
use super::output::Output;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::file::{self, Draft};
use crate::voice::{Door, Reserved};
use media_ctl::audio::{AudioSink, AudioSource, Ends, Sides, Silence, Tone, WavSource, record};
use sip_core::manager::CallId;
use std::path::Path;

/// A 440 Hz tone at a quarter of full scale.
const TONE: (f64, i16) = (440.0, 8_192);

/// What is said.
#[derive(Clone, Debug)]
pub(super) enum Say {
    /// A tone.
    Tone,
    /// Nothing.
    Silence,
    /// A file, which has been read: every call plays it from the start.
    File(WavSource),
    /// What a microphone hears; a loudspeaker lets the peer be heard.
    Devices(Devices),
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
    /// The file is no WAV file that can be read, there is no device that can be used, or the
    /// configuration names an agent.
    pub(super) async fn choose(
        argument: Option<&str>, config: &Config, agents: &Agents, out: Output,
    ) -> Result<Self> {
        if agents.are_asked() {
            return Ok(Self::Agent(agents.clone()));
        }
        match (argument, config.audio.say.as_deref()) {
            (Some("tone"), _) | (None, None | Some("tone")) => Ok(Self::Tone),
            (Some("silence"), _) | (None, Some("silence")) => Ok(Self::Silence),
            (Some("device"), _) | (None, Some("device")) => {
                Devices::choose(&config.audio, out).await.map(Self::Devices)
            }
            (Some(file), _) => Self::file(Path::new(file)).await,
            (None, Some(door)) if Door::named(Some(door))?.is_some() => {
                Err(Error::invalid(format!(
                    "[audio] say = \"{door}\": agents are let in by the command line alone: say \
                 --audio {door}"
                )))
            }
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
            Self::Tone | Self::Silence | Self::File(_) | Self::Devices(_) => Ok(()),
        }
    }

    /// The ends of a call that is to be placed, from its start, and the agent who speaks in it.
    ///
    /// # Errors
    /// No agent is ready, or no recording can be written there.
    pub(super) fn ends(&self, record: Option<Record<'_>>) -> Result<(Ends, Option<Reserved>)> {
        let (ends, reserved) = match self {
            Self::Agent(agents) => {
                let (Ends { source, sink }, reserved) = agents.take()?;
                ((source, Some(sink)), Some(reserved))
            }
            Self::Tone => (alone(Tone::new(TONE.0, TONE.1)), None),
            Self::Silence => (alone(Silence), None),
            Self::File(source) => (alone(source.clone()), None),
            Self::Devices(devices) => {
                let Ends { source, sink } = devices.ends();
                ((source, Some(sink)), None)
            }
        };
        Ok((recorded(ends, record)?, reserved))
    }

    /// The ends of a call that came in.
    ///
    /// # Errors
    /// As [`ends`](Self::ends), or the agent that it was offered to has not come.
    pub(super) fn ends_of(&self, call: CallId, record: Option<Record<'_>>) -> Result<Ends> {
        match self {
            Self::Agent(agents) => {
                let Ends { source, sink } = agents.ends_of(call)?;
                recorded((source, Some(sink)), record)
            }
            Self::Tone | Self::Silence | Self::File(_) | Self::Devices(_) => {
                self.ends(record).map(|(ends, _)| ends)
            }
        }
    }
}

/// Where a call is recorded, and what of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'a> {
    pub(super) path: &'a Path,
    pub(super) sides: Sides,
}

impl Record<'_> {
    /// Says that a call is recorded: to the user and the agent who speaks in it, and to nobody else.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub(super) fn tell(self, call: CallId, agents: &Agents, out: Output) -> Result<()> {
        let sides = match self.sides {
            Sides::Both => "what is heard (left) and said (right)",
            Sides::Mixed => "what is heard and said",
            Sides::Heard => "what is heard",
        };
        let line = format!("recording {sides} to {}; the peer is not told", self.path.display());
        let recording = Object::Recording { call: call.to_string(), file: self.path };
        agents.tell(call, &recording);
        out.say(&line, recording)
    }
}

/// A source, and a sink where somebody hears.
type Half = (Box<dyn AudioSource>, Option<Box<dyn AudioSink>>);

/// What is said where nobody hears.
fn alone(source: impl AudioSource + 'static) -> Half {
    (Box::new(source), None)
}

/// The ends of a call, recorded where that is wanted.
fn recorded((source, sink): Half, wanted: Option<Record<'_>>) -> Result<Ends> {
    let Some(Record { path, sides }) = wanted else {
        let sink = sink.unwrap_or_else(|| Box::new(Silence));
        return Ok(Ends { source, sink });
    };
    let part = Draft::part(path).map_err(|error| Error::write(path, error))?;
    record((source, sink), sides, path, Box::new(part)).map_err(Error::invalid)
}
