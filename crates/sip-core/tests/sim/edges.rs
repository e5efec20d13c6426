//! Commands and messages at the edge of what a call's state allows, and fields that hold there.

use crate::abuse::{pair, rung, up};
use crate::answers::{self, CALLEE, CONTACT, response};
use crate::double::{Script, When};
use crate::raw::{Wanted, field, request};
use crate::reliable::{REQUIRED, prack};
use crate::timers::{TIMER, in_dialog};
use crate::transfers::{notify, referring};
use crate::world::{ALICE, sdp};
use sip_core::Method;
use sip_core::manager::{Cause, EndReason, Event, Misuse};
use ssa::{Body, Incoming};
use std::collections::BTreeSet;
use std::time::Duration;

#[test]
fn a_call_is_refused_by_what_refuses_and_placed_once() {
    let (world, mut bob, _, mut raw) = pair(Script::default());
    world.run(async {
        let (id, _) = rung(&mut bob, &mut raw, "").await;
        for status in [100, 200, 299, 700] {
            assert_eq!(bob.endpoint.reject(id, status), Err(Misuse::WrongState), "{status}");
        }
        bob.endpoint.reject(id, 699).unwrap();
        assert!(raw.status().await.unwrap().starts_with("699 "));
        raw.send(&request(&Wanted { method: "ACK", ..Wanted::default() }));
    });
    let (world, mut alice, mut raw) = answers::pair();
    world.run(async {
        let id = alice.call(ALICE, CALLEE, sdp("offer"));
        assert_eq!(alice.endpoint.invite(id, sdp("again")), Err(Misuse::WrongState));
        let invite = raw.receive().await.unwrap();
        // A callee has no call to end before it has answered. RFC 3261 §15.
        raw.send(&response(&invite, "180 Ringing", "t", CONTACT));
        assert_eq!(alice.next().await, Event::Ringing { id, status: 180, answer: None });
        let bye = format!(
            "BYE sip:alice@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;rport;branch=z9hG4bKb\r\n\
             Max-Forwards: 70\r\nFrom: {};tag=t\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: 1 BYE\r\n\
             Content-Length: 0\r\n\r\n",
            field(&invite, "To"),
            field(&invite, "From"),
            field(&invite, "Call-ID")
        );
        raw.send(&bye);
        assert!(raw.status().await.unwrap().starts_with("481 "));
        raw.send(&response(&invite, "200 OK", "t", CONTACT));
        assert_eq!(alice.next().await, Event::Answered { id, body: Body::default() });
    });
}

/// RFC 3261 §11.1, RFC 3428 §4: what makes no dialog has no Contact.
#[test]
fn options_say_what_is_taken_and_a_message_where_nobody_is() {
    let (world, alice, mut raw) = answers::pair();
    world.run(async {
        alice.endpoint.options(ALICE, CALLEE, None).unwrap();
        let options = raw.receive().await.unwrap();
        assert_eq!(field(&options, "Accept"), "application/sdp");
        assert_eq!(field(&options, "Contact"), "<sip:alice@192.0.2.1:5060>");
        raw.send(&response(&options, "200 OK", "t", ""));
        let text = Body { content_type: Some(b"text/plain".to_vec()), octets: b"hi".to_vec() };
        alice.endpoint.request(Method::MESSAGE, ALICE, CALLEE, None, text).unwrap();
        let message = raw.receive().await.unwrap();
        assert!(!message.contains("\r\nAccept:") && !message.contains("\r\nContact:"), "{message}");
    });
}

#[test]
fn only_a_415_says_what_else_is_taken() {
    let (world, mut bob, _, mut raw) = pair(Script::default());
    world.run(async {
        for (status, says) in [(415, true), (488, false), (202, false)] {
            let branch = status.to_string();
            let extra = "Content-Type: text/plain\r\n";
            let wanted = Wanted { method: "MESSAGE", branch: &branch, extra, ..Wanted::default() };
            let message = request(&wanted).replace("Length: 0\r\n\r\n", "Length: 2\r\n\r\nhi");
            raw.send(&message.replace("Call-ID: raw", &format!("Call-ID: {status}")));
            let event = bob.next().await;
            let Event::Received { id, .. } = event else { panic!("{event:?}") };
            bob.endpoint.reply(id, status).unwrap();
            let answer = raw.receive().await.unwrap();
            assert!(answer.starts_with(&format!("SIP/2.0 {status} ")), "{answer}");
            assert_eq!(answer.contains("\r\nAccept: "), says, "{answer}");
        }
    });
}

