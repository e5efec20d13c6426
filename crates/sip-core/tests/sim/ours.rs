//! Whom requests may be for: users and hosts of ours; all else is 404. RFC 3261 §8.2.2.1.

use crate::abuse::up;
use crate::double::{CREDENTIALS, Double, Script};
use crate::raw::{Raw, Wanted, field, request, response};
use crate::registrations;
use crate::world::{Side, World};
use sip_core::manager::{Config, EndReason, Event, Ours};
use std::sync::Arc;

/// Bob, for whom this is his, and a stranger.
fn pair(ours: Ours, script: Script) -> (World, Side, Arc<Double>, Raw) {
    let world = World::perfect();
    let double = Double::new(world.runtime(2), script);
    let config = Config { ours, ..Config::default() };
    let bob = world.side_with(2, Arc::clone(&double) as _, config);
    let raw = Raw::new(&world, 9);
    (world, bob, double, raw)
}

/// A request for `uri`, its call and its branch called `name`.
fn asked(method: &str, uri: &str, name: &str, extra: &str) -> String {
    let text = request(&Wanted { method, branch: name, extra, ..Wanted::default() });
    let text = text.replacen("sip:bob@192.0.2.2", uri, 1);
    text.replace("Call-ID: raw", &format!("Call-ID: {name}"))
}

/// The status of the answer to `request`, without its phrase.
async fn answer(raw: &mut Raw, request: &str) -> String {
    raw.send(request);
    raw.status().await.unwrap().split(' ').next().unwrap().to_owned()
}

#[test]
fn what_is_for_another_host_is_404_and_asks_nobody() {
    let (world, mut bob, double, mut raw) = pair(Ours::default(), Script::default());
    world.run(async {
        for uri in
            ["sip:bob@192.0.2.3", "sip:bob@example.org", "sip:bob@192.0.2.3:5060", "tel:+123"]
        {
            for method in ["OPTIONS", "INVITE", "MESSAGE", "BYE"] {
                let status = answer(&mut raw, &asked(method, uri, "a", "")).await;
                assert_eq!(status, "404", "{method} {uri}");
            }
        }
        assert_eq!(bob.next_within(1).await, None);
    });
    assert_eq!(double.asked(), [""; 0]);
    bob.assert_empty();
}

#[test]
fn at_an_address_of_ours_anybody_is_asked_for_unless_users_are_listed() {
    let ours = Ours::of(["sip:bob@example.org", "sip:+49301@example.org"]);
    for (ours, uri, status) in [
        (Ours::default(), "sip:nobody@192.0.2.2", "200"),
        (Ours::default(), "sip:192.0.2.2", "200"),
        (ours.clone(), "sip:nobody@192.0.2.2", "404"),
        (ours.clone(), "sip:nobody@example.org", "404"),
        (ours.clone(), "sip:bob@192.0.2.2", "200"),
        (ours.clone(), "sip:%62ob@EXAMPLE.org", "200"),
        (ours.clone(), "sip:192.0.2.2", "200"),
        (ours.clone(), "tel:+49-30-1", "200"),
        (ours, "tel:+49-30-2", "404"),
    ] {
        let (world, mut bob, _, mut raw) = pair(ours, Script::default());
        world.run(async {
            let options = answer(&mut raw, &asked("OPTIONS", uri, "o", "")).await;
            assert_eq!(options, status, "OPTIONS {uri}");
            raw.send(&asked("INVITE", uri, "i", ""));
            if status == "200" {
                bob.incoming().await;
            } else {
                assert_eq!(raw.status().await.unwrap(), "404 Not Found", "INVITE {uri}");
                assert_eq!(bob.next_within(1).await, None, "{uri}");
                bob.assert_empty();
            }
        });
    }
}

/// Case F01: without a proof nobody learns which users there are.
#[test]
fn f01_a_user_is_looked_up_only_after_the_proof() {
    let ours = Ours { hides_users: true, ..Ours::of(["sip:bob@192.0.2.2"]) };
    let script = Script { challenges: true, ..Script::default() };
    let (world, mut bob, double, mut raw) = pair(ours, script);
    world.run(async {
        for (user, method, status) in [
            ("bob", "INVITE", "401"),
            ("bob", "MESSAGE", "401"),
            ("bob", "OPTIONS", "200"),
            ("nobody", "INVITE", "401"),
            ("nobody", "MESSAGE", "401"),
            ("nobody", "OPTIONS", "200"),
        ] {
            let text = asked(method, &format!("sip:{user}@192.0.2.2"), user, "");
            assert_eq!(answer(&mut raw, &text).await, status, "{method} {user}");
        }
        let nobody = asked("INVITE", "sip:nobody@192.0.2.2", "proved", CREDENTIALS);
        assert_eq!(answer(&mut raw, &nobody).await, "404");
        assert_eq!(bob.next_within(1).await, None);
        assert_eq!(double.count("abandon"), 1, "its call is forgotten");
        raw.send(&asked("INVITE", "sip:bob@192.0.2.2", "bobs", CREDENTIALS));
        bob.incoming().await;
    });
}

