//! A call as a handle: its own events, its commands, and its end when it is dropped.

use super::endpoint::Endpoint;
use super::inner::Stop;
use crate::manager::{CallId, Cause, EndReason, Event, Misuse, RequestId};
use crate::{Message, Method, Payload};
use ssa::Body;
use std::collections::VecDeque;
use std::fmt;

/// A call. Its events come here and nowhere else.
///
/// Dropped, it ends: with CANCEL before it is answered, with BYE after, and an incoming one that has
/// no answer yet with 480. [`keep`](Self::keep) lets it go on. While there is a handle of a call,
/// its endpoint goes on, too.
pub struct Call {
    endpoint: Endpoint,
    id: CallId,
    /// Whether it goes on without a handle.
    kept: bool,
}

/// Why a call was not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unanswered {
    /// It did not come about.
    Failed(Cause),
    /// It was over before.
    Ended(EndReason),
    /// The endpoint has stopped.
    Stopped,
}

impl Endpoint {
    /// Calls `to` with this offer; an empty one leaves it to the callee, whose offer
    /// [`Event::Offered`] brings. `from` is a URI or a name-addr, `to` a URI.
    ///
    /// # Errors
    /// As [`prepare`](Self::prepare), which does more: header fields, and another next hop.
    pub fn call(&self, from: &str, to: &str, offer: Body) -> Result<Call, Misuse> {
        let call = self.handle(self.prepare(from, to, None)?.id)?;
        self.invite(call.id, offer)?;
        Ok(call)
    }

    /// The handle of a call that was prepared, or came in: its events, those included that
    /// [`Events`](super::Events) has not handed out, come to the handle from now on.
    ///
    /// # Errors
    /// [`Misuse::Unknown`] where there is no such call, [`Misuse::WrongState`] where it has a handle.
    pub fn handle(&self, id: CallId) -> Result<Call, Misuse> {
        self.claim(id)?;
        Ok(Call { endpoint: self.clone(), id, kept: false })
    }
}

impl Call {
    /// Names the call in the endpoint's commands, which all do for it, too.
    pub const fn id(&self) -> CallId {
        self.id
    }

    /// The next event; `None` once [`Event::Ended`] or [`Event::Failed`] was read, or the endpoint
    /// has stopped.
    pub async fn next(&mut self) -> Option<Event> {
        self.endpoint.next_of(self.id.0).await
    }

    /// Waits for the callee's answer: the session description that it brought. Events before it are
    /// passed over, an [`Event::Offered`] too: who calls without an offer reads them with
    /// [`next`](Self::next).
    ///
    /// # Errors
    /// The call did not come about, or was ended.
    pub async fn answered(&mut self) -> Result<Body, Unanswered> {
        while let Some(event) = self.next().await {
            match event {
                Event::Answered { body, .. } => return Ok(body),
                Event::Failed { cause, .. } => return Err(Unanswered::Failed(cause)),
                Event::Ended { reason, .. } => return Err(Unanswered::Ended(reason)),
                _ => {}
            }
        }
        Err(Unanswered::Stopped)
    }

    /// Waits for the end; `None` where it did not come about, or the endpoint has stopped. Events
    /// before it are passed over: what the peer asks for meanwhile is refused, since nobody answers.
    pub async fn ended(&mut self) -> Option<EndReason> {
        while let Some(event) = self.next().await {
            if let Event::Ended { reason, .. } = event {
                return Some(reason);
            }
        }
        None
    }

    /// The INVITE of a call that came in, as [`Endpoint::invitation`].
    pub fn invitation(&self) -> Option<Message> {
        self.endpoint.invitation(self.id)
    }

    /// As [`Endpoint::answer`].
    ///
    /// # Errors
    /// As there.
    pub fn answer(&self, body: Body) -> Result<(), Misuse> {
        self.endpoint.answer(self.id, body)
    }

