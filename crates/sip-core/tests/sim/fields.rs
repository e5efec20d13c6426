//! Header fields: those that an application adds, and those that it is shown.

use crate::raw::{Raw, Wanted, field, request};
use crate::registrations::config;
use crate::world::{ALICE, BOB, World, connected, sdp};
use sip_core::manager::{EndReason, Event, Misuse, PeerReason};
use sip_core::{Fields, HeaderName, Method};
use ssa::{Body, Open};
use std::sync::Arc;

fn fields() -> Fields {
    Fields::default().with("Subject", "lunch").unwrap().with("X-Queue", "7").unwrap()
}

fn text(text: &str) -> Body {
    Body { content_type: Some(b"text/plain".to_vec()), octets: text.into() }
}

#[test]
fn every_command_that_sends_a_request_may_add_fields() {
    let world = World::perfect();
    let alice = world.side(1, Arc::new(Open));
    let mut raw = Raw::to_alice(&world, 9);
    world.run(async {
        let to = "sip:x@192.0.2.9";
        let prepared = alice.endpoint.prepare(ALICE, to, None).unwrap();
        alice.endpoint.add_fields(prepared.id, fields()).unwrap();
        alice.endpoint.invite(prepared.id, sdp("offer")).unwrap();
        let invite = raw.receive().await.unwrap();
        assert_eq!(field(&invite, "Supported"), "100rel, norefersub, replaces, timer");
        let refused = alice.endpoint.add_fields(prepared.id, Fields::default());
        assert_eq!(refused, Err(Misuse::WrongState));
        let payload = (text("hi"), fields());
        alice.endpoint.request(Method::MESSAGE, ALICE, to, None, payload).unwrap();
        let message = raw.receive().await.unwrap();
        let registrar = "sip:192.0.2.9".to_owned();
        let config = sip_core::manager::RegisterConfig { registrar, ..config() };
        alice.endpoint.register_with(config, fields()).unwrap();
        let register = raw.receive().await.unwrap();
        for (sent, method) in [(invite, "INVITE"), (message, "MESSAGE"), (register, "REGISTER")] {
            assert!(sent.starts_with(method), "{sent}");
            assert_eq!(
                (field(&sent, "Subject"), field(&sent, "X-Queue")),
                ("lunch", "7"),
                "{sent}"
            );
        }
    });
}

#[test]
fn an_info_within_a_call_carries_fields_too() {
    let world = World::perfect();
    let (alice, mut bob) = (world.side(1, Arc::new(Open)), world.side(2, Arc::new(Open)));
    world.run(async {
        let mut call = alice.endpoint.call(ALICE, BOB, sdp("offer")).unwrap();
        let id = bob.incoming().await;
        bob.endpoint.accept(id, sdp("answer")).unwrap();
        call.answered().await.unwrap();
        call.request(Method::INFO, (Body::default(), fields())).unwrap();
        assert!(matches!(bob.next().await, Event::Confirmed { .. }));
        let Event::Received { id, .. } = bob.next().await else { panic!("no INFO") };
        let info = bob.endpoint.received(id).unwrap();
        assert_eq!(info.header(HeaderName::Subject), Some(&b"lunch"[..]));
        bob.endpoint.reply(id, 200).unwrap();
        assert!(bob.endpoint.received(id).is_none());
    });
}

