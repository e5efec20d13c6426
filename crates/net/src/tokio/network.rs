//! Sockets and names on tokio.

use super::datagram::UdpSocket;
use super::stream::{TcpConnection, TcpListener};
use crate::{
    BoxFuture, Connection, DatagramSocket, Listener, Network, Transport, explain, literal,
};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use tokio::runtime::Handle;

/// The system's UDP and TCP, and its resolver.
#[derive(Clone, Debug)]
pub struct TokioNetwork(Handle);

impl TokioNetwork {
    /// Sockets belong to the runtime of `handle`, which must have its I/O driver enabled.
    pub const fn new(handle: Handle) -> Self {
        Self(handle)
    }
}

impl Network for TokioNetwork {
    fn bind(&self, local: SocketAddr) -> io::Result<Box<dyn DatagramSocket>> {
        let _inside = self.0.enter();
        match UdpSocket::bind(local) {
            Ok(socket) => Ok(Box::new(socket)),
            Err(error) => Err(explain(error, "cannot bind", Transport::Udp, local)),
        }
    }

    fn connect(
        &self, transport: Transport, remote: SocketAddr, _: Option<&str>,
    ) -> BoxFuture<io::Result<Box<dyn Connection>>> {
        let handle = self.0.clone();
        Box::pin(async move {
            let connected = match only_tcp(transport) {
                Ok(()) => TcpConnection::connect(&handle, remote).await,
                Err(error) => Err(error),
            };
            match connected {
                Ok(connection) => Ok(Box::new(connection) as Box<dyn Connection>),
                Err(error) => Err(explain(error, "cannot connect to", transport, remote)),
            }
        })
    }

    fn listen(&self, transport: Transport, local: SocketAddr) -> io::Result<Box<dyn Listener>> {
        let _inside = self.0.enter();
        match only_tcp(transport).and_then(|()| TcpListener::bind(local)) {
            Ok(listener) => Ok(Box::new(listener)),
            Err(error) => Err(explain(error, "cannot listen on", transport, local)),
        }
    }

    fn resolve(&self, host: &str) -> BoxFuture<io::Result<Vec<IpAddr>>> {
        if let Some(address) = literal(host) {
            return Box::pin(std::future::ready(Ok(vec![address])));
        }
        let (handle, host) = (self.0.clone(), host.to_owned());
        Box::pin(async move {
            // getaddrinfo blocks; tokio runs it on a thread made for that.
            let name = host.clone();
            let lookup = handle.spawn_blocking(move || addresses(&name));
            match lookup.await {
                Ok(Ok(addresses)) => Ok(addresses),
                Ok(Err(error)) => Err(unresolved(&host, &error)),
                Err(error) => Err(unresolved(&host, &error.into())),
            }
        })
    }

    fn route(&self, to: IpAddr) -> io::Result<IpAddr> {
        route(to).map_err(|error| {
            io::Error::new(error.kind(), format!("there is no way to {to}: {error}"))
        })
    }
}

/// To connect a UDP socket sends nothing: the system looks the route up, and settles which address
/// packets leave from.
fn route(to: IpAddr) -> io::Result<IpAddr> {
    let any: IpAddr = match to {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = std::net::UdpSocket::bind((any, 0))?;
    // The discard port (RFC 863): any other would do.
    socket.connect((to, 9))?;
    Ok(socket.local_addr()?.ip())
}

/// The addresses of a name in the system's order, each once.
fn addresses(name: &str) -> io::Result<Vec<IpAddr>> {
    let mut addresses = Vec::new();
    for address in std::net::ToSocketAddrs::to_socket_addrs(&(name, 0))? {
        if !addresses.contains(&address.ip()) {
            addresses.push(address.ip());
        }
    }
    if addresses.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "no address"));
    }
    Ok(addresses)
}

fn unresolved(host: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot resolve {host}: {error}"))
}

fn only_tcp(transport: Transport) -> io::Result<()> {
    match transport {
        Transport::Tcp => Ok(()),
        Transport::Udp | Transport::Tls | Transport::Ws | Transport::Wss => {
            Err(io::ErrorKind::Unsupported.into())
        }
    }
}
