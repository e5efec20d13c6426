//! RFC 5359 §2: calls that somebody else takes over, or that are asked for from elsewhere. Alice, Bob
//! and Carol are endpoints; a server for music or parking is a peer that writes by hand. A test is
//! named after its section.

use crate::answers::response;
use crate::raw::{OFFER, Raw, field, to_tag};
use crate::referrals::telling;
use crate::services::{CAROL, call, change, hang_up, three};
use crate::world::{ALICE, BOB, Side, World, sdp};
use sip_core::manager::{
    self, CallId, Cause, EndReason, Event, ReferConfig, SubscribeConfig, SubscriptionNews,
};
use sip_core::{Fields, Method};
use ssa::{Body, Open};
use std::sync::Arc;
use std::time::Duration;

/// The server that plays music, or keeps a call.
const SERVER: &str = "sip:music@192.0.2.9";

/// What a REFER asks to be called: the URI, and the Replaces that goes into the INVITE.
fn called(refer: &str) -> (String, String) {
    let uri = field(refer, "Refer-To").trim_matches(['<', '>']);
    let (uri, replaces) = uri.split_once("?Replaces=").unwrap();
    (uri.to_owned(), replaces.replace("%3B", ";").replace("%3D", "=").replace("%40", "@"))
}

/// A request of the server's to Alice in a call of its own.
fn to_alice(method: &str, cseq: u32, tag: &str, extra: &str) -> String {
    let tag = if tag.is_empty() { String::new() } else { format!(";tag={tag}") };
    let end = if method == "INVITE" { OFFER } else { "Content-Length: 0\r\n\r\n" };
    format!(
        "{method} {ALICE} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK{method}{cseq}\r\n\
         Max-Forwards: 70\r\nFrom: <{SERVER}>;tag=0111\r\nTo: <{ALICE}>{tag}\r\n\
         Call-ID: a5-75-34-12-76\r\nCSeq: {cseq} {method}\r\n\
         Contact: <{SERVER}>;automaton;+sip.byeless;+sip.rendering=\"no\"\r\n{extra}{end}"
    )
}

/// Bob asks the server to take his place in his call with Alice (RFC 5359 §2.3, §2.15). Alice's name for the call with the server, and her tag in it.
async fn handed_over(
    (alice, to_bob): (&mut Side, CallId), (bob, at_bob): (&mut Side, CallId), server: &mut Raw,
) -> (CallId, String) {
    let asked = ReferConfig {
        from: BOB.to_owned(),
        to: SERVER.to_owned(),
        next_hop: None,
        refer_to: bob.endpoint.in_our_place(at_bob).unwrap(),
        progress: true,
    };
    let id = bob.endpoint.refer_outside(&asked).unwrap();
    let refer = server.receive().await.unwrap();
    let (uri, replaces) = called(&refer);
    assert_eq!(uri, ALICE);
    server.send(&response(&refer, "202 Accepted", "t", &format!("Contact: <{SERVER}>\r\n")));
    server.send(&telling(&refer, 1, "active;expires=60", "100 Trying"));
    assert_eq!(server.status().await.unwrap(), "200 OK");
    let told = |status, is_final| Event::ReferNotified { id, within: None, status, is_final };
    assert_eq!(bob.next().await, told(Some(100), false));

    let bobs = std::mem::replace(&mut server.peer, ([192, 0, 2, 1], 5060).into());
    let extra = format!("Require: replaces\r\nReplaces: {replaces}\r\n");
    server.send(&to_alice("INVITE", 1, "", &extra));
    let event = alice.next().await;
    let Event::Incoming { id: to_server, replaces: Some(replaced), .. } = event else {
        panic!("{event:?}")
    };
    assert_eq!(replaced, to_bob);
    alice.endpoint.accept(to_server, sdp("recvonly")).unwrap();
    let ok = server.receive().await.unwrap();
    assert!(ok.starts_with("SIP/2.0 200 "), "{ok}");
    let tag = to_tag(&ok).to_owned();
    server.send(&to_alice("ACK", 1, &tag, ""));
    assert_eq!(alice.next().await, Event::Confirmed { id: to_server, answer: None });
    hang_up((alice, to_bob), (bob, at_bob)).await;

    server.peer = bobs;
    server.send(&telling(&refer, 2, "terminated;reason=noresource", "200 OK"));
    assert_eq!(server.status().await.unwrap(), "200 OK");
    assert_eq!(bob.next().await, told(Some(200), true));
    (to_server, tag)
}

