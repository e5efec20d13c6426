//! A dialog's requests that come from elsewhere, and credentials that would go elsewhere.

use crate::abuse::pair;
use crate::answers::{self, CALLEE};
use crate::double::{CHALLENGE, CREDENTIALS, Script, When};
use crate::raw::{Raw, Wanted, ack, request, to_tag};
use crate::world::{BOB, Side, World, sdp};
use net::{Connection, Transport};
use sip_core::manager::{CallId, Cause, EndReason, Event};
use std::net::SocketAddr;
use std::time::Duration;

/// A socket at 192.0.2.`host`:`port`.
fn raw_at(world: &World, host: u8, port: u16) -> Raw {
    Raw::at(world, SocketAddr::from(([192, 0, 2, host], port)))
}

/// A call of the peer's that Bob has answered, and Bob's tag.
async fn up(bob: &mut Side, raw: &mut Raw, contact: &str) -> (CallId, String) {
    raw.send(&from_contact(&Wanted { extra: CREDENTIALS, ..Wanted::default() }, contact));
    let id = bob.incoming().await;
    bob.endpoint.accept(id, sdp("answer")).unwrap();
    let ok = raw.receive().await.unwrap();
    let tag = to_tag(&ok).to_owned();
    raw.send(&ack("ack", 1, &tag));
    assert_eq!(bob.next().await, Event::Confirmed { id, answer: None });
    (id, tag)
}

/// A request with another Contact than the peer's own.
fn from_contact(wanted: &Wanted<'_>, contact: &str) -> String {
    request(wanted).replace("Contact: <sip:mallory@192.0.2.9>", &format!("Contact: <{contact}>"))
}

/// The answer to a request of Bob's, with a To tag and a Contact.
fn response(request: &str, status: &str, extra: &str) -> String {
    answers::response(request, status, "t", extra)
}

#[test]
fn d03_a_request_from_the_peers_address_is_told_from_one_from_elsewhere() {
    // Which host the caller's Contact names; who asks, from which port, and as what it counts.
    let cases = [
        (9, 9, 5060, " in dialog"),
        (9, 9, 5062, " in dialog"),
        (9, 8, 5060, " in dialog from elsewhere"),
        // A proxy at 9 brought the INVITE and did not record its route: the dialog is with 7.
        (7, 7, 5060, " in dialog"),
        (7, 9, 5060, " in dialog"),
        (7, 8, 5060, " in dialog from elsewhere"),
    ];
    for (contact, host, port, counts_as) in cases {
        let (world, mut bob, double, mut raw) = pair(Script::default());
        world.run(async {
            let contact = format!("sip:mallory@192.0.2.{contact}");
            let (_, tag) = up(&mut bob, &mut raw, &contact).await;
            let other = (host != 9 || port != 5060).then(|| raw_at(&world, host, port));
            let from = other.as_ref().unwrap_or(&raw);
            let inside = Wanted { branch: "r", cseq: 2, to_tag: &tag, ..Wanted::default() };
            from.send(&request(&inside));
            assert!(matches!(bob.next().await, Event::Reinvited { .. }));
            from.send(&request(&Wanted { method: "BYE", branch: "b", cseq: 3, ..inside }));
            assert!(matches!(bob.next().await, Event::Ended { .. }));
        });
        for method in ["INVITE", "BYE"] {
            let asked = format!("request_received {method}{counts_as}");
            assert_eq!(double.count(&asked), 1, "{host}:{port}: {:?}", double.asked());
        }
    }
}

#[test]
fn d04_a_reinvite_that_is_refused_leaves_all_as_it_was() {
    let script = Script { refuses_elsewhere: true, ..Script::default() };
    let (world, mut bob, _, mut raw) = pair(script);
    world.run(async {
        let (id, tag) = up(&mut bob, &mut raw, "sip:mallory@192.0.2.9").await;
        let mut stranger = Raw::new(&world, 8);
        let inside = Wanted { to_tag: &tag, ..Wanted::default() };
        let moved = Wanted { branch: "s", cseq: 0x7fff_ffff, ..inside };
        stranger.send(&from_contact(&moved, "sip:mallory@192.0.2.8"));
        assert_eq!(stranger.status().await.unwrap(), "403 Forbidden");
        assert_eq!(bob.next_within(1).await, None);
        // The sequence is where it was, and so is the peer.
        raw.send(&request(&Wanted { branch: "r", cseq: 2, ..inside }));
        assert!(matches!(bob.next().await, Event::Reinvited { .. }));
        bob.endpoint.reject(id, 488).unwrap();
        assert_eq!(raw.status().await.unwrap(), "488 Not Acceptable Here");
        raw.send(&request(&Wanted { method: "ACK", branch: "r", cseq: 2, ..inside }));
        bob.endpoint.hang_up(id).unwrap();
        let bye = raw.receive().await.unwrap();
        assert!(bye.starts_with("BYE sip:mallory@192.0.2.9 "), "{bye}");
        assert_eq!(stranger.receive().await, None);
    });
}

#[test]
fn a17_a_challenge_from_another_port_of_the_callees_host_is_not_answered() {
    let (world, mut bob, double, mut raw) = pair(Script::default());
    let elsewhere = raw_at(&world, 9, 5062);
    world.run(async {
        let id = bob.call(BOB, CALLEE, sdp("offer"));
        let invite = raw.receive().await.unwrap();
        elsewhere.send(&response(&invite, "401 Unauthorized", CHALLENGE));
        let failed = Event::Failed { id, cause: Cause::Status(401) };
        assert_eq!(bob.next().await, failed);
        assert!(raw.receive().await.unwrap().starts_with("ACK "));
        assert_eq!(raw.receive().await, None);
    });
    assert_eq!(double.count("got_401_unauthorized INVITE 1"), 0);
}

