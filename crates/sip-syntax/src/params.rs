//! Parameters of a header value: `*( SEMI generic-param )`. RFC 3261 §25.1.

use crate::class::TOKEN;
use crate::host::ipv6;
use crate::{Cursor, Expected, Host, ParseError, Text};
use core::fmt;

/// One parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Param<'a> {
    /// The name, as it stands; names are compared in any case.
    pub name: &'a [u8],
    /// The value as it stands, the quotes of a quoted string included.
    pub value: Option<&'a [u8]>,
}

impl Param<'_> {
    /// Whether the parameter has this name, in any case.
    #[inline]
    pub fn is(&self, name: &str) -> bool {
        // Nearly all are spelled as the RFCs do.
        self.name == name.as_bytes() || self.name.eq_ignore_ascii_case(name.as_bytes())
    }
}

/// The parameters of a header value, in order. They are well-formed: checked when they were read.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Params<'a> {
    raw: &'a [u8],
}

impl<'a> Params<'a> {
    /// Reads `*( SEMI generic-param )`, up to what is no parameter.
    ///
    /// # Errors
    /// A semicolon without a parameter behind it, or a malformed value.
    #[inline]
    pub fn read(cursor: &mut Cursor<'a>) -> Result<Self, ParseError> {
        Self::read_each(cursor, |_| {})
    }

    /// Like [`read`](Self::read), and shows each parameter: who needs some of them need not look
    /// for them again.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    #[inline]
    pub fn read_each(
        cursor: &mut Cursor<'a>, mut show: impl FnMut(Param<'a>),
    ) -> Result<Self, ParseError> {
        let start = *cursor;
        while cursor.eat_separator(b';') {
            show(read_param(cursor)?);
        }
        Ok(Self { raw: cursor.since(&start) })
    }

    /// The octets, with the leading semicolon; empty without parameters.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.raw
    }

    /// The parameters in order.
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = Param<'a>> + use<'a> {
        let mut cursor = Cursor::new(self.raw);
        core::iter::from_fn(move || {
            if cursor.eat_separator(b';') { read_param(&mut cursor).ok() } else { None }
        })
    }

    /// The first parameter of this name, in any case.
    #[inline]
    pub fn get(&self, name: &str) -> Option<Param<'a>> {
        self.iter().find(|param| param.is(name))
    }

    /// The value of the first parameter of this name, as it stands; `None` also where it has none.
    #[inline]
    pub fn value(&self, name: &str) -> Option<&'a [u8]> {
        self.get(name)?.value
    }

    /// What the value of the first parameter of this name stands for, a token or a quoted string.
    pub fn text(&self, name: &str) -> Option<Text<'a>> {
        self.value(name).map(Text::of_value)
    }
}

impl fmt::Debug for Params<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.raw.escape_ascii())
    }
}

/// `generic-param = token [ EQUAL gen-value ]`, without white space after it.
#[inline]
fn read_param<'a>(cursor: &mut Cursor<'a>) -> Result<Param<'a>, ParseError> {
    let name = cursor.some(TOKEN, Expected::Param)?;
    let value = if cursor.eat_separator(b'=') { Some(read_value(cursor)?) } else { None };
    Ok(Param { name, value })
}

/// `gen-value = token / host / quoted-string`.
///
/// An IPv6 address may stand without brackets, as in `received` (RFC 3261 §25.1, via-received).
#[inline]
fn read_value<'a>(cursor: &mut Cursor<'a>) -> Result<&'a [u8], ParseError> {
    match cursor.peek() {
        Some(b'"') => cursor.quoted(),
        Some(b'[') => Ok(Host::read(cursor)?.as_bytes()),
        Some(b':') => bare_ipv6(cursor),
        _ => {
            let before = *cursor;
            let token = cursor.token()?;
            if cursor.peek() != Some(b':') {
                return Ok(token);
            }
            *cursor = before;
            bare_ipv6(cursor)
        }
    }
}

#[cold]
fn bare_ipv6<'a>(cursor: &mut Cursor<'a>) -> Result<&'a [u8], ParseError> {
    let length = cursor
        .rest()
        .iter()
        .position(|&byte| !(byte.is_ascii_hexdigit() || byte == b':' || byte == b'.'))
        .unwrap_or_else(|| cursor.rest().len());
    let text = cursor.rest().get(..length).unwrap_or_default();
    match ipv6(text) {
        Some(_) => Ok(cursor.take(length)),
        None => Err(cursor.error(Expected::Token)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Owned = Vec<(Vec<u8>, Option<Vec<u8>>)>;

    fn names(text: &[u8]) -> Result<Owned, ParseError> {
        let mut cursor = Cursor::new(text);
        let params = Params::read(&mut cursor)?;
        cursor.end()?;
        Ok(params.iter().map(|p| (p.name.to_vec(), p.value.map(<[u8]>::to_vec))).collect())
    }

    #[test]
    fn parameters_keep_order_and_octets() {
        let got = names(b" ; a ;\tB = \"x;y\" ; c=[::1];received=2001:db8::9").unwrap();
        let want: [(&[u8], Option<&[u8]>); 4] = [
            (b"a", None),
            (b"B", Some(b"\"x;y\"")),
            (b"c", Some(b"[::1]")),
            (b"received", Some(b"2001:db8::9")),
        ];
        assert_eq!(got.len(), want.len());
        for ((name, value), (want_name, want_value)) in got.iter().zip(want) {
            assert_eq!(name, want_name);
            assert_eq!(value.as_deref(), want_value);
        }
    }

    #[test]
    fn empty_parameters_are_refused() {
        for text in [&b";"[..], b";;a", b";a=", b";a=;b", b";=x", b";a=1:2"] {
            assert!(names(text).is_err(), "{}", text.escape_ascii());
        }
    }
}
