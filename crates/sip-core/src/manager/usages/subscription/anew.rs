//! How a subscription is kept, made anew, and ended. RFC 6665 §4.1.2, §4.1.3.

use super::usage::{AGAIN, EXPIRED, Heard, Of, SILENT, Subscription, Wanted, prepare};
use crate::manager::event::Cause;
use crate::manager::inbound::Inbound;
use crate::manager::requests::{Answer, Outcome};
use crate::manager::subscriptions::{
    SubscriptionEnd, SubscriptionNews, Termination, ends_subscription,
};
use crate::manager::usages::cx::Cx;
use crate::manager::usages::pace::{
    LASTING, LONGEST, SOONEST, back_off, is_final, jitter, longer, refresh_after,
};
use std::time::Duration;

impl Subscription {
    /// Ends it: the notifier is told once there is a dialog to tell it in.
    pub(in crate::manager) fn unsubscribe(&mut self, cx: &mut Cx<'_>) {
        if self.wanted != Wanted::Yes || !self.is_asked() {
            return;
        }
        self.wanted = Wanted::NoMore;
        let may_stand = match self.request {
            Some(request) => cx.requests.has_left(request),
            None => self.expected.is_some(),
        };
        if self.dialog.is_none() && !may_stand {
            return self.close(cx, SubscriptionEnd::Wanted);
        }
        cx.stop(AGAIN);
        if let Some(request) = self.request {
            cx.requests.try_no_more(request);
        }
        self.end_if_wanted(cx);
    }

    /// Refreshes it now, where it stands; what is under way, or will be tried anew, does as well.
    pub(in crate::manager) fn resubscribe(&mut self, cx: &mut Cx<'_>) {
        if self.wanted == Wanted::Yes && self.dialog.is_some() && self.request.is_none() {
            self.refresh(cx);
        }
    }

    /// Asks for its end, where that is wanted and possible now.
    pub(super) fn end_if_wanted(&mut self, cx: &mut Cx<'_>) {
        if self.wanted == Wanted::NoMore && self.dialog.is_some() && self.request.is_none() {
            self.wanted = Wanted::Ending;
            self.refresh(cx);
        }
    }

    /// What became of a SUBSCRIBE.
    pub(super) fn on_subscribed(&mut self, cx: &mut Cx<'_>, outcome: &Outcome) {
        match outcome {
            Outcome::Accepted(answer, _) => self.on_accepted(cx, answer),
            Outcome::Untrusted(_, why) => self.on_failed(cx, Cause::Security(*why), None),
            Outcome::Failed(cause, response) => self.on_failed(cx, *cause, response.as_deref()),
            Outcome::Cancelled => self.on_failed(cx, Cause::Timeout, None),
        }
    }

    fn on_accepted(&mut self, cx: &mut Cx<'_>, answer: &Answer) {
        self.lengthened = false;
        if self.heard == Heard::Nothing {
            cx.start(SILENT, cx.io.config.timing.timeout());
        }
        if self.wanted == Wanted::Ending {
            // Its last NOTIFY is yet to come.
            return cx.stop(EXPIRED);
        }
        let response = &answer.response.message;
        let hop = answer.kept_hop(cx.io.config.own());
        self.hop = Some(hop);
        let tag = response.to().ok().and_then(|to| to.tag()).unwrap_or_default();
        // The 2xx may be of another fork than the NOTIFY. RFC 6665 §4.1.4.
        if let Some(dialog) = self.dialog
            && cx.dialogs.get(dialog).is_some_and(|entry| entry.dialog.remote_tag() == tag)
        {
            cx.dialogs.refresh(dialog, hop, response);
        }
        if self.heard < Heard::Expiry {
            let granted = response.expires().ok().flatten();
            self.lasts(cx, granted.unwrap_or(u32::MAX));
        } else {
            self.plan_refresh(cx);
        }
        self.end_if_wanted(cx);
    }

    /// It lasts for so many seconds from now, and not for longer than was asked for.
    pub(super) fn lasts(&mut self, cx: &mut Cx<'_>, seconds: u32) {
        let Of::Asked(config) = &self.of else { return };
        let life = Duration::from_secs(seconds.min(config.expires).min(LONGEST).into());
        self.ends = Some(cx.io.now + life);
        cx.start(EXPIRED, life);
        self.plan_refresh(cx);
    }

    /// Refreshes it in time, unless that is under way.
    fn plan_refresh(&self, cx: &mut Cx<'_>) {
        if let (Wanted::Yes, None, Some(left)) = (self.wanted, self.request, self.left(cx)) {
            cx.start(AGAIN, refresh_after(left));
        }
    }

    /// The time that it has left.
    fn left(&self, cx: &Cx<'_>) -> Option<Duration> {
        Some(self.ends?.saturating_duration_since(cx.io.now))
    }

    fn on_failed(&mut self, cx: &mut Cx<'_>, cause: Cause, response: Option<&Inbound>) {
        if self.wanted == Wanted::Ending {
            return self.close(cx, SubscriptionEnd::Wanted);
        }
        let why = SubscriptionEnd::Failed(cause);
        let asked = response.and_then(Inbound::retry_after);
        let stood = self.dialog.is_some();
        let keeps = self.wanted == Wanted::Yes && cause.status() == Some(423);
        if keeps && response.is_some_and(|it| self.lengthen(it)) {
            self.on_again(cx);
        } else if stood && !ends_subscription(cause) {
            self.refresh_later(cx, asked);
        } else if is_final(cause) {
            self.close(cx, why);
        } else {
            // A notifier that has lost the subscription is asked for another one at once.
            self.lapse(cx, why, asked, stood);
        }
    }