    /// As [`Endpoint::ring`].
    ///
    /// # Errors
    /// As there.
    pub fn ring(&self) -> Result<(), Misuse> {
        self.endpoint.ring(self.id)
    }

    /// As [`Endpoint::accept`].
    ///
    /// # Errors
    /// As there.
    pub fn accept(&self, body: Body) -> Result<(), Misuse> {
        self.endpoint.accept(self.id, body)
    }

    /// As [`Endpoint::reject`].
    ///
    /// # Errors
    /// As there.
    pub fn reject(&self, status: u16) -> Result<(), Misuse> {
        self.endpoint.reject(self.id, status)
    }

    /// As [`Endpoint::reinvite`].
    ///
    /// # Errors
    /// As there.
    pub fn reinvite(&self, body: Body) -> Result<(), Misuse> {
        self.endpoint.reinvite(self.id, body)
    }

    /// As [`Endpoint::accept_reinvite`].
    ///
    /// # Errors
    /// As there.
    pub fn accept_reinvite(&self, body: Body) -> Result<(), Misuse> {
        self.endpoint.accept_reinvite(self.id, body)
    }

    /// As [`Endpoint::request_within`].
    ///
    /// # Errors
    /// As there.
    pub fn request(
        &self, method: Method<'static>, payload: impl Into<Payload>,
    ) -> Result<RequestId, Misuse> {
        self.endpoint.request_within(self.id, method, payload)
    }

    /// Asks the peer to call `to`, as [`Endpoint::refer`].
    ///
    /// # Errors
    /// As there.
    pub fn refer(&self, to: &str) -> Result<RequestId, Misuse> {
        self.endpoint.refer(self.id, to)
    }

    /// As [`Endpoint::hang_up`]; [`Event::Ended`] follows.
    ///
    /// # Errors
    /// As there.
    pub fn hang_up(&self) -> Result<(), Misuse> {
        self.endpoint.hang_up(self.id)
    }

    /// Gives the handle up and lets the call go on: its events, those included that were not read,
    /// are for [`Events`](super::Events) again.
    pub fn keep(mut self) -> CallId {
        self.kept = true;
        self.endpoint.give_back(self.id);
        self.id
    }
}

/// What a handle asks for.
impl Endpoint {
    /// A call's events are for its handle from now on.
    fn claim(&self, id: CallId) -> Result<(), Misuse> {
        let mut inner = self.0.lock();
        let inner = &mut *inner;
        if inner.claims.has(id.0) {
            return Err(Misuse::WrongState);
        }
        let is_there = inner.stop != Stop::Done && inner.core.has_call(id);
        let (its, others): (VecDeque<_>, _) =
            inner.events.drain(..).partition(|event| event.call() == Some(id));
        inner.events = others;
        if !is_there && its.is_empty() {
            return Err(Misuse::Unknown);
        }
        inner.claims.take(id.0, its);
        Ok(())
    }

    /// The handle of a call is gone: so is the call, unless it is over.
    fn release(&self, id: CallId) {
        let mut inner = self.0.lock();
        if inner.claims.release(id.0) && inner.stop != Stop::Done {
            inner.observer.command("leave", Some(id), format_args!(""));
            let now = inner.runtime.now();
            inner.core.leave(now, id);
            inner.wake();
        }
    }

    /// A call's events are for whoever reads all from now on.
    fn give_back(&self, id: CallId) {
        let mut inner = self.0.lock();
        let unread = inner.claims.give_back(id.0);
        if inner.listening {
            inner.events.extend(unread);
        }
        if let Some(waker) = inner.event_waker.take() {
            waker.wake();
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if !self.kept {
            self.endpoint.release(self.id);
        }
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Call").field(&self.id).finish()
    }
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(cause) => cause.fmt(f),
            Self::Ended(EndReason::Local) => f.write_str("it was hung up before it was answered"),
            Self::Ended(_) => f.write_str("the peer ended it"),
            Self::Stopped => f.write_str("the endpoint has stopped"),
        }
    }
}

impl std::error::Error for Unanswered {}
