//! A request that somebody waits for the response to.

use super::endpoint::Endpoint;
use super::inner::Stop;
use crate::manager::{Cause, Event, Key, Misuse, NextHop, RequestId, SipManager};
use crate::{Message, Method, Payload};
use std::fmt;
use std::task::Poll;
use std::time::Instant;

/// Why a request has no response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoResponse {
    /// It cannot be sent.
    Unsent(Misuse),
    /// Nothing came that counts.
    Failed(Cause),
    /// The endpoint has stopped.
    Stopped,
}

impl Endpoint {
    /// Sends a request that stands for itself outside any dialog, and waits for its final response,
    /// whatever its status: OPTIONS, MESSAGE, or a method that this stack knows nothing of. `from` is
    /// a URI or a name-addr, `to` a URI.
    ///
    /// Dropped, the request goes on, and nobody hears of it.
    ///
    /// # Errors
    /// [`NoResponse::Unsent`] with [`Misuse::Method`] for a method that is part of something larger,
    /// such as INVITE, REGISTER or SUBSCRIBE, for which there are commands of their own; and as
    /// [`request`](Self::request).
    pub async fn ask(
        &self, method: Method<'static>, from: &str, to: &str, payload: impl Into<Payload>,
    ) -> Result<Message, NoResponse> {
        let asked = self.asked(format_args!("{method} {to}"), |core, now| {
            core.ask(now, method, from, to, payload.into())
        })?;
        self.response_to(asked).await
    }

    /// Asks a registrar for all that it keeps of an address of record, of this terminal and of others,
    /// and waits for its final response, whatever its status: [`Message::bindings`] has them. `aor` and
    /// `registrar` are URIs, as those of a [`RegisterConfig`](crate::manager::RegisterConfig).
    /// RFC 3261 §10.2.3.
    ///
    /// # Errors
    /// As [`register`](Self::register) and [`ask`](Self::ask).
    pub async fn bindings(
        &self, aor: &str, registrar: &str, next_hop: Option<&NextHop>,
    ) -> Result<Message, NoResponse> {
        let asked = self.asked(format_args!("REGISTER {registrar}"), |core, now| {
            core.fetch_bindings(now, aor, registrar, next_hop)
        })?;
        self.response_to(asked).await
    }

    async fn response_to(&self, asked: Asked<'_>) -> Result<Message, NoResponse> {
        let mut response = None;
        while let Some(event) = self.next_of(asked.id.0).await {
            match event {
                Event::Responded { response: came, .. } => {
                    let limits = self.0.lock().config.sip.limits.clone();
                    response = came.message(&limits);
                }
                Event::RequestAnswered { outcome: Err(cause), .. } if response.is_none() => {
                    return Err(NoResponse::Failed(cause));
                }
                Event::RequestAnswered { .. } => break,
                _ => {}
            }
        }
        response.ok_or(NoResponse::Stopped)
    }

    /// Sends it, with a place for its events: before the task can hear of any.
    fn asked(
        &self, what: fmt::Arguments<'_>,
        send: impl FnOnce(&mut SipManager, Instant) -> Result<RequestId, Misuse>,
    ) -> Result<Asked<'_>, NoResponse> {
        let mut inner = self.0.lock();
        if inner.stop == Stop::Done {
            return Err(NoResponse::Stopped);
        }
        inner.observer.command("request", None, what);
        let now = inner.runtime.now();
        let id = send(&mut inner.core, now).map_err(NoResponse::Unsent)?;
        inner.claims.take(id.0, None);
        inner.wake();
        Ok(Asked { endpoint: self, id })
    }

    /// The next event about what has a handle; `None`: nothing follows.
    pub(super) async fn next_of(&self, key: Key) -> Option<Event> {
        std::future::poll_fn(|cx| match self.0.lock().claims.next(key, cx.waker()) {
            Ok(event) => Poll::Ready(event),
            Err(()) => Poll::Pending,
        })
        .await
    }
}

/// The place where the events of a request wait.
struct Asked<'a> {
    endpoint: &'a Endpoint,
    id: RequestId,
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        self.endpoint.0.lock().claims.release(self.id.0);
    }
}

impl fmt::Display for NoResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsent(why) => why.fmt(f),
            Self::Failed(cause) => cause.fmt(f),
            Self::Stopped => f.write_str("the endpoint has stopped"),
        }
    }
}

impl std::error::Error for NoResponse {}
