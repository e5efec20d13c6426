//! Right answers, which are to be accepted.

use crate::probe::found::{Found, Stop};
use crate::probe::server::Server;
use sst::Algorithm;

/// A body that credentials cover.
pub(super) const BODY: &[u8] = b"This tests whether you notice.";

/// Why a check of `auth-int` does not apply.
pub(super) const NO_AUTH_INT: &str = "auth-int is not offered";

/// The right answer under an algorithm.
pub(in crate::probe) async fn right(server: &mut Server, under: Algorithm) -> Result<Found, Stop> {
    let offer =
        server.challenge_such_as(|it| it.algorithm.hash == under, "it is not offered").await?;
    let right = server.right(&offer)?;
    Ok(Found::accepted(&server.answers(&offer, &right).await?))
}

/// The right answer, once more.
pub(in crate::probe) async fn at_the_end(server: &mut Server) -> Result<Found, Stop> {
    Ok(Found::accepted(&server.tried(|right, _| right).await?))
}

/// Credentials for others stand before ours.
pub(in crate::probe) async fn behind_others(server: &mut Server) -> Result<Found, Stop> {
    let offer = server.challenge().await?;
    let right = server.right(&offer)?;
    let [first, second] = ["one.invalid", "two.invalid"].map(|realm| {
        let other = right.clone().with("realm", realm).with("nonce", "theirs");
        other.spoiled().value()
    });
    Ok(Found::accepted(&server.answers_all(&offer, &[first, second, right.value()]).await?))
}

/// A parameter is there that nobody knows. RFC 2617 §3.2.2.
pub(in crate::probe) async fn unknown_parameter(server: &mut Server) -> Result<Found, Stop> {
    Ok(Found::accepted(&server.tried(|right, _| right.with("x-probe", "a, b=c")).await?))
}

/// A token stands in quotes.
pub(in crate::probe) async fn quoted(server: &mut Server, name: &str) -> Result<Found, Stop> {
    Ok(Found::either(&server.tried(|right, _| right.quoting(name)).await?))
}

/// The body is covered.
pub(in crate::probe) async fn auth_int(server: &mut Server) -> Result<Found, Stop> {
    let offer = server.challenge_such_as(|it| it.qops.auth_int, NO_AUTH_INT).await?;
    let right = server.right(&offer)?.with("qop", "auth-int").signed_over(&server.aim, BODY);
    Ok(Found::accepted(&server.answers_with(&offer, &right, BODY).await?))
}
