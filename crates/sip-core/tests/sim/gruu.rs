//! The address under which a registrar lets a terminal be reached from anywhere. RFC 5627.

use crate::answers::pair;
use crate::raw::{Raw, Wanted, field, request, response};
use crate::registrations::{again, config};
use crate::world::{ALICE, Side, World, sdp};
use sip_core::manager::{Event, Misuse, RegisterConfig};
use ssa::Open;
use std::sync::Arc;

const INSTANCE: &str = "urn:uuid:f81d4fae-7dec-41d0-a765-00a0c91e6bf6";
const GRUU: &str = "sip:alice@example.org;gr=urn:uuid:f81d4fae-7dec-41d0-a765-00a0c91e6bf6";

fn wanted() -> RegisterConfig {
    RegisterConfig { instance: Some(INSTANCE.to_owned()), ..config() }
}

/// Accepts a REGISTER for a minute, with this parameter of our binding.
async fn grant(alice: &mut Side, raw: &Raw, register: &str, param: &str) -> String {
    let contact = field(register, "Contact");
    raw.send(&response(register, "200 OK", &format!("Contact: {contact};expires=60{param}\r\n")));
    match alice.next().await {
        Event::Registered { contact_user, .. } => contact_user,
        other => panic!("{other:?}"),
    }
}

/// The Contact of an INVITE of Alice's, which the peer then refuses.
async fn contact_of_a_call(alice: &mut Side, raw: &mut Raw, to: &str) -> String {
    alice.call(ALICE, to, sdp("offer"));
    let invite = raw.receive().await.unwrap();
    raw.send(&response(&invite, "486 Busy Here", ""));
    assert!(matches!(alice.next().await, Event::Failed { .. }));
    assert!(raw.receive().await.unwrap().starts_with("ACK "));
    field(&invite, "Contact").to_owned()
}

#[test]
fn t24_calls_of_an_account_name_the_gruu_that_its_registrar_gave() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        alice.endpoint.register(wanted()).unwrap();
        let register = raw.receive().await.unwrap();
        assert_eq!(field(&register, "Supported"), "path, gruu");
        let contact = field(&register, "Contact");
        assert!(contact.ends_with(&format!(">;+sip.instance=\"<{INSTANCE}>\"")), "{contact}");
        let user = grant(&mut alice, &raw, &register, &format!(";pub-gruu=\"{GRUU}\"")).await;
        let named = format!("<{GRUU}>");
        assert_eq!(contact_of_a_call(&mut alice, &mut raw, "sip:bob@192.0.2.9").await, named);

        // A call that comes by way of it: whoever called may call back there.
        let call = request(&Wanted::default());
        raw.send(&call.replacen("bob@192.0.2.2", &format!("{user}@192.0.2.1"), 1));
        let id = alice.incoming().await;
        alice.endpoint.accept(id, sdp("answer")).unwrap();
        assert_eq!(field(&raw.receive().await.unwrap(), "Contact"), named);

        // The next answer has none.
        let register = loop {
            let (_, message) = again(&alice, &mut raw).await;
            if message.starts_with("REGISTER ") {
                break message;
            }
        };
        raw.send(&response(&register, "200 OK", "Expires: 60\r\n"));
        while !matches!(alice.next().await, Event::Registered { .. }) {}
        let bound = "<sip:alice@192.0.2.1:5060>";
        assert_eq!(contact_of_a_call(&mut alice, &mut raw, "sip:bob@192.0.2.9").await, bound);
    });
}

#[test]
fn t24_an_address_that_was_not_asked_for_is_not_used() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        alice.endpoint.register(config()).unwrap();
        let register = raw.receive().await.unwrap();
        assert_eq!(field(&register, "Supported"), "path");
        grant(&mut alice, &raw, &register, &format!(";pub-gruu=\"{GRUU}\"")).await;
        let bound = "<sip:alice@192.0.2.1:5060>";
        assert_eq!(contact_of_a_call(&mut alice, &mut raw, "sip:bob@192.0.2.9").await, bound);
    });
}

#[test]
fn t24_what_is_no_instance_is_not_registered() {
    let world = World::perfect();
    let alice = world.side(1, Arc::new(Open));
    let wrong = RegisterConfig { instance: Some("alice's phone".to_owned()), ..config() };
    assert_eq!(alice.endpoint.register(wrong), Err(Misuse::Instance));
    alice.assert_empty();
}