/// RFC 3262 §3: below 2^31, and no peer knows the next call's.
#[test]
fn each_call_numbers_its_reliable_responses_anew() {
    let mut seen = BTreeSet::new();
    let (world, mut bob, _, mut raw) = pair(Script::default());
    world.run(async {
        for number in 0..8 {
            let call_id = format!("Call-ID: {number}");
            let wanted = Wanted { branch: &call_id[9..], extra: REQUIRED, ..Wanted::default() };
            let invite = request(&wanted).replace("Call-ID: raw", &call_id);
            raw.send(&invite);
            let id = bob.incoming().await;
            bob.endpoint.ring(id).unwrap();
            let ringing = raw.receive().await.unwrap();
            let rseq: u32 = field(&ringing, "RSeq").parse().unwrap();
            assert!((1..=1 << 31).contains(&rseq), "{rseq}");
            assert!(seen.insert(rseq), "{rseq}");
            bob.endpoint.reject(id, 486).unwrap();
            assert_eq!(bob.next().await, Event::Ended { id, reason: EndReason::Local });
            assert!(raw.status().await.unwrap().starts_with("486 "));
            raw.send(&invite.replace("INVITE", "ACK").replace(REQUIRED, ""));
        }
    });
}

#[test]
fn a_prack_behind_the_answer_does_not_acknowledge_the_answer() {
    let (world, mut bob, _, mut raw) = pair(Script::default());
    world.run(async {
        let (id, ringing) = rung(&mut bob, &mut raw, REQUIRED).await;
        bob.endpoint.accept(id, sdp("answer")).unwrap();
        let ok = raw.receive().await.unwrap();
        assert!(ok.starts_with("SIP/2.0 200 "), "{ok}");
        assert!(field(&ok, "Allow").contains("INVITE"), "{ok}");
        raw.send(&prack(&ringing, 2, &format!("{} 1 INVITE", field(&ringing, "RSeq"))));
        let pracked = raw.receive().await.unwrap();
        assert_eq!(field(&pracked, "CSeq"), "2 PRACK");
        // The 2xx is sent again until its own ACK comes.
        assert_eq!(raw.receive().await.unwrap(), ok);
    });
}

#[test]
fn a_timer_is_required_of_none_who_does_not_know_it() {
    // Who asks for it, with which words, and who refreshes by what we answer.
    for (asks, answers) in [
        ("Session-Expires: 120\r\n", "120;refresher=uas"),
        ("Session-Expires: 120\r\nSupported: timer\r\n", "120;refresher=uac"),
        ("Session-Expires: 90\r\nSupported: timer\r\n", "90;refresher=uac"),
    ] {
        let (world, mut bob, _, mut raw) = pair(Script::default());
        world.run(async {
            let (id, ok) = crate::timers::up(&mut bob, &mut raw, asks).await;
            assert_eq!(field(&ok, "Session-Expires"), answers);
            assert_eq!(ok.contains("\r\nRequire: timer"), asks.contains(TIMER), "{ok}");
            // What we ask for says whose turn it is.
            bob.endpoint.reinvite(id, sdp("more")).unwrap();
            let reinvite = raw.receive().await.unwrap();
            let turn = if asks.contains(TIMER) { "refresher=uas" } else { "refresher=uac" };
            assert!(field(&reinvite, "Session-Expires").ends_with(turn), "{reinvite}");
        });
    }
}

