//! Multipart bodies: their parts, one level deep. RFC 2046 §5.1.1, RFC 5621 §4.

use crate::class::{TOKEN, span};
use crate::{Expected, ParseError};

/// Parts that one body may have.
pub const MAX_PARTS: usize = 16;

/// The longest boundary. RFC 2046 §5.1.1.
const MAX_BOUNDARY: usize = 70;

/// The parts of a multipart body, in order; what stands before the first and after the last is
/// dropped. An error ends them.
///
/// CRLF ends lines; the one before a delimiter belongs to it, and a line that only begins like a
/// delimiter must not occur.
#[derive(Clone, Debug)]
pub struct BodyParts<'a, 'b> {
    body: &'a [u8],
    boundary: &'b [u8],
    /// Where the next line begins.
    at: usize,
    /// Where the part begins whose end is looked for; `None`: none has begun.
    start: Option<usize>,
    count: usize,
    over: bool,
}

/// A part: its header fields, and what it contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyPart<'a> {
    /// The whole part.
    pub entity: &'a [u8],
    /// Its header fields, each with its CRLF; often there are none.
    pub fields: &'a [u8],
    /// What it contains.
    pub content: &'a [u8],
}

impl<'a, 'b> BodyParts<'a, 'b> {
    /// The parts of `body` between lines of this boundary, which is given without its quotes.
    ///
    /// # Errors
    /// [`Expected::Boundary`] for one of more than 70 characters, or of others than RFC 2046 allows.
    /// A space is allowed there and used by nobody: it is refused.
    pub fn new(body: &'a [u8], boundary: &'b [u8]) -> Result<Self, ParseError> {
        let fits = (1..=MAX_BOUNDARY).contains(&boundary.len());
        if !fits || !boundary.iter().all(is_boundary_char) {
            return Err(ParseError::new(0, Expected::Boundary));
        }
        Ok(Self { body, boundary, at: 0, start: None, count: 0, over: false })
    }

    /// The line at `at` without its CRLF, and where the next one begins.
    fn line(&self) -> Option<(&'a [u8], Option<usize>)> {
        let rest = self.body.get(self.at..)?;
        let end = rest.windows(2).position(|pair| pair == b"\r\n");
        let line = rest.get(..end.unwrap_or(rest.len()))?;
        Some((line, end.map(|end| self.at + end + 2)))
    }

    /// The part that ends before the delimiter at `at`.
    fn part(&mut self, start: usize) -> Result<BodyPart<'a>, ParseError> {
        if self.count == MAX_PARTS {
            return Err(ParseError::new(self.at, Expected::FewerParts));
        }
        self.count += 1;
        let end = self.at.checked_sub(2).filter(|end| *end >= start);
        let entity = end.and_then(|end| self.body.get(start..end));
        let entity = entity.ok_or_else(|| ParseError::new(start, Expected::BodyPart))?;
        BodyPart::read(entity).map_err(|error| error.within(start))
    }

    /// Goes on to the end of the next part.
    fn advance(&mut self) -> Result<Option<BodyPart<'a>>, ParseError> {
        let missing = ParseError::new(self.body.len(), Expected::Boundary);
        loop {
            let (line, next) = self.line().ok_or(missing)?;
            let suffix = line.strip_prefix(b"--").and_then(|it| it.strip_prefix(self.boundary));
            let Some(suffix) = suffix else {
                self.at = next.ok_or(missing)?;
                continue;
            };
            let is_last = match suffix.trim_ascii_end() {
                b"--" => true,
                b"" => false,
                _ => return Err(ParseError::new(self.at, Expected::Boundary)),
            };
            let part = self.start.take().map(|start| self.part(start)).transpose()?;
            if is_last {
                self.over = true;
                return Ok(part);
            }
            self.at = next.ok_or(missing)?;
            self.start = Some(self.at);
            if part.is_some() {
                return Ok(part);
            }
        }
    }
}

impl<'a> Iterator for BodyParts<'a, '_> {
    type Item = Result<BodyPart<'a>, ParseError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let part = self.advance();
        self.over |= part.is_err();
        part.transpose()
    }
}

