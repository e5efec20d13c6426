//! A world in which one thing fails once: the N-th of a kind that is asked of it.

use net::{BoxFuture, Connection, Datagram, DatagramSocket, Listener, Network, Transport};
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use terminal::assembly::Entropy;

/// What may fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A datagram socket is not bound.
    Bind,
    /// A datagram is not sent.
    Send,
    /// A datagram socket says that it failed, where something has arrived.
    Receive,
    /// A connection is not opened.
    Connect,
    /// A connection breaks where it is read.
    Read,
    /// A connection breaks where it is written.
    Write,
    /// There are no random octets.
    Entropy,
}

/// The one failure, and what was asked until it came.
#[derive(Clone)]
pub(crate) struct Fails(Arc<Plan>);

struct Plan {
    kind: Kind,
    at: usize,
    asked: AtomicUsize,
    is_armed: AtomicBool,
}

impl Fails {
    /// The `at`-th of a kind fails, from 1, once this is armed.
    pub(crate) fn new(kind: Kind, at: usize) -> Self {
        let (asked, is_armed) = (AtomicUsize::new(0), AtomicBool::new(false));
        Self(Arc::new(Plan { kind, at, asked, is_armed }))
    }

    /// Counts from now on.
    pub(crate) fn arm(&self) {
        self.0.is_armed.store(true, Ordering::Relaxed);
    }

    /// Counts no more, and says whether it has failed.
    pub(crate) fn disarm(&self) -> bool {
        self.0.is_armed.store(false, Ordering::Relaxed);
        self.0.asked.load(Ordering::Relaxed) >= self.0.at
    }

    /// Counts what is asked.
    fn count(&self, kind: Kind, error: io::ErrorKind) -> io::Result<()> {
        let Plan { kind: wanted, at, asked, is_armed } = &*self.0;
        if kind != *wanted || !is_armed.load(Ordering::Relaxed) {
            return Ok(());
        }
        let is_it = asked.fetch_add(1, Ordering::Relaxed) + 1 == *at;
        if is_it { Err(io::Error::new(error, "it fails this once")) } else { Ok(()) }
    }
}

/// Something of the world that may fail.
pub(crate) struct Failing<T> {
    inner: T,
    fails: Fails,
}

impl<T> Failing<T> {
    pub(crate) fn new(inner: T, fails: Fails) -> Self {
        Self { inner, fails }
    }
}

impl<T: fmt::Debug> fmt::Debug for Failing<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl Entropy for Failing<Arc<dyn Entropy>> {
    fn fill(&self, buffer: &mut [u8]) -> io::Result<()> {
        self.fails.count(Kind::Entropy, io::ErrorKind::Other)?;
        self.inner.fill(buffer)
    }
}

impl Network for Failing<Arc<dyn Network>> {
    fn bind(&self, local: SocketAddr) -> io::Result<Box<dyn DatagramSocket>> {
        self.fails.count(Kind::Bind, io::ErrorKind::AddrInUse)?;
        Ok(Box::new(Failing::new(self.inner.bind(local)?, self.fails.clone())))
    }

    fn connect(
        &self, transport: Transport, remote: SocketAddr, name: Option<&str>,
    ) -> BoxFuture<io::Result<Box<dyn Connection>>> {
        let fails = self.fails.clone();
        let counted = fails.count(Kind::Connect, io::ErrorKind::ConnectionRefused);
        let opening = self.inner.connect(transport, remote, name);
        Box::pin(async move {
            counted?;
            Ok(Breaking::of(opening.await?, fails))
        })
    }

    fn listen(&self, transport: Transport, local: SocketAddr) -> io::Result<Box<dyn Listener>> {
        Ok(Box::new(Failing::new(self.inner.listen(transport, local)?, self.fails.clone())))
    }

    fn resolve(&self, host: &str) -> BoxFuture<io::Result<Vec<IpAddr>>> {
        self.inner.resolve(host)
    }

    fn connects(&self, transport: Transport) -> bool {
        self.inner.connects(transport)
    }

    fn route(&self, to: IpAddr) -> io::Result<IpAddr> {
        self.inner.route(to)
    }
}

impl DatagramSocket for Failing<Box<dyn DatagramSocket>> {
    fn poll_receive(
        &self, cx: &mut Context<'_>, batch: &mut Vec<Datagram>,
    ) -> Poll<io::Result<usize>> {
        let before = batch.len();
        let came = self.inner.poll_receive(cx, batch);
        if let Poll::Ready(Ok(_)) = came
            && let Err(error) = self.fails.count(Kind::Receive, io::ErrorKind::Other)
        {
            batch.truncate(before);
            return Poll::Ready(Err(error));
        }
        came
    }

    fn try_send(&self, remote: SocketAddr, octets: &[u8]) -> io::Result<()> {
        self.fails.count(Kind::Send, io::ErrorKind::NetworkUnreachable)?;
        self.inner.try_send(remote, octets)
    }

    fn local_addr(&self) -> SocketAddr {
        self.inner.local_addr()
    }
}

impl Listener for Failing<Box<dyn Listener>> {
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Box<dyn Connection>>> {
        let fails = self.fails.clone();
        self.inner.poll_accept(cx).map_ok(|inner| Breaking::of(inner, fails))
    }

    fn local_addr(&self) -> SocketAddr {
        self.inner.local_addr()
    }
}

/// A connection that is of no more use once it has failed.
struct Breaking {
    inner: Box<dyn Connection>,
    is_broken: bool,
    fails: Fails,
}

impl Breaking {
    fn of(inner: Box<dyn Connection>, fails: Fails) -> Box<dyn Connection> {
        Box::new(Self { inner, is_broken: false, fails })
    }

    fn count(&mut self, kind: Kind) -> io::Result<()> {
        self.is_broken |= self.fails.count(kind, io::ErrorKind::Other).is_err();
        if self.is_broken { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(()) }
    }
}

impl Connection for Breaking {
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let came = self.inner.poll_read(cx, buffer);
        if came.is_ready() {
            self.count(Kind::Read)?;
        }
        came
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        self.count(Kind::Write)?;
        self.inner.poll_write(cx, octets)
    }

    fn poll_finish(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner.poll_finish(cx)
    }

    fn local_addr(&self) -> SocketAddr {
        self.inner.local_addr()
    }

    fn peer_addr(&self) -> SocketAddr {
        self.inner.peer_addr()
    }

    fn transport(&self) -> Transport {
        self.inner.transport()
    }
}

impl fmt::Debug for Breaking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
