//! Sockets and names on tokio.

use super::datagram::UdpSocket;
#[cfg(feature = "dns")]
use super::dns;
use super::stream::{TcpConnection, TcpListener};
#[cfg(any(feature = "dns", feature = "tls"))]
use super::task::Task;
#[cfg(feature = "tls")]
use super::tls;
use crate::{
    BoxFuture, Connection, DatagramSocket, Listener, Network, Transport, explain, literal,
};
#[cfg(feature = "dns")]
use crate::{Naptr, Srv};
#[cfg(any(feature = "dns", feature = "tls"))]
use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use tokio::runtime::Handle;

/// The system's UDP and TCP, and its resolver; TLS where it was given.
#[derive(Clone, Debug)]
pub struct TokioNetwork {
    handle: Handle,
    #[cfg(feature = "tls")]
    tls: Option<tls::Tls>,
}

impl TokioNetwork {
    /// Sockets belong to the runtime of `handle`, which must have its I/O driver enabled.
    pub const fn new(handle: Handle) -> Self {
        Self {
            handle,
            #[cfg(feature = "tls")]
            tls: None,
        }
    }

    /// Speaks TLS, too. The runtime must have its time driver enabled for it.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn with_tls(mut self, tls: tls::Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    async fn open(
        self, transport: Transport, remote: SocketAddr, name: Option<String>,
    ) -> io::Result<Box<dyn Connection>> {
        match transport {
            Transport::Tcp => Ok(Box::new(TcpConnection::connect(&self.handle, remote).await?)),
            Transport::Tls => self.open_tls(remote, name).await,
            Transport::Udp | Transport::Ws | Transport::Wss => unsupported(),
        }
    }

    #[cfg(feature = "tls")]
    async fn open_tls(
        self, remote: SocketAddr, name: Option<String>,
    ) -> io::Result<Box<dyn Connection>> {
        let Some(tls) = self.tls else { return unsupported() };
        let connecting = tls::connect(tls, self.handle.clone(), remote, name);
        let mut task = Task::spawn(&self.handle, tls::UNVOUCHED, connecting);
        Ok(Box::new(poll_fn(|cx| task.poll_done(cx)).await?))
    }

    #[cfg(not(feature = "tls"))]
    async fn open_tls(self, _: SocketAddr, _: Option<String>) -> io::Result<Box<dyn Connection>> {
        unsupported()
    }

    #[cfg(feature = "tls")]
    fn listen_tls(&self, local: SocketAddr) -> io::Result<Box<dyn Listener>> {
        let Some(tls) = self.tls.clone() else { return unsupported() };
        Ok(Box::new(tls::TlsListener::bind(&self.handle, tls, local)?))
    }

    #[cfg(not(feature = "tls"))]
    fn listen_tls(&self, _: SocketAddr) -> io::Result<Box<dyn Listener>> {
        unsupported()
    }
}

impl Network for TokioNetwork {
    fn bind(&self, local: SocketAddr) -> io::Result<Box<dyn DatagramSocket>> {
        let _inside = self.handle.enter();
        match UdpSocket::bind(local) {
            Ok(socket) => Ok(Box::new(socket)),
            Err(error) => Err(explain(error, "cannot bind", Transport::Udp, local)),
        }
    }

    fn connect(
        &self, transport: Transport, remote: SocketAddr, name: Option<&str>,
    ) -> BoxFuture<io::Result<Box<dyn Connection>>> {
        let opening = self.clone().open(transport, remote, name.map(str::to_owned));
        Box::pin(async move {
            let opened = opening.await;
            opened.map_err(|error| explain(error, "cannot connect to", transport, remote))
        })
    }

    fn listen(&self, transport: Transport, local: SocketAddr) -> io::Result<Box<dyn Listener>> {
        let _inside = self.handle.enter();
        let listening: io::Result<Box<dyn Listener>> = match transport {
            Transport::Tcp => TcpListener::bind(local).map(|tcp| Box::new(tcp) as _),
            Transport::Tls => self.listen_tls(local),
            Transport::Udp | Transport::Ws | Transport::Wss => unsupported(),
        };
        listening.map_err(|error| explain(error, "cannot listen on", transport, local))
    }

    fn resolve(&self, host: &str) -> BoxFuture<io::Result<Vec<IpAddr>>> {
        if let Some(address) = literal(host) {
            return Box::pin(std::future::ready(Ok(vec![address])));
        }
        let (handle, host) = (self.handle.clone(), host.to_owned());
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

    #[cfg(feature = "dns")]
    fn srv(&self, name: &str) -> BoxFuture<io::Result<Vec<Srv>>> {
        let mut task = Task::spawn(&self.handle, dns::FAILED, dns::srv(name.to_owned()));
        Box::pin(poll_fn(move |cx| task.poll_done(cx)))
    }

    #[cfg(feature = "dns")]
    fn naptr(&self, name: &str) -> BoxFuture<io::Result<Vec<Naptr>>> {
        let mut task = Task::spawn(&self.handle, dns::FAILED, dns::naptr(name.to_owned()));
        Box::pin(poll_fn(move |cx| task.poll_done(cx)))
    }

    fn connects(&self, transport: Transport) -> bool {
        match transport {
            Transport::Tcp => true,
            #[cfg(feature = "tls")]
            Transport::Tls => self.tls.is_some(),
            #[cfg(not(feature = "tls"))]
            Transport::Tls => false,
            Transport::Udp | Transport::Ws | Transport::Wss => false,
        }
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

fn unsupported<T>() -> io::Result<T> {
    Err(io::ErrorKind::Unsupported.into())
}
