//! RFC 3665 §2 and §3: the basic flows, as a terminal sees them. Registrars and proxies are peers that
//! write by hand; what they say to one another is not there. A test is named after its section.

use crate::answers::{CALLEE, CONTACT, answered, pair, response, scripted};
use crate::double::{CHALLENGE, Script};
use crate::raw::{Raw, field};
use crate::registrations::{config, over};
use crate::world::{ALICE, BOB, World, both, sdp};
use sip_core::manager::{Cause, EndReason, Event};
use ssa::Open;
use std::sync::Arc;
use std::time::Duration;

/// Long enough for every timer of a transaction.
const SETTLED: Duration = Duration::from_secs(70);

/// Takes her first REGISTER, challenges it, and takes the next.
async fn challenged(raw: &mut Raw) -> String {
    let first = raw.receive().await.unwrap();
    assert!(!first.contains("\r\nAuthorization: "), "{first}");
    raw.send(&response(&first, "401 Unauthorized", "t", CHALLENGE));
    let second = raw.receive().await.unwrap();
    assert!(second.contains("\r\nAuthorization: "), "{second}");
    assert_eq!(field(&second, "Call-ID"), field(&first, "Call-ID"));
    assert_eq!([&first, &second].map(|it| field(it, "CSeq")), ["1 REGISTER", "2 REGISTER"]);
    second
}

#[test]
fn rfc3665_2_1_successful_new_registration() {
    let (world, mut alice, _, mut raw) = scripted(Script::default());
    world.run(async {
        alice.endpoint.register(config()).unwrap();
        let second = challenged(&mut raw).await;
        let binding = format!("Contact: {};expires=3600\r\n", field(&second, "Contact"));
        raw.send(&response(&second, "200 OK", "t", &binding));
        assert!(matches!(alice.next().await, Event::Registered { expires: 3600, .. }));
    });
}

/// Another client of Alice's adds a contact of another kind: ours registers what it is reached
/// at, and nothing else. Her list has both from then on, of which one is ours to keep and to
/// take back.
#[test]
fn rfc3665_2_2_update_of_contact_list() {
    let (world, mut alice, mut raw) = pair();
    let mailto = "Contact: <mailto:alice@example.org>;expires=4294967295\r\n";
    world.run(async {
        let id = alice.endpoint.register(config()).unwrap();
        let first = raw.receive().await.unwrap();
        let ours = field(&first, "Contact").to_owned();
        // It is asked for 600 s: ours lasts for a minute, whatever stands beside it.
        let both = format!("{mailto}Contact: {ours};expires=60\r\n");
        raw.send(&response(&first, "200 OK", "t", &both));
        assert!(matches!(alice.next().await, Event::Registered { expires: 60, .. }));
        let refresh = raw.receive_within(60).await.unwrap();
        assert_eq!(field(&refresh, "Contact"), ours);
        assert!(!refresh.contains("mailto:"), "{refresh}");
        raw.send(&response(&refresh, "200 OK", "t", &both));
        assert!(matches!(alice.next().await, Event::Registered { expires: 60, .. }));
        alice.endpoint.unregister(id).unwrap();
        let last = raw.receive().await.unwrap();
        assert_eq!((field(&last, "Contact"), field(&last, "Expires")), (&*ours, "0"));
        raw.send(&response(&last, "200 OK", "t", mailto));
        assert_eq!(alice.next().await, over(id, true));
        alice.sleep(SETTLED).await;
    });
    alice.assert_empty();
}

#[test]
fn rfc3665_2_3_request_for_current_contact_list() {
    let (world, mut alice, _, mut raw) = scripted(Script::default());
    world.run(async {
        let config = config();
        let asking = async {
            let hop = config.next_hop.as_ref();
            let response = alice.endpoint.bindings(&config.aor, &config.registrar, hop).await;
            let response = response.unwrap();
            let all: Vec<_> = response.bindings().map(|contact| contact.expires()).collect();
            assert_eq!(all, [Some(3600), Some(u32::MAX)]);
        };
        let answering = async {
            let second = challenged(&mut raw).await;
            assert!(
                !second.contains("\r\nContact:") && !second.contains("\r\nExpires:"),
                "{second}"
            );
            assert_eq!(field(&second, "To"), format!("<{ALICE}>"));
            assert!(field(&second, "From").starts_with(&format!("<{ALICE}>;tag=")), "{second}");
            let both = "Contact: <sip:alice@client.example.org>;expires=3600\r\n\
                        Contact: <mailto:alice@example.org>;expires=4294967295\r\n";
            raw.send(&response(&second, "200 OK", "t", both));
        };
        both(asking, answering).await;
        assert_eq!(alice.next_within(70).await, None, "nobody else hears of it");
    });
    alice.assert_empty();
}

