//! An endpoint's subscriptions.

use super::endpoint::Endpoint;
use crate::manager::{Misuse, SubscribeConfig, SubscriptionId};

impl Endpoint {
    /// Subscribes to an event package, and keeps it subscribed.
    ///
    /// # Errors
    /// As [`SipManager::subscribe`](crate::manager::SipManager::subscribe).
    pub fn subscribe(&self, config: SubscribeConfig) -> Result<SubscriptionId, Misuse> {
        let about = format!("{} of {}", config.event, config.to);
        self.command("subscribe", None, format_args!("{about}"), |core, now| {
            core.subscribe(now, config)
        })
    }

    /// Ends a subscription.
    ///
    /// # Errors
    /// [`Misuse::Unknown`].
    pub fn unsubscribe(&self, id: SubscriptionId) -> Result<(), Misuse> {
        self.command("unsubscribe", None, format_args!(""), |core, now| core.unsubscribe(now, id))
    }
}
