//! The XML of event packages: documents of one namespace, read within limits and written.
//!
//! A document comes from a peer. It is UTF-8 and XML 1.0 without a document type: no entity is
//! defined, so none is expanded. Elements and attributes of other namespaces are passed over with all
//! that is in them, whatever prefixes stand for which.

mod element;
mod error;
mod read;
mod write;

pub(super) use element::{Element, number, value, word};
pub use error::{DocumentError, Wanted};
pub(super) use read::read;
pub(super) use write::Writer;

/// A namespace, and the element that a document of it is.
pub(super) type Root = (&'static str, &'static str);

/// Whether XML 1.0 allows a character in a document: its rule `Char`.
const fn is_allowed(it: char) -> bool {
    matches!(it, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}
