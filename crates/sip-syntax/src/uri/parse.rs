//! Reading a URI.

use super::components::{UriHeaders, UriParams};
use super::tel;
use super::value::{Scheme, Uri};
use crate::class::{ALPHANUM, HEX, PASSWORD_CHAR, URIC, USER_CHAR, is, span_escaped};
use crate::{Cursor, Expected, Host, ParseError};

impl<'a> Uri<'a> {
    /// Reads a URI and no more: no white space, no brackets.
    ///
    /// sip, sips and tel URIs follow their grammars but for what [`Cursor::new`] says; any other
    /// needs a scheme and octets that a URI may have.
    ///
    /// # Errors
    /// Where and what was expected.
    pub fn parse(text: &'a [u8]) -> Result<Self, ParseError> {
        let mut cursor = Cursor::new(text);
        let uri = Self::read(&mut cursor)?;
        if cursor.is_done() { Ok(uri) } else { Err(cursor.error(Expected::Uri)) }
    }

    /// Reads a URI and no more, by the letter of its grammar.
    ///
    /// # Errors
    /// Where and what was expected.
    pub fn parse_strictly(text: &'a [u8]) -> Result<Self, ParseError> {
        let mut cursor = Cursor::strict(text);
        let uri = Self::read(&mut cursor)?;
        if cursor.is_done() { Ok(uri) } else { Err(cursor.error(Expected::Uri)) }
    }

    /// Whether the user part is empty, or octets stand in it that the grammar wants escaped. Two such
    /// spellings of one user cannot be told to be the same: no address of record has any.
    pub fn has_odd_user(&self) -> bool {
        let user = self.user.filter(|_| self.is_sip());
        user.is_some_and(|user| user.is_empty() || span_escaped(user, USER_CHAR) < user.len())
    }

    /// Reads a URI up to an octet that cannot be its.
    ///
    /// # Errors
    /// Where and what was expected.
    #[inline]
    pub fn read(cursor: &mut Cursor<'a>) -> Result<Self, ParseError> {
        let start = *cursor;
        let scheme = read_scheme(cursor)?;
        let mut uri = match scheme {
            Scheme::Sip | Scheme::Sips => read_sip(scheme, cursor)?,
            Scheme::Tel => tel::read(cursor)?,
            Scheme::Other(_) => read_opaque(scheme, cursor)?,
        };
        uri.raw = cursor.since(&start);
        Ok(uri)
    }
}

impl<'a> Scheme<'a> {
    /// The scheme that a text begins with, whatever follows it.
    pub fn of(text: &'a [u8]) -> Option<Self> {
        read_scheme(&mut Cursor::new(text)).ok()
    }
}

/// `scheme ":"`. RFC 3261 §25.1.
#[inline]
fn read_scheme<'a>(cursor: &mut Cursor<'a>) -> Result<Scheme<'a>, ParseError> {
    // The two that nearly every URI has, before the general rule.
    if let [b's' | b'S', b'i' | b'I', b'p' | b'P', tail @ ..] = cursor.rest() {
        match tail {
            [b':', ..] => {
                cursor.take(4);
                return Ok(Scheme::Sip);
            }
            [b's' | b'S', b':', ..] => {
                cursor.take(5);
                return Ok(Scheme::Sips);
            }
            _ => {}
        }
    }
    let length = cursor
        .rest()
        .iter()
        .position(|&byte| !(is(byte, ALPHANUM) || matches!(byte, b'+' | b'-' | b'.')))
        .unwrap_or_else(|| cursor.rest().len());
    let error = cursor.error(Expected::Scheme);
    let name = cursor.take(length);
    if !name.first().is_some_and(u8::is_ascii_alphabetic) || !cursor.eat(b':') {
        return Err(error);
    }
    if name.eq_ignore_ascii_case(b"tel") { Ok(Scheme::Tel) } else { Ok(Scheme::Other(name)) }
}

fn read_sip<'a>(scheme: Scheme<'a>, cursor: &mut Cursor<'a>) -> Result<Uri<'a>, ParseError> {
    let (user, password) = read_userinfo(cursor)?;
    let host = Host::read(cursor)?;
    let port = read_port(cursor)?;
    let params = UriParams::read(cursor)?;
    let headers = UriHeaders::read(cursor)?;
    Ok(Uri { raw: &[], scheme, user, password, host: Some(host), port, params, headers })
}

type UserInfo<'a> = (Option<&'a [u8]>, Option<&'a [u8]>);

/// `[ user [ ":" password ] "@" ]`; without an `@`, nothing is read.
#[inline]
fn read_userinfo<'a>(cursor: &mut Cursor<'a>) -> Result<UserInfo<'a>, ParseError> {
    let mut ahead = *cursor;
    let mut user = ahead.take(span_escaped(ahead.rest(), USER_CHAR));
    if !cursor.is_strict() && ahead.peek().is_some_and(is_odd) {
        ahead = *cursor;
        user = ahead.take(odd_user(ahead.rest()));
    }
    let password = if ahead.eat(b':') {
        Some(ahead.take(span_escaped(ahead.rest(), PASSWORD_CHAR)))
    } else {
        None
    };
    if !ahead.eat(b'@') {
        return Ok((None, None));
    }
    if user.is_empty() && cursor.is_strict() {
        return Err(cursor.error(Expected::User));
    }
    *cursor = ahead;
    Ok((Some(user), password))
}

/// Whether an octet is taken for itself in a user part, although some of these should be escaped:
/// nothing else can be meant by it.
const fn is_odd(octet: u8) -> bool {
    octet.is_ascii_graphic() && !matches!(octet, b'@' | b':' | b'<' | b'>' | b'"' | b'\\' | b'%')
}

/// Octets of the user part, odd or not, that `text` begins with.
#[cold]
fn odd_user(text: &[u8]) -> usize {
    let mut rest = text;
    loop {
        match rest {
            [b'%', high, low, tail @ ..] if is(*high, HEX) && is(*low, HEX) => rest = tail,
            [octet, tail @ ..] if is_odd(*octet) => rest = tail,
            _ => return text.len() - rest.len(),
        }
    }
}

/// `[ ":" port ]`.
#[inline]
fn read_port(cursor: &mut Cursor<'_>) -> Result<Option<u16>, ParseError> {
    if !cursor.eat(b':') {
        return Ok(None);
    }
    let error = cursor.error(Expected::Port);
    let port = cursor.number(u64::from(u16::MAX)).map_err(|_| error)?;
    Ok(u16::try_from(port).ok())
}

/// `absoluteURI` of a scheme that this stack knows nothing of.
fn read_opaque<'a>(scheme: Scheme<'a>, cursor: &mut Cursor<'a>) -> Result<Uri<'a>, ParseError> {
    let length = span_escaped(cursor.rest(), URIC);
    if length == 0 {
        return Err(cursor.error(Expected::Uri));
    }
    cursor.take(length);
    Ok(Uri {
        raw: &[],
        scheme,
        user: None,
        password: None,
        host: None,
        port: None,
        params: UriParams::default(),
        headers: UriHeaders::default(),
    })
}
