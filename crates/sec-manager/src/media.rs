//! What the media lines of a call may be, and their keys. SSM, as the media controller calls it.

use crate::Platform;
use crate::manager::SecurityManager;
use ssa::{Body, Direction, Refusal};
use ssm::{Call, Line, LineSecurity, MediaGuard, MediaSecurity, Profile, Refused};
use sst::{MediaProtection, Requirement};

/// What a call's media are judged by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    /// The proof that the call requires.
    pub(crate) require: Requirement,
    /// Whether the peer has given it.
    pub(crate) authenticated: bool,
    /// Whether the body at hand travels encrypted and signed.
    pub(crate) encrypted: bool,
}

impl Standing {
    /// Whether nothing less than SRTP under the peer's proof will do.
    const fn is_secured(self) -> bool {
        matches!(self.require, Requirement::Pgp)
    }

    /// S07: no media before the proof that the policy asks for.
    const fn may_flow(self) -> bool {
        self.authenticated || matches!(self.require, Requirement::Nothing)
    }
}

/// The media of one call.
#[derive(Debug, Default)]
pub(crate) struct CallMedia {
    /// Lines whose guard was handed out in the clear.
    plain: Vec<Line>,
}

impl CallMedia {
    fn offer(&self, standing: Standing) -> Result<LineSecurity, Refused> {
        if standing.is_secured() {
            return Err(Refused::Profile);
        }
        Ok(LineSecurity { profile: Profile::Avp, attributes: Vec::new() })
    }

    fn answer(&self, standing: Standing, offered: &LineSecurity) -> Result<LineSecurity, Refused> {
        if standing.is_secured() || offered.profile.is_secure() {
            return Err(Refused::Profile);
        }
        Ok(LineSecurity { profile: offered.profile, attributes: Vec::new() })
    }

    fn guard(&mut self, line: Line, standing: Standing) -> Result<MediaGuard, Refused> {
        if !standing.may_flow() {
            return Err(Refused::NotAuthenticated);
        }
        if standing.is_secured() {
            return Err(Refused::Downgrade);
        }
        if !self.plain.contains(&line) {
            self.plain.push(line);
        }
        ssm::Open.guard(Call(0), line)
    }
}

impl CallMedia {
    /// Fills the key slots of a body that leaves.
    ///
    /// # Errors
    /// 488: a slot would leave in the clear. SDES keys travel only inside an encrypted body.
    pub(crate) fn fill(
        &mut self, _: Direction, body: Body, _: Standing, _: &dyn Platform,
    ) -> Result<Body, Refusal> {
        if find(&body.octets, ssm::SLOT.as_bytes()) {
            return Err(Refusal::new(488, "Not Acceptable Here"));
        }
        Ok(body)
    }

    /// Empties the key slots of a body that came in.
    pub(crate) fn empty(&mut self, _: Direction, body: Body, _: Standing) -> Result<Body, Refusal> {
        Ok(body)
    }

    /// How each line is protected.
    pub(crate) fn protections(&self) -> Vec<MediaProtection> {
        self.plain.iter().map(|_| MediaProtection::Rtp).collect()
    }
}

fn find(octets: &[u8], word: &[u8]) -> bool {
    octets.windows(word.len()).any(|window| window == word)
}

impl MediaSecurity for SecurityManager {
    fn offer(&self, call: Call, _: Line) -> Result<LineSecurity, Refused> {
        self.with_media(call.0, |media, standing| media.offer(standing))
            .unwrap_or_else(|| self.unknown()?.offer(call, Line(0)))
    }

    fn answer(&self, call: Call, _: Line, offered: &LineSecurity) -> Result<LineSecurity, Refused> {
        self.with_media(call.0, |media, standing| media.answer(standing, offered))
            .unwrap_or_else(|| self.unknown()?.answer(call, Line(0), offered))
    }

    fn judge(&self, call: Call, _: Line, answered: &LineSecurity) -> Result<(), Refused> {
        let judged =
            self.with_media(call.0, |media, standing| media.answer(standing, answered).map(|_| ()));
        judged.unwrap_or_else(|| self.unknown()?.judge(call, Line(0), answered))
    }

    fn guard(&self, call: Call, line: Line) -> Result<MediaGuard, Refused> {
        self.with_media(call.0, |media, standing| media.guard(line, standing))
            .unwrap_or_else(|| self.unknown()?.guard(call, line))
    }
}
