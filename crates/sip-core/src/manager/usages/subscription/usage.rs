//! A subscription: what it is of, who hears of it, and what it sends. RFC 6665 §4.1.2.

use super::event_type::EventType;
use crate::manager::action::Hop;
use crate::manager::io::Io;
use crate::manager::misuse::Misuse;
use crate::manager::requests::{Draft, Outcome, Proven, Purpose, Requests, Way};
use crate::manager::slab::Key;
use crate::manager::subscriptions::{SubscribeConfig, SubscriptionId, SubscriptionNews};
use crate::manager::target::Target;
use crate::manager::usages::cx::Cx;
use crate::manager::usages::ended::Ended;
use crate::manager::{CallId, Event};
use crate::{ContentType, Message, Method};
use ssa::CallRef;
use std::time::Instant;

pub(super) const REQUEST: Purpose = Purpose(0);

/// The next SUBSCRIBE is due: a refresh, or a new try.
pub(super) const AGAIN: u8 = 0;
/// No NOTIFY follows a SUBSCRIBE: Timer N. RFC 6665 §4.1.2.4.
pub(super) const SILENT: u8 = 1;
/// Its time is up.
pub(super) const EXPIRED: u8 = 2;

/// A subscription of ours.
#[derive(Debug)]
pub(in crate::manager) struct Subscription {
    pub(super) name: CallRef,
    /// What its NOTIFYs name.
    pub(super) event: EventType,
    pub(super) of: Of,
    pub(super) dialog: Option<Key>,
    /// What the NOTIFY is found by that makes the dialog.
    pub(super) expected: Option<u64>,
    /// The SUBSCRIBE under way.
    pub(super) request: Option<Key>,
    /// The CSeq of the last one that has an outcome, or of the first.
    pub(super) cseq: u32,
    /// What the last one was authorized by, where it was accepted.
    pub(super) proven: Option<Proven>,
    /// Where it was accepted.
    pub(super) hop: Option<Hop>,
    pub(super) heard: Heard,
    /// When its time is up.
    pub(super) ends: Option<Instant>,
    /// Since when it stands.
    pub(super) since: Option<Instant>,
    /// Failures in a row.
    pub(super) failures: u32,
    /// The notifier's Min-Expires was taken over since the last outcome.
    pub(super) lengthened: bool,
    pub(super) wanted: Wanted,
}

/// Who asked for it, and hears of it.
#[derive(Debug)]
pub(super) enum Of {
    /// A REFER in this call.
    Refer(CallId),
    /// A REFER outside any, to this URI.
    Referral(Box<[u8]>),
    /// The application.
    Asked(Box<SubscribeConfig>),
}

/// What has been heard since the last SUBSCRIBE.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Heard {
    /// No NOTIFY.
    Nothing,
    /// A NOTIFY.
    Notify,
    /// One that says how long the subscription lasts, which counts more than what the 2xx says.
    Expiry,
}

/// How long a subscription is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// It is kept.
    Yes,
    /// It is ended as soon as it has a dialog to say so in, and no request under way.
    NoMore,
    /// Its end was asked for.
    Ending,
    Over,
}

impl Subscription {
    /// One that the application asks for, and its first request.
    ///
    /// # Errors
    /// As [`Draft::prepare`]; [`Misuse::NotAPackage`].
    pub(in crate::manager) fn asked(
        io: &mut Io<'_>, config: SubscribeConfig,
    ) -> Result<(Self, (Draft, Target)), Misuse> {
        let event = EventType::parse(config.event.as_bytes()).ok_or(Misuse::NotAPackage)?;
        if !config.accept.iter().all(|kind| ContentType::parse(kind.as_bytes()).is_ok()) {
            return Err(Misuse::NotAPackage);
        }
        let (draft, target, name) = prepare(io, &config)?;
        Ok((Self::new(name, event, Of::Asked(Box::new(config)), None), (draft, target)))
    }

    pub(super) const fn new(name: CallRef, event: EventType, of: Of, dialog: Option<Key>) -> Self {
        Self {
            name,
            event,
            of,
            dialog,
            expected: None,
            request: None,
            cseq: 0,
            proven: None,
            hop: None,
            heard: Heard::Nothing,
            ends: None,
            since: None,
            failures: 0,
            lengthened: false,
            wanted: Wanted::Yes,
        }
    }

    pub(in crate::manager) const fn name(&self) -> CallRef {
        self.name
    }

    pub(in crate::manager) const fn is_over(&self) -> bool {
        matches!(self.wanted, Wanted::Over)
    }

    pub(in crate::manager) const fn dialog(&self) -> Option<Key> {
        self.dialog
    }

    /// Whether the application asked for it.
    pub(in crate::manager) const fn is_asked(&self) -> bool {
        matches!(self.of, Of::Asked(_))
    }

