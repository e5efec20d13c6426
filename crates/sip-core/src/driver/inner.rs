//! What an endpoint's handles and its task share.

use super::claims::Claims;
use super::config::Config;
use super::locate::{locate, transports};
use super::observe::Observer;
use super::outbox::Outbox;
use super::questions::{Asked, Questions, abandon, after, ask, located};
use super::sockets::Sockets;
use super::stream::{Happened, Way};
use super::streams::Streams;
use crate::Message;
use crate::locate::Wanted;
use crate::manager::{
    Action, Arrival, Event, Flow, PublicationNews, RegistrationId, SenderId, SipManager,
    SubscriberNews, SubscriptionNews, Verdict,
};
use bytes::Bytes;
use net::{BoxFuture, Datagram, MAX_BATCH, Network, Runtime, Transport};
use ssa::SipSecurity;
use std::collections::VecDeque;
use std::io::ErrorKind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

/// Events that may wait for an application that does not read them; over it calls are refused,
/// and it hears only how what it knows of came to its end, and how each account stands.
const MAX_EVENTS: usize = 1024;

/// The same of one call, for its handle.
const MAX_EVENTS_OF_A_CALL: usize = 64;

/// What handles and task share.
pub(super) struct Shared(Mutex<Inner>);

impl Shared {
    pub(super) const fn new(inner: Inner) -> Self {
        Self(Mutex::new(inner))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Everything behind the mutex.
pub(super) struct Inner {
    pub(super) core: SipManager,
    pub(super) config: Config,
    pub(super) runtime: Arc<dyn Runtime>,
    pub(super) network: Arc<dyn Network>,
    pub(super) security: Arc<dyn SipSecurity>,
    pub(super) sockets: Sockets,
    pub(super) streams: Streams,
    pub(super) questions: Questions,
    pub(super) observer: Observer,
    pub(super) events: VecDeque<Event>,
    /// Those of calls that have a handle.
    pub(super) claims: Claims,
    /// Whether somebody may still read the events.
    pub(super) listening: bool,
    pub(super) event_waker: Option<Waker>,
    pub(super) task_waker: Option<Waker>,
    pub(super) stop: Stop,
    pub(super) stop_wakers: Vec<Waker>,
    /// The sleep that the task waits on, and its end.
    pub(super) sleep: Option<(Instant, BoxFuture<()>)>,
    pub(super) handles: usize,
    pub(super) batch: Vec<Datagram>,
    pub(super) outbox: Outbox,
}

/// How far an endpoint is on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// It runs.
    No,
    /// It stops when all is idle, or then.
    By(Instant),
    /// It has stopped.
    Done,
}

impl Inner {
    /// Wakes the task: the core has something to do.
    pub(super) fn wake(&mut self) {
        if let Some(waker) = self.task_waker.take() {
            waker.wake();
        }
    }

    /// Does what there is to do; true: something was done.
    pub(super) fn round(&mut self, cx: &mut Context<'_>) -> bool {
        let now = self.runtime.now();
        // What came in comes first: the round in which nothing did hears what was not delivered.
        let mut busy = self.receive(cx, now) || self.hear_of_undelivered(cx, now);
        busy |= self.accept(cx, now);
        self.streams.poll(cx, now, &self.core);
        while let Some(happened) = self.streams.take() {
            self.on_stream(now, happened);
            busy = true;
        }
        while let Some((id, verdict)) = self.questions.poll(cx, now) {
            self.core.verdict(now, id, verdict);
            busy = true;
        }
        if self.core.poll_timeout().is_some_and(|due| due <= now) {
            self.core.on_timeout(now);
            busy = true;
        }
        self.act(now) || busy
    }

    /// Reads a batch of datagrams from each socket.
    fn receive(&mut self, cx: &mut Context<'_>, now: Instant) -> bool {
        let mut busy = false;
        for at in 0..self.sockets.udp.len() {
            let Some(udp) = self.sockets.udp.get_mut(at) else { break };
            if !udp.is_due(now) {
                continue;
            }
            let local = udp.address;
            let mut batch = std::mem::take(&mut self.batch);
            match udp.socket.poll_receive(cx, &mut batch) {
                Poll::Ready(Ok(_)) => busy = true,
                Poll::Ready(Err(_)) => udp.rest(now),
                Poll::Pending => {}
            }
            for datagram in batch.drain(..) {
                // RFC 5626 §8: no SIP message begins so.
                if let Some(0 | 1) = datagram.octets.first() {
                    self.core.on_stun(now, datagram.source, &datagram.octets);
                    self.perform(now);
                    continue;
                }
                // What is no message (keep-alives, noise) is ignored.
                let Ok(message) = Message::parse(datagram.octets, &self.config.sip.limits) else {
                    continue;
                };
                let flow = self.core.datagram_flow(local, datagram.source);
                let (source, transport) = (datagram.source, Transport::Udp);
                let arrival = Arrival { source, local, transport, flow };
                self.core.on_message(now, arrival, message);
                self.perform(now);
            }
            self.batch = batch;
        }
        busy
    }

