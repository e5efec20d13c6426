//! Dialogs: what two user agents share of a call. RFC 3261 §12.
//!
//! A [`Dialog`] is identifiers, sequence numbers, the remote target and the route set, and where
//! the next request of it goes. It has no timers and no state of its own: those are the call's.

mod identity;
mod route;
mod texts;

pub use identity::{Dialog, Refused};
pub use route::Route;
pub(crate) use route::is_sips;
