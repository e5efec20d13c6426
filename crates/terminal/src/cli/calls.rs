//! The calls that go on, numbered in the order in which they came.

use super::command::Name;
use super::json::{Listed, Object};
use super::output::Output;
use crate::assembly::Event;
use crate::error::{Error, Result};
use sip_core::manager::CallId;

/// A call that goes on.
#[derive(Debug)]
pub(super) struct Row {
    number: u32,
    id: CallId,
    /// Who calls, or who is called.
    peer: String,
    /// Whether it is ours.
    placed: bool,
    up: bool,
    held: bool,
    peer_holds: bool,
    muted: bool,
}

impl Row {
    /// Whether it waits to be answered here.
    pub(super) const fn waits(&self) -> bool {
        !self.placed && !self.up
    }

    /// Whether it is up.
    pub(super) const fn is_up(&self) -> bool {
        self.up
    }

    fn listed(&self) -> Listed<'_> {
        let peer = Some(self.peer.as_str());
        Listed {
            number: self.number,
            call: self.id.to_string(),
            from: peer.filter(|_| !self.placed),
            to: peer.filter(|_| self.placed),
            up: self.up,
            held: self.held,
            peer_holds: self.peer_holds,
            muted: self.muted,
        }
    }

    fn line(&self) -> String {
        let way = if self.placed { "to" } else { "from" };
        let mut line = format!("{}: {way} {}", self.number, self.peer);
        for (is_so, words) in [
            (self.up, ", up"),
            (!self.up, ", not answered yet"),
            (self.held, ", on hold"),
            (self.peer_holds, ", held by the peer"),
            (self.muted, ", muted"),
        ] {
            if is_so {
                line.push_str(words);
            }
        }
        line
    }
}

/// The calls that go on.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<Row>,
}

impl Table {
    /// A call is placed.
    pub(super) fn place(&mut self, id: CallId, to: &str) {
        self.add(id, to, true);
    }

    fn add(&mut self, id: CallId, peer: &str, placed: bool) {
        let last = self.rows.iter().map(|row| row.number).max();
        let number = last.map_or(1, |last| last.saturating_add(1));
        let peer = peer.to_owned();
        let (up, held, peer_holds, muted) = (false, false, false, false);
        self.rows.push(Row { number, id, peer, placed, up, held, peer_holds, muted });
    }

    /// Keeps what happened to a call.
    pub(super) fn on(&mut self, event: &Event) {
        match event {
            Event::Incoming { id, from, .. } => self.add(*id, from, false),
            Event::Established { id, .. } => self.change(*id, |row| row.up = true),
            Event::Held { id } => self.change(*id, |row| row.held = true),
            Event::Resumed { id } => self.change(*id, |row| row.held = false),
            Event::PeerHeld { id } => self.change(*id, |row| row.peer_holds = true),
            Event::PeerResumed { id } => self.change(*id, |row| row.peer_holds = false),
            Event::Over { id, .. } => self.rows.retain(|row| row.id != *id),
            _ => {}
        }
    }

    /// Whether silence is sent in a call.
    pub(super) fn mute(&mut self, id: CallId, muted: bool) {
        self.change(id, |row| row.muted = muted);
    }

    fn change(&mut self, id: CallId, change: impl Fn(&mut Row)) {
        self.rows.iter_mut().filter(|row| row.id == id).for_each(change);
    }

    /// The calls that wait to be answered here.
    pub(super) fn waiting(&self) -> Vec<CallId> {
        self.rows.iter().filter(|row| row.waits()).map(|row| row.id).collect()
    }

    /// Says which calls there are.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub(super) fn list(&self, out: Output) -> Result<()> {
        if out.is_json() {
            let calls: Vec<_> = self.rows.iter().map(Row::listed).collect();
            return out.object(Object::Calls { calls: &calls });
        }
        if self.rows.is_empty() {
            return out.line("no calls");
        }
        self.rows.iter().try_for_each(|row| out.line(&row.line()))
    }

    /// The call of this name; without one the only call that `fits`, or the only one at all.
    ///
    /// # Errors
    /// There is none, or several.
    pub(super) fn find(&self, name: Option<&Name>, fits: fn(&Row) -> bool) -> Result<CallId> {
        let Some(name) = name else {
            let fitting: Vec<&Row> = self.rows.iter().filter(|row| fits(row)).collect();
            let all = || self.rows.iter().collect();
            let rows = if fitting.is_empty() { all() } else { fitting };
            return match rows.as_slice() {
                [] => Err(Error::NotNow("there are no calls")),
                [only] => Ok(only.id),
                [_, _, ..] => Err(Error::NotNow("there are several calls: name one, see calls")),
            };
        };
        let is_it = |row: &&Row| match name {
            Name::Number(number) => row.number == *number,
            Name::Id(id) => row.id.to_string() == *id,
        };
        let row = self.rows.iter().find(is_it).map(|row| row.id);
        row.ok_or(Error::NotNow("no call has this name; see calls"))
    }
}
