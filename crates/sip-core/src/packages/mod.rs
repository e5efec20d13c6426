//! What notifications say: readers for the bodies of single event packages, and writers where there
//! is something to tell. The machine that subscribes and tells is the [`manager`](crate::manager)'s,
//! and knows none of them.
//!
//! Those that are XML stand under the feature `xml`: [`dialog_info`], [`reg_info`] and [`presence`].

#[cfg(feature = "xml")]
pub mod dialog_info;
mod message_summary;
#[cfg(feature = "xml")]
pub mod presence;
#[cfg(feature = "xml")]
mod priority;
#[cfg(feature = "xml")]
pub mod reg_info;
#[cfg(feature = "xml")]
mod versions;
#[cfg(feature = "xml")]
mod xml;

pub use message_summary::{Count, MessageSummary};
#[cfg(feature = "xml")]
pub use priority::Priority;
#[cfg(feature = "xml")]
pub use versions::{Applied, Coverage};
#[cfg(feature = "xml")]
pub use xml::{DocumentError, Wanted};
