//! SSA, as the stack calls it.
//!
//! Every signal stands still for one round trip. `request_received` must have its verdict then; what
//! the manager says to be pending is awaited as it is in one process. Without an answer the peer is
//! told to come again, and nothing leaves that would need the manager; so it is with the bodies of a
//! call whose proof went with its process.

use crate::client::Client;
use crate::connection::First;
use crate::wire::{Body, BodyQuestion, Carries, Exchange};
use ssa::{
    Answer, Arrival, Authentication, Authorized, BodyVerdict, CallRef, Direction, Incoming,
    Leaving, Plan, Received, Refusal, Request, Required, Response, SipSecurity, Transport, Why,
};
use sst::{Assurance, Call, Proof};
use std::time::Duration;

/// When a peer may try again: another process is there by then.
const RETRY: Duration = Duration::from_secs(2);

/// What begins a call, and changes its media.
const INVITE: &str = "INVITE";

/// What there is where no answer comes.
trait Refuses {
    fn refused() -> Self;
}

impl Refuses for Received {
    fn refused() -> Self {
        Self::Reject(Refusal::try_later(RETRY))
    }
}

impl Refuses for Authentication {
    fn refused() -> Self {
        Self::Refused(Refusal::try_later(RETRY))
    }
}

impl Refuses for Required {
    fn refused() -> Self {
        Self::GiveUp(Why::ManagerUnavailable)
    }
}

impl Refuses for BodyVerdict {
    fn refused() -> Self {
        Self::Refused(Refusal::try_later(RETRY))
    }
}

impl Refuses for Authorized {
    fn refused() -> Self {
        Self::GiveUp(Why::ManagerUnavailable)
    }
}

impl Refuses for Leaving {
    fn refused() -> Self {
        Self::Refused(Refusal::try_later(RETRY))
    }
}

impl Refuses for Incoming {
    fn refused() -> Self {
        Self::AckThenBye(Why::ManagerUnavailable)
    }
}

impl Client {
    fn verdict<T: Carries + Refuses + 'static>(&self, question: Body) -> Answer<T> {
        self.verdict_noted(question, |_| ())
    }

    /// The same, and what is to be noted of it.
    fn verdict_noted<T: Carries + Refuses + 'static>(
        &self, question: Body, note: impl FnOnce(&T) + Send + 'static,
    ) -> Answer<T> {
        let answered = self.ask(question, |first| match first {
            First::Answer(body) => {
                let verdict = verdict_in(body)?;
                note(&verdict);
                Some(Answer::Ready(verdict))
            }
            First::Pending(within, later) => {
                let future = Box::pin(async move {
                    let verdict = later.answer().await.and_then(T::from_wire);
                    let verdict = verdict.unwrap_or_else(T::refused);
                    note(&verdict);
                    verdict
                });
                Some(Answer::Pending { within, future })
            }
        });
        answered.unwrap_or_else(|_| Answer::Ready(T::refused()))
    }

    /// Whether a body is that of a call whose proof nobody knows any more. An empty one says nothing.
    fn is_lost(&self, call: CallRef, body: &ssa::Body) -> bool {
        !body.octets.is_empty() && self.kept().is_lost(call.0)
    }

    /// Notes an INVITE that was admitted by the name that its connection proved; `false` where nobody
    /// says whether it was.
    fn noted_by_name(
        &self, call: CallRef, process: u64, arrival: &Arrival<'_>, request: &Request<'_>,
    ) -> bool {
        if request.method != INVITE || !arrival.transport.is_secure() {
            return true;
        }
        match self.assured(Call(call.0)) {
            Ok(Some(Assurance { proof: Proof::Tls { .. }, .. })) => {
                self.kept().proved(call.0, process);
                true
            }
            Ok(_) => true,
            Err(_) => false,
        }
    }
}

fn verdict_in<T: Carries>(body: Body) -> Option<T> {
    match body {
        Body::Verdict(verdict) => T::from_wire(verdict),
        _ => None,
    }
}

impl SipSecurity for Client {
    fn request_received(
        &self, call: CallRef, arrival: &Arrival<'_>, request: &Request<'_>,
    ) -> Received {
        let question = Body::RequestReceived(Box::new(Exchange::of(call, request).over(arrival)));
        let process = self.kept().process();
        let received = self.ask_now(question, verdict_in).unwrap_or_else(|_| Received::refused());
        if received == Received::Admit && !self.noted_by_name(call, process, arrival, request) {
            return Received::refused();
        }
        received
    }

    fn authenticate(
        &self, call: CallRef, arrival: &Arrival<'_>, request: &Request<'_>,
    ) -> Answer<Authentication> {
        let (kept, process) = (self.kept.clone(), self.kept().process());
        let invites = request.method == INVITE;
        let question = Body::Authenticate(Box::new(Exchange::of(call, request).over(arrival)));
        self.verdict_noted(question, move |verdict| {
            if invites && *verdict == Authentication::Authenticated {
                kept.lock().proved(call.0, process);
            }
        })
    }

    fn got_401_unauthorized(
        &self, call: CallRef, hop: &Arrival<'_>, response: &Response<'_>, sent: &Request<'_>,
    ) -> Answer<Required> {
        self.verdict(Body::Got401(Box::new(Exchange::of(call, sent).over(hop).answered(response))))
    }

    fn encrypt(
        &self, call: CallRef, direction: Direction, over: Transport, plan: Option<Plan>,
        body: ssa::Body,
    ) -> Answer<BodyVerdict> {
        if self.is_lost(call, &body) {
            return Answer::Ready(BodyVerdict::refused());
        }
        self.verdict(Body::Encrypt(BodyQuestion::of(call, (direction, over), plan, body)))
    }

    fn decrypt(
        &self, call: CallRef, direction: Direction, over: Transport, body: ssa::Body,
    ) -> Answer<BodyVerdict> {
        if self.is_lost(call, &body) {
            return Answer::Ready(BodyVerdict::refused());
        }
        self.verdict(Body::Decrypt(BodyQuestion::of(call, (direction, over), None, body)))
    }

    fn authorize(&self, call: CallRef, plan: Plan, request: &Request<'_>) -> Answer<Authorized> {
        self.verdict(Body::Authorize(Box::new(Exchange::of(call, request).under(plan))))
    }

    fn response_leaving(
        &self, call: CallRef, request: &Request<'_>, response: &Response<'_>,
    ) -> Answer<Leaving> {
        self.verdict(Body::ResponseLeaving(Box::new(
            Exchange::of(call, request).answered(response),
        )))
    }

    fn response_received(
        &self, call: CallRef, hop: &Arrival<'_>, response: &Response<'_>, sent: &Request<'_>,
    ) -> Answer<Incoming> {
        self.verdict(Body::ResponseReceived(Box::new(
            Exchange::of(call, sent).over(hop).answered(response),
        )))
    }

    fn abandon(&self, call: CallRef) {
        self.kept().ended(call.0);
        self.tell(Body::Abandon(call.0));
    }
}
