//! Provisional responses that are sent until their PRACK comes. RFC 3262.

use crate::abuse::{pair, rung};
use crate::answers::{self, CALLEE, CONTACT, response};
use crate::double::Script;
use crate::offers::progress;
use crate::raw::{OFFER, Raw, Wanted, ack, field, request, to_tag};
use crate::world::{ALICE, sdp};
use sip_core::manager::{EndReason, Event};
use std::time::Duration;

pub(crate) const REQUIRED: &str = "Require: 100rel\r\n";

/// A reliable provisional response of this RSeq.
fn reliable(invite: &str, status: &str, rseq: u32) -> String {
    let extra = format!("{CONTACT}{REQUIRED}RSeq: {rseq}\r\n");
    response(invite, status, "t", &extra)
}

/// The stranger's PRACK in the dialog that this response made.
pub(crate) fn prack(ringing: &str, cseq: u32, rack: &str) -> String {
    let (branch, extra) = (format!("prack{cseq}"), format!("RAck: {rack}\r\n"));
    request(&Wanted {
        method: "PRACK",
        branch: &branch,
        cseq,
        to_tag: to_tag(ringing),
        extra: &extra,
    })
}

/// The next message that is no repetition of this one.
async fn other(raw: &mut Raw, repeated: &str) -> String {
    loop {
        let message = raw.receive().await.unwrap();
        if message != repeated {
            return message;
        }
    }
}

#[test]
fn the_caller_acknowledges_what_is_sent_reliably_once_and_in_its_turn() {
    let (world, mut alice, mut raw) = answers::pair();
    world.run(async {
        let id = alice.call(ALICE, CALLEE, sdp("offer"));
        let invite = raw.receive().await.unwrap();
        assert!(field(&invite, "Supported").contains("100rel"), "{invite}");
        assert!(field(&invite, "Allow").contains("PRACK"), "{invite}");
        raw.send(&reliable(&invite, "180 Ringing", 7));
        assert_eq!(alice.next().await, Event::Ringing { id, status: 180, answer: None });
        let prack = raw.receive().await.unwrap();
        assert!(prack.starts_with("PRACK sip:here@192.0.2.9 "), "{prack}");
        assert_eq!((field(&prack, "RAck"), field(&prack, "CSeq")), ("7 1 INVITE", "2 PRACK"));
        raw.send(&response(&prack, "200 OK", "", ""));
        // What came before, and what is not its turn yet, says nothing.
        for rseq in [7, 9, 6] {
            raw.send(&reliable(&invite, "183 Session Progress", rseq));
            assert_eq!(raw.receive().await, None, "{rseq}");
        }
        raw.send(&reliable(&invite, "183 Session Progress", 8));
        assert_eq!(alice.next().await, Event::Ringing { id, status: 183, answer: None });
        let prack = raw.receive().await.unwrap();
        assert_eq!((field(&prack, "RAck"), field(&prack, "CSeq")), ("8 1 INVITE", "3 PRACK"));
        raw.send(&response(&prack, "200 OK", "", ""));
        raw.send(&response(&invite, "200 OK", "t", CONTACT));
        assert!(matches!(alice.next().await, Event::Answered { .. }));
        assert_eq!(field(&raw.receive().await.unwrap(), "CSeq"), "1 ACK");
        alice.endpoint.hang_up(id).unwrap();
        let bye = raw.receive().await.unwrap();
        assert_eq!(field(&bye, "CSeq"), "4 BYE");
        raw.send(&response(&bye, "200 OK", "", ""));
        assert_eq!(alice.next().await, Event::Ended { id, reason: EndReason::Local });
        raw.sleep(Duration::from_secs(40)).await;
    });
    alice.assert_empty();
}

