//! Where offer and answer stand: in the 2xx and its ACK, before the 2xx, and among other parts.
//! RFC 3261 §13.2.1, RFC 3960, RFC 5621.

use crate::abuse::pair;
use crate::answers::{self, CALLEE, CONTACT, response};
use crate::double::Script;
use crate::raw::{Raw, Wanted, offerless, request, to_tag};
use crate::world::{ALICE, Side, sdp};
use sip_core::manager::{CallId, Event};
use ssa::Body;

/// The message with this body.
pub(crate) fn with_body(message: &str, kind: &str, body: &str) -> String {
    let head = message.strip_suffix("Content-Length: 0\r\n\r\n").unwrap();
    format!("{head}Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

fn ack(tag: &str, cseq: u32) -> String {
    let branch = format!("ack{cseq}");
    request(&Wanted { method: "ACK", branch: &branch, cseq, to_tag: tag, extra: "" })
}

/// A call without an offer that Bob has accepted with one of his; his tag.
async fn offered(bob: &mut Side, raw: &mut Raw) -> (CallId, String) {
    raw.send(&offerless(&request(&Wanted::default())));
    let Event::Incoming { id, body, .. } = bob.next().await else { panic!("no call") };
    assert_eq!(body, Body::default());
    bob.endpoint.accept(id, sdp("offer")).unwrap();
    let ok = raw.receive().await.unwrap();
    assert!(ok.starts_with("SIP/2.0 200 ") && ok.ends_with("\r\n\r\noffer"), "{ok}");
    (id, to_tag(&ok).to_owned())
}

#[test]
fn the_answer_to_an_offer_in_a_2xx_comes_in_its_ack() {
    let (world, mut bob, double, mut raw) = pair(Script::default());
    world.run(async {
        let (id, tag) = offered(&mut bob, &mut raw).await;
        let answer = with_body(&ack(&tag, 1), "application/sdp", "answer");
        raw.send(&answer);
        raw.send(&answer);
        assert_eq!(bob.next().await, Event::Confirmed { id, answer: Some(sdp("answer")) });
        assert_eq!(bob.next_within(40).await, None, "once");
    });
    let read = double.asked().iter().filter(|it| it.starts_with("decrypt")).count();
    assert_eq!(read, 2, "it crosses the security manager: {:?}", double.asked());
}

#[test]
fn an_ack_without_the_answer_that_is_due_brings_an_empty_one() {
    let (world, mut bob, _, mut raw) = pair(Script::default());
    world.run(async {
        let (id, tag) = offered(&mut bob, &mut raw).await;
        raw.send(&ack(&tag, 1));
        assert_eq!(bob.next().await, Event::Confirmed { id, answer: Some(Body::default()) });
    });
}

#[test]
fn an_answer_that_the_security_manager_refuses_is_not_heard() {
    let (world, mut bob, _, mut raw) = pair(Script { seals: true, ..Script::default() });
    world.run(async {
        let invite = offerless(&request(&Wanted::default()));
        raw.send(&with_body(&invite, "application/sdp", "sealed "));
        let id = bob.incoming().await;
        bob.endpoint.accept(id, sdp("offer")).unwrap();
        let ok = raw.receive().await.unwrap();
        raw.send(&with_body(&ack(to_tag(&ok), 1), "application/sdp", "answer in the clear"));
        assert_eq!(bob.next().await, Event::Confirmed { id, answer: Some(Body::default()) });
    });
}

#[test]
fn a_call_that_was_hung_up_reads_no_answer() {
    let (world, mut bob, double, mut raw) = pair(Script::default());
    world.run(async {
        let (id, tag) = offered(&mut bob, &mut raw).await;
        bob.endpoint.hang_up(id).unwrap();
        assert!(matches!(bob.next().await, Event::Ended { .. }));
        raw.send(&with_body(&ack(&tag, 1), "application/sdp", "answer"));
        let bye = raw.receive().await.unwrap();
        assert!(bye.starts_with("BYE "), "{bye}");
        assert_eq!(bob.next_within(1).await, None);
    });
    let read = double.asked().iter().filter(|it| it.starts_with("decrypt")).count();
    assert_eq!(read, 1, "the INVITE's body alone: {:?}", double.asked());
}

#[test]
fn a_reinvite_without_an_offer_gets_ours_and_answers_it_in_the_ack() {
    let (world, mut bob, _, mut raw) = pair(Script::default());
    world.run(async {
        let (id, tag) = offered(&mut bob, &mut raw).await;
        raw.send(&with_body(&ack(&tag, 1), "application/sdp", "answer"));
        assert!(matches!(bob.next().await, Event::Confirmed { answer: Some(_), .. }));
        let again = Wanted { branch: "re", cseq: 2, to_tag: &tag, ..Wanted::default() };
        raw.send(&offerless(&request(&again)));
        assert_eq!(bob.next().await, Event::Reinvited { id, body: Body::default() });
        bob.endpoint.accept_reinvite(id, sdp("another offer")).unwrap();
        let ok = raw.receive().await.unwrap();
        assert!(ok.ends_with("\r\n\r\nanother offer"), "{ok}");
        raw.send(&with_body(&ack(&tag, 2), "application/sdp", "another answer"));
        let answer = Some(sdp("another answer"));
        assert_eq!(bob.next().await, Event::Confirmed { id, answer });
    });
}

/// The provisional response of this dialog with this session description.
pub(crate) fn progress(invite: &str, status: &str, tag: &str, body: &str) -> String {
    with_body(&response(invite, status, tag, CONTACT), "application/sdp", body)
}

#[test]
fn a_description_in_a_183_is_the_answer_of_a_200_without_one() {
    let (world, mut alice, mut raw) = answers::pair();
    world.run(async {
        let id = alice.call(ALICE, CALLEE, sdp("offer"));
        let invite = raw.receive().await.unwrap();
        for (tag, body) in [("other", "elsewhere"), ("t", "early")] {
            raw.send(&progress(&invite, "183 Session Progress", tag, body));
            let answer = Some(sdp(body));
            assert_eq!(alice.next().await, Event::Ringing { id, status: 183, answer });
        }
        raw.send(&response(&invite, "180 Ringing", "t", CONTACT));
        assert_eq!(alice.next().await, Event::Ringing { id, status: 180, answer: None });
        raw.send(&response(&invite, "200 OK", "t", CONTACT));
        assert_eq!(alice.next().await, Event::Answered { id, body: sdp("early") });
    });
}

#[test]
fn what_a_200_says_comes_before_what_was_said_early() {
    let (world, mut alice, mut raw) = answers::pair();
    world.run(async {
        let id = alice.call(ALICE, CALLEE, sdp("offer"));
        let invite = raw.receive().await.unwrap();
        let early = progress(&invite, "183 Session Progress", "t", "early");
        raw.send(&early);
        assert!(matches!(alice.next().await, Event::Ringing { .. }));
        raw.send(&early);
        raw.send(&progress(&invite, "200 OK", "t", "late"));
        assert_eq!(alice.next().await, Event::Answered { id, body: sdp("late") }, "told once");
    });
}

#[test]
fn another_dialogs_early_answer_is_not_this_ones() {
    let (world, mut alice, mut raw) = answers::pair();
    world.run(async {
        let id = alice.call(ALICE, CALLEE, sdp("offer"));
        let invite = raw.receive().await.unwrap();
        raw.send(&progress(&invite, "183 Session Progress", "other", "early"));
        assert!(matches!(alice.next().await, Event::Ringing { .. }));
        raw.send(&response(&invite, "200 OK", "t", CONTACT));
        assert_eq!(alice.next().await, Event::Answered { id, body: Body::default() });
    });
}

const PARTS: &str = "--b\r\nContent-Type: application/ISUP;version=itu\r\n\
    Content-Disposition: signal;handling=optional\r\n\r\nx\r\n\
    --b\r\nContent-Type: application/sdp\r\n\r\nthe one\r\n--b--\r\n";

#[test]
fn a_session_description_is_found_among_other_parts() {
    const MIXED: &str = "multipart/mixed;boundary=b";
    let (world, mut bob, _, raw) = pair(Script::default());
    world.run(async {
        raw.send(&with_body(&offerless(&request(&Wanted::default())), MIXED, PARTS));
        let Event::Incoming { body, .. } = bob.next().await else { panic!("no call") };
        assert_eq!(body, sdp("the one"));
    });
    let (world, mut alice, mut raw) = answers::pair();
    world.run(async {
        let id = alice.call(ALICE, CALLEE, sdp("offer"));
        let invite = raw.receive().await.unwrap();
        raw.send(&with_body(&response(&invite, "200 OK", "t", CONTACT), MIXED, PARTS));
        assert_eq!(alice.next().await, Event::Answered { id, body: sdp("the one") });
    });
}
