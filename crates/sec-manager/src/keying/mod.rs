//! What the media lines of a call may be, and their keys.
//!
//! ```text
//!   SSM: offer, answer, judge, guard ─▶ CallMedia ─▶ Keys ─▶ sdes   keys that travel
//!   SSA: encrypt (fill), decrypt (empty) ──▲    │            kem    what is agreed on beside them
//!                                               └─▶ Dtls     a handshake on the media path
//! ```
//!
//! Keys travel only in encrypted, signed bodies or over TLS hops (`fill`, `empty`); the media controller
//! sees slots.

#[cfg_attr(not(feature = "dtls"), path = "no_dtls.rs")]
mod dtls;
mod handed;
#[cfg(feature = "srtp")]
mod kem;
#[cfg_attr(not(feature = "srtp"), path = "no_keys.rs")]
mod keys;
mod names;
#[cfg(feature = "srtp")]
mod rows;
#[cfg(feature = "srtp")]
pub(crate) mod sdes;
mod standing;

use crate::Platform;
use crate::pgp::RETRY;
use dtls::Dtls;
#[cfg(feature = "srtp")]
pub use handed::Handed;
#[cfg(not(feature = "srtp"))]
pub(crate) use handed::Handed;
use keys::Keys;
pub(crate) use names::Names;
use sip_syntax::ContentType;
use ssa::{Body, Direction, Refusal};
use ssm::{Line, LineSecurity, Profile, Refused};
use sst::{MediaProtection, Secrecy};
pub(crate) use standing::{Allowed, Carried, Standing};
use std::collections::{BTreeMap, BTreeSet};

/// The media of one call.
#[derive(Debug, Default)]
pub(crate) struct CallMedia {
    /// Lines whose guard was handed out in the clear.
    plain: BTreeSet<Line>,
    keys: Keys,
    dtls: Dtls,
    /// Whether the last description of the peer came encrypted and signed.
    sealed: bool,
    /// The exchange of the last offer, once its 2xx is signed.
    names: Option<Names>,
}

impl CallMedia {
    /// What a line of ours offers.
    pub(crate) fn offer(
        &mut self, line: Line, standing: Standing, platform: &dyn Platform,
    ) -> Result<LineSecurity, Refused> {
        if self.dtls.secures(line) {
            return self.dtls.offer(line, platform);
        }
        if standing.is_secured() {
            return Keys::offer(true);
        }
        if self.keys.secures(line) {
            return Keys::offer(false);
        }
        if standing.by_dtls == Allowed::Offered {
            standing.may_be_by_dtls()?;
            return self.dtls.offer(line, platform);
        }
        // Keys that others read on their way are no secret later.
        if !standing.may_be_plain() {
            return Err(Refused::Secrecy);
        }
        if standing.by_sdes == Allowed::Offered {
            return Keys::offer(false);
        }
        Ok(LineSecurity { profile: Profile::Avp, attributes: Vec::new() })
    }

    /// What a line of ours answers, or why the offered one will not do.
    pub(crate) fn answer(
        &mut self, line: Line, standing: Standing, offered: &LineSecurity, platform: &dyn Platform,
    ) -> Result<LineSecurity, Refused> {
        if offered.profile.is_by_dtls() {
            return self.answer_dtls(line, standing, offered, platform);
        }
        if offered.profile.is_secure() && !self.dtls.secure() {
            if standing.is_secured() && !self.sealed {
                return Err(Refused::Profile);
            }
            return self.keys.answer(line, offered, standing.secrecy);
        }
        // M09: neither a call that must be secured nor one that was becomes plain, nor is one keyed
        // otherwise than it was. M06: what `a=crypto` says on a plain line is ignored.
        if !standing.may_be_plain() || self.secure() || offered.profile.is_secure() {
            return Err(Refused::Profile);
        }
        Ok(LineSecurity { profile: offered.profile, attributes: Vec::new() })
    }

    fn answer_dtls(
        &mut self, line: Line, standing: Standing, offered: &LineSecurity, platform: &dyn Platform,
    ) -> Result<LineSecurity, Refused> {
        standing.may_be_by_dtls()?;
        // M07: where the peer must sign, so must what names its certificate. Keys that were agreed on
        // under its signature are better than a handshake's.
        if self.keys.secure() || standing.is_secured() && !self.sealed {
            return Err(Refused::Profile);
        }
        self.dtls.answer(line, offered, platform)
    }

