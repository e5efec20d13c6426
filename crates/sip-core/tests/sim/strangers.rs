//! What a stranger gets: stateless answers, and nothing kept for it.

use crate::abuse::pair;
use crate::double::{CREDENTIALS, Double, Script, When};
use crate::raw::{Raw, Wanted, ack, field, request, to_tag};
use crate::world::{Side, World, sdp};
use sip_core::manager::{self, CallId, EndReason, Event};
use ssa::Open;
use std::sync::Arc;
use std::time::Duration;

/// Bob with a double that challenges, and a stranger.
fn challenged(script: Script) -> (World, Side, Arc<Double>, Raw) {
    pair(Script { challenges: true, ..script })
}

#[test]
fn t01_one_invite_many_times_is_one_transaction_told_once() {
    let world = World::perfect();
    let mut bob = world.side(2, Arc::new(Open));
    let mut raw = Raw::new(&world, 9);
    let told = world.run(async {
        for _ in 0..2_000 {
            raw.send(&request(&Wanted::default()));
            raw.sleep(Duration::from_micros(10)).await;
        }
        let id = bob.incoming().await;
        assert_eq!(bob.endpoint.sizes().manager.transactions, 1);
        assert_eq!(raw.status().await.as_deref(), Some("100 Trying"));
        bob.endpoint.reject(id, 486).unwrap();
        bob.next().await;
        bob.next_within(1).await
    });
    assert_eq!(told, None);
}

#[test]
fn t02_unauthorized_invites_create_nothing() {
    let (world, bob, _, mut raw) = challenged(Script::default());
    world.run(async {
        for number in 0..2_000 {
            let branch = number.to_string();
            raw.send(&request(&Wanted { branch: &branch, ..Wanted::default() }));
            let answer = raw.receive().await.unwrap();
            assert!(answer.starts_with("SIP/2.0 401 "), "{answer}");
            assert_eq!(field(&answer, "WWW-Authenticate"), "Test nonce=\"1\"");
            raw.send(&ack(&branch, 1, to_tag(&answer)));
        }
        bob.assert_empty();
        assert_eq!(raw.receive().await, None);
        bob.assert_empty();
    });
}

#[test]
fn a_retransmitted_invite_gets_the_same_stateless_answer() {
    let (world, _bob, _, mut raw) = challenged(Script::default());
    let (first, second) = world
        .sim
        .block_on(async {
            raw.send(&request(&Wanted::default()));
            raw.send(&request(&Wanted::default()));
            (raw.receive().await, raw.receive().await)
        })
        .unwrap();
    assert!(first.is_some());
    assert_eq!(first, second);
}

#[test]
fn t03_cancel_before_the_invite_and_after_a_401_is_481() {
    let (world, bob, _, mut raw) = challenged(Script::default());
    let cancel = request(&Wanted { method: "CANCEL", ..Wanted::default() });
    let got = world
        .sim
        .block_on(async {
            raw.send(&cancel);
            let before = raw.status().await;
            raw.send(&request(&Wanted::default()));
            let challenge = raw.status().await;
            raw.send(&cancel);
            [before, challenge, raw.status().await]
        })
        .unwrap();
    let none = "481 Call/Transaction Does Not Exist";
    assert_eq!(got.map(Option::unwrap), [none, "401 Unauthorized", none]);
    bob.assert_empty();
}

#[test]
fn t03_s06_cancel_during_verification_never_rings() {
    let script = Script { verify: When::After(Duration::from_secs(1)), ..Script::default() };
    let (world, mut bob, double, mut raw) = challenged(script);
    let event = world
        .sim
        .block_on(async {
            raw.send(&request(&Wanted { extra: CREDENTIALS, ..Wanted::default() }));
            raw.sleep(Duration::from_millis(500)).await;
            assert_eq!(raw.status().await.unwrap(), "100 Trying");
            raw.send(&request(&Wanted { method: "CANCEL", ..Wanted::default() }));
            assert_eq!(raw.status().await.unwrap(), "200 OK");
            let terminated = raw.receive().await.unwrap();
            assert!(terminated.starts_with("SIP/2.0 487 "), "{terminated}");
            raw.send(&ack("one", 1, to_tag(&terminated)));
            bob.next_within(10).await
        })
        .unwrap();
    assert_eq!(event, None);
    assert_eq!(
        double.asked(),
        ["request_received INVITE", "authenticate INVITE", "authenticate dropped", "abandon"]
    );
    bob.assert_empty();
}

