//! RFC 5359 §2.10 and §2.11: a call that becomes a conference of three. Bob's telephone, which mixes,
//! is a peer that writes by hand; we are those that it joins, and mix nothing ourselves. A test is
//! named after its section.

use crate::answers::{CALLEE, response};
use crate::raw::{Raw, field};
use crate::world::{ALICE, Side, World, sdp};
use sip_core::Fields;
use sip_core::manager::{CallId, EndReason, Event};
use ssa::Open;
use std::sync::Arc;

/// The mixer's Contact, as RFC 5359 §2.10 has it. RFC 4579.
const FOCUS: &str = "Contact: <sip:bob-mixer@192.0.2.9>;isfocus\r\n";

/// Alice's call to Bob that is up, and Bob's side of its dialog: how its requests begin.
async fn up(alice: &mut Side, bob: &mut Raw) -> (CallId, String) {
    let id = alice.call(ALICE, CALLEE, sdp("offer"));
    let invite = bob.receive().await.unwrap();
    bob.send(&response(&invite, "180 Ringing", "23431", "Contact: <sip:b54gh42f5@192.0.2.9>\r\n"));
    assert!(matches!(alice.next().await, Event::Ringing { .. }));
    bob.send(&response(&invite, "200 OK", "23431", "Contact: <sip:b54gh42f5@192.0.2.9>\r\n"));
    assert!(matches!(alice.next().await, Event::Answered { .. }));
    let ack = bob.receive().await.unwrap();
    assert!(ack.starts_with("ACK sip:b54gh42f5@192.0.2.9 "), "{ack}");
    let [from, to, call_id] = ["From", "To", "Call-ID"].map(|name| field(&ack, name));
    (id, format!("Max-Forwards: 70\r\nFrom: {to}\r\nTo: {from}\r\nCall-ID: {call_id}\r\n"))
}

/// A request of Bob's in that dialog.
fn within(names: &str, method: &str, branch: &str, end: &str) -> String {
    format!(
        "{method} sip:alice@192.0.2.1 SIP/2.0\r\n\
         Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK{branch}\r\n{names}CSeq: 1024 {method}\r\n{FOCUS}{end}"
    )
}

/// Alice agrees to be mixed: what she sends in the dialog from now on goes to the mixer.
async fn is_mixed(alice: &mut Side, bob: &mut Raw, (id, names): (CallId, &str)) {
    let offer = "Content-Type: application/sdp\r\nContent-Length: 5\r\n\r\nmixer";
    bob.send(&within(names, "INVITE", "nashds", offer));
    assert_eq!(alice.next().await, Event::Reinvited { id, body: sdp("mixer") });
    alice.endpoint.accept_reinvite(id, sdp("yes")).unwrap();
    let ok = bob.receive().await.unwrap();
    assert!(ok.starts_with("SIP/2.0 200 ") && ok.ends_with("\r\n\r\nyes"), "{ok}");
    bob.send(&within(names, "ACK", "ack", "Content-Length: 0\r\n\r\n"));
    assert_eq!(alice.next().await, Event::Confirmed { id, answer: None });
}

/// Alice leaves.
async fn leaves(alice: &mut Side, bob: &mut Raw, id: CallId) {
    alice.endpoint.hang_up(id).unwrap();
    let bye = bob.receive().await.unwrap();
    assert!(bye.starts_with("BYE sip:bob-mixer@192.0.2.9 SIP/2.0\r\n"), "{bye}");
    bob.send(&response(&bye, "200 OK", "", ""));
    assert_eq!(alice.next().await, Event::Ended { id, reason: EndReason::Local });
    assert_eq!(alice.next_within(70).await, None);
    alice.assert_empty();
}

#[test]
fn rfc5359_2_10_three_way_conference_third_party_is_added() {
    let world = World::perfect();
    let [mut alice, mut carol] = [1, 3].map(|host| world.side(host, Arc::new(Open)));
    let mut bob = Raw::to_alice(&world, 9);
    world.run(async {
        let (id, names) = up(&mut alice, &mut bob).await;
        is_mixed(&mut alice, &mut bob, (id, &names)).await;
        // Carol is called by the mixer, as by anybody.
        bob.peer = ([192, 0, 2, 3], 5060).into();
        let to_carol = |method: &str, tag: &str, end: &str| {
            format!(
                "{method} sip:carol@192.0.2.3 SIP/2.0\r\n\
                 Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK{method}\r\nMax-Forwards: 70\r\n\
                 From: <sip:bob@192.0.2.9>;tag=8675309\r\nTo: <sip:carol@192.0.2.3>{tag}\r\n\
                 Call-ID: sdjfdjfskdf\r\nCSeq: 42 {method}\r\n{FOCUS}{end}"
            )
        };
        bob.send(&to_carol("INVITE", "", crate::raw::OFFER));
        let at_carol = carol.incoming().await;
        carol.endpoint.accept(at_carol, sdp("answer")).unwrap();
        let ok = bob.receive().await.unwrap();
        let tag = format!(";tag={}", crate::raw::to_tag(&ok));
        bob.send(&to_carol("ACK", &tag, "Content-Length: 0\r\n\r\n"));
        assert!(matches!(carol.next().await, Event::Confirmed { .. }));
        leaves(&mut carol, &mut bob, at_carol).await;
        bob.peer = ([192, 0, 2, 1], 5060).into();
        leaves(&mut alice, &mut bob, id).await;
    });
}

/// Alice is whose call Carol joins; and Carol, who knows that call's names. Her application says which
/// one she means: Join is a header field like others that are added.
#[test]
fn rfc5359_2_11_three_way_conference_third_party_joins() {
    let world = World::perfect();
    let [mut alice, mut carol] = [1, 3].map(|host| world.side(host, Arc::new(Open)));
    let mut bob = Raw::to_alice(&world, 9);
    world.run(async {
        let (id, names) = up(&mut alice, &mut bob).await;
        let join = "12345600@192.0.2.1;from-tag=1234567;to-tag=23431";
        let joining = carol.endpoint.prepare("sip:carol@192.0.2.3", CALLEE, None).unwrap().id;
        let fields = Fields::default().with("Join", join.as_bytes()).unwrap();
        carol.endpoint.add_fields(joining, fields).unwrap();
        carol.endpoint.invite(joining, sdp("offer")).unwrap();
        let invite = bob.receive().await.unwrap();
        assert_eq!(field(&invite, "Join"), join);
        bob.peer = ([192, 0, 2, 3], 5060).into();
        bob.send(&response(&invite, "180 Ringing", "0982", FOCUS));
        assert!(matches!(carol.next().await, Event::Ringing { .. }));
        bob.peer = ([192, 0, 2, 1], 5060).into();
        is_mixed(&mut alice, &mut bob, (id, &names)).await;
        bob.peer = ([192, 0, 2, 3], 5060).into();
        bob.send(&response(&invite, "200 OK", "0982", FOCUS));
        assert!(matches!(carol.next().await, Event::Answered { .. }));
        let ack = bob.receive().await.unwrap();
        assert!(ack.starts_with("ACK sip:bob-mixer@192.0.2.9 SIP/2.0\r\n"), "{ack}");
        leaves(&mut carol, &mut bob, joining).await;
        bob.peer = ([192, 0, 2, 1], 5060).into();
        leaves(&mut alice, &mut bob, id).await;
    });
}
