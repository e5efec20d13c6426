//! What a peer that knows a call's names tries against it.

use crate::answers::{self, CALLEE, CONTACT, response};
use crate::double::{CHALLENGE, CREDENTIALS, Double, FORBIDDEN, Script, When};
use crate::raw::{Raw, Wanted, ack, field, request, to_tag};
use crate::world::{ALICE, Side, World, sdp};
use sip_core::manager::{self, CallId, Cause, EndReason, Event};
use ssa::{Authentication, Refusal};
use std::sync::Arc;
use std::time::Duration;

/// Bob with this double, and a stranger.
pub(crate) fn pair(script: Script) -> (World, Side, Arc<Double>, Raw) {
    let world = World::perfect();
    let double = Double::new(world.runtime(2), script);
    let bob = world.side(2, Arc::clone(&double) as _);
    let raw = Raw::new(&world, 9);
    (world, bob, double, raw)
}

/// A call of the stranger's that Bob has answered, and his 200.
pub(crate) async fn answered(bob: &mut Side, raw: &mut Raw, extra: &str) -> (CallId, String) {
    raw.send(&request(&Wanted { extra, ..Wanted::default() }));
    let id = bob.incoming().await;
    bob.endpoint.accept(id, sdp("answer")).unwrap();
    (id, raw.receive().await.unwrap())
}

/// A call of the stranger's that Bob rings for, and his 180.
pub(crate) async fn rung(bob: &mut Side, raw: &mut Raw, extra: &str) -> (CallId, String) {
    raw.send(&request(&Wanted { extra, ..Wanted::default() }));
    let id = bob.incoming().await;
    bob.endpoint.ring(id).unwrap();
    let ringing = raw.receive().await.unwrap();
    assert!(ringing.starts_with("SIP/2.0 180 "), "{ringing}");
    (id, ringing)
}

/// A call of the stranger's that is up, and Bob's tag.
pub(crate) async fn up(bob: &mut Side, raw: &mut Raw) -> (CallId, String) {
    let (id, ok) = answered(bob, raw, CREDENTIALS).await;
    let tag = to_tag(&ok).to_owned();
    raw.send(&ack("ack", 1, &tag));
    assert_eq!(bob.next().await, Event::Confirmed { id, answer: None });
    (id, tag)
}

#[test]
fn a_second_invite_under_the_names_of_a_live_call_is_482_and_leaves_it_alone() {
    for challenges in [false, true] {
        let script = Script { challenges, ..Script::default() };
        let (world, mut bob, double, mut raw) = pair(script);
        world
            .sim
            .block_on(async {
                let (id, tag) = up(&mut bob, &mut raw).await;
                let asked = double.asked().len();
                let second = Wanted { branch: "two", cseq: 2, ..Wanted::default() };
                raw.send(&request(&Wanted { extra: CREDENTIALS, ..second }));
                assert_eq!(raw.status().await.unwrap(), "482 Loop Detected");
                assert_eq!(double.asked().len(), asked);
                let bye = Wanted { method: "BYE", branch: "b", cseq: 2, to_tag: &tag, extra: "" };
                raw.send(&request(&bye));
                assert_eq!(raw.status().await.unwrap(), "200 OK");
                assert_eq!(bob.next().await, Event::Ended { id, reason: EndReason::Remote });
            })
            .unwrap();
        assert_eq!(double.count("abandon"), 1);
    }
}

#[test]
fn a_second_invite_while_the_first_is_verified_is_482() {
    let verify = When::After(Duration::from_millis(100));
    let (world, mut bob, double, mut raw) =
        pair(Script { challenges: true, verify, ..Script::default() });
    world.run(async {
        raw.send(&request(&Wanted { extra: CREDENTIALS, ..Wanted::default() }));
        let second = Wanted { branch: "two", cseq: 2, extra: CREDENTIALS, ..Wanted::default() };
        raw.send(&request(&second));
        assert_eq!(raw.status().await.unwrap(), "482 Loop Detected");
        bob.incoming().await;
    });
    assert_eq!((double.count("authenticate INVITE"), double.count("abandon")), (1, 0));
}

