//! How often a nonce is used, and that each time counts once. RFC 7616 §3.4.

use crate::probe::answer::Outcome;
use crate::probe::found::{Found, Stop};
use crate::probe::server::Server;

/// How often a nonce is used: past 9, where hexadecimal begins to show.
const USES: u32 = 0xa;

const UNCOUNTED: &str = "without qop nothing is counted";

/// A nonce is used again and again.
pub(in crate::probe) async fn in_hexadecimal(server: &mut Server) -> Result<Found, Stop> {
    let offer = server.challenge_such_as(|it| it.qops.offered, UNCOUNTED).await?;
    let right = server.right(&offer)?;
    for count in 1..=USES {
        let counted = right.clone().with("nc", format!("{count:08x}")).signed(&server.aim);
        let answer = server.answers(&offer, &counted).await?;
        let came = || format!("{} to nc={count:08x}", answer.words());
        match answer.outcome() {
            Outcome::Accepted => {}
            // It may want a new nonce each time. RFC 7616 §3.5.
            Outcome::Refused if count == 2 && answer.is_stale() => {
                let came = format!("{}: a nonce is good for one request there", came());
                return Ok(Found::not_applicable(came));
            }
            Outcome::Refused | Outcome::Failed => return Ok(Found::fail(came())),
        }
    }
    Ok(Found::pass("all were accepted"))
}

/// What was accepted once comes again.
pub(in crate::probe) async fn replay(server: &mut Server) -> Result<Found, Stop> {
    let offer = server.challenge_such_as(|it| it.qops.offered, UNCOUNTED).await?;
    let right = server.right(&offer)?;
    let first = server.answers(&offer, &right).await?;
    if first.outcome() != Outcome::Accepted {
        return Ok(Found::fail(format!("{} to the first", first.words())));
    }
    let second = server.answers(&offer, &right).await?;
    let came = format!("{} to the second", second.words());
    Ok(match second.outcome() {
        Outcome::Refused => Found::pass(came),
        Outcome::Accepted => {
            Found::fail(format!("{came}: whoever records a request may send it again"))
        }
        Outcome::Failed => Found::fail(came),
    })
}

/// The digits are in upper case.
pub(in crate::probe) async fn in_upper_case(server: &mut Server) -> Result<Found, Stop> {
    let offer = server.challenge_such_as(|it| it.qops.offered, UNCOUNTED).await?;
    let right = server.right(&offer)?.with("nc", "0000000A").signed(&server.aim);
    Ok(Found::either(&server.answers(&offer, &right).await?))
}
