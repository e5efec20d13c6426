//! Who has a place among the connections, and who goes when all are taken.

use crate::raw::{Wanted, request};
use crate::world::{ALICE, BOB, Side, World, connected, sdp};
use net::{Connection, Transport};
use sip_core::manager::{EndReason, Event};
use ssa::Open;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// Connections that peers may have open, of all addresses and of one.
const PLACES: usize = 192;
const EACH: usize = 16;

/// More addresses than there are places for, each with all that it may have.
const STRANGERS: std::ops::Range<u8> = 30..46;

type Held = Box<dyn Connection>;

/// A connection from 192.0.2.`host` to Bob.
async fn connect(world: &World, host: u8) -> Held {
    let (_, network) = world.sim.host([192, 0, 2, host].into());
    network.connect(Transport::Tcp, ([192, 0, 2, 2], 5060).into(), None).await.unwrap()
}

/// As many connections as each of these addresses may have.
async fn crowd(world: &World, hosts: std::ops::Range<u8>) -> Vec<Held> {
    let mut held = Vec::new();
    for host in hosts {
        for _ in 0..EACH {
            held.push(connect(world, host).await);
        }
    }
    held
}

/// What can be written; a connection that was closed takes nothing.
async fn write(held: &mut [Held], text: &str) {
    for connection in held {
        _ = connection.write_all(text.as_bytes()).await;
    }
}

/// A request that is answered at once and keeps nothing.
fn options() -> String {
    let wanted = Wanted { method: "OPTIONS", ..Wanted::default() };
    request(&wanted).replace("SIP/2.0/UDP", "SIP/2.0/TCP")
}

/// Whether Bob still answers on a connection.
async fn is_open(connection: &mut Held) -> bool {
    let mut buffer = [0; 4096];
    connection.write_all(options().as_bytes()).await.is_ok()
        && connection.read(&mut buffer).await.is_ok_and(|count| count > 0)
}

async fn seconds(side: &Side, seconds: u64) {
    side.sleep(Duration::from_secs(seconds)).await;
}

/// Alice calls Bob over TCP, who answers.
async fn talk(alice: &mut Side, bob: &mut Side) {
    connected(alice, bob, (ALICE, "sip:bob@192.0.2.2;transport=tcp")).await;
}

#[test]
fn x05_line_ends_keep_no_connection_beyond_its_time() {
    let world = World::perfect();
    let bob = world.side(2, Arc::new(Open));
    world.run(async {
        let mut held = crowd(&world, STRANGERS).await;
        for _ in 0..7 {
            write(&mut held, "\r\n\r\n").await;
            seconds(&bob, 10).await;
        }
    });
    assert_eq!(bob.endpoint.sizes().connections, 0);
}

#[test]
fn x05_a_connection_lives_by_the_messages_on_it() {
    let world = World::perfect();
    let bob = world.side(2, Arc::new(Open));
    // Nobody answers it.
    let ack = request(&Wanted { method: "ACK", ..Wanted::default() });
    world.run(async {
        let mut held = [connect(&world, 9).await];
        for _ in 0..5 {
            write(&mut held, &ack.replace("SIP/2.0/UDP", "SIP/2.0/TCP")).await;
            seconds(&bob, 60).await;
            assert_eq!(bob.endpoint.sizes().connections, 1);
        }
        seconds(&bob, 5).await;
        assert_eq!(bob.endpoint.sizes().connections, 0);
    });
}

#[test]
fn x05_strangers_take_no_place_that_we_connect_with() {
    let world = World::perfect();
    let mut alice = world.side(1, Arc::new(Open));
    let mut carol = world.side(3, Arc::new(Open));
    let bob = world.side(2, Arc::new(Open));
    world.run(async {
        bob.call(BOB, "sip:carol@192.0.2.3;transport=tcp", sdp("offer"));
        carol.incoming().await;
        let mut held = crowd(&world, STRANGERS).await;
        // Nor do those that share the peer's address.
        held.extend(crowd(&world, 1..2).await);
        write(&mut held, &options()).await;
        bob.call(BOB, "sip:alice@192.0.2.1;transport=tcp", sdp("offer"));
        alice.incoming().await;
        assert_eq!(bob.endpoint.sizes().connections, PLACES + 2);
    });
}

#[test]
fn x05_answers_take_no_place_that_we_connect_with() {
    let world = World::perfect();
    let mut alice = world.side(1, Arc::new(Open));
    let mut bob = world.side(2, Arc::new(Open));
    let callers = 30..34;
    world.run(async {
        // Calls from connections that are gone when they are refused, and from ports that nobody
        // can be reached at: each answer opens a connection that stays in the making.
        let mut calls = Vec::new();
        for host in callers.clone() {
            for port in 0..16 {
                let name = format!("{host}-{port}");
                let invite = request(&Wanted { branch: &name, ..Wanted::default() })
                    .replace("SIP/2.0/UDP 192.0.2.9;", &format!("SIP/2.0/TCP a:{};", 6000 + port))
                    .replace("Call-ID: raw", &format!("Call-ID: {name}"));
                let mut connection = connect(&world, host).await;
                connection.write_all(invite.as_bytes()).await.unwrap();
                calls.push(bob.incoming().await);
            }
        }
        seconds(&bob, 1).await;
        for host in callers {
            let [here, there] = [2, host].map(|host| IpAddr::from([192, 0, 2, host]));
            let now = world.sim.elapsed();
            world.sim.cut_during(here, there, now..now + Duration::from_secs(60));
        }
        for id in calls {
            bob.endpoint.reject(id, 486).unwrap();
            assert!(matches!(bob.next().await, Event::Ended { .. }));
        }
        seconds(&bob, 1).await;
        assert_eq!(bob.endpoint.sizes().connections, 64);
        bob.call(BOB, "sip:alice@192.0.2.1;transport=tcp", sdp("offer"));
        alice.incoming().await;
    });
}

