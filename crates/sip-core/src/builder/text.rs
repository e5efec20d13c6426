//! The text of a message that grows.

use crate::HeaderName;
use bytes::Bytes;
use std::fmt;

/// Start line and fields, and the body to come.
#[derive(Clone)]
pub(super) struct Text {
    head: Vec<u8>,
    body: Vec<u8>,
}

impl Text {
    pub(super) fn new(start_line: [&[u8]; 5]) -> Self {
        let mut text = Self { head: Vec::with_capacity(1024), body: Vec::new() };
        for part in start_line {
            text.octets(part);
        }
        text.head.extend_from_slice(b"\r\n");
        text
    }

    pub(super) fn field(&mut self, name: &str, value: &[u8]) {
        self.octets(name.as_bytes());
        self.head.extend_from_slice(b": ");
        self.octets(value);
        self.head.extend_from_slice(b"\r\n");
    }

    pub(super) fn body(&mut self, body: &[u8]) {
        self.body = body.to_vec();
    }

    pub(super) fn build(mut self) -> Bytes {
        let length = self.body.len().to_string();
        self.field(HeaderName::ContentLength.as_str(), length.as_bytes());
        self.head.extend_from_slice(b"\r\n");
        self.head.append(&mut self.body);
        self.head.into()
    }

    /// Octets that end no line. A fold, copied from another message, becomes spaces.
    fn octets(&mut self, octets: &[u8]) {
        let kept = octets.iter().map(|&octet| match octet {
            b'\r' | b'\n' | 0 => b' ',
            octet => octet,
        });
        self.head.extend(kept);
    }
}

impl fmt::Debug for Text {
    /// Prints the length: fields and bodies carry credentials and keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} octets]", self.head.len() + self.body.len())
    }
}
