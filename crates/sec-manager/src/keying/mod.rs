//! What the media lines of a call may be, and their keys.
//!
//! ```text
//!   SSM: offer, answer, judge, guard ─▶ CallMedia ─▶ Keys ─▶ sdes   keys that travel
//!   SSA: encrypt (fill), decrypt (empty) ──▲                 kem    what is agreed on beside them
//! ```
//!
//! Keys travel only in encrypted, signed bodies (`fill`, `empty`); the media controller sees slots.

#[cfg(feature = "srtp")]
mod kem;
#[cfg_attr(not(feature = "srtp"), path = "no_keys.rs")]
mod keys;
mod names;
#[cfg(feature = "srtp")]
mod rows;
#[cfg(feature = "srtp")]
pub(crate) mod sdes;

use crate::Platform;
use crate::pgp::RETRY;
use keys::Keys;
pub(crate) use names::Names;
use sip_syntax::ContentType;
use ssa::{Body, Direction, Refusal};
use ssm::{Call, Line, LineSecurity, MediaGuard, MediaSecurity as _, Profile, Refused};
use sst::{MediaProtection, Requirement, Secrecy};
use std::collections::{BTreeMap, BTreeSet};

/// What a call's media are judged by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    /// The proofs of which the call requires one.
    pub(crate) require: Requirement,
    /// Whether the peer has given it.
    pub(crate) authenticated: bool,
    /// Whether the body at hand travels encrypted and signed.
    pub(crate) encrypted: bool,
    /// Without which secrecy of its keys no media flow.
    pub(crate) secrecy: Secrecy,
}

impl Standing {
    /// Whether nothing less than SRTP under the peer's proof will do.
    fn is_secured(self) -> bool {
        self.require == Requirement::PGP
    }

    /// Whether media in the clear will do.
    fn may_be_plain(self) -> bool {
        !self.is_secured() && matches!(self.secrecy, Secrecy::None)
    }

    /// S07: no media before the proof that the policy asks for.
    const fn may_flow(self) -> bool {
        self.authenticated || self.require.is_nothing()
    }
}

/// The media of one call.
#[derive(Debug, Default)]
pub(crate) struct CallMedia {
    /// Lines whose guard was handed out in the clear.
    plain: BTreeSet<Line>,
    keys: Keys,
    /// The exchange of the last offer, once its 2xx is signed.
    names: Option<Names>,
}

impl CallMedia {
    /// What a line of ours offers.
    pub(crate) fn offer(standing: Standing) -> Result<LineSecurity, Refused> {
        if standing.is_secured() {
            return Keys::offer();
        }
        if !standing.may_be_plain() {
            return Err(Refused::Secrecy);
        }
        Ok(LineSecurity { profile: Profile::Avp, attributes: Vec::new() })
    }

    /// What a line of ours answers, or why the offered one will not do.
    pub(crate) fn answer(
        &mut self, line: Line, standing: Standing, offered: &LineSecurity,
    ) -> Result<LineSecurity, Refused> {
        if offered.profile.is_secure() {
            return self.keys.answer(line, offered, standing.secrecy);
        }
        // M09: neither a call that must be secured nor one that was becomes plain. M06: what
        // `a=crypto` says on a plain line is ignored.
        if !standing.may_be_plain() || self.keys.secure() {
            return Err(Refused::Profile);
        }
        Ok(LineSecurity { profile: offered.profile, attributes: Vec::new() })
    }

    /// Whether the peer's answer will do.
    pub(crate) fn judge(
        &mut self, line: Line, standing: Standing, answered: &LineSecurity,
    ) -> Result<(), Refused> {
        if standing.is_secured() {
            return self.keys.judge(line, answered, standing.secrecy);
        }
        let fits = standing.may_be_plain() && !answered.profile.is_secure();
        if fits { Ok(()) } else { Err(Refused::Profile) }
    }

    /// What protects a line, once the proof is there that the policy asks for.
    pub(crate) fn guard(&mut self, line: Line, standing: Standing) -> Result<MediaGuard, Refused> {
        if !standing.may_flow() {
            return Err(Refused::NotAuthenticated);
        }
        if self.keys.secures(line) {
            return self.keys.guard(line, self.names.as_ref(), standing.secrecy);
        }
        if !standing.may_be_plain() || self.keys.secure() {
            return Err(Refused::Downgrade);
        }
        self.plain.insert(line);
        ssm::Open.guard(Call(0), line)?.ready()
    }
}

impl CallMedia {
    /// Notes by which names both sides know the exchange that agreed on the media; one that agrees on
    /// none changes nothing.
    pub(crate) fn named(&mut self, names: Option<Names>) {
        self.names = names.or_else(|| self.names.take());
    }

    /// Fills the key slots of a body that leaves.
    ///
    /// # Errors
    /// 488: a slot would leave in the clear. SDES keys travel only inside an encrypted body.
    /// 500, to be tried again: there is no randomness, or the body has a slot where no key belongs.
    pub(crate) fn fill(
        &mut self, direction: Direction, body: Body, standing: Standing, platform: &dyn Platform,
    ) -> Result<Body, Refusal> {
        if !find(&body.octets, ssm::SLOT.as_bytes()) {
            return Ok(body);
        }
        if !standing.encrypted {
            return Err(Refusal::new(488, "Not Acceptable Here"));
        }
        let mut filled = self
            .keys
            .fill(direction, &body.octets, platform)
            .map_err(|_| Refusal::try_later(RETRY))?;
        Ok(Body { octets: std::mem::take(&mut filled), ..body })
    }

    /// Empties the key slots of a body that came in. Keys that came in the clear are dropped.
    pub(crate) fn empty(
        &mut self, direction: Direction, body: Body, standing: Standing,
    ) -> Result<Body, Refusal> {
        if !is_sdp(&body) {
            return Ok(body);
        }
        let octets = self.keys.empty(direction, body.octets, standing.encrypted);
        Ok(Body { octets, ..body })
    }

    /// How each line is protected.
    pub(crate) fn protections(&self) -> Vec<MediaProtection> {
        let plain = self.plain.iter().map(|line| (*line, MediaProtection::Rtp));
        let srtp = self
            .keys
            .suites()
            .map(|(line, suite, secrecy)| (line, MediaProtection::Srtp { suite, secrecy }));
        let lines: BTreeMap<Line, MediaProtection> = plain.chain(srtp).collect();
        lines.into_values().collect()
    }
}

fn is_sdp(body: &Body) -> bool {
    let media = body.content_type.as_deref().map(ContentType::parse);
    media.is_some_and(|media| media.is_ok_and(|media| media.is("application/sdp")))
}

fn find(octets: &[u8], word: &[u8]) -> bool {
    octets.windows(word.len()).any(|window| window == word)
}

#[cfg(test)]
#[cfg(feature = "srtp")]
mod tests;