/// RFC 3515 §2.4.5: the last word is a final status, or the end of the subscription.
#[test]
fn the_last_word_on_a_refer_is_a_final_status_or_the_end() {
    for (state, status, is_final) in [
        ("active;expires=60", "180 Ringing", false),
        ("active;expires=60", "199 Early", false),
        ("active;expires=60", "200 OK", true),
        ("terminated;reason=noresource", "100 Trying", true),
    ] {
        let (world, mut bob, _, mut raw) = pair(Script::default());
        world.run(async {
            let (within, id, tag, refer) = referring(&mut bob, &mut raw).await;
            raw.send(&response(&refer, "202 Accepted", "", ""));
            // A NOTIFY moves nothing of the call.
            let notify = notify(2, &tag, "", state, status)
                .replace("Contact: <sip:mallory@192.0.2.9>", "Contact: <sip:x@192.0.2.7>");
            raw.send(&notify);
            let reported = Some(status[..3].parse().unwrap());
            let told =
                Event::ReferNotified { id, within: Some(within), status: reported, is_final };
            assert_eq!(bob.next().await, told);
            assert_eq!(raw.status().await.unwrap(), "200 OK");
            bob.endpoint.hang_up(within).unwrap();
            let bye = raw.receive().await.unwrap();
            assert!(bye.starts_with("BYE sip:mallory@192.0.2.9 "), "{bye}");
        });
    }
}

#[test]
fn a_refer_that_its_peer_has_no_dialog_for_has_lost_the_call() {
    let (world, mut bob, _, mut raw) = pair(Script::default());
    world.run(async {
        let (within, id, _, refer) = referring(&mut bob, &mut raw).await;
        raw.send(&response(&refer, "481 Gone", "", ""));
        let mut told = Vec::new();
        while let Some(event) = bob.next_within(1).await {
            told.push(event);
        }
        let lost = Event::Ended { id: within, reason: EndReason::Lost };
        assert!(told.contains(&lost), "{told:?}");
        let cause = Cause::Status(481);
        let failed = Event::ReferFailed { id, within: Some(within), cause };
        assert_eq!(told.iter().filter(|event| **event == failed).count(), 1, "{told:?}");
    });
}

/// RFC 3261 §12.2.1.2: a dialog that the peer does not know is gone for all that is in it.
#[test]
fn a_refer_that_waits_in_a_dialog_that_is_lost_is_481() {
    let (world, mut bob, _, mut raw) = pair(Script::default());
    world.run(async {
        let (id, tag) = up(&mut bob, &mut raw).await;
        raw.send(&in_dialog("REFER", 2, &tag, "Refer-To: <sip:carol@192.0.2.3>\r\n"));
        assert!(matches!(bob.next().await, Event::Referred { .. }));
        bob.endpoint.reinvite(id, sdp("more")).unwrap();
        let reinvite = raw.receive().await.unwrap();
        raw.send(&response(&reinvite, "481 Gone", "", ""));
        let mut answers = Vec::new();
        while let Some(message) = raw.receive().await {
            answers.push(message);
        }
        let refused = |it: &&String| it.starts_with("SIP/2.0 481 ") && it.contains(" REFER\r\n");
        assert_eq!(answers.iter().filter(refused).count(), 1, "{answers:?}");
    });
}

/// RFC 5589 §7.1: who takes a call's place names it as it is called.
#[test]
fn who_is_to_take_a_calls_place_hears_its_names_escaped_no_more_than_they_must_be() {
    let (world, mut alice, mut raw) = answers::pair();
    world.run(async {
        let (first, ..) = answers::answered(&mut alice, &mut raw, CONTACT).await;
        let second = alice.call(ALICE, CALLEE, sdp("offer"));
        let invite = raw.receive().await.unwrap();
        raw.send(&response(&invite, "200 OK", "a-b.c!~*'%+`x", CONTACT));
        assert!(matches!(alice.next().await, Event::Answered { .. }));
        assert!(raw.receive().await.unwrap().starts_with("ACK "));
        alice.endpoint.refer_to_call(first, second).unwrap();
        let refer = raw.receive().await.unwrap();
        let own = field(&invite, "From").split_once("tag=").unwrap().1;
        let replaces = format!(
            "<sip:bob@192.0.2.9?Replaces={}%3Bto-tag%3Da-b.c!~*'%25%2B%60x%3Bfrom-tag%3D{own}>",
            field(&invite, "Call-ID")
        );
        assert_eq!(field(&refer, "Refer-To"), replaces);
    });
}

