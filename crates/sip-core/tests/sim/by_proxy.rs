//! RFC 5359 §2: services of a proxy, as the terminals see them that it stands between. The proxy is a
//! peer that writes by hand; Bob's telephone is one of those that it tries. A test is named after its
//! section.

use crate::answers::{CALLEE, response, scripted};
use crate::double::Script;
use crate::raw::{OFFER, Raw, field, to_tag};
use crate::world::{ALICE, Side, World, sdp};
use net::Transport;
use sip_core::manager::{CallId, Cause, EndReason, Event, NextHop};
use ssa::Open;
use std::sync::Arc;

/// Where the proxy has the dialogs go.
const ROUTE: &str = "Record-Route: <sip:192.0.2.9;lr>\r\n";

/// The proxy's request to Bob, on a branch of its own, with the caller's Via below.
fn to_bob(method: &str, cseq: u32, tag: &str) -> String {
    let tag = if tag.is_empty() { String::new() } else { format!(";tag={tag}") };
    let end = if method == "INVITE" { OFFER } else { "Content-Length: 0\r\n\r\n" };
    // An ACK to a failure, and a CANCEL, are on the branch of the INVITE.
    let branch = if method == "BYE" { "bye" } else { "83749.1" };
    format!(
        "{method} sip:bob@192.0.2.2 SIP/2.0\r\n\
         Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK{branch}\r\n\
         Via: SIP/2.0/UDP 192.0.2.103;branch=z9hG4bK74bf9;received=192.0.2.103\r\n{ROUTE}\
         Max-Forwards: 69\r\nFrom: Alice <sip:alice@192.0.2.103>;tag=1234567\r\n\
         To: Bob <sip:bob@192.0.2.2>{tag}\r\nCall-ID: 12345600@192.0.2.103\r\n\
         CSeq: {cseq} {method}\r\nContact: <sip:alice@192.0.2.103>\r\n{end}"
    )
}

/// A proxy before Bob's telephone.
fn before_bob() -> (World, Side, Raw) {
    let world = World::perfect();
    let (bob, proxy) = (world.side(2, Arc::new(Open)), Raw::new(&world, 9));
    (world, bob, proxy)
}

/// Bob's telephone rings, and the proxy gives it up (RFC 5359 §2.9, §2.12: B1).
fn rings_in_vain() {
    let (world, mut bob, mut proxy) = before_bob();
    world.run(async {
        proxy.send(&to_bob("INVITE", 1, ""));
        let id = bob.incoming().await;
        bob.endpoint.ring(id).unwrap();
        let ringing = proxy.receive().await.unwrap();
        assert!(ringing.starts_with("SIP/2.0 180 "), "{ringing}");
        assert_eq!(field(&ringing, "Record-Route"), "<sip:192.0.2.9;lr>");
        assert_eq!(ringing.matches("\r\nVia: ").count(), 2, "{ringing}");
        proxy.send(&to_bob("CANCEL", 1, ""));
        assert_eq!(proxy.status().await.unwrap(), "200 OK");
        assert_eq!(proxy.status().await.unwrap(), "487 Request Terminated");
        proxy.send(&to_bob("ACK", 1, to_tag(&ringing)));
        assert_eq!(bob.next().await, Event::Ended { id, reason: EndReason::Cancelled });
        assert_eq!(bob.next_within(70).await, None);
    });
    bob.assert_empty();
}

/// Bob's telephone refuses, and the proxy goes on elsewhere (RFC 5359 §2.8, §2.12: B2 and B3).
fn refuses(status: u16, line: &str) {
    let (world, mut bob, mut proxy) = before_bob();
    world.run(async {
        proxy.send(&to_bob("INVITE", 1, ""));
        let id = bob.incoming().await;
        bob.endpoint.reject(id, status).unwrap();
        let refusal = proxy.receive().await.unwrap();
        assert!(refusal.starts_with(&format!("SIP/2.0 {line}\r\n")), "{refusal}");
        proxy.send(&to_bob("ACK", 1, to_tag(&refusal)));
        assert_eq!(bob.next().await, Event::Ended { id, reason: EndReason::Local });
        // The ACK has come: nothing is sent again.
        assert_eq!(proxy.receive_within(40).await, None);
    });
    bob.assert_empty();
}

