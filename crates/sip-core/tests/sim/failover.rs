//! A host name with two addresses, of which the first fails: the request gets through by the
//! second. RFC 3263 §4.3, case T16.

use crate::answers;
use crate::double::{CHALLENGE, Double, Script};
use crate::raw::{Raw, field, response};
use crate::registrations::config;
use crate::world::{ALICE, Side, World, connected, named, sdp};
use sip_core::Method;
use sip_core::locate::Servers;
use sip_core::manager::{self, CallId, Cause, EndReason, Event, NextHop, RegisterConfig};
use ssa::{Body, Open};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

const NAME: &str = "pbx.example.org";
const TO: &str = "sip:bob@pbx.example.org";
const FIRST: u8 = 8;
const SECOND: u8 = 9;
/// 64*T1: what silence takes.
const SILENCE: Duration = Duration::from_secs(32);

/// The name, and the addresses it has.
fn name(world: &World, hosts: &[u8]) {
    let all: Vec<IpAddr> = hosts.iter().map(|host| [192, 0, 2, *host].into()).collect();
    world.sim.set_name(NAME, &all);
}

/// Alice, and the two peers that have the name.
pub(crate) fn trio(script: Script) -> (World, Side, Raw, Raw) {
    let world = World::perfect();
    name(&world, &[FIRST, SECOND]);
    let alice = world.side(1, Double::new(world.runtime(1), script));
    let (first, second) = (Raw::to_alice(&world, FIRST), Raw::to_alice(&world, SECOND));
    (world, alice, first, second)
}

/// An answer of `host`'s, with its To tag.
fn tagged(request: &str, status: &str, host: u8, extra: &str) -> String {
    answers::response(request, status, &format!("t{host}"), extra)
}

/// The same with a Contact: of a registrar's, the binding.
pub(crate) fn answer(request: &str, status: &str, host: u8) -> String {
    let contact = match request.starts_with("REGISTER ") {
        true => field(request, "Contact").to_owned(),
        false => format!("<sip:bob@192.0.2.{host}>"),
    };
    tagged(request, status, host, &format!("Contact: {contact}\r\n"))
}

/// What stays the same from address to address, and the branch, which does not.
fn identity(request: &str) -> ([&str; 5], &str) {
    let rows = ["From", "To", "Call-ID", "CSeq", "Max-Forwards"].map(|name| field(request, name));
    (rows, field(request, "Via").split_once("branch=").unwrap().1)
}

/// All that comes within a second.
pub(crate) async fn heard(raw: &mut Raw) -> Vec<String> {
    let mut all = Vec::new();
    while let Some(message) = raw.receive().await {
        all.push(message);
    }
    all
}

/// Their methods, each once in a row.
pub(crate) fn methods(messages: &[String]) -> Vec<&str> {
    let mut all: Vec<_> = messages.iter().map(|it| it.split(' ').next().unwrap()).collect();
    all.dedup();
    all
}

/// A request of each kind to the name.
pub(crate) fn start(alice: &Side, method: &str) -> Option<CallId> {
    match method {
        "INVITE" => return Some(alice.call(ALICE, TO, sdp("offer"))),
        "REGISTER" => {
            let registrar = format!("sip:{NAME}");
            alice.endpoint.register(RegisterConfig { registrar, ..config() }).unwrap();
        }
        "OPTIONS" => _ = alice.endpoint.options(ALICE, TO, None).unwrap(),
        _ => {
            let text = Body { content_type: Some(b"text/plain".to_vec()), octets: "hi".into() };
            _ = alice.endpoint.request(Method::MESSAGE, ALICE, TO, None, text).unwrap();
        }
    }
    None
}

/// Whether an event says that a request got through.
pub(crate) fn got_through(event: &Event) -> bool {
    matches!(
        event,
        Event::Answered { .. }
            | Event::Registered { .. }
            | Event::RequestAnswered { outcome: Ok(200), .. }
    )
}

#[test]
fn t16_a_refused_connection_leads_to_the_next_address() {
    let world = World::perfect();
    // Nobody listens at the first.
    let _first = Raw::to_alice(&world, FIRST);
    name(&world, &[FIRST, 2]);
    let mut alice = world.side(1, Arc::new(Open));
    let mut bob = world.side_with(2, Arc::new(Open), named(&[NAME]));
    world.run(async {
        let to = format!("{TO};transport=tcp");
        let (call, id) = connected(&mut alice, &mut bob, (ALICE, &to)).await;
        alice.endpoint.hang_up(call).unwrap();
        assert_eq!(alice.next().await, Event::Ended { id: call, reason: EndReason::Local });
        assert_eq!(bob.next().await, Event::Ended { id, reason: EndReason::Remote });
        alice.endpoint.options(ALICE, &to, None).unwrap();
        assert!(got_through(&alice.next().await));
        alice.sleep(Duration::from_secs(70)).await;
    });
    alice.assert_empty();
}

