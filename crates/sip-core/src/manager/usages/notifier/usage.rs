//! A peer's subscription: what it is of, and how far it is.

use crate::dialog::Dialog;
use crate::manager::event::CallId;
use crate::manager::misuse::Misuse;
use crate::manager::serving::Reply;
use crate::manager::slab::Key;
use crate::manager::subscriptions::{SubscriptionState, Termination};
use crate::manager::usages::cx::Cx;
use crate::manager::usages::subscription::EventType;
use crate::{Message, Method};
use ssa::{Body, CallRef};
use std::time::{Duration, Instant};

/// The application has not decided.
pub(super) const UNDECIDED: u8 = 0;
/// The subscription's time is up.
const EXPIRED: u8 = 1;

/// How long the application may take to decide: half of what the peer waits by default. RFC 3261
/// §17.1.2.2.
pub(super) const DECIDE: Duration = Duration::from_secs(16);

/// A peer's subscription.
#[derive(Debug)]
pub(in crate::manager) struct Notifier {
    pub(super) name: CallRef,
    /// What its NOTIFYs name; none before it was read.
    pub(super) event: Option<EventType>,
    pub(super) of: Of,
    pub(super) dialog: Option<Key>,
    pub(super) stage: Stage,
    /// The longest that it may last, in seconds.
    pub(super) most: u32,
    /// When its time is up.
    pub(super) ends: Option<Instant>,
    /// What is to be told.
    pub(super) state: SubscriptionState,
    pub(super) body: Body,
    pub(super) telling: Telling,
}

/// What asked for it.
#[derive(Debug)]
pub(super) enum Of {
    /// A REFER in this call, or outside any; whether its sender wants to hear how it goes on.
    /// RFC 4488 §4.
    Refer(Option<CallId>, bool),
    /// A SUBSCRIBE.
    Subscribe,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It was received.
    Arriving,
    /// The application is to decide on what waits in this transaction.
    Waiting(Key),
    /// It was taken.
    Standing,
    Over,
}

/// How far the peer has been told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Telling {
    /// All.
    Done,
    /// All, once what is under way has arrived: a NOTIFY, or the answer that comes before the first.
    UnderWay,
    /// Not what has changed since that one left.
    Behind,
    /// The last is under way.
    Last,
}

impl Notifier {
    /// One of a REFER that came in the dialog of a call.
    pub(in crate::manager) const fn of_refer(name: CallRef, dialog: Key, within: CallId) -> Self {
        Self::new(name, Of::Refer(Some(within), true), Some(dialog))
    }

    /// One of a REFER that came outside of any dialog.
    pub(in crate::manager) const fn of_referral(name: CallRef) -> Self {
        Self::new(name, Of::Refer(None, true), None)
    }

    /// One of a SUBSCRIBE that came outside of any dialog.
    pub(in crate::manager) const fn of_subscribe(name: CallRef) -> Self {
        Self::new(name, Of::Subscribe, None)
    }

    const fn new(name: CallRef, of: Of, dialog: Option<Key>) -> Self {
        Self {
            name,
            event: None,
            of,
            dialog,
            stage: Stage::Arriving,
            most: 0,
            ends: None,
            state: SubscriptionState::Active,
            body: Body { content_type: None, octets: Vec::new() },
            telling: Telling::Done,
        }
    }

    pub(in crate::manager) const fn name(&self) -> CallRef {
        self.name
    }

