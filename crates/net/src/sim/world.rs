//! The state of the simulated network: hosts, names, ports, streams and the timeline.

use super::datagram::Inbox;
use super::gateway::Gateways;
use super::handshake::Backlog;
use super::link::Links;
use super::names::Names;
use super::random::Random;
use super::simulation::SimConfig;
use super::stream::Streams;
use super::timeline::{Event, Timeline};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, SocketAddr};

/// What became of the datagrams so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statistics {
    /// Sent by a socket.
    pub sent: u64,
    /// Lost by a link, or because it was cut.
    pub lost: u64,
    /// Sent once, arrived twice.
    pub duplicated: u64,
    /// Put into the queue of a socket.
    pub delivered: u64,
    /// Dropped because a queue was full.
    pub overflowed: u64,
    /// Arrived where no socket is bound.
    pub unreachable: u64,
}

/// The first port given where port 0 was asked for. RFC 6335 §6: the dynamic ports.
const FIRST_DYNAMIC_PORT: u16 = 49152;

/// Everything but the tasks.
pub(super) struct World {
    pub(super) config: SimConfig,
    pub(super) timeline: Timeline,
    pub(super) random: Random,
    pub(super) links: Links,
    pub(super) gateways: Gateways,
    pub(super) hosts: BTreeSet<IpAddr>,
    pub(super) names: Names,
    pub(super) inboxes: BTreeMap<SocketAddr, Inbox>,
    pub(super) in_flight: usize,
    pub(super) streams: Streams,
    pub(super) listeners: BTreeMap<SocketAddr, Backlog>,
    pub(super) statistics: Statistics,
    next_port: u16,
}

impl World {
    pub(super) fn new(config: SimConfig) -> Self {
        Self {
            timeline: Timeline::default(),
            random: Random::new(config.seed),
            links: Links::new(config.link.clone()),
            gateways: Gateways::default(),
            hosts: BTreeSet::new(),
            names: Names::default(),
            inboxes: BTreeMap::new(),
            in_flight: 0,
            streams: Streams::default(),
            listeners: BTreeMap::new(),
            statistics: Statistics::default(),
            next_port: FIRST_DYNAMIC_PORT,
            config,
        }
    }

    /// Lets an event happen.
    pub(super) fn act(&mut self, event: Event) {
        match event {
            Event::Wake(waker) => waker.wake(),
            Event::Datagram(flight) => self.land(flight),
            Event::Undelivered(flight) => self.come_back(flight),
            Event::Stream(motion) => self.move_stream(motion),
            Event::Link(change) => self.links.change(change),
        }
    }

    /// The address by which the network knows what `host` binds as `local`.
    pub(super) fn own_address(&self, host: IpAddr, local: SocketAddr) -> io::Result<SocketAddr> {
        let ip = local.ip();
        let any = ip.is_unspecified() && ip.is_ipv4() == host.is_ipv4();
        if any || ip == host {
            Ok(SocketAddr::new(host, local.port()))
        } else {
            Err(io::ErrorKind::AddrNotAvailable.into())
        }
    }

    /// `address` if `is_free`, with a free port where it has none.
    pub(super) fn free_port(
        &mut self, address: SocketAddr, is_free: impl Fn(&Self, SocketAddr) -> bool,
    ) -> io::Result<SocketAddr> {
        if address.port() != 0 {
            return if is_free(self, address) {
                Ok(address)
            } else {
                Err(io::ErrorKind::AddrInUse.into())
            };
        }
        for _ in FIRST_DYNAMIC_PORT..=u16::MAX {
            let candidate = SocketAddr::new(address.ip(), self.next_port);
            self.next_port = self.next_port.checked_add(1).unwrap_or(FIRST_DYNAMIC_PORT);
            if is_free(self, candidate) {
                return Ok(candidate);
            }
        }
        Err(io::ErrorKind::AddrInUse.into())
    }

    /// IPv4 does not reach IPv6.
    pub(super) fn same_family(&self, local: IpAddr, remote: SocketAddr) -> io::Result<()> {
        if local.is_ipv4() == remote.is_ipv4() {
            Ok(())
        } else {
            Err(io::ErrorKind::NetworkUnreachable.into())
        }
    }
}
