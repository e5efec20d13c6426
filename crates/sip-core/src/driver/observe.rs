//! What passes between the telephony application and the SIP manager, for whoever watches.

use crate::manager::{CallId, Event, SubscriberNews, SubscriptionNews};
use ssa::CallRef;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// One signal between the telephony application and the SIP manager; it carries no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// Its name: a command's, such as `invite`, or an event's, such as `answered`.
    pub name: &'static str,
    /// The call, where it is about one.
    pub call: Option<CallRef>,
    /// Whether it goes from the manager to the application.
    pub from_manager: bool,
    /// What it carries, in a few words.
    pub detail: String,
}

/// Who watches.
pub trait Sink: Send + Sync {
    /// Called once a signal, in order. Must not block, and must not call the endpoint.
    fn signal(&self, signal: Signal);
}

/// Tells a sink, and remembers which call is which for it.
#[derive(Default)]
pub(super) struct Observer {
    sink: Option<Arc<dyn Sink>>,
    calls: BTreeMap<CallId, CallRef>,
}

impl Observer {
    pub(super) const fn new(sink: Option<Arc<dyn Sink>>) -> Self {
        Self { sink, calls: BTreeMap::new() }
    }

    /// A call has its name.
    pub(super) fn learn(&mut self, id: CallId, call: CallRef) {
        if self.sink.is_some() {
            self.calls.insert(id, call);
        }
    }

    /// A command was given.
    pub(super) fn command(
        &self, name: &'static str, id: Option<CallId>, detail: fmt::Arguments<'_>,
    ) {
        if self.sink.is_none() {
            return;
        }
        let detail = detail.to_string();
        let call = id.and_then(|id| self.calls.get(&id).copied());
        self.tell(Signal { name, call, from_manager: false, detail });
    }

    /// An event is on its way to the application.
    pub(super) fn event(&mut self, event: &Event) {
        if self.sink.is_none() {
            return;
        }
        if let Event::Incoming { id, call, .. } = event {
            self.learn(*id, *call);
        }
        let (name, id, detail) = describe(event);
        let call = id.and_then(|id| self.calls.get(&id).copied());
        self.tell(Signal { name, call, from_manager: true, detail });
        if let (Event::Ended { .. } | Event::Failed { .. }, Some(id)) = (event, id) {
            self.calls.remove(&id);
        }
    }

    fn tell(&self, signal: Signal) {
        if let Some(sink) = &self.sink {
            sink.signal(signal);
        }
    }
}

/// The name of an event, its call, and what it carries.
fn describe(event: &Event) -> (&'static str, Option<CallId>, String) {
    match event {
        Event::Incoming { id, from, to, .. } => ("incoming", Some(*id), format!("{from} to {to}")),
        Event::Ringing { id, status, .. } => ("ringing", Some(*id), status.to_string()),
        Event::Redirected { id, to } => ("redirected", Some(*id), to.join(" ")),
        Event::Offered { id, body } => ("offered", Some(*id), format!("{body:?}")),
        Event::AnswerTaken { id } => ("answer_taken", Some(*id), String::new()),
        Event::Answered { id, body } => ("answered", Some(*id), format!("{body:?}")),
        Event::Confirmed { id, .. } => ("confirmed", Some(*id), String::new()),
        Event::Reinvited { id, body } => ("reinvited", Some(*id), format!("{body:?}")),
        Event::ReinviteAnswered { id, body } => {
            ("reinvite_answered", Some(*id), format!("{body:?}"))
        }
        Event::ReinviteFailed { id, cause } => ("reinvite_failed", Some(*id), cause.to_string()),
        Event::RefreshDue { id } => ("refresh_due", Some(*id), String::new()),
        Event::Explained { id, why } => ("explained", Some(*id), format!("{why:?}")),
        Event::Ended { id, reason } => ("ended", Some(*id), format!("{reason:?}")),
        Event::Failed { id, cause } => ("failed", Some(*id), cause.to_string()),
        Event::Registered { aor, expires, .. } => ("registered", None, format!("{aor} {expires}")),
        Event::Renewing { aor, why, .. } => ("renewing", None, format!("{aor} {why}")),
        Event::RegistrationFailed { aor, cause, .. } => {
            ("registration_failed", None, format!("{aor} {cause}"))
        }
        Event::Unregistered { aor, .. } => ("unregistered", None, aor.clone()),
        Event::Received { within, method, from, .. } => {
            ("received", *within, format!("{method} from {from}"))
        }
        Event::Unreachable { call, reason } => ("unreachable", *call, reason.clone()),
        Event::Referred { within, to, .. } => ("referred", *within, format!("to {to}")),
        Event::ReferNotified { within, status, .. } => {
            let status = status.map_or_else(|| "nothing".to_owned(), |it| it.to_string());
            ("refer_notified", *within, status)
        }
        Event::ReferFailed { within, cause, .. } => ("refer_failed", *within, cause.to_string()),
        Event::Subscription { news, .. } => ("subscription", None, describe_subscription(news)),
        Event::Responded { response, .. } => ("responded", None, format!("{response:?}")),
        Event::Publication { news, .. } => ("publication", None, format!("{news:?}")),
        Event::Subscriber { news, .. } => ("subscriber", None, describe_subscriber(news)),
        Event::RequestAnswered { outcome, .. } => {
            ("request_answered", None, format!("{outcome:?}"))
        }
    }
}

/// What happened to a subscription, without what the notifier says.
fn describe_subscription(news: &SubscriptionNews) -> String {
    match news {
        SubscriptionNews::Notified { state, body } => {
            format!("{state:?}, {} octets", body.octets.len())
        }
        SubscriptionNews::Lapsed { why, again } => format!("{why}; again in {} s", again.as_secs()),
        SubscriptionNews::Over { why } => format!("over: {why}"),
    }
}

/// What happened to a peer's subscription.
fn describe_subscriber(news: &SubscriberNews) -> String {
    match news {
        SubscriberNews::Asked { event, from, .. } => format!("{event} for {from}"),
        SubscriberNews::Over { why } => format!("over: {why:?}"),
    }
}
