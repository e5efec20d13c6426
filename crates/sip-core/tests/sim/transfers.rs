//! REFER, both ways, and the INVITE that takes a call's place. RFC 3515, RFC 3891, RFC 4488, RFC 5589.

use crate::abuse::{pair, up};
use crate::answers::response;
use crate::double::Script;
use crate::raw::{Raw, Wanted, field, request};
use crate::world::{ALICE, BOB, Side, World, connected, sdp};
use sip_core::Fields;
use sip_core::manager::{CallId, Cause, EndReason, Event, Misuse, RequestId};
use ssa::Open;
use std::sync::Arc;
use std::time::Duration;

const CAROL: &str = "sip:carol@192.0.2.3";

pub(crate) fn in_dialog(method: &str, cseq: u32, tag: &str, extra: &str) -> String {
    let branch = format!("{method}{cseq}");
    request(&Wanted { method, branch: &branch, cseq, to_tag: tag, extra })
}

/// A NOTIFY of this CSeq about the REFER with this id.
pub(crate) fn notify(cseq: u32, tag: &str, id: &str, state: &str, status: &str) -> String {
    let extra = format!(
        "Event: refer{id}\r\nSubscription-State: {state}\r\nContent-Type: message/sipfrag\r\n"
    );
    let text = in_dialog("NOTIFY", cseq, tag, &extra);
    let body = format!("SIP/2.0 {status}\r\n");
    text.replace(
        "Content-Length: 0\r\n\r\n",
        &format!("Content-Length: {}\r\n\r\n{body}", body.len()),
    )
}

/// Bob refers the stranger, who takes it.
pub(crate) async fn referring(
    bob: &mut Side, raw: &mut Raw,
) -> (CallId, RequestId, String, String) {
    let (call, tag) = up(bob, raw).await;
    let id = bob.endpoint.refer(call, CAROL).unwrap();
    let refer = raw.receive().await.unwrap();
    assert!(refer.starts_with("REFER sip:mallory@192.0.2.9 "), "{refer}");
    assert_eq!(field(&refer, "Refer-To"), "<sip:carol@192.0.2.3>");
    assert_eq!(field(&refer, "Referred-By"), "<sip:bob@192.0.2.2>");
    assert_eq!(field(&refer, "Contact"), "<sip:bob@192.0.2.2:5060>");
    (call, id, tag, refer)
}

#[test]
fn the_referrer_hears_how_it_goes_on() {
    let (world, mut bob, _, mut raw) = pair(Script::default());
    world.run(async {
        let (within, id, tag, refer) = referring(&mut bob, &mut raw).await;
        let cseq = field(&refer, "CSeq").split(' ').next().unwrap();
        // RFC 3515 §2.4.6; a NOTIFY may come before the 202.
        raw.send(&notify(2, &tag, "", "active;expires=60", "100 Trying"));
        assert_eq!(raw.status().await.unwrap(), "200 OK");
        let within = Some(within);
        let told = |status, is_final| Event::ReferNotified { id, within, status, is_final };
        assert_eq!(bob.next().await, told(Some(100), false));
        raw.send(&response(&refer, "202 Accepted", "", ""));
        let its = format!(";id={cseq}");
        raw.send(&notify(3, &tag, &its, "active;expires=60", "180 Ringing"));
        assert_eq!(bob.next().await, told(Some(180), false));
        raw.send(&notify(4, &tag, &its, "terminated;reason=noresource", "200 OK"));
        assert_eq!(bob.next().await, told(Some(200), true));
        assert_eq!([raw.status().await, raw.status().await].map(Option::unwrap), ["200 OK"; 2]);
        // Nothing more is subscribed to, and the call goes on.
        raw.send(&notify(5, &tag, &its, "terminated", "200 OK"));
        assert!(raw.status().await.unwrap().starts_with("481 "));
        assert_eq!(bob.next_within(300).await, None);
    });
    assert_eq!(bob.endpoint.sizes().manager.usages, 1);
}

#[test]
fn d07_a_notify_that_nobody_subscribed_to_is_481() {
    let (world, mut bob, _, mut raw) = pair(Script::default());
    world.run(async {
        let (_, _, tag, _) = referring(&mut bob, &mut raw).await;
        raw.send(&notify(2, "", "", "active", "100 Trying"));
        raw.send(&notify(3, &tag, ";id=77", "active", "100 Trying"));
        let other = notify(4, &tag, "", "active", "100 Trying").replace("refer", "presence");
        raw.send(&other);
        for _ in 0..3 {
            assert!(raw.status().await.unwrap().starts_with("481 "));
        }
        assert_eq!(bob.next_within(1).await, None);
    });
}

