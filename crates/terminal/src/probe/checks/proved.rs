//! What a server tells of an authentication that succeeded. RFC 7616 §3.5.

use crate::probe::answer::Outcome;
use crate::probe::found::{Found, Stop};
use crate::probe::server::Server;

/// It proves that it knows the password, too.
pub(in crate::probe) async fn rspauth(server: &mut Server) -> Result<Found, Stop> {
    let offer = server.challenge().await?;
    let right = server.right(&offer)?;
    let answer = server.answers(&offer, &right).await?;
    if answer.outcome() != Outcome::Accepted {
        return Ok(Found::fail(answer.words()));
    }
    let Some(given) = answer.info("rspauth") else {
        return Err(Stop::Absent("it sends no rspauth"));
    };
    let expected = right.rspauth(&server.aim, answer.0.body());
    Ok(match expected.is_some_and(|expected| expected.is(&given)) {
        true => Found::pass(format!("{}, rspauth is right", answer.words())),
        false => Found::fail(format!("{}, rspauth is wrong", answer.words())),
    })
}

/// The nonce that it wants to be asked with next.
pub(in crate::probe) async fn next_nonce(server: &mut Server) -> Result<Found, Stop> {
    let offer = server.challenge().await?;
    let right = server.right(&offer)?;
    let answer = server.answers(&offer, &right).await?;
    if answer.outcome() != Outcome::Accepted {
        return Ok(Found::fail(answer.words()));
    }
    let Some(next) = answer.info("nextnonce") else {
        return Err(Stop::Absent("it sends no nextnonce"));
    };
    let right = server.right(&offer)?.with("nonce", next).signed(&server.aim);
    Ok(Found::accepted(&server.answers(&offer, &right).await?))
}
