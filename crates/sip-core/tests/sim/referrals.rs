//! REFER outside any call, both ways: a server is asked to call somebody, and so are we. RFC 3515,
//! RFC 4488, RFC 5359 §2.18.

use crate::abuse;
use crate::answers::{self, CONTACT, response};
use crate::double::{CHALLENGE, CREDENTIALS, Double, Script};
use crate::raw::{Raw, Wanted, field, request, to_tag};
use crate::transfers::{notify, referring};
use crate::world::{ALICE, Side, World};
use sip_core::manager::{self, Cause, Event, Misuse, ReferConfig, RequestId};
use std::sync::Arc;
use std::time::Duration;

const CAROL: &str = "sip:carol@192.0.2.3";
const SERVER: &str = "sip:music@192.0.2.9";

fn asking(progress: bool) -> ReferConfig {
    ReferConfig {
        from: ALICE.to_owned(),
        to: SERVER.to_owned(),
        next_hop: None,
        refer_to: CAROL.to_owned(),
        progress,
    }
}

/// A NOTIFY of the server's about a REFER of ours that came outside any call.
pub(crate) fn telling(refer: &str, cseq: u32, state: &str, status: &str) -> String {
    let [from, to, call_id] = ["From", "To", "Call-ID"].map(|name| field(refer, name));
    let contact = field(refer, "Contact").trim_matches(['<', '>']);
    let body = format!("SIP/2.0 {status}\r\n");
    format!(
        "NOTIFY {contact} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKn{cseq}\r\n\
         Max-Forwards: 70\r\nFrom: {to};tag=t\r\nTo: {from}\r\nCall-ID: {call_id}\r\n\
         CSeq: {cseq} NOTIFY\r\nContact: <{SERVER}>\r\nEvent: refer;id=2\r\n\
         Subscription-State: {state}\r\nContent-Type: message/sipfrag\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[test]
fn who_is_asked_outside_a_call_tells_how_it_goes() {
    for notify_first in [false, true] {
        let (world, mut alice, _, mut raw) = answers::scripted(Script::default());
        world.run(async {
            let id = alice.endpoint.refer_outside(&asking(true)).unwrap();
            let first = raw.receive().await.unwrap();
            raw.send(&response(&first, "401 Unauthorized", "c", CHALLENGE));
            let refer = raw.receive().await.unwrap();
            assert!(refer.starts_with("REFER sip:music@192.0.2.9 SIP/2.0\r\n"), "{refer}");
            assert!(refer.contains("\r\nAuthorization: ") && !refer.contains("Refer-Sub"));
            assert_eq!(field(&refer, "Refer-To"), format!("<{CAROL}>"));
            assert_eq!(field(&refer, "Referred-By"), format!("<{ALICE}>"));
            let taken = response(&refer, "202 Accepted", "t", CONTACT);
            // RFC 6665 §4.4.1: it is the NOTIFY that makes the dialog.
            let trying = telling(&refer, 7, "active;expires=60", "100 Trying");
            let order = if notify_first { [&trying, &taken] } else { [&taken, &trying] };
            order.into_iter().for_each(|text| raw.send(text));
            assert_eq!(raw.status().await.unwrap(), "200 OK");
            let within = None;
            let told = |status, is_final| Event::ReferNotified { id, within, status, is_final };
            assert_eq!(alice.next().await, told(Some(100), false));
            // Another fork's is of no dialog.
            raw.send(&telling(&refer, 8, "active", "200 OK").replace(";tag=t", ";tag=other"));
            assert!(raw.status().await.unwrap().starts_with("481 "));
            raw.send(&telling(&refer, 9, "terminated;reason=noresource", "200 OK"));
            assert_eq!(raw.status().await.unwrap(), "200 OK");
            assert_eq!(alice.next().await, told(Some(200), true));
            assert_eq!(alice.next_within(300).await, None);
        });
        alice.assert_empty();
    }
}

#[test]
fn what_is_asked_outside_a_call_and_not_done_or_not_told_leaves_nothing() {
    let failed = |id, cause| Event::ReferFailed { id, within: None, cause };
    let silent = |id| Event::ReferNotified { id, within: None, status: None, is_final: true };
    let cases: [(_, &str, &dyn Fn(RequestId) -> Event); 4] = [
        ("603 Decline", "", &|id| failed(id, Cause::Status(603))),
        ("202 Accepted", "", &|id| failed(id, Cause::Timeout)),
        ("100 Trying", "", &|id| failed(id, Cause::Timeout)),
        ("202 Accepted", "Refer-Sub: false\r\n", &silent),
    ];
    for (status, extra, expected) in cases {
        let (world, mut alice, _, mut raw) = answers::scripted(Script::default());
        world.run(async {
            let id = alice.endpoint.refer_outside(&asking(extra.is_empty())).unwrap();
            let refer = raw.receive().await.unwrap();
            assert_eq!(refer.contains("\r\nRefer-Sub: false\r\n"), !extra.is_empty(), "{refer}");
            raw.send(&response(&refer, status, "t", &format!("{CONTACT}{extra}")));
            assert_eq!(alice.next_within(300).await, Some(expected(id)), "{status}");
            // A NOTIFY that comes late is nobody's.
            raw.send(&telling(&refer, 7, "active", "200 OK"));
            let mut heard = Vec::new();
            while let Some(text) = raw.receive().await {
                heard.push(text);
            }
            assert!(heard.last().unwrap().starts_with("SIP/2.0 481 "), "{heard:?}");
            assert_eq!(alice.next_within(40).await, None);
        });
        alice.assert_empty();
    }
    let (_, alice, _, _) = answers::scripted(Script::default());
    let nobody = ReferConfig { refer_to: "carol".to_owned(), ..asking(true) };
    assert_eq!(alice.endpoint.refer_outside(&nobody), Err(Misuse::NotAUri));
}

/// RFC 3515 §2.4.6: what tells the NOTIFYs of a REFER apart is the CSeq of the one that was taken.
#[test]
fn a_refer_in_a_call_that_was_challenged_is_told_of_by_its_last_cseq() {
    for notify_first in [false, true] {
        let (world, mut bob, _, mut raw) = abuse::pair(Script::default());
        world.run(async {
            let (within, id, tag, first) = referring(&mut bob, &mut raw).await;
            raw.send(&response(&first, "401 Unauthorized", "", CHALLENGE));
            let refer = raw.receive().await.unwrap();
            let cseq = field(&refer, "CSeq").split(' ').next().unwrap();
            assert_ne!(field(&first, "CSeq"), field(&refer, "CSeq"));
            let taken = response(&refer, "202 Accepted", "", "");
            let told = notify(2, &tag, &format!(";id={cseq}"), "active", "180 Ringing");
            let order = if notify_first { [&told, &taken] } else { [&taken, &told] };
            order.into_iter().for_each(|text| raw.send(text));
            assert_eq!(raw.status().await.unwrap(), "200 OK");
            let within = Some(within);
            let told = Event::ReferNotified { id, within, status: Some(180), is_final: false };
            assert_eq!(bob.next().await, told);
        });
    }
}

/// Bob, who takes one REFER at a time from outside any call, and a stranger.
fn taking(script: Script) -> (World, Side, Arc<Double>, Raw) {
    let world = World::perfect();
    let double = Double::new(world.runtime(2), script);
    let config = manager::Config { referrals: 1, ..manager::Config::default() };
    let bob = world.side_with(2, Arc::clone(&double) as _, config);
    let raw = Raw::new(&world, 9);
    (world, bob, double, raw)
}

fn refer(cseq: u32, extra: &str) -> String {
    let (branch, extra) = (format!("r{cseq}"), format!("Refer-To: <{CAROL}>\r\n{extra}"));
    request(&Wanted { method: "REFER", branch: &branch, cseq, to_tag: "", extra: &extra })
        .replace("Call-ID: raw", &format!("Call-ID: r{cseq}"))
}

async fn referred(bob: &mut Side, expected: Option<&str>) -> RequestId {
    let event = bob.next().await;
    let Event::Referred { id, within: None, from, to, by, .. } = event else { panic!("{event:?}") };
    assert_eq!((&*from, &*to, by.as_deref()), ("sip:mallory@192.0.2.9", CAROL, expected));
    id
}

#[test]
fn who_takes_what_is_asked_outside_a_call_tells_how_it_goes() {
    let (world, mut bob, _, mut raw) = taking(Script::default());
    world.run(async {
        raw.send(&refer(1, "Referred-By: <sip:pc@192.0.2.9>\r\n"));
        let id = referred(&mut bob, Some("sip:pc@192.0.2.9")).await;
        bob.endpoint.agree(id).unwrap();
        // Nothing is told before the answer has left.
        let accepted = raw.receive().await.unwrap();
        assert!(accepted.starts_with("SIP/2.0 202 "), "{accepted}");
        assert_eq!(field(&accepted, "Contact"), "<sip:bob@192.0.2.2:5060>");
        let mut told = Vec::new();
        for status in [180, 200] {
            let notify = raw.receive().await.unwrap();
            assert!(notify.starts_with("NOTIFY sip:mallory@192.0.2.9 "), "{notify}");
            assert_eq!(field(&notify, "Event"), "refer;id=1");
            assert_eq!(field(&notify, "From"), field(&accepted, "To"));
            raw.send(&response(&notify, "200 OK", "", ""));
            told.push(notify.split_once("\r\n\r\n").unwrap().1.to_owned());
            raw.sleep(Duration::from_millis(20)).await;
            bob.endpoint.tell_referrer(id, status).unwrap();
        }
        let last = raw.receive().await.unwrap();
        assert_eq!(field(&last, "Subscription-State"), "terminated;reason=noresource");
        raw.send(&response(&last, "200 OK", "", ""));
        told.push(last.split_once("\r\n\r\n").unwrap().1.to_owned());
        let said = ["100 Trying", "180 Ringing", "200 OK"];
        assert_eq!(told, said.map(|it| format!("SIP/2.0 {it}\r\n")));
        // Its dialog is gone.
        let bye =
            Wanted { method: "BYE", branch: "b", cseq: 2, to_tag: to_tag(&accepted), extra: "" };
        raw.send(&request(&bye).replace("Call-ID: raw", "Call-ID: r1"));
        assert!(raw.status().await.unwrap().starts_with("481 "));
        raw.sleep(Duration::from_secs(40)).await;
    });
    bob.assert_empty();
}

#[test]
fn d05_what_is_asked_outside_a_call_is_refused_without_a_proof_room_or_consent() {
    let (world, mut bob, double, mut raw) =
        taking(Script { challenges: true, ..Script::default() });
    world.run(async {
        raw.send(&refer(1, ""));
        assert_eq!(raw.status().await.unwrap(), "401 Unauthorized");
        bob.assert_empty();
        let proven = |cseq, extra: &str| refer(cseq, &format!("{CREDENTIALS}{extra}"));
        raw.send(&proven(2, "Refer-To: <sip:dave@192.0.2.4>\r\n"));
        assert!(raw.status().await.unwrap().starts_with("400 "), "two");
        raw.send(&proven(3, "").replace("Contact: <sip:mallory@192.0.2.9>\r\n", ""));
        assert!(raw.status().await.unwrap().starts_with("400 "), "nobody to tell");
        raw.send(&proven(4, ""));
        let id = referred(&mut bob, None).await;
        raw.send(&proven(5, ""));
        assert!(raw.status().await.unwrap().starts_with("503 "), "one at a time");
        bob.endpoint.decline(id, 603).unwrap();
        assert_eq!(raw.status().await.unwrap(), "603 Decline");
        raw.send(&proven(6, ""));
        let id = referred(&mut bob, None).await;
        raw.sleep(Duration::from_secs(17)).await;
        assert_eq!(raw.status().await.unwrap(), "603 Decline", "nobody decides");
        assert_eq!(bob.endpoint.agree(id), Err(Misuse::Unknown));
        assert_eq!(bob.next_within(40).await, None);
    });
    assert_eq!(double.count("request_received REFER"), 5, "what names two is none");
    bob.assert_empty();
}