#[test]
fn rfc3665_2_4_cancellation_of_registration() {
    let (world, mut alice, _, mut raw) = scripted(Script::default());
    world.run(async {
        let id = alice.endpoint.register(config()).unwrap();
        let second = challenged(&mut raw).await;
        raw.send(&response(&second, "200 OK", "t", "Expires: 3600\r\n"));
        assert!(matches!(alice.next().await, Event::Registered { .. }));
        alice.endpoint.unregister(id).unwrap();
        let last = raw.receive().await.unwrap();
        assert_eq!((field(&last, "CSeq"), field(&last, "Expires")), ("3 REGISTER", "0"));
        raw.send(&response(&last, "200 OK", "t", ""));
        assert_eq!(alice.next().await, over(id, true));
        alice.sleep(SETTLED).await;
    });
    alice.assert_empty();
}

#[test]
fn rfc3665_2_5_unsuccessful_registration() {
    let (world, mut alice, _, mut raw) = scripted(Script::default());
    world.run(async {
        let id = alice.endpoint.register(config()).unwrap();
        let mut next = challenged(&mut raw).await;
        let mut answers = 1;
        loop {
            raw.send(&response(&next, "401 Unauthorized", "t", CHALLENGE));
            match raw.receive().await {
                Some(again) => next = again,
                None => break,
            }
            answers += 1;
        }
        // How often the same challenge is answered is the security manager's to say; five is all.
        assert_eq!(answers, 5);
        let event = alice.next().await;
        let Event::RegistrationFailed { id: failed, cause, .. } = event else {
            panic!("{event:?}")
        };
        assert_eq!((failed, cause), (id, Cause::Status(401)));
    });
}

#[test]
fn rfc3665_3_1_successful_session_establishment() {
    let world = World::perfect();
    let [mut alice, mut bob] = [1, 2].map(|host| world.side(host, Arc::new(Open)));
    world.run(async {
        let call = alice.call(ALICE, BOB, sdp("offer"));
        let id = bob.incoming().await;
        bob.endpoint.ring(id).unwrap();
        assert!(matches!(alice.next().await, Event::Ringing { status: 180, .. }));
        bob.endpoint.accept(id, sdp("answer")).unwrap();
        assert_eq!(alice.next().await, Event::Answered { id: call, body: sdp("answer") });
        assert_eq!(bob.next().await, Event::Confirmed { id, answer: None });
        // It is Bob who hangs up.
        bob.endpoint.hang_up(id).unwrap();
        assert_eq!(alice.next().await, Event::Ended { id: call, reason: EndReason::Remote });
        alice.sleep(SETTLED).await;
    });
    let lines = ["1 INVITE", "2 180 INVITE", "2 200 INVITE", "1 ACK", "2 BYE", "1 200 BYE"];
    assert_eq!(world.wire.lines(), lines.map(|line| format!("192.0.2.{line}")));
    alice.assert_empty();
    bob.assert_empty();
}

#[test]
fn rfc3665_3_2_session_establishment_through_two_proxies() {
    let (world, mut alice, mut raw) = pair();
    let routes = "Record-Route: <sip:192.0.2.8;lr>, <sip:192.0.2.9;lr>\r\n\
                  Contact: <sip:bob@192.0.2.7>\r\n";
    world.run(async {
        let id = alice.call(ALICE, CALLEE, sdp("offer"));
        let invite = raw.receive().await.unwrap();
        raw.send(&response(&invite, "100 Trying", "", ""));
        raw.send(&response(&invite, "180 Ringing", "t", routes));
        assert!(matches!(alice.next().await, Event::Ringing { status: 180, .. }));
        raw.send(&response(&invite, "200 OK", "t", routes));
        assert!(matches!(alice.next().await, Event::Answered { .. }));
        let ack = raw.receive().await.unwrap();
        alice.endpoint.hang_up(id).unwrap();
        let bye = raw.receive().await.unwrap();
        for request in [&ack, &bye] {
            assert!(request.contains(" sip:bob@192.0.2.7 SIP/2.0\r\n"), "{request}");
            let found: Vec<_> = request.lines().filter(|it| it.starts_with("Route: ")).collect();
            assert_eq!(found, ["Route: <sip:192.0.2.9;lr>", "Route: <sip:192.0.2.8;lr>"]);
        }
        raw.send(&response(&bye, "200 OK", "", ""));
        assert_eq!(alice.next().await, Event::Ended { id, reason: EndReason::Local });
    });
}

#[test]
fn rfc3665_3_6_session_via_redirect_and_proxy_servers() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        let first = alice.call(ALICE, CALLEE, sdp("offer"));
        let invite = raw.receive().await.unwrap();
        let elsewhere = "Contact: <sip:robert@192.0.2.9>\r\n";
        raw.send(&response(&invite, "302 Moved Temporarily", "t", elsewhere));
        assert!(raw.receive().await.unwrap().starts_with("ACK "));
        let event = alice.next().await;
        let Event::Redirected { id, to } = event else { panic!("{event:?}") };
        assert_eq!((id, to.len()), (first, 1));
        assert!(matches!(alice.next().await, Event::Failed { cause: Cause::Status(302), .. }));
        // Whoever called follows: the same call once more, elsewhere. Our offer is in the INVITE.
        let second = alice.call(ALICE, &to[0], sdp("offer"));
        let invite = raw.receive().await.unwrap();
        assert!(invite.starts_with("INVITE sip:robert@192.0.2.9 SIP/2.0\r\n"), "{invite}");
        raw.send(&response(&invite, "180 Ringing", "u", CONTACT));
        assert!(matches!(alice.next().await, Event::Ringing { .. }));
        raw.send(&response(&invite, "200 OK", "u", CONTACT));
        assert!(matches!(alice.next().await, Event::Answered { id, .. } if id == second));
        assert!(raw.receive().await.unwrap().starts_with("ACK sip:here@192.0.2.9 "));
    });
}

