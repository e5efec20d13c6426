//! What a command prints: lines for people, or one JSON object a line.

use crate::assembly::Event;
use crate::error::{Error, Result};
use crate::record::clean_all;
use serde::Serialize;
use serde_json::json;
#[cfg(feature = "digest")]
use std::io::IsTerminal;
use std::io::{self, Write};

/// Standard output, in the form that was asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Output {
    json: bool,
}

impl Output {
    /// JSON objects or lines for people.
    pub(super) const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether objects are printed.
    pub(super) const fn is_json(self) -> bool {
        self.json
    }

    /// Prints `line` for people, or `object`.
    ///
    /// # Errors
    /// Standard output cannot be written; so with all that follow.
    pub(super) fn say(self, line: &str, object: impl Serialize) -> Result<()> {
        if self.json { self.object(object) } else { put(&clean_all(line)) }
    }

    /// Prints `line`, where people read.
    pub(super) fn line(self, line: &str) -> Result<()> {
        if self.json { Ok(()) } else { put(&clean_all(line)) }
    }

    /// Prints `object` on one line, whoever reads.
    pub(super) fn object(self, object: impl Serialize) -> Result<()> {
        // What is serialised here has only string keys: it cannot fail.
        put(&serde_json::to_string(&object).unwrap_or_default())
    }

    /// Prints `text` as it is, for what is meant to be piped.
    pub(super) fn raw(self, text: &str) -> Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(Error::Output)
    }
}

/// Writes one line.
fn put(line: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).map_err(Error::Output)
}

/// Whether progress is worth showing: standard error is a terminal.
#[cfg(feature = "digest")]
pub(super) fn shows_progress() -> bool {
    io::stderr().is_terminal()
}

/// Tells what happened to a terminal.
///
/// # Errors
/// Standard output cannot be written.
pub(super) fn tell(out: Output, event: &Event) -> Result<()> {
    let (line, object) = match event {
        Event::Incoming { id, from, source, assurance } => (
            format!("call from {from} at {source} ({})", assurance.line()),
            json!({
                "event": "incoming",
                "call": id.to_string(),
                "from": from,
                "source": source,
                "assurance": assurance,
            }),
        ),
        Event::Ringing { id } => {
            ("ringing".to_owned(), json!({ "event": "ringing", "call": id.to_string() }))
        }
        Event::Established { id, assurance } => (
            format!("established ({})", assurance.line()),
            json!({ "event": "established", "call": id.to_string(), "assurance": assurance }),
        ),
        Event::Over { id, outcome, stats } => (
            format!(
                "over: {outcome} ({} packets sent, {} received, {} lost)",
                stats.packets_sent, stats.packets_received, stats.lost
            ),
            json!({
                "event": "over",
                "call": id.to_string(),
                "ordinary": outcome.is_ordinary(),
                "outcome": outcome.to_string(),
                "packets_sent": stats.packets_sent,
                "packets_received": stats.packets_received,
                "packets_lost": stats.lost,
            }),
        ),
        Event::Registered { aor, expires, .. } => (
            format!("{aor} is registered for {expires} s"),
            json!({ "event": "registered", "aor": aor, "expires": expires }),
        ),
        Event::NotRegistered { aor, cause, .. } => {
            let why = cause.as_ref().map_or_else(|| "taken back".to_owned(), ToString::to_string);
            (
                format!("{aor} is not registered: {why}"),
                json!({ "event": "not_registered", "aor": aor, "reason": why }),
            )
        }
        Event::OptionsAnswered { outcome, .. } => match outcome {
            Ok(status) => (
                format!("answered {status}"),
                json!({ "event": "options_answered", "status": status }),
            ),
            Err(cause) => (
                format!("not answered: {cause}"),
                json!({ "event": "options_failed", "reason": cause.to_string() }),
            ),
        },
    };
    out.say(&line, object)
}