#[test]
fn t16_a_503_leads_to_the_next_address_with_the_same_request_on_another_branch() {
    for method in ["INVITE", "OPTIONS", "MESSAGE", "REGISTER"] {
        let (world, mut alice, mut first, mut second) = trio(Script::default());
        world.run(async {
            start(&alice, method);
            let one = first.receive().await.unwrap();
            first.send(&response(&one, "503 Service Unavailable", "Retry-After: 60\r\n"));
            let two = second.receive().await.unwrap();
            assert!(two.starts_with(&format!("{method} ")), "{two}");
            assert_eq!(identity(&one).0, identity(&two).0);
            assert_ne!(identity(&one).1, identity(&two).1);
            second.send(&answer(&two, "200 OK", SECOND));
            assert!(got_through(&alice.next().await), "{method}");
            let acks: &[&str] = if method == "INVITE" { &["ACK"] } else { &[] };
            assert_eq!(methods(&heard(&mut first).await), acks, "{method}");
            assert_eq!(methods(&heard(&mut second).await), acks, "{method}");
        });
    }
}

#[test]
fn t16_the_last_addresss_answer_is_the_outcome() {
    let (world, mut alice, mut first, mut second) = trio(Script::default());
    world.run(async {
        let id = start(&alice, "INVITE").unwrap();
        for raw in [&mut first, &mut second] {
            let invite = raw.receive().await.unwrap();
            raw.send(&response(&invite, "503 Service Unavailable", "Retry-After: 60\r\n"));
        }
        let cause = Cause::Later(503, Duration::from_secs(60));
        assert_eq!(alice.next().await, Event::Failed { id, cause });
    });
    // Any other refusal is an answer: nobody else is asked.
    let (world, mut alice, mut first, mut second) = trio(Script::default());
    world.run(async {
        let id = start(&alice, "INVITE").unwrap();
        let invite = first.receive().await.unwrap();
        first.send(&answer(&invite, "486 Busy Here", FIRST));
        assert_eq!(alice.next().await, Event::Failed { id, cause: Cause::Status(486) });
        assert_eq!(second.receive().await, None);
    });
}

#[test]
fn t16_silence_leads_to_the_next_address_and_a_late_2xx_of_the_first_is_ended() {
    let (world, mut alice, mut first, mut second) = trio(Script::default());
    world.run(async {
        let id = start(&alice, "INVITE").unwrap();
        alice.sleep(SILENCE).await;
        let two = second.receive().await.unwrap();
        second.send(&answer(&two, "200 OK", SECOND));
        assert!(got_through(&alice.next().await));
        assert!(second.receive().await.unwrap().starts_with("ACK sip:bob@192.0.2.9 "));
        let unanswered = heard(&mut first).await;
        assert_eq!(methods(&unanswered), ["INVITE"]);
        let one = unanswered.first().unwrap();
        assert_eq!(identity(one).0, identity(&two).0);
        assert_ne!(identity(one).1, identity(&two).1);
        // The first had it all the while, and its user picks up now.
        let ok = answer(one, "200 OK", FIRST);
        first.send(&ok);
        let ended = heard(&mut first).await;
        assert_eq!(methods(&ended), ["ACK", "BYE"]);
        first.send(&response(ended.last().unwrap(), "200 OK", ""));
        first.send(&ok);
        assert_eq!(methods(&heard(&mut first).await).last(), Some(&"ACK"));
        // The call is the second's, and its requests go there.
        assert_eq!(alice.next_within(1).await, None);
        alice.endpoint.hang_up(id).unwrap();
        let bye = second.receive().await.unwrap();
        assert!(bye.starts_with("BYE sip:bob@192.0.2.9 "), "{bye}");
        second.send(&response(&bye, "200 OK", ""));
        assert_eq!(alice.next().await, Event::Ended { id, reason: EndReason::Local });
        alice.sleep(Duration::from_secs(70)).await;
        assert!(heard(&mut first).await.is_empty());
    });
    alice.assert_empty();
}

#[test]
fn t16_requests_of_every_kind_get_through_by_the_second_address() {
    for method in ["OPTIONS", "MESSAGE", "REGISTER"] {
        let (world, mut alice, first, mut second) = trio(Script::default());
        world.run(async {
            start(&alice, method);
            alice.sleep(SILENCE).await;
            let request = second.receive().await.unwrap();
            second.send(&answer(&request, "200 OK", SECOND));
            assert!(got_through(&alice.next().await), "{method}");
        });
        drop(first);
    }
}

