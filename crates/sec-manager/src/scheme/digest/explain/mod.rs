//! Why a response does not hold: what was computed with something else than it should have been.
//!
//! For whoever looks for the reason of a "403 with the right password", with the password at hand.
//! No part of how the manager judges.

mod exchange;
mod slips;
mod words;

pub use exchange::Exchange;
pub use slips::Slip;
pub use words::Disagreement;

use super::{Asked, Challenge, HA1, Hash, Hex, Reply, answer, expected, response_proof};
use crate::digest::ha1::with_hash;
use crate::params::plain;
use sip_syntax::auth::Malformed;
use slips::Ingredients;

/// What there is to say of an exchange.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The response that the credentials should carry.
    pub expected: Hex,
    /// Whether they do.
    pub holds: bool,
    /// Where they do not answer this challenge, or are for another request: each is a reason to
    /// refuse them, whatever their response is.
    pub disagreements: Vec<Disagreement>,
    /// With which changes, at most two, the response that they do carry comes out; none where none
    /// is known. It may be the password that is another.
    pub made_with: Vec<Slip>,
}

/// The value of an Authorization that answers `challenge`, the first time that its nonce is used.
///
/// # Errors
/// [`Malformed`]: it offers no quality of protection that is known.
pub fn authorization(
    challenge: &Challenge<'_>, user: &[u8], password: &[u8], request_uri: &[u8], asked: Asked<'_>,
    cnonce: &[u8],
) -> Result<Vec<u8>, Malformed> {
    let qop = challenge.choose_qop()?;
    let reply = Reply { user, uri: request_uri, asked, cnonce, count: 1, qop };
    let realm = plain(challenge.realm);
    Ok(with_hash!(challenge.algorithm.hash, D => {
        answer(challenge, &HA1::<D>::new(user, &realm, password), &reply)
    }))
}

/// The response that the credentials should carry, of that user and password.
pub fn response(exchange: &Exchange<'_>) -> Hex {
    Ingredients::of(exchange).response()
}

/// The `rspauth` that answers the credentials, whose response they are to carry, in a response with
/// this body. RFC 7616 §3.5.
pub fn rspauth(exchange: &Exchange<'_>, body: &[u8]) -> Hex {
    let right = Ingredients::of(exchange);
    with_hash!(right.credentials.algorithm.hash, D => {
        response_proof(&right.credentials, &right.ha1::<D>(), body)
    })
}

/// Says what the response should be, and where the given one is another, by which slip it came about.
pub fn explain(exchange: &Exchange<'_>) -> Explanation {
    let right = Ingredients::of(exchange);
    let expected = right.response();
    let given = plain(exchange.credentials.response);
    let holds = expected.is(&given);
    let made_with = if holds { Vec::new() } else { search(exchange, &right, &given) };
    Explanation { expected, holds, disagreements: words::disagreements(exchange), made_with }
}

/// The fewest changes with which the given response comes out.
fn search<'a>(exchange: &Exchange<'a>, right: &Ingredients<'a>, given: &[u8]) -> Vec<Slip> {
    let slips = slips::all(exchange);
    let given = given.to_ascii_lowercase();
    let comes_out = |made: &Ingredients<'_>| made.response().is(&given);
    if comes_out(right) {
        return vec![Slip::UpperCase];
    }
    let made = |slip: &Slip, from: &Ingredients<'a>| slip.apply(exchange, from.clone());
    if let Some(one) = slips.iter().find(|slip| comes_out(&made(slip, right))) {
        return vec![one.clone()];
    }
    for (at, one) in slips.iter().enumerate() {
        let begun = made(one, right);
        let rest = slips.iter().skip(at + 1).filter(|other| other.part() != one.part());
        for other in rest {
            if comes_out(&made(other, &begun)) {
                return vec![one.clone(), other.clone()];
            }
        }
    }
    Vec::new()
}

impl Ingredients<'_> {
    /// The response that comes of them.
    fn response(&self) -> Hex {
        let asked = Asked { method: &self.method, body: &self.body };
        with_hash!(self.credentials.algorithm.hash, D => {
            expected(&self.credentials, &self.ha1::<D>(), &asked)
        })
    }

    fn ha1<D: Hash>(&self) -> HA1<D> {
        match &self.ha1 {
            Some(digits) => HA1::of_digits(digits),
            None => HA1::new(&self.user, &self.realm, &self.password),
        }
    }
}

#[cfg(test)]
mod tests;
