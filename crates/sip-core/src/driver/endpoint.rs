//! The handle of an endpoint, and its events.

use super::claims::Claims;
use super::config::Config;
use super::inner::{Inner, Shared, Stop};
use super::observe::Observer;
use super::outbox::Outbox;
use super::questions::{Questions, after};
use super::sockets::{Routed, Sockets};
use super::streams::Streams;
use super::task::Task;
use crate::manager::{
    self, Arrival, CallId, Event, Hop, Local, Misuse, NextHop, Ports, Prepared, RegisterConfig,
    RegistrationId, RequestId, SipManager,
};
use crate::{Fields, Message, Method, Payload};
use net::System;
use ssa::{Body, SipSecurity};
use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

/// A SIP endpoint: one SIP manager on its sockets. Clones are handles of the same.
///
/// Once the last handle and its [`Events`] are dropped, the endpoint stops at once; to end calls
/// in order, await [`shutdown`](Self::shutdown) before.
pub struct Endpoint(pub(super) Arc<Shared>);

/// The events of an endpoint.
pub struct Events(Arc<Shared>);

/// How full an endpoint's tables are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// The SIP manager's tables.
    pub manager: manager::Sizes,
    /// Connections, those being opened included.
    pub connections: usize,
}

impl Endpoint {
    /// Binds the sockets and starts the task. [`builder`](Self::builder) is the shorter way.
    ///
    /// The task asks `security` while it holds the endpoint's lock: neither its methods nor its
    /// futures may call the endpoint.
    ///
    /// # Errors
    /// What the network says to a bind: nothing is bound then.
    /// [`io::ErrorKind::InvalidInput`] for an address to advertise that no peer could send to.
    pub fn start(
        system: System, security: Arc<dyn SipSecurity>, config: Config,
    ) -> io::Result<(Self, Events)> {
        let System { runtime, network, keyed, random } = system;
        let sockets = Sockets::bind(&*network, &config.binds)?;
        let sip = manager::Config {
            locals: sockets.locals.clone(),
            routes: Some(Arc::new(Routed(Arc::clone(&network)))),
            ..config.sip.clone()
        };
        let shared = Arc::new(Shared::new(Inner {
            core: SipManager::new(sip, Ports { keyed, random }),
            runtime: Arc::clone(&runtime),
            network,
            security,
            sockets,
            streams: Streams::new(config.clone()),
            questions: Questions::default(),
            observer: Observer::new(config.sink.clone()),
            config,
            events: VecDeque::new(),
            claims: Claims::default(),
            listening: true,
            event_waker: None,
            task_waker: None,
            stop: Stop::No,
            stop_wakers: Vec::new(),
            sleep: None,
            handles: 2,
            batch: Vec::new(),
            outbox: Outbox::default(),
        }));
        runtime.spawn(Box::pin(Task(Arc::clone(&shared))));
        Ok((Self(Arc::clone(&shared)), Events(shared)))
    }

    /// Gives a command to the core, shows it to the observer, and wakes the task.
    pub(super) fn command<T>(
        &self, name: &'static str, id: Option<CallId>, detail: fmt::Arguments<'_>,
        give: impl FnOnce(&mut SipManager, Instant) -> Result<T, Misuse>,
    ) -> Result<T, Misuse> {
        let mut inner = self.0.lock();
        if inner.stop == Stop::Done {
            return Err(Misuse::Unknown);
        }
        inner.observer.command(name, id, detail);
        let now = inner.runtime.now();
        let given = give(&mut inner.core, now);
        inner.wake();
        given
    }

    /// Prepares a call, so that its name is known before its offer is made. Nothing is sent.
    ///
    /// `from` is a URI or a name-addr, `to` a URI. `next_hop`: where the INVITE goes first, if not
    /// where `to` points.
    ///
    /// # Errors
    /// What is no URI or cannot be reached; a full table of calls.
    pub fn prepare(
        &self, from: &str, to: &str, next_hop: Option<NextHop>,
    ) -> Result<Prepared, Misuse> {
        let mut inner = self.0.lock();
        let now = inner.runtime.now();
        let prepared = inner.core.prepare(now, from, to, next_hop.as_ref())?;
        inner.observer.learn(prepared.id, prepared.call);
        Ok(prepared)
    }

    /// Adds header fields to the INVITE of a prepared call, such as Subject or Referred-By, in place
    /// of those added before.
    ///
    /// # Errors
    /// As [`SipManager::add_fields`].
    pub fn add_fields(&self, id: CallId, fields: Fields) -> Result<(), Misuse> {
        self.command("add_fields", Some(id), format_args!(""), |core, now| {
            core.add_fields(now, id, fields)
        })
    }

