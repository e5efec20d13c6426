//! The **protocol interface**: what a SIP manager and a media controller need of a network and of
//! a runtime, and nothing of SIP or RTP.
//!
//! ```text
//!     sip-core::driver        media-ctl::driver
//!              │  Runtime: now, sleep_until, spawn
//!              │  Network: bind, connect, listen, resolve
//!     ┌────────┴─────────┐
//!  net::tokio        net::sim     real sockets, or a seeded network on a virtual clock
//! ```
//!
//! Everything is object-safe and poll-based, as in quinn's `Runtime` and `AsyncUdpSocket`, so
//! that a whole terminal runs unchanged in the simulator.

pub mod sim;
#[cfg(feature = "tokio")]
pub mod tokio;

pub use ssa::{FlowId, Transport};

use bytes::Bytes;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

/// A boxed future that can move between threads.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send + 'static>>;

/// Clock and scheduler.
pub trait Runtime: Send + Sync + fmt::Debug {
    /// The monotonic time.
    fn now(&self) -> Instant;

    /// Done once [`now`](Self::now) is at or after `deadline`.
    fn sleep_until(&self, deadline: Instant) -> BoxFuture<()>;

    /// Runs `task` until it is done.
    fn spawn(&self, task: BoxFuture<()>);
}

/// Sockets and names.
pub trait Network: Send + Sync + fmt::Debug {
    /// Binds a datagram socket; port 0 takes any free one.
    ///
    /// # Errors
    /// As the system says, for example [`io::ErrorKind::AddrInUse`].
    fn bind(&self, local: SocketAddr) -> io::Result<Box<dyn DatagramSocket>>;

    /// Opens a connection.
    fn connect(
        &self, transport: Transport, remote: SocketAddr,
    ) -> BoxFuture<io::Result<Box<dyn Connection>>>;

    /// Listens for connections; port 0 takes any free one.
    ///
    /// # Errors
    /// As the system says; [`io::ErrorKind::Unsupported`] for a transport that is not built in.
    fn listen(&self, transport: Transport, local: SocketAddr) -> io::Result<Box<dyn Listener>>;

    /// The addresses of a host name, or of an address written as text.
    fn resolve(&self, host: &str) -> BoxFuture<io::Result<Vec<IpAddr>>>;
}

/// A datagram that was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datagram {
    /// Where it came from.
    pub source: SocketAddr,
    /// The local address that it came to.
    pub local: SocketAddr,
    /// The octets.
    pub octets: Bytes,
}

/// A bound datagram socket. Send and receive may be polled from one task at a time each.
pub trait DatagramSocket: Send + Sync + fmt::Debug {
    /// Appends datagrams that have arrived to `batch`, at most 32, and returns how many.
    fn poll_receive(
        &self, cx: &mut Context<'_>, batch: &mut Vec<Datagram>,
    ) -> Poll<io::Result<usize>>;

    /// Sends at once or says why not; [`io::ErrorKind::WouldBlock`] drops the datagram, as any
    /// network may.
    fn try_send(&self, remote: SocketAddr, octets: &[u8]) -> io::Result<()>;

    /// The address that was bound.
    fn local_addr(&self) -> SocketAddr;
}

/// A stream connection.
pub trait Connection: Send + fmt::Debug {
    /// Reads at most `buffer.len()` bytes; 0 means that the peer has finished.
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>>;

    /// Writes some of `octets`.
    fn poll_write(&mut self, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>>;

    /// The local address.
    fn local_addr(&self) -> SocketAddr;

    /// The peer's address.
    fn peer_addr(&self) -> SocketAddr;

    /// The transport.
    fn transport(&self) -> Transport;
}

/// A listening socket.
pub trait Listener: Send + fmt::Debug {
    /// Accepts a connection.
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Box<dyn Connection>>>;

    /// The address that was bound.
    fn local_addr(&self) -> SocketAddr;
}
