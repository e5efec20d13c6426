//! Messages that are not quite in order, and an application that does not read its events.

use crate::answers::CALLEE;
use crate::raw::{Raw, Wanted, field, request, response, to_tag};
use crate::world::{BOB, Side, World, sdp};
use sip_core::manager::{self, Cause, EndReason, Event};
use ssa::Open;
use std::sync::Arc;
use std::time::Duration;

/// Bob, and a peer that writes by hand.
fn pair(sip: manager::Config) -> (World, Side, Raw) {
    let world = World::perfect();
    let bob = world.side_with(2, Arc::new(Open), sip);
    let raw = Raw::new(&world, 9);
    (world, bob, raw)
}

#[test]
fn p01_p06_p11_p14_what_names_no_transaction_is_owed_400_all_the_same() {
    let (world, bob, mut raw) = pair(manager::Config::default());
    let invite = request(&Wanted::default());
    let cases = [
        invite.replace("CSeq: 1 ", "CSeq: 2147483648 "),
        invite.replace("To: <", "To\u{1}: <"),
        invite.replace("From: <", "From: \"Mallory <"),
        invite.replace("To: <", "To: \"Bob\\\" <"),
        invite.replace("Call-ID: raw\r\n", ""),
        invite.replace("Content-Length: 5", "Content-Length: 9"),
    ];
    world.run(async {
        for text in cases {
            raw.send(&text);
            let answer = raw.receive().await.unwrap_or_default();
            assert!(answer.starts_with("SIP/2.0 400 "), "{answer} for\n{text}");
            raw.send(&text.replace("INVITE", "ACK"));
            // Without a Via nobody could know the answer.
            raw.send(&text.replace("Via: ", "No-Via: "));
            assert_eq!(raw.receive().await, None);
        }
    });
    bob.assert_empty();
}

#[test]
fn a_response_is_not_discarded_for_what_the_call_does_not_need() {
    let (world, mut bob, mut raw) = pair(manager::Config::default());
    let cases = [
        ("486", "Server: one\r\nServer: two\r\n"),
        ("401", "WWW-Authenticate: Digest\r\n"),
        ("480", "Expires: soon\r\nSubject: x\r\nSubject: y\r\n"),
    ];
    world.run(async {
        for (status, extra) in cases {
            let id = bob.call(BOB, CALLEE, sdp("offer"));
            let invite = raw.receive().await.unwrap();
            raw.send(&response(&invite, &format!("{status} No"), extra));
            let event = bob.next().await;
            let Event::Failed { id: failed, cause } = event else { panic!("{event:?}") };
            assert_eq!(failed, id);
            assert_ne!(cause, Cause::Timeout, "{status} {extra}");
            assert!(raw.receive().await.unwrap().starts_with("ACK "));
        }
    });
}

#[test]
fn a_response_with_two_vias_is_discarded() {
    let (world, mut bob, mut raw) = pair(manager::Config::default());
    world.run(async {
        bob.call(BOB, CALLEE, sdp("offer"));
        let invite = raw.receive().await.unwrap();
        let more = "Via: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKx\r\n";
        raw.send(&response(&invite, "486 Busy Here", more));
        assert_eq!(bob.next_within(1).await, None);
    });
}

#[test]
fn a_bye_ends_its_call_whatever_its_body_is() {
    let (world, mut bob, mut raw) = pair(manager::Config::default());
    world.run(async {
        raw.send(&request(&Wanted::default()));
        let id = bob.incoming().await;
        bob.endpoint.accept(id, sdp("answer")).unwrap();
        let ok = raw.receive().await.unwrap();
        let tag = to_tag(&ok);
        let ack = Wanted { method: "ACK", branch: "a", to_tag: tag, ..Wanted::default() };
        raw.send(&request(&ack));
        assert_eq!(bob.next().await, Event::Confirmed { id, answer: None });
        let extra = "Content-Type: text/odd\r\nContent-Encoding: gzip\r\n";
        let bye = Wanted { method: "BYE", branch: "b", cseq: 2, to_tag: tag, extra };
        let bye = request(&bye).replace("Content-Length: 0\r\n\r\n", "Content-Length: 2\r\n\r\nhi");
        raw.send(&bye);
        assert_eq!(raw.status().await.unwrap(), "200 OK");
        assert_eq!(bob.next().await, Event::Ended { id, reason: EndReason::Remote });
    });
}

