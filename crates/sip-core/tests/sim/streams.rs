//! TCP: large requests, reuse of connections, loss of connections, names.

use crate::double::{Double, Script, When};
use crate::raw::{Wanted, request};
use crate::world::{ALICE, BOB, World, connected, named, sdp};
use net::{Connection, Transport};
use sip_core::manager::{Cause, EndReason, Event, NextHop};
use ssa::Open;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

#[test]
fn a_call_over_tcp_stays_on_its_connection_both_ways() {
    let world = World::perfect();
    let mut alice = world.side(1, Arc::new(Open));
    let mut bob = world.side(2, Arc::new(Open));
    world.run(async {
        let names = (ALICE, "sip:bob@192.0.2.2;transport=tcp");
        let (call, id) = connected(&mut alice, &mut bob, names).await;
        // Longer than an idle connection lives.
        bob.sleep(Duration::from_secs(300)).await;
        bob.endpoint.hang_up(id).unwrap();
        assert_eq!(alice.next().await, Event::Ended { id: call, reason: EndReason::Remote });
        assert_eq!(bob.endpoint.sizes().connections, 1);
        alice.sleep(Duration::from_secs(70)).await;
        assert_eq!(alice.endpoint.sizes().connections, 0);
        alice.sleep(Duration::from_secs(70)).await;
    });
    assert!(world.wire.lines().iter().all(|line| line.ends_with(" tcp")));
    assert_eq!(bob.endpoint.sizes().connections, 0);
    alice.assert_empty();
    bob.assert_empty();
}

#[test]
fn x11_a_large_signed_invite_goes_over_tcp() {
    let world = World::perfect();
    let signer = Script { reserve: 1000, padding: 900, ..Script::default() };
    let mut alice = world.side(1, Double::new(world.runtime(1), signer));
    let challenging = Script { challenges: true, ..Script::default() };
    let mut bob = world.side(2, Double::new(world.runtime(2), challenging));
    world.run(async {
        let call = alice.call(ALICE, BOB, sdp("offer"));
        let id = bob.incoming().await;
        bob.endpoint.accept(id, sdp("answer")).unwrap();
        assert_eq!(alice.next().await, Event::Answered { id: call, body: sdp("answer") });
    });
    assert_eq!(
        world.wire.lines(),
        [
            "192.0.2.1 INVITE",
            "192.0.2.2 401 INVITE",
            "192.0.2.1 ACK",
            "192.0.2.1 INVITE tcp",
            "192.0.2.2 200 INVITE tcp",
            "192.0.2.1 ACK tcp",
        ]
    );
}

#[test]
fn x11_what_went_over_to_tcp_says_so() {
    let world = World::perfect();
    let alice = world.side(1, Arc::new(Open));
    let mut listener = crate::flows::listen(&world, 9);
    world.run(async {
        alice.call(ALICE, "sip:bob@192.0.2.9", sdp(&"x".repeat(1500)));
        let mut connection = crate::flows::accept(&mut *listener).await;
        let invite = crate::flows::read(&mut connection).await;
        assert!(invite.contains("\r\nVia: SIP/2.0/TCP "), "{invite}");
    });
}

#[test]
fn x11_where_tcp_fails_a_large_invite_goes_over_udp() {
    let world = World::perfect();
    let alice = world.side(1, Arc::new(Open));
    // Nobody listens on TCP at 192.0.2.9, but a raw socket reads UDP.
    let mut raw = crate::raw::Raw::new(&world, 9);
    let offer = "x".repeat(1500);
    let invite = world
        .sim
        .block_on(async {
            alice.call(ALICE, "sip:bob@192.0.2.9", sdp(&offer));
            raw.receive().await.unwrap()
        })
        .unwrap();
    assert!(invite.starts_with("INVITE ") && invite.contains("Via: SIP/2.0/UDP "), "{invite}");
    assert_eq!(alice.endpoint.sizes().manager.calls, 1);
}

