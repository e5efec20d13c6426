//! A network that changes what a host sends and receives: a middlebox, or an attacker on the way.

use net::{BoxFuture, Connection, Datagram, DatagramSocket, Listener, Network, Transport};
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// Which way a datagram goes, as the host sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Out,
    In,
}

/// What becomes of a SIP datagram: none, one or several go on.
pub(crate) type Meddle = Arc<dyn Fn(Way, &[u8]) -> Vec<Vec<u8>> + Send + Sync>;

/// The network of a host behind `meddle`. It has no TCP, so that all of SIP is seen.
pub(crate) struct Meddler {
    inner: Arc<dyn Network>,
    meddle: Meddle,
}

impl Meddler {
    pub(crate) fn new(inner: Arc<dyn Network>, meddle: Meddle) -> Self {
        Self { inner, meddle }
    }
}

impl Network for Meddler {
    fn bind(&self, local: SocketAddr) -> io::Result<Box<dyn DatagramSocket>> {
        let inner = self.inner.bind(local)?;
        Ok(Box::new(Socket { inner, meddle: Arc::clone(&self.meddle) }))
    }

    fn connect(
        &self, _: Transport, _: SocketAddr, _: Option<&str>,
    ) -> BoxFuture<io::Result<Box<dyn Connection>>> {
        Box::pin(async { Err(io::ErrorKind::ConnectionRefused.into()) })
    }

    fn listen(&self, _: Transport, local: SocketAddr) -> io::Result<Box<dyn Listener>> {
        // Bound elsewhere: whoever connects to the port that is known finds nobody.
        self.inner
            .listen(Transport::Tcp, SocketAddr::new(local.ip(), 0))
            .map(|inner| Box::new(Elsewhere { _inner: inner, local }) as Box<dyn Listener>)
    }

    fn resolve(&self, host: &str) -> BoxFuture<io::Result<Vec<IpAddr>>> {
        self.inner.resolve(host)
    }
}

impl fmt::Debug for Meddler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Meddler")
    }
}

#[derive(Debug)]
struct Elsewhere {
    _inner: Box<dyn Listener>,
    local: SocketAddr,
}

impl Listener for Elsewhere {
    fn poll_accept(&mut self, _: &mut Context<'_>) -> Poll<io::Result<Box<dyn Connection>>> {
        Poll::Pending
    }

    fn local_addr(&self) -> SocketAddr {
        self.local
    }
}

struct Socket {
    inner: Box<dyn DatagramSocket>,
    meddle: Meddle,
}

impl DatagramSocket for Socket {
    fn poll_receive(
        &self, cx: &mut Context<'_>, batch: &mut Vec<Datagram>,
    ) -> Poll<io::Result<usize>> {
        let mut came = Vec::new();
        ready!(self.inner.poll_receive(cx, &mut came))?;
        let before = batch.len();
        for datagram in came {
            let changed = (self.meddle)(Way::In, &datagram.octets);
            batch.extend(
                changed.into_iter().map(|octets| Datagram { octets: octets.into(), ..datagram }),
            );
        }
        if batch.len() == before {
            // All were swallowed: look again.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Ok(batch.len() - before))
    }

    fn try_send(&self, remote: SocketAddr, octets: &[u8]) -> io::Result<()> {
        for changed in (self.meddle)(Way::Out, octets) {
            self.inner.try_send(remote, &changed)?;
        }
        Ok(())
    }

    fn local_addr(&self) -> SocketAddr {
        self.inner.local_addr()
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
