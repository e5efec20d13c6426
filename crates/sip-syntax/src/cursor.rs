//! A cursor over a value: the few moves that every typed parser is made of.

use crate::class::{Class, DIGIT, TOKEN, plain_length, span};
use crate::{Expected, ParseError};

/// A position in a value. `at` never exceeds the input's length.
#[derive(Clone, Copy, Debug)]
pub struct Cursor<'a> {
    input: &'a [u8],
    rest: &'a [u8],
    strict: bool,
}

impl<'a> Cursor<'a> {
    /// A cursor at the start of `input`.
    ///
    /// What it reads may be as odd as peers in the field are, where nothing else could be meant: a
    /// host name with an underscore or only of digits, `#` in a user part or nothing, a local telephone
    /// number without its context.
    pub const fn new(input: &'a [u8]) -> Self {
        Self { input, rest: input, strict: false }
    }

    /// A cursor for whoever judges: what it reads follows the grammar to the letter.
    pub const fn strict(input: &'a [u8]) -> Self {
        Self { input, rest: input, strict: true }
    }

    /// Whether the grammar is followed to the letter.
    #[inline]
    pub const fn is_strict(&self) -> bool {
        self.strict
    }

    /// A cursor at the start of a part, as strict as this one.
    #[inline]
    pub(crate) const fn over(&self, part: &'a [u8]) -> Self {
        Self { input: part, rest: part, strict: self.strict }
    }

    /// Offset of the next octet.
    #[inline]
    pub const fn at(&self) -> usize {
        self.input.len() - self.rest.len()
    }

