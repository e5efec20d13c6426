//! What is published of us, as the application knows it. RFC 3903.

use super::cause::Cause;
use super::config::NextHop;
use super::slab::Key;
use std::time::Duration;

/// A publication, as the application names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PublicationId(pub(crate) Key);

/// What to publish, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishConfig {
    /// Who publishes: a URI or a name-addr.
    pub from: String,
    /// The URI whose state it is.
    pub to: String,
    /// Where the request goes first; `None`: where `to` points.
    pub next_hop: Option<NextHop>,
    /// The event package, such as `presence`.
    pub event: String,
    /// The lifetime to ask for, in seconds. It is refreshed before its end, once a day at least and
    /// once in four seconds at most.
    pub expires: u32,
}

/// How it stands with a publication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublicationNews {
    /// The server has taken what was published, or keeps it.
    Published {
        /// For so many seconds; it is refreshed before.
        expires: u32,
    },
    /// It failed, and is tried again.
    Failed {
        /// Why.
        cause: Cause,
        /// When it is tried again: after this time.
        again: Duration,
    },
    /// It is over, and nothing follows.
    Over {
        /// Why, where that was not wanted.
        cause: Option<Cause>,
    },
}
