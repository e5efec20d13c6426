//! Requests. RFC 3261 §8.1.1.

use super::text::Text;
use crate::places::Place;
use crate::{HeaderName, Method};
use bytes::Bytes;
use std::fmt;

/// Octets that most requests have room in, and that an allocator has at hand.
const FIRST: usize = 768;

/// Builds a request.
#[derive(Clone)]
pub struct RequestBuilder {
    text: Text,
    body: Vec<u8>,
}

impl RequestBuilder {
    /// A request with its start line and no field.
    pub fn new(method: Method<'_>, uri: &[u8]) -> Self {
        Self::with_capacity(FIRST, method, uri)
    }

    /// The same with room for so many octets.
    pub(crate) fn with_capacity(capacity: usize, method: Method<'_>, uri: &[u8]) -> Self {
        let mut text = Text::with_capacity(capacity);
        text.octets(method.as_bytes());
        text.own(b" ");
        text.octets(uri);
        text.own(b" SIP/2.0");
        text.end_line();
        Self { text, body: Vec::new() }
    }

    /// Adds a field. The name is a [`HeaderName`](crate::HeaderName) or any text.
    #[must_use]
    pub fn field(mut self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Self {
        self.text.field(name.as_ref(), value.as_ref());
        self
    }

    /// Adds CSeq.
    #[must_use]
    pub(crate) fn cseq(mut self, number: u32, method: Method<'_>) -> Self {
        self.text.begin(HeaderName::CSeq);
        self.text.decimal(u64::from(number));
        self.text.own(b" ");
        self.text.octets(method.as_bytes());
        self.text.end_line();
        self
    }

    /// Where the last `length` octets of the field stand that was added last.
    pub(crate) fn last(&self, length: usize) -> Place {
        let end = self.text.len().saturating_sub(b"\r\n".len());
        Place::new(end.saturating_sub(length), length)
    }

    /// Adds fields that stand as they leave.
    #[must_use]
    pub(crate) fn lines(mut self, lines: &Text) -> Self {
        self.text.lines(lines);
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: &[u8]) -> Self {
        self.body = body.to_vec();
        self
    }

    /// The request, with its Content-Length.
    pub fn build(self) -> Bytes {
        self.text.build(&self.body)
    }

    /// The request with this body and its Content-Length.
    pub(crate) fn build_with(self, body: &[u8]) -> Bytes {
        self.text.build(body)
    }
}

impl fmt::Debug for RequestBuilder {
    /// Prints the length: fields and bodies carry credentials and keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestBuilder[{} octets]", self.text.len() + self.body.len())
    }
}
