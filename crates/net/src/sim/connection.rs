//! The two ends of a stream as their owners hold them, and the listener.

use super::host::Core;
use super::stream::{EndId, State};
use crate::lock::lock;
use crate::{Connection, Listener, Transport};
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::task::{Context, Poll};

/// An end of a stream. Dropped, it finishes what was written.
pub(super) struct SimConnection {
    core: Arc<Core>,
    end: EndId,
    transport: Transport,
    local: SocketAddr,
    remote: SocketAddr,
}

impl SimConnection {
    /// Connects; given up, the attempt is dropped.
    pub(super) async fn connect(
        core: &Arc<Core>, host: IpAddr, transport: Transport, remote: SocketAddr,
    ) -> io::Result<Self> {
        only_streams(transport)?;
        let end = lock(&core.world).start_connecting(host, transport, remote)?;
        let mut connection = Self {
            core: Arc::clone(core),
            end,
            transport,
            local: SocketAddr::new(host, 0),
            remote,
        };
        poll_fn(|cx| connection.poll_connected(cx)).await?;
        Ok(connection)
    }

    fn poll_connected(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut world = lock(&self.core.world);
        let Some(end) = world.streams.end(self.end) else {
            return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
        };
        match end.state {
            State::Connecting { .. } => {
                end.wait(cx.waker());
                Poll::Pending
            }
            State::Open => {
                self.local = end.local;
                Poll::Ready(Ok(()))
            }
            State::Failed(kind) => Poll::Ready(Err(kind.into())),
        }
    }
}

impl Connection for SimConnection {
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut world = lock(&self.core.world);
        if let Some(result) = world.read(self.end, buffer) {
            return Poll::Ready(result);
        }
        if let Some(end) = world.streams.end(self.end) {
            end.wait(cx.waker());
        }
        Poll::Pending
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        let written = lock(&self.core.world).write(self.end, octets, cx.waker());
        written.map_or(Poll::Pending, Poll::Ready)
    }

    fn poll_finish(&mut self, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        lock(&self.core.world).shut(self.end);
        Poll::Ready(Ok(()))
    }

    fn local_addr(&self) -> SocketAddr {
        self.local
    }

    fn peer_addr(&self) -> SocketAddr {
        self.remote
    }

    fn transport(&self) -> Transport {
        self.transport
    }
}

impl Drop for SimConnection {
    fn drop(&mut self) {
        lock(&self.core.world).drop_end(self.end);
    }
}

impl fmt::Debug for SimConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimConnection")
            .field("local", &self.local)
            .field("remote", &self.remote)
            .finish_non_exhaustive()
    }
}

/// A listening port.
pub(super) struct SimListener {
    core: Arc<Core>,
    transport: Transport,
    /// As it was asked for, with the port filled in.
    bound: SocketAddr,
    /// As the network knows it.
    address: SocketAddr,
}

impl SimListener {
    pub(super) fn bind(
        core: &Arc<Core>, host: IpAddr, transport: Transport, local: SocketAddr,
    ) -> io::Result<Self> {
        only_streams(transport)?;
        let address = lock(&core.world).open_listener(host, transport, local)?;
        Ok(Self {
            core: Arc::clone(core),
            transport,
            bound: SocketAddr::new(local.ip(), address.port()),
            address,
        })
    }
}

impl Listener for SimListener {
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Box<dyn Connection>>> {
        let mut world = lock(&self.core.world);
        let Some(id) = world.accept(self.address, cx.waker()) else {
            return Poll::Pending;
        };
        let Some(end) = world.streams.end(id) else {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        };
        Poll::Ready(Ok(Box::new(SimConnection {
            core: Arc::clone(&self.core),
            end: id,
            transport: self.transport,
            local: end.local,
            remote: end.remote,
        })))
    }

    fn local_addr(&self) -> SocketAddr {
        self.bound
    }
}

impl Drop for SimListener {
    fn drop(&mut self) {
        lock(&self.core.world).close_listener(self.address);
    }
}

impl fmt::Debug for SimListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SimListener").field(&self.address).finish()
    }
}

fn only_streams(transport: Transport) -> io::Result<()> {
    match transport {
        Transport::Tcp | Transport::Tls => Ok(()),
        Transport::Udp | Transport::Ws | Transport::Wss => Err(io::ErrorKind::Unsupported.into()),
    }
}
