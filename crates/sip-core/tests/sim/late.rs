//! What crosses, comes twice or comes too late in a call; and what an answer that refuses says.

use crate::abuse::{answered, pair, rung, up};
use crate::answers::{self, CALLEE, CONTACT, response};
use crate::double::Script;
use crate::raw::{Raw, Wanted, ack, field, request, to_tag};
use crate::world::{ALICE, World, both, sdp};
use sip_core::manager::{self, Cause, EndReason, Event, Misuse};
use ssa::Open;
use std::sync::Arc;
use std::time::Duration;

#[test]
fn an_invite_says_what_its_sender_takes() {
    let (world, alice, mut raw) = answers::pair();
    world.run(async {
        alice.call(ALICE, CALLEE, sdp("offer"));
        let invite = raw.receive().await.unwrap();
        let allow = field(&invite, "Allow");
        for method in ["INVITE", "ACK", "CANCEL", "BYE", "OPTIONS"] {
            assert!(allow.split(", ").any(|it| it == method), "{method}: {allow}");
        }
    });
}

#[test]
fn one_cancel_is_sent_however_often_the_callee_rings() {
    let (world, mut alice, mut raw) = answers::pair();
    world.run(async {
        let id = alice.call(ALICE, CALLEE, sdp("offer"));
        let invite = raw.receive().await.unwrap();
        alice.endpoint.hang_up(id).unwrap();
        assert_eq!(alice.next().await, Event::Ended { id, reason: EndReason::Local });
        raw.send(&response(&invite, "180 Ringing", "t", CONTACT));
        let cancel = raw.receive().await.unwrap();
        assert!(cancel.starts_with("CANCEL "), "{cancel}");
        raw.send(&response(&cancel, "200 OK", "t", ""));
        raw.send(&response(&invite, "180 Ringing", "t", CONTACT));
        raw.send(&response(&invite, "183 Session Progress", "t", CONTACT));
        assert_eq!(raw.receive().await, None);
        raw.send(&response(&invite, "487 Request Terminated", "t", ""));
        assert!(raw.receive().await.unwrap().starts_with("ACK "));
    });
}

#[test]
fn a_2xx_to_a_reinvite_of_a_call_that_has_ended_is_acknowledged() {
    let (world, mut bob, _, mut raw) = pair(Script::default());
    world.run(async {
        let (id, tag) = up(&mut bob, &mut raw).await;
        bob.endpoint.reinvite(id, sdp("more")).unwrap();
        let invite = raw.receive().await.unwrap();
        let bye = Wanted { method: "BYE", branch: "b", cseq: 2, to_tag: &tag, extra: "" };
        raw.send(&request(&bye));
        assert_eq!(bob.next().await, Event::Ended { id, reason: EndReason::Remote });
        assert_eq!(raw.status().await.unwrap(), "200 OK");
        raw.send(&response(&invite, "200 OK", "", CONTACT));
        let ack = raw.receive().await.unwrap();
        assert!(ack.starts_with("ACK "), "{ack}");
        // Its dialog is ended: no BYE.
        assert_eq!(raw.receive().await, None);
        bob.sleep(Duration::from_secs(70)).await;
    });
    bob.assert_empty();
}

#[test]
fn a_bye_while_the_call_rings_ends_it_with_487() {
    let (world, mut bob, _, mut raw) = pair(Script::default());
    world.run(async {
        let (id, ringing) = rung(&mut bob, &mut raw, "").await;
        let tag = to_tag(&ringing);
        let bye = Wanted { method: "BYE", branch: "b", cseq: 2, to_tag: tag, extra: "" };
        raw.send(&request(&bye));
        assert_eq!(bob.next().await, Event::Ended { id, reason: EndReason::Remote });
        let mut answers = [raw.receive().await.unwrap(), raw.receive().await.unwrap()];
        answers.sort_unstable();
        let [of_bye, of_invite] = &answers;
        assert!(of_bye.starts_with("SIP/2.0 200 ") && of_bye.contains(" BYE\r\n"), "{of_bye}");
        assert!(of_invite.starts_with("SIP/2.0 487 "), "{of_invite}");
        raw.send(&ack("one", 1, tag));
        bob.sleep(Duration::from_secs(40)).await;
    });
    bob.assert_empty();
}