    /// The URI that it was sent to, where the first NOTIFY makes its dialog.
    pub(super) fn asked_for(&self) -> Option<&[u8]> {
        match &self.of {
            Of::Refer(_) => None,
            Of::Referral(to) => Some(to),
            Of::Asked(config) => Some(config.to.as_bytes()),
        }
    }

    /// Whether a NOTIFY is of this subscription. That of a REFER says its CSeq, or no id, and outside
    /// a call it is the only one there is. RFC 6665 §4.1.3, RFC 3515 §2.4.6.
    pub(in crate::manager) fn is_notified_by(&self, requests: &Requests, notify: &Message) -> bool {
        let Some(event) = EventType::of(notify) else { return false };
        // One that was challenged has another one with each try.
        let cseq = || self.request.and_then(|it| requests.cseq(it)).unwrap_or(self.cseq);
        match &self.of {
            Of::Asked(_) => event.is(&self.event),
            Of::Referral(_) => event.is_of(&self.event),
            Of::Refer(_) => {
                let is_its = |id: &[u8]| id == cseq().to_string().as_bytes();
                event.is_of(&self.event) && event.id().is_none_or(is_its)
            }
        }
    }

    /// Where its notifier is, before it has a dialog.
    pub(in crate::manager) fn notifier(&self, requests: &Requests) -> Option<Hop> {
        self.hop.or_else(|| requests.went_over(self.request?))
    }

    /// Sends the first SUBSCRIBE of a try: from now on its NOTIFY may come.
    pub(in crate::manager) fn begin(&mut self, cx: &mut Cx<'_>, request: (Draft, Target)) {
        self.expect(cx, &request.0);
        self.subscribe(cx, request);
    }

    /// The NOTIFY that makes its dialog may come.
    pub(super) fn expect(&mut self, cx: &mut Cx<'_>, draft: &Draft) {
        let tag = draft.from.tag();
        self.expected = Some(cx.dialogs.expect(&cx.io, &draft.call_id, tag, cx.me));
        self.cseq = draft.cseq;
    }

    /// Sends SUBSCRIBE in its dialog.
    pub(super) fn refresh(&mut self, cx: &mut Cx<'_>) {
        let Some(dialog) = self.dialog else { return };
        let Some((mut draft, target)) = Draft::of_dialog(cx.dialogs, dialog, Method::SUBSCRIBE)
        else {
            return self.on_dialog_gone(cx);
        };
        draft.contact = draft.own_contact();
        self.subscribe(cx, (draft, target));
    }

    fn subscribe(&mut self, cx: &mut Cx<'_>, (mut draft, target): (Draft, Target)) {
        let Of::Asked(config) = &self.of else { return };
        let expires = if self.wanted == Wanted::Ending { 0 } else { config.expires };
        draft.fields.push(("Event", self.event.value()));
        draft.fields.push(("Expires", expires.to_string().into_bytes()));
        if !config.accept.is_empty() {
            draft.fields.push(("Accept", config.accept.join(", ").into_bytes()));
        }
        draft.again = self.proven;
        self.heard = Heard::Nothing;
        cx.stop(AGAIN);
        self.request = Some(cx.send(REQUEST, self.name, (draft, target)));
    }

    /// What became of the REFER or a SUBSCRIBE.
    pub(in crate::manager) fn on_outcome(&mut self, cx: &mut Cx<'_>, ended: &Ended) {
        self.request = None;
        self.cseq = ended.cseq;
        if let Some(entry) = self.dialog.and_then(|dialog| cx.dialogs.get_mut(dialog)) {
            entry.dialog.count_to(ended.cseq);
        }
        if !self.is_asked() {
            return self.on_referred(cx, &ended.outcome);
        }
        self.proven = ended.proven.filter(|_| matches!(ended.outcome, Outcome::Accepted(..)));
        self.on_subscribed(cx, &ended.outcome);
    }

    /// A timer fired.
    pub(in crate::manager) fn on_timer(&mut self, cx: &mut Cx<'_>, timer: u8) {
        match timer {
            AGAIN => self.on_again(cx),
            SILENT => self.on_silence(cx),
            _ => self.on_expired(cx),
        }
    }

    /// Tells the application that asked for it.
    pub(super) fn tell(&self, cx: &mut Cx<'_>, news: SubscriptionNews) {
        cx.tell(Event::Subscription { id: SubscriptionId(cx.me), news });
    }
}

/// The first request of a try, where it goes, and the name of its dialog.
///
/// # Errors
/// As [`Draft::prepare`].
pub(super) fn prepare(
    io: &mut Io<'_>, config: &SubscribeConfig,
) -> Result<(Draft, Target, CallRef), Misuse> {
    let SubscribeConfig { from, to, next_hop, .. } = config;
    let way = Way { from, to, next_hop: next_hop.as_ref() };
    Draft::prepare(io, Method::SUBSCRIBE, &way)
}
