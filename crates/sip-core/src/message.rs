//! The message: one buffer, and offsets into it. RFC 3261 §7.

use crate::head::{self, Head, Row};
use crate::places::Places;
use crate::start_line::StartLine;
use crate::{Expected, Fault, FaultKind, HeaderName, Limits, Method, ParseError, StatusCode, Uri};
use bytes::Bytes;
use std::fmt;
use std::sync::OnceLock;

/// A request or a response, as it came or as it will leave.
///
/// It borrows from one buffer: octets and order of all fields are kept, and values are typed when
/// they are asked for. Cloning shares the buffer.
#[derive(Clone)]
pub struct Message {
    bytes: Bytes,
    head: Head,
    body_length: usize,
    /// Where its identity stands, once somebody has read it.
    pub(crate) places: OnceLock<Places>,
}

impl Message {
    /// Reads a datagram. RFC 3261 §18.3: octets after the body are discarded; without a
    /// Content-Length the body is all that follows the head.
    ///
    /// Only what cannot be framed is refused: see [`fault`](Self::fault) and
    /// [`validate`](crate::validate) for the rest.
    ///
    /// # Errors
    /// No start line, no end of the head, or more octets than the limit.
    pub fn parse(datagram: Bytes, limits: &Limits) -> Result<Self, ParseError> {
        if datagram.len() > limits.datagram {
            return Err(ParseError::new(limits.datagram, Expected::FewerOctets));
        }
        let mut head = Head::read(&datagram, limits)?;
        let follows = datagram.len() - head.length;
        let body_length = match head.content_length {
            Some(length) if length > follows => {
                head.fault(datagram.len(), FaultKind::BodyTruncated);
                follows
            }
            Some(length) => length,
            None => follows,
        };
        Ok(Self { bytes: datagram, head, body_length, places: OnceLock::new() })
    }

    /// A message whose head was read before; `bytes` is head and body.
    pub(crate) fn from_parts(bytes: Bytes, head: Head) -> Self {
        let body_length = bytes.len().saturating_sub(head.length);
        Self { bytes, head, body_length, places: OnceLock::new() }
    }

    /// All octets, those after the body included.
    pub const fn as_bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The first thing wrong that was met when the message was framed.
    pub const fn fault(&self) -> Option<Fault> {
        self.head.fault
    }

    /// Whether each LF of the head follows a CR.
    pub(crate) const fn feeds_follow_returns(&self) -> bool {
        self.head.feeds_follow_returns
    }

    /// Whether this is a request.
    #[inline]
    pub const fn is_request(&self) -> bool {
        matches!(self.head.start_line, StartLine::Request { .. })
    }

    /// The method of a request.
    #[inline]
    pub fn method(&self) -> Option<Method<'_>> {
        match self.head.start_line {
            StartLine::Request { method, .. } => Some(Method::new(method.of(&self.bytes))),
            StartLine::Response { .. } => None,
        }
    }

    /// The Request-URI of a request, as it stands.
    #[inline]
    pub fn request_uri(&self) -> Option<&[u8]> {
        match self.head.start_line {
            StartLine::Request { uri, .. } => Some(uri.of(&self.bytes)),
            StartLine::Response { .. } => None,
        }
    }

    /// The Request-URI, typed.
    ///
    /// # Errors
    /// A response has none; else where and what was expected.
    pub fn uri(&self) -> Result<Uri<'_>, ParseError> {
        self.uri_by(Uri::parse)
    }

    /// The Request-URI, typed by this reader.
    pub(crate) fn uri_by<'a>(
        &'a self, parse: impl FnOnce(&'a [u8]) -> Result<Uri<'a>, ParseError>,
    ) -> Result<Uri<'a>, ParseError> {
        match self.head.start_line {
            StartLine::Request { uri, .. } => {
                parse(uri.of(&self.bytes)).map_err(|error| error.within(uri.range().start))
            }
            StartLine::Response { .. } => Err(ParseError::new(0, Expected::Uri)),
        }
    }

    /// The status code of a response.
    #[inline]
    pub const fn status(&self) -> Option<StatusCode> {
        match self.head.start_line {
            StartLine::Response { status, .. } => Some(status),
            StartLine::Request { .. } => None,
        }
    }

    /// The reason phrase of a response, as it stands; it may be empty.
    pub fn reason(&self) -> Option<&[u8]> {
        match self.head.start_line {
            StartLine::Response { reason, .. } => Some(reason.of(&self.bytes)),
            StartLine::Request { .. } => None,
        }
    }

    /// Whether the start line says `SIP/2.0`.
    pub fn is_version_2(&self) -> bool {
        self.head.start_line.is_version_2(&self.bytes)
    }

    /// Names and values of all fields in order, octets as they stand, white space around the
    /// value left out. A line without a colon has an empty name.
    pub fn fields(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.head.rows.iter().map(|row| self.split(row))
    }

    /// The value of the first row of a header.
    #[inline]
    pub fn header(&self, name: HeaderName) -> Option<&[u8]> {
        self.head.first_row(name).map(|row| head::value(&self.bytes, row))
    }

    /// The values of all rows of a header; a row may hold a list.
    #[inline]
    pub fn headers(&self, name: HeaderName) -> impl Iterator<Item = &[u8]> {
        self.head.rows_of(name).map(|row| head::value(&self.bytes, row))
    }

    /// The values of all rows of a name, known or not, in any case. Known names are found by
    /// their compact forms too.
    pub fn named<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let known = HeaderName::parse(name.as_bytes());
        let name = name.as_bytes().to_ascii_lowercase();
        self.head.rows.iter().filter_map(move |row| {
            let (text, value) = self.split(row);
            let same = match known {
                Some(known) => row.name == Some(known),
                None => text.eq_ignore_ascii_case(&name),
            };
            same.then_some(value)
        })
    }

    /// The body; never more than Content-Length.
    #[inline]
    pub fn body(&self) -> &[u8] {
        self.bytes.get(self.head.length..self.head.length + self.body_length).unwrap_or_default()
    }

    /// Start line, fields and the empty line.
    pub fn head_bytes(&self) -> &[u8] {
        self.bytes.get(..self.head.length).unwrap_or_default()
    }

    /// Content-Length, where there is one that is a number.
    pub const fn content_length(&self) -> Option<usize> {
        self.head.content_length
    }

    pub(crate) fn rows(&self) -> &[Row] {
        &self.head.rows
    }

    pub(crate) fn first_row(&self, name: HeaderName) -> Option<&Row> {
        self.head.first_row(name)
    }

    fn split(&self, row: &Row) -> (&[u8], &[u8]) {
        let start = row.start as usize;
        let name = self.bytes.get(start..start + usize::from(row.name_length));
        (name.unwrap_or_default(), head::value(&self.bytes, row))
    }
}

impl fmt::Debug for Message {
    /// Prints the start line: fields and bodies carry credentials and keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.method(), self.status()) {
            (Some(method), _) => {
                let uri = self.request_uri().unwrap_or_default();
                write!(f, "Message({method} {})", uri.escape_ascii())
            }
            (_, Some(status)) => write!(f, "Message({status})"),
            (None, None) => f.write_str("Message"),
        }
    }
}
