//! What a server asks for. RFC 8760 §2.3.

use crate::probe::answer::{Answer, Offer};
use crate::probe::found::{Found, Stop};
use crate::probe::server::{NOTHING, Server};
use sec_manager::digest::{Challenge, Named, Qops, SCHEME};
use sip_syntax::auth::{of_scheme, scheme};

/// It challenges, and by something that can be answered.
pub(in crate::probe) async fn challenges(server: &mut Server) -> Result<Found, Stop> {
    let answer = server.ask().await?;
    let schemes = answer.challenges().filter_map(|(value, _)| scheme(value));
    let schemes: Vec<_> = schemes.map(|(word, _)| String::from_utf8_lossy(word)).collect();
    let came = match schemes.as_slice() {
        [] => answer.words(),
        some => format!("{}: {}", answer.words(), some.join(", ")),
    };
    Ok(match answer.offers().is_empty() {
        false => Found::pass(came),
        true => Found::fail(format!("{came}; nothing of it can be answered by Digest")),
    })
}

/// What it offers is such as clients can choose from.
pub(in crate::probe) async fn offers(server: &mut Server) -> Result<Found, Stop> {
    let answer = server.ask().await?;
    let offers = answer.offers();
    let challenges: Vec<_> = offers.iter().filter_map(Offer::challenge).collect();
    if challenges.is_empty() {
        return Err(Stop::Absent(NOTHING));
    }
    let shown = challenges.iter().map(in_words).collect::<Vec<_>>().join("; ");
    if let Some(fault) = fault(&answer, &challenges) {
        return Ok(Found::fail(format!("{shown}; {fault}")));
    }
    let mut pairs = pairs(&challenges);
    Ok(match pairs.any(|(first, second)| first.hash < second.hash) {
        false => Found::pass(shown),
        true => Found::told(format!("{shown}; clients take the first, which is weaker")),
    })
}

/// A challenge, in words.
fn in_words(challenge: &Challenge<'_>) -> String {
    let qops = match challenge.qops {
        Qops { auth: true, auth_int: true, .. } => "auth, auth-int",
        Qops { auth: true, .. } => "auth",
        Qops { auth_int: true, .. } => "auth-int",
        Qops { .. } => "no qop",
    };
    format!("{} ({qops}) for {:?}", challenge.algorithm.name(), challenge.realm)
}

/// What is wrong with what is offered.
fn fault(answer: &Answer, challenges: &[Challenge<'_>]) -> Option<&'static str> {
    if answer.challenges().any(|(value, _)| of_scheme(value, "Basic").is_some()) {
        return Some("Basic is offered, which SIP does not allow");
    }
    if answer.challenges().any(|(value, _)| is_unreadable(value)) {
        return Some("a challenge cannot be read");
    }
    if challenges.iter().any(|it| !it.qops.offered) {
        return Some("a challenge has no qop");
    }
    let twice = pairs(challenges).any(|(first, second)| first == second);
    twice.then_some("an algorithm is offered twice")
}

/// The algorithms of each two challenges of one realm, in their order.
fn pairs(challenges: &[Challenge<'_>]) -> impl Iterator<Item = (Named, Named)> {
    challenges.iter().enumerate().flat_map(move |(at, first)| {
        let behind = challenges.iter().skip(at + 1).filter(move |it| it.realm == first.realm);
        behind.map(move |second| (first.algorithm, second.algorithm))
    })
}

/// Whether a challenge by Digest is none. One under an algorithm that is not known is fine.
fn is_unreadable(value: &[u8]) -> bool {
    of_scheme(value, SCHEME).is_some_and(|list| Challenge::parse(list).is_err())
}
