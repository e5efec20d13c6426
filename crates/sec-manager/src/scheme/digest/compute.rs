//! The computation: what a response has to be. RFC 7616 §3.4.
//!
//! Pure, and free of allocation but for the one that an answer's text needs. Every value is hashed as
//! what it stands for, its quoting backslashes removed (§3.4).

use super::challenge::Challenge;
use super::credentials::Credentials;
use super::ha1::{HA1, Hash, Hex};
use super::{Named, Qop, SCHEME};
use crate::params::{Writer, plain};
use digest::Update;
use sip_syntax::{Text, hex};

/// The request that a response covers.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The method.
    pub method: &'a str,
    /// The body; `auth-int` covers it.
    pub body: &'a [u8],
}

/// How a client answers a challenge.
#[derive(Clone, Copy)]
pub struct Reply<'a> {
    /// The user name.
    pub user: &'a [u8],
    /// The Request-URI.
    pub uri: &'a [u8],
    /// The request.
    pub asked: Asked<'a>,
    /// Fresh random text.
    pub cnonce: &'a [u8],
    /// How often the nonce has been used, this time included.
    pub count: u32,
    /// The quality that is answered with; `None` as RFC 2069 did, where none was offered.
    pub qop: Option<Qop>,
}

/// The response that `credentials` should carry: what a peer that shares the password computes.
pub fn expected<D: Hash>(credentials: &Credentials<'_>, ha1: &HA1<D>, asked: &Asked<'_>) -> Hex {
    let a2 = a2::<D>(asked.method.as_bytes(), credentials.uri, credentials.qop, asked.body);
    response(credentials, ha1, &a2)
}

/// Whether the response of `credentials` is the one expected, compared in constant time.
pub fn verify<D: Hash>(credentials: &Credentials<'_>, ha1: &HA1<D>, asked: &Asked<'_>) -> bool {
    expected(credentials, ha1, asked).is(&plain(credentials.response))
}

/// `rspauth`: what a server that shares the password says of its response. RFC 7616 §3.5.
pub fn response_proof<D: Hash>(
    credentials: &Credentials<'_>, ha1: &HA1<D>, response_body: &[u8],
) -> Hex {
    response(credentials, ha1, &a2::<D>(b"", credentials.uri, credentials.qop, response_body))
}

/// The value of an Authorization that answers `challenge`.
pub fn answer<D: Hash>(challenge: &Challenge<'_>, ha1: &HA1<D>, reply: &Reply<'_>) -> Vec<u8> {
    let count = hex::digits(reply.count.to_be_bytes());
    let mut credentials = Credentials {
        user: Text::plain(reply.user),
        realm: challenge.realm,
        nonce: challenge.nonce,
        uri: Text::plain(reply.uri),
        response: Text::default(),
        algorithm: challenge.algorithm,
        qop: reply.qop,
        cnonce: Text::plain(reply.cnonce),
        count: Text::plain(count.as_flattened()),
        opaque: challenge.opaque,
        userhash: challenge.userhash,
    };
    let user = challenge.userhash.then(|| userhash::<D>(reply.user, challenge.realm));
    if let Some(user) = &user {
        credentials.user = user.as_text();
    }
    let response = expected(&credentials, ha1, &reply.asked);
    credentials.response = response.as_text();
    credentials.to_value()
}

/// `H(username:realm)`, which hides a user name. RFC 7616 §3.4.4.
pub(super) fn userhash<D: Hash>(user: &[u8], realm: Text<'_>) -> Hex {
    joined(begin::<D>(user), &[realm])
}

/// `KD(HA1, nonce:nc:cnonce:qop:HA2)`, or `KD(HA1, nonce:HA2)` without qop.
fn response<D: Hash>(credentials: &Credentials<'_>, ha1: &HA1<D>, a2: &Hex) -> Hex {
    let Credentials { nonce, count, cnonce, .. } = *credentials;
    let begun = if credentials.algorithm.session {
        begin(joined(ha1.begun(), &[nonce, cnonce]).as_bytes())
    } else {
        ha1.begun()
    };
    match credentials.qop {
        Some(qop) => {
            joined(begun, &[nonce, count, cnonce, Text::plain(qop.name().as_bytes()), a2.as_text()])
        }
        None => joined(begun, &[nonce, a2.as_text()]),
    }
}

/// `H(method:uri)`, or `H(method:uri:H(body))` for auth-int.
fn a2<D: Hash>(method: &[u8], uri: Text<'_>, qop: Option<Qop>, body: &[u8]) -> Hex {
    match qop {
        Some(Qop::AuthInt) => {
            joined(begin::<D>(method), &[uri, Hex::of(&D::digest(body)).as_text()])
        }
        Some(Qop::Auth) | None => joined(begin::<D>(method), &[uri]),
    }
}

/// A hash that has been fed the first of its parts.
fn begin<D: Hash>(first: &[u8]) -> D {
    let mut hash = D::new();
    Update::update(&mut hash, first);
    hash
}

/// The hash of what `begun` has been fed and of `texts`, a colon before each.
fn joined<D: Hash>(mut begun: D, texts: &[Text<'_>]) -> Hex {
    for text in texts {
        Update::update(&mut begun, b":");
        text.parts().for_each(|part| Update::update(&mut begun, part));
    }
    // In place: moving a hash whose block was just written waits for those writes.
    Hex::of(&begun.finalize_reset())
}

impl Credentials<'_> {
    /// The text of the header field; one allocation, unless very much has to be escaped.
    fn to_value(self) -> Vec<u8> {
        const NAMES: usize = 160;
        let room = NAMES
            + [self.user, self.realm, self.nonce, self.uri, self.cnonce, self.response]
                .iter()
                .chain(&self.opaque)
                .map(Text::len)
                .sum::<usize>();
        let mut value = Writer::of_scheme(SCHEME, room);
        value
            .quoted("username", self.user)
            .quoted("realm", self.realm)
            .quoted("nonce", self.nonce)
            .quoted("uri", self.uri)
            .quoted("response", self.response);
        if self.algorithm != Named::DEFAULT || self.qop.is_some() {
            value.token("algorithm", self.algorithm.name().as_bytes());
        }
        if let Some(qop) = self.qop {
            value.token("qop", qop.name().as_bytes()).token("nc", &plain(self.count));
        }
        if self.qop.is_some() || self.algorithm.session {
            value.quoted("cnonce", self.cnonce);
        }
        if let Some(opaque) = self.opaque {
            value.quoted("opaque", opaque);
        }
        if self.userhash {
            value.token("userhash", b"true");
        }
        value.finish()
    }
}
