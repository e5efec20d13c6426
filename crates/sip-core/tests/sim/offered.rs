//! INVITEs and re-INVITEs of ours without an offer: the callee makes one, and what acknowledges it
//! brings our answer. RFC 3261 §13.2.1, §13.2.2.4, §14.1, RFC 3262 §5.

use crate::answers::{self, CALLEE, CONTACT, response, scripted};
use crate::double::Script;
use crate::offers::{progress, with_body};
use crate::raw::{Raw, Wanted, field, request, to_tag};
use crate::world::{ALICE, BOB, Side, World, both, sdp};
use sip_core::manager::{CallId, Cause, EndReason, Event, Misuse};
use ssa::{Body, Open};
use std::sync::Arc;
use std::time::Duration;

/// A 200 with an offer in the dialog of this tag.
fn offering(invite: &str, tag: &str) -> String {
    progress(invite, "200 OK", tag, "offer")
}

/// A reliable provisional response with an offer.
fn early(invite: &str, tag: &str, rseq: u32, body: &str) -> String {
    let extra = format!("{CONTACT}Require: 100rel\r\nRSeq: {rseq}\r\n");
    let ringing = response(invite, "183 Session Progress", tag, &extra);
    with_body(&ringing, "application/sdp", body)
}

/// A call of Alice's without an offer: its INVITE.
async fn called(alice: &Side, raw: &mut Raw) -> (CallId, String) {
    let id = alice.call(ALICE, CALLEE, Body::default());
    let invite = raw.receive().await.unwrap();
    assert!(invite.ends_with("Content-Length: 0\r\n\r\n"), "{invite}");
    (id, invite)
}

/// The same, and the callee has accepted it with an offer, of which Alice has heard.
async fn accepted(alice: &mut Side, raw: &mut Raw) -> (CallId, String) {
    let (id, invite) = called(alice, raw).await;
    raw.send(&offering(&invite, "t"));
    assert_eq!(alice.next().await, Event::Offered { id, body: sdp("offer") });
    (id, invite)
}

/// Takes an ACK without a body, and the BYE behind it, which is answered.
async fn acknowledged_and_ended(raw: &mut Raw, tag: &str) {
    let ack = raw.receive().await.unwrap();
    assert!(ack.starts_with("ACK ") && ack.ends_with("Content-Length: 0\r\n\r\n"), "{ack}");
    let bye = raw.receive().await.unwrap();
    assert!(bye.starts_with("BYE "), "{bye}");
    assert_eq!([to_tag(&ack), to_tag(&bye)], [tag; 2]);
    raw.send(&response(&bye, "200 OK", "", ""));
}

#[test]
fn the_answer_to_a_callees_offer_leaves_in_the_ack_and_with_each_repetition() {
    let (world, mut alice, double, mut raw) = scripted(Script::default());
    world.run(async {
        let (id, invite) = accepted(&mut alice, &mut raw).await;
        raw.send(&offering(&invite, "t"));
        assert_eq!(raw.receive().await, None, "the ACK waits for the answer");
        alice.endpoint.answer(id, sdp("answer")).unwrap();
        assert_eq!(alice.endpoint.answer(id, sdp("another")), Err(Misuse::WrongState));
        assert_eq!(alice.next().await, Event::Answered { id, body: Body::default() });
        let ack = raw.receive().await.unwrap();
        assert!(ack.starts_with("ACK sip:here@192.0.2.9 SIP/2.0\r\n"), "{ack}");
        assert!(ack.contains("\r\nContent-Type: application/sdp\r\n"), "{ack}");
        assert!(ack.ends_with("\r\n\r\nanswer"), "{ack}");
        // It was lost.
        raw.send(&offering(&invite, "t"));
        assert_eq!(raw.receive().await.unwrap(), ack);
        assert_eq!(alice.next_within(20).await, None, "the call is up");
        alice.endpoint.hang_up(id).unwrap();
        let bye = raw.receive().await.unwrap();
        raw.send(&response(&bye, "200 OK", "", ""));
        alice.sleep(Duration::from_secs(40)).await;
    });
    alice.assert_empty();
    assert_eq!(world.wire.count("192.0.2.1 "), 0, "nothing is sent in place of what waits");
    // The INVITE's, though it is empty, and the ACK's.
    assert_eq!(double.count("encrypt Request None"), 2, "{:?}", double.asked());
}

