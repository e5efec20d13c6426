//! What is wrong with a message that could be framed all the same.

use crate::HeaderName;

/// The first thing wrong that the parser met. The validator turns it into the status owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Offset within the message.
    pub at: usize,
    /// What it is.
    pub kind: FaultKind,
}

/// What is wrong with a message that could be framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultKind {
    /// White space at the end of the start line.
    StartLine,
    /// A line without a name or a colon.
    NotAField,
    /// A second row of a header of which there may be one.
    Duplicate(HeaderName),
    /// A Content-Length that is no number, or too large.
    ContentLength,
    /// No Content-Length on a stream. RFC 3261 §18.3.
    NoContentLength,
    /// Fewer octets than Content-Length says.
    BodyTruncated,
    /// A body over the limit.
    BodyTooLong,
    /// More fields than the limit; those beyond it are not kept.
    TooManyFields,
    /// A value over the limit.
    ValueTooLong,
}

impl FaultKind {
    /// The fault in words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::StartLine => "white space at the end of the start line",
            Self::NotAField => "a line that is no header field",
            Self::Duplicate(_) => "a header field that may occur once occurs twice",
            Self::ContentLength => "a malformed Content-Length",
            Self::NoContentLength => "no Content-Length on a stream",
            Self::BodyTruncated => "the body is shorter than Content-Length",
            Self::BodyTooLong => "the body is too long",
            Self::TooManyFields => "too many header fields",
            Self::ValueTooLong => "a header field is too long",
        }
    }
}
