//! Datagram sockets of the simulator.

use super::host::Core;
use super::link::Fate;
use super::timeline::Event;
use super::world::World;
use crate::lock::lock;
use crate::{Datagram, DatagramSocket, MAX_BATCH, MAX_DATAGRAM, Transport, Undelivered, explain};
use bytes::Bytes;
use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// A datagram on its way.
pub(super) struct Flight(Datagram);

/// What has arrived at a port and was not read.
#[derive(Default)]
pub(super) struct Inbox {
    queue: VecDeque<Datagram>,
    reader: Option<Waker>,
    /// What left it and did not arrive, as far as that was told.
    undelivered: VecDeque<Datagram>,
    sender: Option<Waker>,
}

impl World {
    /// Opens a port, and says at which address the network knows it.
    pub(super) fn open_port(&mut self, host: IpAddr, local: SocketAddr) -> io::Result<SocketAddr> {
        let address = self.own_address(host, local)?;
        let address =
            self.free_port(address, |world, address| !world.inboxes.contains_key(&address))?;
        self.inboxes.insert(address, Inbox::default());
        Ok(address)
    }

    fn send(&mut self, source: SocketAddr, remote: SocketAddr, octets: &[u8]) {
        self.statistics.sent += 1;
        let (from, to) = (source.ip(), remote.ip());
        let hidden = from != to && self.gateways.hides(to);
        let source = self.passed(source, remote);
        if hidden || self.links.is_cut(from, to) {
            self.statistics.lost += 1;
            return;
        }
        let datagram = Datagram { source, local: remote, octets: Bytes::copy_from_slice(octets) };
        match self.links.fate(from, to, &mut self.random) {
            Fate::Lost => self.statistics.lost += 1,
            Fate::Once(delay) => self.take_off(delay, datagram),
            Fate::Twice(first, second) => {
                self.statistics.duplicated += 1;
                self.take_off(first, datagram.clone());
                self.take_off(second, datagram);
            }
        }
    }

    /// The source of a datagram behind the gateway that it leaves through, where there is one.
    fn passed(&mut self, source: SocketAddr, remote: SocketAddr) -> SocketAddr {
        if source.ip() == remote.ip() {
            return source;
        }
        self.gateways.leave(self.timeline.now(), source, remote)
    }

    fn take_off(&mut self, delay: Duration, datagram: Datagram) {
        if self.in_flight >= self.config.in_flight {
            self.statistics.overflowed += 1;
            return;
        }
        self.in_flight += 1;
        self.timeline.schedule_in(delay, Event::Datagram(Flight(datagram)));
    }

    pub(super) fn land(&mut self, Flight(mut datagram): Flight) {
        self.in_flight -= 1;
        let now = self.timeline.now();
        let Some(local) = self.gateways.enter(now, datagram.source, datagram.local) else {
            self.statistics.unreachable += 1;
            return;
        };
        datagram.local = local;
        let Some(inbox) = self.inboxes.get_mut(&datagram.local) else {
            self.statistics.unreachable += 1;
            return self.send_back(datagram);
        };
        if inbox.queue.len() >= self.config.inbox {
            self.statistics.overflowed += 1;
            return;
        }
        self.statistics.delivered += 1;
        inbox.queue.push_back(datagram);
        if let Some(reader) = inbox.reader.take() {
            reader.wake();
        }
    }
}

impl World {
    /// A host tells the sender that nobody is bound to a port of its own.
    fn send_back(&mut self, datagram: Datagram) {
        let (from, to) = (datagram.local.ip(), datagram.source.ip());
        let told = self.config.tells_closed_ports
            && self.hosts.contains(&from)
            && !self.links.is_cut(from, to)
            && self.in_flight < self.config.in_flight;
        if !told {
            return;
        }
        match self.links.fate(from, to, &mut self.random) {
            Fate::Lost => {}
            Fate::Once(delay) | Fate::Twice(delay, _) => {
                self.in_flight += 1;
                self.timeline.schedule_in(delay, Event::Undelivered(Flight(datagram)));
            }
        }
    }

    /// The sender is told.
    pub(super) fn come_back(&mut self, Flight(datagram): Flight) {
        self.in_flight -= 1;
        let Some(inbox) = self.inboxes.get_mut(&datagram.source) else { return };
        if inbox.undelivered.len() < self.config.inbox {
            inbox.undelivered.push_back(datagram);
            if let Some(sender) = inbox.sender.take() {
                sender.wake();
            }
        }
    }
}

/// A bound port.
pub(super) struct SimSocket {
    core: Arc<Core>,
    /// As it was asked for, with the port filled in.
    bound: SocketAddr,
    /// As the network knows it.
    address: SocketAddr,
}

impl SimSocket {
    pub(super) fn bind(core: &Arc<Core>, host: IpAddr, local: SocketAddr) -> io::Result<Self> {
        let address = lock(&core.world).open_port(host, local)?;
        Ok(Self {
            core: Arc::clone(core),
            bound: SocketAddr::new(local.ip(), address.port()),
            address,
        })
    }
}

impl DatagramSocket for SimSocket {
    fn poll_receive(
        &self, cx: &mut Context<'_>, batch: &mut Vec<Datagram>,
    ) -> Poll<io::Result<usize>> {
        let mut world = lock(&self.core.world);
        let Some(inbox) = world.inboxes.get_mut(&self.address) else {
            return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
        };
        if inbox.queue.is_empty() {
            inbox.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let count = inbox.queue.len().min(MAX_BATCH);
        batch.extend(inbox.queue.drain(..count));
        Poll::Ready(Ok(count))
    }

    fn try_send(&self, remote: SocketAddr, octets: &[u8]) -> io::Result<()> {
        if octets.len() > MAX_DATAGRAM {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("cannot send {} octets to UDP {remote}: too long", octets.len()),
            ));
        }
        let mut world = lock(&self.core.world);
        world.same_family(self.address.ip(), remote)?;
        world.send(self.address, remote, octets);
        Ok(())
    }

    fn poll_undelivered(&self, cx: &mut Context<'_>) -> Poll<Undelivered> {
        let mut world = lock(&self.core.world);
        let Some(inbox) = world.inboxes.get_mut(&self.address) else { return Poll::Pending };
        let Some(datagram) = inbox.undelivered.pop_front() else {
            inbox.sender = Some(cx.waker().clone());
            return Poll::Pending;
        };
        let (remote, octets) = (datagram.local, datagram.octets);
        let refused = io::ErrorKind::ConnectionRefused.into();
        let error = explain(refused, "cannot send to", Transport::Udp, remote);
        Poll::Ready(Undelivered { remote, octets, error })
    }

    fn local_addr(&self) -> SocketAddr {
        self.bound
    }
}

impl Drop for SimSocket {
    fn drop(&mut self) {
        let inbox = lock(&self.core.world).inboxes.remove(&self.address);
        drop(inbox);
    }
}

impl fmt::Debug for SimSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SimSocket").field(&self.address).finish()
    }
}
