//! A terminal with addresses of both families: media is received at the one that the call uses.

use crate::world::{ALL_OVER, Seeded, Wall, Watch, follow};
use media_ctl::audio::{Silence, Tone};
use net::sim::{SimConfig, Simulation};
use net::{BoxFuture, Connection, DatagramSocket, Listener, Network, Transport};
use sip_core::manager::{EndReason, Ours};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use terminal::assembly::{Invitation, Outcome, Ports, Settings, Terminal};
use terminal::config::{Address, Require};

const FIRST: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const SECOND: IpAddr = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1));
const OTHER: IpAddr = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 2));

/// A host with an address of each family.
#[derive(Debug)]
struct TwoHomes {
    v4: Arc<dyn Network>,
    v6: Arc<dyn Network>,
}

impl TwoHomes {
    fn of(&self, address: SocketAddr) -> &Arc<dyn Network> {
        if address.is_ipv4() { &self.v4 } else { &self.v6 }
    }
}

impl Network for TwoHomes {
    fn bind(&self, local: SocketAddr) -> io::Result<Box<dyn DatagramSocket>> {
        self.of(local).bind(local)
    }

    fn connect(
        &self, transport: Transport, remote: SocketAddr, name: Option<&str>,
    ) -> BoxFuture<io::Result<Box<dyn Connection>>> {
        self.of(remote).connect(transport, remote, name)
    }

    fn listen(&self, transport: Transport, local: SocketAddr) -> io::Result<Box<dyn Listener>> {
        self.of(local).listen(transport, local)
    }

    fn resolve(&self, host: &str) -> BoxFuture<io::Result<Vec<IpAddr>>> {
        self.v4.resolve(host)
    }

    fn route(&self, to: IpAddr) -> io::Result<IpAddr> {
        self.of((to, 0).into()).route(to)
    }
}

struct Side {
    terminal: Terminal,
    watch: Watch,
}

fn side(sim: &Simulation, network: Arc<dyn Network>, addresses: &[IpAddr]) -> Side {
    let (runtime, _) = sim.host(OTHER);
    let bind = |ip: &IpAddr| Address::udp((*ip, 5060).into());
    let settings = Settings {
        ours: Ours::of(["sip:other@example.org"]),
        ..Settings::of("sip:someone@example.org", addresses.iter().map(bind).collect())
    };
    let ports = Ports {
        wall_clock: Arc::new(Wall::starting(&runtime)),
        entropy: Arc::new(Seeded(Mutex::new(sim.random()))),
        ..Ports::of(Arc::clone(&runtime), network)
    };
    let (terminal, events) = Terminal::start(&settings, ports).unwrap();
    let watch = Watch::default();
    runtime.spawn(Box::pin(follow(terminal.clone(), events, watch.clone())));
    Side { terminal, watch }
}

/// Calls, and shows that media flows both ways.
fn talk(sim: &Simulation, caller: &Side, callee: &Side, to: IpAddr) {
    let invitation = Invitation {
        to: "sip:other@example.org".to_owned(),
        next_hop: Some(Address::udp((to, 5060).into()).into()),
        require: Require::Nothing.into(),
        late_offer: false,
        source: Box::new(Tone::new(440.0, 8_000)),
        sink: Box::new(Silence),
    };
    let id = caller.terminal.call(invitation).unwrap();
    sim.run_until(sim.elapsed() + Duration::from_secs(3)).unwrap();
    caller.terminal.hang_up(id);
    sim.run_until_idle(sim.elapsed() + ALL_OVER).unwrap();
    for (side, reason) in [(caller, EndReason::Local), (callee, EndReason::Remote)] {
        let seen = side.watch.seen();
        assert_eq!(seen.refused, None);
        assert_eq!(seen.over, Some(Outcome::Ended(reason)), "{seen:?}");
        assert!(seen.packets_received > 100, "{seen:?}");
    }
}

#[test]
fn media_is_received_at_the_address_that_the_call_uses() {
    let sim = Simulation::new(SimConfig::default());
    let (_, v4) = sim.host(FIRST);
    let (_, v6) = sim.host(SECOND);
    let two = side(&sim, Arc::new(TwoHomes { v4, v6 }), &[FIRST, SECOND]);
    let other = side(&sim, sim.host(OTHER).1, &[OTHER]);
    talk(&sim, &two, &other, OTHER);
    talk(&sim, &other, &two, SECOND);
}

#[test]
fn all_addresses_are_bound_and_the_one_on_the_way_is_told() {
    let sim = Simulation::new(SimConfig::default());
    let (_, v4) = sim.host(FIRST);
    let (_, v6) = sim.host(SECOND);
    let all = [Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()];
    let two = side(&sim, Arc::new(TwoHomes { v4, v6 }), &all);
    let other = side(&sim, sim.host(OTHER).1, &[OTHER]);
    talk(&sim, &two, &other, OTHER);
    talk(&sim, &other, &two, SECOND);
}

/// Case X08.
#[test]
fn x08_a_name_is_looked_up_before_it_is_called() {
    let sim = Simulation::new(SimConfig::default());
    let here = side(&sim, sim.host(OTHER).1, &[OTHER]);
    let locate = |to: &str| sim.block_on(here.terminal.locate(to, None)).unwrap();
    sim.set_name("both.example.org", &[FIRST, SECOND]);
    let hop = locate("sip:bob@both.example.org:5070;transport=tcp").unwrap().unwrap();
    assert_eq!((hop.host.as_str(), hop.port), ("both.example.org", Some(5070)));
    assert_eq!(hop.found.addresses, [(SECOND, 5070).into()], "of a family that is bound");
    assert_eq!(hop.transport, Some(Transport::Tcp));
    assert_eq!(locate("sip:bob@[2001:db8::9]").unwrap(), None, "an address needs no looking up");
    sim.set_name("here.example.org", &[Ipv6Addr::LOCALHOST.into()]);
    let why = locate("sip:bob@here.example.org").unwrap_err().line();
    assert!(why.contains("here.example.org: it names only ::1"), "{why}");
    assert!(locate("sip:bob@nowhere.example.org").is_err());
}
