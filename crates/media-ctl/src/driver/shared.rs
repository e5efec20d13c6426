//! What the handle and the task share, under one lock.

use super::ports::Ports;
use super::relays::Relays;
use super::sockets::{Sockets, receive};
use crate::audio::Ends;
use crate::{Carrier, Channel, Event, RelayLoss, Session, Signal, Stats};
use net::{Datagram, Network};
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

/// Events that wait to be asked for, at most, while keys of the peer are added.
const MAX_KEYS: usize = 64;

pub(super) struct Shared {
    pub(super) ports: Ports,
    pub(super) call: ssm::Call,
    pub(super) local_rtp: SocketAddr,
    inner: Mutex<Inner>,
}

/// The core and what it works on. The lock is held for one step, and never across an await.
pub(super) struct Inner {
    pub(super) session: Session,
    /// `None` once stopped.
    line: Option<Line>,
    events: VecDeque<Event>,
    task: Option<Waker>,
    waiter: Option<Waker>,
    /// Who waits for our candidates.
    gatherer: Option<Waker>,
}

struct Line {
    sockets: Sockets,
    relays: Relays,
    ends: Ends,
}

impl Shared {
    pub(super) fn new(ports: Ports, session: Session, sockets: Sockets, ends: Ends) -> Self {
        Self {
            ports,
            call: session.call(),
            local_rtp: sockets.rtp.local_addr(),
            inner: Mutex::new(Inner {
                session,
                line: Some(Line { sockets, relays: Relays::new(), ends }),
                events: VecDeque::new(),
                task: None,
                waiter: None,
                gatherer: None,
            }),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic in a source or a sink leaves the session as it was before that frame.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn signal(&self, name: &'static str, from_media: bool, detail: String) {
        if let Some(observer) = &self.ports.observer {
            observer.signal(Signal { name, call: self.call, from_media, detail });
        }
    }

    /// Ends everything; only the first call does.
    pub(super) fn stop(&self) -> io::Result<Stats> {
        let now = self.ports.runtime.now();
        let mut inner = self.lock();
        inner.session.stop(now);
        inner.transmit();
        let line = inner.line.take();
        let stats = inner.session.stats();
        inner.wake();
        drop(inner);
        // Closes the ports, and finishes a file, outside of the lock.
        line.map_or(Ok(()), |mut line| line.ends.sink.finish())?;
        Ok(stats)
    }
}

impl Inner {
    pub(super) fn is_stopped(&self) -> bool {
        self.line.is_none()
    }

    /// Puts other ends in the place of these; nothing where it has stopped.
    pub(super) fn exchange_ends(&mut self, exchange: impl FnOnce(Ends) -> Ends) {
        self.line = self.line.take().map(|line| Line { ends: exchange(line.ends), ..line });
    }

    pub(super) fn set_task(&mut self, waker: &Waker) {
        self.task = Some(waker.clone());
    }

    /// Has as many sockets as the session has channels.
    pub(super) fn sort_sockets(&mut self, network: &dyn Network) {
        let agreement = self.session.agreement();
        if let (Some(agreement), Some(line)) = (agreement, &mut self.line) {
            line.sockets.mux(network, agreement.rtcp_mux);
        }
    }

    /// What a connection to a relay failed of last.
    pub(super) fn relay_trouble(&self) -> Option<&str> {
        self.line.as_ref()?.relays.trouble()
    }

    /// Takes the event that a relay is lost, if it waits.
    pub(super) fn take_relay_loss(&mut self) -> Option<RelayLoss> {
        let lost = |event: &Event| match event {
            Event::RelayLost(why) => Some(*why),
            _ => None,
        };
        let why = self.events.iter().find_map(lost);
        self.events.retain(|event| lost(event).is_none());
        why
    }

    /// Wakes the task and who waits for an event.
    pub(super) fn wake(&mut self) {
        wake(&mut self.task);
        wake(&mut self.waiter);
        wake(&mut self.gatherer);
    }

    /// Ready once our candidates are known, or the session has stopped.
    pub(super) fn poll_gathered(&mut self, cx: &Context<'_>) -> Poll<()> {
        if self.session.is_gathered() || self.is_stopped() {
            return Poll::Ready(());
        }
        self.gatherer = Some(cx.waker().clone());
        Poll::Pending
    }

    pub(super) fn poll_event(&mut self, cx: &Context<'_>) -> Poll<Option<Event>> {
        match self.events.pop_front() {
            Some(event) => Poll::Ready(Some(event)),
            None if self.is_stopped() => Poll::Ready(None),
            None => {
                self.waiter = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Takes in what has arrived, once media runs or servers are asked. Returns whether there may be
    /// more.
    pub(super) fn receive(
        &mut self, network: &dyn Network, now: Instant, cx: &mut Context<'_>,
        batch: &mut Vec<Datagram>,
    ) -> bool {
        let Some(line) = self.line.as_mut().filter(|_| self.session.is_listening()) else {
            return false;
        };
        let session = &mut self.session;
        line.relays.sort(network, session);
        let relayed = line.relays.turn(now, cx, session);
        let mut take = |channel| {
            line.sockets.of(channel).is_some_and(|socket| {
                receive(socket, cx, batch, |datagram| {
                    session.on_packet(now, channel, datagram.source, &datagram.octets);
                })
            })
        };
        let more = take(Channel::Rtp);
        take(Channel::Rtcp) || more || relayed
    }

    /// Does all that is due, and says when there is more to do.
    pub(super) fn act(&mut self, now: Instant) -> Option<Instant> {
        // What a datagram that came in is answered with.
        self.transmit();
        while self.session.poll_timeout().is_some_and(|due| due <= now) {
            let line = self.line.as_mut()?;
            let Ends { source, sink } = &mut line.ends;
            self.session.on_timeout(now, &mut **source, &mut **sink);
            self.transmit();
        }
        while let Some(event) = self.session.poll_event() {
            // A peer can press keys all day.
            if !matches!(event, Event::Key(_)) || self.events.len() < MAX_KEYS {
                self.events.push_back(event);
            }
            wake(&mut self.waiter);
        }
        if self.session.is_gathered() {
            wake(&mut self.gatherer);
        }
        self.session.poll_timeout()
    }

    /// Sends all that is to be sent.
    pub(super) fn transmit(&mut self) {
        let Some(line) = &mut self.line else { return };
        while let Some(packet) = self.session.poll_transmit() {
            match packet.carrier {
                Carrier::Socket => {
                    let socket = line.sockets.of(packet.channel).unwrap_or(&*line.sockets.rtp);
                    // A packet that cannot leave now is lost, as any may be; the next is 20 ms away.
                    let _ = socket.try_send(packet.remote, packet.octets);
                }
                Carrier::Connection { may_wait } => {
                    line.relays.send(packet.channel, packet.octets, may_wait);
                }
            }
        }
    }
}

fn wake(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}