/// Bob's telephone answers by way of the proxy, and hangs up (RFC 5359 §2.12: B4; Carol's in §2.7 to §2.9).
fn answers() {
    let (world, mut bob, mut proxy) = before_bob();
    world.run(async {
        proxy.send(&to_bob("INVITE", 1, ""));
        let id = bob.incoming().await;
        bob.endpoint.accept(id, sdp("answer")).unwrap();
        let ok = proxy.receive().await.unwrap();
        assert!(ok.starts_with("SIP/2.0 200 ") && ok.contains(ROUTE), "{ok}");
        let ack = to_bob("ACK", 1, to_tag(&ok)).replace("83749.1", "ack");
        proxy.send(&ack);
        assert_eq!(bob.next().await, Event::Confirmed { id, answer: None });
        bob.endpoint.hang_up(id).unwrap();
        let bye = proxy.receive().await.unwrap();
        assert!(bye.starts_with("BYE sip:alice@192.0.2.103 SIP/2.0\r\n"), "{bye}");
        assert_eq!(field(&bye, "Route"), "<sip:192.0.2.9;lr>");
        proxy.send(&response(&bye, "200 OK", "", ""));
        assert_eq!(bob.next().await, Event::Ended { id, reason: EndReason::Local });
        assert_eq!(bob.next_within(70).await, None);
    });
    bob.assert_empty();
}

/// Alice calls Bob, of whom the proxy tells her this, and in the end of whom `last` stands for: she
/// talks to that one, who hangs up.
fn is_led_on(told: &[(&str, &str)], last: &str) {
    let (world, mut alice, _, mut proxy) = scripted(Script::default());
    world.run(async {
        let id = alice.call(ALICE, CALLEE, sdp("offer"));
        let invite = proxy.receive().await.unwrap();
        let contact = |tag: &str| format!("{ROUTE}Contact: <sip:{tag}@192.0.2.7>\r\n");
        proxy.send(&response(&invite, "100 Trying", "", ""));
        for (status, tag) in told {
            proxy.send(&response(&invite, status, tag, &contact(tag)));
            let event = alice.next().await;
            let Event::Ringing { id: rings, status: code, answer: None } = event else {
                panic!("{event:?}")
            };
            assert!(rings == id && status.starts_with(&code.to_string()), "{status}");
        }
        assert_eq!(alice.endpoint.sizes().manager.dialogs, told.len(), "each one's own");
        proxy.send(&response(&invite, "200 OK", last, &contact(last)));
        assert!(matches!(alice.next().await, Event::Answered { id: up, .. } if up == id));
        let ack = proxy.receive().await.unwrap();
        assert!(ack.starts_with(&format!("ACK sip:{last}@192.0.2.7 SIP/2.0\r\n")), "{ack}");
        assert_eq!(field(&ack, "Route"), "<sip:192.0.2.9;lr>");
        assert_eq!(alice.endpoint.sizes().manager.dialogs, 1, "of the others nothing is left");
        proxy.send(&bye(&ack));
        assert_eq!(proxy.status().await.unwrap(), "200 OK");
        assert_eq!(alice.next().await, Event::Ended { id, reason: EndReason::Remote });
        assert_eq!(alice.next_within(70).await, None);
    });
    alice.assert_empty();
}

/// The other end's BYE in the dialog of this ACK.
fn bye(ack: &str) -> String {
    let [from, to, call_id] = ["From", "To", "Call-ID"].map(|name| field(ack, name));
    format!(
        "BYE sip:alice@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKbye\r\n\
         Max-Forwards: 69\r\nFrom: {to}\r\nTo: {from}\r\nCall-ID: {call_id}\r\nCSeq: 5 BYE\r\n\
         Content-Length: 0\r\n\r\n"
    )
}

#[test]
fn rfc5359_2_7_call_forwarding_unconditional() {
    is_led_on(&[("181 Call is Being Forwarded", "proxy"), ("180 Ringing", "carol")], "carol");
    answers();
}

