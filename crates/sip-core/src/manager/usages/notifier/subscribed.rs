//! A SUBSCRIBE of a peer's: whether the application grants it, for how long, and its refresh.
//! RFC 6665 §4.2.1.

use super::usage::{DECIDE, Notifier, Of, Stage, Telling, UNDECIDED};
use crate::manager::event::Event;
use crate::manager::misuse::Misuse;
use crate::manager::serving::{Reply, Served};
use crate::manager::slab::Key;
use crate::manager::subscribers::{SubscriberEnd, SubscriberId, SubscriberNews};
use crate::manager::subscriptions::{SubscriptionState, Termination};
use crate::manager::usages::cx::Cx;
use crate::manager::usages::pace::LONGEST;
use crate::manager::usages::subscription::EventType;
use crate::manager::usages::text;
use crate::{HeaderName, Method};
use ssa::Body;

/// What a SUBSCRIBE asks for that does not say, in seconds. RFC 6665 §3.1.1 leaves it to the package.
const USUAL: u32 = 3600;

impl Notifier {
    /// The SUBSCRIBE came in, authenticated: its package is one that is served.
    pub(super) fn on_subscribe(&mut self, cx: &mut Cx<'_>, server: Key) {
        match self.subscribed(cx, server) {
            Ok(news) => {
                self.stage = Stage::Waiting(server);
                cx.start(UNDECIDED, DECIDE);
                self.tell_application(cx, news);
            }
            Err(reply) => {
                self.stage = Stage::Over;
                cx.answer(server, reply);
            }
        }
    }

    /// The dialog that it makes, and what the application is told.
    ///
    /// # Errors
    /// What it is answered.
    fn subscribed(&mut self, cx: &mut Cx<'_>, server: Key) -> Result<SubscriberNews, Reply> {
        let served = cx.serving.get(server).ok_or_else(|| Reply::new(481))?;
        let message = &served.request.message;
        let events = &cx.io.config.capabilities.events;
        let event = EventType::of(message)
            .filter(|event| events.iter().any(|name| name.as_bytes() == event.package()));
        let event = event.ok_or_else(|| Reply::bad_event(&cx.io.config.capabilities))?;
        let seen = message.ssa_request().ok_or_else(|| Reply::new(400))?;
        let accept = message.headers(HeaderName::Accept).map(text).collect();
        let news = SubscriberNews::Asked {
            call: self.name,
            event: text(event.package()),
            from: text(seen.from.uri),
            to: text(seen.to.uri),
            source: served.request.arrival.source,
            accept,
            expires: asked_for(served),
        };
        self.make_dialog(cx, server)?;
        self.event = Some(event);
        Ok(news)
    }

    /// The application grants it, for `most` seconds at most: 200, and the first NOTIFY at once.
    /// RFC 6665 §4.2.1.2.
    ///
    /// # Errors
    /// [`Misuse::WrongState`] where it was decided before.
    pub(in crate::manager) fn grant(
        &mut self, cx: &mut Cx<'_>, most: u32, (state, body): (SubscriptionState, Body),
    ) -> Result<(), Misuse> {
        let Stage::Waiting(server) = self.stage else { return Err(Misuse::WrongState) };
        cx.stop(UNDECIDED);
        self.most = most.min(LONGEST);
        self.state = state;
        self.body = body;
        self.accept(cx, server);
        if self.is_ending() {
            self.tell_end(cx, SubscriberEnd::Ended);
        }
        Ok(())
    }

    /// A refresh came in, or the end of it. RFC 6665 §4.2.1.4.
    pub(super) fn on_refresh(&mut self, cx: &mut Cx<'_>, server: Key) {
        if self.is_ending() {
            return cx.answer(server, Reply::new(481));
        }
        if let (Some(served), Some(dialog)) = (cx.serving.get(server), self.dialog)
            && self.is_subscriber()
        {
            let hop = served.kept_hop(cx.io.config.own());
            cx.dialogs.refresh(dialog, hop, &served.request.message);
        }
        self.accept(cx, server);
        if self.is_ending() {
            self.tell_end(cx, SubscriberEnd::Unsubscribed);
        }
    }

