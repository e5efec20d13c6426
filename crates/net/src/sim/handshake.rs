//! Connecting, in the simulator: attempts, listeners, refusals.
//!
//! ```text
//!   client end                                     server end
//!   Connecting ── Syn ──────────────────────────▶  (listener?) ── none: Fail ──▶ client is refused
//!        │       ◀───────────────────── SynAck ──  Open, in the listener's backlog
//!        ▼
//!      Open
//! ```
//!
//! While the way is cut an attempt is repeated, until
//! [`SimConfig::connect_timeout`](super::SimConfig::connect_timeout) has passed. TLS is a stream like
//! any other here, without a handshake of its own and without certificates; but a listener takes
//! connections of its own transport only.

use super::stream::{End, EndId, Motion, RETRY, State};
use super::timeline::Event;
use super::world::World;
use crate::Transport;
use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::task::Waker;

/// Connections that a listener keeps until they are accepted; more are refused.
const BACKLOG: usize = 128;

/// A port that takes connections.
pub(super) struct Backlog {
    transport: Transport,
    waiting: VecDeque<EndId>,
    acceptor: Option<Waker>,
}

impl Backlog {
    const fn new(transport: Transport) -> Self {
        Self { transport, waiting: VecDeque::new(), acceptor: None }
    }

    fn takes(&self, transport: Transport) -> bool {
        self.transport == transport && self.waiting.len() < BACKLOG
    }
}

impl World {
    /// Opens a listening port.
    pub(super) fn open_listener(
        &mut self, host: IpAddr, transport: Transport, local: SocketAddr,
    ) -> io::Result<SocketAddr> {
        let address = self.own_address(host, local)?;
        let address =
            self.free_port(address, |world, address| !world.listeners.contains_key(&address))?;
        self.listeners.insert(address, Backlog::new(transport));
        Ok(address)
    }

    /// Closes a listening port and resets what was not accepted.
    pub(super) fn close_listener(&mut self, address: SocketAddr) {
        let Some(backlog) = self.listeners.remove(&address) else {
            return;
        };
        for end in backlog.waiting {
            self.reset(end);
        }
    }

    /// Starts a connection attempt.
    pub(super) fn start_connecting(
        &mut self, host: IpAddr, transport: Transport, remote: SocketAddr,
    ) -> io::Result<EndId> {
        self.same_family(host, remote)?;
        let hidden = host != remote.ip() && self.gateways.hides(remote.ip());
        if hidden || !self.hosts.contains(&remote.ip()) {
            return Err(io::ErrorKind::HostUnreachable.into());
        }
        let local = self.free_port(SocketAddr::new(host, 0), |world, address| {
            !world.listeners.contains_key(&address)
        })?;
        let since = self.timeline.now();
        let end = End::new(local, remote, State::Connecting { since, transport }, None);
        let client = self.streams.add(end);
        self.travel(host, remote.ip(), Motion::Syn(client));
        Ok(client)
    }

    /// Takes a connection that waits at `address`.
    pub(super) fn accept(&mut self, address: SocketAddr, waker: &Waker) -> Option<EndId> {
        let backlog = self.listeners.get_mut(&address)?;
        let end = backlog.waiting.pop_front();
        if end.is_none() {
            backlog.acceptor = Some(waker.clone());
        }
        end
    }

    /// Whether the way of a connecting client is cut: then it tries again, or gives up.
    fn is_held_up(&mut self, client: EndId, again: fn(EndId) -> Motion) -> bool {
        let Some(end) = self.streams.end(client) else {
            return false;
        };
        if !self.links.is_cut(end.local.ip(), end.remote.ip()) {
            return false;
        }
        let State::Connecting { since, .. } = end.state else {
            return false;
        };
        if self.timeline.now().saturating_sub(since) >= self.config.connect_timeout {
            end.fail(io::ErrorKind::TimedOut);
        } else {
            self.timeline.schedule_in(RETRY, Event::Stream(again(client)));
        }
        true
    }

    pub(super) fn syn(&mut self, client: EndId) {
        if self.is_held_up(client, Motion::Syn) {
            return;
        }
        let Some(end) = self.streams.end(client) else {
            return;
        };
        let State::Connecting { transport, .. } = end.state else {
            return;
        };
        let (from, to) = (end.local, end.remote);
        let listening = self.listeners.get(&to);
        if !listening.is_some_and(|backlog| backlog.takes(transport)) {
            let refused = Motion::Fail(client, io::ErrorKind::ConnectionRefused);
            self.travel(to.ip(), from.ip(), refused);
            return;
        }
        let seen = if from.ip() == to.ip() { from } else { self.gateways.open(from) };
        let server = End::new(to, seen, State::Open, Some(client));
        let server = self.streams.add(server);
        if let Some(end) = self.streams.end(client) {
            end.meet(server);
        }
        if let Some(backlog) = self.listeners.get_mut(&to) {
            backlog.waiting.push_back(server);
            if let Some(acceptor) = backlog.acceptor.take() {
                acceptor.wake();
            }
        }
        self.travel(to.ip(), from.ip(), Motion::SynAck(client));
    }

    pub(super) fn syn_ack(&mut self, client: EndId) {
        if self.is_held_up(client, Motion::SynAck) {
            return;
        }
        if let Some(end) = self.streams.end(client)
            && matches!(end.state, State::Connecting { .. })
        {
            end.state = State::Open;
            end.wake();
        }
    }
}
