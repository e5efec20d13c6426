//! Peers in the field are odd: what a message does not need may be as it likes, and what we cannot
//! follow is answered where it came from.

use crate::answers::{self, response};
use crate::flows::{listen, read};
use crate::raw::{Raw, Wanted, ack, field, request, to_tag};
use crate::world::{BOB, Side, World, named, sdp};
use sip_core::manager::{EndReason, Event, RegisterConfig};
use sip_core::{Capabilities, Limits, Message, Verdict, validate};
use ssa::Open;
use std::sync::Arc;
use std::time::Duration;

/// Bob, who lets all in, and a peer at 192.0.2.9 that writes by hand to him.
fn pair() -> (World, Side, Raw) {
    let world = World::perfect();
    let (bob, raw) = (world.side(2, Arc::new(Open)), Raw::new(&world, 9));
    (world, bob, raw)
}

#[test]
fn fields_that_a_request_does_not_need_may_be_malformed() {
    let odd = [
        "Expires: \r\n",
        "Proxy-Authorization: Basic x\r\n",
        "Record-Route: sip:p.example;lr\r\n",
        "Content-Type: \r\n",
        "Content-Disposition: ;\r\n",
    ];
    let (world, mut bob, mut raw) = pair();
    world.run(async {
        for (number, extra) in (1..).zip(odd) {
            let branch = format!("o{number}");
            let wanted = Wanted { branch: &branch, cseq: number, extra, ..Wanted::default() };
            raw.send(&request(&Wanted { method: "OPTIONS", ..wanted }).replace("raw", &branch));
            assert_eq!(raw.status().await.unwrap(), "200 OK", "{extra}");
            let branch = format!("i{number}");
            let wanted = Wanted { branch: &branch, cseq: number, extra, ..Wanted::default() };
            raw.send(&request(&wanted).replace("raw", &branch));
            bob.incoming().await;
        }
    });
}

#[test]
fn an_ack_that_matches_its_dialog_counts_whatever_it_says() {
    for extra in ["Content-Type: text/plain\r\n", "Authorization: Digest\r\n", "Expires: x\r\n"] {
        let (world, mut bob, mut raw) = pair();
        world.run(async {
            raw.send(&request(&Wanted::default()));
            let id = bob.incoming().await;
            bob.endpoint.accept(id, sdp("answer")).unwrap();
            let ok = raw.receive().await.unwrap();
            let ack = ack("ack", 1, to_tag(&ok)).replace("Content-Length", &format!("{extra}X"));
            raw.send(&ack);
            assert_eq!(bob.next().await, Event::Confirmed { id, answer: None }, "{extra}");
        });
    }
}

#[test]
fn a_contact_that_we_cannot_reach_stands_for_the_hop_that_it_came_over() {
    for contact in ["sip:bob@[2001:db8::7]", "sip:bob@192.0.2.9:0"] {
        let (world, mut alice, mut raw) = answers::pair();
        world.run(async {
            let contact = format!("Contact: <{contact}>\r\n");
            let (call, ..) = answers::answered(&mut alice, &mut raw, &contact).await;
            alice.endpoint.hang_up(call).unwrap();
            let bye = raw.receive().await.unwrap();
            assert!(bye.starts_with("BYE "), "{bye}");
        });
    }
}

#[test]
fn an_invite_that_expires_is_487_then() {
    let (world, mut bob, mut raw) = pair();
    world.run(async {
        raw.send(&request(&Wanted { extra: "Expires: 3\r\n", ..Wanted::default() }));
        let id = bob.incoming().await;
        bob.endpoint.ring(id).unwrap();
        assert_eq!(raw.status().await.unwrap(), "180 Ringing");
        raw.sleep(Duration::from_millis(2_900)).await;
        assert_eq!(raw.receive().await.map(|it| it.starts_with("SIP/2.0 487 ")), Some(true));
        assert_eq!(bob.next().await, Event::Ended { id, reason: EndReason::NoAnswer });
    });
}

#[test]
fn options_in_a_dialog_keeps_the_order_of_cseq() {
    let (world, mut bob, mut raw) = pair();
    world.run(async {
        raw.send(&request(&Wanted::default()));
        let id = bob.incoming().await;
        bob.endpoint.accept(id, sdp("answer")).unwrap();
        let ok = raw.receive().await.unwrap();
        let tag = to_tag(&ok);
        raw.send(&ack("ack", 1, tag));
        for (cseq, branch, want) in [(61, "a", "200 OK"), (31, "b", "500 Server Internal Error")] {
            let options = Wanted { method: "OPTIONS", cseq, branch, to_tag: tag, extra: "" };
            raw.send(&request(&options));
            assert_eq!(raw.status().await.unwrap(), want);
        }
    });
}

#[test]
fn a_registrar_that_closes_each_connection_is_not_stormed() {
    let world = World::perfect();
    let bob = world.side(2, Arc::new(Open));
    let mut listener = listen(&world, 9);
    let config = RegisterConfig {
        aor: BOB.to_owned(),
        registrar: "sip:192.0.2.9;transport=tcp".to_owned(),
        expires: 3600,
        ..RegisterConfig::default()
    };
    let registered = world.run(async {
        bob.endpoint.register(config).unwrap();
        let mut registered = 0;
        let end = bob.runtime.now() + Duration::from_secs(300);
        loop {
            let mut late = bob.runtime.sleep_until(end);
            let accepted = std::future::poll_fn(|cx| match listener.poll_accept(cx) {
                std::task::Poll::Ready(connection) => std::task::Poll::Ready(connection.ok()),
                std::task::Poll::Pending => late.as_mut().poll(cx).map(|()| None),
            });
            let Some(mut connection) = accepted.await else { return registered };
            let register = read(&mut connection).await;
            registered += 1;
            let ok = response(&register, "200 OK", "r", "Expires: 3600\r\n");
            connection.write_all(ok.as_bytes()).await.unwrap();
        }
    });
    // At once, and after 4 s, 60 s, 120 s at most.
    assert!((3..=6).contains(&registered), "{registered} in five minutes");
}

