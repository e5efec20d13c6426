//! TLS, as far as it is the SIP manager's: which connection, what Via and Contact say, `sips:`.

use crate::answers;
use crate::double::{CHALLENGE, Double, Script};
use crate::flows::{accept, read, registered};
use crate::raw::{Raw, Wanted, field, request, response, to_tag};
use crate::world::{ALICE, Side, World, connected, sdp};
use net::{Connection, Listener, Naptr, Network, Srv, Transport};
use sip_core::manager::{Cause, EndReason, Event, NextHop};
use ssa::{Answer, Arrival, CallRef, Open, Request, Required, Response, SipSecurity, Why};
use std::future::poll_fn;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

const SIPS_BOB: &str = "sips:bob@192.0.2.2";

/// An endpoint that listens on TLS, too, at port 5061.
fn side(world: &World, host: u8) -> Side {
    world.side_over_tls(host, Arc::new(Open))
}

fn network(world: &World, host: u8) -> Arc<dyn Network> {
    world.sim.host([192, 0, 2, host].into()).1
}

/// A listener at 192.0.2.`host`:5061.
fn listen(world: &World, host: u8) -> Box<dyn Listener> {
    let address = SocketAddr::from(([192, 0, 2, host], 5061));
    network(world, host).listen(Transport::Tls, address).unwrap()
}

/// A connection from 192.0.2.9 to Bob.
async fn connect(world: &World) -> Box<dyn Connection> {
    let bob = ([192, 0, 2, 2], 5061).into();
    network(world, 9).connect(Transport::Tls, bob, None).await.unwrap()
}

#[test]
fn a_sips_call_is_over_tls_alone_both_ways() {
    let world = World::perfect();
    let (mut alice, mut bob) = (side(&world, 1), side(&world, 2));
    world.run(async {
        let names = ("sips:alice@192.0.2.1", SIPS_BOB);
        let (call, id) = connected(&mut alice, &mut bob, names).await;
        bob.endpoint.hang_up(id).unwrap();
        assert_eq!(alice.next().await, Event::Ended { id: call, reason: EndReason::Remote });
        assert_eq!(bob.endpoint.sizes().connections, 1);
    });
    assert!(
        world.wire.lines().iter().all(|line| line.ends_with(" tls")),
        "{:?}",
        world.wire.lines()
    );
}

/// What a request to `to` by way of 192.0.2.9 looks like there.
fn sent(to: &str, next_hop: Option<NextHop>, listens: bool) -> String {
    let world = World::perfect();
    let alice = if listens { side(&world, 1) } else { world.side(1, Arc::new(Open)) };
    let mut listener = listen(&world, 9);
    world.run(async {
        let prepared = alice.endpoint.prepare(ALICE, to, next_hop).unwrap();
        alice.endpoint.invite(prepared.id, sdp("offer")).unwrap();
        read(&mut accept(&mut *listener).await).await
    })
}

#[test]
fn a_request_over_tls_says_so_in_via_and_contact() {
    let tls = NextHop {
        transport: Some(Transport::Tls),
        ..NextHop::from(SocketAddr::from(([192, 0, 2, 9], 5061)))
    };
    for (to, next_hop, listens, contact) in [
        ("sips:bob@192.0.2.9", None, true, "<sips:alice@192.0.2.1:5061>"),
        ("sips:bob@example.org", Some(tls.clone()), true, "<sips:alice@192.0.2.1:5061>"),
        (
            "sip:bob@example.org",
            Some(tls.clone()),
            true,
            "<sip:alice@192.0.2.1:5061;transport=tls>",
        ),
        ("sip:bob@192.0.2.9;transport=tls", None, true, "<sip:alice@192.0.2.1:5061;transport=tls>"),
        ("sip:bob@example.org", Some(tls), false, "<sip:alice@192.0.2.1:5060;transport=tls>"),
    ] {
        let invite = sent(to, next_hop, listens);
        let port = if listens { 5061 } else { 5060 };
        // RFC 5923 §8.1: where we listen, the connection serves both ways.
        let alias = if listens { ";alias" } else { "" };
        let via = format!("SIP/2.0/TLS 192.0.2.1:{port};rport{alias};branch=");
        assert!(field(&invite, "Via").starts_with(&via), "{invite}");
        assert_eq!(field(&invite, "Contact"), contact, "{to}");
    }
}

#[test]
fn x03_where_nobody_speaks_tls_a_sips_call_fails_and_nothing_is_sent() {
    let world = World::perfect();
    let mut alice = side(&world, 1);
    let _without_tls = world.side(2, Arc::new(Open));
    world.run(async {
        let call = alice.call(ALICE, SIPS_BOB, sdp(&"x".repeat(1500)));
        let Some(Event::Unreachable { reason, .. }) = alice.events.next().await else {
            panic!("why is not told");
        };
        assert!(reason.starts_with("cannot connect to TLS 192.0.2.2:5061: "), "{reason}");
        assert_eq!(alice.next().await, Event::Failed { id: call, cause: Cause::Transport });
    });
    assert_eq!(world.wire.lines(), [""; 0]);
}

