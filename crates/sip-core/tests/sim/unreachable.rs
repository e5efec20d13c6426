//! Ways that lead nowhere, and what is told of them.

use crate::answers::response;
use crate::double::Script;
use crate::failover::{answer, got_through, start, trio};
use crate::raw::Raw;
use crate::registrations::config;
use crate::world::{ALICE, BOB, Side, World, named, sdp};
use net::sim::{Link, SimConfig, Simulation};
use sip_core::Method;
use sip_core::manager::{Cause, Event, RegisterConfig};
use ssa::{Body, Open};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

#[test]
fn why_no_connection_could_be_opened_is_told_before_the_call_fails() {
    let world = World::perfect();
    let mut alice = world.side(1, Arc::new(Open));
    let _nobody_listens = world.runtime(9);
    world.run(async {
        let call = alice.call(ALICE, "sip:bob@192.0.2.9;transport=tcp", sdp("offer"));
        let Some(Event::Unreachable { call: of, reason }) = alice.events.next().await else {
            panic!("why is not told");
        };
        assert_eq!(of, Some(call));
        assert!(reason.starts_with("cannot connect to TCP 192.0.2.9:5060: "), "{reason}");
        let failed = Event::Failed { id: call, cause: Cause::Transport };
        assert_eq!(alice.events.next().await, Some(failed));
    });
}

#[test]
fn a_connection_that_takes_too_long_is_told_with_the_time_it_had() {
    let world = World::perfect();
    let mut alice = world.side(1, Arc::new(Open));
    let _nobody_answers = world.runtime(9);
    world.sim.cut([192, 0, 2, 1].into(), [192, 0, 2, 9].into());
    world.run(async {
        alice.endpoint.options(ALICE, "sip:192.0.2.9;transport=tcp", None).unwrap();
        let Some(Event::Unreachable { call, reason }) = alice.events.next().await else {
            panic!("why is not told");
        };
        assert_eq!(call, None);
        assert_eq!(reason, "cannot connect to TCP 192.0.2.9:5060: not done within 4 s");
        assert!(matches!(alice.next().await, Event::RequestAnswered { .. }));
    });
}

/// Alice, and Bob at the second address of a name; at the first one there is nobody.
fn alice_and_the_second(world: &World) -> (Side, Side) {
    let alice = world.side(1, Arc::new(Open));
    let bob = world.side_with(2, Arc::new(Open), named(&["pbx.example.org"]));
    let [first, second] = [8, 2].map(|host| IpAddr::from([192, 0, 2, host]));
    world.sim.host(first);
    world.sim.set_name("pbx.example.org", &[first, second]);
    (alice, bob)
}

#[test]
fn each_address_that_is_tried_in_vain_is_told() {
    let world = World::perfect();
    let (mut alice, mut bob) = alice_and_the_second(&world);
    world.run(async {
        let to = "sip:bob@pbx.example.org;transport=tcp";
        let call = alice.call(ALICE, to, sdp("offer"));
        let told = alice.events.next().await;
        assert!(matches!(told, Some(Event::Unreachable { call: Some(of), .. }) if of == call));
        let id = bob.incoming().await;
        bob.endpoint.accept(id, sdp("answer")).unwrap();
        let answered = Event::Answered { id: call, body: sdp("answer") };
        assert_eq!(alice.events.next().await, Some(answered));
    });
}

#[test]
fn a_registrar_that_is_not_reached_is_told_with_each_try() {
    let world = World::perfect();
    let mut alice = world.side(1, Arc::new(Open));
    let _nobody_listens = world.runtime(9);
    world.run(async {
        let registrar = "sip:192.0.2.9;transport=tcp".to_owned();
        alice.endpoint.register(RegisterConfig { registrar, ..config() }).unwrap();
        for _ in 0..2 {
            let told = alice.events.next().await;
            assert!(matches!(told, Some(Event::Unreachable { call: None, .. })), "{told:?}");
            let failed = alice.events.next().await;
            assert!(matches!(failed, Some(Event::RegistrationFailed { .. })), "{failed:?}");
        }
        alice.endpoint.shutdown(Duration::ZERO).await;
    });
}

/// A world whose hosts tell that nobody is at a port.
fn telling() -> World {
    let delay = Duration::from_millis(5);
    let link = Link { min_delay: delay, max_delay: delay, ..Link::PERFECT };
    let config = SimConfig { seed: 1, link, tells_closed_ports: true, ..SimConfig::default() };
    World { sim: Simulation::new(config), wire: Arc::default() }
}