#[test]
fn an_invite_under_the_names_of_our_own_request_is_482() {
    let (world, mut bob, double, mut raw) = pair(Script::default());
    world.run(async {
        let options = bob.endpoint.options("sip:bob@192.0.2.2", CALLEE, None).unwrap();
        let asked = raw.receive().await.unwrap();
        let names = |text: &str| {
            text.replace("Call-ID: raw", &format!("Call-ID: {}", field(&asked, "Call-ID")))
                .replace("<sip:mallory@192.0.2.9>;tag=m", field(&asked, "From"))
        };
        raw.send(&names(&request(&Wanted::default())));
        assert_eq!(raw.status().await.unwrap(), "482 Loop Detected");
        raw.send(&response(&asked, "200 OK", "t", ""));
        let answered = Event::RequestAnswered { id: options, outcome: Ok(200) };
        assert_eq!(bob.next().await, answered);
    });
    assert_eq!(double.count("request_received INVITE"), 0);
}

#[test]
fn d04_a_refused_bye_leaves_the_sequence_as_it_was() {
    let verdict = Authentication::Refused(FORBIDDEN);
    let script = Script { challenges_bye: true, verdict, ..Script::default() };
    let (world, mut bob, _, mut raw) = pair(script);
    world.run(async {
        let (_, tag) = up(&mut bob, &mut raw).await;
        let bye = Wanted { method: "BYE", to_tag: &tag, extra: CREDENTIALS, ..Wanted::default() };
        raw.send(&request(&Wanted { branch: "b", cseq: 0x7fff_ffff, ..bye }));
        assert_eq!(raw.status().await.unwrap(), "403 Forbidden");
        raw.send(&request(&Wanted { branch: "c", cseq: 2, ..bye }));
        assert_eq!(raw.status().await.unwrap(), "403 Forbidden");
    });
}

/// Where our BYE goes.
async fn target(bob: &mut Side, raw: &mut Raw, id: CallId) -> String {
    bob.endpoint.hang_up(id).unwrap();
    assert_eq!(bob.next().await, Event::Ended { id, reason: EndReason::Local });
    let bye = raw.receive().await.unwrap();
    bye.split(' ').nth(1).unwrap().to_owned()
}

/// A re-INVITE that moves the target and asks for something else.
fn moving(tag: &str, branch: &str, cseq: u32) -> String {
    let extra = format!("{CREDENTIALS}Content-Type: application/sdp\r\n");
    let wanted = Wanted { branch, cseq, to_tag: tag, extra: &extra, ..Wanted::default() };
    request(&wanted)
        .replace("Contact: <sip:mallory@192.0.2.9>", "Contact: <sip:elsewhere@192.0.2.9>")
        .replace("Content-Length: 0\r\n\r\n", "Content-Length: 4\r\n\r\nmore")
}

#[test]
fn d04_a_reinvite_that_fails_authentication_leaves_all_as_it_was() {
    let challenge = ssa::Field { name: "WWW-Authenticate", value: b"Test nonce=\"2\"".to_vec() };
    let verdicts = [
        (Authentication::Refused(FORBIDDEN), "403 Forbidden"),
        (Authentication::SendWwwAuthenticate(vec![challenge]), "401 Unauthorized"),
        (
            Authentication::Refused(Refusal::try_later(Duration::from_secs(1))),
            "500 Server Internal Error",
        ),
    ];
    for (verdict, status) in verdicts {
        let script = Script { challenges: true, inside: Some(verdict), ..Script::default() };
        let (world, mut bob, double, mut raw) = pair(script);
        world.run(async {
            let (id, tag) = up(&mut bob, &mut raw).await;
            let asked = double.count("decrypt Request");
            // Its number does not count: one with a lower number is heard after it.
            for (branch, cseq) in [("r1", 0x7fff_ffff), ("r2", 2)] {
                raw.send(&moving(&tag, branch, cseq));
                assert_eq!(raw.status().await.unwrap(), status);
                let ack = moving(&tag, branch, cseq).replace("INVITE", "ACK");
                raw.send(&ack);
            }
            assert_eq!(bob.next_within(1).await, None, "nobody is told");
            assert_eq!(double.count("decrypt Request"), asked, "its offer is not read");
            assert_eq!(target(&mut bob, &mut raw, id).await, "sip:mallory@192.0.2.9");
        });
    }
}