#[test]
fn a_refer_that_is_refused_or_not_heard_of_has_failed() {
    for (status, cause) in [
        ("603 Decline", Cause::Status(603)),
        ("202 Accepted", Cause::Timeout),
        ("100 Trying", Cause::Timeout),
    ] {
        let (world, mut bob, _, mut raw) = pair(Script::default());
        world.run(async {
            let (within, id, _, refer) = referring(&mut bob, &mut raw).await;
            raw.send(&response(&refer, status, "", ""));
            let event = bob.next_within(300).await.unwrap();
            assert_eq!(event, Event::ReferFailed { id, within: Some(within), cause }, "{status}");
        });
    }
}

#[test]
fn a_refer_taken_without_a_subscription_has_ended() {
    let (world, mut bob, _, mut raw) = pair(Script::default());
    world.run(async {
        let (within, id, _, refer) = referring(&mut bob, &mut raw).await;
        raw.send(&response(&refer, "200 OK", "", "Refer-Sub: false\r\n"));
        let within = Some(within);
        let ended = Event::ReferNotified { id, within, status: None, is_final: true };
        assert_eq!(bob.next().await, ended);
    });
}

/// The stranger refers Bob.
pub(crate) async fn referred(bob: &mut Side, raw: &mut Raw, extra: &str) -> (RequestId, String) {
    let (call, tag) = up(bob, raw).await;
    let to = format!("Refer-To: <{CAROL}>\r\nReferred-By: <sip:mallory@192.0.2.9>\r\n{extra}");
    raw.send(&in_dialog("REFER", 2, &tag, &to));
    let Event::Referred { id, within, to, by, .. } = bob.next().await else { panic!("no REFER") };
    assert_eq!(
        (within, to.as_str(), by.as_deref()),
        (Some(call), CAROL, Some("sip:mallory@192.0.2.9"))
    );
    (id, tag)
}

/// The next NOTIFY's state and what it says.
async fn told(raw: &mut Raw) -> (String, String) {
    let notify = raw.receive().await.unwrap();
    assert!(notify.starts_with("NOTIFY sip:mallory@192.0.2.9 "), "{notify}");
    assert_eq!(field(&notify, "Event"), "refer;id=2");
    assert_eq!(field(&notify, "Content-Type"), "message/sipfrag;version=2.0");
    raw.send(&response(&notify, "200 OK", "", ""));
    let state = field(&notify, "Subscription-State").split(';').next().unwrap().to_owned();
    (state, notify.split_once("\r\n\r\n").unwrap().1.to_owned())
}

#[test]
fn who_is_referred_tells_how_far_it_is() {
    let (world, mut bob, _, mut raw) = pair(Script::default());
    world.run(async {
        let (id, _) = referred(&mut bob, &mut raw, "").await;
        bob.endpoint.agree(id).unwrap();
        assert_eq!(bob.endpoint.agree(id), Err(Misuse::WrongState));
        assert_eq!(raw.status().await.unwrap(), "202 Accepted");
        let active = |text: &str| ("active".to_owned(), text.to_owned());
        assert_eq!(told(&mut raw).await, active("SIP/2.0 100 Trying\r\n"));
        bob.sleep(Duration::from_secs(1)).await;
        // One is under way at a time: of what comes meanwhile the latest counts.
        for status in [180, 181, 183] {
            bob.endpoint.tell_referrer(id, status).unwrap();
        }
        assert_eq!(told(&mut raw).await, active("SIP/2.0 180 Ringing\r\n"));
        assert_eq!(told(&mut raw).await, active("SIP/2.0 183 Session Progress\r\n"));
        bob.endpoint.tell_referrer(id, 200).unwrap();
        let last = ("terminated".to_owned(), "SIP/2.0 200 OK\r\n".to_owned());
        assert_eq!(told(&mut raw).await, last);
        bob.sleep(Duration::from_secs(1)).await;
        assert_eq!(bob.endpoint.tell_referrer(id, 200), Err(Misuse::Unknown));
    });
    assert_eq!(bob.endpoint.sizes().manager.usages, 1);
}

#[test]
fn who_wants_no_word_gets_none() {
    let (world, mut bob, _, mut raw) = pair(Script::default());
    world.run(async {
        let (id, _) = referred(&mut bob, &mut raw, "Refer-Sub: false\r\n").await;
        bob.endpoint.agree(id).unwrap();
        let accepted = raw.receive().await.unwrap();
        assert!(accepted.starts_with("SIP/2.0 202 "), "{accepted}");
        assert_eq!(field(&accepted, "Refer-Sub"), "false");
        assert_eq!(raw.receive().await, None);
        assert_eq!(bob.endpoint.tell_referrer(id, 200), Err(Misuse::Unknown));
    });
    assert_eq!(bob.endpoint.sizes().manager.usages, 1, "the call's");
}

