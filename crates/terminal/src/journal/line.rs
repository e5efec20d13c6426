//! One line of a journal.

use crate::record::{Entry, Kind, Lifeline};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sip_syntax::hex;

/// The hash that the first line of all follows.
pub(super) const START: &str = "";

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Its place, from 0; on through all files of a journal.
    pub n: u64,
    /// Milliseconds since the Unix epoch.
    pub time: u64,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
    /// SHA-256 of the line before, without its line end, in lower-case hex; empty before the first.
    pub after: String,
}

/// What a line says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum What {
    /// A terminal began to write.
    Opened {
        /// Who it is.
        terminal: String,
        /// The program and its version.
        program: String,
    },
    /// It goes on in a new file.
    Continued,
    /// A signal across one of the security manager's interfaces.
    Signal {
        /// The call, as all interfaces name it: 16 hexadecimal digits.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        call: Option<String>,
        /// Who says it, as in a ladder.
        from: String,
        /// To whom.
        to: String,
        /// The signal's name.
        signal: String,
        /// What it carries, in a few words.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        detail: String,
    },
    /// The security manager's machine changed its state.
    State {
        /// The call, as above.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        call: Option<String>,
        /// The state.
        state: String,
        /// Whose, and why.
        detail: String,
    },
    /// Lines are missing here.
    Missing {
        /// How many.
        count: u64,
        /// Why.
        why: Lost,
    },
    /// The terminal ended, and all that it had to say is above.
    Closed,
}

/// Why a line was not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lost {
    /// The file could not be written.
    NotWritable,
    /// More happened at once than could be written.
    TooMany,
    /// Strangers asked too often: each was challenged, and no more came of it.
    Strangers,
}

impl What {
    /// An entry of the record, where it is the security manager's: what the wire and the media
    /// have carried is not for a journal.
    pub(super) fn of(entry: &Entry) -> Option<Self> {
        let is_managers = [entry.from, entry.to].contains(&Lifeline::SecurityManager);
        if entry.kind == Kind::Wire || !is_managers {
            return None;
        }
        let call = entry.call.map(|call| format!("{call:016x}"));
        let (label, detail) = (entry.label.clone(), entry.detail.clone());
        Some(match entry.kind {
            Kind::State => Self::State { call, state: label, detail },
            Kind::Signal | Kind::Wire => Self::Signal {
                call,
                from: entry.from.name().to_owned(),
                to: entry.to.name().to_owned(),
                signal: label,
                detail,
            },
        })
    }

    /// The call that it is about.
    pub fn call(&self) -> Option<&str> {
        match self {
            Self::Signal { call, .. } | Self::State { call, .. } => call.as_deref(),
            _ => None,
        }
    }
}

/// What the line after `line` names.
pub(super) fn hash(line: &[u8]) -> String {
    let octets: [u8; 32] = Sha256::digest(line).into();
    hex::digits(octets).as_flattened().iter().copied().map(char::from).collect()
}