    pub(in crate::manager) const fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Over)
    }

    pub(in crate::manager) const fn dialog(&self) -> Option<Key> {
        self.dialog
    }

    /// Whether a SUBSCRIBE asked for it.
    pub(in crate::manager) const fn is_subscriber(&self) -> bool {
        matches!(self.of, Of::Subscribe)
    }

    /// Whether a REFER outside any call asked for it.
    pub(in crate::manager) const fn is_referral(&self) -> bool {
        matches!(self.of, Of::Refer(None, _))
    }

    /// Whether a SUBSCRIBE in its dialog is of this subscription.
    pub(in crate::manager) fn is_refreshed_by(&self, subscribe: &Message) -> bool {
        let event = EventType::of(subscribe);
        self.event.as_ref().zip(event).is_some_and(|(own, other)| own.is(&other))
    }

    /// What asks for it came in, or refreshes it; or something else in a dialog that has nothing else
    /// any more.
    pub(in crate::manager) fn on_request(
        &mut self, cx: &mut Cx<'_>, server: Key, method: Method<'static>,
    ) {
        match self.stage {
            Stage::Arriving if method == Method::REFER => self.on_refer(cx, server),
            Stage::Arriving if method == Method::SUBSCRIBE => self.on_subscribe(cx, server),
            Stage::Standing if method == Method::SUBSCRIBE => self.on_refresh(cx, server),
            Stage::Arriving | Stage::Waiting(_) | Stage::Standing | Stage::Over => {
                cx.answer(server, Reply::new(481));
            }
        }
    }

    /// The dialog of what asks for it outside of any.
    ///
    /// # Errors
    /// 400 without a Contact: there is nobody to tell. RFC 3261 §12.1.1.
    pub(super) fn make_dialog(&mut self, cx: &mut Cx<'_>, server: Key) -> Result<(), Reply> {
        let served = cx.serving.get(server).ok_or_else(|| Reply::new(481))?;
        let dialog = Dialog::of_callee(&served.request.message, served.way.tag());
        let dialog = dialog.ok_or_else(|| Reply::new(400))?;
        let hop = served.kept_hop(cx.io.config.own());
        self.dialog = Some(cx.dialogs.insert(&cx.io, dialog, hop, cx.me));
        Ok(())
    }

    /// The Contact of a 2xx that makes its dialog, or stands in it.
    pub(super) fn contact(&self, cx: &Cx<'_>, server: Key) -> Option<(&'static str, Vec<u8>)> {
        let served = cx.serving.get(server)?;
        let entry = cx.dialogs.get(self.dialog?)?;
        let hop = served.kept_hop(cx.io.config.own());
        Some(("Contact", cx.own_contact((served, &hop), &entry.dialog)))
    }

    /// The application does not take it.
    ///
    /// # Errors
    /// [`Misuse::WrongState`] where it was decided before, and for a status that refuses nothing.
    pub(in crate::manager) fn decline(
        &mut self, cx: &mut Cx<'_>, status: u16,
    ) -> Result<(), Misuse> {
        let Stage::Waiting(server) = self.stage else { return Err(Misuse::WrongState) };
        if !(300..700).contains(&status) {
            return Err(Misuse::WrongState);
        }
        self.stage = Stage::Over;
        cx.answer(server, Reply::declining(status, cx.io.config));
        Ok(())
    }

    /// It was taken, or refreshed: it lasts for so many seconds from now, and its time is up at once
    /// where these are none. RFC 6665 §4.2.1.4.
    pub(super) fn lasts(&mut self, cx: &mut Cx<'_>, seconds: u32) {
        let life = Duration::from_secs(seconds.into());
        self.stage = Stage::Standing;
        self.ends = Some(cx.io.now + life);
        if seconds == 0 {
            self.state = SubscriptionState::Terminated(Termination::TimedOut);
        } else {
            cx.start(EXPIRED, life);
        }
    }

    pub(in crate::manager) fn on_timer(&mut self, cx: &mut Cx<'_>, timer: u8) {
        match (timer, &self.of) {
            (UNDECIDED, Of::Refer(..)) => _ = self.decline(cx, 603),
            (UNDECIDED, Of::Subscribe) => _ = self.decline(cx, 480),
            (_, Of::Refer(..)) => self.on_referrer_expired(cx),
            (_, Of::Subscribe) => self.on_subscriber_expired(cx),
        }
    }

    /// The peer has no such dialog any more.
    pub(in crate::manager) fn on_dialog_gone(&mut self, cx: &mut Cx<'_>) {
        if self.decline(cx, 481).is_err() {
            self.on_lost(cx);
        }
        self.stage = Stage::Over;
    }
}
