//! A decorator that shows every signal, redacted, to a sink.

use crate::{
    Answer, Arrival, Authentication, Authorized, Body, BodyVerdict, CallRef, Direction, Incoming,
    Leaving, Plan, Received, Request, Required, Response, SipSecurity, Transport,
};
use std::{fmt, sync::Arc};

/// One signal across the interface; it carries no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// The signal's name, as in `docs/interfaces/ssa.md`: for example `got_401_unauthorized`.
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
pub struct Observed<S: ?Sized> {
    inner: Arc<S>,
    sink: Arc<dyn Sink>,
}

impl<S: ?Sized> Observed<S> {
    /// Watches `inner`.
    pub fn new(inner: Arc<S>, sink: Arc<dyn Sink>) -> Self {
        Self { inner, sink }
    }

    fn asked(&self, name: &'static str, call: CallRef, detail: impl fmt::Debug) {
        let detail = format!("{detail:?}");
        self.sink.signal(Signal { name, call, from_manager: false, detail });
    }

    fn tell<T: Verdict>(&self, name: &'static str, call: CallRef, answer: Answer<T>) -> Answer<T> {
        let sink = Arc::clone(&self.sink);
        match answer {
            Answer::Ready(answer) => Answer::Ready(told(&*sink, name, call, answer)),
            Answer::Pending { within, future } => {
                let future = Box::pin(async move { told(&*sink, name, call, future.await) });
                Answer::Pending { within, future }
            }
        }
    }
}

fn told<T: Verdict>(sink: &dyn Sink, name: &'static str, call: CallRef, answer: T) -> T {
    let name = if answer.is_challenge() { "send_www_authenticate" } else { name };
    sink.signal(Signal { name, call, from_manager: true, detail: format!("{answer:?}") });
    answer
}

/// An answer as it is shown: under its question's name, or as `send_www_authenticate`.
trait Verdict: fmt::Debug + Send + 'static {
    fn is_challenge(&self) -> bool {
        false
    }
}

/// Verdicts that may be the signal `send_www_authenticate`.
macro_rules! may_challenge {
    ($($verdict:ty),*) => {$(
        impl Verdict for $verdict {
            fn is_challenge(&self) -> bool {
                matches!(self, Self::SendWwwAuthenticate { .. })
            }
        }
    )*};
}

may_challenge!(Received, Authentication, Required);
impl Verdict for BodyVerdict {}
impl Verdict for Authorized {}
impl Verdict for Leaving {}
impl Verdict for Incoming {}

/// A method that shows its question (the argument after `;`) and its answer.
macro_rules! watched {
    ($name:ident($($argument:ident: $type:ty),*; $shown:ident) -> $answer:ty) => {
        fn $name(&self, call: CallRef, $($argument: $type),*) -> Answer<$answer> {
            self.asked(stringify!($name), call, &$shown);
            self.tell(stringify!($name), call, self.inner.$name(call, $($argument),*))
        }
    };
}

impl<S: SipSecurity + ?Sized> SipSecurity for Observed<S> {
    fn request_received(
        &self, call: CallRef, from: &Arrival<'_>, request: &Request<'_>,
    ) -> Received {
        let Arrival { transport, source, .. } = from;
        let claimed = request.from.uri.escape_ascii();
        let transport = transport.name();
        let detail =
            format_args!("{request:?}, claimed to be of {claimed}, over {transport} from {source}");
        self.asked("request_received", call, detail);
        let answer = self.inner.request_received(call, from, request);
        told(&*self.sink, "request_received", call, answer)
    }

    watched!(authenticate(from: &Arrival<'_>, request: &Request<'_>; request) -> Authentication);
    watched!(got_401_unauthorized(hop: &Arrival<'_>, response: &Response<'_>, sent: &Request<'_>; response) -> Required);
    watched!(encrypt(direction: Direction, over: Transport, plan: Option<Plan>, body: Body; body) -> BodyVerdict);
    watched!(decrypt(direction: Direction, over: Transport, body: Body; body) -> BodyVerdict);
    watched!(authorize(plan: Plan, request: &Request<'_>; request) -> Authorized);
    watched!(response_leaving(request: &Request<'_>, response: &Response<'_>; response) -> Leaving);
    watched!(response_received(hop: &Arrival<'_>, response: &Response<'_>, sent: &Request<'_>; response) -> Incoming);

    fn abandon(&self, call: CallRef) {
        self.asked("abandon", call, format_args!(""));
        self.inner.abandon(call);
    }
}
