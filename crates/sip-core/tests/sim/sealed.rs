//! What the security manager says of bodies and of responses that leave, and when it says it.

use crate::abuse::pair;
use crate::double::{CHALLENGE, CREDENTIALS, Double, Script, When};
use crate::raw::{Raw, Wanted, request};
use crate::world::{ALICE, World, sdp};
use sip_core::manager::{EndReason, Event, Misuse};
use ssa::{Incoming, Open};
use std::sync::Arc;
use std::time::Duration;

#[test]
fn after_a_challenge_the_sealed_body_leaves_and_is_opened() {
    let world = World::perfect();
    let seals = Script { seals: true, ..Script::default() };
    let alice = world.side(1, Double::new(world.runtime(1), seals.clone()));
    let challenging = Script { challenges: true, ..seals };
    let mut bob = world.side(2, Double::new(world.runtime(2), challenging));
    world.run(async {
        alice.call(ALICE, "sip:bob@192.0.2.2", sdp("offer"));
        match bob.next().await {
            Event::Incoming { body, .. } => assert_eq!(body, sdp("offer")),
            other => panic!("{other:?}"),
        }
    });
    let mut raw = Raw::to_alice(&world, 9);
    world.run(async {
        alice.call(ALICE, "sip:bob@192.0.2.9", sdp("offer"));
        let invite = raw.receive().await.unwrap();
        assert!(invite.ends_with("\r\n\r\noffer"), "{invite}");
        raw.send(&crate::answers::response(&invite, "401 Unauthorized", "t", CHALLENGE));
        assert!(raw.receive().await.unwrap().starts_with("ACK "));
        let invite = raw.receive().await.unwrap();
        assert!(invite.ends_with("\r\n\r\nsealed offer"), "{invite}");
    });
}

#[test]
fn a_body_that_cannot_be_opened_never_rings() {
    let script = Script { challenges: true, seals: true, ..Script::default() };
    let (world, mut bob, _, mut raw) = pair(script);
    world.run(async {
        raw.send(&request(&Wanted { extra: CREDENTIALS, ..Wanted::default() }));
        assert_eq!(raw.status().await.unwrap(), "493 Undecipherable");
        assert_eq!(bob.next_within(1).await, None);
    });
}

#[test]
fn an_answer_that_may_not_leave_is_refused_and_the_call_with_it() {
    let (world, mut bob, _, mut raw) = pair(Script { refuses_leaving: true, ..Script::default() });
    world.run(async {
        raw.send(&request(&Wanted::default()));
        let id = bob.incoming().await;
        bob.endpoint.accept(id, sdp("answer")).unwrap();
        assert_eq!(raw.status().await.unwrap(), "403 Forbidden");
        assert_eq!(bob.next().await, Event::Ended { id, reason: EndReason::Refused });
    });
}

#[test]
fn while_an_answer_is_signed_the_call_can_neither_ring_nor_be_answered_again() {
    let script = Script { leaving: When::After(Duration::from_secs(1)), ..Script::default() };
    let (world, mut bob, _, mut raw) = pair(script);
    world.run(async {
        raw.send(&request(&Wanted::default()));
        let id = bob.incoming().await;
        bob.endpoint.accept(id, sdp("answer")).unwrap();
        assert_eq!(bob.endpoint.ring(id), Err(Misuse::WrongState));
        assert_eq!(bob.endpoint.accept(id, sdp("other")), Err(Misuse::WrongState));
        assert_eq!(raw.status().await.unwrap(), "100 Trying");
        let ok = raw.receive().await.unwrap();
        assert!(ok.starts_with("SIP/2.0 200 ") && ok.ends_with("answer"), "{ok}");
    });
}

#[test]
fn a_refusal_without_a_body_is_not_sealed() {
    let (world, mut bob, double, mut raw) = pair(Script::default());
    world.run(async {
        raw.send(&request(&Wanted::default()));
        let id = bob.incoming().await;
        bob.endpoint.reject(id, 486).unwrap();
        assert_eq!(raw.status().await.unwrap(), "486 Busy Here");
    });
    assert_eq!(double.count("encrypt Response None"), 0, "{:?}", double.asked());
}

/// As if it had not come: a retransmission may be another's, and is judged anew.
#[test]
fn a_2xx_that_is_discarded_is_judged_again_when_it_comes_again() {
    let world = World::perfect();
    let double =
        Double::new(world.runtime(1), Script { trust: Incoming::Discard, ..Script::default() });
    let mut alice = world.side(1, Arc::clone(&double) as _);
    let mut bob = world.side(2, Arc::new(Open));
    world.run(async {
        alice.call(ALICE, "sip:bob@192.0.2.2", sdp("offer"));
        let id = bob.incoming().await;
        bob.endpoint.accept(id, sdp("answer")).unwrap();
        assert_eq!(alice.next_within(3).await, None);
    });
    // At once, after 0.5 s and after 1.5 s.
    assert_eq!(double.count("response_received 200 INVITE"), 3, "{:?}", double.asked());
}
