//! SSA, as the stack calls it.
//!
//! Every signal stands still for one round trip. `request_received` must have its verdict then; what
//! the manager says to be pending is awaited as it is in one process. Without an answer the peer is
//! told to come again, and nothing leaves that would need the manager.

use crate::client::Client;
use crate::connection::First;
use crate::wire::{Body, BodyQuestion, Carries, Exchange};
use ssa::{
    Answer, Arrival, Authentication, Authorized, BodyVerdict, CallRef, Direction, Incoming,
    Leaving, Plan, Received, Refusal, Request, Required, Response, SipSecurity, Why,
};
use std::time::Duration;

/// When a peer may try again: another process is there by then.
const RETRY: Duration = Duration::from_secs(2);

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
        match self.ask(question) {
            Ok(First::Answer(Body::Verdict(verdict))) => {
                let read = T::from_wire(verdict);
                if read.is_none() {
                    self.nonsense();
                }
                Answer::Ready(read.unwrap_or_else(T::refused))
            }
            Ok(First::Pending(within, later)) => {
                let future = Box::pin(async move {
                    later.answer().await.and_then(T::from_wire).unwrap_or_else(T::refused)
                });
                Answer::Pending { within, future }
            }
            Ok(First::Answer(_)) => {
                self.nonsense();
                Answer::Ready(T::refused())
            }
            Err(_) => Answer::Ready(T::refused()),
        }
    }
}

impl SipSecurity for Client {
    fn request_received(
        &self, call: CallRef, arrival: &Arrival<'_>, request: &Request<'_>,
    ) -> Received {
        let question = Body::RequestReceived(Box::new(Exchange::of(call, request).over(arrival)));
        let read = |body| match body {
            Body::Verdict(verdict) => Received::from_wire(verdict),
            _ => None,
        };
        self.ask_now(question, read).unwrap_or_else(|_| Received::refused())
    }

    fn authenticate(
        &self, call: CallRef, arrival: &Arrival<'_>, request: &Request<'_>,
    ) -> Answer<Authentication> {
        self.verdict(Body::Authenticate(Box::new(Exchange::of(call, request).over(arrival))))
    }

    fn got_401_unauthorized(
        &self, call: CallRef, hop: &Arrival<'_>, response: &Response<'_>, sent: &Request<'_>,
    ) -> Answer<Required> {
        self.verdict(Body::Got401(Box::new(Exchange::of(call, sent).over(hop).answered(response))))
    }

    fn encrypt(
        &self, call: CallRef, direction: Direction, plan: Option<Plan>, body: ssa::Body,
    ) -> Answer<BodyVerdict> {
        self.verdict(Body::Encrypt(BodyQuestion::of(call, direction, plan, body)))
    }

    fn decrypt(&self, call: CallRef, direction: Direction, body: ssa::Body) -> Answer<BodyVerdict> {
        self.verdict(Body::Decrypt(BodyQuestion::of(call, direction, None, body)))
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
        self.tell(Body::Abandon(call.0));
    }
}
