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

use super::kem::{self, Agreement, Pair, Shares};
use super::names::Names;
use super::sdes::{self, Choice, LineKey, MasterKey, Unfilled};
use crate::Platform;
pub(crate) use crate::srtp::SrtpKeys;
use crate::srtp::Suite;
use ssa::Direction;
use ssm::{Attribute, Line, LineSecurity, Profile, Refused};
use sst::Secrecy;
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
    guarded: BTreeMap<Line, (Suite, Secrecy)>,
    /// Our fresh pairs, until the answer to them was read.
    pairs: BTreeMap<Line, Pair>,
    /// What their last body that travelled encrypted has for an agreement.
    shares: Shares,
    /// What was agreed on, until the guard is handed out; by whose offer.
    agreements: BTreeMap<Line, Agreement>,
    /// Whether the last offer was ours.
    we_offered: bool,
}

impl Keys {
    /// Every suite, the preferred one first.
    pub(super) fn offer() -> Result<LineSecurity, Refused> {
        let choices = (1u32..).zip(Suite::SDES).map(|(tag, suite)| Choice { tag, suite });
        let attributes = choices.map(attribute).chain([kem::attribute()]).collect();
        Ok(LineSecurity { profile: Profile::Savp, attributes })
    }

    /// Picks the first attribute offered whose key came encrypted.
    pub(super) fn answer(
        &mut self, line: Line, offered: &LineSecurity, secrecy: Secrecy,
    ) -> Result<LineSecurity, Refused> {
        if !self.theirs.iter().any(|key| key.line == line) {
            // M06: keys that came in the clear are worth nothing.
            return Err(Refused::Profile);
        }
        let known = |choice: &Choice| find(&self.theirs, line, *choice).is_some();
        let choice = choices(offered).flatten().find(known).ok_or(Refused::Attributes)?;
        let share = self.shares.get(&line);
        let is_key = |share: &Result<Vec<u8>, _>| share.as_ref().is_ok_and(|key| kem::is_key(key));
        if share.is_some_and(|share| !is_key(share)) {
            return Err(Refused::Attributes);
        }
        if share.is_none() && secrecy > Secrecy::None {
            return Err(Refused::Secrecy);
        }
        self.agreed.insert(line, choice);
        let agreement = share.map(|_| kem::attribute());
        let attributes = [attribute(choice)].into_iter().chain(agreement).collect();
        Ok(LineSecurity { profile: offered.profile, attributes })
    }

    /// Whether the answer picks one of the attributes that we offered, under our profile.
    pub(super) fn judge(
        &mut self, line: Line, answered: &LineSecurity, secrecy: Secrecy,
    ) -> Result<(), Refused> {
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
        // What is left of the peer's shares could not be used.
        if self.shares.contains_key(&line) {
            return Err(Refused::Attributes);
        }
        if !self.agreements.contains_key(&line) && secrecy > Secrecy::None {
            return Err(Refused::Secrecy);
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

    /// The key that we seal with and the one that we open with; both are forgotten here.
    pub(super) fn hand_out(
        &mut self, line: Line, names: Option<&Names>, least: Secrecy,
    ) -> Result<SrtpKeys, Refused> {
        let choice = self.agreed.get(&line).copied().ok_or(Refused::Unknown)?;
        let ours = find(&self.ours, line, choice).ok_or(Refused::Unknown)?;
        let theirs = find(&self.theirs, line, choice).ok_or(Refused::Unknown)?;
        let agreed = self.agreed_keys(line, names, ours, theirs)?;
        let (ours, theirs, secrecy) = match &agreed {
            Some([ours, theirs]) => (ours, theirs, Secrecy::PostQuantum),
            None => (ours, theirs, Secrecy::None),
        };
        if secrecy < least {
            return Err(Refused::Secrecy);
        }
        let keys = SrtpKeys::new(choice.suite, ours.octets(), theirs.octets());
        let keys = keys.map_err(|_| Refused::Attributes)?;
        self.agreed.remove(&line);
        self.agreements.remove(&line);
        self.ours.retain(|key| key.line != line);
        self.theirs.retain(|key| key.line != line);
        self.guarded.insert(line, (choice.suite, secrecy));
        Ok(keys)
    }

    /// Our key and theirs in place of those that travelled, where a line has an agreement.
    fn agreed_keys(
        &self, line: Line, names: Option<&Names>, ours: &MasterKey, theirs: &MasterKey,
    ) -> Result<Option<[MasterKey; 2]>, Refused> {
        let Some(agreement) = self.agreements.get(&line) else { return Ok(None) };
        let names = names.ok_or(Refused::Unknown)?;
        let keys = if self.we_offered {
            agreement.keys(names, line, ours, theirs)
        } else {
            let keys = agreement.keys(names, line, theirs, ours);
            keys.map(|[theirs, ours]| [ours, theirs])
        };
        keys.map(Some).map_err(|_| Refused::Attributes)
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
            self.pairs.clear();
            self.shares.clear();
            self.agreements.clear();
            self.we_offered = true;
        }
        self.ours = keys;
        kem::fill(&filled, |line| match direction {
            Direction::Request => self.pair(line, platform),
            Direction::Response => self.agreement(line, platform),
        })
    }

    /// A fresh pair for a line that we offer.
    fn pair(&mut self, line: Line, platform: &dyn Platform) -> Result<Vec<u8>, Unfilled> {
        let pair = Pair::made(|octets| platform.random(octets)).map_err(|_| Unfilled)?;
        let public = pair.public().to_vec();
        self.pairs.insert(line, pair);
        Ok(public)
    }

    /// A fresh secret for the key that the peer has offered for a line.
    fn agreement(&mut self, line: Line, platform: &dyn Platform) -> Result<Vec<u8>, Unfilled> {
        let Some(Ok(public)) = self.shares.remove(&line) else { return Err(Unfilled) };
        let mut random = Zeroizing::new([0; 64]);
        platform.random(random.as_mut_slice()).map_err(|_| Unfilled)?;
        let agreement = Agreement::with(public, &random).map_err(|_| Unfilled)?;
        let ciphertext = agreement.ciphertext().to_vec();
        self.agreements.insert(line, agreement);
        Ok(ciphertext)
    }

    /// Empties the slots of a body of theirs; its keys are kept where it travelled encrypted.
    pub(super) fn empty(&mut self, direction: Direction, sdp: Vec<u8>, encrypted: bool) -> Vec<u8> {
        let (emptied, keys) = sdes::empty(sdp);
        let (emptied, shares) = kem::empty(emptied, encrypted);
        if direction == Direction::Request {
            self.ours.clear();
            self.pairs.clear();
            self.we_offered = false;
        }
        self.agreed.clear();
        self.agreements.clear();
        self.theirs = if encrypted { keys } else { Vec::new() };
        self.shares = shares;
        if direction == Direction::Response {
            self.open();
        }
        emptied
    }

    /// Reads what an answer has for our pairs. Their private halves are gone then, whatever it has;
    /// what cannot be used is left among the shares, for `judge`.
    fn open(&mut self) {
        for (line, pair) in std::mem::take(&mut self.pairs) {
            let Some(Ok(ciphertext)) = self.shares.get(&line) else { continue };
            if let Ok(agreement) = pair.open(ciphertext.clone()) {
                self.shares.remove(&line);
                self.agreements.insert(line, agreement);
            }
        }
    }

    /// How a line is protected: the suite, and what its keys are worth later.
    pub(super) fn suites(&self) -> impl Iterator<Item = (Line, &'static str, Secrecy)> {
        self.guarded.iter().map(|(line, (suite, secrecy))| (*line, suite.name(), *secrecy))
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
