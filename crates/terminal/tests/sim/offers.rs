//! Calls whose INVITE makes no offer: the callee makes it, and the ACK brings the answer. RFC 3261
//! §13.2.1.

use crate::cases::{has, status_of};
use crate::meddler::{Meddle, Way};
use crate::world::{Change, World};
use sip_core::manager::EndReason;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use terminal::assembly::Outcome;
use terminal::config::Require;
use terminal::record::Entry;

/// Requests of the caller's of this method, with a session description or without.
fn sent(world: &World, method: &str, with_sdp: bool) -> usize {
    let is_it = |entry: &Entry| {
        let packet = entry.packet.as_ref().filter(|packet| packet.sent);
        packet.is_some_and(|packet| {
            packet.octets.starts_with(method.as_bytes())
                && has(&packet.octets, "m=audio") == with_sdp
        })
    };
    world.count("caller", is_it)
}

/// The way to the callee, on which the first ACK with an answer is lost.
fn losing_an_ack() -> Meddle {
    let lost = AtomicBool::new(false);
    Arc::new(move |way, octets| {
        let is_it = way == Way::In && octets.starts_with(b"ACK ") && has(octets, "m=audio");
        let is_lost = is_it && !lost.swap(true, Ordering::Relaxed);
        if is_lost { Vec::new() } else { vec![octets.to_vec()] }
    })
}

#[test]
fn audio_flows_both_ways_where_the_callee_makes_the_offer() {
    for (seed, require, meddle, acks) in [
        (41, Require::Nothing, None, 1),
        (42, Require::Digest, None, 1),
        (43, Require::Nothing, Some(losing_an_ack()), 2),
    ] {
        let mut world = World::new(seed, Change { require, meddle, ..Change::default() });
        let (caller, callee) = world.watch();
        let id = world.try_call(true).unwrap();
        world.pass(Duration::from_secs(4));
        let seen = [caller.seen(), callee.seen()];
        assert!(seen.iter().all(|it| it.established.is_some()), "{}", world.ladder());
        // A challenge is acknowledged, too.
        let challenges = usize::from(require == Require::Digest);
        assert_eq!((sent(&world, "INVITE", true), sent(&world, "ACK", false)), (0, challenges));
        assert_eq!(sent(&world, "ACK", true), acks, "{}", world.ladder());
        // Either side may change it then, as ever.
        world.caller.hold(id, true).unwrap();
        world.pass(Duration::from_secs(4));
        assert_eq!(callee.seen().within, ["peer held"], "{}", world.ladder());
        world.caller.hang_up(id);
        world.settle();
        assert_eq!(caller.seen().over, Some(Outcome::Ended(EndReason::Local)));
        for seen in [caller.seen(), callee.seen()] {
            assert!(seen.packets_received > 150, "{seen:?}");
        }
    }
}

#[test]
fn a_call_under_pgp_makes_its_offer_itself() {
    let mut world = World::new(44, Change::default());
    let (_, callee) = world.watch();
    let why = world.try_call(true).unwrap_err().line();
    assert!(why.contains("call without --late-offer"), "{why}");
    world.settle();
    assert_eq!(world.count("caller", |entry| entry.packet.is_some()), 0, "nothing is sent");
    assert_eq!(callee.seen().incoming, 0);
}

#[test]
fn an_offer_that_is_not_acceptable_is_acknowledged_and_the_call_ended() {
    let meddle: Meddle = Arc::new(|way, octets| {
        let text = String::from_utf8_lossy(octets);
        match way {
            Way::Out => vec![text.replace(" RTP/AVP ", " RTP/XYZ ").into()],
            Way::In => vec![octets.to_vec()],
        }
    });
    let change = Change { require: Require::Nothing, meddle: Some(meddle), ..Change::default() };
    let mut world = World::new(45, change);
    let (caller, callee) = world.watch();
    world.try_call(true).unwrap();
    world.settle();
    assert!(matches!(caller.seen().over, Some(Outcome::Media(_))), "{:?}", caller.seen());
    assert!(status_of(&world, "callee", "SIP/2.0 200") > 0, "{}", world.ladder());
    assert_eq!((sent(&world, "ACK", false), sent(&world, "BYE", false)), (1, 1));
    assert_eq!(callee.seen().established, None);
}
