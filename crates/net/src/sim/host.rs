//! A host of the simulator: the two traits over the shared core.

use super::connection::{SimConnection, SimListener};
use super::datagram::SimSocket;
use super::executor::Executor;
use super::names::Entry;
use super::timeline::Sleep;
use super::world::World;
use crate::lock::lock;
use crate::{
    BoxFuture, Connection, DatagramSocket, Listener, Naptr, Network, Runtime, Srv, Transport,
    explain, literal,
};
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How long the simulated resolver takes.
const RESOLVER_DELAY: Duration = Duration::from_millis(10);

/// What all hosts of a simulation share.
pub(super) struct Core {
    /// The real time at the start; an `Instant` can be had in no other way. Only differences to
    /// it are ever looked at.
    pub(super) base: Instant,
    pub(super) executor: Executor,
    pub(super) world: Mutex<World>,
}

impl Core {
    fn sleep(self: &Arc<Self>, delay: Duration) -> Sleep {
        let deadline = lock(&self.world).timeline.now().saturating_add(delay);
        Sleep::new(Arc::clone(self), deadline)
    }
}

/// The virtual clock and the simulation's executor.
pub(super) struct SimRuntime(pub(super) Arc<Core>);

impl Runtime for SimRuntime {
    fn now(&self) -> Instant {
        self.0.base + lock(&self.0.world).timeline.now()
    }

    fn sleep_until(&self, deadline: Instant) -> BoxFuture<()> {
        let deadline = deadline.saturating_duration_since(self.0.base);
        Box::pin(Sleep::new(Arc::clone(&self.0), deadline))
    }

    fn spawn(&self, task: BoxFuture<()>) {
        self.0.executor.spawn(task);
    }
}

impl fmt::Debug for SimRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SimRuntime")
    }
}

/// The network as one host sees it.
pub(super) struct SimNetwork {
    pub(super) core: Arc<Core>,
    pub(super) host: IpAddr,
}

impl SimNetwork {
    /// What a name stands for, once the simulated resolver has found out.
    fn ask(&self, name: &str) -> BoxFuture<Entry> {
        let (core, name) = (Arc::clone(&self.core), name.to_owned());
        Box::pin(async move {
            core.sleep(RESOLVER_DELAY).await;
            let entry = lock(&core.world).names.of(&name).clone();
            if entry.is_silent {
                std::future::pending::<()>().await;
            }
            entry
        })
    }
}

impl Network for SimNetwork {
    fn bind(&self, local: SocketAddr) -> io::Result<Box<dyn DatagramSocket>> {
        match SimSocket::bind(&self.core, self.host, local) {
            Ok(socket) => Ok(Box::new(socket)),
            Err(error) => Err(explain(error, "cannot bind", Transport::Udp, local)),
        }
    }

    fn connect(
        &self, transport: Transport, remote: SocketAddr, _: Option<&str>,
    ) -> BoxFuture<io::Result<Box<dyn Connection>>> {
        let (core, host) = (Arc::clone(&self.core), self.host);
        Box::pin(async move {
            let connection = SimConnection::connect(&core, host, transport, remote).await;
            match connection {
                Ok(connection) => Ok(Box::new(connection) as Box<dyn Connection>),
                Err(error) => Err(explain(error, "cannot connect to", transport, remote)),
            }
        })
    }

    fn listen(&self, transport: Transport, local: SocketAddr) -> io::Result<Box<dyn Listener>> {
        match SimListener::bind(&self.core, self.host, transport, local) {
            Ok(listener) => Ok(Box::new(listener)),
            Err(error) => Err(explain(error, "cannot listen on", transport, local)),
        }
    }

    fn resolve(&self, host: &str) -> BoxFuture<io::Result<Vec<IpAddr>>> {
        if let Some(address) = literal(host) {
            return Box::pin(std::future::ready(Ok(vec![address])));
        }
        let (asking, host) = (self.ask(host), host.to_ascii_lowercase());
        Box::pin(async move {
            let addresses = asking.await.addresses;
            if addresses.is_empty() {
                let why = format!("cannot resolve {host}: no such name");
                return Err(io::Error::new(io::ErrorKind::NotFound, why));
            }
            Ok(addresses)
        })
    }

    fn srv(&self, name: &str) -> BoxFuture<io::Result<Vec<Srv>>> {
        let asking = self.ask(name);
        Box::pin(async move { Ok(asking.await.srv) })
    }

    fn naptr(&self, name: &str) -> BoxFuture<io::Result<Vec<Naptr>>> {
        let asking = self.ask(name);
        Box::pin(async move { Ok(asking.await.naptr) })
    }

    fn connects(&self, transport: Transport) -> bool {
        matches!(transport, Transport::Tcp | Transport::Tls)
    }

    fn route(&self, to: IpAddr) -> io::Result<IpAddr> {
        if to.is_ipv4() == self.host.is_ipv4() {
            Ok(self.host)
        } else {
            Err(io::ErrorKind::NetworkUnreachable.into())
        }
    }
}

impl fmt::Debug for SimNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SimNetwork").field(&self.host).finish()
    }
}
