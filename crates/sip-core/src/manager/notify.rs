//! The application's commands about peers' subscriptions. RFC 6665 §4.2.

use super::core::SipManager;
use super::misuse::Misuse;
use super::subscribers::SubscriberId;
use super::subscriptions::SubscriptionState;
use super::usages::{Cx, Notifier};
use ssa::Body;
use std::time::Instant;

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
        self.give(
            now,
            id.0,
            |it: &mut Notifier, cx| {
                if it.is_subscriber() { give(it, cx) } else { Err(Misuse::Unknown) }
            },
        )
    }
}