    /// Hears of some datagrams that did not arrive.
    fn hear_of_undelivered(&mut self, cx: &mut Context<'_>, now: Instant) -> bool {
        let mut busy = false;
        for udp in &self.sockets.udp {
            for _ in 0..MAX_BATCH {
                let Poll::Ready(told) = udp.socket.poll_undelivered(cx) else { break };
                let reason = told.error.to_string();
                self.core.on_undelivered(now, told.remote, &told.octets, &reason);
                busy = true;
            }
        }
        busy
    }

    /// Accepts some connections of each listener.
    fn accept(&mut self, cx: &mut Context<'_>, now: Instant) -> bool {
        let mut busy = false;
        for tcp in &mut self.sockets.tcp {
            if !tcp.is_due(now) {
                continue;
            }
            for _ in 0..MAX_BATCH {
                match tcp.socket.poll_accept(cx) {
                    Poll::Ready(Ok(connection)) => {
                        busy = true;
                        let local = tcp.known(connection.local_addr());
                        self.streams.accept(now, &self.core, connection, local);
                    }
                    // One that its peer has given up again: the next one is as good as any.
                    Poll::Ready(Err(error)) if error.kind() == ErrorKind::ConnectionAborted => {
                        busy = true;
                    }
                    Poll::Ready(Err(_)) => {
                        tcp.rest(now);
                        break;
                    }
                    Poll::Pending => break,
                }
            }
        }
        busy
    }

    fn on_stream(&mut self, now: Instant, happened: Happened) {
        match happened {
            Happened::Message(arrival, message) => {
                self.core.on_message(now, arrival, *message);
                self.perform(now);
            }
            Happened::Unsent(sender) => self.core.on_send_failed(now, sender),
            Happened::Unconnected { senders, reason } => {
                for sender in senders {
                    self.core.on_unreachable(now, sender, &reason);
                }
            }
            Happened::Alive { flow, is_pong } => self.core.on_alive(now, flow, is_pong),
            Happened::Closed { flow: id, remote, name } => {
                let flow = Flow { id, remote, name: name.as_deref() };
                self.core.on_flow_closed(now, flow);
            }
        }
    }

    /// Does what the core says, until it says no more and all has left.
    pub(super) fn act(&mut self, now: Instant) -> bool {
        let mut busy = false;
        loop {
            busy |= self.perform(now);
            if !self.flush(now) {
                return busy;
            }
        }
    }

    /// Does what the core says; datagrams wait for others.
    fn perform(&mut self, now: Instant) -> bool {
        let mut busy = false;
        while let Some(action) = self.core.poll_action() {
            busy = true;
            match action {
                Action::Send { hop, name, octets, sender } => {
                    self.send(now, (hop, name), octets, sender);
                }
                Action::Consult(id) => {
                    let Some(query) = self.core.query(id) else {
                        // Nothing to ask: whoever waits for it is refused, or is gone.
                        self.core.verdict(now, id, Verdict::Unanswered);
                        continue;
                    };
                    let locate = |wanted: &Wanted| self.locate(wanted.clone());
                    match ask(query, &*self.security, locate) {
                        Asked::Ready(verdict) => self.core.verdict(now, id, verdict),
                        Asked::Pending(within, future) => {
                            self.questions.open(id, after(now, within), future);
                        }
                    }
                }
                Action::CancelConsult(id) => self.questions.cancel(id),
                Action::Close(flow) => self.streams.close(flow),
                Action::Abandon(call) => abandon(call, &*self.security),
                Action::Event(event) => self.deliver(now, event),
            }
        }
        busy
    }

    /// Looks for the servers of a name.
    fn locate(&self, wanted: Wanted) -> Asked {
        let within = self.config.resolve;
        let (runtime, network) = (Arc::clone(&self.runtime), Arc::clone(&self.network));
        let bound = self.sockets.locals.iter().map(|local| local.transport);
        let transports = transports(&*network, bound);
        located(locate(runtime, network, wanted, transports, within), within)
    }

    fn send(&mut self, now: Instant, (hop, name): Way, octets: Bytes, sender: SenderId) {
        if hop.transport != Transport::Udp {
            let way = (hop, name);
            return self.streams.send(now, (&self.core, &*self.network), way, (octets, sender));
        }
        if !self.outbox.has_room(hop.local) {
            self.flush(now);
        }
        self.outbox.push(hop.local, hop.remote, octets, sender);
    }

