//! Who is admitted because an account's registrar vouches for it: a registrar answers no 401.

use super::*;
use ssa::{Body, BodyVerdict, Direction, FlowId, InDialog, Transport};
use sst::{Assurance, Call, Contact, Proof, RegisteredFlow};
use std::net::IpAddr;

const REGISTRAR: &str = "192.0.2.10";
/// The random user part of the Contact that was registered.
const USER: &str = "r4nd0m";

/// A callee that requires Digest, registered over this connection, or over UDP.
fn registered(connection: Option<u64>) -> Arc<SecurityManager> {
    let platform = TestPlatform::new();
    let (callee, _) = digest_manager(&platform, digest_configuration(BOB, Requirement::DIGEST));
    let registrar: IpAddr = REGISTRAR.parse().unwrap();
    let flow = RegisteredFlow { flow: connection, registrar, contact_user: USER.to_owned() };
    callee.registered(BOB, vec![flow]);
    callee
}

/// How a request comes in, and for which user part.
#[derive(Clone, Copy)]
struct Way {
    from: &'static str,
    transport: Transport,
    flow: u64,
    user: &'static str,
}

const OVER_UDP: Way = Way { from: REGISTRAR, transport: Transport::Udp, flow: 1, user: USER };
const OVER_TCP: Way = Way { from: REGISTRAR, transport: Transport::Tcp, flow: 7, user: "bob" };

fn received(callee: &SecurityManager, way: Way, method: &'static str) -> Received {
    callee.call_ended(Call(CALL.0));
    let request = TestRequest { method, ..TestRequest::invite(ALICE, BOB, "r@127.0.0.1") };
    let arrival = Arrival {
        source: format!("{}:5060", way.from).parse().unwrap(),
        transport: way.transport,
        flow: FlowId(way.flow),
        ..request.arrival()
    };
    let uri = format!("sip:{}@192.0.2.2:5060", way.user);
    let view = ssa::Request { uri: uri.as_bytes(), ..request.view() };
    callee.request_received(CALL, &arrival, &view)
}

fn is_challenge(answer: &Received) -> bool {
    matches!(answer, Received::SendWwwAuthenticate(_))
}

#[test]
fn over_udp_the_registrars_address_and_the_contacts_user_admit() {
    let callee = registered(None);
    assert_eq!(received(&callee, OVER_UDP, "INVITE"), Received::Admit);
    for other in [
        Way { user: "bob", ..OVER_UDP },
        Way { user: "r4nd0", ..OVER_UDP },
        Way { from: "192.0.2.11", ..OVER_UDP },
        Way { transport: Transport::Tcp, ..OVER_UDP },
    ] {
        let answer = received(&callee, other, "INVITE");
        assert!(is_challenge(&answer), "{}: {answer:?}", other.user);
    }
    callee.registered(BOB, Vec::new());
    assert!(is_challenge(&received(&callee, OVER_UDP, "INVITE")), "the registration has lapsed");
}

#[test]
fn over_a_connection_the_connection_admits_and_nothing_else() {
    let callee = registered(Some(7));
    assert_eq!(received(&callee, OVER_TCP, "INVITE"), Received::Admit);
    for other in [
        Way { flow: 8, ..OVER_TCP },
        // A datagram's flow is another number space, and the address alone is no connection.
        Way { transport: Transport::Udp, ..OVER_TCP },
        OVER_UDP,
    ] {
        assert!(is_challenge(&received(&callee, other, "INVITE")));
    }
}

#[test]
fn an_account_knows_its_hop_and_no_more() {
    let callee = registered(None);
    assert_eq!(received(&callee, OVER_UDP, "MESSAGE"), Received::Admit);
    assert_eq!(callee.records(), 0, "what makes no call leaves no record");
    assert_eq!(received(&callee, OVER_UDP, "INVITE"), Received::Admit);
    let assurance: Assurance = callee.assurance(Call(CALL.0)).unwrap();
    assert_eq!(assurance.proof, Proof::AccountHop { account: BOB.to_owned() });
    assert_eq!(callee.records(), 1);
}

