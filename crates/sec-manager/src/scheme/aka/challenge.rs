//! What a challenge of AKA says. RFC 3310 §3.1, §3.2.

use super::ALGORITHM;
use super::sim::AkaChallenge;
use crate::digest::{Challenge, Named};
use crate::params::plain;
use sip_syntax::auth::{Separator, values};

/// Whether the parameters after the word `Digest` are of AKA.
pub(super) fn is_aka(list: &[u8]) -> bool {
    let algorithm = values(list, Separator::Comma, &["algorithm"]);
    algorithm.is_ok_and(|[algorithm]| algorithm.is_some_and(|name| name.is_word(ALGORITHM)))
}

/// What they say, as Digest reads it, and what they ask the SIM.
pub(super) fn read(list: &[u8]) -> Option<(Challenge<'_>, AkaChallenge)> {
    let challenge = Challenge::read(list, |_| Some(Named::DEFAULT)).ok()??;
    challenge.choose_qop().ok()?;
    Some((challenge, AkaChallenge::of_nonce(&plain(challenge.nonce))?))
}
