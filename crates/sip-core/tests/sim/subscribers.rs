//! Peers that subscribe: SUBSCRIBE as it comes in, and the NOTIFYs that it is owed. RFC 6665 §4.2.

use crate::answers::response;
use crate::double::{Double, Script};
use crate::raw::{Raw, Wanted, field, request, to_tag};
use crate::world::{Side, World, both};
use sip_core::Capabilities;
use sip_core::manager::{
    self, Event, Misuse, SubscriberEnd, SubscriberId, SubscriberNews, SubscriptionState,
    Termination,
};
use ssa::Body;
use std::sync::Arc;
use std::time::Duration;

pub(crate) fn serving() -> manager::Config {
    let capabilities = Capabilities { events: vec!["dialog"], ..Capabilities::default() };
    manager::Config { capabilities, subscribers: 2, ..manager::Config::default() }
}

/// Bob, who can be subscribed to, and a stranger.
pub(crate) fn pair(script: Script) -> (World, Side, Arc<Double>, Raw) {
    let world = World::perfect();
    let double = Double::new(world.runtime(2), script);
    let bob = world.side_with(2, Arc::clone(&double) as _, serving());
    let raw = Raw::new(&world, 9);
    (world, bob, double, raw)
}

pub(crate) fn subscribe(cseq: u32, to_tag: &str, extra: &str) -> String {
    let branch = format!("s{cseq}{}", extra.len());
    let extra = format!("Event: dialog;id=5\r\n{extra}");
    request(&Wanted { method: "SUBSCRIBE", branch: &branch, cseq, to_tag, extra: &extra })
}

pub(crate) fn said(text: &str) -> Body {
    Body { content_type: Some(b"application/dialog-info+xml".to_vec()), octets: text.into() }
}

pub(crate) async fn asked(bob: &mut Side) -> (SubscriberId, u32) {
    match bob.next().await {
        Event::Subscriber { id, news: SubscriberNews::Asked { event, from, expires, .. } } => {
            assert_eq!((event.as_str(), from.as_str()), ("dialog", "sip:mallory@192.0.2.9"));
            (id, expires)
        }
        other => panic!("nobody subscribed: {other:?}"),
    }
}

pub(crate) fn over(id: SubscriberId, why: SubscriberEnd) -> Event {
    Event::Subscriber { id, news: SubscriberNews::Over { why } }
}

/// The next NOTIFY: its state and what it says.
pub(crate) async fn told(raw: &mut Raw) -> (String, String) {
    let notify = raw.receive().await.unwrap();
    assert!(notify.starts_with("NOTIFY sip:mallory@192.0.2.9 "), "{notify}");
    assert_eq!(field(&notify, "Event"), "dialog;id=5");
    raw.send(&response(&notify, "200 OK", "", ""));
    let body = notify.split_once("\r\n\r\n").unwrap().1.to_owned();
    (field(&notify, "Subscription-State").to_owned(), body)
}

pub(crate) fn says(state: &str, body: &str) -> (String, String) {
    (state.to_owned(), body.to_owned())
}

/// The stranger's subscription of so many seconds, of which Bob grants 100 at most; his tag.
pub(crate) async fn subscribed(bob: &mut Side, raw: &mut Raw) -> (SubscriberId, String) {
    raw.send(&subscribe(1, "", "Expires: 600\r\n"));
    let (id, expires) = asked(bob).await;
    assert_eq!(expires, 600);
    bob.endpoint.grant(id, 100, SubscriptionState::Active, said("idle")).unwrap();
    let ok = raw.receive().await.unwrap();
    assert!(ok.starts_with("SIP/2.0 200 "), "{ok}");
    assert_eq!((field(&ok, "Expires"), field(&ok, "Contact")), ("100", "<sip:bob@192.0.2.2:5060>"));
    assert_eq!(told(raw).await, says("active;expires=100", "idle"));
    (id, to_tag(&ok).to_owned())
}

