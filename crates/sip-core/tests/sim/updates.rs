//! Sessions that are refreshed, or not, by requests that are taken and refused. RFC 3311, RFC 4028.

use crate::abuse::{answered, pair, rung};
use crate::answers::{self, CONTACT, response};
use crate::double::Script;
use crate::raw::{Raw, ack, to_tag};
use crate::timers::{TIMER, in_dialog, up};
use crate::world::{Side, sdp};
use sip_core::manager::{CallId, Cause, EndReason, Event, Misuse};
use std::time::Duration;

const MOVED: &str = "Contact: <sip:elsewhere@192.0.2.9>";
const TWO_MINUTES: &str = "Supported: timer\r\nSession-Expires: 120\r\n";

fn moved(text: &str) -> String {
    text.replace("Contact: <sip:mallory@192.0.2.9>", MOVED)
}

/// The same with an offer.
fn offering(text: &str) -> String {
    text.replace(
        "Content-Length: 0\r\n\r\n",
        "Content-Type: application/sdp\r\nContent-Length: 4\r\n\r\nmore",
    )
}

/// Where our BYE goes.
async fn target(bob: &mut Side, raw: &mut Raw, id: CallId) -> String {
    bob.endpoint.hang_up(id).unwrap();
    let bye = raw.receive().await.unwrap();
    assert!(bye.starts_with("BYE "), "{bye}");
    bye.split(' ').nth(1).unwrap().to_owned()
}

/// RFC 3311 §5.2: an UPDATE that is taken refreshes the target, one that is refused does not.
#[test]
fn an_update_moves_the_target_where_it_is_taken() {
    for (extra, status, at) in [
        ("", "200 OK", "sip:elsewhere@192.0.2.9"),
        (
            "Supported: timer\r\nSession-Expires: 1\r\n",
            "422 Session Interval Too Small",
            "sip:mallory@192.0.2.9",
        ),
    ] {
        let (world, mut bob, _, mut raw) = pair(Script::default());
        world.run(async {
            let (id, ok) = up(&mut bob, &mut raw, "").await;
            raw.send(&moved(&in_dialog("UPDATE", 2, to_tag(&ok), extra)));
            assert_eq!(raw.status().await.unwrap(), status);
            assert_eq!(target(&mut bob, &mut raw, id).await, at);
        });
    }
}

#[test]
fn an_update_with_an_offer_that_is_refused_changes_nothing() {
    for refusal in [300, 488] {
        let (world, mut bob, _, mut raw) = pair(Script::default());
        world.run(async {
            let (id, ok) = up(&mut bob, &mut raw, TWO_MINUTES).await;
            bob.sleep(Duration::from_secs(60)).await;
            let update = in_dialog("UPDATE", 2, to_tag(&ok), TWO_MINUTES);
            raw.send(&moved(&offering(&update)));
            assert_eq!(bob.next().await, Event::Reinvited { id, body: sdp("more") });
            bob.endpoint.reject(id, refusal).unwrap();
            assert!(raw.status().await.unwrap().starts_with(&refusal.to_string()));
            // 88 s after it began, and not after the refusal.
            assert_eq!(bob.next_within(26).await, None);
            let ended = Event::Ended { id, reason: EndReason::Lost };
            assert_eq!(bob.next_within(3).await, Some(ended));
            let bye = raw.receive().await.unwrap();
            assert!(bye.starts_with("BYE sip:mallory@192.0.2.9 "), "{bye}");
        });
    }
}

#[test]
fn a_reinvite_refreshes_the_session_where_it_is_taken() {
    for (refusal, lasts) in [(Some(300), 26), (Some(488), 26), (None, 86)] {
        let (world, mut bob, _, mut raw) = pair(Script::default());
        world.run(async {
            let (id, ok) = up(&mut bob, &mut raw, TWO_MINUTES).await;
            bob.sleep(Duration::from_secs(60)).await;
            let extra = format!("{TWO_MINUTES}Content-Type: application/sdp\r\n");
            let reinvite = in_dialog("INVITE", 2, to_tag(&ok), &extra)
                .replace("Content-Length: 0\r\n\r\n", "Content-Length: 4\r\n\r\nmore");
            raw.send(&reinvite);
            assert_eq!(bob.next().await, Event::Reinvited { id, body: sdp("more") });
            match refusal {
                Some(status) => bob.endpoint.reject(id, status).unwrap(),
                None => bob.endpoint.accept_reinvite(id, sdp("agreed")).unwrap(),
            }
            let answer = raw.receive().await.unwrap();
            let branch = if refusal.is_some() { "INVITE2" } else { "other" };
            raw.send(&ack(branch, 2, to_tag(&ok)));
            if refusal.is_none() {
                assert!(answer.starts_with("SIP/2.0 200 "), "{answer}");
                assert_eq!(bob.next().await, Event::Confirmed { id, answer: None });
            }
            assert_eq!(bob.next_within(lasts).await, None, "{refusal:?}");
            let ended = Event::Ended { id, reason: EndReason::Lost };
            assert_eq!(bob.next_within(3).await, Some(ended), "{refusal:?}");
        });
    }
}