/// The security manager has heard of it, and hears that there is no call.
#[test]
fn who_is_let_in_without_a_proof_and_asks_for_nobody_leaves_nothing() {
    let (world, bob, double, mut raw) = pair(Ours::of(["sip:bob@192.0.2.2"]), Script::default());
    world.run(async {
        let invite = asked("INVITE", "sip:nobody@192.0.2.2", "a", "");
        assert_eq!(answer(&mut raw, &invite).await, "404");
        bob.assert_empty();
    });
    assert_eq!(double.asked(), ["request_received INVITE", "abandon"]);
}

/// Case X03, RFC 5630 §5.1.2.
#[test]
fn x03_a_sips_uri_that_does_not_come_over_tls_is_480() {
    let (world, mut bob, _, mut raw) = pair(Ours::default(), Script::default());
    world.run(async {
        for method in ["OPTIONS", "INVITE"] {
            raw.send(&asked(method, "sips:bob@192.0.2.2", "a", ""));
            let answer = raw.receive().await.unwrap();
            assert!(answer.starts_with("SIP/2.0 480 "), "{answer}");
            assert_eq!(field(&answer, "Warning"), "380 192.0.2.2:5060 \"SIPS Not Allowed\"");
        }
        assert_eq!(bob.next_within(1).await, None);
    });
    bob.assert_empty();
}

/// Promise 6: the warning goes before a small datagram's answer would be larger than twice that.
#[test]
fn x06_a_warning_is_left_out_where_it_would_be_too_much() {
    let (world, _bob, _, mut raw) = pair(Ours::default(), Script::default());
    let small = "OPTIONS sips:b@h SIP/2.0\r\nv:SIP/2.0/UDP h;branch=z9hG4bK1\r\nf:<sip:a>;tag=1\r\n\
                 t:<sip:b>\r\ni:1\r\nCSeq:1 OPTIONS\r\n\r\n";
    world.run(async {
        raw.send(small);
        let answer = raw.receive().await.unwrap();
        assert!(answer.starts_with("SIP/2.0 480 ") && !answer.contains("Warning"), "{answer}");
        assert!(answer.len() <= 2 * small.len(), "{answer}");
    });
}

/// What names a dialog says whose it is.
#[test]
fn within_a_dialog_any_uri_is_ours() {
    let (world, mut bob, _, mut raw) = pair(Ours::of(["sip:bob@192.0.2.2"]), Script::default());
    world.run(async {
        let (id, tag) = up(&mut bob, &mut raw).await;
        let within =
            |method, cseq| Wanted { method, branch: method, cseq, to_tag: &tag, extra: "" };
        for (method, cseq, uri) in [("OPTIONS", 2, "sip:x@example.org"), ("BYE", 3, "tel:+1")] {
            let text = request(&within(method, cseq)).replacen("sip:bob@192.0.2.2", uri, 1);
            assert_eq!(answer(&mut raw, &text).await, "200", "{method}");
        }
        assert_eq!(bob.next().await, Event::Ended { id, reason: EndReason::Remote });
    });
}

/// A registrar knows us by the Contact that we gave it, and proxies rewrite the rest.
#[test]
fn a_registered_contact_is_ours_at_any_host_while_it_is_registered() {
    let world = World::perfect();
    let double = Double::new(world.runtime(1), Script::default());
    let config = Config { ours: Ours::of(["sip:alice@example.org"]), ..Config::default() };
    let mut alice = world.side_with(1, double, config);
    let mut raw = Raw::to_alice(&world, 9);
    world.run(async {
        let id = alice.endpoint.register(registrations::config()).unwrap();
        let register = raw.receive().await.unwrap();
        raw.send(&response(&register, "200 OK", "Expires: 600\r\n"));
        let Event::Registered { contact_user, .. } = alice.next().await else { panic!() };
        let uris = ["192.0.2.1:5060", "203.0.113.7:40000", "example.org"];
        let uris = uris.map(|host| format!("sip:{contact_user}@{host}"));
        for uri in &uris {
            assert_eq!(answer(&mut raw, &asked("OPTIONS", uri, "a", "")).await, "200", "{uri}");
        }
        alice.endpoint.unregister(id).unwrap();
        let last = raw.receive().await.unwrap();
        raw.send(&response(&last, "200 OK", ""));
        assert!(matches!(alice.next().await, Event::Unregistered { .. }));
        for uri in &uris {
            assert_eq!(answer(&mut raw, &asked("OPTIONS", uri, "b", "")).await, "404", "{uri}");
        }
    });
}
