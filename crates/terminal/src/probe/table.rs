//! What is checked, and in which order: between two answers that must be refused stands one that must
//! be accepted, so that no server counts failures in a row.

use super::checks::{accepted, counted, offered, proved, refused};
use super::found::{Found, Stop, Verdict};
use super::server::Server;
use crate::error::{Error, Result};
use sst::Algorithm;
use std::pin::Pin;

/// What a check does: it asks the server, and judges what comes.
type Finding<'a> = Pin<Box<dyn Future<Output = std::result::Result<Found, Stop>> + 'a>>;

/// A check.
#[derive(Debug)]
pub(crate) struct Check {
    /// What is checked, in one word.
    pub(crate) name: &'static str,
    /// What is sent.
    pub(crate) sent: &'static str,
    /// What is expected, and where that is said.
    pub(crate) expected: &'static str,
    find: for<'a> fn(&'a mut Server) -> Finding<'a>,
}

/// A check, and what came of it.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) check: &'static Check,
    /// What came.
    pub(crate) came: String,
    /// What is to be thought of it.
    pub(crate) verdict: Verdict,
}

const CHECKS: &[Check] = &[
    Check {
        name: "challenges",
        sent: "a request without credentials",
        expected: "401 with WWW-Authenticate, or 407 with Proxy-Authenticate (RFC 3261 §22.2, §22.3)",
        find: |server| Box::pin(offered::challenges(server)),
    },
    Check {
        name: "offers",
        sent: "a request without credentials",
        expected: "each challenge has qop, those of a realm have different algorithms, and none is Basic \
                   (RFC 8760 §2.3, §2.6)",
        find: |server| Box::pin(offered::offers(server)),
    },
    Check {
        name: "md5",
        sent: "the right answer under MD5",
        expected: "it is accepted where MD5 is offered (RFC 7616 §3.6)",
        find: |server| Box::pin(accepted::right(server, Algorithm::Md5)),
    },
    Check {
        name: "sha-256",
        sent: "the right answer under SHA-256",
        expected: "it is accepted where SHA-256 is offered (RFC 7616 §3.6, RFC 8760 §2.1)",
        find: |server| Box::pin(accepted::right(server, Algorithm::Sha256)),
    },
    Check {
        name: "sha-512-256",
        sent: "the right answer under SHA-512-256",
        expected: "it is accepted where SHA-512-256 is offered: that is FIPS 180-4's SHA-512/256, not a \
                   part of SHA-512 (RFC 7616 §3.6, RFC 8760 §2.1)",
        find: |server| Box::pin(accepted::right(server, Algorithm::Sha512_256)),
    },
    Check {
        name: "counted",
        sent: "ten right answers under one nonce, nc=00000001 to 00000009 and 0000000a",
        expected: "all are accepted: nc is hexadecimal (RFC 7616 §3.4)",
        find: |server| Box::pin(counted::in_hexadecimal(server)),
    },
    Check {
        name: "replay",
        sent: "the same right answer twice, in two requests",
        expected: "the second is refused: its nc was seen (RFC 7616 §3.4)",
        find: |server| Box::pin(counted::replay(server)),
    },
    Check {
        name: "nc-in-upper-case",
        sent: "a right answer with nc=0000000A, which should be in lower case",
        expected: "either: it is told (RFC 3261 §25.1, RFC 7616 §3.4)",
        find: |server| Box::pin(counted::in_upper_case(server)),
    },
    Check {
        name: "stale",
        sent: "the right answer to a nonce that the server never gave",
        expected: "refused with stale=true, or else the client takes its password for wrong \
                   (RFC 7616 §3.3)",
        find: |server| Box::pin(refused::stale(server)),
    },
    Check {
        name: "other-realms",
        sent: "the right answer, behind credentials for two other realms",
        expected: "it is accepted: theirs are for others (RFC 3261 §22.3)",
        find: |server| Box::pin(accepted::behind_others(server)),
    },
    Check {
        name: "body-changed",
        sent: "a right answer with qop=auth-int, and another body than it covers",
        expected: "it is refused where auth-int is offered (RFC 7616 §3.4.3)",
        find: |server| Box::pin(refused::body_changed(server)),
    },
    Check {
        name: "auth-int",
        sent: "a right answer with qop=auth-int, and the body that it covers",
        expected: "it is accepted where auth-int is offered (RFC 7616 §3.4.3, RFC 8760 §2.6)",
        find: |server| Box::pin(accepted::auth_int(server)),
    },
    Check {
        name: "other-uri",
        sent: "an answer that is right for a uri at another host than the Request-URI",
        expected: "it is refused: the server does not serve that host (RFC 7616 §3.4.6, \
                   RFC 8760 §2.6)",
        find: |server| Box::pin(refused::other_uri(server)),
    },
    Check {
        name: "quoted-qop",
        sent: "the right answer with qop=\"auth\", whose quotes should not be there",
        expected: "either: it is told (RFC 7616 §3.4)",
        find: |server| Box::pin(accepted::quoted(server, "qop")),
    },
    Check {
        name: "unknown-algorithm",
        sent: "credentials with algorithm=SHA-999",
        expected: "they are refused (RFC 8760 §2.7)",
        find: |server| Box::pin(refused::unknown_algorithm(server)),
    },
    Check {
        name: "quoted-algorithm",
        sent: "the right answer with quotes around its algorithm, which should not be there",
        expected: "either: it is told (RFC 7616 §3.4)",
        find: |server| Box::pin(accepted::quoted(server, "algorithm")),
    },
    Check {
        name: "wrong-response",
        sent: "the right answer with another last digit, as a wrong password gives",
        expected: "refused by a challenge or 403, without stale=true (RFC 3261 §22.1, RFC 7616 §3.3)",
        find: |server| Box::pin(refused::wrong_response(server)),
    },
    Check {
        name: "unknown-parameter",
        sent: "the right answer with a parameter that no RFC knows",
        expected: "it is accepted: the parameter is ignored (RFC 2617 §3.2.2)",
        find: |server| Box::pin(accepted::unknown_parameter(server)),
    },
    Check {
        name: "unknown-user",
        sent: "an answer of a user who is not there",
        expected: "what a wrong password gets, so that nobody learns who has an account",
        find: |server| Box::pin(refused::unknown_user(server)),
    },
    Check {
        name: "rspauth",
        sent: "the right answer",
        expected: "where Authentication-Info has rspauth, it proves that the server knows the password \
                   (RFC 7616 §3.5)",
        find: |server| Box::pin(proved::rspauth(server)),
    },
    Check {
        name: "nextnonce",
        sent: "a right answer to the nextnonce of the last one",
        expected: "it is accepted where there is a nextnonce (RFC 7616 §3.5)",
        find: |server| Box::pin(proved::next_nonce(server)),
    },
    Check {
        name: "not-locked-out",
        sent: "the right answer, after those that were refused",
        expected: "it is accepted",
        find: |server| Box::pin(accepted::at_the_end(server)),
    },
];

/// Makes every check and tells what came of each, in their order.
///
/// # Errors
/// The first request has no answer at all, or nobody takes what is told.
pub(crate) async fn run(
    server: &mut Server, mut tell: impl FnMut(&Row) -> Result<()>,
) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for check in CHECKS {
        let found = match (check.find)(server).await {
            Ok(found) => found,
            Err(Stop::Absent(why)) => Found::not_applicable(why),
            Err(Stop::Silence(silence)) if rows.is_empty() => {
                return Err(Error::Peer(format!("the server cannot be probed: {silence}")));
            }
            Err(Stop::Silence(silence)) => Found::fail(silence.to_string()),
        };
        let row = Row { check, came: found.came, verdict: found.verdict };
        tell(&row)?;
        rows.push(row);
    }
    Ok(rows)
}
