//! A registration's refreshes say again what the registrar accepted. RFC 7616 §3.4.

use crate::answers::scripted;
use crate::double::{CHALLENGE, Script};
use crate::raw::{Raw, field, response};
use crate::registrations::config;
use crate::world::Side;
use sip_core::manager::{Cause, Event, RegisterConfig};
use ssa::{Incoming, Why};
use std::net::IpAddr;
use std::time::Duration;

fn proves(register: &str) -> bool {
    register.contains("\r\nAuthorization: ")
}

async fn next(raw: &mut Raw) -> String {
    let register = raw.receive_within(16).await.unwrap();
    assert!(register.starts_with("REGISTER "), "{register}");
    register
}

/// Grants 100 s, and waits until they are soon to be refreshed: after 54.4 to 68 s.
async fn grant(alice: &mut Side, raw: &Raw, register: &str) {
    let contact = field(register, "Contact");
    raw.send(&response(register, "200 OK", &format!("Contact: {contact};expires=100\r\n")));
    assert!(matches!(alice.next().await, Event::Registered { expires: 100, .. }));
    raw.sleep(Duration::from_secs(54)).await;
}

/// Registers: one challenge, answered.
async fn register(alice: &mut Side, raw: &mut Raw, config: RegisterConfig) {
    alice.endpoint.register(config).unwrap();
    let first = next(raw).await;
    assert!(!proves(&first), "{first}");
    raw.send(&response(&first, "401 Unauthorized", CHALLENGE));
    let second = next(raw).await;
    assert!(proves(&second), "{second}");
    grant(alice, raw, &second).await;
}

#[test]
fn six_refreshes_are_six_requests() {
    let (world, mut alice, double, mut raw) = scripted(Script::default());
    world.run(async {
        register(&mut alice, &mut raw, config()).await;
        for cseq in 3..9 {
            let refresh = next(&mut raw).await;
            assert!(proves(&refresh), "{refresh}");
            assert_eq!(field(&refresh, "CSeq"), format!("{cseq} REGISTER"));
            grant(&mut alice, &raw, &refresh).await;
        }
    });
    // Always by the plan for the first challenge.
    assert_eq!(double.count("got_401_unauthorized REGISTER 1"), 1);
    assert_eq!(double.count("authorize REGISTER 8 Plan(1)"), 1, "{:?}", double.asked());
}

#[test]
fn a_refresh_that_is_challenged_is_answered_and_the_next_says_that_again() {
    let (world, mut alice, double, mut raw) = scripted(Script::default());
    world.run(async {
        register(&mut alice, &mut raw, config()).await;
        let refresh = next(&mut raw).await;
        raw.send(&response(&refresh, "401 Unauthorized", CHALLENGE));
        let again = next(&mut raw).await;
        assert!(proves(&again), "{again}");
        grant(&mut alice, &raw, &again).await;
        assert!(proves(&next(&mut raw).await));
    });
    assert_eq!(double.count("authorize REGISTER 5 Plan(3)"), 1, "{:?}", double.asked());
}

#[test]
fn what_was_refused_is_not_said_again() {
    let (world, mut alice, _, mut raw) = scripted(Script::default());
    world.run(async {
        register(&mut alice, &mut raw, config()).await;
        let refresh = next(&mut raw).await;
        raw.send(&response(&refresh, "503 Service Unavailable", ""));
        assert!(matches!(alice.next().await, Event::RegistrationFailed { .. }));
        raw.sleep(Duration::from_secs(40)).await;
        let anew = next(&mut raw).await;
        assert!(!proves(&anew), "{anew}");
    });
}

#[test]
fn a_refresh_that_is_not_authorized_leaves_without() {
    let (world, mut alice, _, mut raw) = scripted(Script { signs_once: true, ..Script::default() });
    world.run(async {
        register(&mut alice, &mut raw, config()).await;
        let refresh = next(&mut raw).await;
        assert!(!proves(&refresh), "{refresh}");
        grant(&mut alice, &raw, &refresh).await;
    });
}

