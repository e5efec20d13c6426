//! What a run that failed is in SMA's words; what GnuPG said goes to standard error.

use crate::run::Ran;
use sma::Error;
use std::io::Write as _;

/// The code of an error of libgpg-error's, without who found it.
const CODE: u64 = 0xFFFF;

/// Says what GnuPG said, and finds what it means; `otherwise` where nothing tells.
pub(crate) fn of(what: &str, ran: &Ran, otherwise: Error) -> Error {
    say(what, &ran.said);
    let found = ran.status.lines().find_map(|(keyword, rest)| meaning(keyword, rest));
    found.unwrap_or(otherwise)
}

/// The last line that GnuPG said, where it said one. It may quote a stranger: nothing in it may
/// steer a terminal.
pub(crate) fn say(what: &str, said: &str) {
    let last = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("nothing");
    let last = last.strip_prefix("gpg: ").unwrap_or(last).escape_debug();
    let _ = writeln!(std::io::stderr(), "countersign-gpg: {what}: gpg says: {last}");
}

fn meaning(keyword: &str, rest: &str) -> Option<Error> {
    match keyword {
        "NO_SECKEY" => Some(Error::NoSuchKey),
        "INV_SGNR" | "INV_RECP" => match rest.split(' ').next()? {
            // Not found, ambiguous; no private part.
            "1" | "2" | "9" => Some(Error::NoSuchKey),
            "0" => None,
            _ => Some(Error::Unusable),
        },
        "FAILURE" | "ERROR" => {
            let code: u64 = rest.split(' ').nth(1)?.parse().ok()?;
            match code & CODE {
                // No public key, no secret key.
                9 | 17 => Some(Error::NoSuchKey),
                // A passphrase or PIN is needed and nobody is asked; it is wrong, or was refused;
                // the token is not there.
                11 | 85 | 86 | 87 | 99 | 112 | 177 => Some(Error::Locked),
                53 | 54 | 94 | 125 | 153 => Some(Error::Unusable),
                _ => None,
            }
        }
        _ => None,
    }
}
