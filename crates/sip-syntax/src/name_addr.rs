//! `name-addr` and `addr-spec` with parameters: From, To, Contact, Route. RFC 3261 §20.10, §25.1.

use crate::class::{BARE_END, TOKEN, is};
use crate::{Cursor, Expected, Params, ParseError, Text, Uri};

/// A display name, a URI and the header's parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameAddr<'a> {
    display: Option<&'a [u8]>,
    uri: Uri<'a>,
    params: Params<'a>,
    tag: Option<&'a [u8]>,
}

impl<'a> NameAddr<'a> {
    /// Reads one value and no more.
    ///
    /// # Errors
    /// Where and what was expected.
    pub fn parse(value: &'a [u8]) -> Result<Self, ParseError> {
        Self::read_all(Cursor::new(value))
    }

    /// Reads one value and no more, by the letter of its grammar.
    ///
    /// # Errors
    /// Where and what was expected.
    pub fn parse_strictly(value: &'a [u8]) -> Result<Self, ParseError> {
        Self::read_all(Cursor::strict(value))
    }

    #[inline]
    fn read_all(mut cursor: Cursor<'a>) -> Result<Self, ParseError> {
        cursor.skip_white();
        let parsed = Self::read(&mut cursor)?;
        cursor.end()?;
        Ok(parsed)
    }

    /// Reads a value, its parameters included.
    ///
    /// # Errors
    /// Where and what was expected.
    #[inline]
    pub fn read(cursor: &mut Cursor<'a>) -> Result<Self, ParseError> {
        let (display, uri) = match read_name_addr(cursor)? {
            Some(bracketed) => bracketed,
            None => (None, read_addr_spec(cursor)?),
        };
        Self::with_params(display, uri, cursor)
    }

    /// Reads a value of Route, Record-Route or Path, which has brackets always. RFC 3261 §20.34.
    ///
    /// # Errors
    /// Where and what was expected.
    pub fn read_route(cursor: &mut Cursor<'a>) -> Result<Self, ParseError> {
        let error = cursor.error(Expected::AngleBrackets);
        let (display, uri) = read_name_addr(cursor)?.ok_or(error)?;
        Self::with_params(display, uri, cursor)
    }

    #[inline]
    fn with_params(
        display: Option<&'a [u8]>, uri: Uri<'a>, cursor: &mut Cursor<'a>,
    ) -> Result<Self, ParseError> {
        let mut tag = None;
        let params = Params::read_each(cursor, |param| {
            if tag.is_none() && param.is("tag") {
                tag = param.value;
            }
        })?;
        Ok(Self { display, uri, params, tag })
    }

    /// The display name as it stands: quoted, or tokens.
    pub const fn display(&self) -> Option<&'a [u8]> {
        self.display
    }

    /// The display name without quotes and escapes. It is a peer's text: no proof of anything.
    pub fn display_text(&self) -> Option<Text<'a>> {
        self.display.map(Text::of_value)
    }

    /// The URI.
    pub const fn uri(&self) -> Uri<'a> {
        self.uri
    }

    /// The parameters of the header, not of the URI.
    pub const fn params(&self) -> Params<'a> {
        self.params
    }

    /// The `tag` parameter. RFC 3261 §19.3.
    #[inline]
    pub const fn tag(&self) -> Option<&'a [u8]> {
        self.tag
    }
}

/// Display name and URI of a name-addr.
type Bracketed<'a> = (Option<&'a [u8]>, Uri<'a>);

/// `"<" addr-spec ">"`, white space only outside the brackets.
#[inline]
fn read_bracketed<'a>(cursor: &mut Cursor<'a>) -> Result<Uri<'a>, ParseError> {
    if !cursor.eat(b'<') {
        return Err(cursor.error(Expected::Octet(b'<')));
    }
    let uri = Uri::read(cursor)?;
    if cursor.eat(b'>') { Ok(uri) } else { Err(cursor.error(Expected::Octet(b'>'))) }
}

/// `[ display-name ] "<" addr-spec ">"`; where no bracket follows, nothing is read.
#[inline]
fn read_name_addr<'a>(cursor: &mut Cursor<'a>) -> Result<Option<Bracketed<'a>>, ParseError> {
    match cursor.peek() {
        Some(b'<') => Ok(Some((None, read_bracketed(cursor)?))),
        Some(b'"') => {
            let display = cursor.quoted()?;
            cursor.skip_white();
            Ok(Some((Some(display), read_bracketed(cursor)?)))
        }
        _ => read_unquoted(cursor),
    }
}

/// `*( token LWS ) "<" …`.
fn read_unquoted<'a>(cursor: &mut Cursor<'a>) -> Result<Option<Bracketed<'a>>, ParseError> {
    let start = *cursor;
    let mut ahead = *cursor;
    let mut length = 0;
    loop {
        // RFC 4475 §3.1.1.6: the last token needs no white space before the bracket.
        let token = ahead.run(TOKEN);
        if token.is_empty() {
            break;
        }
        length = ahead.at() - start.at();
        ahead.skip_white();
    }
    if length == 0 || ahead.peek() != Some(b'<') {
        return Ok(None);
    }
    *cursor = ahead;
    let display = start.rest().get(..length);
    Ok(Some((display, read_bracketed(cursor)?)))
}

/// A URI without brackets ends before any comma, question mark or semicolon: these would belong
/// to the header. RFC 3261 §20.10.
fn read_addr_spec<'a>(cursor: &mut Cursor<'a>) -> Result<Uri<'a>, ParseError> {
    let start = cursor.at();
    let length = cursor
        .rest()
        .iter()
        .position(|&octet| is(octet, BARE_END))
        .unwrap_or_else(|| cursor.rest().len());
    let text = cursor.take(length);
    if cursor.peek() == Some(b'?') {
        return Err(cursor.error(Expected::AngleBrackets));
    }
    if text.is_empty() {
        return Err(ParseError::new(start, Expected::NameAddr));
    }
    let mut within = cursor.over(text);
    let uri = Uri::read(&mut within).map_err(|error| error.within(start))?;
    if within.is_done() { Ok(uri) } else { Err(within.error(Expected::Uri).within(start)) }
}
