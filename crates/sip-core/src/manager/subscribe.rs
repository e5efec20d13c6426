//! Subscriptions: the application's way in. RFC 6665 §4.1.2.

use super::core::SipManager;
use super::misuse::Misuse;
use super::subscriptions::{SubscribeConfig, SubscriptionId};
use super::usages::{Cx, Subscription, Usage};
use std::time::Instant;

impl SipManager {
    /// Subscribes to an event package, and keeps it subscribed until
    /// [`unsubscribe`](Self::unsubscribe), or until the notifier does not grant it.
    ///
    /// # Errors
    /// What is no URI or cannot be reached over UDP, TCP or TLS; [`Misuse::NotAPackage`];
    /// [`Misuse::Full`] where there are as many as [`Config::subscriptions`](super::Config).
    pub fn subscribe(
        &mut self, now: Instant, config: SubscribeConfig,
    ) -> Result<SubscriptionId, Misuse> {
        if self.number_of(Usage::is_subscription) >= self.config.subscriptions {
            return Err(Misuse::Full);
        }
        let (subscription, request) = Subscription::asked(&mut self.io(now), config)?;
        let key = self.insert(now, Usage::Subscription(Box::new(subscription)));
        self.subscription(now, SubscriptionId(key), |it, cx| it.begin(cx, request))?;
        Ok(SubscriptionId(key))
    }

    /// Refreshes a subscription before its time, so that the notifier tells all it has to tell:
    /// RFC 6665 §4.2.1.2.
    ///
    /// # Errors
    /// [`Misuse::Unknown`].
    pub fn resubscribe(&mut self, now: Instant, id: SubscriptionId) -> Result<(), Misuse> {
        self.subscription(now, id, Subscription::resubscribe)
    }

    /// Ends a subscription: the notifier is told, and says its last. RFC 6665 §4.1.2.3.
    ///
    /// # Errors
    /// [`Misuse::Unknown`].
    pub fn unsubscribe(&mut self, now: Instant, id: SubscriptionId) -> Result<(), Misuse> {
        self.subscription(now, id, Subscription::unsubscribe)
    }

    /// Gives a command to a subscription that was asked for.
    fn subscription(
        &mut self, now: Instant, id: SubscriptionId,
        give: impl FnOnce(&mut Subscription, &mut Cx<'_>),
    ) -> Result<(), Misuse> {
        self.give(now, id.0, |it: &mut Subscription, cx| {
            if !it.is_asked() {
                return Err(Misuse::Unknown);
            }
            give(it, cx);
            Ok(())
        })
    }
}
