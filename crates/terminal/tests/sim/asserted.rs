//! Who calls, as somebody on the way asserts it: heard from whom is trusted, and from nobody else.
//! RFC 3325 §8.

use crate::raw::{self, Raw, Written};
use crate::world::{CALLEE, CALLEE_IP, Change, Watch, World};
use net::{Connection, Listener, Transport};
use sip_core::manager::{NextHop, RegisterConfig};
use std::future::poll_fn;
use std::net::SocketAddr;
use std::time::Duration;
use terminal::config::Require;

const ELEMENT_IP: [u8; 4] = [192, 0, 2, 66];
const REGISTRAR: ([u8; 4], u16) = ([192, 0, 2, 9], 5061);
const SAID: &str = "somebody who says to be sip:anonymous@anonymous.invalid, unverified";

/// An INVITE from who does not say who it is, in a call of this name.
fn invite(name: &str, asserted: &str) -> String {
    let from = "<sip:anonymous@anonymous.invalid>";
    let fields = format!("P-Asserted-Identity: {asserted}\r\n");
    Written { method: "INVITE", uri: CALLEE, from, cseq: 1, name, fields: &fields }.text()
}

/// A callee that takes the word of these, and rings.
fn trusting(seed: u64, trusted: &[&str]) -> (World, Watch) {
    let trusted = trusted.iter().map(|network| network.parse().unwrap()).collect();
    let change = Change { require: Require::Nothing, trusted, tls: true, ..Change::default() };
    let mut world = World::new(seed, change);
    let callee = world.watch_leaving();
    (world, callee)
}

#[test]
fn f02_who_calls_is_heard_from_a_network_that_the_configuration_names() {
    const CAROL: &str = "\"Carol\" <sip:carol:secret@example.org>, <tel:+49301234>";
    let carol = ["sip:carol:[redacted]@example.org", "tel:+49301234"];
    for (trusted, asserted, heard) in [
        (&["192.0.2.66"][..], CAROL, &carol[..]),
        (&["198.51.100.0/24", "192.0.2.64/28"], CAROL, &carol),
        (&["192.0.2.66"], "<tel:+49301234>", &carol[1..]),
        // What is not as it should be says nothing.
        (&["192.0.2.66"], "<sip:carol@example.org>, <sip:bank@example.org>", &[]),
        (&["192.0.2.67", "192.0.2.128/25"], CAROL, &[]),
        (&[], CAROL, &[]),
    ] {
        let (world, callee) = trusting(51, trusted);
        Raw::new(&world, ELEMENT_IP).send(CALLEE_IP, &invite("a", asserted));
        world.pass(Duration::from_secs(1));
        assert_eq!(callee.seen().asserted, heard, "{trusted:?} {asserted}");
        // It proves nothing.
        assert_eq!(callee.seen().caller.as_deref(), Some(SAID));
    }
}

async fn read(connection: &mut Box<dyn Connection>) -> String {
    let mut buffer = [0; 4_096];
    let count = connection.read(&mut buffer).await.unwrap();
    String::from_utf8_lossy(buffer.get(..count).unwrap()).into_owned()
}

/// The callee registers over this transport; the connection that its registrar has then.
async fn registered(
    world: &World, listener: &mut dyn Listener, transport: Transport,
) -> Box<dyn Connection> {
    let next_hop =
        NextHop { transport: Some(transport), ..NextHop::from(SocketAddr::from(REGISTRAR)) };
    let config = RegisterConfig {
        aor: CALLEE.to_owned(),
        registrar: "sip:192.0.2.9".to_owned(),
        next_hop: Some(next_hop),
        expires: 3_600,
        ..RegisterConfig::default()
    };
    world.callee.register(config).unwrap();
    let mut connection = poll_fn(|cx| listener.poll_accept(cx)).await.unwrap();
    let register = read(&mut connection).await;
    let ok = raw::registered(&register, 3_600);
    connection.write_all(ok.as_bytes()).await.unwrap();
    connection
}

#[test]
fn f02_who_calls_is_heard_from_a_registrar_whose_name_tls_has_proved() {
    for (transport, heard) in [(Transport::Tls, 1), (Transport::Tcp, 0)] {
        let (world, callee) = trusting(52, &[]);
        let (_, network) = world.sim.host(REGISTRAR.0.into());
        let mut listener = network.listen(transport, REGISTRAR.into()).unwrap();
        let mut connection =
            world.sim.block_on(registered(&world, &mut *listener, transport)).unwrap();
        world.pass(Duration::from_secs(1));
        assert_eq!(callee.seen().registered, 1, "{transport:?}");
        let over = format!("SIP/2.0/{}", transport.name());
        let invite = |name| invite(name, "<sip:carol@example.org>").replace("SIP/2.0/UDP", &over);
        world.sim.block_on(connection.write_all(invite("a").as_bytes())).unwrap().unwrap();
        world.pass(Duration::from_secs(1));
        let seen = callee.seen();
        assert_eq!((seen.incoming, seen.asserted.len()), (1, heard), "{transport:?}");
        // It proves nothing: whoever is registered with it may still write any From.
        let registrar = format!("{SAID}: only the registrar or proxy of {CALLEE} vouches");
        assert_eq!(seen.caller, Some(registrar));
        // Not over other ways, though they begin at the registrar's address.
        let other = network.bind((REGISTRAR.0, 5060).into()).unwrap();
        let datagram = invite("b").replace(&over, "SIP/2.0/UDP");
        other.try_send((CALLEE_IP, 5060).into(), datagram.as_bytes()).unwrap();
        world.pass(Duration::from_secs(1));
        let to = (CALLEE_IP, 5061).into();
        let opened = world.sim.block_on(network.connect(Transport::Tls, to, None)).unwrap();
        let mut opened = opened.unwrap();
        let invite = invite("c").replace(&over, "SIP/2.0/TLS");
        assert_eq!((callee.seen().incoming, callee.seen().asserted.len()), (2, 0));
        world.sim.block_on(opened.write_all(invite.as_bytes())).unwrap().unwrap();
        world.pass(Duration::from_secs(1));
        assert_eq!((callee.seen().incoming, callee.seen().asserted.len()), (3, 0));
    }
}
