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

use super::handed::Handed;
use super::kem::{self, Agreement, Pair, Shares};
use super::names::Names;
use super::rows::rows;
use super::sdes::{self, Choice, LineKey, MasterKey, Unfilled};
use super::standing::{Carried, Standing};
use crate::Platform;
use crate::secret::same;
pub(crate) use crate::srtp::SrtpKeys;
use crate::srtp::Suite;
use sha2::{Digest as _, Sha256};
use ssa::Direction;
use ssm::{Attribute, Line, LineSecurity, Profile, Refused};
use sst::Secrecy;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// What was handed out of a line: its keys by their hashes, by which they are known again.
#[derive(Debug)]
struct Guarded {
    suite: Suite,
    secrecy: Secrecy,
    ours: [u8; 32],
    theirs: [u8; 32],
    /// Our key where nobody signs, which stays while our media stay in this place.
    lasting: Option<([u8; 32], MasterKey)>,
}

impl Guarded {
    /// Which of the keys, ours and theirs, are those of another.
    fn keys_of(&self, other: &Self) -> [bool; 2] {
        [same(&self.ours, &other.ours), same(&self.theirs, &other.theirs)]
    }

    /// Our key of this suite, where it stays.
    fn stays(&self, suite: Suite, place: &[u8; 32]) -> Option<MasterKey> {
        let (before, key) = self.lasting.as_ref()?;
        (self.suite == suite && before == place).then(|| key.again())
    }
}

/// What is known of each media line's keys.
#[derive(Debug, Default)]
pub(super) struct Keys {
    /// Keys in the last body of ours.
    ours: Vec<LineKey>,
    /// Keys in the last body of theirs, where they may travel as it did.
    theirs: Vec<LineKey>,
    /// What an answer picked, until the guard is handed out.
    agreed: BTreeMap<Line, Choice>,
    /// Lines whose guard was handed out.
    guarded: BTreeMap<Line, Guarded>,
    /// Our fresh pairs, until the answer to them was read.
    pairs: BTreeMap<Line, Pair>,
    /// What their last body that travelled encrypted has for an agreement.
    shares: Shares,
    /// What was agreed on, until the guard is handed out; by whose offer.
    agreements: BTreeMap<Line, Agreement>,
    /// Whether the last offer was ours.
    we_offered: bool,
    /// Whether the last body of theirs travelled encrypted and signed.
    is_signed: bool,
    /// Where the last body of ours has our media.
    place: [u8; 32],
}

impl Keys {
    /// Every suite, the preferred one first; beside them, where the peer signs, what keys are agreed on by.
    pub(super) fn offer(agrees: bool) -> Result<LineSecurity, Refused> {
        let choices = (1u32..).zip(Suite::SDES).map(|(tag, suite)| Choice { tag, suite });
        let agreement = agrees.then(kem::attribute);
        let attributes = choices.map(attribute).chain(agreement).collect();
        Ok(LineSecurity { profile: Profile::Savp, attributes })
    }

    /// Picks the first attribute offered whose key came as keys may.
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

    /// Whether our last offer has keys for the line.
    pub(super) fn has_offered(&self, line: Line) -> bool {
        self.ours.iter().any(|key| key.line == line)
    }

    /// Whether SRTP was agreed for the line, now or before.
    pub(super) fn secures(&self, line: Line) -> bool {
        self.agreed.contains_key(&line) || self.guarded.contains_key(&line)
    }

    /// Whether SRTP was agreed for any line of the call.
    pub(super) fn secure(&self) -> bool {
        !self.agreed.is_empty() || !self.guarded.is_empty()
    }

    /// The key that we seal with and the one that we open with. Ours is kept as long as the offer it stands
    /// in may be answered otherwise, and theirs is forgotten here.
    pub(super) fn hand_out(
        &mut self, line: Line, names: Option<&Names>, least: Secrecy,
    ) -> Result<Handed, Refused> {
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
        let guarded = Guarded {
            suite: choice.suite,
            secrecy,
            ours: ours.print(),
            theirs: theirs.print(),
            lasting: (!self.is_signed).then(|| (self.place, ours.again())),
        };
        let kept = self.guarded.get(&line).map(|before| before.keys_of(&guarded));
        self.guarded.insert(line, guarded);
        self.agreed.remove(&line);
        self.agreements.remove(&line);
        if !self.we_offered {
            self.ours.retain(|key| key.line != line);
        }
        self.theirs.retain(|key| key.line != line);
        // M01: what was opened under a key is never opened again, and no key seals from the start twice.
        Ok(match kept.unwrap_or_default() {
            [false, false] => Handed::Srtp(keys),
            [false, true] => Handed::Sealer(keys),
            [true, false] => Handed::Opener(keys),
            [true, true] => Handed::Kept,
        })
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

    /// Fills the slots of a body of ours: with fresh keys, but where nobody signs with the one that was
    /// handed out, as long as our media stay where they are. RFC 4568 §7.1.4.
    pub(super) fn fill(
        &mut self, direction: Direction, sdp: &[u8],
        (standing, platform): (Standing, &dyn Platform),
    ) -> Result<Zeroizing<Vec<u8>>, Unfilled> {
        let place = place(sdp);
        let stays = |line, suite| {
            let before = self.guarded.get(&line).filter(|_| standing.carried == Carried::Tls)?;
            before.stays(suite, &place)
        };
        let made = |suite| MasterKey::made(suite, |octets| platform.random(octets));
        let (filled, keys) = sdes::fill(sdp, |line, suite| {
            stays(line, suite).map_or_else(|| made(suite), Ok).map_err(|_| Unfilled)
        })?;
        self.place = place;
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

    /// Empties the slots of a body of theirs; its keys are kept where they may travel as it did.
    pub(super) fn empty(
        &mut self, direction: Direction, sdp: Vec<u8>, standing: Standing,
    ) -> Vec<u8> {
        let (emptied, keys) = sdes::empty(sdp);
        self.is_signed = standing.carried == Carried::Sealed;
        let (emptied, shares) = kem::empty(emptied, self.is_signed);
        if direction == Direction::Request {
            self.ours.clear();
            self.pairs.clear();
            self.we_offered = false;
        }
        self.agreed.clear();
        self.agreements.clear();
        self.theirs = if standing.may_carry_keys() { keys } else { Vec::new() };
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
        self.guarded.iter().map(|(line, guarded)| (*line, guarded.suite.name(), guarded.secrecy))
    }
}

/// Where a body has our media: its connections and its media lines.
fn place(sdp: &[u8]) -> [u8; 32] {
    let tells = |row: &&[u8]| row.starts_with(b"c=") || row.starts_with(b"m=");
    let hash = rows(sdp).filter(tells).fold(Sha256::new(), |hash, row| hash.chain_update(row));
    hash.finalize().into()
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