#[test]
fn an_answered_invite_expires_no_more() {
    let (world, mut bob, _, mut raw) = pair(Script::default());
    world.run(async {
        let (id, ok) = answered(&mut bob, &mut raw, "Expires: 300\r\n").await;
        raw.send(&ack("two", 1, to_tag(&ok)));
        assert_eq!(bob.next().await, Event::Confirmed { id, answer: None });
        assert_eq!(bob.next_within(40).await, None);
    });
    assert_eq!(bob.endpoint.sizes().manager.timers, 0);
}

#[test]
fn what_a_failure_says_is_told_in_words() {
    let cases = [
        ("404 Not Found", "", "the peer answered 404 Not Found"),
        (
            "486 Busy Here",
            "Retry-After: 60\r\n",
            "the peer answered 486 Busy Here, and may be asked again in 60 s",
        ),
        // RFC 3261 §20.33 gives it no meaning there.
        (
            "488 Not Acceptable Here",
            "Retry-After: 60\r\n",
            "the peer answered 488 Not Acceptable Here",
        ),
        (
            "403 Stale Date",
            "",
            "the peer answered 403 Stale Date: its clock and ours differ, set the wrong one",
        ),
        ("480 Stale Date", "", "the peer answered 480 Temporarily Unavailable"),
    ];
    for (status, extra, words) in cases {
        let (world, mut alice, mut raw) = answers::pair();
        world.run(async {
            alice.call(ALICE, CALLEE, sdp("offer"));
            let invite = raw.receive().await.unwrap();
            raw.send(&response(&invite, status, "t", extra));
            match alice.next().await {
                Event::Failed { cause, .. } => assert_eq!(cause.to_string(), words),
                other => panic!("{status}: {other:?}"),
            }
        });
    }
}

/// A manager's set-up whose ring time is 10 s.
pub(crate) fn impatient() -> manager::Config {
    manager::Config { ring: Duration::from_secs(10), ..manager::Config::default() }
}

#[test]
fn a_callee_that_rings_for_too_long_is_cancelled() {
    let world = World::perfect();
    let mut alice = world.side_with(1, Arc::new(Open), impatient());
    let mut raw = Raw::to_alice(&world, 9);
    world.run(async {
        let id = alice.call(ALICE, CALLEE, sdp("offer"));
        let invite = raw.receive().await.unwrap();
        raw.send(&response(&invite, "180 Ringing", "t", CONTACT));
        assert_eq!(alice.next().await, Event::Ringing { id, status: 180, answer: None });
        assert_eq!(alice.next().await, Event::Failed { id, cause: Cause::Timeout });
        assert!(raw.receive().await.unwrap().starts_with("CANCEL "));
    });
}

#[test]
fn a_call_that_nobody_answers_here_is_told_and_refused_with_480() {
    let world = World::perfect();
    let mut bob = world.side_with(2, Arc::new(Open), impatient());
    let mut raw = Raw::new(&world, 9);
    world.run(async {
        raw.send(&request(&Wanted::default()));
        let id = bob.incoming().await;
        assert_eq!(raw.status().await.unwrap(), "100 Trying");
        assert_eq!(bob.next().await, Event::Ended { id, reason: EndReason::NoAnswer });
        assert_eq!(raw.status().await.unwrap(), "480 Temporarily Unavailable");
    });
}

#[test]
fn a_callee_that_hangs_up_before_the_ack_sends_bye_after_it() {
    let (world, mut bob, _, mut raw) = pair(Script::default());
    world.run(async {
        let (id, ok) = answered(&mut bob, &mut raw, "").await;
        bob.endpoint.hang_up(id).unwrap();
        assert_eq!(bob.next().await, Event::Ended { id, reason: EndReason::Local });
        // RFC 3261 §15: not before.
        bob.sleep(Duration::from_millis(400)).await;
        raw.send(&ack("two", 1, to_tag(&ok)));
        let bye = raw.receive().await.unwrap();
        assert!(bye.starts_with("BYE "), "{bye}");
        raw.send(&response(&bye, "200 OK", "", ""));
        bob.sleep(Duration::from_secs(40)).await;
    });
    bob.assert_empty();
}