#[test]
fn requests_come_back_over_a_registrations_connection_where_we_do_not_listen() {
    let world = World::perfect();
    let mut alice = world.side(1, Arc::new(Open));
    let mut listener = listen(&world, 9);
    world.run(async {
        let (register, mut connection) = registered(&mut alice, &mut *listener, "tls").await;
        let binding = field(&register, "Contact");
        let invite = request(&Wanted::default()).replace("SIP/2.0/UDP", "SIP/2.0/TLS").replacen(
            "sip:bob@192.0.2.2",
            binding.trim_matches(['<', '>']),
            1,
        );
        connection.write_all(invite.as_bytes()).await.unwrap();
        let id = alice.incoming().await;
        alice.endpoint.accept(id, sdp("answer")).unwrap();
        let ok = read(&mut connection).await;
        assert!(ok.starts_with("SIP/2.0 200 "), "{ok}");
        assert!(field(&ok, "Contact").ends_with(";transport=tls>"), "{ok}");
    });
}

#[test]
fn x03_a_sips_request_with_a_sip_contact_is_400() {
    let world = World::perfect();
    let mut bob = side(&world, 2);
    world.run(async {
        let mut connection = connect(&world).await;
        for (contact, status) in
            [("sip:mallory@192.0.2.9", "400"), ("sips:mallory@192.0.2.9", "200")]
        {
            let invite = request(&Wanted { branch: status, ..Wanted::default() })
                .replace("SIP/2.0/UDP", "SIP/2.0/TLS")
                .replacen("sip:bob", "sips:bob", 1)
                .replace("tag=m", &format!("tag={status}"))
                .replace("Contact: <sip:mallory@192.0.2.9>", &format!("Contact: <{contact}>"));
            connection.write_all(invite.as_bytes()).await.unwrap();
            if status == "200" {
                let id = bob.incoming().await;
                bob.endpoint.accept(id, sdp("answer")).unwrap();
            }
            let answer = read(&mut connection).await;
            assert!(answer.starts_with(&format!("SIP/2.0 {status} ")), "{answer}");
            if status == "200" {
                assert_eq!(field(&answer, "Contact"), "<sips:bob@192.0.2.2:5061>");
            } else {
                let ack = invite.replace("INVITE", "ACK");
                connection.write_all(ack.as_bytes()).await.unwrap();
            }
        }
    });
}

#[test]
fn x03_a_sip_contact_in_the_answer_to_a_sips_call_is_not_followed() {
    let world = World::perfect();
    let mut alice = side(&world, 1);
    let mut listener = listen(&world, 9);
    world.run(async {
        let call = alice.call(ALICE, "sips:bob@192.0.2.9", sdp("offer"));
        let mut connection = accept(&mut *listener).await;
        let invite = read(&mut connection).await;
        let ok = answers::response(&invite, "200 OK", "b", "Contact: <sip:bob@192.0.2.8>\r\n");
        connection.write_all(ok.as_bytes()).await.unwrap();
        assert!(matches!(alice.next().await, Event::Answered { .. }));
        let ack = read(&mut connection).await;
        assert!(ack.starts_with("ACK sips:bob@192.0.2.9 "), "{ack}");
        alice.endpoint.hang_up(call).unwrap();
        let bye = read(&mut connection).await;
        assert!(bye.starts_with("BYE sips:bob@192.0.2.9 "), "{bye}");
        // The connection is lost: the BYE is tried over TLS to the same address, and nowhere else.
        drop(connection);
        let mut connection = accept(&mut *listener).await;
        assert!(read(&mut connection).await.starts_with("BYE sips:bob@192.0.2.9 "));
    });
}

/// Notes for whom each connection was opened over which a challenge came.
#[derive(Default)]
struct Noting(Mutex<Vec<String>>);

impl SipSecurity for Noting {
    fn got_401_unauthorized(
        &self, _: CallRef, hop: &Arrival<'_>, _: &Response<'_>, _: &Request<'_>,
    ) -> Answer<Required> {
        self.0.lock().unwrap().push(format!("{:?}", hop.certified));
        Answer::Ready(Required::GiveUp(Why::NotConfigured))
    }
}

/// Challenges the request of Alice's that comes over the next connection.
async fn challenge(alice: &mut Side, listener: &mut dyn Listener) {
    let mut connection = accept(listener).await;
    let options = read(&mut connection).await;
    let answer = response(&options, "401 Unauthorized", CHALLENGE);
    connection.write_all(answer.as_bytes()).await.unwrap();
    assert!(matches!(alice.next().await, Event::RequestAnswered { .. }));
}

