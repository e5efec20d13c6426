//! `Authorization: Digest …`, as a server reads it. RFC 7616 §3.4.

use super::{Named, Qop};
use crate::params::{Malformed, Params, Separator, Unknown, once};
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

#[derive(Default)]
struct Raw<'a> {
    user: Option<&'a [u8]>,
    realm: Option<&'a [u8]>,
    nonce: Option<&'a [u8]>,
    uri: Option<&'a [u8]>,
    response: Option<&'a [u8]>,
    algorithm: Option<&'a [u8]>,
    qop: Option<&'a [u8]>,
    cnonce: Option<&'a [u8]>,
    count: Option<&'a [u8]>,
    opaque: Option<&'a [u8]>,
    userhash: Option<&'a [u8]>,
}

impl<'a> Raw<'a> {
    /// Names are told apart by their length first, which leaves one comparison for each.
    fn read(list: &'a [u8]) -> Result<Self, Malformed> {
        let mut raw = Self::default();
        let mut unknown: Option<Unknown<'_>> = None;
        for param in Params::new(list, Separator::Comma) {
            let param = param?;
            let is = |name| param.is(name);
            let slot = match param.name.len() {
                2 if is("nc") => &mut raw.count,
                3 if is("uri") => &mut raw.uri,
                3 if is("qop") => &mut raw.qop,
                5 if is("realm") => &mut raw.realm,
                5 if is("nonce") => &mut raw.nonce,
                6 if is("cnonce") => &mut raw.cnonce,
                6 if is("opaque") => &mut raw.opaque,
                8 if is("username") => &mut raw.user,
                8 if is("response") => &mut raw.response,
                8 if is("userhash") => &mut raw.userhash,
                9 if is("algorithm") => &mut raw.algorithm,
                _ => {
                    unknown.get_or_insert_default().add(param.name)?;
                    continue;
                }
            };
            once(slot, param.value)?;
        }
        Ok(raw)
    }
}

impl<'a> Credentials<'a> {
    /// Reads the parameters after the word `Digest`.
    ///
    /// # Errors
    /// [`Bad`]: what is missing, malformed or not allowed.
    pub fn parse(list: &'a [u8]) -> Result<Self, Bad> {
        let raw = Raw::read(list)?;
        let need = |value: Option<&'a [u8]>, name| value.ok_or(Bad::Parameter(name));
        let algorithm = raw.algorithm.map_or(Some(Named::DEFAULT), Named::parse);
        let qop = match raw.qop {
            None => None,
            Some(token) => Some(Qop::parse(token).ok_or(Bad::Parameter("qop"))?),
        };
        let credentials = Self {
            user: need(raw.user, "username")?,
            realm: need(raw.realm, "realm")?,
            nonce: need(raw.nonce, "nonce")?,
            uri: need(raw.uri, "uri")?,
            response: need(raw.response, "response")?,
            algorithm: algorithm.ok_or(Bad::Algorithm)?,
            qop,
            cnonce: raw.cnonce.unwrap_or_default(),
            count: raw.count.unwrap_or_default(),
            opaque: raw.opaque,
            userhash: raw.userhash.is_some_and(|v| v.eq_ignore_ascii_case(b"true")),
        };
        credentials.check(&raw)?;
        Ok(credentials)
    }

    /// A05, A06: with qop there are a cnonce of reasonable length and eight digits of nc that are
    /// not zero; without qop there is no nc.
    fn check(&self, raw: &Raw<'_>) -> Result<(), Bad> {
        if self.cnonce.len() > CNONCE {
            return Err(Bad::Parameter("cnonce"));
        }
        let session = self.qop.is_some() || self.algorithm.session;
        if session && self.cnonce.is_empty() {
            return Err(Bad::Parameter("cnonce"));
        }
        match self.qop {
            Some(_) if self.nonce_count().is_none() => Err(Bad::Parameter("nc")),
            None if raw.count.is_some() => Err(Bad::Parameter("qop")),
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