#[test]
fn a_subscriber_is_told_what_changes_with_the_time_that_is_left() {
    let (world, mut bob, _, mut raw) = pair(Script::default());
    world.run(async {
        let (id, tag) = subscribed(&mut bob, &mut raw).await;
        bob.sleep(Duration::from_secs(40)).await;
        for text in ["ringing", "early", "up"] {
            bob.endpoint.notify(id, SubscriptionState::Active, said(text)).unwrap();
        }
        // One is under way at a time: of what comes meanwhile the latest counts.
        for text in ["ringing", "up"] {
            let (state, body) = told(&mut raw).await;
            let left: u32 = state.strip_prefix("active;expires=").unwrap().parse().unwrap();
            assert!((58..=60).contains(&left), "{state}");
            assert_eq!(body, text);
        }
        // A refresh is told the same again, and moves the time.
        raw.send(&subscribe(2, &tag, "Expires: 90\r\n"));
        let ok = raw.receive().await.unwrap();
        assert_eq!(field(&ok, "Expires"), "90");
        assert_eq!(told(&mut raw).await, says("active;expires=90", "up"));
        // The end of it as well.
        raw.send(&subscribe(3, &tag, "Expires: 0\r\n"));
        assert_eq!(raw.status().await.unwrap(), "200 OK");
        assert_eq!(bob.next().await, over(id, SubscriberEnd::Unsubscribed));
        assert_eq!(told(&mut raw).await, says("terminated;reason=timeout", "up"));
        bob.sleep(Duration::from_secs(1)).await;
        assert_eq!(
            bob.endpoint.notify(id, SubscriptionState::Active, said("")),
            Err(Misuse::Unknown)
        );
        raw.send(&subscribe(4, &tag, ""));
        assert!(raw.status().await.unwrap().starts_with("481 "));
        raw.sleep(Duration::from_secs(40)).await;
    });
    bob.assert_empty();
}

#[test]
fn what_else_comes_in_the_dialog_of_a_subscription_is_481_and_refreshes_nothing() {
    let (world, mut bob, _, mut raw) = pair(Script::default());
    world.run(async {
        let (id, tag) = subscribed(&mut bob, &mut raw).await;
        bob.sleep(Duration::from_secs(60)).await;
        let extra = "Event: dialog;id=5\r\nExpires: 600\r\n";
        let bye = Wanted { method: "BYE", branch: "b", cseq: 2, to_tag: &tag, extra };
        raw.send(&request(&bye));
        assert_eq!(raw.status().await.unwrap(), "481 Call/Transaction Does Not Exist");
        bob.endpoint.notify(id, SubscriptionState::Active, said("on")).unwrap();
        // Of its 100 s a minute has gone by, and the answer to the first NOTIFY.
        assert_eq!(told(&mut raw).await, says("active;expires=39", "on"));
    });
}

#[test]
fn a_subscription_that_is_not_refreshed_ends_with_a_word() {
    let (world, mut bob, _, mut raw) = pair(Script::default());
    world.run(async {
        let (id, _) = subscribed(&mut bob, &mut raw).await;
        assert_eq!(bob.next_within(98).await, None);
        assert_eq!(bob.next_within(3).await, Some(over(id, SubscriberEnd::Expired)));
        assert_eq!(told(&mut raw).await, says("terminated;reason=timeout", "idle"));
        raw.sleep(Duration::from_secs(40)).await;
    });
    bob.assert_empty();
}

#[test]
fn what_stands_is_told_once_where_no_time_is_asked_for_and_pending_until_it_is_decided() {
    let (world, mut bob, _, mut raw) = pair(Script::default());
    world.run(async {
        raw.send(&subscribe(1, "", "Expires: 0\r\n"));
        let (id, expires) = asked(&mut bob).await;
        assert_eq!(expires, 0);
        bob.endpoint.grant(id, 100, SubscriptionState::Active, said("idle")).unwrap();
        assert_eq!(raw.status().await.unwrap(), "200 OK");
        assert_eq!(told(&mut raw).await, says("terminated;reason=timeout", "idle"));
        assert_eq!(bob.next().await, over(id, SubscriberEnd::Ended));

        raw.send(&subscribe(2, "", "").replace("Call-ID: raw", "Call-ID: two"));
        let (id, expires) = asked(&mut bob).await;
        assert_eq!(expires, 3600);
        bob.endpoint.grant(id, 60, SubscriptionState::Pending, Body::default()).unwrap();
        assert_eq!(raw.status().await.unwrap(), "200 OK");
        assert_eq!(told(&mut raw).await, says("pending;expires=60", ""));
        bob.sleep(Duration::from_millis(500)).await;
        let rejected = SubscriptionState::Terminated(Termination::Rejected);
        bob.endpoint.notify(id, rejected, Body::default()).unwrap();
        assert_eq!(bob.next().await, over(id, SubscriberEnd::Ended));
        assert_eq!(told(&mut raw).await, says("terminated;reason=rejected", ""));
    });
}

