//! `WWW-Authenticate: Digest …` and `Proxy-Authenticate`, as a client reads and a server writes
//! them. RFC 7616 §3.3.

use super::{Named, Qop, SCHEME};
use crate::params::{Writer, plain};
use sip_syntax::Text;
use sip_syntax::auth::{Malformed, Separator, values};

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

/// A challenge, borrowed from the header's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Challenge<'a> {
    /// `realm`.
    pub realm: Text<'a>,
    /// `nonce`.
    pub nonce: Text<'a>,
    /// `opaque`, to be returned unchanged.
    pub opaque: Option<Text<'a>>,
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
        Self::read(list, Named::parse)
    }

    /// The same, where `named` knows which algorithm a name stands for.
    pub(crate) fn read(
        list: &'a [u8], named: impl FnOnce(Text<'a>) -> Option<Named>,
    ) -> Result<Option<Self>, Malformed> {
        let [realm, nonce, opaque, algorithm, qop, stale, userhash] =
            values(list, Separator::Comma, &NAMES)?;
        let is_true = |value: Option<Text<'_>>| value.is_some_and(|value| value.is_word("true"));
        let Some(algorithm) = algorithm.map_or(Some(Named::DEFAULT), named) else {
            return Ok(None);
        };
        Ok(Some(Self {
            realm: realm.ok_or(Malformed)?,
            nonce: nonce.ok_or(Malformed)?,
            opaque,
            algorithm,
            qops: qop.map_or_else(|| Ok(Qops::default()), Qops::parse)?,
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
        let mut value = Writer::of_scheme(SCHEME, 192);
        value.quoted("realm", self.realm).quoted("nonce", self.nonce);
        if let Some(opaque) = self.opaque {
            value.quoted("opaque", opaque);
        }
        value.token("algorithm", self.algorithm.name().as_bytes());
        let qop: &[u8] = match (self.qops.auth, self.qops.auth_int) {
            (true, true) => b"auth,auth-int",
            (true, false) => b"auth",
            (false, true) => b"auth-int",
            (false, false) => b"",
        };
        if !qop.is_empty() {
            value.quoted("qop", Text::plain(qop));
        }
        if self.stale {
            value.token("stale", b"true");
        }
        value.finish()
    }
}

impl Qops {
    /// Reads the list within the quotes, `1#qop-value`; tokens that are not known are skipped.
    fn parse(list: Text<'_>) -> Result<Self, Malformed> {
        let list = plain(list);
        let mut qops = Self { offered: true, ..Self::default() };
        if list.split(|b| *b == b',').all(|token| token.trim_ascii().is_empty()) {
            return Err(Malformed);
        }
        for token in list.split(|b| *b == b',') {
            match Qop::parse(Text::plain(token.trim_ascii())) {
                Some(Qop::Auth) => qops.auth = true,
                Some(Qop::AuthInt) => qops.auth_int = true,
                None => {}
            }
        }
        Ok(qops)
    }
}