    /// Whether the peer's answer will do.
    pub(crate) fn judge(
        &mut self, line: Line, standing: Standing, answered: &LineSecurity,
    ) -> Result<(), Refused> {
        if self.dtls.has_offered(line) {
            if standing.is_secured() && !self.sealed {
                return Err(Refused::Profile);
            }
            return self.dtls.judge(line, answered);
        }
        if standing.is_secured() || self.keys.has_offered(line) {
            if standing.is_secured() && !self.sealed {
                return Err(Refused::Profile);
            }
            return self.keys.judge(line, answered, standing.secrecy);
        }
        let fits = standing.may_be_plain() && !answered.profile.is_secure();
        if fits { Ok(()) } else { Err(Refused::Profile) }
    }

    /// What protects a line, once the proof is there that the policy asks for; `keyed` is called once
    /// a handshake has keys.
    pub(crate) fn hand_out(
        &mut self, line: Line, standing: Standing, keyed: impl Fn() + Send + Sync + 'static,
    ) -> Result<Handed, Refused> {
        if !standing.may_flow() {
            return Err(Refused::NotAuthenticated);
        }
        if self.dtls.secures(line) {
            self.plain.remove(&line);
            let handshake = self.dtls.guard(line, keyed)?;
            return Ok(handshake.map_or(Handed::Kept, Handed::Handshake));
        }
        if self.keys.secures(line) {
            return self.keys.hand_out(line, self.names.as_ref(), standing.secrecy);
        }
        if !standing.may_be_plain() || self.secure() {
            return Err(Refused::Downgrade);
        }
        self.plain.insert(line);
        Ok(Handed::Plain)
    }

    #[cfg(all(test, feature = "srtp"))]
    pub(crate) fn guard(
        &mut self, line: Line, standing: Standing, keyed: impl Fn() + Send + Sync + 'static,
    ) -> Result<ssm::Guard, Refused> {
        self.hand_out(line, standing, keyed)?.guard()
    }

    /// The peer's address is another than it was for the guard before.
    pub(crate) fn moved(&mut self, line: Line) {
        self.dtls.moved(line);
    }

    /// Whether any line is to be protected.
    fn secure(&self) -> bool {
        self.keys.secure() || self.dtls.secure()
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
    /// 488: a slot would leave where keys may not travel.
    /// 500, to be tried again: there is no randomness, or the body has a slot where no key belongs.
    pub(crate) fn fill(
        &mut self, direction: Direction, body: Body, standing: Standing, platform: &dyn Platform,
    ) -> Result<Body, Refusal> {
        if !find(&body.octets, ssm::SLOT.as_bytes()) {
            return Ok(body);
        }
        if !standing.may_carry_keys() {
            return Err(Refusal::new(488, "Not Acceptable Here"));
        }
        let mut filled = self
            .keys
            .fill(direction, &body.octets, (standing, platform))
            .map_err(|_| Refusal::try_later(RETRY))?;
        Ok(Body { octets: std::mem::take(&mut filled), ..body })
    }

    /// Empties the key slots of a body that came in. Keys that may not travel as it did are dropped.
    pub(crate) fn empty(
        &mut self, direction: Direction, body: Body, standing: Standing,
    ) -> Result<Body, Refusal> {
        if !is_sdp(&body) {
            return Ok(body);
        }
        self.sealed = standing.carried == Carried::Sealed;
        let octets = self.keys.empty(direction, body.octets, standing);
        Ok(Body { octets, ..body })
    }

    /// How each line is protected.
    pub(crate) fn protections(&self) -> Vec<MediaProtection> {
        let plain = self.plain.iter().map(|line| (*line, MediaProtection::Rtp));
        let srtp = self
            .keys
            .suites()
            .map(|(line, suite, secrecy)| (line, MediaProtection::Srtp { suite, secrecy }));
        let by_dtls = self.dtls.suites().map(|(line, suite)| {
            let srtp = |suite| MediaProtection::Srtp { suite, secrecy: Secrecy::Forward };
            (line, suite.map_or(MediaProtection::None, srtp))
        });
        let lines: BTreeMap<Line, MediaProtection> = plain.chain(srtp).chain(by_dtls).collect();
        lines.into_values().collect()
    }
}

/// Whether a body may hold keys that travel: it has to be asked what becomes of them.
pub(crate) fn may_hold_keys(body: &Body) -> bool {
    is_sdp(body) && find(&body.octets, b"a=crypto:")
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
pub(crate) mod tests;
