//! The slips that peers are known to make, and what a response is made of with them.

use super::exchange::Exchange;
use crate::digest::{Credentials, Named, Qop};
use crate::params::plain;
use sip_syntax::Text;
use std::borrow::Cow;
use std::fmt;

/// Methods that a response may be made for in place of the request's.
const METHODS: [&str; 15] = [
    "INVITE",
    "REGISTER",
    "ACK",
    "BYE",
    "CANCEL",
    "OPTIONS",
    "MESSAGE",
    "SUBSCRIBE",
    "NOTIFY",
    "PUBLISH",
    "REFER",
    "INFO",
    "UPDATE",
    "PRACK",
    "",
];

/// Digits of HA1, of the shortest hash and the longest.
const HA1_DIGITS: [usize; 2] = [32, 64];

/// All that a response is computed over.
#[derive(Clone)]
pub(super) struct Ingredients<'a> {
    /// The nonce, uri, qop, algorithm, nc and cnonce of these.
    pub(super) credentials: Credentials<'a>,
    pub(super) user: Cow<'a, [u8]>,
    pub(super) realm: Cow<'a, [u8]>,
    pub(super) password: Cow<'a, [u8]>,
    /// What stands in the place of user, realm and password, in digits.
    pub(super) ha1: Option<Cow<'a, [u8]>>,
    pub(super) method: Cow<'a, str>,
    pub(super) body: Cow<'a, [u8]>,
}

impl<'a> Ingredients<'a> {
    /// The right ones.
    pub(super) fn of(exchange: &Exchange<'a>) -> Self {
        let Exchange { credentials, asked, user, password, .. } = *exchange;
        Self {
            credentials,
            user: user.map_or_else(|| plain(credentials.user), Cow::Borrowed),
            realm: plain(credentials.realm),
            password: Cow::Borrowed(password),
            ha1: None,
            method: Cow::Borrowed(asked.method),
            body: Cow::Borrowed(asked.body),
        }
    }
}

/// What a response was made with in place of what it should have been.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Slip {
    /// Its digits are in upper case: RFC 7616 §3 has them in lower case.
    UpperCase,
    /// For this method; empty: none.
    Method(&'static str),
    /// Over the Request-URI, not over the `uri` of the credentials.
    RequestUri,
    /// With the realm of the challenge, not of the credentials.
    ChallengesRealm,
    /// With the nonce of the challenge, not of the credentials.
    ChallengesNonce,
    /// As RFC 2069 did: without nc, cnonce and qop.
    WithoutQop,
    /// With this quality of protection.
    Qop(Qop),
    /// Under this algorithm.
    Algorithm(Named),
    /// With the password without the white space around it.
    TrimmedPassword,
    /// With the password and a line end behind it.
    PasswordWithLineEnd,
    /// With an empty password.
    NoPassword,
    /// With the password taken for HA1 in digits: it is one already.
    PasswordIsHa1,
    /// With `user@realm` in place of the user.
    UserAtRealm,
    /// With what stands before the `@` of the user.
    UserWithoutHost,
    /// With the user of the credentials, whoever was named beside them.
    CredentialsUser,
    /// Over an empty body.
    NoBody,
    /// With the backslashes of quoted values, which are no part of them: RFC 7616 §3.4.
    Backslashes,
}