/// A call of Alice's without an offer, which Bob makes.
pub(crate) async fn agreed(alice: &mut Side, bob: &mut Side, to: &str) -> (CallId, CallId) {
    let call = alice.call(ALICE, to, Body::default());
    let id = bob.incoming().await;
    bob.endpoint.accept(id, sdp("offer")).unwrap();
    assert_eq!(alice.next().await, Event::Offered { id: call, body: sdp("offer") });
    alice.endpoint.answer(call, sdp("answer")).unwrap();
    assert_eq!(alice.next().await, Event::Answered { id: call, body: Body::default() });
    assert_eq!(bob.next().await, Event::Confirmed { id, answer: Some(sdp("answer")) });
    (call, id)
}

#[test]
fn two_endpoints_agree_where_the_caller_makes_no_offer() {
    let world = World::perfect();
    let [mut alice, mut bob] = [1, 2].map(|host| world.side(host, Arc::new(Open)));
    world.run(async {
        let (call, id) = agreed(&mut alice, &mut bob, BOB).await;
        // Bob's turn, in the same way.
        bob.endpoint.reinvite(id, Body::default()).unwrap();
        assert_eq!(alice.next().await, Event::Reinvited { id: call, body: Body::default() });
        alice.endpoint.accept_reinvite(call, sdp("more")).unwrap();
        assert_eq!(bob.next().await, Event::Offered { id, body: sdp("more") });
        assert_eq!(bob.endpoint.reinvite(id, sdp("now")), Err(Misuse::Pending));
        bob.endpoint.answer(id, sdp("yes")).unwrap();
        assert_eq!(bob.next().await, Event::ReinviteAnswered { id, body: Body::default() });
        assert_eq!(alice.next().await, Event::Confirmed { id: call, answer: Some(sdp("yes")) });
        both(async { assert_eq!(alice.next_within(60).await, None) }, async {
            assert_eq!(bob.next_within(60).await, None)
        })
        .await;
    });
}

#[test]
fn an_offer_that_is_not_answered_in_time_is_acknowledged_and_the_call_ended() {
    let (world, mut alice, mut raw) = answers::pair();
    world.run(async {
        let (id, _) = accepted(&mut alice, &mut raw).await;
        assert_eq!(alice.next_within(15).await, None);
        assert_eq!(alice.next().await, Event::Ended { id, reason: EndReason::NoAnswer });
        acknowledged_and_ended(&mut raw, "t").await;
        assert_eq!(alice.endpoint.answer(id, sdp("answer")), Err(Misuse::Unknown));
        alice.sleep(Duration::from_secs(40)).await;
    });
    alice.assert_empty();
}

#[test]
fn a_call_that_is_hung_up_while_its_ack_waits_is_acknowledged_and_ended() {
    let (world, mut alice, mut raw) = answers::pair();
    world.run(async {
        let (id, _) = accepted(&mut alice, &mut raw).await;
        alice.endpoint.hang_up(id).unwrap();
        assert_eq!(alice.next().await, Event::Ended { id, reason: EndReason::Local });
        acknowledged_and_ended(&mut raw, "t").await;
        assert_eq!(alice.next_within(40).await, None);
    });
    alice.assert_empty();
}

