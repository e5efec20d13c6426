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
    /// Whether it is in a conference.
    joined: bool,
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

    /// Whether it is in a conference.
    pub(super) const fn is_joined(&self) -> bool {
        self.joined
    }

    fn listed(&self, with: &[CallId]) -> Listed<'_> {
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
            with: with.iter().map(ToString::to_string).collect(),
        }
    }

    /// The row, beside those calls of these numbers that it is in a conference with.
    fn line(&self, with: &[String]) -> String {
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
        if !with.is_empty() {
            line = format!("{line}, together with {}", with.join(" and "));
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
        let (up, held, peer_holds, muted, joined) = (false, false, false, false, false);
        self.rows.push(Row { number, id, peer, placed, up, held, peer_holds, muted, joined });
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

    /// Says which calls there are; `with` says which are in a conference with one.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub(super) fn list(&self, with: impl Fn(CallId) -> Vec<CallId>, out: Output) -> Result<()> {
        if out.is_json() {
            let calls: Vec<_> = self.rows.iter().map(|row| row.listed(&with(row.id))).collect();
            return out.object(Object::Calls { calls: &calls });
        }
        if self.rows.is_empty() {
            return out.line("no calls");
        }
        let number = |id: CallId| self.known(id).map(|(number, _)| number.to_string());
        self.rows.iter().try_for_each(|row| {
            let with: Vec<String> = with(row.id).into_iter().filter_map(number).collect();
            out.line(&row.line(&with))
        })
    }

    /// A call's number, and who its peer says to be.
    pub(super) fn known(&self, id: CallId) -> Option<(u32, &str)> {
        let row = self.rows.iter().find(|row| row.id == id)?;
        Some((row.number, &row.peer))
    }

    /// Those of these calls whose peers are on hold, and that are to be resumed as they are brought
    /// together: where only the first `comes` to others, not of a conference that was there before.
    pub(super) fn held(&self, calls: &[CallId], comes: bool) -> Vec<CallId> {
        let is_held = |(at, id): (usize, &CallId)| {
            let row = self.rows.iter().find(|row| row.id == *id && row.held)?;
            (at == 0 || !comes || !row.joined).then_some(*id)
        };
        calls.iter().enumerate().filter_map(is_held).collect()
    }

    /// Notes which calls are in a conference, and gives those that were and are not any more.
    pub(super) fn part(&mut self, is_joined: impl Fn(CallId) -> bool) -> Vec<(u32, CallId)> {
        let mut left = Vec::new();
        for row in &mut self.rows {
            let was = std::mem::replace(&mut row.joined, is_joined(row.id));
            left.extend((was && !row.joined).then_some((row.number, row.id)));
        }
        left
    }

    /// The calls that are to be brought together by these names: all that are up, those that are named,
    /// or the one that is named and a conference, or the only other call.
    ///
    /// # Errors
    /// One is not there, or it is not clear which others are meant.
    pub(super) fn to_join(
        &self, names: &[Name], with: impl Fn(CallId) -> Vec<CallId>,
    ) -> Result<Vec<CallId>> {
        let up = self.rows.iter().filter(|row| row.up);
        let [name] = names else {
            if names.is_empty() {
                return Ok(up.map(|row| row.id).collect());
            }
            return names.iter().map(|name| self.find(Some(name), Row::is_up)).collect();
        };
        let one = self.find(Some(name), Row::is_up)?;
        let others: Vec<&Row> = up.filter(|row| row.id != one).collect();
        let joined = others.iter().filter(|row| row.joined).copied().collect::<Vec<_>>();
        let others = if joined.is_empty() { others } else { joined };
        let Some((first, rest)) = others.split_first() else {
            return Err(Error::NotNow("there is no other call that is up"));
        };
        let together = with(first.id);
        if rest.iter().any(|row| !together.contains(&row.id)) {
            return Err(Error::NotNow("there are several calls: name two, see calls"));
        }
        Ok(vec![one, first.id])
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