#[test]
fn t16_who_has_said_anything_is_not_given_up_for_another() {
    let (world, mut alice, mut first, mut second) = trio(Script::default());
    world.run(async {
        start(&alice, "OPTIONS");
        let options = first.receive().await.unwrap();
        first.send(&response(&options, "100 Trying", ""));
        let told = alice.next().await;
        assert!(matches!(told, Event::RequestAnswered { outcome: Err(Cause::Timeout), .. }));
        assert_eq!(second.receive().await, None);
    });
}

#[test]
fn t16_an_address_that_failed_is_tried_last_from_then_on() {
    let (world, mut alice, mut first, mut second) = trio(Script::default());
    world.run(async {
        start(&alice, "REGISTER");
        alice.sleep(SILENCE).await;
        let register = second.receive().await.unwrap();
        second.send(&answer(&register, "200 OK", SECOND));
        assert!(got_through(&alice.next().await));
        assert!(!heard(&mut first).await.is_empty());
        // No call waits for what the registration has found out.
        start(&alice, "INVITE");
        let invite = second.receive().await.unwrap();
        second.send(&answer(&invite, "503 Service Unavailable", SECOND));
        let invite = first.receive().await.unwrap();
        first.send(&answer(&invite, "200 OK", FIRST));
        assert!(got_through(&alice.next().await));
        start(&alice, "OPTIONS");
        assert_eq!(methods(&heard(&mut first).await), ["ACK", "OPTIONS"]);
        assert_eq!(methods(&heard(&mut second).await), ["ACK"]);
    });
}

#[test]
fn t16_credentials_are_not_taken_to_the_next_address() {
    let (world, mut alice, mut first, mut second) = trio(Script::default());
    world.run(async {
        start(&alice, "INVITE");
        let invite = first.receive().await.unwrap();
        first.send(&tagged(&invite, "401 Unauthorized", FIRST, CHALLENGE));
        assert!(first.receive().await.unwrap().starts_with("ACK "));
        let proved = first.receive().await.unwrap();
        assert!(proved.contains("\r\nAuthorization: "), "{proved}");
        first.send(&response(&proved, "503 Service Unavailable", ""));
        let bare = second.receive().await.unwrap();
        assert!(!bare.contains("Authorization"), "{bare}");
        assert_eq!(identity(&bare).0, identity(&proved).0);
        // Who is there asks for itself.
        second.send(&tagged(&bare, "401 Unauthorized", SECOND, CHALLENGE));
        assert!(second.receive().await.unwrap().starts_with("ACK "));
        let proved = second.receive().await.unwrap();
        assert!(proved.contains("\r\nAuthorization: "), "{proved}");
        second.send(&answer(&proved, "200 OK", SECOND));
        assert!(got_through(&alice.next().await));
    });
}

#[test]
fn t16_a_call_that_is_hung_up_goes_to_no_further_address() {
    let (world, mut alice, mut first, mut second) = trio(Script::default());
    world.run(async {
        let id = start(&alice, "INVITE").unwrap();
        alice.sleep(Duration::from_secs(10)).await;
        alice.endpoint.hang_up(id).unwrap();
        assert_eq!(alice.next().await, Event::Ended { id, reason: EndReason::Local });
        alice.sleep(2 * SILENCE).await;
        assert_eq!(second.receive().await, None);
        assert_eq!(methods(&heard(&mut first).await), ["INVITE"]);
    });
    alice.assert_empty();
}

#[test]
fn t16_a_hang_up_cancels_where_the_call_rings() {
    let (world, mut alice, mut first, mut second) = trio(Script::default());
    world.run(async {
        let id = start(&alice, "INVITE").unwrap();
        alice.sleep(SILENCE).await;
        let invite = second.receive().await.unwrap();
        second.send(&answer(&invite, "180 Ringing", SECOND));
        assert_eq!(alice.next().await, Event::Ringing { id, status: 180, answer: None });
        alice.endpoint.hang_up(id).unwrap();
        assert_eq!(alice.next().await, Event::Ended { id, reason: EndReason::Local });
        let cancel = second.receive().await.unwrap();
        assert!(cancel.starts_with("CANCEL "), "{cancel}");
        assert_eq!(identity(&cancel).1, identity(&invite).1);
        second.send(&response(&cancel, "200 OK", ""));
        second.send(&answer(&invite, "487 Request Terminated", SECOND));
        // The first was asked before there was anything to cancel: whoever picks up is told.
        let unanswered = heard(&mut first).await;
        assert_eq!(methods(&unanswered), ["INVITE"]);
        first.send(&answer(unanswered.first().unwrap(), "200 OK", FIRST));
        let ended = heard(&mut first).await;
        assert_eq!(methods(&ended), ["ACK", "BYE"]);
        first.send(&response(ended.last().unwrap(), "200 OK", ""));
        alice.sleep(Duration::from_secs(70)).await;
    });
    alice.assert_empty();
}

