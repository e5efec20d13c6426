//! Ways that lead nowhere, and what is told of them.

use crate::world::{ALICE, World, named, sdp};
use sip_core::manager::{Cause, Event, RegisterConfig};
use ssa::Open;
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

#[test]
fn each_address_that_is_tried_in_vain_is_told() {
    let world = World::perfect();
    let mut alice = world.side(1, Arc::new(Open));
    let mut bob = world.side_with(2, Arc::new(Open), named(&["pbx.example.org"]));
    let [first, second] = [8, 2].map(|host| IpAddr::from([192, 0, 2, host]));
    world.sim.host(first);
    world.sim.set_name("pbx.example.org", &[first, second]);
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
        let config =
            RegisterConfig { aor: ALICE.to_owned(), registrar, next_hop: None, expires: 600 };
        alice.endpoint.register(config).unwrap();
        for _ in 0..2 {
            let told = alice.events.next().await;
            assert!(matches!(told, Some(Event::Unreachable { call: None, .. })), "{told:?}");
            let failed = alice.events.next().await;
            assert!(matches!(failed, Some(Event::RegistrationFailed { .. })), "{failed:?}");
        }
        alice.endpoint.shutdown(Duration::ZERO).await;
    });
}