#[test]
fn a_subscriber_that_is_gone_or_wants_no_more_is_told_nothing() {
    for answer in ["481 Gone", "489 Bad Event", "500 Trouble"] {
        let (world, mut bob, _, mut raw) = pair(Script::default());
        world.run(async {
            let (id, _) = subscribed(&mut bob, &mut raw).await;
            bob.sleep(Duration::from_millis(500)).await;
            bob.endpoint.notify(id, SubscriptionState::Active, said("up")).unwrap();
            let notify = raw.receive().await.unwrap();
            raw.send(&response(&notify, answer, "", ""));
            let lost = answer != "500 Trouble";
            let event = bob.next_within(1).await;
            assert_eq!(event, lost.then(|| over(id, SubscriberEnd::Lost)), "{answer}");
            let again = bob.endpoint.notify(id, SubscriptionState::Active, said("again"));
            assert_eq!(again.is_err(), lost, "{answer}");
        });
    }
}

#[test]
fn d08_a_subscription_is_refused_without_a_proof_a_package_or_room() {
    let (world, mut bob, double, mut raw) = pair(Script { challenges: true, ..Script::default() });
    world.run(async {
        raw.send(&subscribe(1, "", ""));
        assert_eq!(raw.status().await.unwrap(), "401 Unauthorized");
        assert_eq!(bob.endpoint.sizes().manager, manager::Sizes::default());
        let proven = |cseq: u32, extra: &str| {
            let extra = format!("Authorization: Test nonce=\"1\"\r\n{extra}");
            subscribe(cseq, "", &extra).replace("Call-ID: raw", &format!("Call-ID: c{cseq}"))
        };
        let events = ["Event: presence", "Event: dialog.winfo", "X-Event: dialog"];
        for (cseq, event) in (20..).zip(events) {
            raw.send(&proven(cseq, "").replace("Event: dialog;id=5", event));
            let refused = raw.receive().await.unwrap();
            assert!(refused.starts_with("SIP/2.0 489 Bad Event"), "{refused}");
            assert_eq!(field(&refused, "Allow-Events"), "dialog");
        }
        raw.send(&proven(3, "").replace("Contact: <sip:mallory@192.0.2.9>\r\n", ""));
        assert!(raw.status().await.unwrap().starts_with("400 "));
        raw.send(&proven(4, ""));
        let (id, _) = asked(&mut bob).await;
        bob.endpoint.refuse(id, 403).unwrap();
        assert_eq!(raw.status().await.unwrap(), "403 Forbidden");
        assert_eq!(bob.endpoint.refuse(id, 403), Err(Misuse::Unknown));
        for cseq in [5, 6, 7] {
            raw.send(&proven(cseq, ""));
        }
        asked(&mut bob).await;
        asked(&mut bob).await;
        assert!(raw.status().await.unwrap().starts_with("503 "));
        // Nobody decides.
        raw.sleep(Duration::from_secs(16)).await;
        for _ in 0..2 {
            assert!(raw.status().await.unwrap().starts_with("480 "));
        }
        assert_eq!(bob.next_within(1).await, None);
        raw.sleep(Duration::from_secs(40)).await;
    });
    assert_eq!(double.count("request_received SUBSCRIBE"), 9);
    bob.assert_empty();
}

