//! A network whose RTP has a fate.

use crate::profile::{Fate, Profile};
use net::{BoxFuture, Connection, Datagram, DatagramSocket, Listener, Network, Runtime, Transport};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

/// Sends what is no RTP as it is, and RTP as its fate has it.
#[derive(Debug)]
pub(crate) struct Impaired {
    inner: Arc<dyn Network>,
    runtime: Arc<dyn Runtime>,
    profile: Profile,
}

impl Impaired {
    pub(crate) fn new(
        inner: Arc<dyn Network>, runtime: Arc<dyn Runtime>, profile: Profile,
    ) -> Self {
        Self { inner, runtime, profile }
    }
}

impl Network for Impaired {
    fn bind(&self, local: SocketAddr) -> io::Result<Box<dyn DatagramSocket>> {
        let inner = self.inner.bind(local)?.into();
        let fate = Mutex::new(Fate::new(self.profile));
        Ok(Box::new(Socket { inner, runtime: Arc::clone(&self.runtime), fate }))
    }

    fn connect(
        &self, transport: Transport, remote: SocketAddr, name: Option<&str>,
    ) -> BoxFuture<io::Result<Box<dyn Connection>>> {
        self.inner.connect(transport, remote, name)
    }

    fn listen(&self, transport: Transport, local: SocketAddr) -> io::Result<Box<dyn Listener>> {
        self.inner.listen(transport, local)
    }

    fn resolve(&self, host: &str) -> BoxFuture<io::Result<Vec<IpAddr>>> {
        self.inner.resolve(host)
    }

    fn route(&self, to: IpAddr) -> io::Result<IpAddr> {
        self.inner.route(to)
    }
}

#[derive(Debug)]
struct Socket {
    inner: Arc<dyn DatagramSocket>,
    runtime: Arc<dyn Runtime>,
    fate: Mutex<Fate>,
}

/// Whether it is RTP, and no RTCP, by its first octets. RFC 7983 §7, RFC 5761 §4.
fn is_rtp(octets: &[u8]) -> bool {
    matches!(octets, [128..=191, kind, ..] if !(192..=223).contains(kind))
}

impl DatagramSocket for Socket {
    fn poll_receive(
        &self, cx: &mut Context<'_>, batch: &mut Vec<Datagram>,
    ) -> Poll<io::Result<usize>> {
        self.inner.poll_receive(cx, batch)
    }

    fn try_send(&self, remote: SocketAddr, octets: &[u8]) -> io::Result<()> {
        if !is_rtp(octets) {
            return self.inner.try_send(remote, octets);
        }
        let now = self.runtime.now();
        let mut fate = self.fate.lock().unwrap_or_else(PoisonError::into_inner);
        match fate.of_next(now) {
            None => Ok(()),
            Some(leaves) if leaves <= now => self.inner.try_send(remote, octets),
            Some(leaves) => {
                let (inner, octets) = (Arc::clone(&self.inner), octets.to_vec());
                let wait = self.runtime.sleep_until(leaves);
                self.runtime.spawn(Box::pin(async move {
                    wait.await;
                    // As a network: who sent it is told nothing.
                    let _ = inner.try_send(remote, &octets);
                }));
                Ok(())
            }
        }
    }

    fn local_addr(&self) -> SocketAddr {
        self.inner.local_addr()
    }
}
