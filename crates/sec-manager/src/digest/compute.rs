//! The computation: what a response has to be. RFC 7616 §3.4.
//!
//! Pure, and free of allocation but for the one that an answer's text needs.

use super::challenge::Challenge;
use super::credentials::Credentials;
use super::ha1::{HA1, Hash, Hex, digits};
use super::{Named, Qop};
use digest::Update;

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
    /// Fresh random text without quotes or backslashes.
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
    expected(credentials, ha1, asked).is(credentials.response)
}

/// `rspauth`: what a server that shares the password says of its response. RFC 7616 §3.5.
pub fn response_proof<D: Hash>(
    credentials: &Credentials<'_>, ha1: &HA1<D>, response_body: &[u8],
) -> Hex {
    response(credentials, ha1, &a2::<D>(b"", credentials.uri, credentials.qop, response_body))
}

/// The value of an Authorization that answers `challenge`.
pub fn answer<D: Hash>(challenge: &Challenge<'_>, ha1: &HA1<D>, reply: &Reply<'_>) -> Vec<u8> {
    let count = digits(reply.count.to_be_bytes());
    let mut credentials = Credentials {
        user: reply.user,
        realm: challenge.realm,
        nonce: challenge.nonce,
        uri: reply.uri,
        response: b"",
        algorithm: challenge.algorithm,
        qop: reply.qop,
        cnonce: reply.cnonce,
        count: count.as_flattened(),
        opaque: challenge.opaque,
        userhash: challenge.userhash,
    };
    let userhash = || joined(begin::<D>(reply.user), &[challenge.realm]);
    let user = challenge.userhash.then(userhash);
    if let Some(user) = &user {
        credentials.user = user.as_bytes();
    }
    let response = expected(&credentials, ha1, &reply.asked);
    credentials.response = response.as_bytes();
    credentials.to_value()
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
        Some(qop) => joined(begun, &[nonce, count, cnonce, qop.name().as_bytes(), a2.as_bytes()]),
        None => joined(begun, &[nonce, a2.as_bytes()]),
    }
}

/// `H(method:uri)`, or `H(method:uri:H(body))` for auth-int.
fn a2<D: Hash>(method: &[u8], uri: &[u8], qop: Option<Qop>, body: &[u8]) -> Hex {
    match qop {
        Some(Qop::AuthInt) => {
            joined(begin::<D>(method), &[uri, Hex::of(&D::digest(body)).as_bytes()])
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

/// The hash of what `begun` has been fed and of `parts`, a colon before each.
fn joined<D: Hash>(mut begun: D, parts: &[&[u8]]) -> Hex {
    for part in parts {
        Update::update(&mut begun, b":");
        Update::update(&mut begun, part);
    }
    // In place: moving a hash whose block was just written waits for those writes.
    Hex::of(&begun.finalize_reset())
}

impl Credentials<'_> {
    /// The text of the header field; one allocation.
    fn to_value(self) -> Vec<u8> {
        const NAMES: usize = 160;
        let room = NAMES
            + [self.user, self.realm, self.nonce, self.uri, self.cnonce, self.response]
                .iter()
                .map(|part| part.len())
                .sum::<usize>()
            + self.opaque.map_or(0, <[u8]>::len);
        let mut out = Vec::with_capacity(room);
        let mut put = |parts: [&[u8]; 3]| parts.iter().for_each(|p| out.extend_from_slice(p));
        put([b"Digest username=\"", self.user, b"\""]);
        put([b", realm=\"", self.realm, b"\""]);
        put([b", nonce=\"", self.nonce, b"\""]);
        put([b", uri=\"", self.uri, b"\""]);
        put([b", response=\"", self.response, b"\""]);
        if self.algorithm != Named::DEFAULT || self.qop.is_some() {
            put([b", algorithm=", self.algorithm.name().as_bytes(), b""]);
        }
        if let Some(qop) = self.qop {
            put([b", qop=", qop.name().as_bytes(), b""]);
            put([b", nc=", self.count, b""]);
        }
        if self.qop.is_some() || self.algorithm.session {
            put([b", cnonce=\"", self.cnonce, b"\""]);
        }
        if let Some(opaque) = self.opaque {
            put([b", opaque=\"", opaque, b"\""]);
        }
        if self.userhash {
            put([b", userhash=true", b"", b""]);
        }
        out
    }
}
