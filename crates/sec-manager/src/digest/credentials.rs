//! `Authorization: Digest …`, as a server reads it. RFC 7616 §3.4.

use super::{Named, Qop};
use crate::params::{Malformed, Separator, is_word, values};
use std::fmt;

/// The longest `cnonce` that is hashed.
const CNONCE: usize = 256;

/// The parameters of an Authorization of this scheme, borrowed from the header's text; quoted
/// values with their escapes, as the computation wants them.
#[derive(Clone, Copy)]
pub struct Credentials<'a> {
    /// `username`.
    pub user: &'a [u8],
    /// `realm`.
    pub realm: &'a [u8],
    /// `nonce`.
    pub nonce: &'a [u8],
    /// `uri`.
    pub uri: &'a [u8],
    /// `response`.
    pub response: &'a [u8],
    /// `algorithm`, MD5 where none is named.
    pub algorithm: Named,
    /// `qop`.
    pub qop: Option<Qop>,
    /// `cnonce`, empty without one.
    pub cnonce: &'a [u8],
    /// The eight digits of `nc`, empty without one.
    pub count: &'a [u8],
    /// `opaque`.
    pub opaque: Option<&'a [u8]>,
    /// Whether `user` is `H(username:realm)`. RFC 7616 §3.4.4.
    pub userhash: bool,
}

impl fmt::Debug for Credentials<'_> {
    /// Prints no response: it is worth a guess at the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let realm = self.realm.escape_ascii();
        write!(f, "Credentials({} for {realm})", self.algorithm.name())
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
        let need = |value: Option<&'a [u8]>, name| value.ok_or(Bad::Parameter(name));
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
            userhash: userhash.is_some_and(|value| is_word(value, "true")),
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
        let digits = <[u8; 8]>::try_from(self.count).ok()?;
        let digit = |octet| char::from(octet).to_digit(16);
        let count = digits.into_iter().try_fold(0, |sum, octet| Some(sum << 4 | digit(octet)?));
        count.filter(|count| *count != 0)
    }
}
