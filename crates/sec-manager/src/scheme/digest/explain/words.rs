//! Where credentials do not answer a challenge, or are for another request.

use super::exchange::Exchange;
use crate::digest::compute::userhash;
use crate::digest::ha1::with_hash;
use crate::digest::{Challenge, Credentials, Named, Qop};
use crate::params::plain;
use sip_syntax::Text;
use std::fmt;

/// A parameter that is not what it has to be, in words. It names no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disagreement {
    /// The parameter.
    pub parameter: &'static str,
    /// What was expected, and what is there.
    pub why: String,
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.parameter, self.why)
    }
}

/// All that does not fit.
pub(super) fn disagreements(exchange: &Exchange<'_>) -> Vec<Disagreement> {
    let Exchange { challenge, credentials, request_uri, .. } = exchange;
    let mut found = challenge.as_ref().map(|it| of_challenge(it, credentials)).unwrap_or_default();
    if let Some(uri) = request_uri
        && credentials.uri != Text::plain(uri)
    {
        let shown = uri.escape_ascii();
        let why = format!("the request is for {shown}, the credentials for {:?}", credentials.uri);
        found.push(Disagreement { parameter: "uri", why });
    }
    if let Some(user) = exchange.user
        && !is_user(credentials, user)
    {
        let kind = if credentials.userhash { "the hash of " } else { "" };
        let why = format!("{:?} is not {kind}{}", credentials.user, user.escape_ascii());
        found.push(Disagreement { parameter: "username", why });
    }
    found
}

/// Whether credentials are for this user. RFC 7616 §3.4.4.
fn is_user(credentials: &Credentials<'_>, user: &[u8]) -> bool {
    if !credentials.userhash {
        return credentials.user == Text::plain(user);
    }
    with_hash!(credentials.algorithm.hash, D => {
        userhash::<D>(user, credentials.realm).is(&plain(credentials.user))
    })
}

fn of_challenge(challenge: &Challenge<'_>, credentials: &Credentials<'_>) -> Vec<Disagreement> {
    let mut found = Vec::new();
    let mut add = |parameter, why: String| found.push(Disagreement { parameter, why });
    let texts = [
        ("realm", challenge.realm, credentials.realm),
        ("nonce", challenge.nonce, credentials.nonce),
    ];
    for (name, asked, answered) in texts {
        if asked != answered {
            add(name, format!("the challenge has {asked:?}, the credentials {answered:?}"));
        }
    }
    match (challenge.opaque, credentials.opaque) {
        (Some(asked), Some(answered)) if asked != answered => {
            add("opaque", format!("the challenge has {asked:?}, the credentials {answered:?}"));
        }
        (Some(asked), None) => add("opaque", format!("{asked:?} is to be given back, and is not")),
        (None, Some(_)) => add("opaque", "the challenge has none".to_owned()),
        (Some(_), Some(_)) | (None, None) => {}
    }
    let (asked, answered): (Named, Named) = (challenge.algorithm, credentials.algorithm);
    if asked != answered {
        let (asked, answered) = (asked.name(), answered.name());
        add("algorithm", format!("the challenge asks for {asked}, the credentials are {answered}"));
    }
    if let Some(why) = of_qop(challenge, credentials.qop) {
        add("qop", why);
    }
    if credentials.userhash && !challenge.userhash {
        add("userhash", "the challenge does not say that hashed user names are understood".into());
    }
    found
}

fn of_qop(challenge: &Challenge<'_>, qop: Option<Qop>) -> Option<String> {
    let offered = challenge.qops;
    match qop {
        None if offered.auth || offered.auth_int => {
            Some("the challenge offers it, and the credentials have none".to_owned())
        }
        Some(Qop::Auth) if !offered.auth => Some("the challenge does not offer auth".to_owned()),
        Some(Qop::AuthInt) if !offered.auth_int => {
            Some("the challenge does not offer auth-int".to_owned())
        }
        Some(_) | None => None,
    }
}
