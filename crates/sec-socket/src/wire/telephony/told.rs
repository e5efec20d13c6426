//! What either side tells or asks the other.

use super::policy::{
    Named, algorithm_number, algorithm_value, hidden, requirement, requirement_of,
};
use crate::wire::number::numbered;
use bytes::Bytes;
use prost::Message;
use sst::{Call, Denied, Outgoing, Pin, RegisteredFlow, State, Waiting};
use std::time::Duration;

numbered!(State, state, state_of { State::Idle = 1, State::WaitForAuthorization = 2 });

/// `pins`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Pins {
    #[prost(message, repeated, tag = "1")]
    pins: Vec<Named>,
}

impl Pins {
    pub(crate) fn of(pins: &[Pin]) -> Self {
        Self { pins: pins.iter().map(Named::pin).collect() }
    }

    pub(crate) fn read(self) -> Option<Vec<Pin>> {
        self.pins.into_iter().map(Named::into_pin).collect()
    }
}

/// `call_started`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct CallStarted {
    #[prost(uint64, tag = "1")]
    call: u64,
    #[prost(string, tag = "2")]
    from: String,
    #[prost(string, tag = "3")]
    to: String,
    #[prost(uint32, tag = "4")]
    require: u32,
}

impl CallStarted {
    pub(crate) fn of(call: Call, outgoing: Outgoing) -> Self {
        let require = requirement(outgoing.require);
        Self { call: call.0, from: outgoing.from, to: outgoing.to, require }
    }

    pub(crate) fn read(self) -> Option<(Call, Outgoing)> {
        let require = requirement_of(self.require)?;
        Some((Call(self.call), Outgoing { from: self.from, to: self.to, require }))
    }
}

#[derive(Clone, PartialEq, Message)]
struct Flow {
    #[prost(uint64, optional, tag = "1")]
    flow: Option<u64>,
    #[prost(string, tag = "2")]
    registrar: String,
    #[prost(string, tag = "3")]
    contact_user: String,
}

/// `registered`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Registered {
    #[prost(string, tag = "1")]
    aor: String,
    #[prost(message, repeated, tag = "2")]
    flows: Vec<Flow>,
}

impl Registered {
    pub(crate) fn of(aor: &str, flows: &[RegisteredFlow]) -> Self {
        let flow = |it: &RegisteredFlow| Flow {
            flow: it.flow,
            registrar: it.registrar.to_string(),
            contact_user: it.contact_user.clone(),
        };
        Self { aor: aor.to_owned(), flows: flows.iter().map(flow).collect() }
    }

    pub(crate) fn read(self) -> Option<(String, Vec<RegisteredFlow>)> {
        let flow = |it: Flow| {
            let registrar = it.registrar.parse().ok()?;
            Some(RegisteredFlow { flow: it.flow, registrar, contact_user: it.contact_user })
        };
        Some((self.aor, self.flows.into_iter().map(flow).collect::<Option<_>>()?))
    }
}

#[derive(Clone, PartialEq, Message)]
struct WireWaiting {
    #[prost(uint64, tag = "1")]
    call: u64,
    #[prost(string, tag = "2")]
    claimed: String,
    #[prost(uint64, tag = "3")]
    since_ms: u64,
}

/// The answer to `waiting`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Waitings {
    #[prost(message, repeated, tag = "1")]
    all: Vec<WireWaiting>,
}

impl Waitings {
    pub(crate) fn of(all: Vec<Waiting>) -> Self {
        let one = |it: Waiting| WireWaiting {
            call: it.call.0,
            claimed: it.claimed,
            since_ms: u64::try_from(it.since.as_millis()).unwrap_or(u64::MAX),
        };
        Self { all: all.into_iter().map(one).collect() }
    }

    pub(crate) fn read(self) -> Vec<Waiting> {
        let one = |it: WireWaiting| Waiting {
            call: Call(it.call),
            claimed: it.claimed,
            since: Duration::from_millis(it.since_ms),
        };
        self.all.into_iter().map(one).collect()
    }
}

/// `credentials`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Credentials {
    #[prost(string, tag = "1")]
    pub(crate) realm: String,
    #[prost(string, tag = "2")]
    pub(crate) user: String,
}

/// `token`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Token {
    #[prost(string, tag = "1")]
    pub(crate) server: String,
    #[prost(string, tag = "2")]
    pub(crate) realm: String,
    #[prost(string, tag = "3")]
    pub(crate) user: String,
}

/// The answer to `credentials`, `token` and `unlock`.
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(crate) struct Password {
    #[prost(bytes = "bytes", optional, tag = "1")]
    octets: Option<Bytes>,
}

impl Password {
    pub(crate) fn of(password: Option<&sst::Password>) -> Self {
        Self { octets: password.map(hidden) }
    }

    pub(crate) fn read(self) -> Option<sst::Password> {
        self.octets.map(|octets| sst::Password::new(octets.to_vec()))
    }
}

/// `trust`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct TrustQuestion {
    #[prost(uint64, tag = "1")]
    call: u64,
    #[prost(string, tag = "2")]
    aor: String,
    #[prost(string, tag = "3")]
    fingerprint: String,
    #[prost(string, repeated, tag = "4")]
    user_ids: Vec<String>,
    #[prost(string, repeated, tag = "5")]
    pinned_to: Vec<String>,
}

