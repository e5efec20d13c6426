//! A caller and what hand-written callees and proxies answer it.

use crate::double::{CHALLENGE, Double, Script};
use crate::raw::{self, Raw, field, to_tag};
use crate::world::{ALICE, Side, World, sdp};
use sip_core::manager::{CallId, Cause, EndReason, Event};
use ssa::Open;
use std::sync::Arc;
use std::time::Duration;

pub(crate) const CALLEE: &str = "sip:bob@192.0.2.9";

/// Alice, who calls, and a peer at 192.0.2.9 that writes by hand to her.
pub(crate) fn pair() -> (World, Side, Raw) {
    let world = World::perfect();
    let (alice, raw) = (world.side(1, Arc::new(Open)), Raw::to_alice(&world, 9));
    (world, alice, raw)
}

/// The same, and Alice's security manager does what it is told to.
pub(crate) fn scripted(script: Script) -> (World, Side, Arc<Double>, Raw) {
    let world = World::perfect();
    let double = Double::new(world.runtime(1), script);
    let alice = world.side(1, Arc::clone(&double) as _);
    let raw = Raw::to_alice(&world, 9);
    (world, alice, double, raw)
}

/// A response to a request that came in, with this To tag where one is given and there is none yet.
pub(crate) fn response(request: &str, status: &str, tag: &str, extra: &str) -> String {
    let response = raw::response(request, status, extra);
    let to = field(request, "To");
    if tag.is_empty() || to.contains("tag=") {
        return response;
    }
    response.replacen(&format!("To: {to}"), &format!("To: {to};tag={tag}"), 1)
}

pub(crate) const CONTACT: &str = "Contact: <sip:here@192.0.2.9>\r\n";

/// A call of Alice's that the peer has answered with these fields: its INVITE, and its ACK.
pub(crate) async fn answered(
    alice: &mut Side, raw: &mut Raw, extra: &str,
) -> (CallId, String, String) {
    let call = alice.call(ALICE, CALLEE, sdp("offer"));
    let invite = raw.receive().await.unwrap();
    raw.send(&response(&invite, "200 OK", "t", extra));
    assert!(matches!(alice.next().await, Event::Answered { .. }), "{extra}");
    let ack = raw.receive().await.unwrap();
    assert!(ack.starts_with("ACK "), "{extra}: {ack}");
    (call, invite, ack)
}

#[test]
fn t09_each_retransmitted_2xx_is_acknowledged_and_a_fork_is_ended() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        let (_, invite, ack) = answered(&mut alice, &mut raw, CONTACT).await;
        assert!(ack.starts_with("ACK sip:here@192.0.2.9 SIP/2.0\r\n"), "{ack}");
        raw.send(&response(&invite, "200 OK", "t", CONTACT));
        assert_eq!(raw.receive().await.unwrap(), ack);
        let fork = response(&invite, "200 OK", "fork", CONTACT);
        raw.send(&fork);
        let ack = raw.receive().await.unwrap();
        assert!(ack.starts_with("ACK ") && ack.contains(";tag=fork"), "{ack}");
        let bye = raw.receive().await.unwrap();
        assert!(bye.starts_with("BYE ") && bye.contains(";tag=fork"), "{bye}");
        raw.send(&response(&bye, "200 OK", "", ""));
        raw.send(&fork);
        assert_eq!(raw.receive().await.unwrap(), ack);
        // After 64*T1 a 2xx matches nothing.
        raw.sleep(Duration::from_secs(33)).await;
        raw.send(&response(&invite, "200 OK", "t", CONTACT));
        raw.send(&response(&invite, "200 OK", "late", CONTACT));
        assert_eq!(raw.receive().await, None);
    });
    assert_eq!(alice.endpoint.sizes().manager.dialogs, 1);
    assert_eq!(world.wire.count("192.0.2.1 BYE"), 1);
}

