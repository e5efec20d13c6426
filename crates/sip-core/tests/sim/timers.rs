//! Session timers and UPDATE. RFC 4028, RFC 3311.

use crate::abuse::{answered, pair, rung};
use crate::answers::{self, CALLEE, CONTACT, response};
use crate::double::Script;
use crate::raw::{Raw, Wanted, field, request, to_tag};
use crate::world::{ALICE, Side, World, sdp};
use sip_core::manager::{CallId, Cause, Config, EndReason, Event};
use std::sync::Arc;
use std::time::Duration;

pub(crate) const TIMER: &str = "Supported: timer\r\n";

pub(crate) fn in_dialog(method: &str, cseq: u32, tag: &str, extra: &str) -> String {
    let branch = format!("{method}{cseq}");
    request(&Wanted { method, branch: &branch, cseq, to_tag: tag, extra })
}

/// A call of the stranger's with these fields that Bob has answered; his 200.
pub(crate) async fn up(bob: &mut Side, raw: &mut Raw, extra: &str) -> (CallId, String) {
    let (id, ok) = answered(bob, raw, extra).await;
    raw.send(&in_dialog("ACK", 1, to_tag(&ok), ""));
    assert_eq!(bob.next().await, Event::Confirmed { id, answer: None });
    (id, ok)
}

#[test]
fn d10_a_session_of_one_second_is_422() {
    let (world, mut bob, _, mut raw) = pair(Script::default());
    world.run(async {
        let extra = format!("{TIMER}Session-Expires: 1\r\n");
        raw.send(&request(&Wanted { extra: &extra, ..Wanted::default() }));
        let refused = raw.receive().await.unwrap();
        assert!(refused.starts_with("SIP/2.0 422 "), "{refused}");
        assert_eq!(field(&refused, "Min-SE"), "90");
        raw.send(&in_dialog("ACK", 1, to_tag(&refused), "").replace("ACK1", "one"));
        assert_eq!(bob.next_within(40).await, None);
    });
    bob.assert_empty();
}

#[test]
fn d10_a_reinvite_for_one_second_is_422_and_the_call_stays() {
    let (world, mut bob, _, mut raw) = pair(Script::default());
    world.run(async {
        let (_, ok) = up(&mut bob, &mut raw, "").await;
        assert!(!ok.contains("Session-Expires"), "{ok}");
        for (cseq, method) in [(2, "INVITE"), (3, "UPDATE")] {
            let short = format!("{TIMER}Session-Expires: 1\r\n");
            raw.send(&in_dialog(method, cseq, to_tag(&ok), &short));
            let refused = raw.receive().await.unwrap();
            assert!(refused.starts_with("SIP/2.0 422 "), "{refused}");
            if method == "INVITE" {
                let ack = in_dialog("ACK", cseq, to_tag(&ok), "").replace("ACK2", "INVITE2");
                raw.send(&ack);
            }
        }
        assert_eq!(bob.next_within(200).await, None);
    });
}

#[test]
fn a_session_that_its_peer_does_not_refresh_is_ended() {
    let (world, mut bob, _, mut raw) = pair(Script::default());
    world.run(async {
        let (id, ok) = up(&mut bob, &mut raw, &format!("{TIMER}Session-Expires: 120\r\n")).await;
        assert_eq!(field(&ok, "Session-Expires"), "120;refresher=uac");
        assert_eq!(field(&ok, "Require"), "timer");
        bob.sleep(Duration::from_secs(60)).await;
        raw.send(&in_dialog("UPDATE", 2, to_tag(&ok), &format!("{TIMER}Session-Expires: 120\r\n")));
        let refreshed = raw.receive().await.unwrap();
        assert!(refreshed.starts_with("SIP/2.0 200 "), "{refreshed}");
        assert_eq!(field(&refreshed, "Session-Expires"), "120;refresher=uac");
        // 88 s: 120 less the 32 that are left to tell the peer.
        assert_eq!(bob.next_within(87).await, None);
        assert_eq!(bob.next_within(2).await, Some(Event::Ended { id, reason: EndReason::Lost }));
        assert!(raw.receive().await.unwrap().starts_with("BYE "));
    });
}

