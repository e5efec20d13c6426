//! A decorator that shows everything that crosses the network.

use crate::{
    BoxFuture, Connection, Datagram, DatagramSocket, Listener, Naptr, Network, Srv, Transport,
    Undelivered,
};
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// A datagram, or what one read or write moved of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// The transport.
    pub transport: Transport,
    /// This side's address.
    pub local: SocketAddr,
    /// The other side's address.
    pub remote: SocketAddr,
    /// Whether this side sent it.
    pub outgoing: bool,
    /// What was moved; for a secure transport, before encryption.
    pub octets: &'a [u8],
}

/// Who watches. Must not block.
pub trait Sink: Send + Sync {
    /// Octets came in, went out to a stream, or are about to go out as a datagram.
    fn packet(&self, packet: &Packet<'_>);

    /// A port was bound, or listens.
    fn bound(&self, transport: Transport, local: SocketAddr) {
        let _ = (transport, local);
    }

    /// A connection was opened by this side (`outgoing`) or by the peer.
    fn connected(
        &self, transport: Transport, local: SocketAddr, remote: SocketAddr, outgoing: bool,
    ) {
        let _ = (transport, local, remote, outgoing);
    }

    /// A connection was closed by this side.
    fn closed(&self, transport: Transport, local: SocketAddr, remote: SocketAddr) {
        let _ = (transport, local, remote);
    }
}

/// Shows what crosses `N` to a sink, and changes nothing.
///
/// To watch an `Arc<dyn Network>`, give it as it is: an `Arc` of a network is a network.
pub struct Observed<N> {
    inner: N,
    sink: Arc<dyn Sink>,
}

impl<N: Network + Clone> Observed<N> {
    /// Watches `inner`.
    pub fn new(inner: N, sink: Arc<dyn Sink>) -> Self {
        Self { inner, sink }
    }
}

impl<N: Network + Clone + 'static> Network for Observed<N> {
    fn bind(&self, local: SocketAddr) -> io::Result<Box<dyn DatagramSocket>> {
        let inner = self.inner.bind(local)?;
        self.sink.bound(Transport::Udp, inner.local_addr());
        let (network, sink) = (self.inner.clone(), Arc::clone(&self.sink));
        Ok(Box::new(ObservedSocket { inner, network, sink }))
    }

    fn connect(
        &self, transport: Transport, remote: SocketAddr, name: Option<&str>,
    ) -> BoxFuture<io::Result<Box<dyn Connection>>> {
        let connecting = self.inner.connect(transport, remote, name);
        let sink = Arc::clone(&self.sink);
        Box::pin(async move { Ok(watch(connecting.await?, sink, true)) })
    }

    fn listen(&self, transport: Transport, local: SocketAddr) -> io::Result<Box<dyn Listener>> {
        let inner = self.inner.listen(transport, local)?;
        self.sink.bound(transport, inner.local_addr());
        Ok(Box::new(ObservedListener { inner, sink: Arc::clone(&self.sink) }))
    }

    fn resolve(&self, host: &str) -> BoxFuture<io::Result<Vec<IpAddr>>> {
        self.inner.resolve(host)
    }

    fn srv(&self, name: &str) -> BoxFuture<io::Result<Vec<Srv>>> {
        self.inner.srv(name)
    }

    fn naptr(&self, name: &str) -> BoxFuture<io::Result<Vec<Naptr>>> {
        self.inner.naptr(name)
    }

    fn connects(&self, transport: Transport) -> bool {
        self.inner.connects(transport)
    }

    fn route(&self, to: IpAddr) -> io::Result<IpAddr> {
        self.inner.route(to)
    }
}

impl<N: fmt::Debug> fmt::Debug for Observed<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Observed").field(&self.inner).finish()
    }
}

struct ObservedSocket<N> {
    inner: Box<dyn DatagramSocket>,
    network: N,
    sink: Arc<dyn Sink>,
}

impl<N: Network> ObservedSocket<N> {
    /// The address of ours that is in a datagram to or from `remote`: where `local` is all of the
    /// host's, the one that the route takes.
    fn known(&self, local: SocketAddr, remote: SocketAddr) -> SocketAddr {
        let all = local.ip().is_unspecified();
        let routed = all.then(|| self.network.route(remote.ip()).ok()).flatten();
        routed.map_or(local, |ip| SocketAddr::new(ip, local.port()))
    }
}

impl<N: Network> DatagramSocket for ObservedSocket<N> {
    fn poll_receive(
        &self, cx: &mut Context<'_>, batch: &mut Vec<Datagram>,
    ) -> Poll<io::Result<usize>> {
        let before = batch.len();
        let count = ready!(self.inner.poll_receive(cx, batch))?;
        for datagram in batch.iter().skip(before) {
            self.sink.packet(&Packet {
                transport: Transport::Udp,
                local: self.known(datagram.local, datagram.source),
                remote: datagram.source,
                outgoing: false,
                octets: &datagram.octets,
            });
        }
        Poll::Ready(Ok(count))
    }

    fn try_send(&self, remote: SocketAddr, octets: &[u8]) -> io::Result<()> {
        // Shown first: once it is out, the peer's sink may be quicker than this one.
        self.sink.packet(&Packet {
            transport: Transport::Udp,
            local: self.known(self.inner.local_addr(), remote),
            remote,
            outgoing: true,
            octets,
        });
        self.inner.try_send(remote, octets)
    }

    fn poll_undelivered(&self, cx: &mut Context<'_>) -> Poll<Undelivered> {
        self.inner.poll_undelivered(cx)
    }

    fn local_addr(&self) -> SocketAddr {
        self.inner.local_addr()
    }
}

impl<N> fmt::Debug for ObservedSocket<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