#[test]
fn a17_the_security_manager_hears_for_whom_the_connection_was_opened_that_was_challenged_over() {
    let world = World::perfect();
    world.sim.set_name("pbx.example.org", &[[192, 0, 2, 9].into()]);
    let noting = Arc::new(Noting::default());
    let mut alice = world.side(1, Arc::clone(&noting) as _);
    let (mut tls, mut tcp) = (listen(&world, 9), crate::flows::listen(&world, 9));
    world.run(async {
        for to in ["sips:pbx.example.org", "sips:192.0.2.9", "sip:pbx.example.org;transport=tcp"] {
            alice.endpoint.options(ALICE, to, None).unwrap();
            let listener = if to.starts_with("sips") { &mut *tls } else { &mut *tcp };
            challenge(&mut alice, listener).await;
        }
    });
    let noted = noting.0.lock().unwrap();
    assert_eq!(*noted, ["Name(\"pbx.example.org\")", "Source", "Nobody"]);
}

/// RFC 5922 §7.3: the records may lead anywhere, and whoever is there must be who was asked for.
#[test]
fn x08_where_srv_records_lead_sips_the_certificate_is_that_of_the_domain() {
    let world = World::perfect();
    let srv = |port, target: &str| Srv { priority: 1, weight: 1, port, target: target.to_owned() };
    let naptr = |order, services: &str, replacement: &str| Naptr {
        order,
        preference: 1,
        flags: "s".to_owned(),
        services: services.to_owned(),
        regexp: String::new(),
        replacement: replacement.to_owned(),
    };
    world.sim.set_naptr(
        "pbx.example.org",
        &[
            naptr(1, "SIP+D2U", "_sip._udp.pbx.example.org"),
            naptr(2, "SIPS+D2T", "_sips._tcp.far.example"),
        ],
    );
    world.sim.set_srv("_sip._udp.pbx.example.org", &[srv(5060, "sip.far.example")]);
    world.sim.set_srv("_sips._tcp.far.example", &[srv(5061, "sip.far.example")]);
    world.sim.set_name("sip.far.example", &[[192, 0, 2, 9].into()]);
    let noting = Arc::new(Noting::default());
    let mut alice = world.side(1, Arc::clone(&noting) as _);
    let mut tls = listen(&world, 9);
    world.run(async {
        alice.endpoint.options(ALICE, "sips:pbx.example.org", None).unwrap();
        challenge(&mut alice, &mut *tls).await;
    });
    assert_eq!(*noting.0.lock().unwrap(), ["Name(\"pbx.example.org\")"]);
}

/// The number of connections that wait at a listener.
async fn waiting(world: &World, listener: &mut dyn Listener) -> usize {
    let clock = world.runtime(9);
    clock.sleep_until(clock.now() + Duration::from_millis(100)).await;
    let mut count = 0;
    poll_fn(|cx| {
        while listener.poll_accept(cx).is_ready() {
            count += 1;
        }
        Poll::Ready(count)
    })
    .await
}

#[test]
fn x02_each_name_at_one_address_has_its_own_connection() {
    let world = World::perfect();
    let there = [IpAddr::from([192, 0, 2, 9])];
    world.sim.set_name("a.example.org", &there);
    world.sim.set_name("b.example.org", &there);
    let alice = side(&world, 1);
    let mut listener = listen(&world, 9);
    world.run(async {
        for host in ["a.example.org", "b.example.org", "A.example.org", "192.0.2.9"] {
            alice.endpoint.options(ALICE, &format!("sips:{host}"), None).unwrap();
        }
        assert_eq!(waiting(&world, &mut *listener).await, 3);
    });
}

/// Over TLS neither an address nor another connection speaks for a dialog: its own connection does.
#[test]
fn d03_only_its_connection_speaks_for_a_dialog_over_tls() {
    let world = World::perfect();
    let double = Double::new(world.runtime(2), Script::default());
    let mut bob = world.side_over_tls(2, Arc::clone(&double) as _);
    // The same host as the caller's.
    let mut raw = Raw::new(&world, 9);
    world.run(async {
        let tls = |wanted: &Wanted<'_>| request(wanted).replace("SIP/2.0/UDP", "SIP/2.0/TLS");
        let mut connection = connect(&world).await;
        connection.write_all(tls(&Wanted::default()).as_bytes()).await.unwrap();
        let id = bob.incoming().await;
        bob.endpoint.accept(id, sdp("answer")).unwrap();
        let ok = read(&mut connection).await;
        let inside = Wanted { method: "UPDATE", to_tag: to_tag(&ok), ..Wanted::default() };
        connection
            .write_all(tls(&Wanted { method: "ACK", branch: "a", ..inside }).as_bytes())
            .await
            .unwrap();
        assert_eq!(bob.next().await, Event::Confirmed { id, answer: None });
        raw.send(&request(&Wanted { branch: "u", cseq: 2, ..inside }));
        assert!(raw.receive().await.is_some());
        let mut other = connect(&world).await;
        other.write_all(tls(&Wanted { branch: "o", cseq: 3, ..inside }).as_bytes()).await.unwrap();
        assert!(read(&mut other).await.starts_with("SIP/2.0 "));
        let own = tls(&Wanted { branch: "i", cseq: 4, ..inside });
        connection.write_all(own.as_bytes()).await.unwrap();
        assert!(read(&mut connection).await.starts_with("SIP/2.0 "));
    });
    let off = double.count("request_received UPDATE in dialog off its TLS");
    let on = double.count("request_received UPDATE in dialog");
    assert_eq!((off, on), (2, 1), "{:?}", double.asked());
}

