//! What notifications say: readers for the bodies of single event packages. The machine that
//! subscribes and tells is the [`manager`](crate::manager)'s, and knows none of them.

mod message_summary;

pub use message_summary::{Count, MessageSummary};