#[test]
fn an_answer_that_may_not_leave_ends_the_call() {
    for refuses_answers in [true, false] {
        let script = Script { refuses_answers, ..Script::default() };
        let (world, mut alice, _, mut raw) = scripted(script);
        world.run(async {
            let (id, _) = accepted(&mut alice, &mut raw).await;
            // An empty one is none.
            let answer = if refuses_answers { sdp("answer") } else { Body::default() };
            alice.endpoint.answer(id, answer).unwrap();
            assert_eq!(alice.next().await, Event::Ended { id, reason: EndReason::Refused });
            acknowledged_and_ended(&mut raw, "t").await;
        });
    }
}

#[test]
fn a_peer_that_ends_the_call_while_its_ack_is_owed_is_acknowledged() {
    let (world, mut alice, mut raw) = answers::pair();
    world.run(async {
        let (id, invite) = accepted(&mut alice, &mut raw).await;
        raw.send(&theirs("BYE", &invite, 1));
        assert_eq!(alice.next().await, Event::Ended { id, reason: EndReason::Remote });
        let ack = raw.receive().await.unwrap();
        assert!(ack.starts_with("ACK "), "{ack}");
        assert!(raw.receive().await.unwrap().starts_with("SIP/2.0 200 "));
        alice.sleep(Duration::from_secs(40)).await;
    });
    alice.assert_empty();
}

/// A request of the callee's in the dialog that it has accepted.
fn theirs(method: &str, invite: &str, cseq: u32) -> String {
    let text = request(&Wanted { method, branch: "theirs", cseq, ..Wanted::default() });
    let (from, to) = (field(invite, "From"), field(invite, "To"));
    text.replace("sip:bob@192.0.2.2 SIP", "sip:alice@192.0.2.1 SIP")
        .replace("From: <sip:mallory@192.0.2.9>;tag=m", &format!("From: {to};tag=t"))
        .replace("To: <sip:bob@192.0.2.2>", &format!("To: {from}"))
        .replace("Call-ID: raw", &format!("Call-ID: {}", field(invite, "Call-ID")))
}

#[test]
fn another_fork_that_accepts_while_the_ack_waits_is_acknowledged_and_ended() {
    let (world, mut alice, mut raw) = answers::pair();
    world.run(async {
        let (id, invite) = accepted(&mut alice, &mut raw).await;
        raw.send(&offering(&invite, "fork"));
        acknowledged_and_ended(&mut raw, "fork").await;
        alice.endpoint.answer(id, sdp("answer")).unwrap();
        assert_eq!(alice.next().await, Event::Answered { id, body: Body::default() });
        let ack = raw.receive().await.unwrap();
        assert_eq!(to_tag(&ack), "t");
        assert!(ack.ends_with("\r\n\r\nanswer"), "{ack}");
    });
}

#[test]
fn a_callee_that_accepts_without_the_offer_that_is_due_is_acknowledged_and_ended() {
    let (world, mut alice, mut raw) = answers::pair();
    world.run(async {
        let (id, invite) = called(&alice, &mut raw).await;
        // What is not sent reliably is no offer either.
        raw.send(&progress(&invite, "183 Session Progress", "t", "preview"));
        let ringing = Event::Ringing { id, status: 183, answer: None };
        assert_eq!(alice.next().await, ringing);
        raw.send(&response(&invite, "200 OK", "t", CONTACT));
        assert_eq!(alice.next().await, Event::Failed { id, cause: Cause::NoOffer });
        acknowledged_and_ended(&mut raw, "t").await;
    });
}

