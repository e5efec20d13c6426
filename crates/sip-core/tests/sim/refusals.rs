//! What nobody answers, what is refused on the way, and what an end withdraws.

use crate::abuse::{pair, rung};
use crate::answers::{CALLEE, CONTACT, response, scripted};
use crate::double::{CHALLENGE, CREDENTIALS, FORBIDDEN, Script, When};
use crate::flows::{self, accept, listen, read};
use crate::late::impatient;
use crate::raw::{Raw, Wanted, ack, field, request, to_tag};
use crate::world::{ALICE, Side, World, sdp};
use sip_core::manager::{CallId, Cause, EndReason, Event};
use ssa::{Authentication, Open, Why};
use std::sync::Arc;
use std::time::Duration;

/// A 2xx with a body.
fn with_answer(invite: &str) -> String {
    let kind = format!("{CONTACT}Content-Type: application/sdp\r\n");
    response(invite, "200 OK", "t", &kind).replace("Length: 0\r\n\r\n", "Length: 6\r\n\r\nanswer")
}

#[test]
fn a_call_that_is_refused_with_300_is_over() {
    let (world, mut bob, _, mut raw) = pair(Script::default());
    world.run(async {
        raw.send(&request(&Wanted::default()));
        let id = bob.incoming().await;
        bob.endpoint.reject(id, 300).unwrap();
        assert_eq!(bob.next().await, Event::Ended { id, reason: EndReason::Local });
        let refused = raw.receive().await.unwrap();
        assert!(refused.starts_with("SIP/2.0 300 Multiple Choices\r\n"), "{refused}");
        raw.send(&ack("one", 1, to_tag(&refused)));
        bob.sleep(Duration::from_secs(40)).await;
        assert_eq!(raw.receive().await, None);
    });
    bob.assert_empty();
}

#[test]
fn the_ack_of_a_refusal_is_none_of_the_200_before_it() {
    let (world, mut bob, _, mut raw) = pair(Script::default());
    world.run(async {
        let (id, ok) = crate::abuse::answered(&mut bob, &mut raw, "").await;
        let again = Wanted { branch: "r", cseq: 2, to_tag: to_tag(&ok), ..Wanted::default() };
        raw.send(&request(&again));
        assert_eq!(raw.status().await.unwrap(), "491 Request Pending");
        // It is told by its branch, whatever number it says. RFC 3261 §17.1.1.3.
        raw.send(&ack("r", 1, to_tag(&ok)));
        assert_eq!(bob.next_within(1).await, None);
        assert!(raw.receive().await.unwrap().starts_with("SIP/2.0 200 "), "it comes again");
        raw.send(&ack("a", 1, to_tag(&ok)));
        assert_eq!(bob.next().await, Event::Confirmed { id, answer: None });
    });
}

#[test]
fn a_2xx_that_is_acknowledged_leaves_no_timer_but_its_transactions() {
    let (world, mut bob, _, mut raw) = pair(Script::default());
    world.run(async {
        let (id, ok) = crate::abuse::answered(&mut bob, &mut raw, "").await;
        raw.send(&ack("a", 1, to_tag(&ok)));
        assert_eq!(bob.next().await, Event::Confirmed { id, answer: None });
        // Timer L. RFC 6026 §7.1.
        assert_eq!(bob.endpoint.sizes().manager.timers, 1);
    });
}

#[test]
fn a_100_says_no_tag_and_so_makes_no_dialog() {
    let (world, mut bob, _, mut raw) = pair(Script::default());
    world.run(async {
        raw.send(&request(&Wanted::default()));
        bob.incoming().await;
        let trying = raw.receive().await.unwrap();
        assert!(trying.starts_with("SIP/2.0 100 "), "{trying}");
        assert_eq!(field(&trying, "To"), "<sip:bob@192.0.2.2>");
    });
}

#[test]
fn what_the_security_manager_adds_to_an_answer_leaves_with_it() {
    let (world, mut bob, _, mut raw) = pair(Script::default());
    world.run(async {
        let (id, ok) = crate::abuse::answered(&mut bob, &mut raw, "").await;
        assert_eq!(field(&ok, "PGP-Signature"), "Test");
        raw.send(&ack("a", 1, to_tag(&ok)));
        assert_eq!(bob.next().await, Event::Confirmed { id, answer: None });
        let again = Wanted { branch: "r", cseq: 2, to_tag: to_tag(&ok), ..Wanted::default() };
        raw.send(&request(&again));
        assert!(matches!(bob.next().await, Event::Reinvited { .. }));
        bob.endpoint.reject(id, 488).unwrap();
        assert_eq!(field(&raw.receive().await.unwrap(), "PGP-Signature"), "Test");
    });
}