#[test]
fn d05_a_refer_that_the_application_does_not_agree_to_is_603() {
    let (world, mut bob, _, mut raw) = pair(Script::default());
    world.run(async {
        let (id, tag) = referred(&mut bob, &mut raw, "").await;
        raw.sleep(Duration::from_secs(17)).await;
        assert_eq!(raw.status().await.unwrap(), "603 Decline");
        assert_eq!(bob.endpoint.agree(id), Err(Misuse::Unknown));
        for (cseq, extra) in [
            (3, ""),
            (4, "Refer-To: <sip:a@b>\r\nRefer-To: <sip:c@d>\r\n"),
            (5, "Refer-To: <<>\r\n"),
        ] {
            raw.send(&in_dialog("REFER", cseq, &tag, extra));
            assert!(raw.status().await.unwrap().starts_with("400 "), "{extra}");
        }
        raw.send(&in_dialog("REFER", 6, "", "Refer-To: <sip:a@b>\r\n"));
        assert_eq!(raw.status().await.unwrap(), "403 Forbidden", "outside a dialog");
        assert_eq!(bob.next_within(1).await, None);
    });
    assert_eq!(bob.endpoint.sizes().manager.usages, 1);
}

#[test]
fn a_notifier_whose_peer_wants_no_more_is_over() {
    let (world, mut bob, _, mut raw) = pair(Script::default());
    world.run(async {
        let (id, _) = referred(&mut bob, &mut raw, "").await;
        bob.endpoint.agree(id).unwrap();
        assert_eq!(raw.status().await.unwrap(), "202 Accepted");
        let notify = raw.receive().await.unwrap();
        raw.send(&response(&notify, "481 Gone", "", ""));
        bob.sleep(Duration::from_secs(1)).await;
        assert_eq!(bob.endpoint.tell_referrer(id, 200), Err(Misuse::Unknown));
    });
}

/// Alice, who has called Bob and Carol.
async fn three(world: &World) -> ([Side; 3], [CallId; 4]) {
    let mut sides = [1, 2, 3].map(|host| world.side(host, Arc::new(Open)));
    let [alice, bob, carol] = &mut sides;
    let (to_bob, at_bob) = connected(alice, bob, (ALICE, BOB)).await;
    let (to_carol, at_carol) = connected(alice, carol, (ALICE, CAROL)).await;
    (sides, [to_bob, at_bob, to_carol, at_carol])
}

/// Bob follows a REFER: his INVITE leaves.
async fn follow(bob: &mut Side) -> (RequestId, CallId) {
    let Event::Referred { id, to, by, .. } = bob.next().await else { panic!("no REFER") };
    bob.endpoint.agree(id).unwrap();
    let prepared = bob.endpoint.prepare(BOB, &to, None).unwrap();
    let by = format!("<{}>", by.unwrap()).into_bytes();
    bob.endpoint
        .add_fields(prepared.id, Fields::default().with("Referred-By", by).unwrap())
        .unwrap();
    bob.endpoint.invite(prepared.id, sdp("offer")).unwrap();
    (id, prepared.id)
}

#[test]
fn an_attended_transfer_leaves_the_two_others_with_one_another() {
    let world = World::perfect();
    world.run(async {
        let ([mut alice, mut bob, mut carol], [to_bob, at_bob, to_carol, at_carol]) =
            three(&world).await;
        let refer = alice.endpoint.refer_to_call(to_bob, to_carol).unwrap();
        let (id, called) = follow(&mut bob).await;
        let Event::Incoming { id: incoming, replaces, .. } = carol.next().await else {
            panic!("no INVITE")
        };
        assert_eq!(replaces, Some(at_carol));
        carol.endpoint.accept(incoming, sdp("answer")).unwrap();
        assert_eq!(bob.next().await, Event::Answered { id: called, body: sdp("answer") });
        assert!(matches!(carol.next().await, Event::Confirmed { .. }));
        carol.endpoint.hang_up(at_carol).unwrap();
        bob.endpoint.tell_referrer(id, 200).unwrap();
        let (mut ended, mut done) = (false, false);
        while let Some(event) = alice.next_within(2).await {
            match event {
                Event::Ended { id, reason } => {
                    ended = (id, reason) == (to_carol, EndReason::Remote);
                }
                Event::ReferNotified { id, status, is_final: true, .. } => {
                    done = (id, status) == (refer, Some(200));
                }
                Event::ReferNotified { .. } => {}
                other => panic!("{other:?}"),
            }
        }
        assert!(ended && done);
        alice.endpoint.hang_up(to_bob).unwrap();
        let over = bob.next().await;
        assert_eq!(over, Event::Ended { id: at_bob, reason: EndReason::Remote });
        for side in [&bob, &carol] {
            assert_eq!(side.endpoint.sizes().manager.dialogs, 1);
        }
    });
}