#[test]
fn d08_what_reaches_a_user_unasked_is_proved_or_comes_from_the_registrar() {
    let platform = TestPlatform::new();
    let open = digest_configuration(BOB, Requirement::NOTHING);
    let (callee, _) = digest_manager(&platform, open);
    let stranger = Way { from: "192.0.2.66", ..OVER_UDP };
    assert_eq!(received(&callee, stranger, "INVITE"), Received::Admit);
    assert_eq!(received(&callee, stranger, "OPTIONS"), Received::Admit);
    for method in ["MESSAGE", "SUBSCRIBE", "NOTIFY", "PUBLISH", "REFER"] {
        assert!(is_challenge(&received(&callee, stranger, method)), "{method}");
    }
    // Where no user has a password, nobody can prove anything.
    let bare = SecurityManager::builder(platform).build().unwrap();
    let answer = received(&bare, stranger, "MESSAGE");
    assert!(matches!(&answer, Received::Reject(why) if why.status == 403), "{answer:?}");
}

/// A registrar that was registered with anew is the one that the dialog's connection was opened for.
#[test]
fn d03_the_registrars_new_connection_takes_the_place_of_a_tls_dialogs() {
    let refuses = |callee: &SecurityManager, method, way: Way| {
        let request = TestRequest { method, ..TestRequest::invite(ALICE, BOB, "r@127.0.0.1") };
        let arrival = Arrival {
            source: format!("{}:5060", way.from).parse().unwrap(),
            transport: way.transport,
            flow: FlowId(way.flow),
            in_dialog: InDialog::OffItsTls,
            ..request.arrival()
        };
        let uri = format!("sip:{}@192.0.2.2:5060", way.user);
        let view = ssa::Request { uri: uri.as_bytes(), ..request.view() };
        callee.request_received(CALL, &arrival, &view) != Received::Admit
    };
    let tls = Way { transport: Transport::Tls, ..OVER_TCP };
    for through in [&[][..], &[BOB.to_owned()], &["sip:bob@other.example".to_owned()]] {
        let callee = registered(Some(7));
        let now = callee.shared.platform.now();
        callee.shared.lock().records.enter(CALL.0, now).unwrap().through = through.to_vec();
        assert_eq!(refuses(&callee, "BYE", tls), through.iter().any(|it| it != BOB), "{through:?}");
        for other in [Way { flow: 8, ..tls }, OVER_TCP, OVER_UDP] {
            assert!(refuses(&callee, "BYE", other), "{through:?}");
        }
    }
    assert!(refuses(&registered(None), "BYE", OVER_UDP), "over UDP an address is nobody");
    // D07: what a registrar was asked to tell, it tells over the new connection as well.
    let callee = registered(Some(7));
    callee.configure(&digest_configuration(BOB, Requirement::PGP));
    for (method, way, refused) in
        [("NOTIFY", tls, false), ("NOTIFY", Way { flow: 8, ..tls }, true), ("INVITE", tls, true)]
    {
        assert_eq!(refuses(&callee, method, way), refused, "{method}");
    }
}

/// Whoever our user subscribed to: a PBX that tells of waiting messages signs nothing.
#[test]
fn d07_only_a_notifier_of_ours_tells_without_a_signature() {
    let callee = registered(None);
    callee.configure(&digest_configuration(BOB, Requirement::PGP));
    let received = |method, in_dialog| {
        let request = TestRequest { method, ..TestRequest::invite(ALICE, BOB, "r@127.0.0.1") };
        let arrival = Arrival { in_dialog, ..request.arrival() };
        callee.request_received(CALL, &arrival, &request.view())
    };
    let body = Body { content_type: None, octets: b"Messages-Waiting: yes".to_vec() };
    let read = || now(callee.decrypt(CALL, Direction::Request, Transport::Udp, body.clone()));
    assert!(matches!(read(), BodyVerdict::Refused(why) if why.status == 493));
    assert_eq!(received("NOTIFY", InDialog::FromPeer), Received::Admit);
    assert_eq!(read(), BodyVerdict::Body(body.clone()), "it is read as it comes");
    for (method, in_dialog) in [
        ("NOTIFY", InDialog::FromElsewhere),
        ("NOTIFY", InDialog::No),
        ("MESSAGE", InDialog::FromPeer),
        ("INVITE", InDialog::FromPeer),
    ] {
        let answer = received(method, in_dialog);
        assert_ne!(answer, Received::Admit, "{method} {in_dialog:?}");
    }
    callee.abandon(CALL);
    assert_eq!(callee.records(), 0);
    assert!(matches!(read(), BodyVerdict::Refused(why) if why.status == 493));
}

