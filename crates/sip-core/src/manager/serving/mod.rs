//! The middle layer, server side: a request of a peer's, whatever its method, from its admission to
//! its final response. RFC 3261 §8.2, §22.2.
//!
//! It knows the transactions and the dialogs' sequence numbers; what a request is for, it is told
//! as a usage, to which it hands what has been authenticated and read.

mod reply;
mod served;
mod table;
mod way;

pub(super) use reply::Reply;
pub(super) use served::{For, Served};
pub(super) use table::{News, Serving};
pub(super) use way::Way;