#[test]
fn we_refresh_by_update_where_the_peer_takes_it() {
    let (world, mut bob, _, mut raw) = pair(Script::default());
    world.run(async {
        let asked =
            format!("{TIMER}Session-Expires: 100;refresher=uas\r\nAllow: INVITE, UPDATE\r\n");
        let (id, ok) = up(&mut bob, &mut raw, &asked).await;
        assert_eq!(field(&ok, "Session-Expires"), "100;refresher=uas");
        for _ in 0..3 {
            bob.sleep(Duration::from_secs(50)).await;
            let update = raw.receive().await.unwrap();
            assert!(update.starts_with("UPDATE sip:mallory@192.0.2.9 "), "{update}");
            assert_eq!(field(&update, "Session-Expires"), "100;refresher=uac");
            assert_eq!(field(&update, "Contact"), "<sip:bob@192.0.2.2:5060>");
            let granted = "Session-Expires: 100;refresher=uac\r\n";
            raw.send(&response(&update, "200 OK", "", granted));
        }
        bob.sleep(Duration::from_secs(50)).await;
        let update = raw.receive().await.unwrap();
        raw.send(&response(&update, "481 Gone", "", ""));
        let ended = Event::Ended { id, reason: EndReason::Lost };
        assert_eq!(bob.next_within(1).await, Some(ended), "before its time is up");
    });
}

#[test]
fn the_application_refreshes_where_the_peer_takes_no_update() {
    for (allow, refused) in [("", None), ("Allow: UPDATE\r\n", Some("405 Method Not Allowed"))] {
        let (world, mut bob, _, mut raw) = pair(Script::default());
        world.run(async {
            let asked = format!("{TIMER}Session-Expires: 100;refresher=uas\r\n{allow}");
            let (id, _) = up(&mut bob, &mut raw, &asked).await;
            bob.sleep(Duration::from_secs(50)).await;
            if let Some(status) = refused {
                let update = raw.receive().await.unwrap();
                raw.send(&response(&update, status, "", ""));
            }
            assert_eq!(bob.next().await, Event::RefreshDue { id });
            bob.endpoint.reinvite(id, sdp("as it was")).unwrap();
            let invite = raw.receive().await.unwrap();
            assert_eq!(field(&invite, "Session-Expires"), "100;refresher=uac");
            raw.send(&response(&invite, "200 OK", "", CONTACT));
            assert!(matches!(bob.next().await, Event::ReinviteAnswered { .. }));
            assert!(raw.receive().await.unwrap().starts_with("ACK "));
            assert_eq!(bob.next_within(45).await, None, "it began anew");
            assert_eq!(bob.next_within(10).await, Some(Event::RefreshDue { id }));
        });
    }
}

#[test]
fn the_callees_timer_counts_for_the_caller() {
    for (refresher, ours) in [("uac", true), ("uas", false)] {
        let (world, mut alice, mut raw) = answers::pair();
        world.run(async {
            let id = alice.call(ALICE, CALLEE, sdp("offer"));
            let invite = raw.receive().await.unwrap();
            assert!(field(&invite, "Supported").contains("timer"));
            let extra = format!(
                "{CONTACT}Require: timer\r\nSession-Expires: 90;refresher={refresher}\r\n\
                 Allow: UPDATE\r\n"
            );
            raw.send(&response(&invite, "200 OK", "t", &extra));
            assert!(matches!(alice.next().await, Event::Answered { .. }));
            assert!(raw.receive().await.unwrap().starts_with("ACK "));
            raw.sleep(Duration::from_secs(46)).await;
            let update = raw.receive().await;
            assert_eq!(update.is_some_and(|it| it.starts_with("UPDATE ")), ours);
            // 60 s: a third is left, since that is less than 32 s.
            let ended = Event::Ended { id, reason: EndReason::Lost };
            assert_eq!(alice.next_within(12).await, None);
            assert_eq!(alice.next_within(3).await, Some(ended));
        });
    }
}

/// Alice, whose calls ask for two minutes, and the callee, who is the test.
fn asking() -> (World, Side, Raw) {
    let session_expires = Some(Duration::from_secs(120));
    let config = Config { session_expires, ..Config::default() };
    let world = World::perfect();
    let alice = world.side_with(1, Arc::new(ssa::Open), config);
    let raw = Raw::to_alice(&world, 9);
    (world, alice, raw)
}