#[test]
fn d04_a_reinvite_that_is_refused_leaves_all_as_it_was_and_one_that_is_taken_moves_it() {
    let answers =
        [(488, "488 Not Acceptable Here"), (300, "300 Multiple Choices"), (200, "200 OK")];
    for (answer, status) in answers {
        let accept = answer == 200;
        let (world, mut bob, _, mut raw) = pair(Script { challenges: true, ..Script::default() });
        world.run(async {
            let (id, tag) = up(&mut bob, &mut raw).await;
            raw.send(&moving(&tag, "r", 2));
            assert_eq!(bob.next().await, Event::Reinvited { id, body: sdp("more") });
            if accept {
                bob.endpoint.accept_reinvite(id, sdp("answer")).unwrap();
            } else {
                bob.endpoint.reject(id, answer).unwrap();
            }
            assert_eq!(raw.status().await.unwrap(), status);
            raw.send(&moving(&tag, "r", 2).replace("INVITE", "ACK"));
            if accept {
                assert_eq!(bob.next().await, Event::Confirmed { id, answer: None });
            }
            let at = if accept { "sip:elsewhere@192.0.2.9" } else { "sip:mallory@192.0.2.9" };
            assert_eq!(target(&mut bob, &mut raw, id).await, at);
        });
    }
}

#[test]
fn d02_an_authenticated_request_moves_the_sequence_on() {
    let script = Script { challenges: true, ..Script::default() };
    let (world, mut bob, _, mut raw) = pair(script);
    world.run(async {
        let (id, tag) = up(&mut bob, &mut raw).await;
        let inside = Wanted { to_tag: &tag, extra: CREDENTIALS, ..Wanted::default() };
        raw.send(&request(&Wanted { branch: "r7", cseq: 7, ..inside }));
        assert!(matches!(bob.next().await, Event::Reinvited { .. }));
        bob.endpoint.reject(id, 488).unwrap();
        assert_eq!(raw.status().await.unwrap(), "488 Not Acceptable Here");
        raw.send(&request(&Wanted { method: "ACK", branch: "r7", cseq: 7, ..inside }));
        raw.send(&request(&Wanted { branch: "r6", cseq: 6, ..inside }));
        assert_eq!(raw.status().await.unwrap(), "500 Server Internal Error");
    });
}

#[test]
fn d02_options_in_a_dialog_move_the_sequence_on_where_they_are_the_peers() {
    let (world, mut bob, _, mut raw) = pair(Script::default());
    let mut elsewhere = Raw::new(&world, 8);
    world.run(async {
        let (_, tag) = up(&mut bob, &mut raw).await;
        let options = Wanted { method: "OPTIONS", to_tag: &tag, ..Wanted::default() };
        elsewhere.send(&request(&Wanted { branch: "o7", cseq: 0x7fff_ffff, ..options }));
        assert_eq!(elsewhere.status().await.unwrap(), "200 OK");
        raw.send(&request(&Wanted { branch: "o3", cseq: 3, ..options }));
        assert_eq!(raw.status().await.unwrap(), "200 OK", "its own count is as it was");
        raw.send(&request(&Wanted { branch: "o2", cseq: 2, ..options }));
        assert_eq!(raw.status().await.unwrap(), "500 Server Internal Error");
    });
}

