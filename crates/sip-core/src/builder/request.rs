//! Requests. RFC 3261 §8.1.1.

use super::text::Text;
use crate::Method;
use bytes::Bytes;

/// Builds a request.
#[derive(Clone, Debug)]
pub struct RequestBuilder {
    text: Text,
}

impl RequestBuilder {
    /// A request with its start line and no field.
    pub fn new(method: Method<'_>, uri: &[u8]) -> Self {
        let start_line = [method.as_bytes(), b" ", uri, b" ", b"SIP/2.0"];
        Self { text: Text::new(start_line) }
    }

    /// Adds a field. The name is a [`HeaderName`](crate::HeaderName) or any text.
    #[must_use]
    pub fn field(mut self, name: impl AsRef<str>, value: impl AsRef<[u8]>) -> Self {
        self.text.field(name.as_ref(), value.as_ref());
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: &[u8]) -> Self {
        self.text.body(body);
        self
    }

    /// The request, with its Content-Length.
    pub fn build(self) -> Bytes {
        self.text.build()
    }
}