/// RFC 5923 §8.1: whoever was asked with `alias` may ask over the same connection, where it listens
/// itself or not.
#[test]
fn requests_come_over_the_connection_that_said_alias() {
    let world = World::perfect();
    let mut alice = side(&world, 1);
    let mut listener = listen(&world, 9);
    world.run(async {
        alice.endpoint.options(ALICE, "sips:192.0.2.9", None).unwrap();
        let mut connection = accept(&mut *listener).await;
        let options = read(&mut connection).await;
        assert!(field(&options, "Via").contains(";alias;"), "{options}");
        connection.write_all(response(&options, "200 OK", "").as_bytes()).await.unwrap();
        assert!(matches!(alice.next().await, Event::RequestAnswered { outcome: Ok(_), .. }));
        let invite = request(&Wanted::default())
            .replace("SIP/2.0/UDP", "SIP/2.0/TLS")
            .replacen("sip:bob@192.0.2.2", "sips:alice@192.0.2.1", 1)
            .replace("<sip:mallory", "<sips:mallory");
        connection.write_all(invite.as_bytes()).await.unwrap();
        alice.incoming().await;
    });
}

/// What a stranger writes into Via takes nothing from whoever is at that address: it is asked there.
/// RFC 5923 §8.2, §9.
#[test]
fn x02_an_alias_of_a_stranger_takes_no_request_from_whom_it_names() {
    for transport in [Transport::Tls, Transport::Tcp] {
        let world = World::perfect();
        let bob = side(&world, 2);
        let name = transport.name();
        let mut listeners: Vec<_> = [9, 7]
            .map(|host| {
                let address = SocketAddr::from(([192, 0, 2, host], 5061));
                network(&world, host).listen(transport, address).unwrap()
            })
            .into();
        world.run(async {
            let port = if transport == Transport::Tls { 5061 } else { 5060 };
            let address = ([192, 0, 2, 2], port).into();
            let mut mallory = network(&world, 9).connect(transport, address, None).await.unwrap();
            for (branch, sent_by) in [("a", "192.0.2.9:5061"), ("b", "192.0.2.7:5061")] {
                let via = format!("SIP/2.0/{name} {sent_by};alias");
                let options = Wanted { method: "OPTIONS", branch, ..Wanted::default() };
                let options = request(&options).replace("SIP/2.0/UDP 192.0.2.9", &via);
                assert_eq!(field(&options, "Via").matches(";alias;").count(), 1, "{options}");
                mallory.write_all(options.as_bytes()).await.unwrap();
                // RFC 5923 §8.2: it proceeds as if nothing were there.
                assert!(read(&mut mallory).await.starts_with("SIP/2.0 200 "));
            }
            for (host, listener) in [9, 7].into_iter().zip(&mut listeners) {
                let to = format!("sip:192.0.2.{host}:5061;transport={name}");
                bob.endpoint.options(ALICE, &to, None).unwrap();
                let asked = read(&mut accept(&mut **listener).await).await;
                assert!(asked.starts_with("OPTIONS "), "{asked}");
            }
        });
    }
}

#[test]
fn x02_a_connection_that_the_peer_opened_carries_no_request_to_its_address() {
    let world = World::perfect();
    let mut bob = side(&world, 2);
    world.run(async {
        let mut connection = connect(&world).await;
        let options = request(&Wanted { method: "OPTIONS", ..Wanted::default() });
        let options = options.replace("SIP/2.0/UDP", "SIP/2.0/TLS");
        connection.write_all(options.as_bytes()).await.unwrap();
        assert!(read(&mut connection).await.starts_with("SIP/2.0 200 "));
        let to = format!("sips:{}", connection.local_addr());
        let id = bob.endpoint.options(ALICE, &to, None).unwrap();
        let outcome = Err(Cause::Transport);
        assert_eq!(bob.next().await, Event::RequestAnswered { id, outcome });
    });
}
