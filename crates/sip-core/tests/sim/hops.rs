//! Requests to a host name: the name stays with the hop, and with the connection that is opened for
//! it.

use crate::flows::{accept, listen};
use crate::world::{ALICE, Side, World, named};
use net::{BoxFuture, Connection, DatagramSocket, Listener, Network, Transport};
use sip_core::manager::{self, Cause, Event};
use ssa::Open;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

/// By which names connections were opened.
type Asked = Arc<Mutex<Vec<Option<String>>>>;

/// A network that notes them.
#[derive(Debug)]
struct Noting(Arc<dyn Network>, Asked);

impl Network for Noting {
    fn bind(&self, local: SocketAddr) -> io::Result<Box<dyn DatagramSocket>> {
        self.0.bind(local)
    }

    fn connect(
        &self, transport: Transport, remote: SocketAddr, name: Option<&str>,
    ) -> BoxFuture<io::Result<Box<dyn Connection>>> {
        self.1.lock().unwrap().push(name.map(str::to_owned));
        self.0.connect(transport, remote, name)
    }

    fn listen(&self, transport: Transport, local: SocketAddr) -> io::Result<Box<dyn Listener>> {
        self.0.listen(transport, local)
    }

    fn resolve(&self, host: &str) -> BoxFuture<io::Result<Vec<IpAddr>>> {
        self.0.resolve(host)
    }
}

/// Whether Alice's OPTIONS to `to` is answered.
async fn is_there(alice: &mut Side, to: &str) -> bool {
    alice.endpoint.options(ALICE, to, None).unwrap();
    matches!(alice.next().await, Event::RequestAnswered { outcome: Ok(200), .. })
}

#[test]
fn a_connection_is_opened_by_name_and_serves_that_name_alone() {
    let world = World::perfect();
    let bob = [IpAddr::from([192, 0, 2, 2])];
    world.sim.set_name("a.example.org", &bob);
    world.sim.set_name("b.example.org", &bob);
    let asked = Asked::default();
    let network = Noting(world.sim.host([192, 0, 2, 1].into()).1, Arc::clone(&asked));
    let config = manager::Config::default();
    let mut alice = world.side_over(Arc::new(network), 1, Arc::new(Open), config);
    let _bob = world.side_with(2, Arc::new(Open), named(&["a.example.org", "b.example.org"]));
    world.run(async {
        for host in ["a.example.org", "A.Example.Org", "b.example.org", "192.0.2.2"].repeat(2) {
            assert!(is_there(&mut alice, &format!("sip:{host};transport=tcp")).await, "{host}");
        }
    });
    let by_name = |name: &str| Some(name.to_owned());
    assert_eq!(*asked.lock().unwrap(), [by_name("a.example.org"), by_name("b.example.org"), None]);
}

#[test]
fn a_connection_that_is_closed_fails_the_requests_for_its_own_name_alone() {
    let world = World::perfect();
    let there = [IpAddr::from([192, 0, 2, 9])];
    world.sim.set_name("a.example.org", &there);
    world.sim.set_name("b.example.org", &there);
    let mut alice = world.side(1, Arc::new(Open));
    let mut listener = listen(&world, 9);
    world.run(async {
        let options = |host: &str| {
            let to = format!("sip:{host};transport=tcp");
            alice.endpoint.options(ALICE, &to, None).unwrap()
        };
        let a = options("a.example.org");
        let first = accept(&mut *listener).await;
        options("b.example.org");
        let second = accept(&mut *listener).await;
        drop(first);
        let failed = Event::RequestAnswered { id: a, outcome: Err(Cause::Transport) };
        assert_eq!(alice.next().await, failed);
        assert_eq!(alice.next_within(5).await, None);
        drop(second);
        assert!(matches!(alice.next().await, Event::RequestAnswered { .. }));
    });
}
