//! The sockets that an endpoint has bound.

use super::config::Bind;
use crate::manager::Local;
use net::{DatagramSocket, Listener, Network, Transport};
use std::io;
use std::net::SocketAddr;
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
            if bind.address.ip().is_unspecified() && bind.advertised.is_none() {
                let message = format!("{} needs an address to advertise", bind.address);
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

    /// The socket that peers know by this address.
    pub(super) fn udp(&self, address: SocketAddr) -> Option<&dyn DatagramSocket> {
        self.udp.iter().find(|udp| udp.address == address).map(|udp| &*udp.socket)
    }
}

fn advertised(bind: &Bind, bound: SocketAddr) -> SocketAddr {
    SocketAddr::new(bind.advertised.unwrap_or_else(|| bound.ip()), bound.port())
}
