//! An endpoint's subscriptions, its peers', and what it publishes.

use super::endpoint::Endpoint;
use crate::manager::{
    Misuse, PublicationId, PublishConfig, SubscribeConfig, SubscriberId, SubscriptionId,
    SubscriptionState,
};
use ssa::Body;

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

    /// Refreshes a subscription before its time, so that the notifier tells all it has to tell.
    ///
    /// # Errors
    /// [`Misuse::Unknown`].
    pub fn resubscribe(&self, id: SubscriptionId) -> Result<(), Misuse> {
        self.command("resubscribe", None, format_args!(""), |core, now| core.resubscribe(now, id))
    }

    /// Ends a subscription.
    ///
    /// # Errors
    /// [`Misuse::Unknown`].
    pub fn unsubscribe(&self, id: SubscriptionId) -> Result<(), Misuse> {
        self.command("unsubscribe", None, format_args!(""), |core, now| core.unsubscribe(now, id))
    }

    /// Grants a peer's subscription, for `most` seconds at most.
    ///
    /// # Errors
    /// As [`SipManager::grant`](crate::manager::SipManager::grant).
    pub fn grant(
        &self, id: SubscriberId, most: u32, state: SubscriptionState, body: Body,
    ) -> Result<(), Misuse> {
        self.command("grant", None, format_args!("{most} s"), |core, now| {
            core.grant(now, id, most, state, body)
        })
    }

    /// Does not grant a peer's subscription.
    ///
    /// # Errors
    /// As [`SipManager::refuse`](crate::manager::SipManager::refuse).
    pub fn refuse(&self, id: SubscriberId, status: u16) -> Result<(), Misuse> {
        self.command("refuse", None, format_args!("{status}"), |core, now| {
            core.refuse(now, id, status)
        })
    }

    /// Tells a subscriber what has changed.
    ///
    /// # Errors
    /// As [`SipManager::notify`](crate::manager::SipManager::notify).
    pub fn notify(
        &self, id: SubscriberId, state: SubscriptionState, body: Body,
    ) -> Result<(), Misuse> {
        let length = body.octets.len();
        self.command("notify", None, format_args!("{length} octets"), |core, now| {
            core.notify(now, id, state, body)
        })
    }

    /// Publishes a body, and keeps it published.
    ///
    /// # Errors
    /// As [`SipManager::publish`](crate::manager::SipManager::publish).
    pub fn publish(&self, config: PublishConfig, body: Body) -> Result<PublicationId, Misuse> {
        let about = format!("{} of {}", config.event, config.to);
        self.command("publish", None, format_args!("{about}"), |core, now| {
            core.publish(now, config, body)
        })
    }

    /// Publishes a body in place of what was published before.
    ///
    /// # Errors
    /// As [`SipManager::republish`](crate::manager::SipManager::republish).
    pub fn republish(&self, id: PublicationId, body: Body) -> Result<(), Misuse> {
        let length = body.octets.len();
        self.command("republish", None, format_args!("{length} octets"), |core, now| {
            core.republish(now, id, body)
        })
    }

    /// Takes a publication back.
    ///
    /// # Errors
    /// [`Misuse::Unknown`].
    pub fn unpublish(&self, id: PublicationId) -> Result<(), Misuse> {
        self.command("unpublish", None, format_args!(""), |core, now| core.unpublish(now, id))
    }
}