    /// The INVITE of a call that came in: its header fields (From's display name, Subject, Reason,
    /// …), and its body as it came. `None` once the call has its final answer.
    ///
    /// Its octets are shared, and read when something is asked of it. What it says nobody vouches
    /// for but the security manager, for what that has proved.
    pub fn invitation(&self, id: CallId) -> Option<Message> {
        self.0.lock().core.invitation(id).cloned()
    }

    /// How the INVITE of a call that came in arrived. `None` once the call has its final answer.
    pub fn arrival(&self, id: CallId) -> Option<Arrival> {
        self.0.lock().core.arrival(id)
    }

    /// What a request says that stands for itself, as [`invitation`](Self::invitation), until it is
    /// answered.
    pub fn received(&self, id: RequestId) -> Option<Message> {
        self.0.lock().core.received(id).cloned()
    }

    /// Sends the INVITE of a prepared call with this offer; an empty one leaves it to the callee to
    /// make one, which [`Event::Offered`] brings.
    ///
    /// # Errors
    /// [`Misuse::Unknown`], [`Misuse::WrongState`].
    pub fn invite(&self, id: CallId, body: Body) -> Result<(), Misuse> {
        let length = body.octets.len();
        self.command("invite", Some(id), format_args!("{length} octets"), |core, now| {
            core.invite(now, id, body)
        })
    }

    /// Answers an offer of the peer's.
    ///
    /// # Errors
    /// As [`SipManager::answer`].
    pub fn answer(&self, id: CallId, body: Body) -> Result<(), Misuse> {
        let length = body.octets.len();
        self.command("answer", Some(id), format_args!("{length} octets"), |core, now| {
            core.answer(now, id, body)
        })
    }

    /// Tells the caller that the user is being alerted: 180 Ringing.
    ///
    /// # Errors
    /// [`Misuse::Unknown`], [`Misuse::WrongState`].
    pub fn ring(&self, id: CallId) -> Result<(), Misuse> {
        self.command("ring", Some(id), format_args!(""), |core, now| core.ring(now, id))
    }

    /// Answers a call with 200 and this body.
    ///
    /// # Errors
    /// [`Misuse::Unknown`], [`Misuse::WrongState`].
    pub fn accept(&self, id: CallId, body: Body) -> Result<(), Misuse> {
        let length = body.octets.len();
        self.command("accept", Some(id), format_args!("{length} octets"), |core, now| {
            core.accept(now, id, body)
        })
    }

    /// Refuses a call, or a re-INVITE in a call, with a status of 300 to 699.
    ///
    /// # Errors
    /// [`Misuse::Unknown`], [`Misuse::WrongState`].
    pub fn reject(&self, id: CallId, status: u16) -> Result<(), Misuse> {
        self.command("reject", Some(id), format_args!("{status}"), |core, now| {
            core.reject(now, id, status)
        })
    }

    /// Ends a call: CANCEL, BYE, or 603, by its state. [`Event::Ended`] follows at once; what is
    /// owed to the peer goes on.
    ///
    /// # Errors
    /// [`Misuse::Unknown`].
    pub fn hang_up(&self, id: CallId) -> Result<(), Misuse> {
        self.hang_up_with(id, Fields::default())
    }

    /// The same, with these header fields in the BYE: its Reason tells the peer why (RFC 3326). A
    /// CANCEL and a 603 have none.
    ///
    /// # Errors
    /// [`Misuse::Unknown`].
    pub fn hang_up_with(&self, id: CallId, fields: Fields) -> Result<(), Misuse> {
        self.command("hang_up", Some(id), format_args!(""), |core, now| {
            core.hang_up_with(now, id, fields)
        })
    }

    /// Asks the peer to change the session with this offer; an empty one leaves it to the peer to make
    /// one, as with [`invite`](Self::invite).
    ///
    /// # Errors
    /// [`Misuse::Unknown`], [`Misuse::WrongState`], [`Misuse::Pending`].
    pub fn reinvite(&self, id: CallId, body: Body) -> Result<(), Misuse> {
        let length = body.octets.len();
        self.command("reinvite", Some(id), format_args!("{length} octets"), |core, now| {
            core.reinvite(now, id, body)
        })
    }

    /// Accepts the peer's re-INVITE with 200 and this body.
    ///
    /// # Errors
    /// [`Misuse::Unknown`], [`Misuse::WrongState`].
    pub fn accept_reinvite(&self, id: CallId, body: Body) -> Result<(), Misuse> {
        let length = body.octets.len();
        self.command("accept_reinvite", Some(id), format_args!("{length} octets"), |core, now| {
            core.accept_reinvite(now, id, body)
        })
    }

    /// Asks a peer what it can do.
    ///
    /// # Errors
    /// What is no URI or cannot be reached.
    pub fn options(
        &self, from: &str, to: &str, next_hop: Option<NextHop>,
    ) -> Result<RequestId, Misuse> {
        self.request(Method::OPTIONS, from, to, next_hop, Body::default())
    }