#[test]
fn a_flood_of_reinvites_is_503_and_a_bye_gets_through() {
    let world = World::perfect();
    let verify = When::After(Duration::from_secs(1));
    let script = Script { challenges: true, verify, ..Script::default() };
    let sip = manager::Config { transactions: 4, ..manager::Config::default() };
    let mut bob = world.side_with(2, Double::new(world.runtime(2), script), sip);
    let mut raw = Raw::new(&world, 9);
    world.run(async {
        raw.send(&request(&Wanted { extra: CREDENTIALS, ..Wanted::default() }));
        let id = bob.incoming().await;
        bob.endpoint.accept(id, sdp("answer")).unwrap();
        assert_eq!(raw.status().await.unwrap(), "100 Trying");
        let ok = raw.receive().await.unwrap();
        let inside = Wanted { to_tag: to_tag(&ok), extra: CREDENTIALS, ..Wanted::default() };
        raw.send(&request(&Wanted { method: "ACK", branch: "ack", ..inside }));
        for cseq in 2..=6 {
            let branch = format!("r{cseq}");
            raw.send(&request(&Wanted { branch: &branch, cseq, ..inside }));
        }
        assert_eq!(raw.status().await.unwrap(), "503 Service Unavailable");
        raw.send(&request(&Wanted { method: "BYE", branch: "b", cseq: 7, ..inside }));
        assert_eq!(raw.status().await.unwrap(), "200 OK");
    });
}

#[test]
fn a17_a_challenge_from_where_the_request_did_not_go_is_not_answered() {
    let (world, mut bob, double, mut raw) = pair(Script::default());
    let elsewhere = Raw::new(&world, 8);
    world.run(async {
        let id = bob.call("sip:bob@192.0.2.2", CALLEE, sdp("offer"));
        let invite = raw.receive().await.unwrap();
        elsewhere.send(&response(&invite, "401 Unauthorized", "t", CHALLENGE));
        let failed = Event::Failed { id, cause: Cause::Status(401) };
        assert_eq!(bob.next().await, failed);
        assert!(raw.receive().await.unwrap().starts_with("ACK "));
        assert_eq!(raw.receive().await, None);
    });
    assert_eq!(double.count("got_401_unauthorized INVITE 1"), 0);
}

#[test]
fn the_remote_uri_is_the_one_that_was_called() {
    let (world, mut alice, mut raw) = answers::pair();
    world.run(async {
        let call = alice.call(ALICE, CALLEE, sdp("offer"));
        let invite = raw.receive().await.unwrap();
        let ok = response(&invite, "200 OK", "t", CONTACT);
        raw.send(&ok.replace("<sip:bob@192.0.2.9>", "\"Bank\" <sip:bank@example.com>"));
        assert!(matches!(alice.next().await, Event::Answered { .. }));
        alice.endpoint.hang_up(call).unwrap();
        for method in ["ACK ", "BYE "] {
            let request = raw.receive().await.unwrap();
            assert!(request.starts_with(method), "{request}");
            assert_eq!(field(&request, "To"), "<sip:bob@192.0.2.9>;tag=t");
        }
    });
}

#[test]
fn s08_hang_up_before_the_401_sends_no_authorized_invite() {
    let (world, mut bob, double, mut raw) = pair(Script::default());
    world.run(async {
        let id = bob.call("sip:bob@192.0.2.2", CALLEE, sdp("offer"));
        let invite = raw.receive().await.unwrap();
        bob.endpoint.hang_up(id).unwrap();
        assert_eq!(bob.next().await, Event::Ended { id, reason: EndReason::Local });
        raw.send(&response(&invite, "401 Unauthorized", "t", CHALLENGE));
        assert!(raw.receive().await.unwrap().starts_with("ACK "));
        assert_eq!(raw.receive().await, None);
        bob.sleep(Duration::from_secs(70)).await;
    });
    assert_eq!(double.count("got_401_unauthorized INVITE 1"), 0);
    bob.assert_empty();
}