/// RFC 4028 §9: a peer that speaks of no timer any more has none.
#[test]
fn a_session_whose_timer_is_taken_back_lasts_and_is_not_refreshed() {
    for refresher in ["", ";refresher=uas"] {
        let (world, mut bob, _, mut raw) = pair(Script::default());
        world.run(async {
            let asked =
                format!("{TIMER}Session-Expires: 120{refresher}\r\nAllow: INVITE, UPDATE\r\n");
            let (_, ok) = up(&mut bob, &mut raw, &asked).await;
            bob.sleep(Duration::from_secs(30)).await;
            raw.send(&in_dialog("UPDATE", 2, to_tag(&ok), ""));
            let answer = raw.receive().await.unwrap();
            assert!(answer.starts_with("SIP/2.0 200 "), "{answer}");
            assert!(!answer.contains("Session-Expires"), "{answer}");
            assert_eq!(bob.next_within(300).await, None);
            assert_eq!(raw.receive().await, None);
        });
    }
}

#[test]
fn an_update_before_the_answer_times_no_session() {
    let (world, mut bob, _, mut raw) = pair(Script::default());
    world.run(async {
        let (id, ringing) = rung(&mut bob, &mut raw, "").await;
        raw.send(&in_dialog("UPDATE", 2, to_tag(&ringing), TWO_MINUTES));
        assert_eq!(raw.status().await.unwrap(), "200 OK");
        bob.endpoint.accept(id, sdp("answer")).unwrap();
        assert_eq!(raw.status().await.unwrap(), "200 OK");
        raw.send(&in_dialog("ACK", 1, to_tag(&ringing), ""));
        assert_eq!(bob.next().await, Event::Confirmed { id, answer: None });
        assert_eq!(bob.next_within(300).await, None);
    });
}

#[test]
fn nothing_is_asked_for_before_the_first_answer_is_acknowledged() {
    let (world, mut bob, _, mut raw) = pair(Script::default());
    world.run(async {
        let (id, ok) = answered(&mut bob, &mut raw, "").await;
        assert_eq!(bob.endpoint.reinvite(id, sdp("more")), Err(Misuse::Pending));
        raw.send(&in_dialog("ACK", 1, to_tag(&ok), ""));
        assert_eq!(bob.next().await, Event::Confirmed { id, answer: None });
        bob.endpoint.reinvite(id, sdp("more")).unwrap();
        assert!(raw.receive().await.unwrap().starts_with("INVITE "));
    });
}

#[test]
fn a_reinvite_that_was_not_taken_back_and_is_487_has_failed_as_that() {
    let (world, mut alice, mut raw) = answers::pair();
    world.run(async {
        let (id, ..) = answers::answered(&mut alice, &mut raw, CONTACT).await;
        alice.endpoint.reinvite(id, sdp("more")).unwrap();
        let reinvite = raw.receive().await.unwrap();
        raw.send(&response(&reinvite, "487 Request Terminated", "", ""));
        let cause = Cause::Status(487);
        assert_eq!(alice.next().await, Event::ReinviteFailed { id, cause });
    });
}

/// RFC 3261 §14.1: who made no Call-ID waits for two seconds at most.
#[test]
fn who_was_called_waits_two_seconds_at_most_after_a_491() {
    for _ in 0..4 {
        let (world, mut bob, _, mut raw) = pair(Script::default());
        world.run(async {
            let (id, _) = up(&mut bob, &mut raw, "").await;
            bob.endpoint.reinvite(id, sdp("more")).unwrap();
            let reinvite = raw.receive().await.unwrap();
            raw.send(&response(&reinvite, "491 Request Pending", "", ""));
            assert!(raw.receive().await.unwrap().starts_with("ACK "));
            let from = bob.runtime.now();
            let again = loop {
                if let Some(message) = raw.receive().await {
                    break message;
                }
            };
            assert!(again.starts_with("INVITE "), "{again}");
            let waited = bob.runtime.now() - from;
            assert!(waited <= Duration::from_millis(2_020), "{waited:?}");
        });
    }
}