#[test]
fn a16_the_ack_takes_credentials_only_to_where_the_invite_went() {
    for (contact, credentials) in [("sip:b@192.0.2.9", true), ("sip:b@192.0.2.9:5062", false)] {
        let (world, mut bob, _, mut raw) = pair(Script::default());
        let mut other = raw_at(&world, 9, 5062);
        world.run(async {
            bob.call(BOB, CALLEE, sdp("offer"));
            let invite = raw.receive().await.unwrap();
            raw.send(&response(&invite, "401 Unauthorized", CHALLENGE));
            assert!(raw.receive().await.unwrap().starts_with("ACK "));
            let invite = raw.receive().await.unwrap();
            assert!(invite.contains("\r\nAuthorization: "), "{invite}");
            raw.send(&response(&invite, "200 OK", &format!("Contact: <{contact}>\r\n")));
            assert!(matches!(bob.next().await, Event::Answered { .. }));
            let from = if credentials { &mut raw } else { &mut other };
            let ack = from.receive().await.unwrap();
            assert!(ack.starts_with(&format!("ACK {contact} ")), "{ack}");
            assert_eq!(ack.contains("\r\nAuthorization: "), credentials, "{ack}");
        });
    }
}

fn tcp(message: &str) -> String {
    message.replace("SIP/2.0/UDP", "SIP/2.0/TCP")
}

async fn read(connection: &mut Box<dyn Connection>) -> String {
    let mut chunk = [0; 4096];
    let count = connection.read(&mut chunk).await.unwrap();
    String::from_utf8(chunk.get(..count).unwrap().to_vec()).unwrap()
}

/// Bob's host, called over a connection from 192.0.2.9 by whoever has this Contact.
async fn up_over_tcp(
    world: &World, bob: &mut Side, contact: &str,
) -> (Box<dyn Connection>, CallId, String) {
    let (_, network) = world.sim.host([192, 0, 2, 9].into());
    let to = SocketAddr::from(([192, 0, 2, 2], 5060));
    let mut connection = network.connect(Transport::Tcp, to, None).await.unwrap();
    let invite = from_contact(&Wanted::default(), contact);
    connection.write_all(tcp(&invite).as_bytes()).await.unwrap();
    let id = bob.incoming().await;
    bob.endpoint.accept(id, sdp("answer")).unwrap();
    let ok = read(&mut connection).await;
    let tag = to_tag(&ok);
    let ack = Wanted { method: "ACK", branch: "a", to_tag: tag, ..Wanted::default() };
    connection.write_all(tcp(&request(&ack)).as_bytes()).await.unwrap();
    assert_eq!(bob.next().await, Event::Confirmed { id, answer: None });
    (connection, id, tag.to_owned())
}

#[test]
fn d03_a_request_over_the_dialogs_connection_is_the_peers_wherever_its_contact_points() {
    let (world, mut bob, double, _) = pair(Script::default());
    world.run(async {
        let contact = "sip:mallory@192.0.2.8";
        let (mut connection, id, tag) = up_over_tcp(&world, &mut bob, contact).await;
        // Our own re-INVITE went over it too, on its way to the Contact.
        bob.endpoint.reinvite(id, sdp("more")).unwrap();
        let invite = read(&mut connection).await;
        let ok = response(&invite, "200 OK", &format!("Contact: <{contact}>\r\n"));
        connection.write_all(ok.as_bytes()).await.unwrap();
        assert!(matches!(bob.next().await, Event::ReinviteAnswered { .. }));
        assert!(read(&mut connection).await.starts_with("ACK "));
        let inside = Wanted { branch: "r", cseq: 2, to_tag: &tag, ..Wanted::default() };
        connection.write_all(tcp(&request(&inside)).as_bytes()).await.unwrap();
        assert!(matches!(bob.next().await, Event::Reinvited { .. }));
    });
    assert_eq!(double.count("request_received INVITE in dialog"), 1, "{:?}", double.asked());
}

/// The registrar's connection, over which a call came in, breaks while the BYE is being signed for
/// it; the caller's Contact names a host of the caller's own.
#[test]
fn a16_credentials_for_a_connection_that_is_gone_go_nowhere_else() {
    let slow = Script { sign: When::After(Duration::from_secs(1)), ..Script::default() };
    let (world, mut bob, double, registrar) = pair(slow);
    drop(registrar);
    let mut raw = Raw::new(&world, 8);
    let (_, network) = world.sim.host([192, 0, 2, 8].into());
    let _listener =
        network.listen(Transport::Tcp, SocketAddr::from(([192, 0, 2, 8], 5060))).unwrap();
    world.run(async {
        let contact = "sip:mallory@192.0.2.8";
        let (mut connection, id, _) = up_over_tcp(&world, &mut bob, contact).await;
        bob.endpoint.hang_up(id).unwrap();
        assert_eq!(bob.next().await, Event::Ended { id, reason: EndReason::Local });
        let bye = read(&mut connection).await;
        let challenge = response(&bye, "401 Unauthorized", CHALLENGE);
        connection.write_all(challenge.as_bytes()).await.unwrap();
        bob.sleep(Duration::from_millis(500)).await;
        drop(connection);
        bob.sleep(Duration::from_millis(700)).await;
        let bye = raw.receive().await.unwrap();
        assert!(bye.starts_with("BYE sip:mallory@192.0.2.8 "), "{bye}");
        assert!(!bye.contains("Authorization"), "{bye}");
        raw.send(&response(&bye, "200 OK", ""));
        bob.sleep(Duration::from_secs(70)).await;
    });
    assert_eq!(double.count("authorize BYE 2 Plan(1)"), 1, "{:?}", double.asked());
    bob.assert_empty();
}