    /// Sends a request that stands for itself outside any dialog.
    ///
    /// # Errors
    /// As [`SipManager::request`].
    pub fn request(
        &self, method: Method<'static>, from: &str, to: &str, next_hop: Option<NextHop>,
        payload: impl Into<Payload>,
    ) -> Result<RequestId, Misuse> {
        self.command("request", None, format_args!("{method} {to}"), |core, now| {
            core.request(now, method, from, to, next_hop.as_ref(), payload)
        })
    }

    /// Sends a request that stands for itself in the dialog of a call that is up.
    ///
    /// # Errors
    /// As [`SipManager::request_within`].
    pub fn request_within(
        &self, id: CallId, method: Method<'static>, payload: impl Into<Payload>,
    ) -> Result<RequestId, Misuse> {
        self.command("request", Some(id), format_args!("{method}"), |core, now| {
            core.request_within(now, id, method, payload)
        })
    }

    /// Answers a peer's request that stands for itself with a final status.
    ///
    /// # Errors
    /// [`Misuse::Unknown`]: it is answered, or was never there.
    pub fn reply(&self, id: RequestId, status: u16) -> Result<(), Misuse> {
        self.command("reply", None, format_args!("{status}"), |core, now| {
            core.reply(now, id, status)
        })
    }

    /// Registers an address of record, and keeps it registered.
    ///
    /// # Errors
    /// What is no URI or cannot be reached.
    pub fn register(&self, config: RegisterConfig) -> Result<RegistrationId, Misuse> {
        self.register_with(config, Fields::default())
    }

    /// The same, with these header fields in each REGISTER.
    ///
    /// # Errors
    /// As [`register`](Self::register).
    pub fn register_with(
        &self, config: RegisterConfig, fields: Fields,
    ) -> Result<RegistrationId, Misuse> {
        let aor = config.aor.clone();
        self.command("register", None, format_args!("{aor}"), |core, now| {
            core.register_with(now, config, fields)
        })
    }

    /// Takes a registration back.
    ///
    /// # Errors
    /// [`Misuse::Unknown`].
    pub fn unregister(&self, id: RegistrationId) -> Result<(), Misuse> {
        self.command("unregister", None, format_args!(""), |core, now| core.unregister(now, id))
    }

    /// Our addresses as peers know them, in the order of the configuration; unspecified where each
    /// peer knows the one on its way.
    pub fn local_addrs(&self) -> Vec<Local> {
        self.0.lock().core.locals().to_vec()
    }

    /// The hop that a call's peer is reached over: of a call that came in or was answered, and of
    /// one that is prepared unless a name is to be resolved first.
    pub fn hop(&self, id: CallId) -> Option<Hop> {
        self.0.lock().core.hop(id)
    }

    /// How full the tables are.
    pub fn sizes(&self) -> Sizes {
        let inner = self.0.lock();
        Sizes { manager: inner.core.sizes(), connections: inner.streams.len() }
    }

    /// Ends all calls, takes all registrations back, and stops once the peers have answered, or
    /// after `within`.
    pub async fn shutdown(&self, within: Duration) {
        {
            let mut inner = self.0.lock();
            let now = inner.runtime.now();
            if inner.stop == Stop::No {
                inner.stop = Stop::By(after(now, within));
                inner.core.hang_up_all(now);
                inner.wake();
            }
        }
        std::future::poll_fn(|cx| {
            let mut inner = self.0.lock();
            if inner.stop == Stop::Done {
                return Poll::Ready(());
            }
            inner.stop_wakers.push(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

impl Events {
    /// The next event, or `None` once the endpoint has stopped.
    pub async fn next(&mut self) -> Option<Event> {
        std::future::poll_fn(|cx| {
            let mut inner = self.0.lock();
            if let Some(event) = inner.events.pop_front() {
                return Poll::Ready(Some(event));
            }
            if inner.stop == Stop::Done {
                return Poll::Ready(None);
            }
            inner.event_waker = Some(cx.waker().clone());
            Poll::Pending
        })
        .await
    }
}

impl Clone for Endpoint {
    fn clone(&self) -> Self {
        self.0.lock().handles += 1;
        Self(Arc::clone(&self.0))
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        release(&self.0);
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        {
            let mut inner = self.0.lock();
            inner.listening = false;
            inner.events.clear();
        }
        release(&self.0);
    }
}

fn release(shared: &Shared) {
    let mut inner = shared.lock();
    inner.handles = inner.handles.saturating_sub(1);
    if inner.handles == 0 {
        inner.wake();
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Endpoint").field(&self.sizes()).finish()
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Events")
    }
}
