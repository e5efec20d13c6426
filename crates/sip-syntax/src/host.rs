//! Hosts: a name, an IPv4 address or an IPv6 reference. RFC 3261 §25.1, RFC 5954.
//!
//! Peers call themselves by names that are none by that grammar: a container's `1af019b2ba08`, or
//! `pbx_dev`. Unless its cursor is strict, a reader takes them for the names that they are.

use crate::class::{ALPHANUM, DIGIT, HOST_CHAR, is};
use crate::{Cursor, Expected, ParseError};
use core::fmt;
use core::net::{IpAddr, Ipv6Addr};

/// A host as it stands, an IPv6 reference with its brackets.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Host<'a> {
    raw: &'a [u8],
}

impl<'a> Host<'a> {
    /// Reads a host and no more.
    ///
    /// # Errors
    /// What is neither a host name nor an address.
    pub fn parse(text: &'a [u8]) -> Result<Self, ParseError> {
        let mut cursor = Cursor::new(text);
        let host = Self::read(&mut cursor)?;
        if cursor.is_done() { Ok(host) } else { Err(cursor.error(Expected::Host)) }
    }

    /// Reads a host up to an octet that cannot be its.
    ///
    /// # Errors
    /// What is neither a host name nor an address.
    #[inline]
    pub fn read(cursor: &mut Cursor<'a>) -> Result<Self, ParseError> {
        if cursor.peek() == Some(b'[') {
            return Self::read_reference(cursor);
        }
        // Nearly all hosts of a call are IPv4 addresses.
        if let Some(length) = ipv4_length(cursor.rest()) {
            return Ok(Self { raw: cursor.take(length) });
        }
        let base = cursor.at();
        let error = |at| ParseError::new(base + at, Expected::Host);
        let length = match hostname(cursor.rest()) {
            Ok(length) if cursor.is_strict() || cursor.rest().get(length) != Some(&b'_') => length,
            Err(at) if cursor.is_strict() => return Err(error(at)),
            found => odd_name(cursor.rest()).ok_or_else(|| error(found.err().unwrap_or(0)))?,
        };
        Ok(Self { raw: cursor.take(length) })
    }

    fn read_reference(cursor: &mut Cursor<'a>) -> Result<Self, ParseError> {
        let error = cursor.error(Expected::Host);
        let end = cursor.rest().iter().position(|&byte| byte == b']').ok_or(error)?;
        let inner = cursor.rest().get(1..end).unwrap_or_default();
        if ipv6(inner).is_none() {
            return Err(error);
        }
        Ok(Self { raw: cursor.take(end + 1) })
    }

    /// The octets.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.raw
    }

    /// The address, where the host is one.
    pub fn ip(&self) -> Option<IpAddr> {
        let inner = self.raw.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]"));
        match inner {
            Some(inner) => ipv6(inner).map(IpAddr::V6),
            None => core::str::from_utf8(self.raw).ok()?.parse().ok(),
        }
    }

    /// Whether both name the same host: addresses by value, names in any case.
    pub fn matches(&self, other: &Host<'_>) -> bool {
        match (self.ip(), other.ip()) {
            (Some(mine), Some(theirs)) => mine == theirs,
            (None, None) => self.raw.eq_ignore_ascii_case(other.raw),
            _ => false,
        }
    }
}

impl fmt::Debug for Host<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.raw.escape_ascii())
    }
}

impl fmt::Display for Host<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.raw.escape_ascii())
    }
}

/// Octets of the `hostname` that `text` begins with, or where it is none.
#[inline]
fn hostname(text: &[u8]) -> Result<usize, usize> {
    let (length, last_label) = labels(text)?;
    // toplabel begins with a letter; what does not would be an IPv4 address. RFC 3261 §25.1.
    let is_name = match text.get(last_label).filter(|_| last_label < length) {
        Some(first) => !is(*first, DIGIT),
        None => trailing_dot_is_name(text.get(..length).unwrap_or_default()),
    };
    if is_name { Ok(length) } else { Err(0) }
}

/// Octets of the labels of letters, digits, hyphens and underscores that `text` begins with. Digits
/// and dots alone would be an address that is none.
#[cold]
fn odd_name(text: &[u8]) -> Option<usize> {
    let fits = |octet: &u8| is(*octet, HOST_CHAR) || *octet == b'_';
    let length = text.iter().position(|octet| !fits(octet)).unwrap_or(text.len());
    let name = text.get(..length)?;
    let mut labels = name.split(|octet| *octet == b'.');
    let is_address = name.contains(&b'.') && name.iter().all(|o| is(*o, DIGIT) || *o == b'.');
    (labels.all(|label| !label.is_empty()) && !is_address).then_some(length)
}