#[test]
fn without_the_option_or_its_number_a_provisional_response_is_acknowledged_by_nobody() {
    let (world, mut alice, mut raw) = answers::pair();
    world.run(async {
        let id = alice.call(ALICE, CALLEE, sdp("offer"));
        let invite = raw.receive().await.unwrap();
        for (status, extra) in [(180, "RSeq: 1\r\n"), (181, REQUIRED), (182, "Require: timer\r\n")]
        {
            let extra = format!("{CONTACT}{extra}");
            raw.send(&response(&invite, &format!("{status} Progress"), "t", &extra));
            assert_eq!(alice.next().await, Event::Ringing { id, status, answer: None });
            assert_eq!(raw.receive().await, None, "{status}");
        }
    });
}

#[test]
fn whatever_becomes_of_a_prack_the_call_goes_on() {
    for refused in ["481 Gone", "500 Trouble"] {
        let (world, mut alice, mut raw) = answers::pair();
        world.run(async {
            let id = alice.call(ALICE, CALLEE, sdp("offer"));
            let invite = raw.receive().await.unwrap();
            raw.send(&reliable(&invite, "180 Ringing", 1));
            let prack = raw.receive().await.unwrap();
            raw.send(&response(&prack, refused, "", ""));
            assert_eq!(alice.next().await, Event::Ringing { id, status: 180, answer: None });
            raw.send(&response(&invite, "200 OK", "t", CONTACT));
            assert!(matches!(alice.next().await, Event::Answered { .. }));
        });
    }
}

#[test]
fn of_a_peer_that_answers_no_prack_sixteen_are_under_way_at_most() {
    let (world, mut alice, mut raw) = answers::pair();
    world.run(async {
        let id = alice.call(ALICE, CALLEE, sdp("offer"));
        let invite = raw.receive().await.unwrap();
        let mut acknowledged = 0;
        for rseq in 1..=40 {
            raw.send(&reliable(&invite, "180 Ringing", rseq));
            raw.sleep(Duration::from_millis(1)).await;
        }
        while let Some(message) = raw.receive().await {
            acknowledged = acknowledged
                .max(field(&message, "RAck").split(' ').next().unwrap().parse::<u32>().unwrap());
        }
        assert_eq!(acknowledged, 16);
        assert_eq!(alice.next().await, Event::Ringing { id, status: 180, answer: None });
        alice.endpoint.hang_up(id).unwrap();
    });
}

#[test]
fn a_description_that_came_reliably_is_the_answer_of_a_200_without_one() {
    let (world, mut alice, mut raw) = answers::pair();
    world.run(async {
        let id = alice.call(ALICE, CALLEE, sdp("offer"));
        let invite = raw.receive().await.unwrap();
        let early = progress(&invite, "183 Session Progress", "t", "early");
        let early = early.replacen("Contact:", &format!("{REQUIRED}RSeq: 1\r\nContact:"), 1);
        // Its copies come while the first is being read.
        (0..3).for_each(|_| raw.send(&early));
        let answer = Some(sdp("early"));
        assert_eq!(alice.next().await, Event::Ringing { id, status: 183, answer });
        let prack = raw.receive().await.unwrap();
        assert_eq!(field(&prack, "RAck"), "1 1 INVITE");
        raw.send(&response(&prack, "200 OK", "", ""));
        assert_eq!(raw.receive().await, None);
        raw.send(&response(&invite, "200 OK", "t", CONTACT));
        assert_eq!(alice.next().await, Event::Answered { id, body: sdp("early") });
    });
}

