//! `WWW-Authenticate: Digest …` and `Proxy-Authenticate`, as a client reads and a server writes
//! them. RFC 7616 §3.3.

use super::{Named, Qop};
use crate::params::{Malformed, Separator, is_word, push_quoted, values};

/// The parameters that are read, in the order of [`Challenge::parse`].
const NAMES: [&str; 7] = ["realm", "nonce", "opaque", "algorithm", "qop", "stale", "userhash"];

/// The qualities that a challenge offers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Qops {
    /// Whether there is a `qop` parameter at all.
    pub offered: bool,
    /// `auth` is among them.
    pub auth: bool,
    /// `auth-int` is among them.
    pub auth_int: bool,
}

/// A challenge, borrowed from the header's text; quoted values with their escapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Challenge<'a> {
    /// `realm`.
    pub realm: &'a [u8],
    /// `nonce`.
    pub nonce: &'a [u8],
    /// `opaque`, to be returned unchanged.
    pub opaque: Option<&'a [u8]>,
    /// `algorithm`, MD5 where none is named.
    pub algorithm: Named,
    /// `qop`.
    pub qops: Qops,
    /// The nonce was stale, the password may have been right.
    pub stale: bool,
    /// The server understands hashed user names.
    pub userhash: bool,
}

impl<'a> Challenge<'a> {
    /// Reads the parameters after the word `Digest`; `None` for an algorithm that is not known.
    ///
    /// # Errors
    /// [`Malformed`]: such a challenge is ignored.
    pub fn parse(list: &'a [u8]) -> Result<Option<Self>, Malformed> {
        let [realm, nonce, opaque, algorithm, qop, stale, userhash] =
            values(list, Separator::Comma, &NAMES)?;
        let is_true = |value: Option<&[u8]>| value.is_some_and(|value| is_word(value, "true"));
        let Some(algorithm) = algorithm.map_or(Some(Named::DEFAULT), Named::parse) else {
            return Ok(None);
        };
        Ok(Some(Self {
            realm: realm.ok_or(Malformed)?,
            nonce: nonce.ok_or(Malformed)?,
            opaque,
            algorithm,
            qops: qop.map_or_else(Qops::default, Qops::parse),
            stale: is_true(stale),
            userhash: is_true(userhash),
        }))
    }

    /// The quality to answer with: `auth` before `auth-int`, `None` where none is offered.
    ///
    /// # Errors
    /// [`Malformed`]: only qualities that are not known are offered.
    pub const fn choose_qop(&self) -> Result<Option<Qop>, Malformed> {
        match self.qops {
            Qops { auth: true, .. } => Ok(Some(Qop::Auth)),
            Qops { auth_int: true, .. } => Ok(Some(Qop::AuthInt)),
            Qops { offered: false, .. } => Ok(None),
            Qops { .. } => Err(Malformed),
        }
    }

    /// The text of the header field.
    pub fn to_value(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(128 + self.realm.len() + self.nonce.len());
        out.extend_from_slice(b"Digest ");
        push_quoted(&mut out, "realm", self.realm);
        out.extend_from_slice(b", ");
        push_quoted(&mut out, "nonce", self.nonce);
        out.extend_from_slice(b", algorithm=");
        out.extend_from_slice(self.algorithm.name().as_bytes());
        let qop: &[u8] = match (self.qops.auth, self.qops.auth_int) {
            (true, true) => b", qop=\"auth,auth-int\"",
            (true, false) => b", qop=\"auth\"",
            (false, true) => b", qop=\"auth-int\"",
            (false, false) => b"",
        };
        out.extend_from_slice(qop);
        if self.stale {
            out.extend_from_slice(b", stale=true");
        }
        out
    }
}

impl Qops {
    /// Reads the list within the quotes; tokens that are not known are skipped.
    fn parse(list: &[u8]) -> Self {
        let mut qops = Self { offered: true, ..Self::default() };
        for token in list.split(|b| *b == b',') {
            match Qop::parse(token.trim_ascii()) {
                Some(Qop::Auth) => qops.auth = true,
                Some(Qop::AuthInt) => qops.auth_int = true,
                None => {}
            }
        }
        qops
    }
}