#[test]
fn rfc5359_2_8_call_forwarding_busy() {
    refuses(486, "486 Busy Here");
    is_led_on(&[("181 Call is Being Forwarded", "proxy"), ("180 Ringing", "carol")], "carol");
}

#[test]
fn rfc5359_2_9_call_forwarding_no_answer() {
    rings_in_vain();
    let told = [
        ("180 Ringing", "bob"),
        ("181 Call is Being Forwarded", "proxy"),
        ("180 Ringing", "carol"),
    ];
    is_led_on(&told, "carol");
}

#[test]
fn rfc5359_2_12_find_me() {
    rings_in_vain();
    refuses(480, "480 Temporarily Unavailable");
    refuses(486, "486 Busy Here");
    answers();
    is_led_on(&[("180 Ringing", "b1"), ("180 Ringing", "b4")], "b4");
}

/// A call to Bob by way of the screening proxy, which wants a proof, and then does not let it pass.
async fn is_screened(alice: &mut Side, proxy: &mut Raw) -> CallId {
    let hop = NextHop {
        host: "192.0.2.9".to_owned(),
        found: sip_core::locate::Servers::default(),
        port: None,
        transport: Some(Transport::Udp),
    };
    let prepared = alice.endpoint.prepare(ALICE, "sip:bob@192.0.2.77", Some(hop)).unwrap();
    alice.endpoint.invite(prepared.id, sdp("offer")).unwrap();
    let first = proxy.receive().await.unwrap();
    assert!(first.starts_with("INVITE sip:bob@192.0.2.77 SIP/2.0\r\n"), "{first}");
    let wanted = "Proxy-Authenticate: Test nonce=\"1\"\r\n";
    proxy.send(&response(&first, "407 Proxy Authentication Required", "90210", wanted));
    let ack = proxy.receive().await.unwrap();
    assert!(ack.starts_with("ACK ") && field(&ack, "Via") == field(&first, "Via"), "{ack}");
    let second = proxy.receive().await.unwrap();
    assert!(second.starts_with("INVITE sip:bob@192.0.2.77 SIP/2.0\r\n"), "{second}");
    assert_eq!(field(&second, "Call-ID"), field(&first, "Call-ID"));
    assert_eq!([&first, &second].map(|it| field(it, "CSeq")), ["1 INVITE", "2 INVITE"]);
    let why = "Error-Info: <sip:screen-fail-term-ann@192.0.2.9>\r\n";
    proxy.send(&response(&second, "403 Screening Failure (Terminating)", "90210", why));
    assert!(proxy.receive().await.unwrap().starts_with("ACK "));
    let failed = Event::Failed { id: prepared.id, cause: Cause::Status(403) };
    assert_eq!(alice.next().await, failed);
    prepared.id
}

/// Nobody is called by himself to hear why: that is for the user, who is told 403.
#[test]
fn rfc5359_2_13_call_management_incoming_call_screening() {
    let (world, mut alice, _, mut proxy) = scripted(Script::default());
    world.run(async {
        let direct = alice.call(ALICE, CALLEE, sdp("offer"));
        let invite = proxy.receive().await.unwrap();
        let through = "Contact: <sip:192.0.2.9>\r\n";
        proxy.send(&response(&invite, "305 Use Proxy", "342123", through));
        assert!(proxy.receive().await.unwrap().starts_with("ACK "));
        // RFC 3261 §21.3.4: its Contact is the proxy, and nobody to be called in Bob's stead.
        let failed = Event::Failed { id: direct, cause: Cause::Status(305) };
        assert_eq!(alice.next().await, failed);
        is_screened(&mut alice, &mut proxy).await;
        assert_eq!(proxy.receive_within(40).await, None, "no announcement is called for");
        assert_eq!(alice.next_within(40).await, None);
    });
    alice.assert_empty();
}

#[test]
fn rfc5359_2_14_call_management_outgoing_call_screening() {
    let (world, mut alice, _, mut proxy) = scripted(Script::default());
    world.run(async {
        is_screened(&mut alice, &mut proxy).await;
        assert_eq!(alice.next_within(70).await, None);
    });
    alice.assert_empty();
}