    /// A refresh failed, and the subscription stands until its time is up: once more before.
    fn refresh_later(&mut self, cx: &mut Cx<'_>, asked: Option<Duration>) {
        let left = self.left(cx).unwrap_or_default();
        let wait = asked.unwrap_or(left / 2).max(SOONEST);
        if wait + SOONEST < left {
            cx.start(AGAIN, wait);
        }
        self.end_if_wanted(cx);
    }

    /// Takes over Min-Expires, a day at most; whether that is longer than what was asked for, the
    /// first time. RFC 6665 §4.2.1.1.
    fn lengthen(&mut self, response: &Inbound) -> bool {
        let Of::Asked(config) = &mut self.of else { return false };
        let longer = longer(response, config.expires);
        config.expires = longer.unwrap_or(config.expires);
        !std::mem::replace(&mut self.lengthened, true) && longer.is_some()
    }

    /// The notifier ended it. RFC 6665 §4.1.3.
    pub(super) fn on_terminated(
        &mut self, cx: &mut Cx<'_>, why: Termination, retry_after: Option<Duration>,
    ) {
        let end = SubscriptionEnd::Terminated(why);
        match why {
            Termination::Rejected | Termination::NoResource | Termination::Invariant => {
                self.close(cx, end);
            }
            Termination::Deactivated | Termination::TimedOut => self.lapse(cx, end, None, true),
            Termination::Probation => self.lapse(cx, end, retry_after, false),
            // The time that is named is enough.
            Termination::GivenUp | Termination::Unsaid => {
                self.lapse(cx, end, retry_after, retry_after.is_some());
            }
        }
    }

    /// The next SUBSCRIBE is due: a refresh, or the first of a new try.
    pub(super) fn on_again(&mut self, cx: &mut Cx<'_>) {
        if self.request.is_some() {
            return;
        }
        if self.dialog.is_some() {
            return self.refresh(cx);
        }
        self.expect_no_more(cx);
        let Of::Asked(config) = &self.of else { return };
        match prepare(&mut cx.io, config) {
            Ok((draft, target, name)) => {
                cx.io.hold(name);
                cx.io.release(std::mem::replace(&mut self.name, name));
                self.begin(cx, (draft, target));
            }
            // An address of ours is gone since.
            Err(_) => {
                self.lapse(cx, SubscriptionEnd::Failed(Cause::Transport), None, false);
            }
        }
    }

    /// No NOTIFY followed a SUBSCRIBE.
    pub(super) fn on_silence(&mut self, cx: &mut Cx<'_>) {
        self.lapse(cx, SubscriptionEnd::Failed(Cause::Timeout), None, self.dialog.is_some());
    }

    /// Its time is up.
    pub(super) fn on_time_up(&mut self, cx: &mut Cx<'_>) {
        self.lapse(cx, SubscriptionEnd::Expired, None, true);
    }

    /// The peer has no such dialog any more.
    pub(in crate::manager) fn on_dialog_gone(&mut self, cx: &mut Cx<'_>) {
        let cause = Cause::Status(481);
        match self.of {
            Of::Refer(_) | Of::Referral(_) => self.fail(cx, cause),
            Of::Asked(_) => self.lapse(cx, SubscriptionEnd::Failed(cause), None, true),
        }
    }

    /// A connection was closed: where it was the notifier's, that is told our address anew.
    pub(in crate::manager) fn on_flow_closed(&self, cx: &mut Cx<'_>, flow: ssa::FlowId) {
        let entry = self.dialog.and_then(|dialog| cx.dialogs.get(dialog));
        let is_its = entry.is_some_and(|entry| entry.peer.flow == Some(flow));
        if is_its && self.is_asked() && self.wanted == Wanted::Yes && self.request.is_none() {
            let wait = jitter(&mut cx.io, SOONEST);
            cx.start(AGAIN, wait);
        }
    }

    /// It does not stand any more, and is made anew: `at_once` where nothing failed before, and in
    /// any case not before the time that was asked for.
    fn lapse(
        &mut self, cx: &mut Cx<'_>, why: SubscriptionEnd, asked: Option<Duration>, at_once: bool,
    ) {
        if self.wanted != Wanted::Yes {
            return self.close(cx, SubscriptionEnd::Wanted);
        }
        let stood = self.since.take().map(|since| cx.io.now.saturating_duration_since(since));
        if stood.is_some_and(|stood| stood >= LASTING) {
            self.failures = 0;
        }
        let wait = match self.failures {
            0 if at_once => Duration::ZERO,
            failures => jitter(&mut cx.io, back_off(failures)),
        };
        self.failures = self.failures.saturating_add(1);
        self.leave(cx);
        let again = wait.max(asked.unwrap_or_default());
        cx.start(AGAIN, again);
        self.tell(cx, SubscriptionNews::Lapsed { why, again });
    }

    /// Ends it; nothing follows.
    fn close(&mut self, cx: &mut Cx<'_>, why: SubscriptionEnd) {
        let why = if self.wanted == Wanted::Yes { why } else { SubscriptionEnd::Wanted };
        self.leave(cx);
        self.wanted = Wanted::Over;
        self.tell(cx, SubscriptionNews::Over { why });
    }

    /// Lets go of its dialog, of the request under way, and of what is expected.
    fn leave(&mut self, cx: &mut Cx<'_>) {
        if let Some(request) = self.request.take() {
            cx.requests.forget(&mut cx.io, request);
        }
        if let Some(dialog) = self.dialog.take() {
            cx.dialogs.leave(dialog, cx.me);
        }
        self.expect_no_more(cx);
        self.ends = None;
        self.hop = None;
        cx.stop(SILENT);
        cx.stop(EXPIRED);
    }
}
