//! The **protocol interface**: what a SIP manager and a media controller need of a network and of
//! a runtime, and nothing of SIP or RTP.
//!
//! ```text
//!     sip-core::driver        media-ctl::driver
//!              │  Runtime: now, sleep_until, spawn
//!              │  Network: bind, connect, listen, resolve, srv, naptr
//!              │  System: both, with a keyed hash and randomness
//!     ┌────────┴─────────┐
//!  net::tokio        net::sim     real sockets, or a seeded network on a virtual clock
//! ```
//!
//! Everything is object-safe and poll-based, as in quinn's `Runtime` and `AsyncUdpSocket`, so
//! that a whole terminal runs unchanged in the simulator. The `dyn` types have the same calls as
//! `async fn`s ([`dyn DatagramSocket::receive`], [`dyn Connection::read`] …) for tests and small
//! programs; a driver that waits for several things at once polls.
//!
//! The loop of a driver, over any of the worlds:
//!
//! ```
//! # use net::{Datagram, sim::{SimConfig, Simulation}};
//! # let sim = Simulation::new(SimConfig::default());
//! # let (runtime, network) = sim.host([192, 0, 2, 1].into());
//! let socket = network.bind("192.0.2.1:5060".parse()?)?;
//! runtime.spawn(Box::pin(async move {
//!     let mut batch = Vec::new();
//!     while socket.receive(&mut batch).await.is_ok() {
//!         for Datagram { source, octets, .. } in batch.drain(..) {
//!             let _ = socket.try_send(source, &octets);
//!         }
//!     }
//! }));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What is not here: SIP framing, RTP, retries, connection pools, name selection by RFC 3263.

mod address;
#[cfg(any(feature = "tls", feature = "ws"))]
mod handshakes;
mod lock;
mod observed;
mod records;
pub mod sim;
mod system;
#[cfg(feature = "tokio")]
pub mod tokio;
mod wait;
#[cfg(feature = "ws")]
pub mod ws;

pub use address::literal;
pub use observed::{Observed, Packet, Sink};
pub use records::{Naptr, Srv};
pub use ssa::{FlowId, Transport};
pub use system::{Keyed, Random, System};

use address::explain;
use bytes::Bytes;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

/// A boxed future that can move between threads.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send + 'static>>;

/// The datagrams that [`DatagramSocket::poll_receive`] hands over at a time, at most.
pub const MAX_BATCH: usize = 32;

/// The payload of the longest UDP datagram over IPv4, in octets: 65 535 less 20 for IP and 8 for
/// UDP. RFC 768, RFC 791 §3.1.
pub const MAX_DATAGRAM: usize = 65_507;

/// Clock and scheduler.
pub trait Runtime: Send + Sync + fmt::Debug {
    /// The monotonic time.
    fn now(&self) -> Instant;

    /// Done once [`now`](Self::now) is at or after `deadline`; dropped, the timer is gone.
    fn sleep_until(&self, deadline: Instant) -> BoxFuture<()>;

    /// Runs `task` until it is done.
    fn spawn(&self, task: BoxFuture<()>);
}

/// Sockets and names.
///
/// The message of an error names the address, so that it can be shown to a user as it is:
/// `cannot bind UDP 127.0.0.1:5060: Address already in use (os error 98)`.
pub trait Network: Send + Sync + fmt::Debug {
    /// Binds a datagram socket; port 0 takes any free one.
    ///
    /// # Errors
    /// As the system says, for example [`io::ErrorKind::AddrInUse`].
    fn bind(&self, local: SocketAddr) -> io::Result<Box<dyn DatagramSocket>>;

    /// Opens a connection. Dropping the future gives the attempt up; it has no deadline but the
    /// system's own, and that of a secure transport's handshake.
    ///
    /// `name`: the host name that `remote` was found for, where a name was asked for: whom a secure
    /// transport expects at the other end (RFC 5922 §7.2), and what a WebSocket's handshake names.
    /// Without one, a secure transport expects the address.
    ///
    /// # Errors
    /// As the system says, for example [`io::ErrorKind::ConnectionRefused`];
    /// [`io::ErrorKind::PermissionDenied`] where the security manager refuses the peer's
    /// certificate, and why; [`io::ErrorKind::Unsupported`] for a transport that is not built in.
    fn connect(
        &self, transport: Transport, remote: SocketAddr, name: Option<&str>,
    ) -> BoxFuture<io::Result<Box<dyn Connection>>>;