#[test]
fn a_replaces_that_fits_no_call_is_refused() {
    let (world, mut bob, _, mut raw) = pair(Script::default());
    world.run(async {
        let (_, tag) = up(&mut bob, &mut raw).await;
        let right = format!("Replaces: raw;to-tag={tag};from-tag=m");
        let cases = [
            (right.replace("from-tag=m", "from-tag=x"), "481 "),
            (right.replace(&tag, "x"), "481 "),
            (right.replace("raw", "other"), "481 "),
            (format!("{right};early-only"), "486 "),
            ("Replaces: raw;to-tag=x".to_owned(), "400 "),
            (format!("{right}\r\n{right}"), "400 "),
        ];
        for (number, (replaces, want)) in cases.iter().enumerate() {
            let branch = format!("r{number}");
            let extra = format!("{replaces}\r\n");
            let wanted = Wanted { branch: &branch, extra: &extra, ..Wanted::default() };
            let invite =
                request(&wanted).replace("Call-ID: raw\r\n", &format!("Call-ID: n{number}\r\n"));
            raw.send(&invite);
            let got = raw.status().await.unwrap();
            assert!(got.starts_with(want), "{replaces}: {got}");
            raw.send(&invite.replace("INVITE", "ACK").replace("Length: 5", "Length: 0"));
        }
        assert_eq!(bob.next_within(1).await, None);
    });
    assert_eq!(bob.endpoint.sizes().manager.dialogs, 1);
}

/// Join (RFC 3911) is not spoken: what requires it is refused, and what only names a call begins one
/// of its own.
#[test]
fn d06_nobody_joins_a_call() {
    let (world, mut bob, _, mut raw) = pair(Script::default());
    let mut stranger = Raw::new(&world, 8);
    world.run(async {
        let (id, tag) = up(&mut bob, &mut raw).await;
        let there = bob.endpoint.sizes().manager;
        let join = format!("Join: raw;to-tag={tag};from-tag=m\r\n");
        for (extra, joins) in [("Require: join\r\n", true), ("", false)] {
            let extra = format!("{join}{extra}");
            let branch = if joins { "j" } else { "n" };
            let invite = request(&Wanted { branch, extra: &extra, ..Wanted::default() })
                .replace("Call-ID: raw\r\n", &format!("Call-ID: {branch}\r\n"));
            stranger.send(&invite);
            if joins {
                let answer = stranger.receive().await.unwrap();
                assert!(answer.starts_with("SIP/2.0 420 "), "{answer}");
                assert_eq!(field(&answer, "Unsupported"), "join");
                assert_eq!(bob.endpoint.sizes().manager, there);
                continue;
            }
            let event = bob.next().await;
            let Event::Incoming { id: other, replaces, .. } = event else { panic!("{event:?}") };
            assert_eq!((other == id, replaces), (false, None));
            bob.endpoint.reject(other, 486).unwrap();
            assert!(matches!(bob.next().await, Event::Ended { .. }));
        }
        assert_eq!(bob.next_within(1).await, None, "the call goes on");
    });
    assert_eq!(bob.endpoint.sizes().manager.dialogs, 1);
}

#[test]
fn only_what_a_uri_says_to_replace_goes_into_the_invite() {
    let world = World::perfect();
    let alice = world.side(1, Arc::new(Open));
    let mut raw = Raw::to_alice(&world, 9);
    world.run(async {
        let to = "sip:x@192.0.2.9?Replaces=a%40b%3Bto-tag%3D1%3Bfrom-tag%3D2&Route=%3Csip:evil%3E";
        alice.call(ALICE, to, sdp("offer"));
        let invite = raw.receive().await.unwrap();
        assert!(invite.starts_with("INVITE sip:x@192.0.2.9 SIP/2.0\r\n"), "{invite}");
        assert_eq!(field(&invite, "Replaces"), "a@b;to-tag=1;from-tag=2");
        assert!(!invite.contains("Route"), "{invite}");
        let behind = "a%3Bto-tag%3D1%3Bfrom-tag%3D2%20x";
        for bad in ["a", "a%0D%0AX:y%3Bto-tag%3D1", "a%3Bto-tag%3D1%20x%3Bfrom-tag", behind] {
            let to = format!("sip:x@192.0.2.9?Replaces={bad}");
            let refused = alice.endpoint.prepare(ALICE, &to, None);
            assert_eq!(refused.unwrap_err(), Misuse::NotAUri, "{bad}");
        }
    });
}
