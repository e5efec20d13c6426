//! Who watches the calls of this terminal, and what it is told of them. RFC 4235.
//!
//! Nobody may, but for users and contacts whom the configuration names, and only as far as the security
//! manager has proved that it is one of them. Each document tells all calls, and those once more that
//! have ended. Call-IDs and tags are not told: by them a call is ended or taken over.

use super::assurance::Assurance;
use super::calls::Live;
use super::events::{Event, Outcome};
use super::settings::Watchers;
use super::shared::Shared;
use super::told::Watcher;
use crate::record::redacted;
use sip_core::manager::{
    CallId, EndReason, SubscriberEnd, SubscriberId, SubscriberNews, SubscriptionState,
};
use sip_core::packages::dialog_info::{
    Dialog, DialogInfo, Direction, Event as Cause, Named, State,
};

/// The longest that a subscription lasts without a refresh, in seconds: the usual of RFC 4235 §3.4.
const LONGEST: u32 = 3_600;

/// Whether who is proved so is one of these: a user by its password, a contact by its pinned key.
fn may_watch(watchers: &Watchers, assurance: &Assurance) -> bool {
    let Some(peer) = &assurance.peer else { return false };
    match (assurance.proof, assurance.trust) {
        ("digest", _) => watchers.users.contains(peer),
        ("pgp", Some("pinned")) => watchers.contacts.iter().any(|contact| contact.names(peer)),
        _ => false,
    }
}

impl Shared {
    /// What happened to a peer's subscription.
    pub(super) fn subscriber(&self, id: SubscriberId, news: SubscriberNews) -> Option<Event> {
        match news {
            SubscriberNews::Asked { call, from, to, source, accept, .. } => {
                let assurance = self.assurance_of(call);
                let from = redacted(&from);
                if let Err(status) = self.admit(id, (&assurance, &accept), to) {
                    // It is there: it has asked just now.
                    _ = self.endpoint.refuse(id, status);
                    let who = assurance.caller(&from);
                    tracing::info!(who, %source, status, "somebody may not watch our calls");
                    return None;
                }
                Some(Event::Watcher { from, source, assurance })
            }
            SubscriberNews::Over { why } => {
                let watcher = self.told.lock().watchers.remove(&id)?;
                Some(Event::WatcherGone { who: watcher.who, why })
            }
        }
    }

    /// Grants a subscription to the calls of `entity`.
    ///
    /// # Errors
    /// The status that it is refused with.
    fn admit(
        &self, id: SubscriberId, (assurance, accept): (&Assurance, &[String]), entity: String,
    ) -> Result<(), u16> {
        if !may_watch(&self.watchers, assurance) {
            return Err(403);
        }
        // RFC 6665 §8.2.1: without an Accept it is the package's own.
        if !accept.is_empty() && !accept.iter().any(|it| accepts(it)) {
            return Err(406);
        }
        let who = assurance.peer.clone().unwrap_or_default();
        let watcher = Watcher { who, entity, version: 0 };
        // Held meanwhile, so that what changes is told after this.
        let mut told = self.told.lock();
        let now = self.dialogs();
        let body = watcher.body(now.clone());
        // What others were not told yet, they are still to be told.
        if told.watchers.is_empty() {
            told.dialogs = now;
        }
        // One that is over already is told of by nobody.
        self.endpoint.grant(id, LONGEST, SubscriptionState::Active, body).map_err(|_| 480_u16)?;
        told.watchers.insert(id, watcher);
        Ok(())
    }

    /// Tells whoever watches what has changed; `over`: the call that is over, and how it ended.
    pub(super) fn tell_watchers(&self, over: Option<(CallId, &Outcome)>) {
        let mut told = self.told.lock();
        if told.watchers.is_empty() {
            return;
        }
        let now = self.dialogs();
        if told.dialogs == now {
            return;
        }
        let before = std::mem::replace(&mut told.dialogs, now.clone());
        let gone = before.into_iter().filter(|it| !now.iter().any(|other| other.id == it.id));
        let all: Vec<_> = now.iter().cloned().chain(gone.map(|it| ended(it, over))).collect();
        for (id, watcher) in &mut told.watchers {
            watcher.version += 1;
            let body = watcher.body(all.clone());
            // Of one that is over, `Over` is under way.
            _ = self.endpoint.notify(*id, SubscriptionState::Active, body);
        }
    }

    /// All calls, as they are told.
    fn dialogs(&self) -> Vec<Dialog> {
        self.calls.each(|id, live| dialog(&self.identity, id, live))
    }
}

fn dialog(identity: &str, id: CallId, live: &Live) -> Dialog {
    let state = match (live.is_up(), live.rings) {
        (true, _) => State::Confirmed,
        (false, true) => State::Early,
        (false, false) => State::Trying,
    };
    let direction = if live.placed { Direction::Initiator } else { Direction::Recipient };
    let named = |uri: &str| vec![Named { uri: uri.to_owned(), display: None }];
    let mut dialog = Dialog::new(&id.to_string(), state);
    dialog.direction = Some(direction);
    dialog.local.identities = named(identity);
    dialog.remote.identities = named(&live.peer);
    dialog
}

