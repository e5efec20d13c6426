//! Parameters and headers within a URI. RFC 3261 §19.1.1.

use crate::class::{Class, HEADER_CHAR, PARAM_CHAR, span_escaped};
use crate::{Cursor, Expected, Param, ParseError};
use core::fmt;

/// The parameters of a URI, in order. They are well-formed: checked when they were read.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct UriParams<'a> {
    raw: &'a [u8],
}

impl<'a> UriParams<'a> {
    /// Reads `*( ";" uri-parameter )`.
    #[inline]
    pub(super) fn read(cursor: &mut Cursor<'a>) -> Result<Self, ParseError> {
        let start = *cursor;
        while cursor.eat(b';') {
            read_param(cursor)?;
        }
        Ok(Self::from_checked(cursor.since(&start)))
    }

    /// Parameters that the caller has checked: each begins with a semicolon.
    pub(super) const fn from_checked(raw: &'a [u8]) -> Self {
        Self { raw }
    }

    /// The octets, with the leading semicolon; empty without parameters.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.raw
    }

    /// The parameters in order, escapes kept.
    pub fn iter(&self) -> impl Iterator<Item = Param<'a>> + use<'a> {
        split(self.raw.get(1..).unwrap_or_default(), b';')
            .map(|(name, value)| Param { name, value })
    }

    /// The first parameter of this name, in any case.
    pub fn get(&self, name: &str) -> Option<Param<'a>> {
        self.iter().find(|param| param.is(name))
    }

    /// The value of the first parameter of this name; `None` also where it has no value.
    pub fn value(&self, name: &str) -> Option<&'a [u8]> {
        self.get(name)?.value
    }
}

impl fmt::Debug for UriParams<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.raw.escape_ascii())
    }
}

/// The headers of a URI, in order.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct UriHeaders<'a> {
    raw: &'a [u8],
}

impl<'a> UriHeaders<'a> {
    /// Reads `[ "?" header *( "&" header ) ]`.
    #[inline]
    pub(super) fn read(cursor: &mut Cursor<'a>) -> Result<Self, ParseError> {
        let start = *cursor;
        if cursor.eat(b'?') {
            read_header(cursor)?;
            while cursor.eat(b'&') {
                read_header(cursor)?;
            }
        }
        Ok(Self { raw: cursor.since(&start) })
    }

    /// The octets, with the question mark; empty without headers.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.raw
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.raw.is_empty()
    }

    /// Names and values in order, escapes kept.
    pub fn iter(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + use<'a> {
        split(self.raw.get(1..).unwrap_or_default(), b'&')
            .map(|(name, value)| (name, value.unwrap_or_default()))
    }
}

impl fmt::Debug for UriHeaders<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.raw.escape_ascii())
    }
}

fn split<'a>(
    raw: &'a [u8], separator: u8,
) -> impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)> + use<'a> {
    raw.split(move |&byte| byte == separator).filter(|part| !part.is_empty()).map(|part| {
        let mut halves = part.splitn(2, |&byte| byte == b'=');
        (halves.next().unwrap_or_default(), halves.next())
    })
}

/// `pname [ "=" pvalue ]`, neither empty.
#[inline]
fn read_param(cursor: &mut Cursor<'_>) -> Result<(), ParseError> {
    some(cursor, PARAM_CHAR, Expected::Param)?;
    if cursor.eat(b'=') {
        some(cursor, PARAM_CHAR, Expected::Param)?;
    }
    Ok(())
}

/// `hname "=" hvalue`; the value may be empty.
fn read_header(cursor: &mut Cursor<'_>) -> Result<(), ParseError> {
    some(cursor, HEADER_CHAR, Expected::UriHeader)?;
    if !cursor.eat(b'=') {
        return Err(cursor.error(Expected::UriHeader));
    }
    let length = span_escaped(cursor.rest(), HEADER_CHAR);
    cursor.take(length);
    Ok(())
}

#[inline]
fn some(cursor: &mut Cursor<'_>, class: Class, expected: Expected) -> Result<(), ParseError> {
    let length = span_escaped(cursor.rest(), class);
    if length == 0 {
        return Err(cursor.error(expected));
    }
    cursor.take(length);
    Ok(())
}
