//! What protects bodies is told what each message goes over: media keys leave over TLS or not at all.

use crate::double::{Double, Script};
use crate::flows::{accept, read};
use crate::offered::agreed;
use crate::offers::progress;
use crate::world::{ALICE, BOB, World, sdp};
use net::Transport;
use sip_core::manager::Event;
use std::net::SocketAddr;
use std::sync::Arc;

/// What a double was asked about bodies: how often over TLS, and how often over something else.
fn bodies(double: &Double) -> [usize; 2] {
    let asked = double.asked();
    let bodies: Vec<_> = asked
        .iter()
        .filter(|it| it.starts_with("encrypt ") || it.starts_with("decrypt "))
        .collect();
    let safely = bodies.iter().filter(|it| it.ends_with(" over TLS")).count();
    [safely, bodies.len() - safely]
}

/// INVITE, 2xx and ACK, with an offer of either side, and a re-INVITE of the callee's.
#[test]
fn each_body_of_a_call_is_asked_about_with_what_it_goes_over() {
    for (to, over_tls) in [("sip:bob@192.0.2.2;transport=tls", true), (BOB, false)] {
        let world = World::perfect();
        let doubles = [1, 2].map(|host| Double::new(world.runtime(host), Script::default()));
        let [mut alice, mut bob] = [1, 2]
            .map(|host| world.side_over_tls(host, Arc::clone(&doubles[host as usize - 1]) as _));
        world.run(async {
            let (call, id) = agreed(&mut alice, &mut bob, to).await;
            bob.endpoint.reinvite(id, sdp("again")).unwrap();
            assert_eq!(alice.next().await, Event::Reinvited { id: call, body: sdp("again") });
            alice.endpoint.accept_reinvite(call, sdp("yes")).unwrap();
            assert_eq!(bob.next().await, Event::ReinviteAnswered { id, body: sdp("yes") });
        });
        for double in &doubles {
            let [safely, otherwise] = bodies(double);
            let (asked, not) = if over_tls { (safely, otherwise) } else { (otherwise, safely) };
            assert!(asked >= 5 && not == 0, "{to}: {:?}", double.asked());
        }
    }
}

/// A description that comes before the answer.
#[test]
fn an_early_body_is_asked_about_with_what_it_came_over() {
    let world = World::perfect();
    let double = Double::new(world.runtime(1), Script::default());
    let mut alice = world.side_over_tls(1, Arc::clone(&double) as _);
    let at = SocketAddr::from(([192, 0, 2, 9], 5061));
    let mut listener = world.sim.host(at.ip()).1.listen(Transport::Tls, at).unwrap();
    world.run(async {
        alice.call(ALICE, "sip:bob@192.0.2.9;transport=tls", sdp("offer"));
        let mut connection = accept(&mut *listener).await;
        let invite = read(&mut connection).await;
        let early = progress(&invite, "183 Session Progress", "t", "early");
        connection.write_all(early.as_bytes()).await.unwrap();
        alice.next().await;
    });
    assert_eq!(double.count("decrypt Response over TLS"), 1, "{:?}", double.asked());
    assert_eq!(bodies(&double), [2, 0]);
}