#[test]
fn t10_there_are_sixteen_early_dialogs_at_most() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        alice.call(ALICE, CALLEE, sdp("offer"));
        let invite = raw.receive().await.unwrap();
        for number in 0..10_000 {
            raw.send(&response(&invite, "180 Ringing", &format!("t{number}"), CONTACT));
            // The socket's own queue is not what bounds them.
            if number % 100 == 99 {
                raw.sleep(Duration::from_millis(10)).await;
            }
        }
        let mut rung = 0;
        while let Some(event) = alice.next_within(1).await {
            assert!(matches!(event, Event::Ringing { .. }), "{event:?}");
            rung += 1;
        }
        assert_eq!(rung, 16);
        assert_eq!(alice.endpoint.sizes().manager.dialogs, 16);
        raw.send(&response(&invite, "200 OK", "t3", CONTACT));
        assert!(matches!(alice.next().await, Event::Answered { .. }));
        assert_eq!(alice.endpoint.sizes().manager.dialogs, 1, "the others are no more");
    });
}

#[test]
fn t10_sixteen_answers_to_one_invite_are_acknowledged_at_most() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        let (_, invite, _) = answered(&mut alice, &mut raw, CONTACT).await;
        for number in 0..100 {
            raw.send(&response(&invite, "200 OK", &format!("fork{number}"), CONTACT));
        }
        let mut tags = std::collections::BTreeSet::new();
        while let Some(message) = raw.receive().await {
            if message.starts_with("ACK ") {
                tags.insert(to_tag(&message).to_owned());
            }
        }
        assert_eq!(tags.len(), 15, "the call's own has its ACK: {tags:?}");
    });
}

#[test]
fn t07_forged_responses_are_dropped() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        alice.call(ALICE, CALLEE, sdp("offer"));
        let invite = raw.receive().await.unwrap();
        let busy = response(&invite, "486 Busy Here", "t", "");
        let branch = field(&invite, "Via").split_once("branch=").unwrap().1;
        raw.send(&busy.replace(branch, "z9hG4bK0000000000000000"));
        raw.send(&busy.replace("CSeq: 1 INVITE", "CSeq: 1 BYE"));
        raw.send(&busy.replace("CSeq: 1 INVITE", "CSeq: 2 INVITE"));
        raw.send(&busy.replace("UDP 192.0.2.1:5060", "UDP 192.0.2.1:5070"));
        raw.send(&busy.replace("UDP 192.0.2.1:5060", "UDP 192.0.2.7:5060"));
        raw.send(&busy.replace("Content-Length: 0", "Content-Length: 9"));
        raw.send(&busy.replace("SIP/2.0 486", "SIP/2.0 099"));
        assert_eq!(alice.next_within(5).await, None);
        raw.send(&busy);
        assert!(matches!(alice.next().await, Event::Failed { cause: Cause::Status(486), .. }));
    });
}

#[test]
fn requests_in_a_dialog_follow_its_route_set() {
    let (world, mut alice, mut raw) = pair();
    let routes = "Record-Route: <sip:192.0.2.9;lr>, <sip:far.example.org;lr>\r\n\
                  Contact: <sip:bob@pc33.example.org>\r\n";
    world.run(async {
        let (call, _, ack) = answered(&mut alice, &mut raw, routes).await;
        alice.endpoint.hang_up(call).unwrap();
        let bye = raw.receive().await.unwrap();
        for request in [ack, bye] {
            assert!(request.contains(" sip:bob@pc33.example.org SIP/2.0\r\n"), "{request}");
            let routes: Vec<&str> =
                request.lines().filter(|line| line.starts_with("Route: ")).collect();
            assert_eq!(routes, ["Route: <sip:far.example.org;lr>", "Route: <sip:192.0.2.9;lr>"]);
        }
    });
}

#[test]
fn a_bye_that_nobody_answers_ends_the_call_all_the_same() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        let (call, ..) = answered(&mut alice, &mut raw, CONTACT).await;
        alice.endpoint.hang_up(call).unwrap();
        assert_eq!(alice.next().await, Event::Ended { id: call, reason: EndReason::Local });
        raw.sleep(Duration::from_secs(70)).await;
    });
    // Timer E doubles from T1 up to T2 until Timer F: RFC 3261 §17.1.2.2.
    assert_eq!(world.wire.count("192.0.2.1 BYE"), 11);
    alice.assert_empty();
}