#[test]
fn an_incoming_call_shows_its_invite_until_it_is_answered() {
    let world = World::perfect();
    let (alice, mut bob) = (world.side(1, Arc::new(Open)), world.side(2, Arc::new(Open)));
    world.run(async {
        let from = "\"Alice A.\" <sip:alice@192.0.2.1>";
        let prepared = alice.endpoint.prepare(from, BOB, None).unwrap();
        let fields = fields().with("Reason", "SIP;cause=200").unwrap();
        alice.endpoint.add_fields(prepared.id, fields).unwrap();
        alice.endpoint.invite(prepared.id, sdp("offer")).unwrap();
        let id = bob.incoming().await;
        let invite = bob.endpoint.invitation(id).unwrap();
        assert_eq!(invite.from().unwrap().display(), Some(&b"\"Alice A.\""[..]));
        assert_eq!(invite.header(HeaderName::Reason), Some(&b"SIP;cause=200"[..]));
        assert_eq!(invite.header(HeaderName::ContentType), Some(&b"application/sdp"[..]));
        assert_eq!(invite.body(), b"offer");
        let arrival = bob.endpoint.arrival(id).unwrap();
        assert_eq!(arrival.source, "192.0.2.1:5060".parse().unwrap());
        let again = bob.endpoint.invitation(id).unwrap();
        assert_eq!(again.as_bytes().as_ptr(), invite.as_bytes().as_ptr(), "it is not copied");
        bob.endpoint.accept(id, sdp("answer")).unwrap();
        bob.sleep(std::time::Duration::from_secs(1)).await;
        assert!(bob.endpoint.invitation(id).is_none());
        assert!(bob.endpoint.arrival(id).is_none());
        assert!(alice.endpoint.invitation(prepared.id).is_none(), "it was ours");
    });
}

/// RFC 3326 §3.2's, with words.
const WHY: &str = "SIP;cause=488;text=\"no \\\"codec\\\"\"";

fn why() -> Fields {
    Fields::default().with("Reason", WHY).unwrap()
}

fn told(text: &str) -> Vec<PeerReason> {
    let (protocol, text) = ("SIP".to_owned(), Some(text.to_owned()));
    vec![PeerReason { protocol, cause: Some(488), text }]
}

#[test]
fn a_bye_says_why_and_who_is_hung_up_on_is_told_first() {
    let world = World::perfect();
    let (mut alice, mut bob) = (world.side(1, Arc::new(Open)), world.side(2, Arc::new(Open)));
    world.run(async {
        let (call, id) = connected(&mut alice, &mut bob, (ALICE, BOB)).await;
        alice.endpoint.hang_up_with(call, why()).unwrap();
        assert_eq!(alice.next().await, Event::Ended { id: call, reason: EndReason::Local });
        assert_eq!(bob.next().await, Event::Explained { id, why: told("no \"codec\"") });
        assert_eq!(bob.next().await, Event::Ended { id, reason: EndReason::Remote });
        let (call, id) = connected(&mut alice, &mut bob, (ALICE, BOB)).await;
        alice.endpoint.hang_up(call).unwrap();
        assert_eq!(alice.next().await, Event::Ended { id: call, reason: EndReason::Local });
        assert_eq!(bob.next().await, Event::Ended { id, reason: EndReason::Remote });
    });
}

/// RFC 3261 §15: the callee's BYE waits for the ACK, and so does what it says.
#[test]
fn a_bye_that_waits_for_the_ack_says_why_when_it_leaves() {
    let world = World::perfect();
    let (mut alice, mut bob) = (world.side(1, Arc::new(Open)), world.side(2, Arc::new(Open)));
    let mut raw = Raw::new(&world, 9);
    world.run(async {
        let call = alice.call(ALICE, BOB, sdp("offer"));
        let id = bob.incoming().await;
        bob.endpoint.accept(id, sdp("answer")).unwrap();
        // The 2xx has left, and its ACK is on the way.
        bob.sleep(std::time::Duration::from_millis(1)).await;
        bob.endpoint.hang_up_with(id, why()).unwrap();
        assert_eq!(bob.next().await, Event::Ended { id, reason: EndReason::Local });
        assert!(matches!(alice.next().await, Event::Answered { .. }));
        let explained = Event::Explained { id: call, why: told("no \"codec\"") };
        assert_eq!(alice.next().await, explained);
        assert_eq!(alice.next().await, Event::Ended { id: call, reason: EndReason::Remote });
        // This one never acknowledges.
        raw.send(&request(&Wanted::default()));
        let id = bob.incoming().await;
        bob.endpoint.accept(id, sdp("answer")).unwrap();
        bob.sleep(std::time::Duration::from_millis(1)).await;
        bob.endpoint.hang_up_with(id, why()).unwrap();
        while let Some(message) = raw.receive_within(40).await {
            if message.starts_with("BYE ") {
                assert_eq!(field(&message, "Reason"), WHY);
                return;
            }
        }
        panic!("no BYE came");
    });
}
