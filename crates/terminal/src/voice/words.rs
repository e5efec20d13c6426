//! What agent and terminal say to each other about the connection itself. What is said about calls is
//! said in the words of `docs/json.md`.

use super::frame::Frame;
use super::wrong::Wrong;
use crate::assembly::{SystemClock, WallClock as _};
use crate::time::millis;
use serde::{Deserialize, Serialize};

/// Octets of a mark's name at most.
const NAME: usize = 128;

/// A command about the connection.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Own {
    /// The agent is ready for a call, with audio of this rate.
    Hello { version: u32, rate: u32 },
    /// What waits to be said is not said.
    Flush {},
    /// Say when what was sent until here has been said.
    Mark { name: String },
}

/// A command of an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// About the connection.
    Own(Own),
    /// About the call.
    Call(Vec<u8>),
}

/// What a command begins with.
#[derive(Deserialize)]
struct Named {
    command: String,
}

/// Reads a command.
///
/// # Errors
/// It is no object, names no command, or is one about the connection that is not understood.
pub(super) fn read(octets: Vec<u8>) -> Result<Asked, Wrong> {
    let wrong = |error: serde_json::Error| Wrong::NotUnderstood(in_words(&error));
    let named: Named = serde_json::from_slice(&octets).map_err(wrong)?;
    if !matches!(named.command.as_str(), "hello" | "flush" | "mark") {
        return Ok(Asked::Call(octets));
    }
    let own = serde_json::from_slice(&octets).map_err(wrong)?;
    match &own {
        Own::Mark { name } if name.len() > NAME => {
            Err(Wrong::NotUnderstood(format!("the mark's name is longer than {NAME} bytes")))
        }
        Own::Mark { .. } | Own::Hello { .. } | Own::Flush {} => Ok(Asked::Own(own)),
    }
}

fn in_words(error: &serde_json::Error) -> String {
    format!("not understood: {error}; expected one object, such as {{\"command\":\"flush\"}}")
}

/// What the terminal tells of the connection.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum Notice<'a> {
    /// The answer to hello.
    Hello { version: u32, rate: u32, frame_ms: u64, ahead_ms: u64, behind_ms: u64 },
    /// What was sent until this mark has been said.
    Mark { call: &'a str, name: &'a str, played_ms: u64 },
    /// What waited to be said will not be.
    Flushed { call: &'a str, discarded_ms: u64, played_ms: u64, marks: &'a [String] },
    /// The agent has not read so much of what was heard, and does not get it any more.
    Dropped { dropped_ms: u64 },
    /// The agent did what cannot be taken.
    Error { code: &'static str, message: String },
}

#[derive(Serialize)]
struct Timed<'a> {
    time: u64,
    #[serde(flatten)]
    notice: Notice<'a>,
}

impl Notice<'_> {
    /// What is told of something that is wrong.
    pub(super) fn wrong(wrong: &Wrong) -> Self {
        Self::Error { code: wrong.code(), message: wrong.to_string() }
    }

    /// The object, as a frame.
    pub(super) fn frame(self) -> Vec<u8> {
        Frame::Json(self.octets()).octets()
    }

    /// The object, with the time.
    pub(super) fn octets(self) -> Vec<u8> {
        let timed = Timed { time: millis(SystemClock.unix_time()), notice: self };
        // What is serialised here has only string keys: it cannot fail.
        serde_json::to_vec(&timed).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_about_the_connection_are_told_from_those_about_the_call() {
        let own = |text: &str| read(text.as_bytes().to_vec());
        assert_eq!(
            own(r#"{"command":"hello","version":1,"rate":16000}"#),
            Ok(Asked::Own(Own::Hello { version: 1, rate: 16_000 }))
        );
        assert_eq!(own(r#"{"command":"flush"}"#), Ok(Asked::Own(Own::Flush {})));
        let answer = r#"{"command":"answer"}"#;
        assert_eq!(own(answer), Ok(Asked::Call(answer.into())));
    }

    #[test]
    fn what_is_not_understood_says_why() {
        let long = format!(r#"{{"command":"mark","name":"{}"}}"#, "x".repeat(129));
        for (text, words) in [
            ("hello", "expected"),
            ("", "EOF"),
            ("{}", "missing field `command`"),
            (r#"{"command":"mark"}"#, "missing field `name`"),
            (r#"{"command":"flush","now":true}"#, "unknown field `now`"),
            (r#"{"command":"hello","version":1}"#, "missing field `rate`"),
            (&long, "longer than 128 bytes"),
            ("\u{feff}{", "expected"),
        ] {
            let Err(Wrong::NotUnderstood(reason)) = read(text.into()) else { panic!("{text}") };
            assert!(reason.contains(words), "{text}: {reason}");
        }
        assert!(read(vec![0xff; 9]).is_err());
    }

    #[test]
    fn the_document_describes_every_notice_with_its_fields() {
        let document = include_str!("../../../../docs/agents.md");
        let (call, name, played_ms) = ("7", "m", 1);
        for notice in [
            Notice::Hello { version: 1, rate: 8_000, frame_ms: 20, ahead_ms: 1, behind_ms: 1 },
            Notice::Mark { call, name, played_ms },
            Notice::Flushed { call, discarded_ms: 1, played_ms, marks: &[] },
            Notice::Dropped { dropped_ms: 1 },
            Notice::wrong(&Wrong::NoCall),
        ] {
            let object: serde_json::Value = serde_json::from_slice(&notice.octets()).unwrap();
            let event = object["event"].as_str().unwrap();
            let row = document.lines().find(|line| line.starts_with(&format!("| `{event}` |")));
            let row = row.unwrap_or_else(|| panic!("{event}"));
            for field in object.as_object().unwrap().keys() {
                let known = field == "event" || field == "time";
                assert!(known || row.contains(&format!("`{field}`")), "{event}: {field}");
            }
        }
        for wrong in [
            Wrong::Kind(0),
            Wrong::NoHello,
            Wrong::Crowded(1),
            Wrong::NotUnderstood(String::new()),
            Wrong::NoCall,
            Wrong::TooManyMarks(1),
        ] {
            let row = document.lines().find(|line| line.starts_with("| `error` |")).unwrap();
            let (closes, goes_on) = row.split_once("the connection is closed").unwrap();
            let says = if wrong.is_bearable() { goes_on } else { closes };
            assert!(says.contains(&format!("`{}`", wrong.code())), "{}", wrong.code());
        }
    }
}
