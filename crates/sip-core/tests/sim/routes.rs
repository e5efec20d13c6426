//! The way that a registrar wants requests to take, and who may be on the way back. RFC 3608,
//! RFC 3327.

use crate::answers::pair;
use crate::raw::{Raw, field, response};
use crate::registrations::{again, config};
use crate::world::{ALICE, Side, sdp};
use sip_core::manager::{CallId, Event};

const PROXIES: [&str; 2] = ["<sip:192.0.2.9;lr>", "<sip:home.example;lr>;x=y"];

/// Accepts a REGISTER for a minute, with these fields.
async fn grant(alice: &mut Side, raw: &Raw, register: &str, extra: &str) {
    raw.send(&response(register, "200 OK", &format!("Expires: 60\r\n{extra}")));
    assert!(matches!(alice.next().await, Event::Registered { expires: 60, .. }));
}

fn routes(message: &str) -> Vec<&str> {
    message.lines().filter_map(|line| line.strip_prefix("Route: ")).collect()
}

/// The Route of an INVITE of Alice's, which the peer then refuses.
async fn route_of_a_call(alice: &mut Side, raw: &mut Raw, from: &str) -> Vec<String> {
    // A host that we cannot even send to: only the route leads to the registrar.
    let to = if from == ALICE { "sip:bob@[2001:db8::7]" } else { "sip:bob@192.0.2.9" };
    let _: CallId = alice.call(from, to, sdp("offer"));
    let Some(invite) = raw.receive().await else { return vec!["nothing came".to_owned()] };
    assert!(invite.starts_with(&format!("INVITE {to} SIP/2.0\r\n")), "{invite}");
    raw.send(&response(&invite, "486 Busy Here", ""));
    assert!(matches!(alice.next().await, Event::Failed { .. }));
    let ack = raw.receive().await.unwrap();
    assert_eq!(routes(&ack), routes(&invite));
    routes(&invite).into_iter().map(str::to_owned).collect()
}

#[test]
fn t21_requests_of_an_account_take_the_way_that_its_registrar_wants() {
    let (world, mut alice, mut raw) = pair();
    let service = |values: &str| format!("Service-Route: {values}\r\n");
    world.run(async {
        alice.endpoint.register(config()).unwrap();
        let register = raw.receive().await.unwrap();
        assert_eq!(field(&register, "Supported"), "path");
        grant(&mut alice, &raw, &register, &service(&PROXIES.join(", "))).await;
        assert_eq!(route_of_a_call(&mut alice, &mut raw, ALICE).await, PROXIES);
        // Who calls as somebody else has no such way.
        let other = "sip:carol@192.0.2.1";
        assert!(route_of_a_call(&mut alice, &mut raw, other).await.is_empty());
        alice.endpoint.options(ALICE, "sip:bob@203.0.113.7", None).unwrap();
        let options = raw.receive().await.unwrap();
        assert_eq!(routes(&options), PROXIES);
        raw.send(&response(&options, "200 OK", ""));
        assert!(matches!(alice.next().await, Event::RequestAnswered { .. }));

        // Each answer replaces it; the REGISTER itself goes without.
        let (_, register) = again(&alice, &mut raw).await;
        assert!(routes(&register).is_empty(), "{register}");
        grant(&mut alice, &raw, &register, &service(PROXIES[0])).await;
        assert_eq!(route_of_a_call(&mut alice, &mut raw, ALICE).await, PROXIES[..1]);
    });
}

/// RFC 3608 §5, §6.1: what is no loose router, what cannot be read, and more than is kept.
#[test]
fn t21_a_way_that_is_not_as_it_should_be_or_is_not_said_again_is_not_taken() {
    let many = ["<sip:192.0.2.9;lr>"; 9].join(", ");
    for bad in ["", "Service-Route: <sip:192.0.2.9>\r\n", &format!("Service-Route: {many}\r\n")] {
        let (world, mut alice, mut raw) = pair();
        world.run(async {
            alice.endpoint.register(config()).unwrap();
            let register = raw.receive().await.unwrap();
            let good = format!("Service-Route: {}\r\n", PROXIES[0]);
            grant(&mut alice, &raw, &register, &good).await;
            let (_, register) = again(&alice, &mut raw).await;
            grant(&mut alice, &raw, &register, bad).await;
            let call = alice.endpoint.prepare(ALICE, "sip:bob@192.0.2.9", None).unwrap();
            alice.endpoint.invite(call.id, sdp("offer")).unwrap();
            let invite = raw.receive().await.unwrap();
            assert!(routes(&invite).is_empty(), "{bad}: {invite}");
        });
    }
}

#[test]
fn t21_a_way_whose_registration_failed_or_is_over_is_not_taken() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        let id = alice.endpoint.register(config()).unwrap();
        let register = raw.receive().await.unwrap();
        let route = format!("Service-Route: {}\r\n", PROXIES[0]);
        grant(&mut alice, &raw, &register, &route).await;
        let (_, register) = again(&alice, &mut raw).await;
        raw.send(&response(&register, "403 Forbidden", ""));
        assert!(matches!(alice.next().await, Event::RegistrationFailed { .. }));
        alice.endpoint.options(ALICE, "sip:bob@192.0.2.9", None).unwrap();
        let options = raw.receive().await.unwrap();
        assert!(routes(&options).is_empty(), "{options}");
        raw.send(&response(&options, "200 OK", ""));
        assert!(matches!(alice.next().await, Event::RequestAnswered { .. }));
        alice.endpoint.unregister(id).unwrap();
    });
}