#[test]
fn who_serves_no_package_says_so_and_who_does_names_it() {
    let world = World::perfect();
    let bob = world.side_with(2, Arc::new(ssa::Open), serving());
    let _alice = world.side(1, Arc::new(ssa::Open));
    let mut raw = Raw::new(&world, 9);
    let mut other = Raw::to_alice(&world, 8);
    world.run(async {
        let options = request(&Wanted { method: "OPTIONS", ..Wanted::default() });
        raw.send(&options);
        let ok = raw.receive().await.unwrap();
        assert!(field(&ok, "Allow: ").contains("SUBSCRIBE"), "{ok}");
        assert_eq!(field(&ok, "Allow-Events"), "dialog");
        other.send(
            &options.replace("bob@192.0.2.2", "alice@192.0.2.1").replace("192.0.2.9", "192.0.2.8"),
        );
        let ok = other.receive().await.unwrap();
        assert!(!ok.contains("SUBSCRIBE") && !ok.contains("Allow-Events"), "{ok}");
        other.send(
            &subscribe(1, "", "")
                .replace("bob@192.0.2.2", "alice@192.0.2.1")
                .replace("192.0.2.9", "192.0.2.8"),
        );
        assert!(other.status().await.unwrap().starts_with("405 "));
    });
    drop(bob);
}

#[test]
fn a_terminal_that_stops_tells_its_subscribers() {
    let (world, mut bob, _, mut raw) = pair(Script::default());
    world.run(async {
        subscribed(&mut bob, &mut raw).await;
        bob.sleep(Duration::from_secs(1)).await;
        let stopping = std::cell::Cell::new(true);
        let stop = async {
            bob.endpoint.shutdown(Duration::from_secs(2)).await;
            stopping.set(false);
        };
        let hear = async {
            assert_eq!(told(&mut raw).await, says("terminated;reason=probation", "idle"));
            assert!(stopping.get(), "it stopped without a word");
        };
        both(stop, hear).await;
    });
}

/// RFC 6665 §4.2.2: what a NOTIFY says is the time that is left. Its peer may refresh it and end it.
#[test]
fn who_is_referred_says_how_long_it_will_yet_tell() {
    let (world, mut bob, _, mut raw) = pair(Script::default());
    world.run(async {
        let (id, tag) = crate::transfers::referred(&mut bob, &mut raw, "").await;
        bob.endpoint.agree(id).unwrap();
        assert_eq!(raw.status().await.unwrap(), "202 Accepted");
        let mut state = async || {
            let notify = raw.receive().await.unwrap();
            raw.send(&response(&notify, "200 OK", "", ""));
            field(&notify, "Subscription-State").to_owned()
        };
        assert_eq!(state().await, "active;expires=240");
        bob.sleep(Duration::from_secs(100)).await;
        bob.endpoint.tell_referrer(id, 180).unwrap();
        assert_eq!(state().await, "active;expires=139");
        bob.sleep(Duration::from_secs(1)).await;
        raw.send(&crate::transfers::in_dialog(
            "SUBSCRIBE",
            3,
            &tag,
            "Event: refer;id=2\r\nExpires: 900\r\n",
        ));
        let ok = raw.receive().await.unwrap();
        assert_eq!(field(&ok, "Expires"), "240");
        let notify = raw.receive().await.unwrap();
        raw.send(&response(&notify, "200 OK", "", ""));
        assert!(notify.contains("active;expires=240"), "{notify}");
        raw.sleep(Duration::from_secs(240)).await;
        let last = raw.receive().await.unwrap();
        assert!(last.contains("terminated;reason=timeout") && last.contains("2.0 487 "), "{last}");
    });
}

#[test]
fn a_subscription_whose_answer_is_refused_is_told_nothing() {
    let script = Script { refuses_leaving: true, ..Script::default() };
    let (world, mut bob, _, mut raw) = pair(script);
    world.run(async {
        raw.send(&subscribe(1, "", "Expires: 600\r\n"));
        let (id, _) = asked(&mut bob).await;
        bob.endpoint.grant(id, 100, SubscriptionState::Active, said("idle")).unwrap();
        let refused = raw.receive().await.unwrap();
        assert!(refused.starts_with("SIP/2.0 403 "), "{refused}");
        assert_eq!(bob.next().await, over(id, SubscriberEnd::Lost));
        assert_eq!(raw.receive().await, None, "no NOTIFY");
        let state = SubscriptionState::Active;
        assert_eq!(bob.endpoint.notify(id, state, said("busy")), Err(Misuse::Unknown));
        raw.sleep(Duration::from_secs(40)).await;
    });
    bob.assert_empty();
}