impl From<sst::TrustQuestion> for TrustQuestion {
    fn from(it: sst::TrustQuestion) -> Self {
        let sst::TrustQuestion { call, aor, fingerprint, user_ids, pinned_to } = it;
        Self { call: call.0, aor, fingerprint, user_ids, pinned_to }
    }
}

impl From<TrustQuestion> for sst::TrustQuestion {
    fn from(it: TrustQuestion) -> Self {
        let TrustQuestion { call, aor, fingerprint, user_ids, pinned_to } = it;
        Self { call: Call(call), aor, fingerprint, user_ids, pinned_to }
    }
}

/// `denied`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Denial {
    #[prost(uint64, tag = "1")]
    call: u64,
    #[prost(string, tag = "2")]
    pub(crate) claimed: String,
    #[prost(string, optional, tag = "3")]
    source: Option<String>,
    #[prost(uint32, tag = "4")]
    why: u32,
    /// Fingerprints that the reason names.
    #[prost(string, repeated, tag = "5")]
    keys: Vec<String>,
    #[prost(sint64, tag = "6")]
    seconds: i64,
}

impl Denial {
    pub(crate) fn of(denial: sst::Denial<'_>) -> Self {
        let mut wire = Self {
            call: denial.call.0,
            claimed: denial.claimed.to_owned(),
            source: denial.source.map(|source| source.to_string()),
            ..Self::default()
        };
        wire.why = match denial.why {
            Denied::Malformed => 1,
            Denied::NotForUs => 2,
            Denied::Proof => 3,
            Denied::UnknownKey(key) => wire.with(4, [key]),
            Denied::Unpinned(key) => wire.with(5, [key]),
            Denied::OtherKey(pinned, named) => wire.with(6, [pinned, named]),
            Denied::Clock(seconds) => {
                wire.seconds = seconds;
                7
            }
            Denied::Guessing => 8,
            Denied::NotConfigured => 9,
            Denied::NotCertified => 10,
            Denied::Unavailable => 11,
            Denied::OfAnother => 12,
            Denied::Busy => 13,
            Denied::Body => 14,
            Denied::NextKey(pinned, named) => wire.with(15, [pinned, named]),
            Denied::Expired(key) => wire.with(16, [key]),
            Denied::Revoked(key) => wire.with(17, [key]),
        };
        wire
    }

    fn with<const N: usize>(&mut self, why: u32, keys: [String; N]) -> u32 {
        self.keys = keys.into();
        why
    }

    pub(crate) fn read(&self) -> Option<sst::Denial<'_>> {
        let key = |at: usize| self.keys.get(at).cloned();
        let why = match self.why {
            1 => Denied::Malformed,
            2 => Denied::NotForUs,
            3 => Denied::Proof,
            4 => Denied::UnknownKey(key(0)?),
            5 => Denied::Unpinned(key(0)?),
            6 => Denied::OtherKey(key(0)?, key(1)?),
            7 => Denied::Clock(self.seconds),
            8 => Denied::Guessing,
            9 => Denied::NotConfigured,
            10 => Denied::NotCertified,
            11 => Denied::Unavailable,
            12 => Denied::OfAnother,
            13 => Denied::Busy,
            14 => Denied::Body,
            15 => Denied::NextKey(key(0)?, key(1)?),
            16 => Denied::Expired(key(0)?),
            17 => Denied::Revoked(key(0)?),
            _ => return None,
        };
        let source = match &self.source {
            Some(text) => Some(text.parse().ok()?),
            None => None,
        };
        Some(sst::Denial { call: Call(self.call), claimed: &self.claimed, source, why })
    }
}

/// `mismatch`.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Mismatch {
    #[prost(uint64, tag = "1")]
    call: u64,
    /// 1 realm, 2 clock, 3 algorithm, 4 authorization server, 5 key.
    #[prost(uint32, tag = "2")]
    kind: u32,
    #[prost(string, tag = "3")]
    offered: String,
    #[prost(string, repeated, tag = "4")]
    expected: Vec<String>,
    #[prost(sint64, tag = "5")]
    seconds: i64,
    #[prost(uint32, tag = "6")]
    algorithm: u32,
    #[prost(bool, tag = "7")]
    own: bool,
}

impl Mismatch {
    pub(crate) fn of(call: Call, mismatch: sst::Mismatch) -> Self {
        let kind = |kind| Self { call: call.0, kind, ..Self::default() };
        match mismatch {
            sst::Mismatch::Realm { offered, expected } => Self { offered, expected, ..kind(1) },
            sst::Mismatch::Clock(seconds) => Self { seconds, ..kind(2) },
            sst::Mismatch::Algorithm(best) => Self { algorithm: algorithm_number(best), ..kind(3) },
            sst::Mismatch::Server { offered, expected } => Self { offered, expected, ..kind(4) },
            sst::Mismatch::Key { fingerprint, own } => {
                Self { offered: fingerprint, own, ..kind(5) }
            }
        }
    }

    pub(crate) fn read(self) -> Option<(Call, sst::Mismatch)> {
        let mismatch = match self.kind {
            1 => sst::Mismatch::Realm { offered: self.offered, expected: self.expected },
            2 => sst::Mismatch::Clock(self.seconds),
            3 => sst::Mismatch::Algorithm(algorithm_value(self.algorithm)?),
            4 => sst::Mismatch::Server { offered: self.offered, expected: self.expected },
            5 => sst::Mismatch::Key { fingerprint: self.offered, own: self.own },
            _ => return None,
        };
        Some((Call(self.call), mismatch))
    }
}