#[test]
fn shutdown_waits_for_the_ack_that_a_bye_waits_for() {
    let (world, mut bob, _, mut raw) = pair(Script::default());
    world.run(async {
        let (_, ok) = answered(&mut bob, &mut raw, "").await;
        let acknowledged = async {
            raw.sleep(Duration::from_millis(300)).await;
            raw.send(&ack("two", 1, to_tag(&ok)));
            let bye = raw.receive().await.unwrap();
            assert!(bye.starts_with("BYE "), "{bye}");
            raw.send(&response(&bye, "200 OK", "", ""));
        };
        both(acknowledged, bob.endpoint.shutdown(Duration::from_secs(5))).await;
    });
}

#[test]
fn a_reinvite_that_is_taken_back_leaves_the_session_as_it_was() {
    let (world, mut bob, _, mut raw) = pair(Script::default());
    world.run(async {
        let (id, tag) = up(&mut bob, &mut raw).await;
        let inside = Wanted { branch: "r", cseq: 2, to_tag: &tag, ..Wanted::default() };
        raw.send(&request(&inside));
        assert!(matches!(bob.next().await, Event::Reinvited { .. }));
        assert_eq!(raw.status().await.unwrap(), "100 Trying");
        raw.send(&request(&Wanted { method: "CANCEL", ..inside }));
        let cause = Cause::Status(487);
        assert_eq!(bob.next().await, Event::ReinviteFailed { id, cause });
        assert_eq!(bob.endpoint.accept_reinvite(id, sdp("yes")), Err(Misuse::WrongState));
        let mut answers = [raw.status().await.unwrap(), raw.status().await.unwrap()];
        answers.sort_unstable();
        assert_eq!(answers, ["200 OK", "487 Request Terminated"]);
        raw.send(&ack("r", 2, &tag));
        // The next one counts as ever; then no timer is left but what the transactions need.
        raw.send(&request(&Wanted { branch: "s", cseq: 3, ..inside }));
        assert!(matches!(bob.next().await, Event::Reinvited { .. }));
        bob.endpoint.accept_reinvite(id, sdp("yes")).unwrap();
        raw.send(&ack("sa", 3, &tag));
        assert_eq!(bob.next().await, Event::Confirmed { id, answer: None });
        bob.sleep(Duration::from_secs(40)).await;
    });
    assert_eq!(bob.endpoint.sizes().manager.timers, 0);
    assert_eq!(bob.endpoint.sizes().manager.dialogs, 1);
}

#[test]
fn a_fork_that_ends_its_dialog_meanwhile_is_answered() {
    let (world, mut alice, mut raw) = answers::pair();
    world.run(async {
        alice.call(ALICE, CALLEE, sdp("offer"));
        let invite = raw.receive().await.unwrap();
        raw.send(&response(&invite, "200 OK", "t", CONTACT));
        assert!(matches!(alice.next().await, Event::Answered { .. }));
        raw.send(&response(&invite, "200 OK", "fork", CONTACT));
        let sent = [
            raw.receive().await.unwrap(),
            raw.receive().await.unwrap(),
            raw.receive().await.unwrap(),
        ];
        let bye = sent.iter().find(|it| it.starts_with("BYE ")).unwrap();
        let cases = [
            ("INFO", 10, "481"),
            ("UPDATE", 11, "481"),
            ("BYE", 12, "200"),
            ("OPTIONS", 13, "481"),
        ];
        // The same dialog from the fork's side, and requests of it that are no BYE; once both are
        // answered, it is gone.
        for (method, cseq, status) in cases {
            let (from, to) = (field(bye, "To"), field(bye, "From"));
            raw.send(&format!(
                "{method} sip:alice@192.0.2.1 SIP/2.0\r\n\
                 Via: SIP/2.0/UDP 192.0.2.9;rport;branch=z9hG4bK{method}\r\nMax-Forwards: 70\r\n\
                 From: {from}\r\nTo: {to}\r\nCall-ID: {}\r\nCSeq: {} {method}\r\n\
                 Content-Length: 0\r\n\r\n",
                field(bye, "Call-ID"),
                cseq,
            ));
            let answer = raw.receive().await.unwrap();
            assert!(answer.starts_with(&format!("SIP/2.0 {status} ")), "{answer}");
            if method == "BYE" {
                raw.send(&response(bye, "200 OK", "", ""));
            }
        }
    });
}