    /// Listens for connections; port 0 takes any free one.
    ///
    /// # Errors
    /// As the system says; [`io::ErrorKind::Unsupported`] for a transport that is not built in.
    fn listen(&self, transport: Transport, local: SocketAddr) -> io::Result<Box<dyn Listener>>;

    /// The addresses of a host name, or of an address written as text (an IPv6 address with or
    /// without its brackets). There is at least one.
    ///
    /// # Errors
    /// If the name has no address or cannot be looked up.
    fn resolve(&self, host: &str) -> BoxFuture<io::Result<Vec<IpAddr>>>;

    /// The SRV records of a name, such as `_sip._udp.example.org`; none where it has none, which is
    /// what a network without the DNS says.
    ///
    /// # Errors
    /// If it cannot be known whether there are any.
    fn srv(&self, name: &str) -> BoxFuture<io::Result<Vec<Srv>>> {
        let _ = name;
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    /// The NAPTR records of a name; none as with [`srv`](Self::srv).
    ///
    /// # Errors
    /// If it cannot be known whether there are any.
    fn naptr(&self, name: &str) -> BoxFuture<io::Result<Vec<Naptr>>> {
        let _ = name;
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    /// Whether [`connect`](Self::connect) knows this transport. UDP has no connections.
    fn connects(&self, transport: Transport) -> bool {
        transport == Transport::Tcp
    }

    /// The address that packets to `to` leave from, for sockets that are bound to all addresses.
    /// Nothing is sent for it.
    ///
    /// # Errors
    /// As the system says, for example [`io::ErrorKind::NetworkUnreachable`] where there is no way
    /// there; [`io::ErrorKind::Unsupported`] for a network that does not know, which is what it
    /// says unless it is told otherwise.
    fn route(&self, to: IpAddr) -> io::Result<IpAddr> {
        let _ = to;
        Err(io::ErrorKind::Unsupported.into())
    }
}

impl<N: Network + ?Sized> Network for Arc<N> {
    fn bind(&self, local: SocketAddr) -> io::Result<Box<dyn DatagramSocket>> {
        (**self).bind(local)
    }

    fn connect(
        &self, transport: Transport, remote: SocketAddr, name: Option<&str>,
    ) -> BoxFuture<io::Result<Box<dyn Connection>>> {
        (**self).connect(transport, remote, name)
    }

    fn listen(&self, transport: Transport, local: SocketAddr) -> io::Result<Box<dyn Listener>> {
        (**self).listen(transport, local)
    }

    fn resolve(&self, host: &str) -> BoxFuture<io::Result<Vec<IpAddr>>> {
        (**self).resolve(host)
    }

    fn srv(&self, name: &str) -> BoxFuture<io::Result<Vec<Srv>>> {
        (**self).srv(name)
    }

    fn naptr(&self, name: &str) -> BoxFuture<io::Result<Vec<Naptr>>> {
        (**self).naptr(name)
    }

    fn connects(&self, transport: Transport) -> bool {
        (**self).connects(transport)
    }

    fn route(&self, to: IpAddr) -> io::Result<IpAddr> {
        (**self).route(to)
    }
}

/// A datagram that was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datagram {
    /// Where it came from.
    pub source: SocketAddr,
    /// The local address that it came to. On a socket bound to all addresses of a host, it is
    /// that unspecified address where the system does not tell more.
    pub local: SocketAddr,
    /// The octets.
    pub octets: Bytes,
}

/// A datagram of ours that did not arrive.
#[derive(Debug)]
pub struct Undelivered {
    /// Where it went.
    pub remote: SocketAddr,
    /// Its first octets, as many as were quoted: eight may be the most, or none.
    pub octets: Bytes,
    /// Why, and where to, for example [`io::ErrorKind::ConnectionRefused`].
    pub error: io::Error,
}

/// A bound datagram socket. Send and receive may be polled from one task at a time each.
pub trait DatagramSocket: Send + Sync + fmt::Debug {
    /// Appends datagrams that have arrived to `batch`, at most [`MAX_BATCH`], and returns how
    /// many: at least one.
    ///
    /// # Errors
    /// Only of the socket itself; that an earlier datagram could not be delivered is no error.
    fn poll_receive(
        &self, cx: &mut Context<'_>, batch: &mut Vec<Datagram>,
    ) -> Poll<io::Result<usize>>;