    /// What has not been read.
    #[inline]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// What was read since `start`, a copy of this cursor as it stood.
    #[inline]
    pub fn since(&self, start: &Self) -> &'a [u8] {
        let length = start.rest.len().saturating_sub(self.rest.len());
        start.rest.get(..length).unwrap_or_default()
    }

    /// Whether all has been read.
    #[inline]
    pub const fn is_done(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next octet, which stays.
    #[inline]
    pub fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// An error at the next octet.
    pub const fn error(&self, expected: Expected) -> ParseError {
        ParseError::new(self.at(), expected)
    }

    /// Reads `count` octets, or what is left.
    #[inline]
    pub fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at_checked(count).unwrap_or((self.rest, &[]));
        self.rest = rest;
        taken
    }

    /// Reads `byte` if it comes next.
    #[inline]
    pub fn eat(&mut self, byte: u8) -> bool {
        match self.rest {
            [first, rest @ ..] if *first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// Reads `text` if it comes next.
    #[inline]
    pub fn eat_text(&mut self, text: &[u8]) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Reads `prefix` in any case if it comes next.
    pub fn eat_ignore_case(&mut self, prefix: &[u8]) -> bool {
        match self.rest.split_at_checked(prefix.len()) {
            Some((head, rest)) if head.eq_ignore_ascii_case(prefix) => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// Skips white space and folds (SWS): CRLF counts only where white space follows.
    #[inline]
    pub fn skip_white(&mut self) {
        loop {
            match self.rest {
                [b' ' | b'\t', rest @ ..] | [b'\r', b'\n', b' ' | b'\t', rest @ ..] => {
                    self.rest = rest
                }
                _ => return,
            }
        }
    }

    /// Skips white space, of which there must be some (LWS).
    ///
    /// # Errors
    /// Where none stands.
    #[inline]
    pub fn white(&mut self) -> Result<(), ParseError> {
        let before = self.rest.len();
        self.skip_white();
        if self.rest.len() < before { Ok(()) } else { Err(self.error(Expected::Whitespace)) }
    }

    /// Reads `byte` with white space around it; without it, nothing is read.
    #[inline]
    pub fn eat_separator(&mut self, byte: u8) -> bool {
        let before = self.rest;
        if !self.eat(byte) {
            self.skip_white();
            if !self.eat(byte) {
                self.rest = before;
                return false;
            }
        }
        self.skip_white();
        true
    }

    /// Reads `byte` with white space around it.
    ///
    /// # Errors
    /// Where another octet stands.
    pub fn separator(&mut self, byte: u8) -> Result<(), ParseError> {
        if self.eat_separator(byte) { Ok(()) } else { Err(self.error(Expected::Octet(byte))) }
    }

    /// Reads the octets of a class, which may be none.
    #[inline]
    pub fn run(&mut self, class: Class) -> &'a [u8] {
        self.take(span(self.rest, class))
    }

    /// Reads at least one octet of a class.
    ///
    /// # Errors
    /// `expected`, where none stands.
    #[inline]
    pub fn some(&mut self, class: Class, expected: Expected) -> Result<&'a [u8], ParseError> {
        let run = self.run(class);
        if run.is_empty() { Err(self.error(expected)) } else { Ok(run) }
    }

    /// Reads a token.
    ///
    /// # Errors
    /// Where none stands.
    #[inline]
    pub fn token(&mut self) -> Result<&'a [u8], ParseError> {
        self.some(TOKEN, Expected::Token)
    }

    /// Reads digits as a number of at most `max`.
    ///
    /// # Errors
    /// No digits, or a larger number.
    pub fn number(&mut self, max: u64) -> Result<u64, ParseError> {
        let start = self.at();
        let digits = self.some(DIGIT, Expected::Number)?;
        match decimal(digits) {
            Some(number) if number <= max => Ok(number),
            _ => Err(ParseError::new(start, Expected::SmallerNumber)),
        }
    }

    /// Reads a quoted string, the quotes included. RFC 3261 §25.1.
    ///
    /// # Errors
    /// Where none stands, or one that is not closed.
    pub fn quoted(&mut self) -> Result<&'a [u8], ParseError> {
        let start = *self;
        if !self.eat(b'"') {
            return Err(self.error(Expected::QuotedString));
        }
        loop {
            self.take(plain_length(self.rest));
            match self.rest {
                [b'"', rest @ ..] => {
                    self.rest = rest;
                    return Ok(self.since(&start));
                }
                // quoted-pair: any 7-bit octet but CR and LF.
                [b'\\', octet, rest @ ..]
                    if octet.is_ascii() && !matches!(octet, b'\r' | b'\n') =>
                {
                    self.rest = rest;
                }
                [b'\t', rest @ ..] | [b'\r', b'\n', b' ' | b'\t', rest @ ..] => self.rest = rest,
                _ => return Err(self.error(Expected::QuotedString)),
            }
        }
    }

    /// Reads white space to the end.
    ///
    /// # Errors
    /// Where something else stands.
    #[inline]
    pub fn end(&mut self) -> Result<(), ParseError> {
        self.skip_white();
        if self.is_done() { Ok(()) } else { Err(self.error(Expected::End)) }
    }
}

/// The number that `digits` spell, or `None` where they overflow or are none.
#[inline]
pub fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, &octet| {
        let digit = octet.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_folds_only_before_white_space() {
        let mut cursor = Cursor::new(b" \r\n\t x");
        cursor.skip_white();
        assert_eq!(cursor.rest(), b"x");
        let mut cursor = Cursor::new(b" \r\nx");
        cursor.skip_white();
        assert_eq!(cursor.rest(), b"\r\nx");
    }

    #[test]
    fn a_quoted_string_is_closed_by_an_unescaped_quote() {
        let mut cursor = Cursor::new(br#""a\"b" c"#);
        assert_eq!(cursor.quoted().unwrap(), br#""a\"b""#);
        assert_eq!(cursor.rest(), b" c");
        assert!(Cursor::new(b"\"open\\").quoted().is_err());
        assert!(Cursor::new(b"\"nul\0\"").quoted().is_err());
        assert!(Cursor::new(b"\"pair \\\0\"").quoted().is_ok());
    }

    #[test]
    fn numbers_do_not_wrap() {
        assert_eq!(decimal(b"18446744073709551616"), None);
        assert_eq!(
            Cursor::new(b"4294967296").number(u64::from(u32::MAX)),
            Err(ParseError::new(0, Expected::SmallerNumber))
        );
        assert_eq!(Cursor::new(b"0070").number(255), Ok(70));
    }
}
