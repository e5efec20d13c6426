//! What a person types while calls go on: `calls`, `hangup [N]`, `help`.

use super::output::Output;
use crate::error::Result;
use serde_json::json;
use sip_core::manager::CallId;

/// What is understood.
const HELP: &str = "\
calls       the calls, with their numbers
hangup [N]  end call N, or the only one
help        these lines";

/// A line that was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// Nothing.
    Empty,
    /// List the calls.
    Calls,
    /// End the call of this number, or the only one.
    HangUp(Option<u32>),
    /// Say what is understood.
    Help,
    /// Something else.
    Unknown,
}

impl Command {
    /// Reads a line. It is not kept: it may be a secret that was typed too late.
    pub(super) fn read(line: &[u8]) -> Self {
        let text = std::str::from_utf8(line).unwrap_or("?");
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.as_slice() {
            [] => Self::Empty,
            ["calls"] => Self::Calls,
            ["hangup"] => Self::HangUp(None),
            ["hangup", number] => number.parse().map_or(Self::Unknown, |n| Self::HangUp(Some(n))),
            ["help" | "?"] => Self::Help,
            _ => Self::Unknown,
        }
    }
}

/// A call that goes on.
#[derive(Debug)]
struct Row {
    number: u32,
    id: CallId,
    from: String,
    up: bool,
}

/// The calls that go on, numbered in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<Row>,
}

impl Table {
    /// A call came in.
    pub(super) fn add(&mut self, id: CallId, from: &str) {
        let last = self.rows.iter().map(|row| row.number).max();
        let number = last.map_or(1, |last| last.saturating_add(1));
        self.rows.push(Row { number, id, from: from.to_owned(), up: false });
    }

    /// A call came up.
    pub(super) fn up(&mut self, id: CallId) {
        for row in self.rows.iter_mut().filter(|row| row.id == id) {
            row.up = true;
        }
    }

    /// A call is over.
    pub(super) fn remove(&mut self, id: CallId) {
        self.rows.retain(|row| row.id != id);
    }

    /// Does what a line says; the call that is to be ended is for the caller to end.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub(super) fn obey(&self, command: Command, out: Output) -> Result<Option<CallId>> {
        match command {
            Command::Empty => {}
            Command::Calls => self.list(out)?,
            Command::Help => HELP.lines().try_for_each(|line| out.line(line))?,
            Command::Unknown => out.line("not understood; help says what is")?,
            Command::HangUp(number) => match self.find(number) {
                Ok(id) => return Ok(Some(id)),
                Err(why) => out.line(why)?,
            },
        }
        Ok(None)
    }

    fn list(&self, out: Output) -> Result<()> {
        if self.rows.is_empty() {
            return out.say("no calls", json!({ "event": "calls", "calls": [] }));
        }
        let calls: Vec<_> = self
            .rows
            .iter()
            .map(|Row { number, id, from, up }| {
                json!({ "number": number, "call": id.to_string(), "from": from, "up": up })
            })
            .collect();
        for Row { number, from, up, .. } in &self.rows {
            let state = if *up { "up" } else { "not answered yet" };
            out.line(&format!("{number}: from {from}, {state}"))?;
        }
        if out.is_json() { out.object(json!({ "event": "calls", "calls": calls })) } else { Ok(()) }
    }

    /// The call of this number, or the only one.
    ///
    /// # Errors
    /// Why there is none, in words.
    fn find(&self, number: Option<u32>) -> std::result::Result<CallId, &'static str> {
        match (number, self.rows.as_slice()) {
            (_, []) => Err("no calls"),
            (None, [only]) => Ok(only.id),
            (None, _) => Err("there are several calls: say hangup N, see calls"),
            (Some(number), rows) => {
                let row = rows.iter().find(|row| row.number == number);
                row.map(|row| row.id).ok_or("no call has this number; see calls")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Command;

    #[test]
    fn a_line_is_read_in_words() {
        for (line, command) in [
            ("", Command::Empty),
            (" calls ", Command::Calls),
            ("hangup", Command::HangUp(None)),
            ("hangup 12", Command::HangUp(Some(12))),
            ("hangup all", Command::Unknown),
            ("help", Command::Help),
            ("y", Command::Unknown),
        ] {
            assert_eq!(Command::read(line.as_bytes()), command, "{line}");
        }
        assert_eq!(Command::read(b"\xff"), Command::Unknown);
    }
}
