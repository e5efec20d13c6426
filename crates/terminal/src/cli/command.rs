//! The commands that are understood while calls go on: as words for people, as objects for programs.
//!
//! ```text
//! hold 2                      {"command":"hold","call":2}
//! message good evening        {"command":"message","text":"good evening"}
//! ```
//!
//! A line that begins with `{` is an object. Whoever adds a command adds a variant, an arm in
//! [`Command::of_words`], a row in [`COMMANDS`], and what it does in `control/obey.rs`.

use serde::{Deserialize, Serialize};

/// Longest line that is read, in bytes.
pub(super) const LONGEST: usize = 16 * 1_024;

/// Digits that are sent by one command at most.
const DIGITS: usize = 64;

/// What is understood, and what it does.
pub(super) const COMMANDS: &[(&str, &str)] = &[
    ("calls", "the calls, with their numbers N"),
    ("call URI", "place one more call"),
    ("answer [N]", "answer the call that waits"),
    ("reject [N] [STATUS]", "refuse the call that waits, with 603 or a status from 300 on"),
    ("hang up [N]", "end the call"),
    ("hold [N]", "hold the peer: it hears silence, and is asked to send nothing"),
    ("resume [N]", "hold it no longer"),
    ("mute [N]", "send silence; the peer is told nothing"),
    ("unmute [N]", "send what is said again"),
    ("join [anyway] [N ...]", "bring calls together, all or these: each peer hears the others"),
    ("leave [N]", "take the call out of its conference"),
    ("level [N]", "how loud what is said and heard is just now"),
    ("message [N:] TEXT", "send a text in the call"),
    ("dtmf [N] DIGITS", "press keys (0-9 * # A-D), as RTP events or by INFO"),
    ("transfer [N] URI", "ask the peer to call somebody else in your stead"),
    ("transfer [N] to M", "ask the peer to take your place in call M"),
    ("follow [N]", "call whom the peer asks to be called in its stead"),
    ("decline [N]", "do not"),
    ("help", "these lines"),
];

/// A command. Where no call is named, the only one is meant that it can be about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Command {
    /// List the calls.
    Calls,
    /// Place one more call.
    Call { uri: String },
    /// Answer a call.
    Answer { call: Option<Name> },
    /// Refuse a call with this status, or 603.
    Reject { call: Option<Name>, status: Option<u16> },
    /// End a call.
    HangUp { call: Option<Name> },
    /// Hold the peer.
    Hold { call: Option<Name> },
    /// Hold the peer no longer.
    Resume { call: Option<Name> },
    /// Send silence.
    Mute { call: Option<Name> },
    /// Send what is said.
    Unmute { call: Option<Name> },
    /// Bring calls together: these, all that are up, or this one and those that there are; also where
    /// one is secured as another is not.
    Join {
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        calls: Vec<Name>,
        #[serde(default)]
        anyway: bool,
    },
    /// Take a call out of its conference.
    Leave { call: Option<Name> },
    /// Say how loud it is.
    Level { call: Option<Name> },
    /// Send a text.
    Message { call: Option<Name>, text: String },
    /// Press these keys.
    Dtmf { call: Option<Name>, digits: String },
    /// Ask the peer to call somebody else.
    Transfer { call: Option<Name>, uri: String },
    /// Ask the peer to take our place in another call.
    TransferTo { call: Option<Name>, other: Name },
    /// Call whom the peer asks to be called.
    Follow { call: Option<Name> },
    /// Do not.
    Decline { call: Option<Name> },
    /// Say what is understood.
    Help,
}

/// What names a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Name {
    /// Its number in the list.
    Number(u32),
    /// What events name it by.
    Id(String),
}

impl Command {
    /// Reads a line; `None`: there is nothing in it. What is not understood is not repeated: it may
    /// be a secret that was typed too late.
    ///
    /// # Errors
    /// What is wrong, in words, and what is understood.
    pub(super) fn read(line: &[u8]) -> Result<Option<Self>, String> {
        if line.len() > LONGEST {
            return Err(format!("the line is longer than {LONGEST} bytes"));
        }
        let text =
            std::str::from_utf8(line).map_err(|_| "the line is not UTF-8".to_owned())?.trim();
        let command = match text {
            "" => return Ok(None),
            object if object.starts_with('{') => Self::of_object(object)?,
            words => Self::of_words(words).ok_or_else(not_understood)?,
        };
        command.check().map(Some)
    }