impl<'a> BodyPart<'a> {
    /// Tells the header fields from the content: an empty line stands between them.
    fn read(entity: &'a [u8]) -> Result<Self, ParseError> {
        if let Some(content) = entity.strip_prefix(b"\r\n") {
            return Ok(Self { entity, fields: &[], content });
        }
        let end = entity.windows(4).position(|octets| octets == b"\r\n\r\n");
        let end = end.ok_or(ParseError::new(0, Expected::HeadEnd))?;
        let (fields, content) = entity.split_at(end + 2);
        Ok(Self { entity, fields, content: content.get(2..).unwrap_or_default() })
    }

    /// The value of the first field of this name, trimmed, its folding kept.
    pub fn field(&self, name: &str) -> Option<&'a [u8]> {
        let mut rest = self.fields;
        while !rest.is_empty() {
            let (line, after) = logical_line(rest);
            let length = span(line, TOKEN);
            let (found, value) = line.split_at(length);
            let value = value.trim_ascii_start().strip_prefix(b":");
            if found.eq_ignore_ascii_case(name.as_bytes()) {
                return value.map(<[u8]>::trim_ascii);
            }
            rest = after;
        }
        None
    }
}

/// A field with its folded lines, and what follows it.
fn logical_line(text: &[u8]) -> (&[u8], &[u8]) {
    let ends = text.windows(2).enumerate().filter(|(_, pair)| *pair == b"\r\n");
    let mut ends = ends.map(|(at, _)| at);
    let end = ends.find(|at| !matches!(text.get(at + 2), Some(b' ' | b'\t')));
    let (line, rest) = text.split_at(end.unwrap_or(text.len()));
    (line, rest.get(2..).unwrap_or_default())
}

/// `bcharsnospace` of RFC 2046 §5.1.1.
fn is_boundary_char(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"'()+_,-./:=?".contains(byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = "preamble\r\n--b\r\nContent-Type: application/sdp\r\n\
        content-disposition:\r\n session\r\n\r\nv=0\r\n\r\n--b \r\n\r\n--bare\r\n--b--\r\nepilogue";

    fn parts<'a>(body: &'a str, boundary: &'a str) -> Result<Vec<BodyPart<'a>>, ParseError> {
        BodyParts::new(body.as_bytes(), boundary.as_bytes())?.collect()
    }

    fn error(body: &str, boundary: &str) -> Expected {
        parts(body, boundary).unwrap_err().expected
    }

    #[test]
    fn parts_stand_between_the_delimiters() {
        let body = BODY.replace("--bare", "- -b");
        let parts = parts(&body, "b").unwrap();
        let [first, second] = parts.as_slice() else { panic!("{parts:?}") };
        assert_eq!(first.content, b"v=0\r\n");
        assert_eq!(first.field("CONTENT-TYPE"), Some(&b"application/sdp"[..]));
        assert_eq!(first.field("Content-Disposition"), Some(&b"session"[..]));
        assert_eq!(first.field("session"), None, "a folded line is no field");
        assert_eq!((second.fields, second.content), (&b""[..], &b"- -b"[..]));
    }

    #[test]
    fn p18_boundaries_that_do_not_hold_are_errors() {
        assert_eq!(error(BODY, "b"), Expected::Boundary, "--bare only begins like one");
        assert_eq!(error("--b\r\n\r\nx", "b"), Expected::Boundary, "no end");
        assert_eq!(error("", "b"), Expected::Boundary);
        assert_eq!(error("--b\r\nx\r\n--b--", "b"), Expected::HeadEnd);
        assert_eq!(error("--b\r\n--b--", "b"), Expected::BodyPart, "an empty part");
        for boundary in ["", "a b", "a\"b", &"x".repeat(71)] {
            assert_eq!(error(BODY, boundary), Expected::Boundary, "{boundary}");
        }
    }

    #[test]
    fn p18_more_than_sixteen_parts_are_not_read() {
        let body = |count: usize| "--b\r\n\r\nx\r\n".repeat(count) + "--b--";
        assert_eq!(parts(&body(16), "b").unwrap().len(), 16);
        assert_eq!(error(&body(17), "b"), Expected::FewerParts);
        assert_eq!(error(&body(10_000), "b"), Expected::FewerParts);
    }
}
