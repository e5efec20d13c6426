//! Listening: handshakes run beside each other, and only connections that are through are handed over.

use super::accepting::accept;
use super::config::Shared;
use super::connection::WsConnection;
use crate::handshakes::Handshakes;
use crate::{BoxFuture, Connection, Listener, Transport};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// A listening socket for WebSockets. Dropped, it gives its handshakes up.
pub(super) struct WsListener {
    inner: Box<dyn Listener>,
    transport: Transport,
    shared: Arc<Shared>,
    handshakes: Handshakes<BoxFuture<io::Result<WsConnection>>>,
}

impl WsListener {
    pub(super) fn new(shared: Arc<Shared>, transport: Transport, inner: Box<dyn Listener>) -> Self {
        Self { inner, transport, shared, handshakes: Handshakes::new(transport) }
    }

    /// Begins a handshake, if there is a place for it.
    fn begin(&mut self, connection: Box<dyn Connection>) {
        let peer = connection.peer_addr();
        let (shared, transport) = (&self.shared, self.transport);
        self.handshakes.begin(peer, || Box::pin(accept(Arc::clone(shared), connection, transport)));
    }
}

impl Listener for WsListener {
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Box<dyn Connection>>> {
        loop {
            if let Poll::Ready(result) =
                self.handshakes.poll_done(cx, |work, cx| work.as_mut().poll(cx))
            {
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