#[test]
fn rfc3665_3_7_session_with_reinvite_ip_address_change() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        let (id, invite, ack) = answered(&mut alice, &mut raw, CONTACT).await;
        assert!(ack.starts_with("ACK sip:here@192.0.2.9 "), "{ack}");
        let [from, to, call_id] = ["From", "To", "Call-ID"].map(|name| field(&invite, name));
        let reinvite = |method: &str, branch: &str, end: &str| {
            format!(
                "{method} sip:alice@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK{branch}\r\n\
                 Max-Forwards: 70\r\nFrom: {to};tag=t\r\nTo: {from}\r\nCall-ID: {call_id}\r\n\
                 CSeq: 14 {method}\r\nContact: <sip:moved@192.0.2.9:5060>\r\n{end}"
            )
        };
        let offer = "Content-Type: application/sdp\r\nContent-Length: 3\r\n\r\nnew";
        raw.send(&reinvite("INVITE", "a", offer));
        assert_eq!(alice.next().await, Event::Reinvited { id, body: sdp("new") });
        alice.endpoint.accept_reinvite(id, sdp("yes")).unwrap();
        let answer = raw.receive().await.unwrap();
        assert!(answer.starts_with("SIP/2.0 200 ") && answer.ends_with("\r\n\r\nyes"), "{answer}");
        raw.send(&reinvite("ACK", "b", "Content-Length: 0\r\n\r\n"));
        assert_eq!(alice.next().await, Event::Confirmed { id, answer: None });
        alice.endpoint.hang_up(id).unwrap();
        let bye = raw.receive().await.unwrap();
        assert!(bye.starts_with("BYE sip:moved@192.0.2.9:5060 SIP/2.0\r\n"), "{bye}");
    });
}

#[test]
fn rfc3665_3_8_unsuccessful_no_answer() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        let id = alice.call(ALICE, CALLEE, sdp("offer"));
        let invite = raw.receive().await.unwrap();
        raw.send(&response(&invite, "100 Trying", "", ""));
        raw.send(&response(&invite, "180 Ringing", "t", CONTACT));
        assert!(matches!(alice.next().await, Event::Ringing { .. }));
        alice.sleep(Duration::from_secs(20)).await;
        alice.endpoint.hang_up(id).unwrap();
        let cancel = raw.receive().await.unwrap();
        assert!(cancel.starts_with("CANCEL "), "{cancel}");
        assert_eq!(field(&cancel, "Via"), field(&invite, "Via"));
        raw.send(&response(&cancel, "200 OK", "t", ""));
        raw.send(&response(&invite, "487 Request Terminated", "t", ""));
        let ack = raw.receive().await.unwrap();
        assert!(ack.starts_with("ACK ") && ack.contains(";tag=t\r\n"), "{ack}");
        assert_eq!(alice.next().await, Event::Ended { id, reason: EndReason::Local });
        alice.sleep(SETTLED).await;
    });
    alice.assert_empty();
}

/// A call that is answered with this status.
fn refused(status: &str, code: u16) {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        let id = alice.call(ALICE, CALLEE, sdp("offer"));
        let invite = raw.receive().await.unwrap();
        raw.send(&response(&invite, "100 Trying", "", ""));
        raw.send(&response(&invite, status, "t", ""));
        let ack = raw.receive().await.unwrap();
        assert!(ack.starts_with("ACK "), "{ack}");
        assert_eq!(field(&ack, "Via"), field(&invite, "Via"));
        assert_eq!(alice.next().await, Event::Failed { id, cause: Cause::Status(code) });
        alice.sleep(SETTLED).await;
    });
    alice.assert_empty();
}

#[test]
fn rfc3665_3_9_unsuccessful_busy() {
    refused("486 Busy Here", 486);
}

#[test]
fn rfc3665_3_10_unsuccessful_no_response_from_user_agent() {
    // A proxy that has tried in vain says 408; where nobody says anything, the INVITE is sent seven
    // times (Timer A) and given up (Timer B).
    refused("408 Request Timeout", 408);
    let world = World::perfect();
    let mut alice = world.side(1, Arc::new(Open));
    let _silent = Raw::to_alice(&world, 9);
    world.run(async {
        let id = alice.call(ALICE, CALLEE, sdp("offer"));
        assert_eq!(alice.next().await, Event::Failed { id, cause: Cause::Timeout });
        alice.sleep(SETTLED).await;
    });
    assert_eq!(world.wire.lines(), ["192.0.2.1 INVITE"; 7]);
    alice.assert_empty();
}

#[test]
fn rfc3665_3_11_unsuccessful_temporarily_unavailable() {
    refused("480 Temporarily Unavailable", 480);
}
