//! A domain whose servers are found by its NAPTR and SRV records. RFC 3263, cases T16 and X08.

use crate::double::Script;
use crate::failover::{answer, got_through, heard, methods, start, trio};
use crate::raw::response;
use crate::world::{ALICE, Side, World, named, sdp};
use net::{Naptr, Srv, Transport};
use sip_core::driver::{locate, transports};
use sip_core::locate::{Servers, Wanted};
use sip_core::manager::{Cause, Event};
use ssa::Open;
use std::sync::Arc;
use std::time::Duration;

/// As the name of [`trio`], which has addresses of its own too.
const NAME: &str = "pbx.example.org";
const TO: &str = "sip:bob@pbx.example.org";
const FIRST: u8 = 8;
const SECOND: u8 = 9;

fn srv(priority: u16, port: u16, target: &str) -> Srv {
    Srv { priority, weight: 1, port, target: target.to_owned() }
}

fn naptr(order: u16, services: &str, replacement: &str) -> Naptr {
    let [services, replacement] = [services, replacement].map(str::to_owned);
    Naptr {
        order,
        preference: 1,
        flags: "S".to_owned(),
        services,
        regexp: String::new(),
        replacement,
    }
}

/// The name's service over UDP is at the first host, or else at the second.
fn two_hosts(world: &World) {
    world.sim.set_name("one.example.org", &[[192, 0, 2, FIRST].into()]);
    world.sim.set_name("two.example.org", &[[192, 0, 2, SECOND].into()]);
    let records = [srv(20, 5060, "two.example.org"), srv(10, 5060, "one.example.org")];
    world.sim.set_srv("_sip._udp.pbx.example.org", &records);
    // Nothing of SIP is at the domain's own address.
    world.sim.set_name(NAME, &[[192, 0, 2, 77].into()]);
}

#[test]
fn t16_of_two_hosts_of_a_service_the_second_is_tried_where_the_first_is_dead() {
    for method in ["INVITE", "OPTIONS", "MESSAGE", "REGISTER"] {
        let (world, mut alice, mut first, mut second) = trio(Script::default());
        two_hosts(&world);
        world.run(async {
            start(&alice, method);
            alice.sleep(Duration::from_secs(32)).await;
            let request = second.receive().await.unwrap();
            second.send(&answer(&request, "200 OK", SECOND));
            assert!(got_through(&alice.next().await), "{method}");
            assert_eq!(methods(&heard(&mut first).await), [method]);
        });
    }
}

#[test]
fn t16_a_host_that_has_no_room_is_tried_last_for_as_long_as_it_says() {
    let (world, mut alice, mut first, mut second) = trio(Script::default());
    two_hosts(&world);
    world.run(async {
        start(&alice, "OPTIONS");
        let options = first.receive().await.unwrap();
        first.send(&response(&options, "503 Service Unavailable", "Retry-After: 60\r\n"));
        let options = second.receive().await.unwrap();
        second.send(&answer(&options, "200 OK", SECOND));
        assert!(got_through(&alice.next().await));
        // The domain prefers the first, which has asked to be left alone.
        for (wait, host) in [(50, SECOND), (20, FIRST)] {
            alice.sleep(Duration::from_secs(wait)).await;
            start(&alice, "OPTIONS");
            let raw = if host == FIRST { &mut first } else { &mut second };
            let options = raw.receive().await.unwrap_or_else(|| panic!("not to {host}"));
            raw.send(&answer(&options, "200 OK", host));
            assert!(got_through(&alice.next().await));
        }
    });
}

#[test]
fn t16_an_address_that_failed_is_tried_again_ten_minutes_later() {
    let (world, mut alice, mut first, mut second) = trio(Script::default());
    two_hosts(&world);
    world.run(async {
        start(&alice, "OPTIONS");
        alice.sleep(Duration::from_secs(32)).await;
        for wait in [0, 500] {
            alice.sleep(Duration::from_secs(wait)).await;
            if wait > 0 {
                start(&alice, "OPTIONS");
            }
            let options = second.receive().await.unwrap();
            second.send(&answer(&options, "200 OK", SECOND));
            assert!(got_through(&alice.next().await));
        }
        heard(&mut first).await;
        alice.sleep(Duration::from_secs(100)).await;
        start(&alice, "OPTIONS");
        assert_eq!(methods(&heard(&mut first).await), ["OPTIONS"]);
    });
}

/// Alice calls, and Bob, who is at the port that his records say or at 5060, hears it.
fn calls(world: &World, to: &str) -> Vec<String> {
    let alice = world.side(1, Arc::new(Open));
    let mut bob = world.side_with(2, Arc::new(Open), named(&[NAME]));
    world.run(async {
        alice.call(ALICE, to, sdp("offer"));
        bob.incoming().await;
    });
    world.wire.lines()
}

