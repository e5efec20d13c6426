//! Start lines: Request-Line and Status-Line. RFC 3261 §7.1, §7.2.

use crate::{Expected, ParseError, StatusCode};
use sip_syntax::class::{DIGIT, TOKEN, is, span};
use std::ops::Range;

/// A start line: offsets into the message.
#[derive(Clone, Copy, Debug)]
pub(crate) enum StartLine {
    Request { method: Span, uri: Span, version: Span },
    Response { version: Span, status: StatusCode, reason: Span },
}

/// A range that can be copied.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    #[inline]
    fn new(start: usize, length: usize) -> Self {
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Self { start: offset(start), end: offset(start + length) }
    }

    #[inline]
    pub(crate) fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    #[inline]
    pub(crate) fn of(self, input: &[u8]) -> &[u8] {
        input.get(self.range()).unwrap_or_default()
    }
}

impl StartLine {
    /// Reads the line at `start`; also yields the offset of its CRLF.
    #[inline]
    pub(crate) fn read(input: &[u8], start: usize) -> Result<(Self, usize), ParseError> {
        let rest = input.get(start..).unwrap_or_default();
        let Some(feed) = memchr::memchr(b'\n', rest) else {
            return Err(ParseError::new(input.len(), Expected::LineEnd));
        };
        let Some([line @ .., b'\r']) = rest.get(..feed) else {
            return Err(ParseError::new(start + feed, Expected::LineEnd));
        };
        let parsed = if line.get(3) == Some(&b'/') {
            read_status_line(line, start)
        } else {
            read_request_line(line, start)
        };
        parsed
            .map(|parsed| (parsed, start + line.len()))
            .ok_or_else(|| ParseError::new(start, Expected::StartLine))
    }

    /// Whether the version is the one that there is.
    #[inline]
    pub(crate) fn is_version_2(self, input: &[u8]) -> bool {
        let (Self::Request { version, .. } | Self::Response { version, .. }) = self;
        version.of(input).eq_ignore_ascii_case(b"SIP/2.0")
    }

    /// Whether white space stands between version and CRLF.
    #[inline]
    pub(crate) fn has_trailing_space(self, line_end: usize) -> bool {
        match self {
            Self::Request { version, .. } => version.range().end != line_end,
            Self::Response { .. } => false,
        }
    }
}

/// `Method SP Request-URI SP SIP-Version`. The URI is what stands between the first and the last
/// space, whatever it is.
#[inline]
fn read_request_line(line: &[u8], start: usize) -> Option<StartLine> {
    let method = span(line, TOKEN);
    let trimmed = line.trim_ascii_end();
    let space = memchr::memrchr(b' ', trimmed)?;
    let version = trimmed.get(space + 1..)?;
    if method == 0 || line.get(method) != Some(&b' ') || space <= method || !is_version(version) {
        return None;
    }
    Some(StartLine::Request {
        method: Span::new(start, method),
        uri: Span::new(start + method + 1, space - method - 1),
        version: Span::new(start + space + 1, version.len()),
    })
}

/// `SIP-Version SP Status-Code SP Reason-Phrase`.
#[inline]
fn read_status_line(line: &[u8], start: usize) -> Option<StartLine> {
    let space = memchr::memchr(b' ', line)?;
    let (version, rest) = line.split_at_checked(space)?;
    let [b' ', a, b, c, b' ', reason @ ..] = rest else {
        return None;
    };
    if !is_version(version) || ![a, b, c].into_iter().all(|&digit| is(digit, DIGIT)) {
        return None;
    }
    let code = [a, b, c].into_iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
    Some(StartLine::Response {
        version: Span::new(start, version.len()),
        status: StatusCode::new(code)?,
        reason: Span::new(start + line.len() - reason.len(), reason.len()),
    })
}

/// `"SIP" "/" 1*DIGIT "." 1*DIGIT`, in any case.
#[inline]
fn is_version(text: &[u8]) -> bool {
    if text == b"SIP/2.0" {
        return true;
    }
    let Some((name, numbers)) = text.split_at_checked(4) else {
        return false;
    };
    let all_digits = |part: &[u8]| !part.is_empty() && span(part, DIGIT) == part.len();
    let mut parts = numbers.splitn(2, |&byte| byte == b'.');
    name.eq_ignore_ascii_case(b"SIP/")
        && parts.next().is_some_and(all_digits)
        && parts.next().is_some_and(all_digits)
}