#[test]
fn trying_carries_the_timestamp_and_options_all_that_is_known() {
    let (world, mut bob, mut raw) = pair(manager::Config::default());
    world.run(async {
        raw.send(&request(&Wanted { extra: "Timestamp: 54.5\r\n", ..Wanted::default() }));
        bob.incoming().await;
        let trying = raw.receive().await.unwrap();
        assert!(trying.starts_with("SIP/2.0 100 "), "{trying}");
        assert_eq!(field(&trying, "Timestamp"), "54.5");
        // Long enough for all that its answer says to fit: twice its size.
        let extra = format!("Subject: {:x<100}\r\n", "");
        let wanted = Wanted { method: "OPTIONS", branch: "o", extra: &extra, ..Wanted::default() };
        raw.send(&request(&wanted));
        let known = raw.receive().await.unwrap();
        assert_eq!(
            field(&known, "Accept:"),
            "application/sdp, multipart/encrypted, text/plain, application/dtmf-relay, \
             application/dtmf, message/sipfrag, multipart/mixed, multipart/alternative"
        );
        assert_eq!(field(&known, "Accept-Encoding"), "identity");
        assert_eq!(field(&known, "Accept-Language"), "en");
        assert_eq!(field(&known, "Supported"), "100rel, norefersub, replaces, timer");
    });
}

#[test]
fn a_provisional_response_that_says_nothing_new_is_not_told_again() {
    let (world, mut bob, mut raw) = pair(manager::Config::default());
    world.run(async {
        let id = bob.call(BOB, CALLEE, sdp("offer"));
        let invite = raw.receive().await.unwrap();
        for status in ["180 Ringing", "180 Ringing", "183 Progress", "183 Progress"] {
            raw.send(&response(&invite, status, ""));
        }
        for status in [180, 183] {
            assert_eq!(bob.next().await, Event::Ringing { id, status, answer: None });
        }
        assert_eq!(bob.next_within(1).await, None);
    });
}

/// An INVITE for a call of its own.
fn invite(name: &str) -> String {
    let invite = request(&Wanted { branch: name, ..Wanted::default() });
    invite.replace("Call-ID: raw", &format!("Call-ID: {name}"))
}

#[test]
fn t12_what_is_finished_counts_less() {
    let sip = manager::Config { transactions: 4, ..manager::Config::default() };
    let (world, mut bob, mut raw) = pair(sip);
    world.run(async {
        for number in 0..16 {
            raw.send(&invite(&number.to_string()));
            let id = bob.incoming().await;
            bob.endpoint.reject(id, 486).unwrap();
            assert_eq!(bob.next().await, Event::Ended { id, reason: EndReason::Local });
            assert_eq!(raw.status().await.unwrap(), "486 Busy Here");
            raw.send(&invite(&number.to_string()).replace("INVITE", "ACK"));
        }
        raw.send(&invite("more"));
        assert_eq!(raw.status().await.unwrap(), "503 Service Unavailable");
        raw.sleep(Duration::from_secs(10)).await;
        for name in ["a", "b"] {
            raw.send(&invite(name));
            bob.incoming().await;
            assert_eq!(raw.status().await.unwrap(), "100 Trying");
        }
        raw.send(&invite("c"));
        assert_eq!(raw.status().await.unwrap(), "503 Service Unavailable");
    });
}

/// A sixteenth of the transactions is what one party may leave without an ACK.
#[test]
fn t12_refusals_that_one_party_does_not_acknowledge_are_bounded() {
    let sip = manager::Config { transactions: 32, ..manager::Config::default() };
    let (world, mut bob, mut raw) = pair(sip);
    let mut other = Raw::new(&world, 8);
    world.run(async {
        for name in ["a", "b"] {
            raw.send(&invite(name));
            let id = bob.incoming().await;
            bob.endpoint.reject(id, 486).unwrap();
            assert_eq!(bob.next().await, Event::Ended { id, reason: EndReason::Local });
            assert_eq!(raw.status().await.unwrap(), "486 Busy Here");
        }
        raw.send(&invite("c"));
        assert_eq!(raw.status().await.unwrap(), "503 Service Unavailable");
        other.send(&invite("d"));
        bob.incoming().await;
        assert_eq!(other.status().await.unwrap(), "100 Trying");
        // One ACK makes room for one request.
        while raw.status().await.is_some_and(|status| status != "486 Busy Here") {}
        raw.send(&invite("a").replace("INVITE", "ACK"));
        raw.send(&invite("e"));
        bob.incoming().await;
    });
}

#[test]
fn an_application_that_reads_no_events_is_told_of_no_more_calls() {
    let (world, mut bob, mut raw) = pair(manager::Config::default());
    world.run(async {
        let mut refused = 0;
        for number in 0..600 {
            let name = number.to_string();
            raw.send(&invite(&name));
            raw.sleep(Duration::from_millis(20)).await;
            raw.send(&invite(&name).replace("INVITE", "CANCEL"));
            raw.sleep(Duration::from_secs(1)).await;
            while let Some(status) = raw.status().await {
                refused += usize::from(status.starts_with("503"));
            }
        }
        assert!(refused >= 80, "{refused}");
        let mut told = 0;
        while bob.next_within(0).await.is_some() {
            told += 1;
        }
        assert_eq!(told, 1024);
        raw.send(&invite("again"));
        bob.incoming().await;
    });
}