    /// Reads an object of the agent that speaks in this call, which has no say about others.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub(super) fn of_agent(object: &[u8], call: &str) -> Result<Self, String> {
        let text = std::str::from_utf8(object).map_err(|_| "the object is not UTF-8".to_owned())?;
        let mut command = Self::of_object(text)?.check()?;
        let name = command.call_mut().ok_or("an agent has no say but about its own call")?;
        match name.get_or_insert_with(|| Name::Id(call.to_owned())) {
            Name::Id(id) if id == call => Ok(command),
            Name::Id(_) | Name::Number(_) => {
                Err(format!("the call of this connection is \"{call}\": name it so, or not at all"))
            }
        }
    }

    /// The call that it is about, where it is about one and no other.
    const fn call_mut(&mut self) -> Option<&mut Option<Name>> {
        match self {
            Self::Answer { call }
            | Self::Reject { call, .. }
            | Self::HangUp { call }
            | Self::Hold { call }
            | Self::Resume { call }
            | Self::Mute { call }
            | Self::Unmute { call }
            | Self::Leave { call }
            | Self::Level { call }
            | Self::Message { call, .. }
            | Self::Dtmf { call, .. }
            | Self::Transfer { call, .. }
            | Self::Follow { call }
            | Self::Decline { call } => Some(call),
            Self::Calls
            | Self::Call { .. }
            | Self::Join { .. }
            | Self::TransferTo { .. }
            | Self::Help => None,
        }
    }

    fn of_object(object: &str) -> Result<Self, String> {
        serde_json::from_str(object).map_err(|error| {
            let text = error.to_string();
            // It is one line.
            text.rsplit_once(" at line ").map_or_else(|| text.clone(), |(why, _)| why.to_owned())
        })
    }

    fn of_words(line: &str) -> Option<Self> {
        let (first, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim_start();
        let words: Vec<&str> = rest.split_whitespace().collect();
        Some(match (first, words.as_slice()) {
            ("calls", []) => Self::Calls,
            ("call", [uri]) => Self::Call { uri: (*uri).to_owned() },
            ("answer", words) => Self::Answer { call: named(words)? },
            ("reject", words) => Self::rejecting(words)?,
            ("hang", ["up", words @ ..]) | ("hangup", words) => {
                Self::HangUp { call: named(words)? }
            }
            ("hold", words) => Self::Hold { call: named(words)? },
            ("resume", words) => Self::Resume { call: named(words)? },
            ("mute", words) => Self::Mute { call: named(words)? },
            ("unmute", words) => Self::Unmute { call: named(words)? },
            ("join", ["anyway", words @ ..]) => Self::Join { calls: numbers(words)?, anyway: true },
            ("join", words) => Self::Join { calls: numbers(words)?, anyway: false },
            ("leave", words) => Self::Leave { call: named(words)? },
            ("level", words) => Self::Level { call: named(words)? },
            ("message", [_, ..]) => Self::saying(rest),
            ("dtmf", [digits]) => Self::Dtmf { call: None, digits: (*digits).to_owned() },
            ("dtmf", [call, digits]) => {
                Self::Dtmf { call: named(&[call])?, digits: (*digits).to_owned() }
            }
            ("transfer", words) => Self::transferring(words)?,
            ("follow", words) => Self::Follow { call: named(words)? },
            ("decline", words) => Self::Decline { call: named(words)? },
            ("help" | "?", []) => Self::Help,
            _ => return None,
        })
    }

    /// `[N] [STATUS]`: a number alone is a status, where it can be one.
    fn rejecting(words: &[&str]) -> Option<Self> {
        let numbers: Vec<u32> =
            words.iter().map(|word| word.parse().ok()).collect::<Option<_>>()?;
        let status = |number: &u32| u16::try_from(*number).ok();
        Some(match numbers.as_slice() {
            [] => Self::Reject { call: None, status: None },
            [number] if *number >= 300 => {
                Self::Reject { call: None, status: Some(status(number)?) }
            }
            [call] => Self::Reject { call: Some(Name::Number(*call)), status: None },
            [call, number] => {
                Self::Reject { call: Some(Name::Number(*call)), status: Some(status(number)?) }
            }
            _ => return None,
        })
    }

    /// `[N] URI` or `[N] to M`.
    fn transferring(words: &[&str]) -> Option<Self> {
        let number = |word: &str| word.parse().ok().map(Name::Number);
        Some(match words {
            ["to", other] => Self::TransferTo { call: None, other: number(other)? },
            [call, "to", other] => {
                Self::TransferTo { call: Some(number(call)?), other: number(other)? }
            }
            [uri] => Self::Transfer { call: None, uri: (*uri).to_owned() },
            [call, uri] => Self::Transfer { call: Some(number(call)?), uri: (*uri).to_owned() },
            _ => return None,
        })
    }

    /// `[N:] TEXT`.
    fn saying(rest: &str) -> Self {
        let named =
            rest.split_once(':').and_then(|(number, text)| Some((number.parse().ok()?, text)));
        match named {
            Some((number, text)) => {
                Self::Message { call: Some(Name::Number(number)), text: text.trim().to_owned() }
            }
            None => Self::Message { call: None, text: rest.to_owned() },
        }
    }

    /// Holds it to what can be done.
    fn check(self) -> Result<Self, String> {
        match &self {
            Self::Reject { status: Some(status), .. } if !(300..=699).contains(status) => {
                Err(format!("{status} refuses nothing: expected a status from 300 to 699"))
            }
            Self::Message { text, .. } if text.trim().is_empty() => {
                Err("the message is empty".to_owned())
            }
            Self::Dtmf { digits, .. } if !are_digits(digits) => {
                Err(format!("expected 1 to {DIGITS} keys, each of them one of 0-9 * # A-D"))
            }
            _ => Ok(self),
        }
    }

    /// Whether the peer of the call has to agree, or to take something.
    pub(super) const fn asks_the_peer(&self) -> bool {
        match self {
            Self::Hold { .. }
            | Self::Resume { .. }
            | Self::Join { .. }
            | Self::Message { .. }
            | Self::Dtmf { .. }
            | Self::Transfer { .. }
            | Self::TransferTo { .. } => true,
            Self::Calls
            | Self::Call { .. }
            | Self::Follow { .. }
            | Self::Decline { .. }
            | Self::Answer { .. }
            | Self::Reject { .. }
            | Self::HangUp { .. }
            | Self::Mute { .. }
            | Self::Unmute { .. }
            | Self::Leave { .. }
            | Self::Level { .. }
            | Self::Help => false,
        }
    }

    /// Its name in objects.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Calls => "calls",
            Self::Call { .. } => "call",
            Self::Answer { .. } => "answer",
            Self::Reject { .. } => "reject",
            Self::HangUp { .. } => "hang_up",
            Self::Hold { .. } => "hold",
            Self::Resume { .. } => "resume",
            Self::Mute { .. } => "mute",
            Self::Unmute { .. } => "unmute",
            Self::Join { .. } => "join",
            Self::Leave { .. } => "leave",
            Self::Level { .. } => "level",
            Self::Message { .. } => "message",
            Self::Dtmf { .. } => "dtmf",
            Self::Transfer { .. } => "transfer",
            Self::TransferTo { .. } => "transfer_to",
            Self::Follow { .. } => "follow",
            Self::Decline { .. } => "decline",
            Self::Help => "help",
        }
    }
}

/// The call that words name, where they are one number or none.
fn named(words: &[&str]) -> Option<Option<Name>> {
    match words {
        [] => Some(None),
        [number] => number.parse().ok().map(|number| Some(Name::Number(number))),
        _ => None,
    }
}

/// The calls that words name, by their numbers.
fn numbers(words: &[&str]) -> Option<Vec<Name>> {
    words.iter().map(|word| word.parse().ok().map(Name::Number)).collect()
}

fn are_digits(text: &str) -> bool {
    let all = text.chars().all(|c| crate::assembly::Digit::new(c).is_some());
    all && (1..=DIGITS).contains(&text.len())
}

fn not_understood() -> String {
    let all: Vec<&str> = COMMANDS.iter().map(|(usage, _)| *usage).collect();
    format!("not understood; there are: {}", all.join(", "))
}

#[cfg(test)]
mod tests;