/// A call that Bob has accepted, and whose answer waits for the security manager.
async fn accepted_slowly(bob: &mut Side, raw: &mut Raw) -> (CallId, String) {
    let (id, ringing) = rung(bob, raw, "").await;
    bob.endpoint.accept(id, sdp("answer")).unwrap();
    raw.sleep(Duration::from_millis(500)).await;
    (id, to_tag(&ringing).to_owned())
}

/// It takes a second to let an answer go.
fn slow_to_leave() -> Script {
    Script { leaving: When::After(Duration::from_secs(1)), ..Script::default() }
}

#[test]
fn a_hang_up_withdraws_what_was_asked_of_the_200() {
    let (world, mut bob, double, mut raw) = pair(slow_to_leave());
    world.run(async {
        let (id, _) = accepted_slowly(&mut bob, &mut raw).await;
        let since = bob.runtime.now();
        bob.endpoint.hang_up(id).unwrap();
        assert_eq!(bob.next().await, Event::Ended { id, reason: EndReason::Local });
        raw.sleep(Duration::from_millis(500)).await;
        assert_eq!(double.count("response_leaving dropped"), 1);
        assert_eq!(raw.status().await.unwrap(), "603 Decline");
        let waited = bob.runtime.now() - since;
        assert!(waited >= Duration::from_secs(1), "603 takes its own second");
    });
}

#[test]
fn a_bye_withdraws_what_was_asked_of_the_200() {
    let (world, mut bob, double, mut raw) = pair(slow_to_leave());
    world.run(async {
        let (id, tag) = accepted_slowly(&mut bob, &mut raw).await;
        let bye = Wanted { method: "BYE", branch: "b", cseq: 2, to_tag: &tag, extra: "" };
        raw.send(&request(&bye));
        assert_eq!(bob.next().await, Event::Ended { id, reason: EndReason::Remote });
        assert_eq!(raw.status().await.unwrap(), "487 Request Terminated");
        assert_eq!(double.count("response_leaving dropped"), 1);
    });
}

#[test]
fn a_challenge_holds_a_strangers_call_open_and_a_refusal_ends_it() {
    let challenge = ssa::Field { name: "WWW-Authenticate", value: b"Test nonce=\"2\"".to_vec() };
    let verdicts = [
        (Authentication::SendWwwAuthenticate(vec![challenge]), "401 Unauthorized", 0),
        (Authentication::Refused(FORBIDDEN), "403 Forbidden", 1),
    ];
    for (verdict, status, abandoned) in verdicts {
        let (world, _bob, double, mut raw) =
            pair(Script { challenges: true, verdict, ..Script::default() });
        world.run(async {
            raw.send(&request(&Wanted { extra: CREDENTIALS, ..Wanted::default() }));
            assert_eq!(raw.status().await.unwrap(), status);
        });
        assert_eq!(double.count("abandon"), abandoned, "{status}");
    }
}

#[test]
fn a_hang_up_while_a_200_is_judged_acknowledges_and_ends_it_at_once() {
    let judge = When::After(Duration::from_secs(5));
    let (world, mut alice, double, mut raw) = scripted(Script { judge, ..Script::default() });
    world.run(async {
        let id = alice.call(ALICE, CALLEE, sdp("offer"));
        let invite = raw.receive().await.unwrap();
        raw.send(&response(&invite, "200 OK", "t", CONTACT));
        raw.sleep(Duration::from_millis(100)).await;
        alice.endpoint.hang_up(id).unwrap();
        assert_eq!(alice.next().await, Event::Ended { id, reason: EndReason::Local });
        assert!(raw.receive().await.unwrap().starts_with("ACK "));
        assert!(raw.receive().await.unwrap().starts_with("BYE "));
    });
    assert_eq!(double.count("response_received dropped"), 1);
}

#[test]
fn an_invite_whose_body_must_not_leave_is_not_sent_again() {
    let script = Script { refuses_sealing: true, ..Script::default() };
    let (world, mut alice, double, mut raw) = scripted(script);
    world.run(async {
        let id = alice.call(ALICE, CALLEE, sdp("offer"));
        let invite = raw.receive().await.unwrap();
        raw.send(&response(&invite, "401 Unauthorized", "t", CHALLENGE));
        let failed = Event::Failed { id, cause: Cause::Security(Why::Body) };
        assert_eq!(alice.next_within(5).await, Some(failed));
        assert!(raw.receive().await.unwrap().starts_with("ACK "));
        assert_eq!(raw.receive().await, None);
        raw.sleep(Duration::from_secs(40)).await;
    });
    assert_eq!(double.count("authorize INVITE 2 Plan(1)"), 0);
    alice.assert_empty();
}