/// Whoever has said anything may say the rest over another connection.
#[test]
fn a_call_that_rings_goes_on_when_its_connection_is_lost() {
    let (world, mut alice, _) = answers::pair();
    let mut listener = crate::flows::listen(&world, 9);
    world.run(async {
        let id = alice.call(ALICE, "sip:bob@192.0.2.9;transport=tcp", sdp("offer"));
        let mut connection = crate::flows::accept(&mut *listener).await;
        let invite = crate::flows::read(&mut connection).await;
        let ringing = response(&invite, "180 Ringing", "t", CONTACT);
        connection.write_all(ringing.as_bytes()).await.unwrap();
        assert_eq!(alice.next().await, Event::Ringing { id, status: 180, answer: None });
        drop(connection);
        assert_eq!(alice.next_within(20).await, None);
    });
    assert_eq!(alice.endpoint.sizes().manager.calls, 1);
}

/// What is judged while the call is given up, and is not to be believed, leaves nothing.
#[test]
fn a_2xx_that_is_discarded_behind_an_unanswered_cancel_leaves_nothing() {
    let judge = When::After(Duration::from_secs(40));
    let script = Script { trust: Incoming::Discard, judge, ..Script::default() };
    let (world, mut alice, _, mut raw) = answers::scripted(script);
    world.run(async {
        let id = alice.call(ALICE, CALLEE, sdp("offer"));
        let invite = raw.receive().await.unwrap();
        raw.send(&response(&invite, "180 Ringing", "t", CONTACT));
        assert!(matches!(alice.next().await, Event::Ringing { .. }));
        alice.endpoint.hang_up(id).unwrap();
        assert!(raw.receive().await.unwrap().starts_with("CANCEL "));
        raw.send(&response(&invite, "200 OK", "t", CONTACT));
        alice.sleep(Duration::from_secs(120)).await;
    });
    alice.assert_empty();
}

/// That a 2xx has no body is protected as well.
#[test]
fn a_2xx_without_a_body_is_sealed_too() {
    let (world, mut bob, double, mut raw) = pair(Script::default());
    world.run(async {
        raw.send(&request(&Wanted::default()));
        let id = bob.incoming().await;
        let before = double.count("encrypt Response None");
        bob.endpoint.accept(id, Body::default()).unwrap();
        assert_eq!(raw.status().await.unwrap(), "200 OK");
        assert_eq!(double.count("encrypt Response None"), before + 1, "{:?}", double.asked());
    });
}

/// What the security manager makes of a body is what leaves, in an answer too.
#[test]
fn the_body_of_a_2xx_leaves_as_it_was_sealed() {
    let script = Script { seals_answers: true, ..Script::default() };
    let (world, mut bob, _, mut raw) = pair(script);
    world.run(async {
        raw.send(&request(&Wanted::default()));
        let id = bob.incoming().await;
        bob.endpoint.accept(id, sdp("answer")).unwrap();
        let ok = raw.receive().await.unwrap();
        assert!(ok.ends_with("Content-Length: 13\r\n\r\nsealed answer"), "{ok}");
    });
}

#[test]
fn who_has_no_user_part_is_reached_without_one() {
    let (world, alice, mut raw) = answers::pair();
    world.run(async {
        alice.endpoint.options("sip:192.0.2.1", CALLEE, None).unwrap();
        let options = raw.receive().await.unwrap();
        assert_eq!(field(&options, "Contact"), "<sip:192.0.2.1:5060>");
    });
}

/// A registration keeps its own connection, and no stranger's.
#[test]
fn a_strangers_connection_is_closed_beside_that_of_a_registration() {
    let (world, mut alice, _) = answers::pair();
    let mut listener = crate::flows::listen(&world, 9);
    world.run(async {
        let (_, connection) = crate::flows::registered(&mut alice, &mut *listener, "tcp").await;
        let stranger = crate::flows::connect_to(&world, 8, 1).await;
        alice.sleep(Duration::from_secs(1)).await;
        assert_eq!(alice.endpoint.sizes().connections, 2);
        alice.sleep(Duration::from_secs(140)).await;
        assert_eq!(alice.endpoint.sizes().connections, 1);
        drop((connection, stranger));
    });
}
