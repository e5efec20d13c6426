//! REGISTER, its refresh, and its end.

use crate::answers::{pair, scripted};
use crate::double::Script;
use crate::raw::{Raw, Wanted, field, request, response};
use crate::world::{ALICE, Side, sdp};
use sip_core::manager::{Cause, Event, RegisterConfig, RegistrationId};
use std::time::Duration;

pub(crate) fn config() -> RegisterConfig {
    RegisterConfig {
        aor: ALICE.to_owned(),
        registrar: "sip:192.0.2.9".to_owned(),
        expires: 600,
        ..RegisterConfig::default()
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

        let (waited, refresh) = again(&alice, &mut raw).await;
        assert!((54..=68).contains(&waited), "{waited} s");
        assert_eq!(field(&refresh, "Call-ID"), field(&first, "Call-ID"));
        assert_eq!(field(&refresh, "CSeq"), "2 REGISTER");
        raw.send(&response(&refresh, "200 OK", "Expires: 600\r\n"));
        assert!(matches!(alice.next().await, Event::Registered { expires: 600, .. }));

        alice.endpoint.unregister(id).unwrap();
        let last = raw.receive().await.unwrap();
        assert_eq!((field(&last, "CSeq"), field(&last, "Expires")), ("3 REGISTER", "0"));
        raw.send(&response(&last, "200 OK", ""));
        assert_eq!(alice.next().await, over(id, true));
        raw.sleep(Duration::from_secs(70)).await;
    });
    alice.assert_empty();
}

pub(crate) fn over(id: RegistrationId, taken_back: bool) -> Event {
    Event::Unregistered { id, aor: ALICE.to_owned(), taken_back }
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
        assert!(matches!(alice.next().await, Event::RequestAnswered { .. }));

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

/// Answers the next REGISTER, a refresh of a minute's registration among them, with 401, and the one with credentials with 403.
async fn refuse(raw: &mut Raw) {
    let bare = raw.receive_within(30).await.unwrap();
    raw.send(&response(&bare, "401 Unauthorized", "WWW-Authenticate: Test\r\n"));
    let authorized = raw.receive().await.unwrap();
    assert!(authorized.contains("\r\nAuthorization: "), "{authorized}");
    raw.send(&response(&authorized, "403 Forbidden", ""));
}

/// The registrar holds no binding of ours: nothing is taken back, and no password goes out again.
#[test]
fn a_registration_that_was_refused_is_not_taken_back() {
    let (world, mut alice, _, mut raw) = scripted(Script::default());
    world.run(async {
        let id = alice.endpoint.register(config()).unwrap();
        refuse(&mut raw).await;
        failed(&mut alice, 403).await;
        alice.endpoint.unregister(id).unwrap();
        assert_eq!(alice.next().await, over(id, false));
        assert_eq!(raw.receive().await, None);

        // Nor where it was granted once, and is refused now.
        let id = alice.endpoint.register(config()).unwrap();
        let register = raw.receive().await.unwrap();
        raw.send(&response(&register, "200 OK", "Expires: 60\r\n"));
        assert!(matches!(alice.next().await, Event::Registered { .. }));
        refuse(&mut raw).await;
        failed(&mut alice, 403).await;
        alice.endpoint.unregister(id).unwrap();
        assert_eq!(alice.next().await, over(id, false));
        assert_eq!(raw.receive().await, None);
        raw.sleep(Duration::from_secs(40)).await;
    });
    alice.assert_empty();
}

/// RFC 3261 §22.1: credentials that were refused are not tried again, or an account is locked.
#[test]
fn credentials_that_are_refused_are_left_alone_for_long() {
    let (world, mut alice, _, mut raw) = scripted(Script::default());
    world.run(async {
        alice.endpoint.register(config()).unwrap();
        while let Some(register) = raw.receive().await {
            raw.send(&response(&register, "401 Unauthorized", "WWW-Authenticate: Test\r\n"));
        }
        failed(&mut alice, 401).await;
        let (waited, _) = again(&alice, &mut raw).await;
        assert!((898..=1800).contains(&waited), "{waited} s");
    });
}

/// RFC 3261 §10.2: no other REGISTER before the one under way has its final response.
#[test]
fn a_registration_under_way_is_awaited_and_then_taken_back() {
    let (world, mut alice, _, mut raw) = scripted(Script::default());
    world.run(async {
        for granted in [true, false] {
            let id = alice.endpoint.register(config()).unwrap();
            let first = raw.receive().await.unwrap();
            alice.endpoint.unregister(id).unwrap();
            raw.sleep(Duration::from_millis(100)).await;
            if granted {
                raw.send(&response(&first, "200 OK", "Expires: 600\r\n"));
                let last = raw.receive().await.unwrap();
                assert_eq!(field(&last, "Expires"), "0");
                raw.send(&response(&last, "200 OK", ""));
            } else {
                raw.send(&response(&first, "401 Unauthorized", "WWW-Authenticate: Test\r\n"));
            }
            assert_eq!(alice.next().await, over(id, granted));
            assert_eq!(raw.receive().await, None);
        }
        raw.sleep(Duration::from_secs(40)).await;
    });
    alice.assert_empty();
}

/// A refresh that nobody answers takes no binding away.
#[test]
fn a_registration_whose_refresh_failed_is_taken_back() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        let id = alice.endpoint.register(config()).unwrap();
        let register = raw.receive().await.unwrap();
        raw.send(&response(&register, "200 OK", "Expires: 600\r\n"));
        assert!(matches!(alice.next().await, Event::Registered { .. }));
        let (waited, refresh) = again(&alice, &mut raw).await;
        assert!((432..=540).contains(&waited), "{waited} s");
        raw.send(&response(&refresh, "500 Server Internal Error", ""));
        failed(&mut alice, 500).await;
        alice.endpoint.unregister(id).unwrap();
        let last = raw.receive().await.unwrap();
        assert_eq!(field(&last, "Expires"), "0");
        raw.send(&response(&last, "200 OK", ""));
        assert_eq!(alice.next().await, over(id, true));
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

pub(crate) async fn failed(alice: &mut Side, status: u16) {
    let failed = alice.next().await;
    assert!(
        matches!(&failed, Event::RegistrationFailed { cause, .. } if cause.status() == Some(status)),
        "{failed:?}"
    );
}

/// Seconds until the next request, and the request.
pub(crate) async fn again(alice: &Side, raw: &mut Raw) -> (u64, String) {
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
        // A success forgets the failures.
        raw.send(&response(&register, "200 OK", "Expires: 60\r\n"));
        assert!(matches!(alice.next().await, Event::Registered { .. }));
        let (waited, register) = again(&alice, &mut raw).await;
        assert!((24..=30).contains(&waited), "{waited} s");
        raw.send(&response(&register, "500 Server Internal Error", ""));
        failed(&mut alice, 500).await;
        assert!((15..=30).contains(&again(&alice, &mut raw).await.0));
    });
}