#[test]
fn a_200_whose_body_cannot_be_read_is_acknowledged_and_ended() {
    let script = Script { refuses_reading: true, ..Script::default() };
    let (world, mut alice, _, mut raw) = scripted(script);
    world.run(async {
        let id = alice.call(ALICE, CALLEE, sdp("offer"));
        let invite = raw.receive().await.unwrap();
        raw.send(&with_answer(&invite));
        let failed = Event::Failed { id, cause: Cause::Security(Why::Body) };
        assert_eq!(alice.next_within(5).await, Some(failed));
        assert!(raw.receive().await.unwrap().starts_with("ACK "));
        let bye = raw.receive().await.unwrap();
        assert!(bye.starts_with("BYE "), "{bye}");
        // What it goes without. RFC 3261 §20, table 2.
        assert!(!bye.contains("\r\nContact: ") && !bye.contains("\r\nAllow: "), "{bye}");
    });
}

#[test]
fn a_request_that_is_challenged_twice_is_signed_without_its_first_credentials() {
    let (world, alice, double, mut raw) = scripted(Script::default());
    world.run(async {
        alice.call(ALICE, CALLEE, sdp("offer"));
        for _ in 0..2 {
            let invite = raw.receive().await.unwrap();
            raw.send(&response(&invite, "401 Unauthorized", "t", CHALLENGE));
            assert!(raw.receive().await.unwrap().starts_with("ACK "));
        }
        let third = raw.receive().await.unwrap();
        assert_eq!(third.matches("\r\nAuthorization: ").count(), 1, "{third}");
    });
    assert_eq!(double.count("authorize INVITE 3 Plan(2)"), 1, "{:?}", double.asked());
}

#[test]
fn a_call_that_was_hung_up_is_cancelled_once_however_long_it_rings() {
    let world = World::perfect();
    let mut alice = world.side_with(1, Arc::new(Open), impatient());
    let mut raw = Raw::to_alice(&world, 9);
    world.run(async {
        let id = alice.call(ALICE, CALLEE, sdp("offer"));
        let invite = raw.receive().await.unwrap();
        raw.send(&response(&invite, "180 Ringing", "t", CONTACT));
        assert_eq!(alice.next().await, Event::Ringing { id, status: 180, answer: None });
        alice.endpoint.hang_up(id).unwrap();
        let cancel = raw.receive().await.unwrap();
        raw.send(&response(&cancel, "200 OK", "t", ""));
        raw.sleep(Duration::from_secs(20)).await;
        assert_eq!(raw.receive().await, None);
    });
    assert_eq!(world.wire.count("192.0.2.1 CANCEL"), 1);
}

#[test]
fn a_2xx_has_the_last_word_on_where_an_early_dialog_leads() {
    let world = World::perfect();
    let mut alice = world.side(1, Arc::new(Open));
    let mut listener = listen(&world, 9);
    world.run(async {
        let id = alice.call(ALICE, "sip:bob@192.0.2.9;transport=tcp", sdp("offer"));
        let mut connection = accept(&mut *listener).await;
        let invite = read(&mut connection).await;
        let ringing = response(&invite, "180 Ringing", "t", CONTACT);
        connection.write_all(ringing.as_bytes()).await.unwrap();
        assert_eq!(alice.next().await, Event::Ringing { id, status: 180, answer: None });
        drop(connection);
        alice.sleep(Duration::from_secs(1)).await;
        let mut another = flows::connect_to(&world, 9, 1).await;
        let there = "Contact: <sip:there@192.0.2.9;transport=tcp>\r\n";
        another.write_all(response(&invite, "200 OK", "t", there).as_bytes()).await.unwrap();
        assert!(matches!(alice.next().await, Event::Answered { .. }));
        assert!(read(&mut another).await.starts_with("ACK sip:there@192.0.2.9;transport=tcp "));
        // Nobody takes another connection.
        drop(listener);
        alice.endpoint.hang_up(id).unwrap();
        assert!(read(&mut another).await.starts_with("BYE sip:there@192.0.2.9;transport=tcp "));
    });
}