#[test]
fn t16_naptr_chooses_the_transport() {
    let world = World::perfect();
    world.sim.set_naptr(
        NAME,
        &[
            naptr(20, "SIP+D2U", "_sip._udp.pbx.example.org"),
            naptr(10, "SIP+D2T", "_sip._tcp.far.example"),
        ],
    );
    world.sim.set_srv("_sip._udp.pbx.example.org", &[srv(1, 5060, "dead.example")]);
    world.sim.set_srv("_sip._tcp.far.example", &[srv(1, 5060, "bob.far.example")]);
    world.sim.set_name("bob.far.example", &[[192, 0, 2, 2].into()]);
    let wire = calls(&world, TO);
    assert_eq!(wire.first().map(String::as_str), Some("192.0.2.1 INVITE tcp"));
    // Who says a transport is not told another one.
    let world = World::perfect();
    world.sim.set_naptr(NAME, &[naptr(10, "SIP+D2T", "_sip._tcp.far.example")]);
    world.sim.set_srv("_sip._udp.pbx.example.org", &[srv(1, 5060, "bob.far.example")]);
    world.sim.set_name("bob.far.example", &[[192, 0, 2, 2].into()]);
    let wire = calls(&world, &format!("{TO};transport=udp"));
    assert_eq!(wire.first().map(String::as_str), Some("192.0.2.1 INVITE"));
}

#[test]
fn a_domain_without_srv_records_is_called_at_its_address_and_so_is_one_with_a_port() {
    for (to, has_srv) in [(TO.to_owned(), false), (format!("{TO}:5060"), true)] {
        let world = World::perfect();
        world.sim.set_name(NAME, &[[192, 0, 2, 2].into()]);
        if has_srv {
            world.sim.set_srv("_sip._udp.pbx.example.org", &[srv(1, 5070, "dead.example")]);
        }
        assert_eq!(calls(&world, &to).first().map(String::as_str), Some("192.0.2.1 INVITE"));
    }
}

#[test]
fn x08_ten_thousand_records_are_sixteen_hosts_and_five_attempts() {
    let (world, mut alice, mut first, second) = trio(Script::default());
    drop(second);
    world.sim.set_naptr(NAME, &[naptr(1, "SIP+D2U", NAME), naptr(2, "SIP+D2U", NAME)]);
    let many: Vec<Srv> =
        (0..10_000).map(|at| srv(1, 1000 + at % 5000, "one.example.org")).collect();
    world.sim.set_srv(NAME, &many);
    world.sim.set_name("one.example.org", &[[192, 0, 2, FIRST].into()]);
    world.run(async {
        let before = alice.runtime.now();
        start(&alice, "OPTIONS");
        let Event::RequestAnswered { outcome, .. } = alice.next().await else { panic!() };
        assert_eq!(outcome, Err(Cause::Timeout));
        assert_eq!((alice.runtime.now() - before).as_secs(), 160, "five attempts");
        assert!(heard(&mut first).await.len() <= 11, "at most one of the ports is 5060");
    });
}

/// What looking for the servers of a name comes to, and after how long.
async fn located(alice: &Side, world: &World, to: &str) -> (Result<Servers, String>, Duration) {
    let (runtime, network) = world.sim.host([192, 0, 2, 1].into());
    let wanted = Wanted::of(to, None, 1).unwrap().unwrap();
    let transports = transports(&*network, [Transport::Udp]);
    let before = alice.runtime.now();
    let found = locate(runtime, network, wanted, transports, Duration::from_secs(6)).await;
    (found.map_err(|error| error.to_string()), alice.runtime.now() - before)
}

#[test]
fn dns_that_never_answers_ends_the_search_and_the_error_says_what_was_asked() {
    let (world, mut alice, _first, _second) = trio(Script::default());
    two_hosts(&world);
    for silent in [NAME, "_sip._udp.pbx.example.org", "_sip._tcp.pbx.example.org"] {
        world.sim.silence_name(silent);
    }
    world.run(async {
        let id = alice.call(ALICE, TO, sdp("offer"));
        assert_eq!(alice.next().await, Event::Failed { id, cause: Cause::Unresolved });
        let (found, after) = located(&alice, &world, TO).await;
        let why = found.unwrap_err();
        assert_eq!(after, Duration::from_secs(6));
        for asked in [
            "cannot resolve pbx.example.org: ",
            "nobody tells the NAPTR records of pbx.example.org",
            "the SRV records of _sip._udp.pbx.example.org",
            "the addresses of pbx.example.org",
        ] {
            assert!(why.contains(asked), "{asked}: {why}");
        }
    });
    // What need not be known is done without.
    let (world, alice, mut first, _) = trio(Script::default());
    two_hosts(&world);
    for silent in [NAME, "two.example.org"] {
        world.sim.silence_name(silent);
    }
    world.run(async {
        let (found, after) = located(&alice, &world, TO).await;
        let addresses = vec![([192, 0, 2, FIRST], 5060).into()];
        assert_eq!(found, Ok(Servers { transport: Some(Transport::Udp), addresses }));
        assert!(after <= Duration::from_secs(6), "{after:?}");
        assert_eq!(first.receive().await, None);
    });
}

#[test]
fn where_a_domain_says_it_has_no_service_nobody_is_called_and_the_error_says_so() {
    let (world, mut alice, mut first, _) = trio(Script::default());
    two_hosts(&world);
    world.sim.set_srv("_sip._udp.pbx.example.org", &[srv(0, 0, ".")]);
    world.run(async {
        let id = alice.call(ALICE, TO, sdp("offer"));
        assert_eq!(alice.next().await, Event::Failed { id, cause: Cause::Unresolved });
        let why = located(&alice, &world, TO).await.0.unwrap_err();
        assert!(why.contains("pbx.example.org: its SRV records say that it has no"), "{why}");
        assert_eq!(first.receive().await, None);
    });
}