#[test]
fn t16_five_addresses_are_tried_and_a_call_rings_no_longer_for_them() {
    let world = World::perfect();
    name(&world, &[21, 22, 23, 24, 25, SECOND]);
    let mut alice = world.side(1, Arc::new(Open));
    let mut last = Raw::to_alice(&world, SECOND);
    world.run(async {
        let before = alice.runtime.now();
        start(&alice, "OPTIONS");
        let told = alice.next().await;
        assert!(matches!(told, Event::RequestAnswered { outcome: Err(Cause::Timeout), .. }));
        assert_eq!((alice.runtime.now() - before).as_secs(), 160);
        assert_eq!(last.receive().await, None);
        // The sixth is the first of those that have not failed.
        start(&alice, "OPTIONS");
        assert!(last.receive().await.is_some());
    });
    let world = World::perfect();
    name(&world, &[21, 22, SECOND]);
    let config = manager::Config { ring: Duration::from_secs(50), ..manager::Config::default() };
    let mut alice = world.side_with(1, Arc::new(Open), config);
    let mut last = Raw::to_alice(&world, SECOND);
    world.run(async {
        let before = alice.runtime.now();
        let id = start(&alice, "INVITE").unwrap();
        assert_eq!(alice.next().await, Event::Failed { id, cause: Cause::Timeout });
        assert_eq!((alice.runtime.now() - before).as_secs(), 50);
        alice.sleep(2 * SILENCE).await;
        assert_eq!(last.receive().await, None);
    });
    alice.assert_empty();
}

#[test]
fn t16_what_a_next_hop_was_found_to_be_is_not_looked_up_again() {
    let (world, mut alice, mut first, mut second) = trio(Script::default());
    // By now the name has another address.
    name(&world, &[21]);
    world.run(async {
        let next_hop = NextHop {
            found: Servers {
                transport: None,
                addresses: [FIRST, SECOND].map(|host| ([192, 0, 2, host], 5060).into()).to_vec(),
            },
            ..NextHop::of_uri(&format!("sip:{NAME}")).unwrap()
        };
        alice.endpoint.options(ALICE, "sip:bob@example.org", Some(next_hop)).unwrap();
        let options = first.receive().await.unwrap();
        first.send(&response(&options, "503 Service Unavailable", ""));
        let options = second.receive().await.unwrap();
        second.send(&answer(&options, "200 OK", SECOND));
        assert!(got_through(&alice.next().await));
    });
}

#[test]
fn t16_of_what_a_next_hop_was_found_to_be_what_failed_is_tried_last() {
    let (world, mut alice, mut first, mut second) = trio(Script::default());
    world.run(async {
        let addresses = [FIRST, SECOND].map(|host| ([192, 0, 2, host], 5060).into()).to_vec();
        let found = Servers { transport: None, addresses };
        let next_hop = NextHop { found, ..NextHop::of_uri(&format!("sip:{NAME}")).unwrap() };
        let asks = alice.endpoint.clone();
        let ask = || asks.options(ALICE, "sip:bob@example.org", Some(next_hop.clone()));
        ask().unwrap();
        let options = first.receive().await.unwrap();
        first.send(&response(&options, "503 Service Unavailable", ""));
        let options = second.receive().await.unwrap();
        second.send(&answer(&options, "200 OK", SECOND));
        assert!(got_through(&alice.next().await));
        ask().unwrap();
        let options = second.receive().await.unwrap();
        second.send(&answer(&options, "200 OK", SECOND));
        assert_eq!(first.receive().await, None);
    });
}

/// Both addresses are proxies that lead to Bob. What he answers by way of the first is lost.
#[test]
fn t16_a_lost_response_and_the_next_server_are_one_call_for_the_callee() {
    let (world, alice, mut first, mut second) = trio(Script::default());
    let mut bob = world.side_with(2, Arc::new(Open), named(&[NAME]));
    let on = |request: &str, host: u8| {
        let via = format!("Via: SIP/2.0/UDP 192.0.2.{host};branch=z9hG4bKproxy{host}\r\nVia: ");
        request.replacen("Via: ", &via, 1)
    };
    world.run(async {
        start(&alice, "INVITE");
        let invite = first.receive().await.unwrap();
        first.peer = SocketAddr::from(([192, 0, 2, 2], 5060));
        first.send(&on(&invite, FIRST));
        let id = bob.incoming().await;
        bob.endpoint.ring(id).unwrap();
        alice.sleep(SILENCE).await;
        let invite = second.receive().await.unwrap();
        second.peer = first.peer;
        second.send(&on(&invite, SECOND));
        let merged = heard(&mut second).await;
        assert!(merged.iter().any(|it| it.starts_with("SIP/2.0 482 ")), "{merged:?}");
        assert_eq!(bob.next_within(1).await, None);
        assert_eq!(bob.endpoint.sizes().manager.dialogs, 1);
    });
    drop(alice.endpoint);
}