    /// 200 with the time that it lasts, and NOTIFY; the first waits until that has left.
    fn accept(&mut self, cx: &mut Cx<'_>, server: Key) {
        let Some(served) = cx.serving.get(server) else { return };
        let begins = matches!(self.stage, Stage::Waiting(_));
        let seconds = asked_for(served).min(self.most);
        let mut reply = Reply::new(200);
        reply.fields.push(("Expires", seconds.to_string().into_bytes()));
        reply.fields.extend(self.contact(cx, server));
        cx.answer(server, reply);
        if !self.is_ending() {
            self.lasts(cx, seconds);
        }
        self.stage = Stage::Standing;
        if begins {
            self.telling = Telling::UnderWay;
        } else {
            self.tell_peer(cx);
        }
    }

    /// The answer has left that makes it: the first NOTIFY follows a 2xx, and nothing a refusal of the
    /// security manager's. RFC 6665 §4.2.1.2, RFC 3515 §2.4.4.
    pub(in crate::manager) fn on_answered(
        &mut self, cx: &mut Cx<'_>, served: &Served, status: u16,
    ) {
        let makes_it = served.is_for.dialog.is_none() || served.is_for.row.method == Method::REFER;
        if !makes_it || self.stage != Stage::Standing {
            return;
        }
        if status < 300 {
            return self.notify(cx);
        }
        self.on_lost(cx);
        self.stage = Stage::Over;
    }

    /// What the application has to tell, as it stands now.
    ///
    /// # Errors
    /// [`Misuse::WrongState`] before it was granted, and once its end was told.
    pub(in crate::manager) fn change(
        &mut self, cx: &mut Cx<'_>, state: SubscriptionState, body: Body,
    ) -> Result<(), Misuse> {
        if self.stage != Stage::Standing || self.is_ending() {
            return Err(Misuse::WrongState);
        }
        self.state = state;
        self.body = body;
        self.tell_peer(cx);
        if self.is_ending() {
            self.tell_end(cx, SubscriberEnd::Ended);
        }
        Ok(())
    }

    /// Its time is up. RFC 6665 §4.2.1.4.
    pub(super) fn on_subscriber_expired(&mut self, cx: &mut Cx<'_>) {
        self.end(cx, Termination::TimedOut, SubscriberEnd::Expired);
    }

    /// The terminal stops: the subscriber may try again later.
    pub(in crate::manager) fn stop(&mut self, cx: &mut Cx<'_>) {
        if self.is_subscriber() {
            _ = self.decline(cx, 480);
            self.end(cx, Termination::Probation, SubscriberEnd::Ended);
        }
    }

    fn end(&mut self, cx: &mut Cx<'_>, why: Termination, end: SubscriberEnd) {
        if self.stage == Stage::Standing && !self.is_ending() {
            self.state = SubscriptionState::Terminated(why);
            self.tell_end(cx, end);
            self.tell_peer(cx);
        }
    }

    /// The peer has no such subscription any more, or does not answer.
    pub(super) fn on_lost(&self, cx: &mut Cx<'_>) {
        if self.stage == Stage::Standing && !self.is_ending() {
            self.tell_end(cx, SubscriberEnd::Lost);
        }
    }

    /// Tells the application that nothing more is to be told.
    fn tell_end(&self, cx: &mut Cx<'_>, why: SubscriberEnd) {
        if matches!(self.of, Of::Subscribe) {
            self.tell_application(cx, SubscriberNews::Over { why });
        }
    }

    fn tell_application(&self, cx: &mut Cx<'_>, news: SubscriberNews) {
        cx.tell(Event::Subscriber { id: SubscriberId(cx.me), news });
    }
}

/// The time that a SUBSCRIBE asks for, in seconds.
fn asked_for(served: &Served) -> u32 {
    served.request.message.expires().ok().flatten().unwrap_or(USUAL).min(LONGEST)
}
