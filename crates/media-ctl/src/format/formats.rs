//! What a line lists: voice, and what comes beside it.

use super::named_events::NamedEvents;
use super::payload::Format;
use crate::Codec;

/// The payload type of comfort noise, and what its timestamps count, in Hz. RFC 3551 §6, RFC 3389 §4.
pub(crate) const NOISE: u8 = 13;
pub(crate) const NOISE_CLOCK_RATE: u32 = 8000;

/// The encoding of comfort noise.
const NOISE_ENCODING: &str = "CN/8000";

/// What a line lists. Each payload type stands for one thing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Formats {
    /// Voice, preferred first.
    pub voices: Vec<Format>,
    /// Named events, one of each clock rate. RFC 4733.
    pub events: Vec<NamedEvents>,
    /// The payload type of comfort noise, where it is understood. RFC 3389.
    pub noise: Option<u8>,
}

/// What a payload type stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Voice in this codec.
    Voice(Codec),
    /// Named events of this clock rate in Hz.
    Events(u32),
    /// Comfort noise.
    Noise,
}

/// A payload type as a description says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mapping {
    pub(crate) payload_type: u8,
    /// What `a=rtpmap` says.
    pub(crate) encoding: String,
    /// What `a=fmtp` says.
    pub(crate) parameters: Option<String>,
}

impl Formats {
    /// What a payload type stands for, if it is listed.
    pub(crate) fn meaning(&self, payload_type: u8) -> Option<Meaning> {
        let mut voices = self.voices.iter().filter(|voice| voice.payload_type == payload_type);
        let mut events = self.events.iter().filter(|events| events.payload_type == payload_type);
        voices
            .next()
            .map(|voice| Meaning::Voice(voice.codec))
            .or_else(|| events.next().map(|events| Meaning::Events(events.clock_rate)))
            .or_else(|| (self.noise == Some(payload_type)).then_some(Meaning::Noise))
    }

    /// Takes in what another description lists under payload types that stand for nothing yet.
    pub(crate) fn add(&mut self, other: &Self) {
        for voice in &other.voices {
            if self.meaning(voice.payload_type).is_none() {
                self.voices.push(voice.clone());
            }
        }
        for events in &other.events {
            if self.meaning(events.payload_type).is_none() {
                self.events.push(*events);
            }
        }
        let new = other.noise.filter(|noise| self.meaning(*noise).is_none());
        self.noise = self.noise.or(new);
    }

    /// The events that go beside this codec: those of its clock rate. RFC 4733 §2.1.
    pub(crate) fn events_beside(&self, codec: Codec) -> Option<NamedEvents> {
        self.events.iter().copied().find(|events| events.clock_rate == codec.clock_rate())
    }

    /// Leaves out what goes beside no voice that is listed.
    pub(crate) fn keep_what_goes_together(&mut self) {
        let Self { voices, events, noise } = self;
        let rates = |rate| voices.iter().any(|voice| voice.codec.clock_rate() == rate);
        events.retain(|events| rates(events.clock_rate));
        *noise = noise.filter(|_| rates(NOISE_CLOCK_RATE));
    }

    /// How a description of ours says it, in order.
    pub(crate) fn mappings(&self) -> impl Iterator<Item = Mapping> {
        let voices = self.voices.iter().map(|voice| Mapping {
            payload_type: voice.payload_type,
            encoding: voice.encoding(),
            parameters: voice.codec.parameters().map(str::to_owned),
        });
        let events = self.events.iter().map(|events| Mapping {
            payload_type: events.payload_type,
            encoding: events.encoding(),
            // RFC 4733 §2.5.2.1: it must stand there.
            parameters: Some(NamedEvents::parameters()),
        });
        let noise = self.noise.map(|payload_type| Mapping {
            payload_type,
            encoding: NOISE_ENCODING.to_owned(),
            parameters: None,
        });
        voices.chain(events).chain(noise)
    }
}
