//! Answers that are to be refused. Each is made from the right one.

use super::accepted::{BODY, NO_AUTH_INT};
use crate::probe::answer::{Answer, Outcome};
use crate::probe::found::{Found, Stop};
use crate::probe::server::Server;

/// The nonce is none of the server's, but as long as its own are and of their letters. RFC 7616 §3.3.
pub(in crate::probe) async fn stale(server: &mut Server) -> Result<Found, Stop> {
    let offer = server.challenge().await?;
    let nonce = offer.challenge().map(|it| it.nonce.octets().collect::<Vec<_>>());
    let invented: Vec<u8> = nonce.unwrap_or_default().into_iter().rev().collect();
    let right = server.right(&offer)?.with("nonce", invented).signed(&server.aim);
    let answer = server.answers(&offer, &right).await?;
    Ok(match answer.outcome() {
        Outcome::Refused if answer.is_stale() => Found::pass(answer.words()),
        Outcome::Refused => Found::fail(format!("{}, without stale=true", answer.words())),
        Outcome::Accepted | Outcome::Failed => Found::fail(answer.words()),
    })
}

/// The body is another than was covered. RFC 7616 §3.4.3.
pub(in crate::probe) async fn body_changed(server: &mut Server) -> Result<Found, Stop> {
    let offer = server.challenge_such_as(|it| it.qops.auth_int, NO_AUTH_INT).await?;
    let right = server.right(&offer)?.with("qop", "auth-int").signed_over(&server.aim, BODY);
    let changed = BODY.to_ascii_uppercase();
    Ok(Found::refused(&server.answers_with(&offer, &right, &changed).await?))
}

/// The credentials are for a request to somebody else. RFC 7616 §3.4.6.
pub(in crate::probe) async fn other_uri(server: &mut Server) -> Result<Found, Stop> {
    let answer = server.tried(|right, aim| right.with("uri", "sip:elsewhere.invalid").signed(aim));
    Ok(Found::refused(&answer.await?))
}

/// The algorithm is none.
pub(in crate::probe) async fn unknown_algorithm(server: &mut Server) -> Result<Found, Stop> {
    Ok(Found::refused(&server.tried(|right, _| right.with("algorithm", "SHA-999")).await?))
}

/// The password is another, as far as the server can tell. RFC 3261 §22.1.
pub(in crate::probe) async fn wrong_response(server: &mut Server) -> Result<Found, Stop> {
    let answer = server.tried(|right, _| right.spoiled()).await?;
    server.wrong = Some(answer.clone());
    let words = answer.words();
    Ok(match answer.status() {
        401 | 407 if answer.is_stale() => {
            Found::fail(format!("{words}: a client tries the wrong password again and again"))
        }
        401 | 407 if answer.offers().is_empty() => Found::fail(format!("{words}, no challenge")),
        401 | 403 | 407 => Found::pass(words),
        _ => Found::fail(words),
    })
}

/// There is no such user; the answer is compared with that to a wrong response.
pub(in crate::probe) async fn unknown_user(server: &mut Server) -> Result<Found, Stop> {
    let offer = server.challenge().await?;
    let nobody = format!("nobody-{}", server.chance());
    let theirs = server.right_as(&nobody, &offer)?;
    let answer = server.answers(&offer, &theirs).await?;
    let Some(wrong) = &server.wrong else {
        return Err(Stop::Absent("there is nothing to compare it with"));
    };
    let words = answer.words();
    Ok(match answer.looks() == wrong.looks() {
        true if answer.outcome() == Outcome::Refused => {
            Found::pass(format!("{words}, as to a wrong password"))
        }
        true => Found::fail(words),
        false => Found::fail(format!("{words}; to a wrong password {}", differs(wrong, &words))),
    })
}

/// How the answer to a wrong password differs, in words.
fn differs(wrong: &Answer, words: &str) -> String {
    let wrong = wrong.words();
    if wrong == words { "other fields or challenges".to_owned() } else { wrong }
}
