//! Messages that leave. RFC 3261 §8.1.1, §8.2.6.
//!
//! Fields are written in the order in which they are given; Content-Length is always the last,
//! and always there. What would break a line is not written: CR, LF and NUL become spaces, so a
//! value cannot add a field.

use crate::{HeaderName, Message, Method, StatusCode};
use bytes::Bytes;

/// Builds a request.
#[derive(Clone, Debug)]
pub struct RequestBuilder {
    text: Text,
}

impl RequestBuilder {
    /// A request with its start line.
    pub fn new(method: Method<'_>, uri: &[u8]) -> Self {
        let mut text = Text::new();
        text.octets(method.as_bytes());
        text.raw(b" ");
        text.octets(uri);
        text.raw(b" SIP/2.0\r\n");
        Self { text }
    }

    /// Adds a field.
    #[must_use]
    pub fn field(mut self, name: HeaderName, value: impl AsRef<[u8]>) -> Self {
        self.text.field(name.as_str(), value.as_ref());
        self
    }

    /// Adds a field of any name.
    #[must_use]
    pub fn extension(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.text.field(name, value.as_ref());
        self
    }

    /// Adds Max-Forwards, CSeq and Call-ID.
    #[must_use]
    pub fn sequence(self, call_id: &[u8], number: u32, method: Method<'_>) -> Self {
        self.field(HeaderName::MaxForwards, "70")
            .field(HeaderName::CallId, call_id)
            .field(HeaderName::CSeq, format!("{number} {method}"))
    }

    /// Ends the request with a body, which may be empty.
    pub fn body(self, body: &[u8]) -> Bytes {
        self.text.finish(body)
    }
}

/// Builds a response.
#[derive(Clone, Debug)]
pub struct ResponseBuilder {
    text: Text,
}

impl ResponseBuilder {
    /// A response without any field.
    pub fn new(status: StatusCode, reason: &str) -> Self {
        let mut text = Text::new();
        text.raw(b"SIP/2.0 ");
        text.raw(status.to_string().as_bytes());
        text.raw(b" ");
        text.octets(reason.as_bytes());
        text.raw(b"\r\n");
        Self { text }
    }

    /// The response to a request: all Via rows, From, To, Call-ID and CSeq as they came, and
    /// Record-Route in a response that makes a dialog. RFC 3261 §8.2.6.2, §12.1.1.
    ///
    /// `tag` is put on a To that has none; 100 leaves it as it is.
    pub fn to(request: &Message, status: StatusCode, tag: Option<&[u8]>) -> Self {
        Self::with_reason(request, status, status.reason(), tag)
    }

    /// Like [`to`](Self::to), with a reason phrase of one's own.
    pub fn with_reason(
        request: &Message,
        status: StatusCode,
        reason: &str,
        tag: Option<&[u8]>,
    ) -> Self {
        let mut response = Self::new(status, reason);
        response.copy(request, HeaderName::Via);
        if status.as_u16() > 100 && status.as_u16() < 300 {
            response.copy(request, HeaderName::RecordRoute);
        }
        response.copy(request, HeaderName::From);
        response.copy_to(request, tag);
        response.copy(request, HeaderName::CallId);
        response.copy(request, HeaderName::CSeq);
        response
    }

    /// Adds a field.
    #[must_use]
    pub fn field(mut self, name: HeaderName, value: impl AsRef<[u8]>) -> Self {
        self.text.field(name.as_str(), value.as_ref());
        self
    }

    /// Adds a field of any name.
    #[must_use]
    pub fn extension(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.text.field(name, value.as_ref());
        self
    }

    /// Ends the response with a body, which may be empty.
    pub fn body(self, body: &[u8]) -> Bytes {
        self.text.finish(body)
    }

    fn copy(&mut self, request: &Message, name: HeaderName) {
        for value in request.headers(name) {
            self.text.field(name.as_str(), value);
        }
    }

    fn copy_to(&mut self, request: &Message, tag: Option<&[u8]>) {
        let Some(to) = request.header(HeaderName::To) else {
            return;
        };
        let has_tag = request.to().is_ok_and(|to| to.tag().is_some());
        match tag {
            Some(tag) if !has_tag => {
                let value = [to, b";tag=", tag].concat();
                self.text.field(HeaderName::To.as_str(), &value);
            }
            _ => self.text.field(HeaderName::To.as_str(), to),
        }
    }
}

/// Text of a message that grows.
#[derive(Clone)]
struct Text(Vec<u8>);

impl Text {
    fn new() -> Self {
        Self(Vec::with_capacity(1024))
    }

    fn raw(&mut self, octets: &[u8]) {
        self.0.extend_from_slice(octets);
    }

    /// Octets that end no line. Folds, which are copied from other messages, become spaces.
    fn octets(&mut self, octets: &[u8]) {
        let start = self.0.len();
        self.raw(octets);
        for octet in self.0.iter_mut().skip(start) {
            if matches!(octet, b'\r' | b'\n' | 0) {
                *octet = b' ';
            }
        }
    }

    fn field(&mut self, name: &str, value: &[u8]) {
        self.octets(name.as_bytes());
        self.raw(b": ");
        self.octets(value);
        self.raw(b"\r\n");
    }

    fn finish(mut self, body: &[u8]) -> Bytes {
        let length = body.len().to_string();
        self.field(HeaderName::ContentLength.as_str(), length.as_bytes());
        self.raw(b"\r\n");
        self.raw(body);
        self.0.into()
    }
}

impl std::fmt::Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "[{} octets]", self.0.len())
    }
}