/// RFC 3261 §10.2.4: what counts is our own binding, not the 200.
#[test]
fn a_200_that_keeps_no_binding_of_ours_is_told_and_tried_again_later() {
    let others = "Contact: <sip:other@192.0.2.77>;expires=60, <sip:x@192.0.2.78>;expires=60\r\n";
    for bindings in [others, "Expires: 0\r\n", "Contact: OURS;expires=0\r\n"] {
        let (world, mut alice, mut raw) = pair();
        world.run(async {
            let id = alice.endpoint.register(config()).unwrap();
            let mut register = raw.receive().await.unwrap();
            for wait in [15..=30, 30..=60] {
                let bindings = bindings.replace("OURS", field(&register, "Contact"));
                raw.send(&response(&register, "200 OK", &bindings));
                let failed = alice.next().await;
                let Event::RegistrationFailed { cause, .. } = failed else { panic!("{failed:?}") };
                assert_eq!(cause, Cause::NotBound, "{bindings}");
                let (waited, next) = again(&alice, &mut raw).await;
                assert!(wait.contains(&waited), "{waited} s after {bindings}");
                register = next;
            }
            // There is nothing to take back.
            raw.send(&response(&register, "200 OK", others));
            assert!(matches!(alice.next().await, Event::RegistrationFailed { .. }));
            alice.endpoint.unregister(id).unwrap();
            assert_eq!(alice.next().await, over(id, false));
            assert_eq!(raw.receive().await, None);
        });
    }
}

/// Border elements write other Contacts into what passes them.
#[test]
fn a_binding_that_stands_alone_is_ours_however_it_was_rewritten() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        alice.endpoint.register(config()).unwrap();
        let register = raw.receive().await.unwrap();
        raw.send(&response(&register, "200 OK", "Contact: <sip:x@192.0.2.77>;expires=60\r\n"));
        assert!(matches!(alice.next().await, Event::Registered { expires: 60, .. }));
    });
}

#[test]
fn a_binding_of_a_second_is_refreshed_every_four() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        alice.endpoint.register(config()).unwrap();
        let mut register = raw.receive().await.unwrap();
        for _ in 0..3 {
            raw.send(&response(&register, "200 OK", "Expires: 1\r\n"));
            assert!(matches!(alice.next().await, Event::Registered { expires: 1, .. }));
            let (waited, next) = again(&alice, &mut raw).await;
            assert_eq!(waited, 4);
            register = next;
        }
    });
}

#[test]
fn no_registrar_is_counted_on_for_more_than_a_day() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        alice.endpoint.register(config()).unwrap();
        let register = raw.receive().await.unwrap();
        raw.send(&response(&register, "423 Interval Too Brief", "Min-Expires: 86401\r\n"));
        failed(&mut alice, 423).await;
        let (_, register) = again(&alice, &mut raw).await;
        assert_eq!(field(&register, "Expires"), "600");
        raw.send(&response(&register, "423 Interval Too Brief", "Min-Expires: 86400\r\n"));
        let register = raw.receive().await.unwrap();
        assert_eq!(field(&register, "Expires"), "86400");
        raw.send(&response(&register, "200 OK", "Expires: 4294967295\r\n"));
        assert!(matches!(alice.next().await, Event::Registered { expires: 86_400, .. }));
    });
}
