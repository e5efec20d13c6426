//! Handshakes of connections that came in: beside each other, and so many at most.

use crate::{Transport, explain};
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::task::{Context, Poll};

/// Handshakes that run at a time; over it the newest connection is dropped.
const MOST: usize = 64;

/// Those of one peer among them, so that one that dawdles leaves places to others.
const MOST_OF_ONE: usize = 16;

/// The handshakes of a listener, each a `W`.
pub(crate) struct Handshakes<W> {
    transport: Transport,
    all: Vec<(SocketAddr, W)>,
}

impl<W> Handshakes<W> {
    /// None yet.
    pub(crate) const fn new(transport: Transport) -> Self {
        Self { transport, all: Vec::new() }
    }

    /// Begins one with `peer`, where there is a place for it.
    pub(crate) fn begin(&mut self, peer: SocketAddr, begin: impl FnOnce() -> W) {
        let of_one = self.all.iter().filter(|(one, _)| network(*one) == network(peer));
        if self.all.len() < MOST && of_one.count() < MOST_OF_ONE {
            self.all.push((peer, begin()));
        }
    }

    /// One that is over.
    ///
    /// # Errors
    /// It failed. Whatever went wrong, the listener is as good as before.
    pub(crate) fn poll_done<T>(
        &mut self, cx: &mut Context<'_>,
        poll: impl Fn(&mut W, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        for (place, (_, work)) in self.all.iter_mut().enumerate() {
            if let Poll::Ready(result) = poll(work, cx) {
                let (peer, _) = self.all.swap_remove(place);
                return Poll::Ready(result.map_err(|error| {
                    let error = io::Error::new(io::ErrorKind::ConnectionAborted, error);
                    explain(error, "cannot accept", self.transport, peer)
                }));
            }
        }
        Poll::Pending
    }
}

/// Whose connection counts as the same peer's: an IPv6 network is one. RFC 4291 §2.5.4.
fn network(peer: SocketAddr) -> IpAddr {
    match peer.ip() {
        IpAddr::V4(ip) => ip.into(),
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64).into(),
    }
}
