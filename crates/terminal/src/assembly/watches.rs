//! What is watched of others: their presence, their calls, where they are registered. RFC 6665.

use super::causes::advice;
use super::events::Event;
use super::known::Package;
use super::shared::Shared;
use super::terminal::Terminal;
use crate::error::Result;
use sip_core::manager::{
    NextHop, SubscribeConfig, SubscriptionEnd, SubscriptionId, SubscriptionNews, SubscriptionState,
};
use sip_core::packages::Applied;

/// The lifetime that is asked for, in seconds: that of RFC 3856 §6.4, RFC 4235 §3.4 and RFC 3680
/// §4.4.
const LIFETIME: u32 = 3_600;

impl Terminal {
    /// Watches somebody until the terminal shuts down. What becomes known, [`Event::Watched`] tells.
    ///
    /// # Errors
    /// The URI is none, or too much is subscribed to.
    pub fn watch(&self, package: Package, to: &str, next_hop: Option<NextHop>) -> Result<()> {
        let shared = &self.shared;
        // Held meanwhile, so that no news come before.
        let mut all = shared.watches.lock();
        let subscribed = shared.endpoint.subscribe(SubscribeConfig {
            from: shared.identity.clone(),
            to: to.to_owned(),
            next_hop: next_hop.clone(),
            event: package.event().to_owned(),
            accept: vec![package.media_type().to_owned()],
            expires: LIFETIME,
        });
        let id = subscribed.map_err(|misuse| self.misused(to, next_hop.as_ref(), misuse))?;
        all.insert(id, (package, package.nothing()));
        Ok(())
    }
}

impl Shared {
    /// What happened to the subscription of what is watched.
    pub(super) fn watched(&self, id: SubscriptionId, news: SubscriptionNews) -> Option<Event> {
        let mut all = self.watches.lock();
        let (package, known) = all.get_mut(&id)?;
        match news {
            SubscriptionNews::Notified { state, body } if body.octets.is_empty() => {
                silent(state).map(|reason| untold(reason.to_owned()))
            }
            SubscriptionNews::Notified { body, .. } => match known.take(&body.octets) {
                Ok(Applied::Old) => None,
                Ok(applied) => {
                    if applied == Applied::Gap {
                        // One that is over needs no refresh.
                        _ = self.endpoint.resubscribe(id);
                    }
                    Some(Event::Watched { known: known.clone() })
                }
                Err(why) => Some(untold(format!("what is told cannot be read: {why}"))),
            },
            SubscriptionNews::Lapsed { why, again } => {
                // The versions of another subscription count anew.
                *known = package.nothing();
                let reason = format!("{why}; asked again in {} s", again.as_secs());
                (!again.is_zero()).then(|| untold(reason))
            }
            SubscriptionNews::Over { why: SubscriptionEnd::Wanted } => None,
            SubscriptionNews::Over { why } => {
                all.remove(&id);
                Some(Event::NotWatched { reason: over(why), is_over: true })
            }
        }
    }
}

/// Why a notification without a body has none; what ends a subscription is told for itself.
const fn silent(state: SubscriptionState) -> Option<&'static str> {
    match state {
        SubscriptionState::Active => Some("nothing is known there"),
        SubscriptionState::Pending => Some("nobody has decided yet whether it is told"),
        SubscriptionState::Terminated(_) => None,
    }
}

const fn untold(reason: String) -> Event {
    Event::NotWatched { reason, is_over: false }
}

fn over(why: SubscriptionEnd) -> String {
    match why {
        SubscriptionEnd::Failed(cause) => format!("{cause}{}", advice(cause)),
        why => why.to_string(),
    }
}
