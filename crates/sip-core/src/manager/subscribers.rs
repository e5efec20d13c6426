//! Peers' subscriptions, as the application knows them. RFC 6665 §4.2.

use super::slab::Key;
use ssa::CallRef;
use std::net::SocketAddr;

/// A peer's subscription, as the application names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SubscriberId(pub(crate) Key);

/// How it stands with a peer's subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubscriberNews {
    /// A peer subscribes to one of [`Capabilities::events`](crate::Capabilities): `grant` or `refuse`
    /// within 16 s, without asking a person; 480 follows then.
    Asked {
        /// The subscription towards the security manager.
        call: CallRef,
        /// The event package.
        event: String,
        /// From's URI; who that is, the security manager says.
        from: String,
        /// To's URI: what is subscribed to.
        to: String,
        /// Where it came from.
        source: SocketAddr,
        /// The values of Accept, each with one media type or several; none: the package's own.
        accept: Vec<String>,
        /// The seconds that it is to last; none: what stands is told, once.
        expires: u32,
    },
    /// It is over, and nothing is to be told any more.
    Over {
        /// Why.
        why: SubscriberEnd,
    },
}

/// Why a peer's subscription is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubscriberEnd {
    /// The peer ended it.
    Unsubscribed,
    /// The peer did not refresh it.
    Expired,
    /// The application ended it, or the terminal stops.
    Ended,
    /// The peer does not know it any more, or does not answer.
    Lost,
}
