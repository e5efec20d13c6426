//! What was wrong with a document, and where.

use std::fmt;

/// Of what was found instead, so many characters are quoted.
const QUOTED: usize = 60;
/// Of what is told of it in words, so many.
const TOLD: usize = 200;

/// A document that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DocumentError {
    /// Offset in octets of where it went wrong, or of the element that lacks something.
    pub at: usize,
    /// What should have stood there.
    pub expected: Wanted,
    /// What stood there, in words, shortened: where it is quoted, a peer wrote it.
    pub found: String,
}

/// What a reader of documents expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wanted {
    /// An element of this name, in the namespace of the document.
    Element(&'static str),
    /// An attribute of this name.
    Attribute(&'static str),
    /// What these words say.
    Words(&'static str),
}

impl DocumentError {
    /// What was found is quoted.
    pub(in crate::packages) fn quoting(at: usize, expected: Wanted, found: &str) -> Self {
        let short: String = found.chars().take(QUOTED).collect();
        let more = if short.len() < found.len() { "…" } else { "" };
        Self { at, expected, found: format!("`{}{more}`", short.escape_debug()) }
    }

    /// What was found is told in words, in which the library may quote the peer's.
    pub(in crate::packages) fn telling(at: usize, expected: Wanted, found: &str) -> Self {
        Self { at, expected, found: found.chars().take(TOLD).collect() }
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Element(name) => write!(f, "an element `{name}`"),
            Self::Attribute(name) => write!(f, "an attribute `{name}`"),
            Self::Words(words) => f.write_str(words),
        }
    }
}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {} at octet {}, found {}", self.expected, self.at, self.found)
    }
}

impl std::error::Error for DocumentError {}
