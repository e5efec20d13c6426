//! A host whose listeners fail: it has run out of descriptors, or its peers give up.

use crate::raw::{Raw, Wanted, request};
use crate::world::{ALICE, Side, World, sdp};
use net::{BoxFuture, Connection, DatagramSocket, Listener, Network, Transport};
use sip_core::manager;
use ssa::Open;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

/// Its listeners fail this often and in this way, and know nothing of who waits.
#[derive(Debug)]
struct Poor {
    inner: Arc<dyn Network>,
    fails: (u32, io::ErrorKind),
    asked: Arc<AtomicU32>,
}

#[derive(Debug)]
struct PoorListener {
    inner: Box<dyn Listener>,
    fails: (u32, io::ErrorKind),
    asked: Arc<AtomicU32>,
}

impl Listener for PoorListener {
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Box<dyn Connection>>> {
        if self.asked.fetch_add(1, Ordering::Relaxed) < self.fails.0 {
            return Poll::Ready(Err(self.fails.1.into()));
        }
        self.inner.poll_accept(cx)
    }

    fn local_addr(&self) -> SocketAddr {
        self.inner.local_addr()
    }
}

impl Network for Poor {
    fn bind(&self, local: SocketAddr) -> io::Result<Box<dyn DatagramSocket>> {
        self.inner.bind(local)
    }

    fn connect(
        &self, transport: Transport, remote: SocketAddr, name: Option<&str>,
    ) -> BoxFuture<io::Result<Box<dyn Connection>>> {
        self.inner.connect(transport, remote, name)
    }

    fn listen(&self, transport: Transport, local: SocketAddr) -> io::Result<Box<dyn Listener>> {
        let (fails, asked) = (self.fails, Arc::clone(&self.asked));
        Ok(Box::new(PoorListener { inner: self.inner.listen(transport, local)?, fails, asked }))
    }

    fn resolve(&self, host: &str) -> BoxFuture<io::Result<Vec<IpAddr>>> {
        self.inner.resolve(host)
    }
}

/// Bob on such a host, and how often his listener was asked.
fn bob(world: &World, fails: (u32, io::ErrorKind)) -> (Side, Arc<AtomicU32>) {
    let asked = Arc::new(AtomicU32::new(0));
    let inner = world.sim.host(IpAddr::from([192, 0, 2, 2])).1;
    let network = Poor { inner, fails, asked: Arc::clone(&asked) };
    let config = manager::Config::default();
    (world.side_over(Arc::new(network), 2, Arc::new(Open), config), asked)
}

/// How long it takes until a call over TCP has come in.
fn time_until_called(fails: (u32, io::ErrorKind)) -> Duration {
    let world = World::perfect();
    let alice = world.side(1, Arc::new(Open));
    let (mut bob, _) = bob(&world, fails);
    world.run(async {
        alice.call(ALICE, "sip:bob@192.0.2.2;transport=tcp", sdp("offer"));
        bob.incoming().await;
    });
    world.sim.elapsed()
}

#[test]
fn x10_a_listener_that_fails_is_asked_again_after_a_while() {
    let elapsed = time_until_called((3, io::ErrorKind::Other));
    assert!((300..400).contains(&elapsed.as_millis()), "{elapsed:?}");
}

#[test]
fn x10_a_listener_that_fails_is_left_alone_beside_other_traffic() {
    let world = World::perfect();
    let (_bob, asked) = bob(&world, (u32::MAX, io::ErrorKind::Other));
    let mut raw = Raw::new(&world, 9);
    world.run(async {
        for _ in 0..1_000 {
            raw.send(&request(&Wanted { method: "OPTIONS", ..Wanted::default() }));
            raw.sleep(Duration::from_millis(1)).await;
            assert!(raw.receive().await.unwrap().starts_with("SIP/2.0 200 "));
        }
    });
    let seconds = world.sim.elapsed().as_secs_f64();
    let asked = f64::from(asked.load(Ordering::Relaxed));
    assert!(asked <= 10.0 * seconds + 1.0, "{asked} times in {seconds} s");
}

#[test]
fn x10_peers_that_give_up_hold_nobody_up() {
    let elapsed = time_until_called((10_000, io::ErrorKind::ConnectionAborted));
    assert!(elapsed.as_millis() < 50, "{elapsed:?}");
}