/// Whether the label before a trailing dot begins with a letter.
#[cold]
fn trailing_dot_is_name(raw: &[u8]) -> bool {
    raw.strip_suffix(b".")
        .and_then(|name| name.rsplit(|&byte| byte == b'.').next())
        .and_then(|label| label.first())
        .is_some_and(u8::is_ascii_alphabetic)
}

/// Octets of the labels that `text` begins with, and where the last of them begins; or where a
/// hyphen or a dot stands that may not stand there.
#[inline]
fn labels(text: &[u8]) -> Result<(usize, usize), usize> {
    let mut before = b'.';
    let mut label = 0;
    let mut length = 0;
    for &octet in text {
        if !is(octet, ALPHANUM) {
            match octet {
                b'.' if is(before, ALPHANUM) => label = length + 1,
                b'-' if before != b'.' => {}
                b'.' | b'-' => return Err(length),
                _ => break,
            }
        }
        before = octet;
        length += 1;
    }
    if length == 0 || before == b'-' { Err(length) } else { Ok((length, label)) }
}

/// Octets of the `IPv4address = 1*3DIGIT "." …` that `text` begins with, each number at most 255;
/// none where a name goes on behind it.
#[inline]
fn ipv4_length(text: &[u8]) -> Option<usize> {
    let mut rest = behind_number(text)?;
    for _ in 0..3 {
        rest = behind_number(rest.strip_prefix(b".")?)?;
    }
    let goes_on = rest.first().is_some_and(|octet| is(*octet, HOST_CHAR));
    (!goes_on).then(|| text.len() - rest.len())
}

/// What stands behind the one to three digits of a number that is at most 255.
#[inline]
fn behind_number(text: &[u8]) -> Option<&[u8]> {
    match text {
        // Of as many digits: their order is that of the numbers.
        [a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', rest @ ..] => {
            ([*a, *b, *c] <= *b"255").then_some(rest)
        }
        [b'0'..=b'9', b'0'..=b'9', rest @ ..] | [b'0'..=b'9', rest @ ..] => Some(rest),
        _ => None,
    }
}

pub(crate) fn ipv6(text: &[u8]) -> Option<Ipv6Addr> {
    core::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_follow_the_grammar() {
        for good in [
            "a",
            "example.com",
            "example.com.",
            "a--b.c1",
            "1a.b",
            "127.0.0.1",
            "[::1]",
            "[::ffff:192.0.2.1]",
        ] {
            let mut cursor = Cursor::strict(good.as_bytes());
            assert!(Host::read(&mut cursor).is_ok() && cursor.is_done(), "{good}");
            assert!(Host::parse(good.as_bytes()).is_ok(), "{good}");
        }
        for bad in [
            "",
            ".",
            "a..b",
            "-a",
            "a-",
            "a.-b",
            "a-.b",
            "a.1b",
            "127.0.0",
            "127.0.0.256",
            "127.0.0.1.",
            "[::1",
            "[]",
            "[1]",
            "a_b",
        ] {
            let mut cursor = Cursor::strict(bad.as_bytes());
            assert!(Host::read(&mut cursor).is_err() || !cursor.is_done(), "{bad}");
        }
    }

    #[test]
    fn names_of_peers_in_the_field_are_read_unless_one_judges() {
        for odd in ["1af019b2ba08", "3402000000", "pbx_dev", "a_b.c", "_x", "a-", "-a", "a.1b"] {
            let host = Host::parse(odd.as_bytes()).unwrap();
            assert_eq!((host.as_bytes(), host.ip()), (odd.as_bytes(), None));
            let mut cursor = Cursor::strict(odd.as_bytes());
            assert!(Host::read(&mut cursor).is_err() || !cursor.is_done(), "{odd}");
        }
        for none in ["", ".", "_.", "a..b", ".a_", "127.0.0", "127.0.0.256", "127.0.0.1.", "[1]"] {
            assert!(Host::parse(none.as_bytes()).is_err(), "{none}");
        }
    }

    #[test]
    fn hosts_match_by_value() {
        let host = |text: &'static str| Host::parse(text.as_bytes()).unwrap();
        assert!(host("Example.COM").matches(&host("example.com")));
        assert!(host("[2001:db8::1]").matches(&host("[2001:DB8:0::1]")));
        assert!(!host("127.0.0.1").matches(&host("localhost")));
    }
}
