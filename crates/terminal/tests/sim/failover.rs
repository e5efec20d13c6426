//! A host name with two addresses, the first of which is nobody's: whole terminals get through by
//! the second. Case T16.

use crate::raw::{Raw, registered};
use crate::world::{CALLEE, CALLEE_IP, CALLER, CALLER_IP, Change, World};
use media_ctl::audio::{Silence, Tone};
use net::{Srv, Transport};
use sip_core::manager::{EndReason, NextHop, RegisterConfig};
use std::sync::Arc;
use std::time::Duration;
use terminal::assembly::{Finder, Invitation, Outcome, SystemEntropy};
use terminal::config::{Address, Place, Require};

const NAME: &str = "pbx.example.org";
const NOBODY_IP: [u8; 4] = [192, 0, 2, 77];
const REGISTRAR_IP: [u8; 4] = [192, 0, 2, 9];

/// A place that is given by name, looked up as the command line does.
fn place(world: &World, addresses: &[[u8; 4]]) -> Place {
    let addresses: Vec<_> = addresses.iter().map(|ip| (*ip).into()).collect();
    world.sim.set_name(NAME, &addresses);
    looked_up(world, NAME)
}

/// What `text` in a configuration leads to.
fn looked_up(world: &World, text: &str) -> Place {
    let (runtime, network) = world.sim.host(CALLER_IP.into());
    let binds = [Address::udp((CALLER_IP, 5060).into())];
    let mut place: Place = text.parse().unwrap();
    let finder = Finder::new(runtime, network, Arc::new(SystemEntropy), &binds);
    world.sim.block_on(finder.look_up(&mut place, &binds)).unwrap().unwrap();
    assert_eq!(place.addresses().len(), 2);
    place
}

/// Registers the caller for a minute by `place`: at its first address nobody is, at its second the
/// registrar is.
fn registers(world: &mut World, place: &Place) -> Raw {
    let (caller, _) = world.watch();
    let registrar = Raw::new(world, REGISTRAR_IP);
    let config = RegisterConfig {
        aor: CALLER.to_owned(),
        registrar: "sip:caller.example".to_owned(),
        next_hop: Some(NextHop::from(place)),
        expires: 60,
        ..RegisterConfig::default()
    };
    world.caller.register(config).unwrap();
    world.pass(Duration::from_millis(32_300));
    let [register] = &registrar.heard()[..] else { panic!("not one REGISTER") };
    registrar.send(CALLER_IP, &registered(register, 60));
    world.pass(Duration::from_secs(1));
    assert_eq!(caller.seen().registered, 1);
    registrar
}

#[test]
fn t16_a_call_gets_through_by_the_second_address_of_a_name() {
    for by_account in [false, true] {
        let mut world = World::new(1, Change::default());
        let (caller, callee) = world.watch();
        let place = place(&world, &[NOBODY_IP, CALLEE_IP]);
        let hop = NextHop::of_uri(&format!("sip:{NAME}")).unwrap();
        let hop = if by_account { NextHop::from(&place) } else { hop };
        let next_hop = world.sim.block_on(world.caller.locate(CALLEE, Some(hop))).unwrap().unwrap();
        let invitation = Invitation {
            to: CALLEE.to_owned(),
            next_hop,
            require: Require::Pgp.into(),
            late_offer: false,
            source: Box::new(Tone::new(440.0, 8_000)),
            sink: Box::new(Silence),
        };
        let id = world.caller.call(invitation).unwrap();
        world.pass(Duration::from_secs(50));
        world.caller.hang_up(id);
        world.settle();
        assert_eq!(callee.seen().incoming, 1, "{}", world.ladder());
        for (seen, reason) in
            [(caller.seen(), EndReason::Local), (callee.seen(), EndReason::Remote)]
        {
            assert_eq!(seen.over, Some(Outcome::Ended(reason)), "{}", world.ladder());
            assert!(seen.packets_received > 100, "{seen:?}");
        }
    }
}

/// Both hosts of the service are found by one word of the configuration, and at its second the
/// registrar is.
#[test]
fn t16_a_registrar_that_is_a_domain_is_found_by_its_srv_records() {
    for (text, service, over) in [
        (NAME, "_sip._udp.pbx.example.org", Transport::Udp),
        ("tls:pbx.example.org", "_sips._tcp.pbx.example.org", Transport::Tls),
    ] {
        let mut world = World::new(1, Change::default());
        let srv = |priority, port, target: &str| Srv {
            priority,
            weight: 0,
            port,
            target: target.to_owned(),
        };
        let records = [srv(2, 5060, "two.example.org"), srv(1, 5070, "one.example.org")];
        world.sim.set_srv(service, &records);
        world.sim.set_name("one.example.org", &[NOBODY_IP.into()]);
        world.sim.set_name("two.example.org", &[REGISTRAR_IP.into()]);
        let place = looked_up(&world, text);
        let found = [(NOBODY_IP, 5070).into(), (REGISTRAR_IP, 5060).into()];
        assert_eq!((place.transport(), place.addresses()), (over, found.to_vec()));
        if over == Transport::Udp {
            registers(&mut world, &place);
        }
    }
}

/// What was found for `sip:` is not where `sips:` is.
#[test]
fn t16_a_call_finds_the_hosts_of_a_domain_and_over_tls_those_that_have_it() {
    let world = World::new(1, Change::default());
    for (service, port, host) in [
        ("_sip._udp.pbx.example.org", 5070, "one.example.org"),
        ("_sips._tcp.pbx.example.org", 5071, "two.example.org"),
    ] {
        let srv = Srv { priority: 1, weight: 1, port, target: host.to_owned() };
        world.sim.set_srv(service, &[srv]);
    }
    world.sim.set_name("one.example.org", &[NOBODY_IP.into()]);
    world.sim.set_name("two.example.org", &[REGISTRAR_IP.into()]);
    let locate = |to: &str, next_hop| {
        world.sim.block_on(world.caller.locate(to, next_hop)).unwrap().unwrap().unwrap()
    };
    let plain = locate("sip:b@pbx.example.org", None);
    assert_eq!(plain.host, NAME);
    assert_eq!(plain.found.transport, Some(Transport::Udp));
    assert_eq!(plain.found.addresses, [(NOBODY_IP, 5070).into()]);
    for next_hop in [None, Some(plain)] {
        let secure = locate("sips:b@pbx.example.org", next_hop);
        assert_eq!(secure.host, NAME);
        assert_eq!(secure.found.transport, Some(Transport::Tls));
        assert_eq!(secure.found.addresses, [(REGISTRAR_IP, 5071).into()]);
    }
    let at_port = locate("sip:b@two.example.org:5080", None);
    assert_eq!(at_port.found.addresses, [(REGISTRAR_IP, 5080).into()]);
}

#[test]
fn t16_a_registration_gets_through_by_the_second_address_of_a_name_and_stays_there() {
    let mut world = World::new(1, Change::default());
    let place = place(&world, &[NOBODY_IP, REGISTRAR_IP]);
    let registrar = registers(&mut world, &place);
    // The refresh within half a minute does not wait for who did not answer.
    world.pass(Duration::from_secs(30));
    let refreshed = registrar.heard();
    assert!(refreshed.iter().any(|it| it.starts_with("REGISTER ")), "{refreshed:?}");
}