/// A17: the credentials are for the hop that challenged.
#[test]
fn a17_a_refresh_to_another_address_proves_nothing_unasked() {
    let (world, mut alice, _, mut raw) = scripted(Script::default());
    let mut other = Raw::to_alice(&world, 8);
    let name = |host: u8| {
        world.sim.set_name("registrar.example", &[IpAddr::from([192, 0, 2, host])]);
    };
    name(9);
    world.run(async {
        let config = RegisterConfig { registrar: "sip:registrar.example".to_owned(), ..config() };
        register(&mut alice, &mut raw, config).await;
        name(8);
        let refresh = next(&mut other).await;
        assert!(!proves(&refresh), "{refresh}");
    });
}

/// RFC 3261 §10.2.8: what was learnt of one interval does not count against the next.
#[test]
fn a_longer_interval_is_taken_over_once_for_each_refresh_of_a_registration() {
    let (world, mut alice, _, mut raw) = scripted(Script::default());
    world.run(async {
        alice.endpoint.register(config()).unwrap();
        for least in [1_800, 3_600, 7_200] {
            let register = next(&mut raw).await;
            let brief = format!("Min-Expires: {least}\r\n");
            raw.send(&response(&register, "423 Interval Too Brief", &brief));
            let longer = next(&mut raw).await;
            assert_eq!(field(&longer, "Expires"), least.to_string());
            grant(&mut alice, &raw, &longer).await;
        }
    });
}

/// A registrar that is not believed may have bound us all the same: that is taken back.
#[test]
fn what_an_untrusted_registrar_may_have_bound_is_taken_back() {
    let why = Why::ProofMissing;
    let doubts = Script { trust: Incoming::AckThenBye(why), ..Script::default() };
    let (world, mut alice, _, mut raw) = scripted(doubts);
    world.run(async {
        let id = alice.endpoint.register(config()).unwrap();
        let register = next(&mut raw).await;
        let contact = field(&register, "Contact");
        raw.send(&response(&register, "200 OK", &format!("Contact: {contact};expires=100\r\n")));
        let event = alice.next().await;
        let Event::RegistrationFailed { cause, .. } = event else { panic!("{event:?}") };
        assert_eq!(cause, Cause::Security(why));
        alice.endpoint.unregister(id).unwrap();
        let last = next(&mut raw).await;
        assert_eq!((field(&last, "Expires"), field(&last, "Contact")), ("0", contact));
    });
}

/// The way stays open for as long as the registrar may keep us, and no longer.
#[test]
fn a_refresh_that_fails_keeps_the_way_open_and_one_that_is_refused_does_not() {
    for (status, open) in [("500 Trouble", true), ("403 Forbidden", false)] {
        let (world, mut alice, _, mut raw) = scripted(Script::default());
        world.run(async {
            alice.endpoint.register(config()).unwrap();
            let register = next(&mut raw).await;
            grant(&mut alice, &raw, &register).await;
            let refresh = next(&mut raw).await;
            raw.send(&response(&refresh, status, "Retry-After: 900\r\n"));
            assert!(matches!(alice.next().await, Event::RegistrationFailed { .. }));
            let pings = || world.wire.count("192.0.2.1 \r\n\r\n");
            let before = pings();
            assert!(before > 0, "{:?}", world.wire.lines());
            raw.sleep(Duration::from_secs(60)).await;
            assert_eq!(pings() > before, open, "{status}");
        });
    }
}

#[test]
fn what_is_being_taken_back_is_taken_back_once() {
    let (world, mut alice, _, mut raw) = scripted(Script::default());
    world.run(async {
        let id = alice.endpoint.register(config()).unwrap();
        let register = next(&mut raw).await;
        let contact = field(&register, "Contact");
        raw.send(&response(&register, "200 OK", &format!("Contact: {contact};expires=100\r\n")));
        assert!(matches!(alice.next().await, Event::Registered { .. }));
        for _ in 0..2 {
            alice.endpoint.unregister(id).unwrap();
        }
        let last = next(&mut raw).await;
        assert_eq!(field(&last, "Expires"), "0");
        raw.send(&response(&last, "200 OK", ""));
        assert_eq!(raw.receive().await, None);
    });
    assert_eq!(world.wire.count("192.0.2.1 REGISTER"), 2);
}