struct ObservedListener {
    inner: Box<dyn Listener>,
    sink: Arc<dyn Sink>,
}

impl Listener for ObservedListener {
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Box<dyn Connection>>> {
        let connection = ready!(self.inner.poll_accept(cx))?;
        Poll::Ready(Ok(watch(connection, Arc::clone(&self.sink), false)))
    }

    fn local_addr(&self) -> SocketAddr {
        self.inner.local_addr()
    }
}

impl fmt::Debug for ObservedListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

fn watch(inner: Box<dyn Connection>, sink: Arc<dyn Sink>, outgoing: bool) -> Box<dyn Connection> {
    let (local, remote) = (inner.local_addr(), inner.peer_addr());
    sink.connected(inner.transport(), local, remote, outgoing);
    Box::new(ObservedConnection { inner, sink })
}

struct ObservedConnection {
    inner: Box<dyn Connection>,
    sink: Arc<dyn Sink>,
}

impl ObservedConnection {
    fn show(&self, outgoing: bool, octets: &[u8]) {
        if octets.is_empty() {
            return;
        }
        self.sink.packet(&Packet {
            transport: self.inner.transport(),
            local: self.inner.local_addr(),
            remote: self.inner.peer_addr(),
            outgoing,
            octets,
        });
    }
}

impl Connection for ObservedConnection {
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let count = ready!(self.inner.poll_read(cx, buffer))?;
        self.show(false, buffer.get(..count).unwrap_or_default());
        Poll::Ready(Ok(count))
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        let count = ready!(self.inner.poll_write(cx, octets))?;
        self.show(true, octets.get(..count).unwrap_or_default());
        Poll::Ready(Ok(count))
    }

    fn ends_message(&self) -> bool {
        self.inner.ends_message()
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

impl Drop for ObservedConnection {
    fn drop(&mut self) {
        let (local, remote) = (self.inner.local_addr(), self.inner.peer_addr());
        self.sink.closed(self.inner.transport(), local, remote);
    }
}

impl fmt::Debug for ObservedConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::{Observed, Packet, Sink};
    use crate::sim::{SimConfig, Simulation};
    use crate::{Network, Transport};
    use std::net::SocketAddr;
    use std::sync::{Arc, Mutex};

    #[derive(Default)]
    struct Log(Mutex<Vec<String>>);

    impl Log {
        fn add(&self, line: String) {
            self.0.lock().unwrap().push(line);
        }

        fn take(&self) -> Vec<String> {
            std::mem::take(&mut self.0.lock().unwrap())
        }
    }

    impl Sink for Log {
        fn packet(&self, packet: &Packet<'_>) {
            let arrow = if packet.outgoing { "->" } else { "<-" };
            let text = String::from_utf8_lossy(packet.octets);
            let (transport, local, remote) =
                (packet.transport.name(), packet.local.port(), packet.remote.port());
            self.add(format!("{transport} {local} {arrow} {remote} {text}"));
        }

        fn bound(&self, transport: Transport, local: SocketAddr) {
            self.add(format!("{} bound {}", transport.name(), local.port()));
        }

        fn connected(&self, _: Transport, local: SocketAddr, remote: SocketAddr, outgoing: bool) {
            let (local, remote) = (local.port(), remote.port());
            self.add(format!("{local} connected {remote} outgoing={outgoing}"));
        }

        fn closed(&self, _: Transport, local: SocketAddr, remote: SocketAddr) {
            self.add(format!("{} closed {}", local.port(), remote.port()));
        }
    }

    fn watched() -> (Simulation, impl Network, Arc<Log>) {
        let sim = Simulation::new(SimConfig::default());
        let log = Arc::new(Log::default());
        let (_, network) = sim.host([192, 0, 2, 1].into());
        let network = Observed::new(network, Arc::clone(&log) as Arc<dyn Sink>);
        (sim, network, log)
    }

    #[test]
    fn datagrams_are_shown() {
        let (sim, network, log) = watched();
        let near = network.bind("192.0.2.1:1".parse().unwrap()).unwrap();
        let far = network.bind("192.0.2.1:2".parse().unwrap()).unwrap();
        near.try_send(far.local_addr(), b"a").unwrap();
        near.try_send(far.local_addr(), b"b").unwrap();
        sim.run_until_idle(std::time::Duration::from_secs(1)).unwrap();
        let mut batch = Vec::new();
        sim.block_on(far.receive(&mut batch)).unwrap().unwrap();
        let expected = [
            "UDP bound 1",
            "UDP bound 2",
            "UDP 1 -> 2 a",
            "UDP 1 -> 2 b",
            "UDP 2 <- 1 a",
            "UDP 2 <- 1 b",
        ];
        assert_eq!(log.take(), expected);
    }

    #[test]
    fn streams_are_shown_from_opening_to_closing() {
        let (sim, network, log) = watched();
        let mut listener = network.listen(Transport::Tcp, "192.0.2.1:1".parse().unwrap()).unwrap();
        sim.block_on(async {
            let mut near =
                network.connect(Transport::Tcp, listener.local_addr(), None).await.unwrap();
            let mut far = listener.accept().await.unwrap();
            near.write_all(b"question").await.unwrap();
            assert_eq!(far.read(&mut [0; 4]).await.unwrap(), 4);
            near.finish().await.unwrap();
        })
        .unwrap();
        let expected = [
            "TCP bound 1",
            "49152 connected 1 outgoing=true",
            "1 connected 49152 outgoing=false",
            "TCP 49152 -> 1 question",
            "TCP 1 <- 49152 ques",
            "1 closed 49152",
            "49152 closed 1",
        ];
        assert_eq!(log.take(), expected);
    }
}