#[test]
fn t03_cancel_after_200_is_200_without_effect() {
    let world = World::perfect();
    let mut bob = world.side(2, Arc::new(Open));
    let mut raw = Raw::new(&world, 9);
    world.run(async {
        raw.send(&request(&Wanted::default()));
        let id = bob.incoming().await;
        bob.endpoint.accept(id, sdp("answer")).unwrap();
        let ok = raw.receive().await.unwrap();
        raw.send(&request(&Wanted { method: "CANCEL", ..Wanted::default() }));
        assert_eq!(raw.status().await.unwrap(), "200 OK");
        raw.send(&ack("two", 1, to_tag(&ok)));
        assert_eq!(bob.next().await, Event::Confirmed { id, answer: None });
    });
    assert_eq!(bob.endpoint.sizes().manager.dialogs, 1);
}

#[test]
fn t04_cancel_from_elsewhere_is_481() {
    let (world, mut bob, double, mut raw) = challenged(Script::default());
    let mut other = Raw::new(&world, 8);
    let cancel = request(&Wanted { method: "CANCEL", ..Wanted::default() });
    let none = "481 Call/Transaction Does Not Exist";
    world.run(async {
        raw.send(&request(&Wanted { extra: CREDENTIALS, ..Wanted::default() }));
        let id = bob.incoming().await;
        assert_eq!(raw.status().await.unwrap(), "100 Trying");
        let (asked, there) = (double.asked(), bob.endpoint.sizes().manager);
        other.send(&cancel);
        assert_eq!(other.status().await.unwrap(), none);
        for sent_by in ["192.0.2.9:5061", "192.0.2.8", "example.org"] {
            raw.send(&cancel.replace("UDP 192.0.2.9;", &format!("UDP {sent_by};")));
            assert_eq!(raw.status().await.unwrap(), none, "{sent_by}");
        }
        assert_eq!(double.asked(), asked, "nobody is challenged");
        assert_eq!(bob.endpoint.sizes().manager, there);
        // The call goes on.
        assert_eq!(bob.next_within(1).await, None);
        bob.endpoint.ring(id).unwrap();
        assert_eq!(raw.status().await.unwrap(), "180 Ringing");
    });
}

#[test]
fn t05_the_same_request_on_another_branch_is_482() {
    let world = World::perfect();
    let mut bob = world.side(2, Arc::new(Open));
    let mut raw = Raw::new(&world, 9);
    world.run(async {
        raw.send(&request(&Wanted::default()));
        bob.incoming().await;
        raw.send(&request(&Wanted { branch: "two", ..Wanted::default() }));
        assert_eq!(raw.status().await.unwrap(), "482 Loop Detected");
    });
    assert_eq!(bob.endpoint.sizes().manager.dialogs, 1);
}

#[test]
fn g30_two_copies_of_an_authorized_invite_ask_once() {
    let script = Script { verify: When::After(Duration::from_millis(100)), ..Script::default() };
    let (world, mut bob, double, mut raw) = challenged(script);
    world.run(async {
        raw.send(&request(&Wanted { extra: CREDENTIALS, ..Wanted::default() }));
        raw.send(&request(&Wanted { branch: "two", extra: CREDENTIALS, ..Wanted::default() }));
        assert_eq!(raw.status().await.unwrap(), "482 Loop Detected");
        bob.incoming().await;
    });
    assert_eq!(double.count("authenticate INVITE"), 1);
}

#[test]
fn t11_stray_acks_are_ignored_and_never_challenged() {
    let (world, bob, double, mut raw) = challenged(Script::default());
    let answer = world.run(async {
        raw.send(&ack("one", 1, ""));
        raw.send(&ack("two", 1, "guess"));
        raw.receive().await
    });
    assert_eq!(answer, None);
    assert_eq!(double.asked(), [""; 0]);
    bob.assert_empty();
}