/// Names of containers and of hosts in configuration files; `inspect` goes on calling them invalid.
#[test]
fn hosts_that_no_grammar_allows_are_taken_for_names() {
    for host in ["1af019b2ba08", "3402000000", "pbx_dev"] {
        let world = World::perfect();
        let mut bob = world.side_with(2, Arc::new(Open), named(&[host]));
        let mut raw = Raw::new(&world, 9);
        let route = format!("Record-Route: <sip:{host};lr>\r\n");
        let invite = request(&Wanted { extra: &route, ..Wanted::default() })
            .replace("SIP/2.0/UDP 192.0.2.9", &format!("SIP/2.0/UDP {host}"))
            .replace("mallory@192.0.2.9", &format!("w@{host}"))
            .replace("bob@192.0.2.2", &format!("bob@{host}"));
        let message = Message::parse(invite.clone().into(), &Limits::default()).unwrap();
        let verdict = validate(&message, &Capabilities::default());
        assert!(matches!(verdict, Verdict::Invalid { .. }), "{host}: {verdict:?}");
        world.run(async {
            raw.send(&invite);
            let id = bob.incoming().await;
            bob.endpoint.accept(id, sdp("answer")).unwrap();
            let ok = raw.receive().await.unwrap();
            assert!(ok.starts_with("SIP/2.0 200 OK"), "{ok}");
            raw.send(&ack("ack", 1, to_tag(&ok)));
            assert_eq!(bob.next().await, Event::Confirmed { id, answer: None }, "{host}");
            bob.endpoint.hang_up(id).unwrap();
            let bye = raw.receive().await.unwrap();
            assert!(bye.starts_with(&format!("BYE sip:w@{host} SIP/2.0\r\n")), "{bye}");
            assert_eq!(field(&bye, "Route"), format!("<sip:{host};lr>"));
        });
    }
}

#[test]
fn whom_a_request_is_from_may_be_written_oddly() {
    for from in [
        "tel:911",
        "sip:@h",
        "sip::x@192.0.2.9",
        "sip:*21#@b",
        "sip:PBX#1000@192.0.2.9",
        "sip:a|b[1]^@c_d",
    ] {
        let (world, mut bob, mut raw) = pair();
        world.run(async {
            let invite = request(&Wanted::default());
            let invite =
                invite.replace("From: <sip:mallory@192.0.2.9>", &format!("From: <{from}>"));
            let message = Message::parse(invite.clone().into(), &Limits::default()).unwrap();
            let verdict = validate(&message, &Capabilities::default());
            assert!(matches!(verdict, Verdict::Invalid { .. }), "{from}: {verdict:?}");
            raw.send(&invite);
            let id = bob.incoming().await;
            bob.endpoint.accept(id, sdp("answer")).unwrap();
            let ok = raw.receive().await.unwrap();
            assert!(ok.starts_with("SIP/2.0 200 OK"), "{from}: {ok}");
        });
    }
}

/// RFC 3261 §10.2.4: a registrar lists the bindings of all the user's phones.
#[test]
fn a_registration_stands_whatever_other_phones_have_registered() {
    for other in ["<sip:PBX#1000@10.0.0.1>;expires=99", "<sip:P B, X@10.0.0.1>;expires=99", "\"a"] {
        let world = World::perfect();
        let mut bob = world.side(2, Arc::new(Open));
        let mut raw = Raw::new(&world, 9);
        let config = RegisterConfig {
            aor: BOB.to_owned(),
            registrar: "sip:192.0.2.9".to_owned(),
            expires: 3600,
            ..RegisterConfig::default()
        };
        world.run(async {
            bob.endpoint.register(config).unwrap();
            let register = raw.receive().await.unwrap();
            let own = field(&register, "Contact");
            // What never ends hides the rest of its row only.
            let separator = if other.starts_with('<') { ", " } else { "\r\nContact: " };
            let bindings = format!("Contact: {other}{separator}{own};expires=60\r\n");
            raw.send(&response(&register, "200 OK", "r", &bindings));
            let event = bob.next().await;
            assert!(matches!(event, Event::Registered { expires: 60, .. }), "{other}: {event:?}");
        });
    }
}

/// The packet's source is all that is known of it, with its port.
#[test]
fn a_request_whose_via_cannot_be_read_is_answered_where_it_came_from() {
    let world = World::perfect();
    let bob = world.side(2, Arc::new(Open));
    let mut raw = Raw::at(&world, ([192, 0, 2, 9], 40_000).into());
    for via in ["SIP/2.0/UDP a..b;branch=z9hG4bK1", "SIP/2.0/UDP a..b:5060, SIP/2.0/UDP c", "x"] {
        let own = "SIP/2.0/UDP 192.0.2.9;rport;branch=z9hG4bKone";
        for method in ["INVITE", "OPTIONS"] {
            let asked = request(&Wanted { method, ..Wanted::default() }).replace(own, via);
            world.run(async {
                raw.send(&asked);
                let answer = raw.receive().await.unwrap();
                assert!(answer.starts_with("SIP/2.0 400 "), "{answer}");
                assert_eq!(field(&answer, "Via"), via, "as it came");
            });
        }
        let ack = request(&Wanted { method: "ACK", ..Wanted::default() }).replace(own, via);
        world.run(async {
            raw.send(&ack);
            assert_eq!(raw.receive().await, None, "an ACK has no answer");
        });
    }
    bob.assert_empty();
}
