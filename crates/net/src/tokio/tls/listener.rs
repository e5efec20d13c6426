//! Listening: handshakes run beside each other, and only connections that are through are handed over.

use super::connection::TlsConnection;
use super::handshake::accept;
use super::identity::Tls;
use super::words::UNVOUCHED;
use crate::handshakes::Handshakes;
use crate::tokio::stream::{TcpConnection, TcpListener};
use crate::tokio::task::Task;
use crate::{Connection, Listener, Transport};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll, ready};
use tokio::runtime::Handle;

/// A listening TLS socket. Dropped, it gives its handshakes up.
pub(in crate::tokio) struct TlsListener {
    tcp: TcpListener,
    tls: Tls,
    handle: Handle,
    handshakes: Handshakes<Task<TlsConnection>>,
}

impl TlsListener {
    pub(in crate::tokio) fn bind(handle: &Handle, tls: Tls, local: SocketAddr) -> io::Result<Self> {
        let tcp = TcpListener::bind(local)?;
        Ok(Self { tcp, tls, handle: handle.clone(), handshakes: Handshakes::new(Transport::Tls) })
    }

    /// Begins a handshake, if there is a place for it.
    fn begin(&mut self, tcp: TcpConnection) {
        let peer = tcp.peer_addr();
        let (handle, tls) = (&self.handle, &self.tls);
        self.handshakes.begin(peer, || Task::spawn(handle, UNVOUCHED, accept(tls.clone(), tcp)));
    }
}

impl Listener for TlsListener {
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Box<dyn Connection>>> {
        loop {
            if let Poll::Ready(result) = self.handshakes.poll_done(cx, Task::poll_done) {
                return Poll::Ready(result.map(|done| Box::new(done) as Box<dyn Connection>));
            }
            let tcp = ready!(self.tcp.poll_accept_tcp(cx))?;
            self.begin(tcp);
        }
    }

    fn local_addr(&self) -> SocketAddr {
        self.tcp.local_addr()
    }
}

impl fmt::Debug for TlsListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TlsListener").field(&self.tcp.local_addr()).finish()
    }
}