#[test]
fn t12_a_full_table_is_503_and_leaves_what_is_there() {
    let world = World::perfect();
    let sip = manager::Config { dialogs: 4, ..manager::Config::default() };
    let mut bob = world.side_with(2, Arc::new(Open), sip);
    let mut raw = Raw::new(&world, 9);
    let mut others = Raw::new(&world, 8);
    world.run(async {
        let mut calls: Vec<CallId> = Vec::new();
        let named = |name: &str| {
            let invite = request(&Wanted { branch: name, ..Wanted::default() });
            invite.replace("Call-ID: raw", &format!("Call-ID: {name}"))
        };
        for name in ["1", "2"] {
            raw.send(&named(name));
            calls.push(bob.incoming().await);
        }
        raw.send(&named("3"));
        let full = raw.receive().await.unwrap();
        assert!(full.starts_with("SIP/2.0 503 "), "{full}");
        assert_eq!(field(&full, "Retry-After"), "5");
        // That was the room for one party; another one has its own until all is full.
        for name in ["4", "5"] {
            others.send(&named(name));
            bob.incoming().await;
            assert_eq!(others.status().await.unwrap(), "100 Trying");
        }
        for one in [Raw::new(&world, 7), Raw::new(&world, 6)] {
            let mut one = one;
            one.send(&named("6"));
            assert_eq!(one.status().await.unwrap(), "503 Service Unavailable");
        }
        for _ in &calls {
            assert_eq!(raw.status().await.unwrap(), "100 Trying");
        }
        for id in calls {
            bob.endpoint.ring(id).unwrap();
            assert_eq!(raw.status().await.unwrap(), "180 Ringing");
        }
    });
}

#[test]
fn d01_requests_with_guessed_tags_are_481() {
    let (world, bob, double, mut raw) = challenged(Script::default());
    world.run(async {
        let none = "481 Call/Transaction Does Not Exist";
        for method in
            ["BYE", "INVITE", "UPDATE", "PRACK", "INFO", "MESSAGE", "NOTIFY", "REFER", "OPTIONS"]
        {
            raw.send(&request(&Wanted {
                method,
                branch: method,
                to_tag: "x",
                ..Wanted::default()
            }));
            assert_eq!(raw.status().await.unwrap(), none, "{method}");
        }
        raw.send(&request(&Wanted { method: "BYE", branch: "b", ..Wanted::default() }));
        assert_eq!(raw.status().await.unwrap(), none);
    });
    assert_eq!(double.asked(), [""; 0]);
    bob.assert_empty();
}

#[test]
fn d02_a_lower_cseq_is_500() {
    let world = World::perfect();
    let mut bob = world.side(2, Arc::new(Open));
    let mut raw = Raw::new(&world, 9);
    world.run(async {
        raw.send(&request(&Wanted { cseq: 7, ..Wanted::default() }));
        let id = bob.incoming().await;
        bob.endpoint.accept(id, sdp("answer")).unwrap();
        let ok = raw.receive().await.unwrap();
        let tag = to_tag(&ok);
        raw.send(&ack("two", 7, tag));
        assert_eq!(bob.next().await, Event::Confirmed { id, answer: None });
        let bye = Wanted { method: "BYE", branch: "b", cseq: 6, to_tag: tag, extra: "" };
        raw.send(&request(&bye));
        assert_eq!(raw.status().await.unwrap(), "500 Server Internal Error");
        raw.send(&request(&Wanted { cseq: 8, branch: "c", ..bye }));
        assert_eq!(raw.status().await.unwrap(), "200 OK");
        assert_eq!(bob.next().await, Event::Ended { id, reason: EndReason::Remote });
    });
}

#[test]
fn options_is_answered_statelessly() {
    let (world, bob, _, mut raw) = challenged(Script::default());
    let answer = world.run(async {
        raw.send(&request(&Wanted { method: "OPTIONS", ..Wanted::default() }));
        raw.receive().await.unwrap()
    });
    assert!(answer.starts_with("SIP/2.0 200 OK\r\n"), "{answer}");
    assert_eq!(
        field(&answer, "Allow"),
        "INVITE, ACK, CANCEL, BYE, PRACK, UPDATE, OPTIONS, MESSAGE, INFO, REFER, NOTIFY"
    );
    bob.assert_empty();
}

