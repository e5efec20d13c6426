//! NOTIFY: what a peer is told, one at a time. RFC 6665 §4.2.2.

use super::usage::{Notifier, Stage, Telling};
use crate::Method;
use crate::manager::requests::{Draft, Outcome, Purpose};
use crate::manager::subscriptions::{SubscriptionState, Termination, ends_subscription};
use crate::manager::usages::cx::Cx;
use std::time::Instant;

const NOTIFY: Purpose = Purpose(0);

impl Notifier {
    /// Tells the peer how it stands, now or once it has heard what is under way.
    pub(super) fn tell_peer(&mut self, cx: &mut Cx<'_>) {
        match self.telling {
            Telling::Done => self.notify(cx),
            Telling::UnderWay => self.telling = Telling::Behind,
            Telling::Behind | Telling::Last => {}
        }
    }

    /// Whether nothing more is to be told than what is, or will be, under way.
    pub(super) const fn is_ending(&self) -> bool {
        matches!(self.state, SubscriptionState::Terminated(_))
    }

    /// Sends what there is to be told.
    pub(super) fn notify(&mut self, cx: &mut Cx<'_>) {
        let request =
            self.dialog.and_then(|dialog| Draft::of_dialog(cx.dialogs, dialog, Method::NOTIFY));
        let (Some((mut draft, target)), Some(event)) = (request, &self.event) else {
            self.stage = Stage::Over;
            return;
        };
        draft.contact = draft.own_contact();
        draft.fields.push(("Event", event.value()));
        let state = in_words(self.state, self.ends, cx.io.now);
        draft.fields.push(("Subscription-State", state.into_bytes()));
        draft.original = self.body.clone();
        self.telling = if self.is_ending() { Telling::Last } else { Telling::UnderWay };
        cx.send(NOTIFY, self.name, (draft, target));
    }

    /// What became of a NOTIFY: what has changed since leaves. A peer that has no subscription wants
    /// to hear no more. RFC 6665 §4.2.2.
    pub(in crate::manager) fn on_outcome(&mut self, cx: &mut Cx<'_>, outcome: &Outcome) {
        let ended = matches!(outcome, Outcome::Failed(cause, _) if ends_subscription(*cause));
        match std::mem::replace(&mut self.telling, Telling::Done) {
            Telling::Last => self.stage = Stage::Over,
            _ if ended => {
                self.on_lost(cx);
                self.stage = Stage::Over;
            }
            Telling::Behind => self.notify(cx),
            Telling::Done | Telling::UnderWay => {}
        }
    }
}

/// A subscription's state, with the time that it has left in whole seconds.
fn in_words(state: SubscriptionState, ends: Option<Instant>, now: Instant) -> String {
    let left = ends.map_or(0, |ends| ends.saturating_duration_since(now).as_secs());
    match state {
        SubscriptionState::Active => format!("active;expires={left}"),
        SubscriptionState::Pending => format!("pending;expires={left}"),
        SubscriptionState::Terminated(Termination::Unsaid) => "terminated".to_owned(),
        SubscriptionState::Terminated(why) => format!("terminated;reason={}", why.word()),
    }
}
