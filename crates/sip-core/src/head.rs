//! Reading a head: start line, rows, and where the body begins. RFC 3261 §7.
//!
//! Only offsets are kept. A head is refused only where its lines cannot be told apart or its
//! start line is none; whatever else is wrong becomes its [`Fault`], and stays where it is.

use crate::start_line::StartLine;
use crate::{Expected, Fault, FaultKind, HeaderName, Limits, ParseError};
use memchr::memchr;
use sip_syntax::class::{TOKEN, span};

/// One header field: offsets into the message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    /// Where the line begins.
    pub(crate) start: u32,
    /// Where the value begins, white space skipped.
    pub(crate) value: u32,
    /// Where the value ends, white space skipped.
    pub(crate) end: u32,
    /// Octets of the name; none where the line has no colon.
    pub(crate) name_length: u16,
    /// The name, where it is a known one.
    pub(crate) name: Option<HeaderName>,
}

/// Marks a name that has no row.
const ABSENT: u8 = u8::MAX;
/// Offsets of names fit 16 bits.
const LONGEST_HEAD: usize = 65_535;

/// What was read of a message before its body.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) start_line: StartLine,
    pub(crate) rows: Vec<Row>,
    /// For each known name the place of its first row.
    first: [u8; HeaderName::COUNT],
    /// Offset of the body.
    pub(crate) length: usize,
    /// Content-Length, where there is one that can be used.
    pub(crate) content_length: Option<usize>,
    /// Whether each LF follows a CR, from the first row on.
    pub(crate) feeds_follow_returns: bool,
    pub(crate) fault: Option<Fault>,
}

impl Head {
    /// Reads the head that begins `input`.
    pub(crate) fn read(input: &[u8], limits: &Limits) -> Result<Self, ParseError> {
        let input = input.get(..LONGEST_HEAD).unwrap_or(input);
        let start = blank_lines(input);
        let (start_line, line_end) = StartLine::read(input, start)?;
        let mut head = Self {
            start_line,
            rows: Vec::with_capacity(24),
            first: [ABSENT; HeaderName::COUNT],
            length: 0,
            content_length: None,
            feeds_follow_returns: true,
            fault: None,
        };
        if start_line.has_trailing_space(line_end) {
            head.fault(line_end, FaultKind::StartLine);
        }
        head.read_rows(input, line_end + 2, limits)?;
        head.read_content_length(input);
        Ok(head)
    }

    fn read_rows(&mut self, input: &[u8], start: usize, limits: &Limits) -> Result<(), ParseError> {
        let most = limits.fields.min(usize::from(ABSENT) - 1);
        let mut at = start;
        loop {
            let rest = input.get(at..).unwrap_or_default();
            if let [b'\r', b'\n', ..] = rest {
                self.length = at + 2;
                return Ok(());
            }
            let Some(length) = self.line_length(rest) else {
                return Err(ParseError::new(input.len(), Expected::HeadEnd));
            };
            if self.rows.len() < most {
                let line = rest.get(..length).unwrap_or_default();
                self.push(line, at, limits);
            } else {
                self.fault(at, FaultKind::TooManyFields);
            }
            at += length + 2;
        }
    }

    /// Octets of a field's line without the CRLF that ends it: a CRLF before white space folds, and
    /// a lone LF is the value's, for the validator to refuse.
    #[inline]
    fn line_length(&mut self, rest: &[u8]) -> Option<usize> {
        let mut from = 0;
        loop {
            let feed = from + memchr(b'\n', rest.get(from..)?)?;
            let follows = feed > 0 && rest.get(feed - 1) == Some(&b'\r');
            if follows && !matches!(rest.get(feed + 1), Some(b' ' | b'\t')) {
                return Some(feed - 1);
            }
            self.feeds_follow_returns &= follows;
            from = feed + 1;
        }
    }

