//! Messages that wait for an account's user: subscribed to once the account is registered. RFC 3842.

use super::events::Event;
use super::mailboxes::Mailbox;
use super::shared::Shared;
use super::terminal::Terminal;
use sip_core::manager::{
    NextHop, SubscribeConfig, SubscriptionEnd, SubscriptionId, SubscriptionNews, SubscriptionState,
};
use sip_core::packages::MessageSummary;

/// The lifetime that is asked for, in seconds. RFC 3842 §3.4 takes an hour for usual.
const LIFETIME: u32 = 3_600;

impl Terminal {
    /// Subscribes to the messages that wait for an account, once that is registered. What there are,
    /// [`Event::MessagesWaiting`](super::Event::MessagesWaiting) tells.
    pub fn await_messages(&self, aor: &str, next_hop: Option<NextHop>) {
        let mailbox = Mailbox { next_hop, subscription: None };
        self.shared.mailboxes.lock().insert(aor.to_owned(), mailbox);
    }
}

impl Shared {
    /// An account is registered: its mailbox is subscribed to, where that is wanted and was not done.
    /// Why it cannot be.
    pub(super) fn subscribe_to_messages(&self, aor: &str) -> Option<Event> {
        let mut all = self.mailboxes.lock();
        let mailbox = all.get_mut(aor).filter(|it| it.subscription.is_none())?;
        let subscribed = self.endpoint.subscribe(SubscribeConfig {
            from: aor.to_owned(),
            to: aor.to_owned(),
            next_hop: mailbox.next_hop.clone(),
            event: MessageSummary::EVENT.to_owned(),
            accept: vec![MessageSummary::MEDIA_TYPE.to_owned()],
            expires: LIFETIME,
        });
        match subscribed {
            Ok(id) => {
                mailbox.subscription = Some(id);
                None
            }
            Err(why) => {
                Some(Event::MessagesUnknown { aor: aor.to_owned(), reason: why.to_string() })
            }
        }
    }

    /// What happened to the subscription of a mailbox.
    pub(super) fn mailbox(&self, id: SubscriptionId, news: SubscriptionNews) -> Option<Event> {
        let aor = self.mailboxes.account(id)?;
        match news {
            // What becomes of it follows.
            SubscriptionNews::Notified { state: SubscriptionState::Terminated(_), .. } => None,
            SubscriptionNews::Notified { body, .. } if body.octets.is_empty() => {
                let reason = "the server says nothing of them yet".to_owned();
                Some(Event::MessagesUnknown { aor, reason })
            }
            SubscriptionNews::Notified { body, .. } => match MessageSummary::parse(&body.octets) {
                Ok(summary) => Some(Event::MessagesWaiting { aor, summary }),
                Err(error) => {
                    let reason = format!("the server's message summary cannot be read: {error}");
                    Some(Event::MessagesUnknown { aor, reason })
                }
            },
            SubscriptionNews::Lapsed { why, again } if !again.is_zero() => {
                let reason = format!("{why}; asked again in {} s", again.as_secs());
                Some(Event::MessagesUnknown { aor, reason })
            }
            SubscriptionNews::Lapsed { .. } => None,
            SubscriptionNews::Over { why: SubscriptionEnd::Wanted } => None,
            SubscriptionNews::Over { why } => {
                Some(Event::MessagesUnknown { aor, reason: why.to_string() })
            }
        }
    }
}
