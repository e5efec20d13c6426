//! The sockets that an endpoint has bound.

use super::config::Bind;
use crate::manager::{Local, Routes};
use net::{DatagramSocket, Listener, Network, Transport};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A socket, and the address that peers know it by.
pub(super) struct Bound<S: ?Sized> {
    pub(super) socket: Box<S>,
    pub(super) address: SocketAddr,
    /// After an error: when it is looked at again.
    again: Option<Instant>,
}

/// All of them.
#[derive(Default)]
pub(super) struct Sockets {
    pub(super) udp: Vec<Bound<dyn DatagramSocket>>,
    pub(super) tcp: Vec<Bound<dyn Listener>>,
    /// Their addresses, in the order of the configuration.
    pub(super) locals: Vec<Local>,
}

/// The wait after an error of a socket, for example for want of descriptors: the error is there
/// again at once, and the other sockets have work to do.
const PAUSE: Duration = Duration::from_millis(100);

impl<S: ?Sized> Bound<S> {
    const fn new(socket: Box<S>, address: SocketAddr) -> Self {
        Self { socket, address, again: None }
    }

    /// The address that whoever came to `local` knows: one bound to all of the host's is that.
    pub(super) fn known(&self, local: SocketAddr) -> SocketAddr {
        let ip = self.address.ip();
        let ip = if ip.is_unspecified() { local.ip() } else { ip };
        SocketAddr::new(ip, self.address.port())
    }

    /// Whether it may be looked at.
    pub(super) fn is_due(&mut self, now: Instant) -> bool {
        self.again = self.again.filter(|again| *again > now);
        self.again.is_none()
    }

    /// It failed.
    pub(super) fn rest(&mut self, now: Instant) {
        self.again = Some(now + PAUSE);
    }
}

impl Sockets {
    /// Binds everything, or nothing.
    pub(super) fn bind(network: &dyn Network, binds: &[Bind]) -> io::Result<Self> {
        let mut sockets = Self::default();
        for bind in binds {
            if let Some(ip) = bind.advertised.filter(|ip| !can_be_told(*ip, bind.address)) {
                let message = format!("{ip} cannot be told to peers of {}", bind.address);
                return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
            }
            let address = if bind.transport == Transport::Udp {
                let socket = network.bind(bind.address)?;
                let address = advertised(bind, socket.local_addr());
                sockets.udp.push(Bound::new(socket, address));
                address
            } else {
                let listener = network.listen(bind.transport, bind.address)?;
                let address = advertised(bind, listener.local_addr());
                sockets.tcp.push(Bound::new(listener, address));
                address
            };
            sockets.locals.push(Local { transport: bind.transport, address });
        }
        Ok(sockets)
    }

    /// When a socket that failed is looked at again.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let udp = self.udp.iter().filter_map(|udp| udp.again);
        udp.chain(self.tcp.iter().filter_map(|tcp| tcp.again)).min()
    }

    /// The socket that peers know by this address: the one of that address, or one of all the
    /// host's.
    pub(super) fn udp(&self, address: SocketAddr) -> Option<&dyn DatagramSocket> {
        let all = SocketAddr::new(any(address.ip()), address.port());
        let find = |address| self.udp.iter().find(|udp| udp.address == address);
        find(address).or_else(|| find(all)).map(|udp| &*udp.socket)
    }
}

/// All addresses of this one's family.
const fn any(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    }
}

/// Whether peers can send to `ip` what is meant for a socket at `bound`.
fn can_be_told(ip: IpAddr, bound: SocketAddr) -> bool {
    ip.is_ipv4() == bound.is_ipv4() && !ip.is_unspecified() && !ip.is_multicast()
}

/// The routes of a network.
#[derive(Debug)]
pub(super) struct Routed(pub(super) Arc<dyn Network>);

impl Routes for Routed {
    fn source(&self, to: IpAddr) -> Option<IpAddr> {
        self.0.route(to).ok()
    }
}

fn advertised(bind: &Bind, bound: SocketAddr) -> SocketAddr {
    SocketAddr::new(bind.advertised.unwrap_or_else(|| bound.ip()), bound.port())
}