impl Slip {
    /// What it changes; two slips of one response change two things.
    pub(super) const fn part(&self) -> &'static str {
        match self {
            Self::UpperCase => "response",
            Self::Method(_) => "method",
            Self::RequestUri => "uri",
            Self::ChallengesRealm => "realm",
            Self::ChallengesNonce => "nonce",
            Self::WithoutQop | Self::Qop(_) => "qop",
            Self::Algorithm(_) => "algorithm",
            Self::TrimmedPassword
            | Self::PasswordWithLineEnd
            | Self::NoPassword
            | Self::PasswordIsHa1 => "password",
            Self::UserAtRealm | Self::UserWithoutHost | Self::CredentialsUser => "username",
            Self::NoBody => "body",
            Self::Backslashes => "quoting",
        }
    }

    /// These ingredients with the slip.
    pub(super) fn apply<'a>(
        &self, exchange: &Exchange<'a>, mut made: Ingredients<'a>,
    ) -> Ingredients<'a> {
        let Exchange { challenge, credentials, request_uri, .. } = *exchange;
        match *self {
            Self::UpperCase => {}
            Self::Method(method) => made.method = Cow::Borrowed(method),
            Self::RequestUri => made.credentials.uri = Text::plain(request_uri.unwrap_or_default()),
            Self::ChallengesRealm => {
                made.realm = challenge.map(|it| plain(it.realm)).unwrap_or_default();
            }
            Self::ChallengesNonce => {
                made.credentials.nonce = challenge.map(|it| it.nonce).unwrap_or_default();
            }
            Self::WithoutQop => made.credentials.qop = None,
            Self::Qop(qop) => made.credentials.qop = Some(qop),
            Self::Algorithm(named) => made.credentials.algorithm = named,
            Self::TrimmedPassword => made.password = made.password.trim_ascii().to_vec().into(),
            Self::PasswordWithLineEnd => made.password.to_mut().push(b'\n'),
            Self::NoPassword => made.password = Cow::default(),
            Self::PasswordIsHa1 => made.ha1 = Some(made.password.to_ascii_lowercase().into()),
            Self::UserAtRealm => made.user = [&*made.user, b"@", &*made.realm].concat().into(),
            Self::UserWithoutHost => {
                let user = made.user.split(|octet| *octet == b'@').next();
                made.user = user.unwrap_or_default().to_vec().into();
            }
            Self::CredentialsUser => made.user = plain(credentials.user),
            Self::NoBody => made.body = Cow::default(),
            Self::Backslashes => {
                if exchange.user.is_none() {
                    made.user = credentials.user.escape().collect::<Vec<_>>().concat().into();
                }
                made.realm = credentials.realm.escape().collect::<Vec<_>>().concat().into();
            }
        }
        made
    }
}

/// The slips that may have been made here, the likelier ones first.
pub(super) fn all(exchange: &Exchange<'_>) -> Vec<Slip> {
    let Exchange { challenge, credentials, request_uri, user, password, asked } = exchange;
    let mut slips = vec![Slip::UserAtRealm, Slip::UserWithoutHost];
    let quoted = [credentials.user, credentials.realm].iter().any(|it| it.as_plain().is_none());
    slips.extend(quoted.then_some(Slip::Backslashes));
    slips.extend(user.map(|_| Slip::CredentialsUser));
    slips.extend([Slip::TrimmedPassword, Slip::PasswordWithLineEnd, Slip::NoPassword]);
    slips.extend(HA1_DIGITS.contains(&password.len()).then_some(Slip::PasswordIsHa1));
    slips.extend(request_uri.map(|_| Slip::RequestUri));
    slips.extend(challenge.iter().flat_map(|_| [Slip::ChallengesRealm, Slip::ChallengesNonce]));
    slips.extend((!asked.body.is_empty()).then_some(Slip::NoBody));
    slips.push(Slip::WithoutQop);
    slips.extend([Qop::Auth, Qop::AuthInt].map(Slip::Qop));
    let others = Named::ALL.iter().map(|(_, named)| *named);
    slips.extend(others.filter(|it| *it != credentials.algorithm).map(Slip::Algorithm));
    slips.extend(METHODS.iter().filter(|it| **it != asked.method).map(|it| Slip::Method(it)));
    slips
}

impl fmt::Display for Slip {
    /// What the response was made with, to stand behind "it was made".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UpperCase => f.write_str("with digits in upper case, where they are in lower"),
            Self::Method("") => f.write_str("without a method"),
            Self::Method(method) => write!(f, "for the method {method}"),
            Self::RequestUri => f.write_str("over the Request-URI, not over the parameter uri"),
            Self::ChallengesRealm => f.write_str("with the realm of the challenge"),
            Self::ChallengesNonce => f.write_str("with the nonce of the challenge"),
            Self::WithoutQop => f.write_str("as without qop: nc, cnonce and qop are left out"),
            Self::Qop(qop) => write!(f, "as for qop={}", qop.name()),
            Self::Algorithm(named) => write!(f, "under {}", named.name()),
            Self::TrimmedPassword => f.write_str("with the password without space around it"),
            Self::PasswordWithLineEnd => f.write_str("with a line end behind the password"),
            Self::NoPassword => f.write_str("with an empty password"),
            Self::PasswordIsHa1 => f.write_str("with the password as HA1: it is one already"),
            Self::UserAtRealm => f.write_str("with user@realm as the user"),
            Self::UserWithoutHost => f.write_str("with the user without what follows its @"),
            Self::CredentialsUser => f.write_str("with the user that the credentials name"),
            Self::NoBody => f.write_str("over an empty body"),
            Self::Backslashes => f.write_str("with the backslashes of the quoted values"),
        }
    }
}
