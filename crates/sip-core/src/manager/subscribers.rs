//! Peers' subscriptions: what the application is told of them, and its way in. RFC 6665 §4.2.

use super::core::SipManager;
use super::misuse::Misuse;
use super::slab::Key;
use super::subscriptions::SubscriptionState;
use super::usages::{Cx, Notifier, Usage};
use ssa::{Body, CallRef};
use std::net::SocketAddr;
use std::time::Instant;

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

impl SipManager {
    /// Grants a peer's subscription, for `most` seconds at most: it is answered 200, and told `state`
    /// and `body` at once. They are told again with every refresh.
    ///
    /// # Errors
    /// [`Misuse::Unknown`], [`Misuse::WrongState`] where it was decided before.
    pub fn grant(
        &mut self, now: Instant, id: SubscriberId, most: u32, state: SubscriptionState, body: Body,
    ) -> Result<(), Misuse> {
        self.subscriber(now, id, |it, cx| it.grant(cx, most, (state, body)))
    }

    /// Does not grant a peer's subscription, with a status of 300 to 699.
    ///
    /// # Errors
    /// As [`grant`](Self::grant).
    pub fn refuse(&mut self, now: Instant, id: SubscriberId, status: u16) -> Result<(), Misuse> {
        self.subscriber(now, id, |it, cx| it.decline(cx, status))
    }

    /// Tells a subscriber what has changed; `Terminated` ends its subscription.
    ///
    /// # Errors
    /// [`Misuse::Unknown`], [`Misuse::WrongState`] before it was granted and after its end.
    pub fn notify(
        &mut self, now: Instant, id: SubscriberId, state: SubscriptionState, body: Body,
    ) -> Result<(), Misuse> {
        self.subscriber(now, id, |it, cx| it.change(cx, state, body))
    }

    /// Gives a command to a peer's subscription.
    fn subscriber(
        &mut self, now: Instant, id: SubscriberId,
        give: impl FnOnce(&mut Notifier, &mut Cx<'_>) -> Result<(), Misuse>,
    ) -> Result<(), Misuse> {
        let give = |usage: &mut Usage, cx: &mut Cx<'_>| match usage {
            Usage::Notifier(notifier) if notifier.is_subscriber() => give(notifier, cx),
            Usage::Invite(_)
            | Usage::Unwanted(_)
            | Usage::Registration(_)
            | Usage::Single(_)
            | Usage::Notifier(_)
            | Usage::Publication(_)
            | Usage::Subscription(_) => Err(Misuse::Unknown),
        };
        self.give(now, id.0, give)
    }
}