#[test]
fn a_reinvite_that_the_peer_does_not_know_ends_the_call() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        let (call, ..) = answered(&mut alice, &mut raw, CONTACT).await;
        alice.endpoint.reinvite(call, sdp("more")).unwrap();
        let reinvite = raw.receive().await.unwrap();
        let none = "481 Call/Transaction Does Not Exist";
        raw.send(&response(&reinvite, none, "", ""));
        assert_eq!(alice.next().await, Event::Ended { id: call, reason: EndReason::Lost });
        assert!(raw.receive().await.unwrap().starts_with("ACK "));
        assert!(raw.receive().await.unwrap().starts_with("BYE "));
    });
}

#[test]
fn t08_tags_branches_and_call_ids_are_fresh() {
    const CALLS: u64 = 1_000;
    let (world, alice, mut raw) = pair();
    let mut seen = std::collections::BTreeSet::new();
    // How often each bit was one, of a tag and a branch of 64 and of a Call-ID of 128.
    let mut ones = [0; 256];
    world.run(async {
        for _ in 0..CALLS {
            let call = alice.call(ALICE, CALLEE, sdp("offer"));
            let invite = raw.receive().await.unwrap();
            let tag = field(&invite, "From").split_once("tag=").unwrap().1;
            let branch = field(&invite, "Via").split_once("z9hG4bK").unwrap().1;
            let call_id = field(&invite, "Call-ID");
            let (first, second) = call_id.split_at(16);
            let parts = [tag, branch, first, second];
            for (part, ones) in parts.iter().zip(ones.chunks_mut(64)) {
                assert_eq!(part.len(), 16);
                let bits = u64::from_str_radix(part, 16).unwrap();
                ones.iter_mut().enumerate().for_each(|(bit, ones)| *ones += (bits >> bit) & 1);
                assert!(seen.insert(bits), "{part}");
            }
            alice.endpoint.hang_up(call).unwrap();
            raw.send(&response(&invite, "486 Busy Here", "t", ""));
            assert!(raw.receive().await.unwrap().starts_with("ACK "));
        }
    });
    // Eleven standard deviations on either side of the half.
    let fair = (CALLS / 2 - 175)..=(CALLS / 2 + 175);
    assert!(ones.iter().all(|ones| fair.contains(ones)), "{ones:?}");
}

/// A re-INVITE that has rung for too long, when its CANCEL is there.
async fn cancelled(alice: &mut Side, raw: &mut Raw) -> (CallId, String) {
    let (call, ..) = answered(alice, raw, CONTACT).await;
    alice.endpoint.reinvite(call, sdp("more")).unwrap();
    let reinvite = raw.receive().await.unwrap();
    raw.send(&response(&reinvite, "180 Ringing", "", ""));
    raw.sleep(Duration::from_secs(180)).await;
    assert!(raw.receive().await.unwrap().starts_with("CANCEL "));
    (call, reinvite)
}

#[test]
fn a_reinvite_that_only_rings_is_given_up() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        let (call, reinvite) = cancelled(&mut alice, &mut raw).await;
        raw.send(&response(&reinvite, "487 Request Terminated", "", ""));
        let failed = Event::ReinviteFailed { id: call, cause: Cause::Timeout };
        assert_eq!(alice.next().await, failed);
        assert!(raw.receive().await.unwrap().starts_with("ACK "));
        raw.sleep(Duration::from_secs(70)).await;
    });
    let sizes = alice.endpoint.sizes().manager;
    assert_eq!((sizes.dialogs, sizes.transactions, sizes.timers), (1, 0, 0));
}

#[test]
fn a_2xx_that_crosses_the_cancel_of_a_reinvite_counts() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        let (call, reinvite) = cancelled(&mut alice, &mut raw).await;
        raw.send(&response(&reinvite, "200 OK", "", CONTACT));
        let answered = Event::ReinviteAnswered { id: call, body: ssa::Body::default() };
        assert_eq!(alice.next().await, answered);
        let ack = raw.receive().await.unwrap();
        assert!(ack.starts_with("ACK ") && ack.contains("CSeq: 2 ACK"), "{ack}");
        assert_eq!(alice.next_within(70).await, None);
    });
}

#[test]
fn a_reinvite_whose_cancel_says_nothing_is_given_up() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        let (call, _) = cancelled(&mut alice, &mut raw).await;
        let failed = Event::ReinviteFailed { id: call, cause: Cause::Timeout };
        assert_eq!(alice.next().await, failed);
        raw.sleep(Duration::from_secs(70)).await;
    });
    let sizes = alice.endpoint.sizes().manager;
    assert_eq!((sizes.dialogs, sizes.transactions, sizes.timers), (1, 0, 0));
}