/// Somebody takes Alice from the server, by the names of her call with it (RFC 5359 §2.3, §2.15),
/// and hangs up in the end.
async fn taken_back(
    (alice, to_server, tag): (&mut Side, CallId, &str), (other, uri): (&mut Side, &str),
    server: &mut Raw,
) {
    let names = format!("a5-75-34-12-76%3Bto-tag%3D{tag}%3Bfrom-tag%3D0111");
    let back = other.call(uri, &format!("{ALICE}?Replaces={names}"), sdp("offer"));
    let event = alice.next().await;
    let Event::Incoming { id, replaces: Some(replaced), .. } = event else { panic!("{event:?}") };
    assert_eq!(replaced, to_server);
    alice.endpoint.accept(id, sdp("answer")).unwrap();
    assert_eq!(other.next().await, Event::Answered { id: back, body: sdp("answer") });
    assert_eq!(alice.next().await, Event::Confirmed { id, answer: None });
    alice.endpoint.hang_up(to_server).unwrap();
    let over = Event::Ended { id: to_server, reason: EndReason::Local };
    assert_eq!(alice.next().await, over);
    let bye = server.receive().await.unwrap();
    assert!(bye.starts_with("BYE sip:music@192.0.2.9 SIP/2.0\r\n"), "{bye}");
    assert_eq!(field(&bye, "From"), format!("<{ALICE}>;tag={tag}"));
    server.peer = ([192, 0, 2, 1], 5060).into();
    server.send(&response(&bye, "200 OK", "", ""));
    hang_up((other, back), (alice, id)).await;
}

/// What a test leaves once all that lingers has gone.
async fn assert_nothing_is_left(sides: &[&Side]) {
    for side in sides {
        side.sleep(Duration::from_secs(70)).await;
        side.assert_empty();
    }
}

#[test]
fn rfc5359_2_3_music_on_hold() {
    let world = World::perfect();
    let [mut alice, mut bob, _] = three(&world);
    let mut server = Raw::new(&world, 9);
    world.run(async {
        let (to_bob, at_bob) = call(&mut alice, &mut bob, (ALICE, BOB)).await;
        change((&mut bob, at_bob), (&mut alice, to_bob), sdp("sendonly")).await;
        let (to_server, tag) =
            handed_over((&mut alice, to_bob), (&mut bob, at_bob), &mut server).await;
        taken_back((&mut alice, to_server, &tag), (&mut bob, BOB), &mut server).await;
        assert_nothing_is_left(&[&alice, &bob]).await;
    });
}

/// RFC 5359 §2.3: whoever does not want music refuses the INVITE, and stays on hold "but in silence".
#[test]
fn rfc5359_2_3_who_wants_no_music_stays_on_hold() {
    let world = World::perfect();
    let [mut alice, mut bob, _] = three(&world);
    let server = Raw::to_alice(&world, 9);
    world.run(async {
        let (to_bob, at_bob) = call(&mut alice, &mut bob, (ALICE, BOB)).await;
        let (_, replaces) =
            called(&format!("Refer-To: <{}>", bob.endpoint.in_our_place(at_bob).unwrap()));
        server.send(&to_alice("INVITE", 1, "", &format!("Replaces: {replaces}\r\n")));
        let id = alice.incoming().await;
        alice.endpoint.reject(id, 603).unwrap();
        assert!(matches!(alice.next().await, Event::Ended { id: over, .. } if over == id));
        hang_up((&mut alice, to_bob), (&mut bob, at_bob)).await;
    });
}

/// What somebody is told by a message, who then takes the call.
#[test]
fn rfc5359_2_6_transfer_instant_messaging() {
    let world = World::perfect();
    let [mut alice, mut bob, mut carol] = three(&world);
    world.run(async {
        let (to_bob, at_bob) = call(&mut alice, &mut bob, (ALICE, BOB)).await;
        let uri = bob.endpoint.in_our_place(at_bob).unwrap();
        let text = Body { content_type: Some(b"text/plain".to_vec()), octets: uri.into() };
        let sent = bob.endpoint.request(Method::MESSAGE, BOB, CAROL, None, text).unwrap();
        let event = carol.next().await;
        let Event::Received { id, within: None, method: Method::MESSAGE, body, .. } = event else {
            panic!("{event:?}")
        };
        carol.endpoint.reply(id, 200).unwrap();
        assert_eq!(bob.next().await, Event::RequestAnswered { id: sent, outcome: Ok(200) });

        let uri = String::from_utf8(body.octets).unwrap();
        let taking = carol.call(CAROL, &uri, sdp("offer"));
        let event = alice.next().await;
        let Event::Incoming { id, replaces: Some(replaced), .. } = event else {
            panic!("{event:?}")
        };
        assert_eq!(replaced, to_bob);
        alice.endpoint.accept(id, sdp("answer")).unwrap();
        assert!(matches!(carol.next().await, Event::Answered { id, .. } if id == taking));
        assert!(matches!(alice.next().await, Event::Confirmed { .. }));
        hang_up((&mut alice, to_bob), (&mut bob, at_bob)).await;
        // Who is not in a call is in nobody's place.
        let over = bob.endpoint.in_our_place(at_bob);
        assert_eq!(over, Err(manager::Misuse::Unknown));
        hang_up((&mut alice, id), (&mut carol, taking)).await;
        assert_nothing_is_left(&[&alice, &bob, &carol]).await;
    });
}