#[test]
fn an_offer_in_a_reliable_183_is_answered_in_its_prack() {
    let (world, mut alice, mut raw) = answers::pair();
    world.run(async {
        let (id, invite) = called(&alice, &mut raw).await;
        raw.send(&early(&invite, "t", 7, "offer"));
        let ringing = Event::Ringing { id, status: 183, answer: None };
        assert_eq!(alice.next().await, ringing.clone());
        assert_eq!(alice.next().await, Event::Offered { id, body: sdp("offer") });
        // It comes again, and another fork makes an offer of its own: one at a time.
        for tag in ["t", "fork"] {
            raw.send(&early(&invite, tag, 7, "offer"));
            assert_eq!(raw.receive().await, None, "{tag}");
        }
        // What is not sent reliably is a preview at most, whoever sends it.
        raw.send(&progress(&invite, "183 Session Progress", "third", "preview"));
        assert_eq!(alice.next().await, ringing);
        alice.endpoint.answer(id, sdp("answer")).unwrap();
        assert_eq!(alice.endpoint.answer(id, sdp("another")), Err(Misuse::WrongState));
        let prack = raw.receive().await.unwrap();
        assert!(prack.starts_with("PRACK ") && prack.ends_with("\r\n\r\nanswer"), "{prack}");
        assert_eq!((field(&prack, "RAck"), to_tag(&prack)), ("7 1 INVITE", "t"));
        raw.send(&response(&prack, "200 OK", "", ""));
        assert_eq!(alice.next().await, Event::AnswerTaken { id });
        // The next one is acknowledged as ever; what the 200 says is no second offer.
        raw.send(&early(&invite, "t", 8, "offer"));
        let prack = raw.receive().await.unwrap();
        assert!(prack.ends_with("Content-Length: 0\r\n\r\n"), "{prack}");
        raw.send(&response(&prack, "200 OK", "", ""));
        raw.send(&offering(&invite, "t"));
        assert_eq!(alice.next().await, Event::Answered { id, body: Body::default() });
        let ack = raw.receive().await.unwrap();
        assert!(ack.starts_with("ACK ") && ack.ends_with("Content-Length: 0\r\n\r\n"), "{ack}");
        assert_eq!(alice.next_within(40).await, None, "the call is up");
    });
}

#[test]
fn an_early_offer_that_is_not_answered_in_time_takes_the_invite_back() {
    let (world, mut alice, mut raw) = answers::pair();
    world.run(async {
        let (id, invite) = called(&alice, &mut raw).await;
        raw.send(&early(&invite, "t", 7, "offer"));
        assert!(matches!(alice.next().await, Event::Ringing { .. }));
        assert!(matches!(alice.next().await, Event::Offered { .. }));
        assert_eq!(alice.next_within(15).await, None);
        assert_eq!(alice.next().await, Event::Ended { id, reason: EndReason::NoAnswer });
        let cancel = raw.receive().await.unwrap();
        assert!(cancel.starts_with("CANCEL "), "{cancel}");
        raw.send(&response(&cancel, "200 OK", "t", ""));
        raw.send(&response(&invite, "487 Request Terminated", "t", ""));
        assert!(raw.receive().await.unwrap().starts_with("ACK "));
        alice.sleep(Duration::from_secs(40)).await;
    });
    alice.assert_empty();
}

#[test]
fn a_reinvite_whose_offer_nobody_answers_ends_the_call() {
    let (world, mut alice, mut raw) = answers::pair();
    world.run(async {
        let (id, _, _) = answers::answered(&mut alice, &mut raw, CONTACT).await;
        alice.endpoint.reinvite(id, Body::default()).unwrap();
        let again = raw.receive().await.unwrap();
        raw.send(&offering(&again, ""));
        assert_eq!(alice.next().await, Event::Offered { id, body: sdp("offer") });
        // The peer's own comes too soon.
        raw.send(&theirs("INVITE", &again.replace(";tag=t", ""), 1));
        assert_eq!(raw.status().await.unwrap(), "491 Request Pending");
        assert_eq!(alice.next().await, Event::Ended { id, reason: EndReason::NoAnswer });
        loop {
            let next = raw.receive().await;
            let Some(next) = next else { continue };
            if next.starts_with("ACK ") {
                assert_eq!(field(&next, "CSeq"), "2 ACK");
                break;
            }
        }
        assert!(raw.receive().await.unwrap().starts_with("BYE "));
    });
}
