//! Why an exchange failed, for people and for programs: what the user can do, and a word that stays.

use sip_core::StatusCode;
use sip_core::manager::Cause;
use ssa::Why;
use std::time::Duration;

/// A status code with its words, for example `486 Busy Here`.
pub fn in_words(status: u16) -> String {
    let reason = StatusCode::new(status).map_or("", StatusCode::reason);
    format!("{status} {reason}")
}

/// What the user can do about a failure, to be said behind it; empty where its words say all.
pub const fn advice(cause: Cause) -> &'static str {
    match cause {
        Cause::Security(why) => about_proof(why),
        Cause::Status(status) | Cause::Later(status, _) => about_status(status),
        Cause::Timeout => ": nobody is there, or what is sent or answered is lost on the way",
        Cause::NotBound => {
            ": look there at how many addresses an account may have, and for how long"
        }
        Cause::NoOffer => ": call it without --late-offer",
        Cause::StaleDate | Cause::Transport | Cause::Unresolved | Cause::Busy => "",
    }
}

const fn about_status(status: u16) -> &'static str {
    match status {
        305 => ": it is reached by way of a proxy alone; name that as `at` in its [[contact]]",
        300..=399 => {
            ": call the address that it names, or call with --follow (at another host: --follow-to)"
        }
        401 | 407 => ": it wants a password; give one in an [[account]] for its realm",
        403 => ": it knows who asks and does not want it, or does not believe it",
        404 | 604 => ": nobody has this address there; look at its spelling",
        408 | 480 => ": nobody answers there now; try later",
        415 | 488 | 606 => ": it takes no media that is offered; look at what each side requires",
        420 | 421 => ": it needs an extension that this terminal does not have",
        482 | 483 => ": the request runs in a circle; look at the route",
        484 => ": the address is not complete",
        486 | 600 => ": busy; try later",
        491 => ": both sides change the call at once; try again in a moment",
        493 => ": it cannot decrypt what it was sent; exchange keys anew",
        500..=599 => ": the trouble is at the other end, where it is told",
        603 => ": it was declined",
        _ => "",
    }
}

const fn about_proof(why: Why) -> &'static str {
    match why {
        Why::NotConfigured => "; look at `realm` and `registrar` in the [[account]]",
        Why::NoPassword => {
            "; `password-file` in the [[account]] names a file with it, `ha1-file` one with its hashes"
        }
        Why::NoToken => "; look at `token-file` in the [[account]]",
        Why::ForeignServer => "; look at `authorization-servers` in the [[account]]",
        Why::TokenInClear => "; look at `registrar` in the [[account]]",
        Why::KeysInClear => {
            "; reach the peer over tls: or wss:, or call from an [[account]] with `media-sdes = false`"
        }
        Why::TriedAlready => "; look at `user` and the password in the [[account]]",
        Why::BelowFloor => "; `floor` in the [[account]] says what is answered",
        Why::UnknownScheme => "; ask who runs it for Digest",
        Why::PgpRequired => " (--require pgp)",
        Why::NotCertified => {
            "; name that domain, over tls: or wss:, where it is reached (`at`, `registrar`, `tls-name`)"
        }
        Why::NotTrusted => {
            "; import it and pin it (countersign [--config CONFIG] keys import FILE --pin AOR)"
        }
        Why::ApplicationUnavailable | Why::ApplicationFailed => "; see [agent]",
        Why::ManagerUnavailable => {
            "; its process, countersign-sec, is started again: try once more"
        }
        _ => "",
    }
}

/// The failure in one word that stays the same, whatever is said of it: `docs/json.md`.
pub const fn code(cause: Cause) -> &'static str {
    match cause {
        Cause::Status(_) | Cause::Later(..) => "status",
        Cause::StaleDate => "stale_date",
        Cause::Security(why) => proof_code(why),
        Cause::Timeout => "timeout",
        Cause::Transport => "unreachable",
        Cause::NoOffer => "no_offer",
        Cause::Unresolved => "unresolved",
        Cause::Busy => "busy",
        Cause::NotBound => "not_bound",
    }
}

const fn proof_code(why: Why) -> &'static str {
    match why {
        Why::NotConfigured => "not_configured",
        Why::NoPassword => "no_password",
        Why::MalformedChallenge => "malformed_challenge",
        Why::BelowFloor => "below_floor",
        Why::UnknownScheme => "unknown_scheme",
        Why::ProofMissing => "proof_missing",
        Why::ProofInvalid => "proof_invalid",
        Why::ForeignRealm => "foreign_realm",
        Why::TokenInClear => "token_in_clear",
        Why::KeysInClear => "keys_in_clear",
        Why::ForeignServer => "foreign_server",
        Why::NoToken => "no_token",
        Why::TriedAlready => "tried_already",
        Why::OtherCall => "other_call",
        Why::PgpRequired => "pgp_required",
        Why::NotTrusted => "not_trusted",
        Why::NotCertified => "not_certified",
        Why::ApplicationUnavailable => "application_unavailable",
        Why::ApplicationFailed => "application_failed",
        Why::ManagerUnavailable => "manager_unavailable",
        Why::Body => "body",
        Why::Abandoned => "abandoned",
        _ => "security",
    }
}

/// After which time the peer may be asked again, where it says so.
pub const fn retry_after(cause: Cause) -> Option<Duration> {
    match cause {
        Cause::Later(_, after) => Some(after),
        Cause::Status(_)
        | Cause::StaleDate
        | Cause::Security(_)
        | Cause::Timeout
        | Cause::Transport
        | Cause::NoOffer
        | Cause::Unresolved
        | Cause::Busy
        | Cause::NotBound => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::events::Outcome;
    use super::*;

    #[test]
    fn a_status_is_told_with_its_words_the_wait_and_what_to_do() {
        for (cause, words) in [
            (Cause::Status(486), "the peer answered 486 Busy Here: busy; try later"),
            (
                Cause::Later(500, Duration::from_secs(60)),
                "the peer answered 500 Server Internal Error, and may be asked again in 60 s: \
                 the trouble is at the other end, where it is told",
            ),
            (
                Cause::Security(Why::BelowFloor),
                "only algorithms below the configured floor were offered; `floor` in the \
                 [[account]] says what is answered",
            ),
            (
                Cause::Security(Why::ManagerUnavailable),
                "the security manager does not answer; its process, countersign-sec, is started \
                 again: try once more",
            ),
        ] {
            assert_eq!(Outcome::Failed(cause).to_string(), words);
        }
        assert_eq!(Outcome::Refused(603).to_string(), "refused here with 603 Decline");
    }

    #[test]
    fn an_outcome_has_a_code_beside_its_words() {
        let later = Outcome::Failed(Cause::Later(503, Duration::from_secs(5)));
        assert_eq!((later.code(), later.status()), ("status", Some(503)));
        assert_eq!(
            (Outcome::Unbelieved.code(), Outcome::Unbelieved.status()),
            ("not_believed", Some(403))
        );
        assert_eq!(Outcome::Failed(Cause::Timeout).code(), "timeout");
        let unavailable = Outcome::Failed(Cause::Security(Why::ManagerUnavailable));
        assert_eq!(unavailable.code(), "manager_unavailable");
    }
}