/// A call that is told for the last time.
fn ended(dialog: Dialog, over: Option<(CallId, &Outcome)>) -> Dialog {
    let over = over.filter(|(id, _)| id.to_string() == dialog.id).map(|(_, outcome)| outcome);
    let (event, code) = (over.map(cause), over.and_then(Outcome::status));
    Dialog { state: State::Terminated, event, code, ..dialog }
}

/// RFC 4235 §3.7.1.
const fn cause(outcome: &Outcome) -> Cause {
    match outcome {
        Outcome::Ended(EndReason::Local) => Cause::LocalBye,
        Outcome::Ended(EndReason::Remote) | Outcome::Explained(_) => Cause::RemoteBye,
        Outcome::Ended(EndReason::Cancelled | EndReason::AnsweredElsewhere) => Cause::Cancelled,
        Outcome::Ended(EndReason::NoAnswer) => Cause::Timeout,
        Outcome::Failed(cause) if cause.status().is_some() => Cause::Rejected,
        Outcome::Refused(_) | Outcome::Unbelieved => Cause::Rejected,
        Outcome::Ended(EndReason::NoAck | EndReason::Refused | EndReason::Lost)
        | Outcome::Failed(_)
        | Outcome::Unreachable(_)
        | Outcome::Media(_)
        | Outcome::NoMedia
        | Outcome::NoWay
        | Outcome::KeyExhausted
        | Outcome::NotKeyed(_) => Cause::Error,
    }
}

/// Whether a value of Accept has the package's media type among its own. RFC 3261 §20.1.
fn accepts(value: &str) -> bool {
    let types = value.split(',').map(|it| it.split(';').next().unwrap_or_default().trim());
    let all = ["*/*", "application/*", DialogInfo::MEDIA_TYPE];
    types.into_iter().any(|it| all.iter().any(|all| all.eq_ignore_ascii_case(it)))
}

/// Why somebody watches no more, in one word.
pub(crate) const fn code(why: SubscriberEnd) -> &'static str {
    match why {
        SubscriberEnd::Unsubscribed => "unsubscribed",
        SubscriberEnd::Expired => "expired",
        SubscriberEnd::Ended => "ended",
        SubscriberEnd::Lost => "lost",
    }
}

/// The same in words.
pub(crate) const fn words(why: SubscriberEnd) -> &'static str {
    match why {
        SubscriberEnd::Unsubscribed => "it does not want to any more",
        SubscriberEnd::Expired => "it did not say in time that it still wants to",
        SubscriberEnd::Ended => "this terminal stops",
        SubscriberEnd::Lost => "it is not there any more",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proved(proof: &'static str, peer: Option<&str>) -> Assurance {
        Assurance { proof, peer: peer.map(str::to_owned), ..Assurance::none() }
    }

    #[test]
    fn d08_only_the_password_or_the_pinned_key_of_who_is_named_lets_watch() {
        let named = Watchers {
            users: vec!["carol".to_owned()],
            contacts: vec!["sip:dave@example.org".parse().unwrap()],
        };
        let signed = |trust, peer| Assurance { trust, ..proved("pgp", Some(peer)) };
        for (assurance, may) in [
            (proved("digest", Some("carol")), true),
            (proved("digest", Some("Carol")), false),
            (proved("digest", Some("eve")), false),
            (proved("digest", None), false),
            (proved("tls", Some("carol")), false),
            (Assurance { account: Some("carol".to_owned()), ..proved("account", None) }, false),
            (Assurance::none(), false),
            (signed(Some("pinned"), "sip:dave@example.org"), true),
            (signed(Some("pinned"), "sip:dave@EXAMPLE.org"), true),
            (signed(Some("pinned"), "sip:eve@example.org"), false),
            (signed(Some("unverified"), "sip:dave@example.org"), false),
            (signed(None, "sip:dave@example.org"), false),
            // Neither proof is the other's.
            (signed(Some("pinned"), "carol"), false),
            (proved("digest", Some("sip:dave@example.org")), false),
            (proved("tls", Some("sip:dave@example.org")), false),
        ] {
            assert_eq!(may_watch(&named, &assurance), may, "{assurance:?}");
            assert!(!may_watch(&Watchers::default(), &assurance));
        }
    }

    #[test]
    fn the_packages_media_type_is_found_among_those_that_are_accepted() {
        for (value, is_there) in [
            ("application/dialog-info+xml", true),
            ("text/plain, Application/Dialog-Info+XML;q=0.5", true),
            ("application/*", true),
            ("*/*", true),
            ("application/pidf+xml", false),
            ("", false),
        ] {
            assert_eq!(accepts(value), is_there, "{value}");
        }
    }

    #[test]
    fn what_ended_a_call_is_in_the_words_of_rfc_4235() {
        for (outcome, event, code) in [
            (Outcome::Ended(EndReason::Local), Cause::LocalBye, None),
            (Outcome::Ended(EndReason::Cancelled), Cause::Cancelled, None),
            (Outcome::Ended(EndReason::NoAnswer), Cause::Timeout, None),
            (Outcome::Refused(486), Cause::Rejected, Some(486)),
            (Outcome::NoMedia, Cause::Error, None),
        ] {
            let dialog = Dialog::new("x", State::Early);
            assert_eq!(cause(&outcome), event, "{outcome:?}");
            // Of another call nothing is said.
            let other = ended(dialog, None);
            assert_eq!((other.state, other.event, other.code), (State::Terminated, None, None));
            assert_eq!(outcome.status(), code);
        }
    }
}
