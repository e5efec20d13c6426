//! `Authorization: Digest …`, as a server reads it. RFC 7616 §3.4.

use super::{Named, Qop};
use sip_syntax::auth::{Malformed, Separator, values};
use sip_syntax::{Text, hex};
use std::fmt;

/// The longest `cnonce` that is hashed.
const CNONCE: usize = 256;

/// The parameters of an Authorization of this scheme, borrowed from the header's text.
#[derive(Clone, Copy)]
pub struct Credentials<'a> {
    /// `username`.
    pub user: Text<'a>,
    /// `realm`.
    pub realm: Text<'a>,
    /// `nonce`.
    pub nonce: Text<'a>,
    /// `uri`.
    pub uri: Text<'a>,
    /// `response`.
    pub response: Text<'a>,
    /// `algorithm`, MD5 where none is named.
    pub algorithm: Named,
    /// `qop`.
    pub qop: Option<Qop>,
    /// `cnonce`, empty without one.
    pub cnonce: Text<'a>,
    /// The eight digits of `nc`, empty without one.
    pub count: Text<'a>,
    /// `opaque`.
    pub opaque: Option<Text<'a>>,
    /// Whether `user` is `H(username:realm)`. RFC 7616 §3.4.4.
    pub userhash: bool,
}

impl fmt::Debug for Credentials<'_> {
    /// Prints no response: it is worth a guess at the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({} for {:?})", self.algorithm.name(), self.realm)
    }
}

/// Why credentials are not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Bad {
    /// The list of parameters is malformed.
    Syntax,
    /// A parameter that the scheme asks for is missing, or its value is not allowed: 400.
    Parameter(&'static str),
    /// The algorithm is not known: as if the credentials were not there.
    Algorithm,
}

impl From<Malformed> for Bad {
    fn from(_: Malformed) -> Self {
        Self::Syntax
    }
}

/// The parameters that are read, in the order of [`Credentials::parse`].
const NAMES: [&str; 11] = [
    "username",
    "realm",
    "nonce",
    "uri",
    "response",
    "algorithm",
    "qop",
    "nc",
    "cnonce",
    "opaque",
    "userhash",
];

impl<'a> Credentials<'a> {
    /// Reads the parameters after the word `Digest`.
    ///
    /// # Errors
    /// [`Bad`]: what is missing, malformed or not allowed.
    pub fn parse(list: &'a [u8]) -> Result<Self, Bad> {
        let [user, realm, nonce, uri, response, algorithm, qop, count, cnonce, opaque, userhash] =
            values(list, Separator::Comma, &NAMES)?;
        let need = |value: Option<Text<'a>>, name| value.ok_or(Bad::Parameter(name));
        let algorithm = algorithm.map_or(Some(Named::DEFAULT), Named::parse);
        let qop = match qop {
            None => None,
            Some(token) => Some(Qop::parse(token).ok_or(Bad::Parameter("qop"))?),
        };
        let credentials = Self {
            user: need(user, "username")?,
            realm: need(realm, "realm")?,
            nonce: need(nonce, "nonce")?,
            uri: need(uri, "uri")?,
            response: need(response, "response")?,
            algorithm: algorithm.ok_or(Bad::Algorithm)?,
            qop,
            cnonce: cnonce.unwrap_or_default(),
            count: count.unwrap_or_default(),
            opaque,
            userhash: userhash.is_some_and(|value| value.is_word("true")),
        };
        credentials.check(count.is_some())?;
        Ok(credentials)
    }

    /// A05, A06: with qop there are a cnonce of reasonable length and eight digits of nc that are
    /// not zero; without qop there is no nc.
    fn check(&self, counted: bool) -> Result<(), Bad> {
        if self.cnonce.len() > CNONCE {
            return Err(Bad::Parameter("cnonce"));
        }
        let session = self.qop.is_some() || self.algorithm.session;
        if session && self.cnonce.is_empty() {
            return Err(Bad::Parameter("cnonce"));
        }
        match self.qop {
            Some(_) if self.nonce_count().is_none() => Err(Bad::Parameter("nc")),
            None if counted => Err(Bad::Parameter("qop")),
            _ => Ok(()),
        }
    }

    /// `nc` as a number; `None` where it is not eight hexadecimal digits, or zero.
    pub fn nonce_count(&self) -> Option<u32> {
        if self.count.len() != 8 {
            return None;
        }
        let digit = |sum, octet| Some(sum << 4 | u32::from(hex::digit(octet)?));
        let count = self.count.octets().try_fold(0, digit);
        count.filter(|count| *count != 0)
    }
}