#[test]
fn a_call_that_asks_for_a_timer_is_refreshed_by_us_where_the_callee_knows_none() {
    let (world, mut alice, mut raw) = asking();
    world.run(async {
        let id = alice.call(ALICE, CALLEE, sdp("offer"));
        let invite = raw.receive().await.unwrap();
        assert_eq!(field(&invite, "Session-Expires"), "120", "who refreshes, the callee says");
        raw.send(&response(&invite, "200 OK", "t", &format!("{CONTACT}Allow: UPDATE\r\n")));
        assert!(matches!(alice.next().await, Event::Answered { .. }));
        assert!(raw.receive().await.unwrap().starts_with("ACK "));
        raw.sleep(Duration::from_secs(61)).await;
        let update = raw.receive().await.unwrap();
        assert!(update.starts_with("UPDATE "), "{update}");
        assert_eq!(field(&update, "Session-Expires"), "120;refresher=uac");
        let ended = Event::Ended { id, reason: EndReason::Lost };
        assert_eq!(alice.next_within(26).await, None);
        assert_eq!(alice.next_within(3).await, Some(ended), "32 s before its end");
    });
}

#[test]
fn d10_a_call_that_asks_for_too_short_a_session_goes_again_once() {
    let short = "Min-SE: 300;why=proxy\r\n";
    for (first, again) in
        [(short, Some("300")), ("", None), ("Min-SE: 119\r\n", None), ("Min-SE: 86401\r\n", None)]
    {
        let (world, mut alice, mut raw) = asking();
        world.run(async {
            let id = alice.call(ALICE, CALLEE, sdp("offer"));
            let refuse = |invite: &str, extra: &str| {
                response(invite, "422 Session Interval Too Small", "t", extra)
            };
            let invite = raw.receive().await.unwrap();
            raw.send(&refuse(&invite, first));
            assert!(raw.receive().await.unwrap().starts_with("ACK "));
            if let Some(longer) = again {
                let second = raw.receive().await.unwrap();
                let two = [field(&second, "Session-Expires"), field(&second, "Min-SE")];
                assert_eq!((two, field(&second, "CSeq")), ([longer; 2], "2 INVITE"));
                assert_eq!(field(&second, "Call-ID"), field(&invite, "Call-ID"));
                raw.send(&refuse(&second, "Min-SE: 600\r\n"));
                assert!(raw.receive().await.unwrap().starts_with("ACK "));
            }
            let cause = Cause::Status(422);
            assert_eq!(alice.next().await, Event::Failed { id, cause });
            assert_eq!(raw.receive().await, None, "once, and not at all for {first:?}");
            assert_eq!(alice.next_within(40).await, None);
        });
        alice.assert_empty();
    }
}

#[test]
fn an_update_with_an_offer_changes_the_session_and_needs_no_ack() {
    let (world, mut bob, _, mut raw) = pair(Script::default());
    world.run(async {
        let (id, ok) = up(&mut bob, &mut raw, "").await;
        let text = in_dialog("UPDATE", 2, to_tag(&ok), "Content-Type: application/sdp\r\n");
        raw.send(&text.replace("Length: 0\r\n\r\n", "Length: 4\r\n\r\nmore"));
        assert_eq!(bob.next().await, Event::Reinvited { id, body: sdp("more") });
        bob.endpoint.accept_reinvite(id, sdp("agreed")).unwrap();
        assert_eq!(bob.next().await, Event::Confirmed { id, answer: None });
        let ok = raw.receive().await.unwrap();
        assert!(ok.starts_with("SIP/2.0 200 ") && ok.ends_with("\r\n\r\nagreed"), "{ok}");
        assert_eq!(bob.next_within(40).await, None, "nothing is sent again");
        assert_eq!(raw.receive().await, None);
    });
}

#[test]
fn an_update_before_the_answer_is_taken_without_an_offer_alone() {
    let (world, mut bob, _, mut raw) = pair(Script::default());
    world.run(async {
        let (_, ringing) = rung(&mut bob, &mut raw, "").await;
        let tag = to_tag(&ringing);
        raw.send(&in_dialog("UPDATE", 2, tag, ""));
        assert_eq!(raw.status().await.unwrap(), "200 OK");
        let text = in_dialog("UPDATE", 3, tag, "Content-Type: application/sdp\r\n");
        raw.send(&text.replace("Length: 0\r\n\r\n", "Length: 4\r\n\r\nmore"));
        let later = raw.receive().await.unwrap();
        assert!(later.starts_with("SIP/2.0 500 ") && later.contains("Retry-After"), "{later}");
        raw.send(&in_dialog("UPDATE", 4, "", ""));
        assert!(raw.status().await.unwrap().starts_with("481 "));
    });
}