    /// Sends at once or says why not; [`io::ErrorKind::WouldBlock`] drops the datagram, as any
    /// network may.
    ///
    /// # Errors
    /// As the system says, for example if the datagram is longer than [`MAX_DATAGRAM`].
    fn try_send(&self, remote: SocketAddr, octets: &[u8]) -> io::Result<()>;

    /// Sends the first datagrams of `batch`, as many as the system takes at once, and returns how
    /// many: at least one of a batch that has any.
    ///
    /// # Errors
    /// What [`try_send`](Self::try_send) says of the first one; nothing was sent then.
    fn try_send_some(&self, batch: &[(SocketAddr, Bytes)]) -> io::Result<usize> {
        let Some((remote, octets)) = batch.first() else { return Ok(0) };
        self.try_send(*remote, octets).map(|()| 1)
    }

    /// The next datagram of ours of which the network told that it did not arrive (ICMP), once this
    /// has been asked first. Many networks tell nothing. A socket that does not know, which is what
    /// it says unless it is told otherwise, is never ready.
    ///
    /// Anybody can tell so who knows both addresses and ports; only who has seen the datagram can
    /// quote it.
    fn poll_undelivered(&self, cx: &mut Context<'_>) -> Poll<Undelivered> {
        let _ = cx;
        Poll::Pending
    }

    /// The address that was bound.
    fn local_addr(&self) -> SocketAddr;
}

/// A stream connection. Dropped, it is closed; what was written is still sent.
pub trait Connection: Send + fmt::Debug {
    /// Reads at most `buffer.len()` octets; 0 means that the peer has finished.
    ///
    /// # Errors
    /// As the system says, for example [`io::ErrorKind::ConnectionReset`]; the connection is then
    /// of no more use.
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>>;

    /// Writes some of `octets`, at least one unless they are empty. After `Pending` it is to be
    /// called with the same octets; more may follow behind them.
    ///
    /// # Errors
    /// As for [`poll_read`](Self::poll_read), and [`io::ErrorKind::BrokenPipe`] after
    /// [`poll_finish`](Self::poll_finish).
    fn poll_write(&mut self, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>>;

    /// Whether the octets that were read last are the end of a message, on a connection of messages:
    /// a WebSocket, where what one call of [`poll_write`](Self::poll_write) is given is one. A
    /// connection of octets alone does not know.
    fn ends_message(&self) -> bool {
        false
    }

    /// Finishes writing: behind what was written the peer reads 0. Reading goes on, but on a
    /// WebSocket, which closes both ways at once.
    ///
    /// # Errors
    /// As for [`poll_read`](Self::poll_read).
    fn poll_finish(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// The local address.
    fn local_addr(&self) -> SocketAddr;

    /// The peer's address.
    fn peer_addr(&self) -> SocketAddr;

    /// The transport.
    fn transport(&self) -> Transport;
}

/// A listening socket. Dropped, it takes no more connections; those accepted live on.
pub trait Listener: Send + fmt::Debug {
    /// Accepts a connection.
    ///
    /// The listener stays good after any error.
    ///
    /// # Errors
    /// [`io::ErrorKind::ConnectionAborted`]: one peer gave its attempt up or was refused, and the
    /// next one may be there already. Anything else, such as the want of file descriptors, is there
    /// again at once: wait a little.
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Box<dyn Connection>>>;

    /// The address that was bound.
    fn local_addr(&self) -> SocketAddr;
}

/// The README's example is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
