//! REGISTER, its refresh, and its end.

use crate::raw::{Raw, field};
use crate::world::{ALICE, Side, World, sdp};
use sip_core::manager::{Cause, Event, RegisterConfig};
use ssa::Open;
use std::sync::Arc;
use std::time::Duration;

/// Alice, and a registrar at 192.0.2.9 that writes by hand.
fn pair() -> (World, Side, Raw) {
    let world = World::perfect();
    let alice = world.side(1, Arc::new(Open));
    let mut raw = Raw::new(&world, 9);
    raw.peer = ([192, 0, 2, 1], 5060).into();
    (world, alice, raw)
}

fn config() -> RegisterConfig {
    RegisterConfig {
        aor: ALICE.to_owned(),
        registrar: "sip:192.0.2.9".to_owned(),
        next_hop: None,
        expires: 600,
    }
}

fn response(request: &str, status: &str, extra: &str) -> String {
    let mut text = format!("SIP/2.0 {status}\r\n");
    for name in ["Via", "From", "To", "Call-ID", "CSeq"] {
        text += &format!("{name}: {}\r\n", field(request, name));
    }
    text + extra + "Content-Length: 0\r\n\r\n"
}

#[test]
fn a_registration_is_kept_refreshed_and_taken_back() {
    let (world, mut alice, mut raw) = pair();
    world
        .sim
        .block_on(async {
            let id = alice.endpoint.register(config()).unwrap();
            let first = raw.receive().await.unwrap();
            assert!(first.starts_with("REGISTER sip:192.0.2.9 SIP/2.0\r\n"), "{first}");
            assert_eq!(field(&first, "To"), "<sip:alice@192.0.2.1>");
            assert_eq!(field(&first, "Expires"), "600");
            let contact = field(&first, "Contact").to_owned();
            raw.send(&response(&first, "200 OK", &format!("Contact: {contact};expires=100\r\n")));
            let Event::Registered { expires, contact_user, registrar, .. } = alice.next().await
            else {
                panic!("not registered")
            };
            assert_eq!((expires, registrar.to_string()), (100, "192.0.2.9:5060".to_owned()));
            assert_eq!(contact, format!("<sip:{contact_user}@192.0.2.1:5060>"));

            raw.sleep(Duration::from_millis(89_500)).await;
            let refresh = raw.receive().await.unwrap();
            assert_eq!(field(&refresh, "Call-ID"), field(&first, "Call-ID"));
            assert_eq!(field(&refresh, "CSeq"), "2 REGISTER");
            raw.send(&response(&refresh, "200 OK", "Expires: 600\r\n"));
            assert!(matches!(alice.next().await, Event::Registered { expires: 600, .. }));

            // Calls of this account go under its Contact.
            alice.call(ALICE, "sip:bob@192.0.2.9", sdp("offer"));
            let invite = raw.receive().await.unwrap();
            assert_eq!(field(&invite, "Contact"), contact);
            raw.send(&response(&invite, "486 Busy Here", ""));
            assert!(matches!(alice.next().await, Event::Failed { .. }));
            assert!(raw.receive().await.unwrap().starts_with("ACK "));

            alice.endpoint.unregister(id).unwrap();
            let last = raw.receive().await.unwrap();
            assert_eq!((field(&last, "CSeq"), field(&last, "Expires")), ("3 REGISTER", "0"));
            raw.send(&response(&last, "200 OK", ""));
            assert_eq!(alice.next().await, Event::Unregistered { id, aor: ALICE.to_owned() });
            raw.sleep(Duration::from_secs(70)).await;
        })
        .unwrap();
    alice.assert_empty();
}

#[test]
fn an_interval_too_brief_is_lengthened_and_a_refusal_is_tried_again_later() {
    let (world, mut alice, mut raw) = pair();
    world
        .sim
        .block_on(async {
            alice.endpoint.register(config()).unwrap();
            let first = raw.receive().await.unwrap();
            raw.send(&response(&first, "423 Interval Too Brief", "Min-Expires: 3600\r\n"));
            let longer = raw.receive().await.unwrap();
            assert_eq!(field(&longer, "Expires"), "3600");
            raw.send(&response(&longer, "403 Forbidden", ""));
            let failed = alice.next().await;
            let cause = Cause::Status(403);
            assert!(
                matches!(&failed, Event::RegistrationFailed { cause: is, .. } if *is == cause),
                "{failed:?}"
            );
            raw.sleep(Duration::from_millis(29_500)).await;
            assert!(raw.receive().await.unwrap().starts_with("REGISTER "));
        })
        .unwrap();
}