#[test]
fn the_callee_repeats_what_must_be_acknowledged_until_it_is() {
    let (world, mut bob, _, mut raw) = pair(Script::default());
    world.run(async {
        let (id, ringing) = rung(&mut bob, &mut raw, REQUIRED).await;
        assert_eq!(field(&ringing, "Require"), "100rel");
        let rseq: u32 = field(&ringing, "RSeq").parse().unwrap();
        assert!((1..1 << 31).contains(&rseq), "{rseq}");
        // T1, then twice as long each time: at 0.5 and 1.5 s, and next at 3.5 s.
        raw.sleep(Duration::from_secs(2)).await;
        for _ in 0..2 {
            assert_eq!(raw.receive().await.as_ref(), Some(&ringing));
        }
        assert_eq!(raw.receive().await, None);
        // Another one has to wait.
        bob.endpoint.ring(id).unwrap();
        for (cseq, rack) in [(2, format!("{rseq} 2 INVITE")), (3, format!("{} 1 INVITE", rseq + 1))]
        {
            raw.send(&prack(&ringing, cseq, &rack));
            let refused = other(&mut raw, &ringing).await;
            assert!(refused.starts_with("SIP/2.0 481 "), "{refused}");
        }
        raw.send(&prack(&ringing, 4, &format!("{rseq} 1 INVITE")));
        let ok = other(&mut raw, &ringing).await;
        assert!(ok.starts_with("SIP/2.0 200 "), "{ok}");
        raw.sleep(Duration::from_secs(40)).await;
        assert_eq!(raw.receive().await, None);
        bob.endpoint.ring(id).unwrap();
        let again = raw.receive().await.unwrap();
        assert_eq!(field(&again, "RSeq"), (rseq + 1).to_string());
        bob.endpoint.accept(id, sdp("answer")).unwrap();
        let ok = other(&mut raw, &again).await;
        assert!(ok.starts_with("SIP/2.0 200 ") && ok.contains("INVITE"), "{ok}");
        // One that was under way already when the call was answered.
        raw.send(&prack(&ringing, 5, &format!("{} 1 INVITE", rseq + 1)));
        let late = other(&mut raw, &ok).await;
        assert!(late.starts_with("SIP/2.0 200 ") && late.contains("PRACK"), "{late}");
        raw.send(&ack("ack", 1, to_tag(&ok)));
        assert_eq!(bob.next().await, Event::Confirmed { id, answer: None });
        raw.sleep(Duration::from_secs(40)).await;
        assert_eq!(raw.receive().await, None, "nothing is sent again");
    });
}

#[test]
fn a_callee_that_nobody_acknowledges_gives_up() {
    let (world, mut bob, _, mut raw) = pair(Script::default());
    world.run(async {
        let (id, ringing) = rung(&mut bob, &mut raw, REQUIRED).await;
        assert_eq!(bob.next_within(31).await, None);
        let ended = Event::Ended { id, reason: EndReason::NoAck };
        assert_eq!(bob.next_within(2).await, Some(ended));
        let given_up = other(&mut raw, &ringing).await;
        assert!(given_up.starts_with("SIP/2.0 504 "), "{given_up}");
        raw.send(&ack("one", 1, to_tag(&ringing)));
        raw.sleep(Duration::from_secs(40)).await;
    });
    bob.assert_empty();
}

#[test]
fn a_callee_is_not_held_to_it_where_it_is_not_required() {
    let (world, mut bob, _, mut raw) = pair(Script::default());
    world.run(async {
        let (_, ringing) = rung(&mut bob, &mut raw, "Supported: 100rel\r\n").await;
        assert!(!ringing.contains("RSeq") && !ringing.contains("Require"), "{ringing}");
        raw.sleep(Duration::from_secs(40)).await;
        assert_eq!(raw.receive().await, None);
        raw.send(&prack(&ringing, 2, "1 1 INVITE"));
        let refused = raw.receive().await.unwrap();
        assert!(refused.starts_with("SIP/2.0 481 "), "{refused}");
    });
}

#[test]
fn an_offer_in_a_prack_is_refused_and_what_it_acknowledges_is_not_repeated() {
    let (world, mut bob, _, mut raw) = pair(Script::default());
    world.run(async {
        let (_, ringing) = rung(&mut bob, &mut raw, REQUIRED).await;
        let rack = format!("{} 1 INVITE", field(&ringing, "RSeq"));
        let offer = prack(&ringing, 2, &rack).replace("Content-Length: 0\r\n\r\n", OFFER);
        raw.send(&offer);
        let refused = raw.receive().await.unwrap();
        assert!(refused.starts_with("SIP/2.0 488 "), "{refused}");
        raw.sleep(Duration::from_secs(10)).await;
        assert_eq!(raw.receive().await, None);
    });
}
