//! REGISTER, its refresh, and its end.

use crate::raw::{Raw, Wanted, field, request, response};
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

#[test]
fn a_registration_is_kept_refreshed_and_taken_back() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        let id = alice.endpoint.register(config()).unwrap();
        let first = raw.receive().await.unwrap();
        assert!(first.starts_with("REGISTER sip:192.0.2.9 SIP/2.0\r\n"), "{first}");
        assert_eq!(field(&first, "To"), "<sip:alice@192.0.2.1>");
        assert_eq!(field(&first, "Expires"), "600");
        let contact = field(&first, "Contact").to_owned();
        raw.send(&response(&first, "200 OK", &format!("Contact: {contact};expires=100\r\n")));
        let Event::Registered { expires, contact_user, registrar, .. } = alice.next().await else {
            panic!("not registered")
        };
        assert_eq!((expires, registrar.to_string()), (100, "192.0.2.9:5060".to_owned()));
        assert_eq!(contact, format!("<sip:{contact_user}@192.0.2.1:5060>"));

        raw.sleep(Duration::from_millis(67_500)).await;
        let refresh = raw.receive().await.unwrap();
        assert_eq!(field(&refresh, "Call-ID"), field(&first, "Call-ID"));
        assert_eq!(field(&refresh, "CSeq"), "2 REGISTER");
        raw.send(&response(&refresh, "200 OK", "Expires: 600\r\n"));
        assert!(matches!(alice.next().await, Event::Registered { expires: 600, .. }));

        alice.endpoint.unregister(id).unwrap();
        let last = raw.receive().await.unwrap();
        assert_eq!((field(&last, "CSeq"), field(&last, "Expires")), ("3 REGISTER", "0"));
        raw.send(&response(&last, "200 OK", ""));
        assert_eq!(alice.next().await, Event::Unregistered { id, aor: ALICE.to_owned() });
        raw.sleep(Duration::from_secs(70)).await;
    });
    alice.assert_empty();
}

/// What the registrar knows us by admits its requests over UDP: nobody else is shown it.
#[test]
fn the_registered_contact_is_shown_to_the_registrar_alone() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        alice.endpoint.register(config()).unwrap();
        let register = raw.receive().await.unwrap();
        raw.send(&response(&register, "200 OK", "Expires: 600\r\n"));
        let Event::Registered { contact_user, .. } = alice.next().await else { panic!() };
        assert_eq!(contact_user.len(), 16, "{contact_user}");

        // A callee sees our INVITE's Contact, and whoever is asked that of our OPTIONS.
        alice.call(ALICE, "sip:bob@192.0.2.9", sdp("offer"));
        let invite = raw.receive().await.unwrap();
        assert_eq!(field(&invite, "Contact"), "<sip:alice@192.0.2.1:5060>");
        assert!(!invite.contains(&contact_user), "{invite}");
        raw.send(&response(&invite, "486 Busy Here", ""));
        assert!(matches!(alice.next().await, Event::Failed { .. }));
        assert!(raw.receive().await.unwrap().starts_with("ACK "));
        alice.endpoint.options(ALICE, "sip:bob@192.0.2.9", None).unwrap();
        let options = raw.receive().await.unwrap();
        assert!(!options.contains(&contact_user), "{options}");
        raw.send(&response(&options, "200 OK", ""));
        assert!(matches!(alice.next().await, Event::OptionsAnswered { .. }));

        // A caller sees that of our answers: the registrar passes them on.
        let called = request(&Wanted::default());
        let called = called.replacen("bob@192.0.2.2", &format!("{contact_user}@192.0.2.1"), 1);
        raw.send(&called);
        let id = alice.incoming().await;
        alice.endpoint.ring(id).unwrap();
        let ringing = raw.receive().await.unwrap();
        alice.endpoint.accept(id, sdp("answer")).unwrap();
        let answer = raw.receive().await.unwrap();
        for message in [ringing, answer] {
            assert_eq!(field(&message, "Contact"), "<sip:alice@192.0.2.1:5060>");
            assert!(!message.contains(&contact_user), "{message}");
        }
    });
}

#[test]
fn an_interval_too_brief_is_lengthened_once() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        alice.endpoint.register(config()).unwrap();
        let first = raw.receive().await.unwrap();
        raw.send(&response(&first, "423 Interval Too Brief", "Min-Expires: 3600\r\n"));
        let longer = raw.receive().await.unwrap();
        assert_eq!(field(&longer, "Expires"), "3600");
        raw.send(&response(&longer, "423 Interval Too Brief", "Min-Expires: 7200\r\n"));
        failed(&mut alice, 423).await;
        assert_eq!(raw.receive().await, None);
    });
}

async fn failed(alice: &mut Side, status: u16) {
    let failed = alice.next().await;
    let want = Cause::Status(status);
    assert!(
        matches!(&failed, Event::RegistrationFailed { cause, .. } if *cause == want),
        "{failed:?}"
    );
}

/// Seconds until the next REGISTER, and the request.
async fn again(alice: &Side, raw: &mut Raw) -> (u64, String) {
    let since = alice.runtime.now();
    loop {
        if let Some(register) = raw.receive().await {
            return ((alice.runtime.now() - since).as_secs(), register);
        }
    }
}

#[test]
fn a_registration_that_fails_is_tried_again_ever_later() {
    let (world, mut alice, mut raw) = pair();
    let busy = "503 Service Unavailable";
    let cases = [
        ("500 Server Internal Error", "", 15..=30),
        ("500 Server Internal Error", "", 30..=60),
        (busy, "Retry-After: 700 (lunch);duration=5\r\n", 700..=700),
        ("403 Forbidden", "", 900..=1800),
        (busy, "Retry-After: 1\r\n", 240..=480),
    ];
    world.run(async {
        alice.endpoint.register(config()).unwrap();
        let mut register = raw.receive().await.unwrap();
        for (status, extra, wait) in cases {
            raw.send(&response(&register, status, extra));
            failed(&mut alice, status.get(..3).unwrap().parse().unwrap()).await;
            let (waited, next) = again(&alice, &mut raw).await;
            assert!(wait.contains(&waited), "{waited} s after {status} {extra}");
            register = next;
        }
        // A success forgets the failures; a lifetime of 0 is no reason to hurry.
        raw.send(&response(&register, "200 OK", "Expires: 0\r\n"));
        assert!(matches!(alice.next().await, Event::Registered { .. }));
        let (waited, register) = again(&alice, &mut raw).await;
        assert_eq!(waited, 30);
        raw.send(&response(&register, "500 Server Internal Error", ""));
        failed(&mut alice, 500).await;
        assert!((15..=30).contains(&again(&alice, &mut raw).await.0));
    });
}