/// What the server tells Carol of its call (RFC 5359 §2.15), in the words of RFC 4235 or others:
/// they are the application's to read.
async fn learns(carol: &mut Side, server: &mut Raw, names: &str) {
    let wanted = SubscribeConfig {
        from: CAROL.to_owned(),
        to: SERVER.to_owned(),
        next_hop: None,
        event: "dialog".to_owned(),
        accept: vec!["application/dialog-info+xml".to_owned()],
        expires: 600,
    };
    let id = carol.endpoint.subscribe(wanted).unwrap();
    let subscribe = server.receive().await.unwrap();
    assert_eq!((field(&subscribe, "Event"), field(&subscribe, "Expires")), ("dialog", "600"));
    server.peer = ([192, 0, 2, 3], 5060).into();
    let extra = format!("Expires: 600\r\nContact: <{SERVER}>\r\n");
    server.send(&response(&subscribe, "200 OK", "t", &extra));
    let about = telling(&subscribe, 1, "terminated;reason=noresource", "")
        .replace("refer;id=2", "dialog")
        .replace("message/sipfrag", "application/dialog-info+xml");
    let (head, _) = about.split_once("Content-Length").unwrap();
    server.send(&format!("{head}Content-Length: {}\r\n\r\n{names}", names.len()));
    assert_eq!(server.status().await.unwrap(), "200 OK");
    let event = carol.next().await;
    let Event::Subscription { news: SubscriptionNews::Notified { body, .. }, .. } = event else {
        panic!("{event:?}")
    };
    assert_eq!(body.octets, names.as_bytes());
    let event = carol.next().await;
    let is_over = matches!(event, Event::Subscription { id: it, news: SubscriptionNews::Over { .. } } if it == id);
    assert!(is_over, "{event:?}");
}

#[test]
fn rfc5359_2_15_call_park() {
    let world = World::perfect();
    let [mut alice, mut bob, mut carol] = three(&world);
    let mut server = Raw::new(&world, 9);
    world.run(async {
        let (to_bob, at_bob) = call(&mut alice, &mut bob, (ALICE, BOB)).await;
        let (to_server, tag) =
            handed_over((&mut alice, to_bob), (&mut bob, at_bob), &mut server).await;
        learns(&mut carol, &mut server, &tag).await;
        taken_back((&mut alice, to_server, &tag), (&mut carol, CAROL), &mut server).await;
        assert_nothing_is_left(&[&alice, &bob, &carol]).await;
    });
}

/// Bob's computer, at Alice's address, has his telephone call Carol; a telephone that was not set up
/// for that does not.
#[test]
fn rfc5359_2_18_click_to_dial() {
    for takes in [1, 0] {
        let world = World::perfect();
        let [mut pc, mut carol] = [1, 3].map(|host| world.side(host, Arc::new(Open)));
        let config = manager::Config { referrals: takes, ..manager::Config::default() };
        let mut bob = world.side_with(2, Arc::new(Open), config);
        world.run(async {
            let asked = ReferConfig {
                from: "sip:pc@192.0.2.1".to_owned(),
                to: BOB.to_owned(),
                next_hop: None,
                refer_to: CAROL.to_owned(),
                progress: false,
            };
            let id = pc.endpoint.refer_outside(&asked).unwrap();
            if takes == 0 {
                let cause = Cause::Status(403);
                assert_eq!(pc.next().await, Event::ReferFailed { id, within: None, cause });
                assert_eq!(bob.next_within(60).await, None, "nobody is asked");
                return assert_nothing_is_left(&[&pc, &bob]).await;
            }
            let event = bob.next().await;
            let Event::Referred { id: asked, within: None, to, by: Some(by), .. } = event else {
                panic!("{event:?}")
            };
            assert_eq!((&*to, &*by), (CAROL, "sip:pc@192.0.2.1"));
            bob.endpoint.agree(asked).unwrap();
            let done = Event::ReferNotified { id, within: None, status: None, is_final: true };
            assert_eq!(pc.next().await, done);
            let prepared = bob.endpoint.prepare(BOB, &to, None).unwrap();
            let by = format!("<{by}>").into_bytes();
            let fields = Fields::default().with("Referred-By", by).unwrap();
            bob.endpoint.add_fields(prepared.id, fields).unwrap();
            bob.endpoint.invite(prepared.id, sdp("offer")).unwrap();
            let within = carol.incoming().await;
            let invite = carol.endpoint.invitation(within).unwrap();
            let by = invite.header(sip_core::HeaderName::ReferredBy);
            assert_eq!(by, Some(b"<sip:pc@192.0.2.1>".as_slice()));
            carol.endpoint.accept(within, sdp("answer")).unwrap();
            assert!(matches!(bob.next().await, Event::Answered { .. }));
            assert!(matches!(carol.next().await, Event::Confirmed { .. }));
            hang_up((&mut carol, within), (&mut bob, prepared.id)).await;
            assert_nothing_is_left(&[&pc, &bob, &carol]).await;
        });
        assert_eq!(world.wire.count("192.0.2.2 NOTIFY"), 0);
        assert_eq!(world.wire.count("192.0.2.2 202 REFER"), takes);
    }
}
