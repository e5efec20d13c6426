//! A decorator that shows every signal, redacted, to a sink.

use crate::{
    Answer, Arrival, Authentication, Authorized, Body, BodyVerdict, CallRef, Direction, Incoming,
    Leaving, Plan, Received, Request, Required, Response, SipSecurity,
};
use std::fmt;
use std::sync::Arc;

/// One signal across the interface; it carries no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// The signal's name in the specification, for example `got_401_unauthorized`.
    pub name: &'static str,
    /// The call.
    pub call: CallRef,
    /// Whether it goes from the manager to the stack.
    pub from_manager: bool,
    /// What it carries, in a few words.
    pub detail: String,
}

/// Who watches.
pub trait Sink: Send + Sync {
    /// Called once a signal, in order. Must not block.
    fn signal(&self, signal: Signal);
}

/// Shows the signals of `S` to a sink, and changes none.
pub struct Observed<S> {
    inner: S,
    sink: Arc<dyn Sink>,
}

impl<S> Observed<S> {
    /// Watches `inner`.
    pub fn new(inner: S, sink: Arc<dyn Sink>) -> Self {
        Self { inner, sink }
    }

    fn asked(&self, name: &'static str, call: CallRef, detail: impl fmt::Debug) {
        let detail = format!("{detail:?}");
        self.sink.signal(Signal {
            name,
            call,
            from_manager: false,
            detail,
        });
    }

    fn answered<T>(
        &self,
        call: CallRef,
        answer: Answer<T>,
        show: fn(&T) -> (&'static str, String),
    ) -> Answer<T>
    where
        T: Send + 'static,
    {
        let sink = Arc::clone(&self.sink);
        let tell = move |answer: &T| {
            let (name, detail) = show(answer);
            sink.signal(Signal {
                name,
                call,
                from_manager: true,
                detail,
            });
        };
        match answer {
            Answer::Ready(answer) => {
                tell(&answer);
                Answer::Ready(answer)
            }
            Answer::Pending { within, future } => Answer::Pending {
                within,
                future: Box::pin(async move {
                    let answer = future.await;
                    tell(&answer);
                    answer
                }),
            },
        }
    }
}

fn received(answer: &Received) -> (&'static str, String) {
    match answer {
        Received::Admit => ("admit", String::new()),
        Received::SendWwwAuthenticate(fields) => ("send_www_authenticate", format!("{fields:?}")),
        Received::Reject(why) => ("reject", format!("{} {}", why.status, why.reason)),
        Received::Authenticate => ("authenticate?", "the nonce is ours and fresh".to_owned()),
    }
}

fn authentication(answer: &Authentication) -> (&'static str, String) {
    match answer {
        Authentication::Authenticated => ("authenticated", String::new()),
        Authentication::SendWwwAuthenticate(fields) => {
            ("send_www_authenticate", format!("{fields:?}"))
        }
        Authentication::Refused(why) => ("refused", format!("{} {}", why.status, why.reason)),
    }
}

fn required(answer: &Required) -> (&'static str, String) {
    match answer {
        Required::SendWwwAuthenticate { reserve, .. } => (
            "send_www_authenticate",
            format!("required information, {reserve} bytes to reserve"),
        ),
        Required::GiveUp(why) => ("give_up", why.to_string()),
    }
}

fn body(answer: &BodyVerdict) -> (&'static str, String) {
    match answer {
        BodyVerdict::Body(body) => ("body", format!("{body:?}")),
        BodyVerdict::Refused(why) => ("refused", format!("{} {}", why.status, why.reason)),
    }
}

fn authorized(answer: &Authorized) -> (&'static str, String) {
    match answer {
        Authorized::Fields(fields) => ("authorized", format!("{fields:?}")),
        Authorized::GiveUp(why) => ("give_up", why.to_string()),
    }
}

fn leaving(answer: &Leaving) -> (&'static str, String) {
    match answer {
        Leaving::Fields(fields) => ("fields", format!("{fields:?}")),
        Leaving::Refused(why) => ("refused", format!("{} {}", why.status, why.reason)),
    }
}

fn incoming(answer: &Incoming) -> (&'static str, String) {
    match answer {
        Incoming::Accept => ("accept", String::new()),
        Incoming::AckThenBye(why) => ("ack_then_bye", why.to_string()),
        Incoming::Discard => ("discard", String::new()),
    }
}

impl<S: SipSecurity> SipSecurity for Observed<S> {
    fn request_received(
        &self,
        call: CallRef,
        arrival: &Arrival<'_>,
        request: &Request<'_>,
    ) -> Received {
        self.asked("request_received", call, request);
        let answer = self.inner.request_received(call, arrival, request);
        let (name, detail) = received(&answer);
        self.sink.signal(Signal {
            name,
            call,
            from_manager: true,
            detail,
        });
        answer
    }

    fn authenticate(
        &self,
        call: CallRef,
        arrival: &Arrival<'_>,
        request: &Request<'_>,
    ) -> Answer<Authentication> {
        self.asked("authenticate", call, request);
        self.answered(
            call,
            self.inner.authenticate(call, arrival, request),
            authentication,
        )
    }

    fn got_401_unauthorized(
        &self,
        call: CallRef,
        hop: &Arrival<'_>,
        response: &Response<'_>,
        sent: &Request<'_>,
    ) -> Answer<Required> {
        self.asked("got_401_unauthorized", call, response);
        self.answered(
            call,
            self.inner.got_401_unauthorized(call, hop, response, sent),
            required,
        )
    }

    fn encrypt(
        &self,
        call: CallRef,
        direction: Direction,
        plan: Option<Plan>,
        octets: Body,
    ) -> Answer<BodyVerdict> {
        self.asked("encrypt", call, &octets);
        self.answered(
            call,
            self.inner.encrypt(call, direction, plan, octets),
            body,
        )
    }

    fn decrypt(&self, call: CallRef, direction: Direction, octets: Body) -> Answer<BodyVerdict> {
        self.asked("decrypt", call, &octets);
        self.answered(call, self.inner.decrypt(call, direction, octets), body)
    }

    fn authorize(&self, call: CallRef, plan: Plan, request: &Request<'_>) -> Answer<Authorized> {
        self.asked("authorize", call, request);
        self.answered(call, self.inner.authorize(call, plan, request), authorized)
    }

    fn response_leaving(
        &self,
        call: CallRef,
        request: &Request<'_>,
        response: &Response<'_>,
    ) -> Answer<Leaving> {
        self.asked("response_leaving", call, response);
        self.answered(
            call,
            self.inner.response_leaving(call, request, response),
            leaving,
        )
    }

    fn response_received(
        &self,
        call: CallRef,
        hop: &Arrival<'_>,
        response: &Response<'_>,
        sent: &Request<'_>,
    ) -> Answer<Incoming> {
        self.asked("response_received", call, response);
        self.answered(
            call,
            self.inner.response_received(call, hop, response, sent),
            incoming,
        )
    }

    fn abandon(&self, call: CallRef) {
        self.asked("abandon", call, format_args!(""));
        self.inner.abandon(call);
    }
}
