//! The sockets that an endpoint has bound.

use super::config::Bind;
use crate::manager::Local;
use net::{DatagramSocket, Listener, Network, Transport};
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// A datagram socket, and the address that peers know it by.
pub(super) struct Udp {
    pub(super) socket: Box<dyn DatagramSocket>,
    pub(super) address: SocketAddr,
}

/// A listener, and the address that peers know it by.
pub(super) struct Tcp {
    pub(super) listener: Box<dyn Listener>,
    pub(super) address: SocketAddr,
}

/// All of them.
#[derive(Default)]
pub(super) struct Sockets {
    pub(super) udp: Vec<Udp>,
    pub(super) tcp: Vec<Tcp>,
    /// Their addresses, in the order of the configuration.
    pub(super) locals: Vec<Local>,
    /// After an error of a socket: when they are looked at again.
    pub(super) again: Option<Instant>,
}

/// The wait after an error of a socket, for example for want of descriptors.
pub(super) const PAUSE: Duration = Duration::from_millis(100);

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
                sockets.udp.push(Udp { socket, address });
                address
            } else {
                let listener = network.listen(bind.transport, bind.address)?;
                let address = advertised(bind, listener.local_addr());
                sockets.tcp.push(Tcp { listener, address });
                address
            };
            sockets.locals.push(Local { transport: bind.transport, address });
        }
        Ok(sockets)
    }

    /// The socket that peers know by this address.
    pub(super) fn udp(&self, address: SocketAddr) -> Option<&dyn DatagramSocket> {
        self.udp.iter().find(|udp| udp.address == address).map(|udp| &*udp.socket)
    }
}

fn advertised(bind: &Bind, bound: SocketAddr) -> SocketAddr {
    SocketAddr::new(bind.advertised.unwrap_or_else(|| bound.ip()), bound.port())
}