#[test]
fn names_are_resolved_and_unknown_ones_fail() {
    let world = World::perfect();
    world.sim.set_name("bob.example.org", &[IpAddr::from([192, 0, 2, 2])]);
    let mut alice = world.side(1, Arc::new(Open));
    let mut bob = world.side_with(2, Arc::new(Open), named(&["bob.example.org"]));
    world.run(async {
        alice.call(ALICE, "sip:bob@bob.example.org", sdp("offer"));
        bob.incoming().await;
        let call = alice.call(ALICE, "sip:bob@nowhere.example.org", sdp("offer"));
        let failed = Event::Failed { id: call, cause: Cause::Unresolved };
        assert_eq!(alice.next().await, failed);
    });
}

#[test]
fn a_next_hop_is_where_the_invite_goes_first() {
    let world = World::perfect();
    let alice = world.side(1, Arc::new(Open));
    let mut bob = world.side_with(2, Arc::new(Open), named(&["example.org"]));
    let next_hop =
        NextHop { transport: Some(Transport::Tcp), ..NextHop::of_uri("sip:192.0.2.2").unwrap() };
    world.run(async {
        let to = "sip:bob@example.org";
        let prepared = alice.endpoint.prepare(ALICE, to, Some(next_hop)).unwrap();
        alice.endpoint.invite(prepared.id, sdp("offer")).unwrap();
        let Event::Incoming { to: called, .. } = bob.next().await else { panic!("no call") };
        assert_eq!(called, to);
    });
}

#[test]
fn s06_a_connection_lost_during_verification_never_rings() {
    let world = World::perfect();
    let mut alice = world.side(1, Double::new(world.runtime(1), Script::default()));
    let verify = When::After(Duration::from_secs(20));
    let script = Script { challenges: true, verify, ..Script::default() };
    let double = Double::new(world.runtime(2), script);
    let mut bob = world.side(2, Arc::clone(&double) as _);
    world.run(async {
        alice.call(ALICE, "sip:bob@192.0.2.2;transport=tcp", sdp("offer"));
        bob.sleep(Duration::from_secs(1)).await;
        assert_eq!(bob.endpoint.sizes().manager.consults, 1);
        alice.endpoint.shutdown(Duration::ZERO).await;
        assert!(alice.events.next().await.is_some());
        assert_eq!(bob.next_within(60).await, None);
    });
    assert_eq!(double.count("authenticate dropped"), 1);
    bob.assert_empty();
}

#[test]
fn s06_a_connection_lost_while_a_bye_is_verified_leaves_the_call() {
    let world = World::perfect();
    let verify = When::After(Duration::from_secs(20));
    let script = Script { challenges_bye: true, verify, ..Script::default() };
    let double = Double::new(world.runtime(2), script);
    let mut bob = world.side(2, Arc::clone(&double) as _);
    let tcp = |wanted: &Wanted<'_>| request(wanted).replace("SIP/2.0/UDP", "SIP/2.0/TCP");
    world.run(async {
        let mut held = connections(&world, 9, 1, &tcp(&Wanted::default())).await;
        let connection = held.first_mut().unwrap();
        let id = bob.incoming().await;
        bob.endpoint.accept(id, sdp("answer")).unwrap();
        let mut buffer = [0; 2000];
        let count = connection.read(&mut buffer).await.unwrap();
        let ok = String::from_utf8_lossy(buffer.get(..count).unwrap()).into_owned();
        let tag = crate::raw::to_tag(&ok);
        let ack = Wanted { method: "ACK", branch: "a", to_tag: tag, ..Wanted::default() };
        connection.write_all(tcp(&ack).as_bytes()).await.unwrap();
        assert_eq!(bob.next().await, Event::Confirmed { id, answer: None });
        let extra = "Authorization: Test nonce=\"1\"\r\n";
        let bye = Wanted { method: "BYE", branch: "b", cseq: 2, to_tag: tag, extra };
        connection.write_all(tcp(&bye).as_bytes()).await.unwrap();
        bob.sleep(Duration::from_secs(1)).await;
        assert_eq!(double.count("authenticate BYE"), 1);
        drop(held);
        assert_eq!(bob.next_within(30).await, None);
    });
    assert_eq!((double.count("authenticate dropped"), double.count("abandon")), (1, 0));
    assert_eq!(bob.endpoint.sizes().manager.dialogs, 1);
}