    #[inline]
    fn push(&mut self, line: &[u8], at: usize, limits: &Limits) {
        let (mut name_length, value) = split(line);
        if value == 0 {
            self.fault(at, FaultKind::NotAField);
            name_length = 0;
        }
        let (skipped, kept) = trim(line.get(value..).unwrap_or_default());
        let value = value + skipped;
        if kept.len() > limits.value {
            self.fault(at, FaultKind::ValueTooLong);
        }
        let name = HeaderName::find(line.get(..name_length).unwrap_or_default());
        if let Some(name) = name {
            self.count(name, at);
        }
        self.rows.push(Row {
            start: offset(at),
            value: offset(at + value),
            end: offset(at + value + kept.len()),
            name_length: u16::try_from(name_length).unwrap_or_default(),
            name,
        });
    }

    /// Notes the first row of a name, and a second one where there may be none.
    #[inline]
    fn count(&mut self, name: HeaderName, at: usize) {
        let place = u8::try_from(self.rows.len()).unwrap_or(ABSENT);
        let Some(first) = self.first.get_mut(name.index()) else {
            return;
        };
        if *first == ABSENT {
            *first = place;
        } else if name.is_single() {
            self.fault(at, FaultKind::Duplicate(name));
        }
    }

    fn read_content_length(&mut self, input: &[u8]) {
        let Some(row) = self.first_row(HeaderName::ContentLength).copied() else {
            return;
        };
        match crate::headers::content_length(value(input, &row)) {
            Ok(length) => self.content_length = Some(length),
            Err(error) => {
                let at = error.within(row.value as usize).at;
                self.fault(at, FaultKind::ContentLength);
            }
        }
    }

    /// Keeps the first fault.
    #[cold]
    pub(crate) fn fault(&mut self, at: usize, kind: FaultKind) {
        self.fault.get_or_insert(Fault { at, kind });
    }

    /// The first row of a name.
    #[inline]
    pub(crate) fn first_row(&self, name: HeaderName) -> Option<&Row> {
        let place = *self.first.get(name.index())?;
        self.rows.get(usize::from(place))
    }

    /// All rows of a name.
    #[inline]
    pub(crate) fn rows_of(&self, name: HeaderName) -> impl Iterator<Item = &Row> {
        let place = self.first.get(name.index()).copied().unwrap_or(ABSENT);
        self.rows
            .get(usize::from(place)..)
            .unwrap_or_default()
            .iter()
            .filter(move |row| row.name == Some(name))
    }
}

/// The octets of a row's value.
#[inline]
pub(crate) fn value<'a>(input: &'a [u8], row: &Row) -> &'a [u8] {
    input.get(row.value as usize..row.end as usize).unwrap_or_default()
}

#[inline]
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// Octets of the CRLFs before a start line, which are ignored. RFC 3261 §7.5.
fn blank_lines(input: &[u8]) -> usize {
    let mut rest = input;
    while let [b'\r', b'\n', tail @ ..] = rest {
        rest = tail;
    }
    input.len() - rest.len()
}

/// Octets of white space and folds before a value, and the value.
#[inline]
fn trim(tail: &[u8]) -> (usize, &[u8]) {
    let mut kept = tail;
    while let [b' ' | b'\t' | b'\r' | b'\n', rest @ ..] = kept {
        kept = rest;
    }
    let skipped = tail.len() - kept.len();
    while let [rest @ .., b' ' | b'\t' | b'\r' | b'\n'] = kept {
        kept = rest;
    }
    (skipped, kept)
}

/// Octets of the name, and of all up to the colon included; 0 without a name or a colon.
#[inline]
fn split(line: &[u8]) -> (usize, usize) {
    let name = span(line, TOKEN);
    let mut rest = line.get(name..).unwrap_or_default();
    // HCOLON: white space may stand before the colon. RFC 3261 §25.1.
    while let [b' ' | b'\t', tail @ ..] = rest {
        rest = tail;
    }
    match rest {
        [b':', tail @ ..] if name > 0 => (name, line.len() - tail.len()),
        _ => (name, 0),
    }
}
