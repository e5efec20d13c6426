//! The network with WebSockets.

use super::config::{Shared, WsConfig};
use super::listener::WsListener;
use super::opening::open;
use crate::{
    BoxFuture, Connection, DatagramSocket, Listener, Naptr, Network, Runtime, Srv, Transport,
    explain,
};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

/// Speaks WebSocket over the connections of `N`, and leaves the rest to it.
#[derive(Debug)]
pub struct WebSockets<N> {
    inner: N,
    shared: Arc<Shared>,
}

impl<N: Network> WebSockets<N> {
    /// Over `inner`, whose clock `runtime` is.
    pub fn new(inner: N, runtime: Arc<dyn Runtime>, config: WsConfig) -> Self {
        let shared = Shared { runtime, config, leaving: AtomicUsize::new(0) };
        Self { inner, shared: Arc::new(shared) }
    }
}

/// What a WebSocket runs over.
const fn below(transport: Transport) -> Option<Transport> {
    match transport {
        Transport::Ws => Some(Transport::Tcp),
        Transport::Wss => Some(Transport::Tls),
        Transport::Udp | Transport::Tcp | Transport::Tls => None,
    }
}

/// The error of what runs below, as that of the WebSocket.
fn of(transport: Transport, below: Transport, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), error.to_string().replacen(below.name(), transport.name(), 1))
}

impl<N: Network> Network for WebSockets<N> {
    fn bind(&self, local: SocketAddr) -> io::Result<Box<dyn DatagramSocket>> {
        self.inner.bind(local)
    }

    fn connect(
        &self, transport: Transport, remote: SocketAddr, name: Option<&str>,
    ) -> BoxFuture<io::Result<Box<dyn Connection>>> {
        let Some(below) = below(transport) else {
            return self.inner.connect(transport, remote, name);
        };
        let connecting = self.inner.connect(below, remote, name);
        let (shared, name) = (Arc::clone(&self.shared), name.map(str::to_owned));
        Box::pin(async move {
            let connection = connecting.await.map_err(|error| of(transport, below, &error))?;
            match open(shared, connection, transport, (remote, name)).await {
                Ok(connection) => Ok(Box::new(connection) as Box<dyn Connection>),
                Err(error) => Err(explain(error, "cannot connect to", transport, remote)),
            }
        })
    }

    fn listen(&self, transport: Transport, local: SocketAddr) -> io::Result<Box<dyn Listener>> {
        let Some(below) = below(transport) else {
            return self.inner.listen(transport, local);
        };
        let listener = self.inner.listen(below, local);
        let listener = listener.map_err(|error| of(transport, below, &error))?;
        Ok(Box::new(WsListener::new(Arc::clone(&self.shared), transport, listener)))
    }

    fn resolve(&self, host: &str) -> BoxFuture<io::Result<Vec<IpAddr>>> {
        self.inner.resolve(host)
    }

    fn srv(&self, name: &str) -> BoxFuture<io::Result<Vec<Srv>>> {
        self.inner.srv(name)
    }

    fn naptr(&self, name: &str) -> BoxFuture<io::Result<Vec<Naptr>>> {
        self.inner.naptr(name)
    }

    fn connects(&self, transport: Transport) -> bool {
        self.inner.connects(below(transport).unwrap_or(transport))
    }

    fn route(&self, to: IpAddr) -> io::Result<IpAddr> {
        self.inner.route(to)
    }
}