#[test]
fn shutdown_ends_calls_and_then_the_events() {
    let world = World::perfect();
    let mut alice = world.side(1, Arc::new(Open));
    let mut bob = world.side(2, Arc::new(Open));
    world.run(async {
        let (call, id) = connected(&mut alice, &mut bob, (ALICE, BOB)).await;
        let before = alice.runtime.now();
        alice.endpoint.shutdown(Duration::from_secs(5)).await;
        assert!(alice.runtime.now() - before < Duration::from_secs(1));
        assert_eq!(alice.next().await, Event::Ended { id: call, reason: EndReason::Local });
        assert_eq!(alice.events.next().await, None);
        assert_eq!(bob.next().await, Event::Ended { id, reason: EndReason::Remote });
    });
}

/// Opens connections from 192.0.2.`host` to Bob and writes `text` on each.
async fn connections(
    world: &World, host: u8, count: usize, text: &str,
) -> Vec<Box<dyn Connection>> {
    let (_, network) = world.sim.host([192, 0, 2, host].into());
    let mut connections = Vec::new();
    for _ in 0..count {
        let peer = ([192, 0, 2, 2], 5060).into();
        let mut connection = network.connect(Transport::Tcp, peer, None).await.unwrap();
        connection.write_all(text.as_bytes()).await.unwrap();
        connections.push(connection);
    }
    connections
}

#[test]
fn x05_connections_are_capped_for_each_address_and_idle_ones_closed() {
    let world = World::perfect();
    let bob = world.side(2, Arc::new(Open));
    world.run(async {
        let held = connections(&world, 9, 20, "\r\n\r\n").await;
        bob.sleep(Duration::from_secs(1)).await;
        assert_eq!(bob.endpoint.sizes().connections, 16);
        let other = connections(&world, 8, 1, "\r\n\r\n").await;
        bob.sleep(Duration::from_secs(1)).await;
        assert_eq!(bob.endpoint.sizes().connections, 17);
        bob.sleep(Duration::from_secs(70)).await;
        assert_eq!(bob.endpoint.sizes().connections, 0);
        drop((held, other));
    });
}

#[test]
fn x04_a_message_that_never_ends_closes_its_connection() {
    let world = World::perfect();
    let bob = world.side(2, Arc::new(Open));
    world.run(async {
        let mut held = connections(&world, 9, 1, "INVITE sip:bob@192.0.2.2 SIP/2.0\r\n").await;
        for _ in 0..29 {
            bob.sleep(Duration::from_secs(1)).await;
            held.first_mut().unwrap().write_all(b"X: y\r\n").await.unwrap();
            assert_eq!(bob.endpoint.sizes().connections, 1);
        }
        bob.sleep(Duration::from_secs(2)).await;
        assert_eq!(bob.endpoint.sizes().connections, 0);
    });
}

#[test]
fn a_ping_gets_a_pong_and_garbage_closes() {
    let world = World::perfect();
    let bob = world.side(2, Arc::new(Open));
    world.run(async {
        let mut held = connections(&world, 9, 1, "\r\n\r\n").await;
        let connection = held.first_mut().unwrap();
        let mut buffer = [0; 16];
        assert_eq!(connection.read(&mut buffer).await.unwrap(), 2);
        assert_eq!(buffer.get(..2).unwrap(), b"\r\n");
        connection.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        assert_eq!(connection.read(&mut buffer).await.unwrap_or(0), 0);
        assert_eq!(bob.endpoint.sizes().connections, 0);
    });
}

#[test]
fn t14_connections_that_break_right_after_the_invite_leave_nothing() {
    let world = World::perfect();
    let mut bob = world.side(2, Arc::new(Open));
    world.run(async {
        for number in 0..1_000 {
            let branch = number.to_string();
            let invite = request(&Wanted { branch: &branch, cseq: number, ..Wanted::default() });
            // One party may leave 64 refusals unacknowledged.
            let host = u8::try_from(100 + number / 50).unwrap();
            drop(connections(&world, host, 1, &invite.replace("SIP/2.0/UDP", "SIP/2.0/TCP")).await);
            let id = bob.incoming().await;
            bob.endpoint.reject(id, 486).unwrap();
            assert_eq!(bob.next().await, Event::Ended { id, reason: EndReason::Local });
        }
        bob.sleep(Duration::from_secs(140)).await;
    });
    bob.assert_empty();
    assert_eq!(bob.endpoint.sizes().connections, 0);
}
