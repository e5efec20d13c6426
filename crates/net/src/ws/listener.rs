//! Listening: handshakes run beside each other, and only connections that are through are handed over.

use super::accepting::accept;
use super::config::Shared;
use super::connection::WsConnection;
use crate::address::network;
use crate::{BoxFuture, Connection, Listener, Transport, explain};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// Handshakes that run at a time; over it the newest connection is dropped.
const HANDSHAKES: usize = 64;

/// Those of one peer among them, so that one that dawdles leaves places to others.
const HANDSHAKES_OF_ONE: usize = 16;

/// A listening socket for WebSockets. Dropped, it gives its handshakes up.
pub(super) struct WsListener {
    inner: Box<dyn Listener>,
    transport: Transport,
    shared: Arc<Shared>,
    handshakes: Vec<Handshake>,
}

struct Handshake {
    peer: SocketAddr,
    work: BoxFuture<io::Result<WsConnection>>,
}

impl WsListener {
    pub(super) fn new(shared: Arc<Shared>, transport: Transport, inner: Box<dyn Listener>) -> Self {
        Self { inner, transport, shared, handshakes: Vec::new() }
    }

    /// Begins a handshake, if there is a place for it.
    fn begin(&mut self, connection: Box<dyn Connection>) {
        let peer = connection.peer_addr();
        let of_one = self.handshakes.iter().filter(|one| network(one.peer) == network(peer));
        if self.handshakes.len() >= HANDSHAKES || of_one.count() >= HANDSHAKES_OF_ONE {
            return;
        }
        let work = accept(Arc::clone(&self.shared), connection, self.transport);
        self.handshakes.push(Handshake { peer, work: Box::pin(work) });
    }

    /// A handshake that is over.
    fn poll_done(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<WsConnection>> {
        for (place, one) in self.handshakes.iter_mut().enumerate() {
            if let Poll::Ready(result) = one.work.as_mut().poll(cx) {
                let peer = self.handshakes.swap_remove(place).peer;
                return Poll::Ready(result.map_err(|error| {
                    // Whatever went wrong, the listener is as good as before.
                    let error = io::Error::new(io::ErrorKind::ConnectionAborted, error);
                    explain(error, "cannot accept", self.transport, peer)
                }));
            }
        }
        Poll::Pending
    }
}

impl Listener for WsListener {
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Box<dyn Connection>>> {
        loop {
            if let Poll::Ready(result) = self.poll_done(cx) {
                return Poll::Ready(result.map(|done| Box::new(done) as Box<dyn Connection>));
            }
            let connection = ready!(self.inner.poll_accept(cx))?;
            self.begin(connection);
        }
    }

    fn local_addr(&self) -> SocketAddr {
        self.inner.local_addr()
    }
}

impl fmt::Debug for WsListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WsListener").field(&self.inner).finish()
    }
}