/// A registrar cannot sign for its users.
#[test]
fn a_registered_flow_does_not_stand_for_a_signature() {
    for everywhere in [true, false] {
        let callee = registered(None);
        let mut configuration = digest_configuration(BOB, Requirement::DIGEST);
        if everywhere {
            configuration.require = Requirement::PGP;
        } else {
            let contact = Contact { aor: ALICE.to_owned(), require: Requirement::PGP };
            configuration.contacts.push(contact);
        }
        callee.configure(&configuration);
        let answer = received(&callee, OVER_UDP, "INVITE");
        // This manager was given no security application: it refuses what it cannot check.
        assert!(matches!(&answer, Received::Reject(why) if why.status == 403), "{answer:?}");
    }
}

#[test]
fn a_flow_lasts_until_its_registration_is_made_again() {
    let callee = registered(Some(7));
    let registrar: IpAddr = REGISTRAR.parse().unwrap();
    let flow = |connection| {
        let flow = Some(connection);
        RegisteredFlow { flow, registrar, contact_user: USER.to_owned() }
    };
    callee.registered("sip:bob@other.example", vec![flow(9)]);
    callee.registered(BOB, vec![flow(8), flow(10)]);
    for (connection, admitted) in [(7, false), (8, true), (9, true), (10, true)] {
        let answer = received(&callee, Way { flow: connection, ..OVER_TCP }, "INVITE");
        assert_eq!(answer == Received::Admit, admitted, "{connection}");
        assert_eq!(is_challenge(&answer), !admitted, "{connection}");
    }
}

#[test]
fn a_call_over_the_accounts_hop_is_told_and_is_nobody_elses() {
    let (callee, told) = ear::hearing(&TestPlatform::new());
    callee.configure(&digest_configuration(BOB, Requirement::DIGEST));
    let flow = Some(7);
    let registrar = REGISTRAR.parse().unwrap();
    callee.registered(BOB, vec![RegisteredFlow { flow, registrar, contact_user: USER.into() }]);
    assert_eq!(received(&callee, OVER_TCP, "INVITE"), Received::Admit);
    let account = BOB.to_owned();
    assert_eq!(told.proofs(), [Proof::AccountHop { account }]);
    let again = TestRequest::invite(ALICE, BOB, "r@127.0.0.1");
    let answer = callee.request_received(CALL, &again.arrival(), &again.view());
    assert!(matches!(&answer, Received::Reject(why) if why.status == 482), "{answer:?}");
}

/// Whoever is refused has set nothing up through the account.
#[test]
fn a16_a_call_that_is_refused_came_through_no_account() {
    let callee = registered(None);
    let outgoing =
        sst::Outgoing { from: BOB.into(), to: ALICE.into(), require: Requirement::DIGEST };
    callee.call_started(Call(CALL.0), outgoing);
    let request = TestRequest::invite(ALICE, BOB, "r@127.0.0.1");
    let source = format!("{REGISTRAR}:5060").parse().unwrap();
    let arrival = Arrival { source, ..request.arrival() };
    let uri = format!("sip:{USER}@192.0.2.2:5060");
    let view = ssa::Request { uri: uri.as_bytes(), ..request.view() };
    let answer = now(callee.authenticate(CALL, &arrival, &view));
    assert!(matches!(answer, Authentication::Refused(_)), "{answer:?}");
    let inner = callee.shared.lock();
    assert!(inner.records.get(CALL.0).unwrap().through.is_empty());
}
