//! Hosts: a name, an IPv4 address or an IPv6 reference. RFC 3261 §25.1, RFC 5954.

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
        let (length, last_label) = labels(cursor.rest()).map_err(error)?;
        let raw = cursor.take(length);
        // toplabel begins with a letter; what does not would be an IPv4 address. RFC 3261 §25.1.
        let is_name = match raw.get(last_label) {
            Some(first) => !is(*first, DIGIT),
            None => trailing_dot_is_name(raw),
        };
        if is_name { Ok(Self { raw }) } else { Err(error(0)) }
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
    let (mut dots, mut digits, mut number, mut length) = (0, 0, 0, 0);
    for &octet in text {
        match octet {
            b'0'..=b'9' if digits < 3 => {
                number = number * 10 + u32::from(octet - b'0');
                digits += 1;
            }
            b'.' if digits > 0 && number <= 255 => (dots, digits, number) = (dots + 1, 0, 0),
            _ if is(octet, HOST_CHAR) => return None,
            _ => break,
        }
        length += 1;
    }
    (dots == 3 && digits > 0 && number <= 255).then_some(length)
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
            assert!(Host::parse(bad.as_bytes()).is_err(), "{bad}");
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