#[test]
fn what_is_not_valid_gets_the_status_it_is_owed() {
    let (world, bob, _, mut raw) = challenged(Script::default());
    let invite = request(&Wanted::default());
    let cases = [
        (request(&Wanted { method: "PUBLISH", ..Wanted::default() }), "405 "),
        (request(&Wanted { method: "WHAT", ..Wanted::default() }), "501 "),
        (request(&Wanted { extra: "Require: nothing\r\n", ..Wanted::default() }), "420 "),
        (invite.replace("Content-Length: 5", "Content-Length: 9"), "400 "),
        (invite.replace("INVITE sip:", "INVITE http:"), "416 "),
        (invite.replace("SIP/2.0\r\nVia", "SIP/7.0\r\nVia"), "505 "),
        (invite.replace("CSeq: 1 INVITE", "CSeq: 1 BYE"), "400 "),
    ];
    world.run(async {
        for (text, want) in cases {
            raw.send(&text);
            let got = raw.status().await.unwrap();
            assert!(got.starts_with(want), "{got} is not {want}for\n{text}");
        }
        raw.send("\r\n\r\n");
        raw.send("");
        raw.send("hello");
        raw.send(&ack("one", 1, "").replace("CSeq: 1 ACK", "CSeq: 1 BYE"));
        assert_eq!(raw.receive().await, None);
    });
    bob.assert_empty();
}

#[test]
fn a_2xx_that_is_not_acknowledged_is_sent_again_and_then_ended_with_bye() {
    let world = World::perfect();
    let mut bob = world.side(2, Arc::new(Open));
    let mut raw = Raw::new(&world, 9);
    world.run(async {
        raw.send(&request(&Wanted::default()));
        let id = bob.incoming().await;
        bob.endpoint.accept(id, sdp("answer")).unwrap();
        assert_eq!(bob.next().await, Event::Ended { id, reason: EndReason::NoAck });
    });
    // At 0, T1, then doubling up to T2 until 64*T1: RFC 3261 §13.3.1.4.
    assert_eq!(world.wire.count("192.0.2.2 200 INVITE"), 11);
    world.run(async {
        while let Some(message) = raw.receive().await {
            if message.starts_with("BYE sip:mallory@192.0.2.9 ") {
                return;
            }
        }
        panic!("no BYE came")
    });
}

#[test]
fn t06_max_forwards_of_zero_is_ours_to_take_and_our_own_request_is_a_loop() {
    let world = World::perfect();
    let mut bob = world.side(2, Arc::new(Open));
    let mut raw = Raw::new(&world, 9);
    let last = request(&Wanted::default()).replace("Max-Forwards: 70", "Max-Forwards: 0");
    world.run(async {
        raw.send(&last);
        bob.incoming().await;
        bob.call("sip:bob@192.0.2.2", "sip:mallory@192.0.2.9", sdp("offer"));
        let ours = raw.receive().await.unwrap();
        let ours = ours.replacen("sip:mallory@192.0.2.9", "sip:bob@192.0.2.2", 1);
        let via = "Via: SIP/2.0/UDP 192.0.2.9;rport;branch=z9hG4bKproxy\r\nVia: ";
        raw.send(&ours.replacen("Via: ", via, 1));
        assert_eq!(raw.status().await.unwrap(), "482 Loop Detected");
    });
}

#[test]
fn a_via_that_names_the_same_private_address_is_no_loop() {
    let world = World::perfect();
    let mut bob = world.side(2, Arc::new(Open));
    let raw = Raw::new(&world, 9);
    let theirs = "Via: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK0123456789abcdef\r\n";
    let invite = request(&Wanted { extra: theirs, ..Wanted::default() });
    world.run(async {
        raw.send(&invite);
        bob.incoming().await;
    });
}

#[test]
fn a_call_that_another_phone_has_answered_is_no_call_that_was_given_up() {
    let elsewhere = EndReason::AnsweredElsewhere;
    for (reason, told) in [
        ("Reason: SIP ;cause=200 ;text=\"Call completed elsewhere\"\r\n", elsewhere),
        ("Reason: Q.850;cause=16\r\nReason: sip;cause=200\r\n", elsewhere),
        ("Reason: SIP;cause=600\r\n", EndReason::Cancelled),
        ("Reason: Q.850;cause=200\r\n", EndReason::Cancelled),
        ("Reason: SIP;cause=x\r\n", EndReason::Cancelled),
        ("Reason: SIP\r\n", EndReason::Cancelled),
        ("", EndReason::Cancelled),
    ] {
        let world = World::perfect();
        let mut bob = world.side(2, Arc::new(Open));
        let raw = Raw::new(&world, 9);
        world.run(async {
            raw.send(&request(&Wanted::default()));
            let id = bob.incoming().await;
            let cancel = Wanted { method: "CANCEL", extra: reason, ..Wanted::default() };
            raw.send(&request(&cancel));
            assert_eq!(bob.next().await, Event::Ended { id, reason: told }, "{reason}");
        });
    }
}