#[test]
fn a_reinvite_that_meets_another_is_tried_again_once() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        let (call, ..) = answered(&mut alice, &mut raw, CONTACT).await;
        alice.endpoint.reinvite(call, sdp("more")).unwrap();
        for _ in 0..2 {
            let reinvite = loop {
                if let Some(message) = raw.receive().await {
                    break message;
                }
            };
            assert!(reinvite.starts_with("INVITE "), "{reinvite}");
            raw.send(&response(&reinvite, "491 Request Pending", "", ""));
            assert!(raw.receive().await.unwrap().starts_with("ACK "));
        }
        let failed = Event::ReinviteFailed { id: call, cause: Cause::Status(491) };
        assert_eq!(alice.next().await, failed);
        assert_eq!(alice.next_within(10).await, None);
    });
    assert_eq!(world.wire.count("192.0.2.1 INVITE"), 3);
}

#[test]
fn the_ack_of_a_reinvite_goes_to_the_new_target() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        let (call, ..) = answered(&mut alice, &mut raw, CONTACT).await;
        alice.endpoint.reinvite(call, sdp("more")).unwrap();
        let reinvite = raw.receive().await.unwrap();
        let moved = "Contact: <sip:there@192.0.2.9>\r\n";
        raw.send(&response(&reinvite, "200 OK", "", moved));
        assert!(matches!(alice.next().await, Event::ReinviteAnswered { .. }));
        let ack = raw.receive().await.unwrap();
        assert!(ack.starts_with("ACK sip:there@192.0.2.9 SIP/2.0\r\n"), "{ack}");
    });
}

#[test]
fn the_ack_to_a_2xx_carries_the_credentials_of_its_invite() {
    let (world, alice, _, mut raw) = scripted(Script::default());
    world.run(async {
        alice.call(ALICE, CALLEE, sdp("offer"));
        let first = raw.receive().await.unwrap();
        raw.send(&response(&first, "401 Unauthorized", "c", CHALLENGE));
        let refused = raw.receive().await.unwrap();
        assert!(refused.starts_with("ACK ") && !refused.contains("Authorization"), "{refused}");
        let second = raw.receive().await.unwrap();
        let same = ["From", "Call-ID", "Contact", "To"];
        assert_eq!(same.map(|name| field(&second, name)), same.map(|name| field(&first, name)));
        assert_eq!(field(&second, "CSeq"), "2 INVITE");
        assert_ne!(field(&second, "Via"), field(&first, "Via"));
        raw.send(&response(&second, "200 OK", "t", CONTACT));
        let ack = raw.receive().await.unwrap();
        assert_eq!(field(&ack, "CSeq"), "2 ACK");
        assert_eq!(field(&ack, "Authorization"), field(&second, "Authorization"));
    });
}

#[test]
fn whom_a_3xx_names_is_told_before_the_call_has_failed() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        let id = alice.call(ALICE, CALLEE, sdp("offer"));
        let invite = raw.receive().await.unwrap();
        let contacts = "Contact: <sip:desk@192.0.2.9>;q=0.5\r\nContact: <sip:mobile@192.0.2.8>\r\n";
        raw.send(&response(&invite, "302 Moved Temporarily", "t", contacts));
        let to = vec!["sip:mobile@192.0.2.8".to_owned(), "sip:desk@192.0.2.9".to_owned()];
        assert_eq!(alice.next().await, Event::Redirected { id, to });
        assert_eq!(alice.next().await, Event::Failed { id, cause: Cause::Status(302) });
        // One that names nobody, and one that is no redirection.
        for (status, contacts) in [("305 Use Proxy", ""), ("486 Busy Here", contacts)] {
            let id = alice.call(ALICE, CALLEE, sdp("offer"));
            let mut next = raw.receive().await.unwrap();
            while !next.starts_with("INVITE ") {
                next = raw.receive().await.unwrap();
            }
            raw.send(&response(&next, status, "t", contacts));
            let failed = alice.next().await;
            assert!(matches!(failed, Event::Failed { id: of, .. } if of == id), "{failed:?}");
        }
        alice.sleep(Duration::from_secs(40)).await;
    });
    alice.assert_empty();
}
