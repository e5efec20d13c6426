//! Listening: handshakes run beside each other, and only connections that are through are handed over.

use super::connection::TlsConnection;
use super::handshake::accept;
use super::identity::Tls;
use super::words::UNVOUCHED;
use crate::address::network;
use crate::tokio::stream::{TcpConnection, TcpListener};
use crate::tokio::task::Task;
use crate::{Connection, Listener, Transport, explain};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll, ready};
use tokio::runtime::Handle;

/// Handshakes that run at a time; over it the newest connection is dropped.
const HANDSHAKES: usize = 64;

/// Those of one peer among them, so that one that dawdles leaves places to others.
const HANDSHAKES_OF_ONE: usize = 16;

/// A listening TLS socket. Dropped, it gives its handshakes up.
pub(in crate::tokio) struct TlsListener {
    tcp: TcpListener,
    tls: Tls,
    handle: Handle,
    handshakes: Vec<Handshake>,
}

struct Handshake {
    peer: SocketAddr,
    task: Task<TlsConnection>,
}

impl TlsListener {
    pub(in crate::tokio) fn bind(handle: &Handle, tls: Tls, local: SocketAddr) -> io::Result<Self> {
        let tcp = TcpListener::bind(local)?;
        Ok(Self { tcp, tls, handle: handle.clone(), handshakes: Vec::new() })
    }

    /// Begins a handshake, if there is a place for it.
    fn begin(&mut self, tcp: TcpConnection) {
        let peer = tcp.peer_addr();
        let of_one = self.handshakes.iter().filter(|one| network(one.peer) == network(peer));
        if self.handshakes.len() >= HANDSHAKES || of_one.count() >= HANDSHAKES_OF_ONE {
            return;
        }
        let task = Task::spawn(&self.handle, UNVOUCHED, accept(self.tls.clone(), tcp));
        self.handshakes.push(Handshake { peer, task });
    }

    /// A handshake that is over.
    fn poll_done(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<TlsConnection>> {
        for (place, one) in self.handshakes.iter_mut().enumerate() {
            if let Poll::Ready(result) = one.task.poll_done(cx) {
                let peer = self.handshakes.swap_remove(place).peer;
                return Poll::Ready(result.map_err(|error| {
                    // Whatever went wrong, the listener is as good as before.
                    let error = io::Error::new(io::ErrorKind::ConnectionAborted, error);
                    explain(error, "cannot accept", Transport::Tls, peer)
                }));
            }
        }
        Poll::Pending
    }
}

impl Listener for TlsListener {
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Box<dyn Connection>>> {
        loop {
            if let Poll::Ready(result) = self.poll_done(cx) {
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
