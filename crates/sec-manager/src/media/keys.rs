//! The keys of a call's media lines, and what was agreed about them. RFC 4568 §5.1, §5.2.
//!
//! ```text
//!   caller:  fill(request) ──▶ empty(response) ──▶ judge  ──┐
//!                                                           ├──▶ guard, once
//!   callee:  empty(request) ─▶ answer ──▶ fill(response) ───┘
//! ```
//!
//! An offer, ours or theirs, forgets what an earlier one left behind; guards that were handed
//! out go on until the media controller puts new ones in their place.

use crate::Platform;
use crate::sdes::{self, Choice, LineKey, MasterKey, Unfilled};
use crate::srtp::{SrtpOpener, SrtpSealer, Suite};
use ssa::Direction;
use ssm::{Attribute, Line, LineSecurity, MediaGuard, Profile, Refused};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// What is known of each media line's keys.
#[derive(Debug, Default)]
pub(super) struct Keys {
    /// Keys in the last body of ours.
    ours: Vec<LineKey>,
    /// Keys in the last body of theirs that travelled encrypted.
    theirs: Vec<LineKey>,
    /// What an answer picked, until the guard is handed out.
    agreed: BTreeMap<Line, Choice>,
    /// Lines whose guard was handed out.
    guarded: BTreeMap<Line, Suite>,
}

impl Keys {
    /// Every suite, the preferred one first.
    pub(super) fn offer() -> Result<LineSecurity, Refused> {
        let choices = (1u32..).zip(Suite::ALL).map(|(tag, suite)| Choice { tag, suite });
        let attributes = choices.map(attribute).collect();
        Ok(LineSecurity { profile: Profile::Savp, attributes })
    }

    /// Picks the first attribute offered whose key came encrypted.
    pub(super) fn answer(
        &mut self, line: Line, offered: &LineSecurity,
    ) -> Result<LineSecurity, Refused> {
        if !self.theirs.iter().any(|key| key.line == line) {
            // M06: keys that came in the clear are worth nothing.
            return Err(Refused::Profile);
        }
        let known = |choice: &Choice| find(&self.theirs, line, *choice).is_some();
        let choice = choices(offered).flatten().find(known).ok_or(Refused::Attributes)?;
        self.agreed.insert(line, choice);
        Ok(LineSecurity { profile: offered.profile, attributes: vec![attribute(choice)] })
    }

    /// Whether the answer picks one of the attributes that we offered, under our profile.
    pub(super) fn judge(&mut self, line: Line, answered: &LineSecurity) -> Result<(), Refused> {
        if answered.profile != Profile::Savp {
            return Err(Refused::Downgrade);
        }
        let mut picked = choices(answered);
        let (Some(Some(choice)), None) = (picked.next(), picked.next()) else {
            return Err(Refused::Attributes);
        };
        let ours = find(&self.ours, line, choice).ok_or(Refused::Attributes)?;
        let theirs = find(&self.theirs, line, choice).ok_or(Refused::Attributes)?;
        // M03: a key that comes back would give both directions one key stream.
        if ours.is(theirs) {
            return Err(Refused::Attributes);
        }
        self.agreed.insert(line, choice);
        Ok(())
    }

    /// Whether SRTP was agreed for the line, now or before.
    pub(super) fn secures(&self, line: Line) -> bool {
        self.agreed.contains_key(&line) || self.guarded.contains_key(&line)
    }

    /// Whether SRTP was agreed for any line of the call.
    pub(super) fn secure(&self) -> bool {
        !self.agreed.is_empty() || !self.guarded.is_empty()
    }

    /// Seals with our key and opens with theirs; both are forgotten here.
    pub(super) fn guard(&mut self, line: Line) -> Result<MediaGuard, Refused> {
        let choice = self.agreed.get(&line).copied().ok_or(Refused::Unknown)?;
        let ours = find(&self.ours, line, choice).ok_or(Refused::Unknown)?;
        let theirs = find(&self.theirs, line, choice).ok_or(Refused::Unknown)?;
        let sealer = SrtpSealer::new(choice.suite, ours.octets());
        let opener = SrtpOpener::new(choice.suite, theirs.octets());
        let (Ok(sealer), Ok(opener)) = (sealer, opener) else { return Err(Refused::Attributes) };
        self.agreed.remove(&line);
        self.ours.retain(|key| key.line != line);
        self.theirs.retain(|key| key.line != line);
        self.guarded.insert(line, choice.suite);
        Ok(MediaGuard { sealer: Box::new(sealer), opener: Box::new(opener) })
    }

    /// Fills the slots of a body of ours with fresh keys.
    pub(super) fn fill(
        &mut self, direction: Direction, sdp: &[u8], platform: &dyn Platform,
    ) -> Result<Zeroizing<Vec<u8>>, Unfilled> {
        let make =
            |suite| MasterKey::made(suite, |octets| platform.random(octets)).map_err(|_| Unfilled);
        let (filled, keys) = sdes::fill(sdp, make)?;
        if direction == Direction::Request {
            self.theirs.clear();
            self.agreed.clear();
        }
        self.ours = keys;
        Ok(filled)
    }

    /// Empties the slots of a body of theirs; its keys are kept where it travelled encrypted.
    pub(super) fn empty(&mut self, direction: Direction, sdp: Vec<u8>, encrypted: bool) -> Vec<u8> {
        let (emptied, keys) = sdes::empty(sdp);
        if direction == Direction::Request {
            self.ours.clear();
        }
        self.agreed.clear();
        self.theirs = if encrypted { keys } else { Vec::new() };
        emptied
    }

    /// The suite by which a line is protected.
    pub(super) fn suites(&self) -> impl Iterator<Item = (Line, &'static str)> {
        self.guarded.iter().map(|(line, suite)| (*line, suite.name()))
    }
}

fn find(keys: &[LineKey], line: Line, choice: Choice) -> Option<&MasterKey> {
    let own = keys.iter().find(|key| key.line == line && key.choice == choice);
    own.map(|key| &key.key)
}

fn attribute(choice: Choice) -> Attribute {
    Attribute { name: "crypto".to_owned(), value: choice.slotted() }
}

/// The line's `crypto` attributes; `None` for one that is not understood.
fn choices(security: &LineSecurity) -> impl Iterator<Item = Option<Choice>> {
    let crypto = security.attributes.iter().filter(|attribute| attribute.name == "crypto");
    crypto.map(|attribute| Choice::parse(&attribute.value))
}