    /// Sends the datagrams that wait; whether one could not be sent, which the core has been told.
    fn flush(&mut self, now: Instant) -> bool {
        let failed = self.outbox.flush(&self.sockets);
        failed.iter().for_each(|sender| self.core.on_send_failed(now, *sender));
        !failed.is_empty()
    }

    /// Whether as much waits for whoever is to read this event as may.
    fn is_full_for(&self, event: &Event) -> bool {
        if !self.claims.is_empty()
            && let Some(waiting) = self.claims.waiting(event)
        {
            return waiting >= MAX_EVENTS_OF_A_CALL;
        }
        self.events.len() >= MAX_EVENTS
    }

    /// Whether an event tells how an account stands: then what waits to be told of it from before is
    /// no more, so that the last is always told, and one at most for each.
    fn supersedes(&mut self, event: &Event) -> bool {
        let its = account(event);
        if its.is_some() {
            self.events.retain(|waiting| account(waiting) != its);
        }
        its.is_some()
    }

    fn deliver(&mut self, now: Instant, mut event: Event) {
        // What the application does not hear has not happened for whoever watches it either.
        if self.is_full_for(&event) && !is_owed(&event) && !self.supersedes(&event) {
            match event {
                Event::Incoming { id, .. } => self.core.reject_overloaded(now, id),
                // It is there: it was received just now.
                Event::Received { id, .. } => _ = self.core.reply(now, id, 503),
                Event::Referred { id, .. } => _ = self.core.decline(now, id, 503),
                Event::Subscriber { id, news: SubscriberNews::Asked { .. } } => {
                    _ = self.core.refuse(now, id, 503);
                }
                _ => {}
            }
            return;
        }
        self.observer.event(&event);
        if !self.claims.is_empty() {
            match self.claims.deliver(event) {
                Some(others) => event = others,
                None => return,
            }
        }
        if !self.listening {
            return;
        }
        self.events.push_back(event);
        if let Some(waker) = self.event_waker.take() {
            waker.wake();
        }
    }

    /// When the task must run again.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let stop = match self.stop {
            Stop::By(at) => Some(at),
            Stop::No | Stop::Done => None,
        };
        let times = [
            self.core.poll_timeout(),
            self.questions.deadline(),
            self.streams.deadline(),
            self.sockets.deadline(),
            stop,
        ];
        times.into_iter().flatten().min()
    }

    /// Whether an endpoint that was told to stop has nothing left to do.
    pub(super) fn may_stop(&self, now: Instant) -> bool {
        match self.stop {
            Stop::No => self.handles == 0,
            Stop::By(at) => now >= at || (self.core.is_idle() && !self.streams.is_busy()),
            Stop::Done => true,
        }
    }
}

/// The flow of an account that an event tells of: whether it is registered over it.
const fn account(event: &Event) -> Option<(RegistrationId, u8)> {
    let (Event::Registered { id, reg_id, .. } | Event::RegistrationFailed { id, reg_id, .. }) =
        event
    else {
        return None;
    };
    Some((*id, *reg_id))
}

/// Whether an event tells the end of what the application has started or been told of: there is
/// one for each.
const fn is_owed(event: &Event) -> bool {
    match event {
        Event::Answered { .. }
        | Event::Ended { .. }
        | Event::Failed { .. }
        | Event::Unregistered { .. }
        | Event::Responded { .. }
        | Event::RequestAnswered { .. }
        | Event::ReferFailed { .. }
        | Event::Subscription { news: SubscriptionNews::Over { .. }, .. }
        | Event::Subscriber { news: SubscriberNews::Over { .. }, .. }
        | Event::Publication { news: PublicationNews::Over { .. }, .. }
        | Event::ReferNotified { is_final: true, .. } => true,
        Event::Incoming { .. }
        | Event::Received { .. }
        | Event::Referred { .. }
        | Event::ReferNotified { is_final: false, .. }
        | Event::Ringing { .. }
        | Event::Offered { .. }
        | Event::AnswerTaken { .. }
        | Event::Redirected { .. }
        | Event::Confirmed { .. }
        | Event::Reinvited { .. }
        | Event::ReinviteAnswered { .. }
        | Event::ReinviteFailed { .. }
        | Event::RefreshDue { .. }
        | Event::Explained { .. }
        | Event::Registered { .. }
        | Event::RegistrationFailed { .. }
        | Event::Subscription { .. }
        | Event::Subscriber { .. }
        | Event::Publication { .. }
        | Event::Renewing { .. }
        | Event::Unreachable { .. } => false,
    }
}
