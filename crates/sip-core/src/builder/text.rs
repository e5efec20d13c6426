//! The text of a message that grows.

use super::digits::push_decimal;
use crate::HeaderName;
use bytes::Bytes;
use std::fmt;

/// Fields, and before them a start line, or not yet.
#[derive(Clone, Default)]
pub(crate) struct Text(Vec<u8>);

impl Text {
    /// A text with room for `capacity` octets.
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self(Vec::with_capacity(capacity))
    }

    /// The number of octets so far.
    pub(crate) const fn len(&self) -> usize {
        self.0.len()
    }

    /// A whole field.
    pub(crate) fn field(&mut self, name: &str, value: &[u8]) {
        let start = self.0.len();
        self.0.extend_from_slice(name.as_bytes());
        self.own(b": ");
        self.0.extend_from_slice(value);
        self.unfold(start);
        self.end_line();
    }

    /// Begins a field whose value comes in parts.
    pub(super) fn begin(&mut self, name: HeaderName) {
        self.0.extend_from_slice(name.as_str().as_bytes());
        self.own(b": ");
    }

    pub(super) fn end_line(&mut self) {
        self.own(b"\r\n");
    }

    /// Octets of our own, as they stand.
    pub(super) fn own(&mut self, octets: &'static [u8]) {
        self.0.extend_from_slice(octets);
    }

    /// Octets that end no line.
    pub(super) fn octets(&mut self, octets: &[u8]) {
        let start = self.0.len();
        self.0.extend_from_slice(octets);
        self.unfold(start);
    }

    /// Has what stands from `start` on end no line: a fold, copied from another message, becomes
    /// spaces.
    fn unfold(&mut self, start: usize) {
        for octet in self.0.get_mut(start..).unwrap_or_default() {
            // Without a branch: most octets stay.
            let ends = matches!(octet, b'\r' | b'\n' | 0);
            *octet = if ends { b' ' } else { *octet };
        }
    }

    /// A number in decimal.
    pub(super) fn decimal(&mut self, number: u64) {
        push_decimal(&mut self.0, number);
    }

    /// The lines of another text.
    pub(super) fn lines(&mut self, other: &Self) {
        self.0.extend_from_slice(&other.0);
    }

    /// The message: Content-Length, the empty line and the body.
    pub(super) fn build(mut self, body: &[u8]) -> Bytes {
        self.begin(HeaderName::ContentLength);
        self.decimal(body.len() as u64);
        self.own(b"\r\n\r\n");
        self.0.extend_from_slice(body);
        self.0.into()
    }
}

impl fmt::Debug for Text {
    /// Prints the length: fields and bodies carry credentials and keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} octets]", self.0.len())
    }
}