#[test]
fn a_closed_port_fails_what_is_sent_to_it_at_once() {
    let world = telling();
    let mut alice = world.side(1, Arc::new(Open));
    let _nobody_is_bound = world.runtime(9);
    world.run(async {
        let call = alice.call(ALICE, "sip:bob@192.0.2.9", sdp("offer"));
        let reason = "cannot send to UDP 192.0.2.9:5060: connection refused".to_owned();
        let told = Event::Unreachable { call: Some(call), reason };
        assert_eq!(alice.events.next().await, Some(told));
        assert_eq!(alice.next().await, Event::Failed { id: call, cause: Cause::Transport });
        let id = alice.endpoint.options(ALICE, "sip:192.0.2.9", None).unwrap();
        let outcome = Err(Cause::Transport);
        assert_eq!(alice.next().await, Event::RequestAnswered { id, outcome });
    });
    assert_eq!(world.sim.elapsed(), Duration::from_millis(20));
    alice.assert_empty();
}

#[test]
fn t16_a_closed_port_leads_to_the_next_address() {
    let world = telling();
    let (mut alice, mut bob) = alice_and_the_second(&world);
    world.run(async {
        let call = alice.call(ALICE, "sip:bob@pbx.example.org", sdp("offer"));
        let id = bob.incoming().await;
        bob.endpoint.accept(id, sdp("answer")).unwrap();
        assert_eq!(alice.next().await, Event::Answered { id: call, body: sdp("answer") });
    });
    assert!(world.sim.elapsed() < Duration::from_millis(100), "{:?}", world.sim.elapsed());
}

#[test]
fn a_call_that_is_up_stays_up_when_its_peers_port_is_closed() {
    let world = telling();
    let mut alice = world.side(1, Arc::new(Open));
    let mut bob = world.side(2, Arc::new(Open));
    world.run(async {
        let call = alice.call(ALICE, BOB, sdp("offer"));
        let id = bob.incoming().await;
        bob.endpoint.accept(id, sdp("answer")).unwrap();
        assert_eq!(alice.next().await, Event::Answered { id: call, body: sdp("answer") });
        // The host stays, and nobody is bound there.
        bob.sleep(Duration::from_secs(1)).await;
        drop(bob);
        let body = Body { content_type: Some(b"text/plain".to_vec()), octets: "x".into() };
        let id = alice.endpoint.request_within(call, Method::INFO, body).unwrap();
        let outcome = Err(Cause::Transport);
        assert_eq!(alice.next().await, Event::RequestAnswered { id, outcome });
        assert_eq!(alice.next_within(60).await, None);
        assert_eq!(alice.endpoint.sizes().manager.dialogs, 1);
    });
}

#[test]
fn a_call_that_rings_goes_on_when_the_port_is_closed() {
    let world = telling();
    let mut alice = world.side(1, Arc::new(Open));
    let mut raw = Raw::to_alice(&world, 9);
    world.run(async {
        let call = alice.call(ALICE, "sip:bob@192.0.2.9", sdp("offer"));
        let invite = raw.receive().await.unwrap();
        raw.send(&response(&invite, "180 Ringing", "r", ""));
        assert_eq!(alice.next().await, Event::Ringing { id: call, status: 180, answer: None });
        drop(raw);
        // Its CANCEL does not arrive; that the INVITE may be answered stays true.
        alice.sleep(Duration::from_secs(5)).await;
        assert_eq!(alice.next_within(5).await, None);
        assert_eq!(alice.endpoint.sizes().manager.dialogs, 1);
    });
}

#[test]
fn t16_what_is_no_invite_leaves_nothing_where_nobody_answered_it() {
    let (world, mut alice, _first, mut second) = trio(Script::default());
    world.run(async {
        start(&alice, "OPTIONS");
        alice.sleep(Duration::from_secs(32)).await;
        let options = second.receive().await.unwrap();
        second.send(&answer(&options, "200 OK", 9));
        assert!(got_through(&alice.next().await));
        // Timer K is all that is waited for. RFC 3261 §17.1.2.2.
        alice.sleep(Duration::from_secs(6)).await;
    });
    alice.assert_empty();
}
