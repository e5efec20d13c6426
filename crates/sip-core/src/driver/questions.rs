//! Questions that are open: futures of the security manager and of the resolver.

use crate::locate::{Servers, Wanted};
use crate::manager::{ConsultId, Query, Verdict};
use net::BoxFuture;
use ssa::{Answer, CallRef, SipSecurity};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// `now` and `time` later; an hour where that is beyond what the clock can say.
pub(super) fn after(now: Instant, time: Duration) -> Instant {
    now.checked_add(time).unwrap_or_else(|| now + Duration::from_secs(3600))
}

/// What asking came to.
pub(super) enum Asked {
    /// Answered at once.
    Ready(Verdict),
    /// Answered later, or not within this time.
    Pending(Duration, BoxFuture<Verdict>),
}

struct Open {
    id: ConsultId,
    deadline: Instant,
    future: BoxFuture<Verdict>,
}

/// The open questions. There are at most as many as transactions and requests of ours.
#[derive(Default)]
pub(super) struct Questions {
    open: Vec<Open>,
}

impl Questions {
    /// Waits for an answer.
    pub(super) fn open(&mut self, id: ConsultId, deadline: Instant, future: BoxFuture<Verdict>) {
        self.open.push(Open { id, deadline, future });
    }

    /// Nobody waits for this one any more: dropping the future cancels the work behind it.
    pub(super) fn cancel(&mut self, id: ConsultId) {
        if let Some(at) = self.open.iter().position(|open| open.id == id) {
            let open = self.open.swap_remove(at);
            let _ = catch_unwind(AssertUnwindSafe(|| drop(open)));
        }
    }

    /// When the next question's time is up.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.open.iter().map(|open| open.deadline).min()
    }

    /// The next answer: a verdict, or that there is none in time.
    pub(super) fn poll(
        &mut self, cx: &mut Context<'_>, now: Instant,
    ) -> Option<(ConsultId, Verdict)> {
        for at in 0..self.open.len() {
            let Some(open) = self.open.get_mut(at) else { break };
            let id = open.id;
            let polled = catch_unwind(AssertUnwindSafe(|| open.future.as_mut().poll(cx)));
            let verdict = match polled {
                Ok(Poll::Ready(verdict)) => verdict,
                Ok(Poll::Pending) if now < open.deadline => continue,
                Ok(Poll::Pending) | Err(_) => Verdict::Unanswered,
            };
            self.cancel(id);
            return Some((id, verdict));
        }
        None
    }
}

/// Tells the security manager that a call is over. A panic changes nothing for the stack.
pub(super) fn abandon(call: CallRef, security: &dyn SipSecurity) {
    let _ = catch_unwind(AssertUnwindSafe(|| security.abandon(call)));
}

/// Asks. A panic is no answer.
pub(super) fn ask(
    query: Query<'_>, security: &dyn SipSecurity, locate: impl FnOnce(&Wanted) -> Asked,
) -> Asked {
    catch_unwind(AssertUnwindSafe(|| put(query, security, locate)))
        .unwrap_or(Asked::Ready(Verdict::Unanswered))
}

/// How much later than a search has its end it is given up: what it found until then counts.
const HANDOVER: Duration = Duration::from_millis(100);

/// What the servers of a name are found to be.
pub(super) fn located(
    found: impl Future<Output = io::Result<Servers>> + Send + 'static, within: Duration,
) -> Asked {
    let future = async move { Verdict::Located(found.await.unwrap_or_default()) };
    Asked::Pending(within.saturating_add(HANDOVER), Box::pin(future))
}

fn put(
    query: Query<'_>, security: &dyn SipSecurity, locate: impl FnOnce(&Wanted) -> Asked,
) -> Asked {
    match query {
        Query::RequestReceived { call, arrival, request } => {
            let received = security.request_received(call, &arrival, &request);
            Asked::Ready(Verdict::Received(received))
        }
        Query::Authenticate { call, arrival, request } => {
            answered(security.authenticate(call, &arrival, &request), Verdict::Authentication)
        }
        Query::Got401 { call, hop, response, sent } => {
            let answer = security.got_401_unauthorized(call, &hop, &response, &sent);
            answered(answer, Verdict::Required)
        }
        Query::Encrypt { call, direction, over, plan, body } => {
            let answer = security.encrypt(call, direction, over, plan, body.clone());
            answered(answer, Verdict::Body)
        }
        Query::Decrypt { call, direction, over, body } => {
            answered(security.decrypt(call, direction, over, body), Verdict::Body)
        }
        Query::Authorize { call, plan, request } => {
            answered(security.authorize(call, plan, &request), Verdict::Authorized)
        }
        Query::ResponseLeaving { call, request, response } => {
            answered(security.response_leaving(call, &request, &response), Verdict::Leaving)
        }
        Query::ResponseReceived { call, hop, response, sent } => {
            let answer = security.response_received(call, &hop, &response, &sent);
            answered(answer, Verdict::Incoming)
        }
        Query::Locate(wanted) => locate(wanted),
    }
}

fn answered<T: 'static>(answer: Answer<T>, verdict: fn(T) -> Verdict) -> Asked {
    match answer {
        Answer::Ready(answer) => Asked::Ready(verdict(answer)),
        Answer::Pending { within, future } => {
            Asked::Pending(within, Box::pin(async move { verdict(future.await) }))
        }
    }
}