#[test]
fn x05_a_peer_that_nothing_is_known_of_gets_a_place_among_silent_ones() {
    let world = World::perfect();
    let mut alice = world.side(1, Arc::new(Open));
    let mut bob = world.side(2, Arc::new(Open));
    world.run(async {
        let _held = crowd(&world, STRANGERS).await;
        talk(&mut alice, &mut bob).await;
        assert_eq!(bob.endpoint.sizes().connections, PLACES);
    });
}

#[test]
fn x05_the_silent_go_before_those_that_said_something() {
    let world = World::perfect();
    let mut bob = world.side(2, Arc::new(Open));
    world.run(async {
        let mut spoke = connect(&world, 9).await;
        assert!(is_open(&mut spoke).await);
        let _held = crowd(&world, STRANGERS).await;
        let mut newest = connect(&world, 8).await;
        assert!(is_open(&mut newest).await);
        assert!(is_open(&mut spoke).await);
        assert_eq!(bob.next_within(0).await, None);
    });
}

#[test]
fn x05_who_holds_many_makes_room_for_who_holds_few() {
    let world = World::perfect();
    let mut alice = world.side(1, Arc::new(Open));
    let mut bob = world.side(2, Arc::new(Open));
    world.run(async {
        let mut held = crowd(&world, STRANGERS.start..STRANGERS.start + 12).await;
        write(&mut held, &options()).await;
        seconds(&bob, 1).await;
        assert_eq!(bob.endpoint.sizes().connections, PLACES);
        talk(&mut alice, &mut bob).await;
        // One of those that fill the table gets no more of it.
        let mut more = connect(&world, STRANGERS.start).await;
        assert!(!is_open(&mut more).await);
    });
}

#[test]
fn x05_the_newest_is_refused_and_calls_go_on() {
    let world = World::perfect();
    let mut alice = world.side(1, Arc::new(Open));
    let mut bob = world.side(2, Arc::new(Open));
    world.run(async {
        talk(&mut alice, &mut bob).await;
        let mut held = Vec::new();
        // From as many addresses as there are places, so that nobody holds more than another.
        for host in 1..PLACES {
            let ip = IpAddr::from([198, 51, 100, u8::try_from(host).unwrap()]);
            let (_, network) = world.sim.host(ip);
            let to = SocketAddr::from(([192, 0, 2, 2], 5060));
            held.push(network.connect(Transport::Tcp, to, None).await.unwrap());
        }
        write(&mut held, &options()).await;
        seconds(&bob, 1).await;
        assert_eq!(bob.endpoint.sizes().connections, PLACES);
        assert!(!is_open(&mut connect(&world, 9).await).await);
        for connection in &mut held {
            assert!(is_open(connection).await);
        }
        // Longer than an idle connection lives: the call's is kept.
        seconds(&bob, 70).await;
        assert_eq!(bob.endpoint.sizes().connections, 1);
        let call = alice.endpoint.sizes().manager.dialogs;
        assert_eq!((call, bob.next_within(0).await), (1, None));
        bob.endpoint.shutdown(Duration::from_secs(5)).await;
        assert!(matches!(alice.next().await, Event::Ended { reason: EndReason::Remote, .. }));
    });
    assert!(world.wire.lines().contains(&"192.0.2.2 BYE tcp".to_owned()));
}

/// However much its party holds, and however long it was silent: another one of them goes.
#[test]
fn x05_a_calls_connection_makes_room_for_nobody() {
    let world = World::perfect();
    let mut alice = world.side(1, Arc::new(Open));
    let mut bob = world.side(2, Arc::new(Open));
    world.run(async {
        talk(&mut alice, &mut bob).await;
        seconds(&bob, 1).await;
        // With the call's, all that Alice's address may have, and all places.
        let mut held = crowd(&world, STRANGERS.start..STRANGERS.start + 11).await;
        for _ in 1..EACH {
            held.push(connect(&world, 1).await);
        }
        write(&mut held, &options()).await;
        seconds(&bob, 1).await;
        assert_eq!(bob.endpoint.sizes().connections, PLACES);
        assert!(is_open(&mut connect(&world, 9).await).await);
        assert_eq!(alice.endpoint.sizes().connections, 1, "the call's is closed");
    });
}

#[test]
fn x05_a_network_of_ipv6_addresses_is_one_peer() {
    let world = World::perfect();
    let bob = IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, 2]);
    let side = world.side_at(bob, Arc::new(Open));
    let connect = async |network: u16, host: u16| {
        let ip = IpAddr::from([0x2001, 0xdb8, 0, network, 0, 0, 0, host]);
        let (_, network) = world.sim.host(ip);
        network.connect(Transport::Tcp, SocketAddr::new(bob, 5060), None).await.unwrap()
    };
    world.run(async {
        let mut held = Vec::new();
        for host in 1..=40 {
            let mut connection = connect(9, host).await;
            _ = connection.write_all(options().as_bytes()).await;
            held.push(connection);
            seconds(&side, 1).await;
        }
        assert_eq!(side.endpoint.sizes().connections, EACH);
        held.push(connect(8, 1).await);
        seconds(&side, 1).await;
        assert_eq!(side.endpoint.sizes().connections, EACH + 1);
    });
}
