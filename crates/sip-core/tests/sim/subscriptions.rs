//! SUBSCRIBE, what is told by NOTIFY, and the end. RFC 6665 §4.1.

use crate::answers::{pair, response, scripted};
use crate::double::{CHALLENGE, Script, When};
use crate::raw::{Raw, field};
use crate::registrations::again;
use crate::world::{ALICE, Side, World};
use sip_core::manager::{
    self, Cause, Event, Misuse, SubscribeConfig, SubscriptionEnd, SubscriptionId, SubscriptionNews,
    SubscriptionState, Termination,
};
use ssa::{Body, Open};
use std::sync::Arc;
use std::time::Duration;

const SUMMARY: &str = "application/simple-message-summary";

pub(crate) fn config() -> SubscribeConfig {
    SubscribeConfig {
        from: ALICE.to_owned(),
        to: "sip:alice@192.0.2.9".to_owned(),
        next_hop: None,
        event: "message-summary".to_owned(),
        accept: vec![SUMMARY.to_owned()],
        expires: 600,
    }
}

/// 200 to what made the subscription, or to its refresh.
pub(crate) fn granted(subscribe: &str, seconds: u32) -> String {
    let extra = format!("Contact: <sip:here@192.0.2.9>\r\nExpires: {seconds}\r\n");
    response(subscribe, "200 OK", "n", &extra)
}

/// A NOTIFY in the dialog that this SUBSCRIBE asks for, of the notifier with this tag.
pub(crate) fn notify_of(subscribe: &str, (tag, cseq): (&str, u32), state: &str) -> String {
    let contact = field(subscribe, "Contact");
    let uri = contact.trim_matches(['<', '>']);
    let to = field(subscribe, "To").split(';').next().unwrap();
    let [from, call_id, event] =
        ["From", "Call-ID", "Event"].map(|name| field(subscribe, name).to_owned());
    let body = "Messages-Waiting: yes\r\n";
    format!(
        "NOTIFY {uri} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;rport;branch=z9hG4bK{tag}{cseq}{call_id}\r\n\
         Max-Forwards: 70\r\nFrom: {to};tag={tag}\r\nTo: {from}\r\nCall-ID: {call_id}\r\n\
         CSeq: {cseq} NOTIFY\r\nContact: <sip:here@192.0.2.9>\r\nEvent: {event}\r\n\
         Subscription-State: {state}\r\nContent-Type: {SUMMARY}\r\nContent-Length: {}\r\n\r\n\
         {body}",
        body.len()
    )
}

pub(crate) fn notify(subscribe: &str, cseq: u32, state: &str) -> String {
    notify_of(subscribe, ("n", cseq), state)
}

fn body() -> Body {
    let octets = b"Messages-Waiting: yes\r\n".to_vec();
    Body { content_type: Some(SUMMARY.into()), octets }
}

pub(crate) fn told(id: SubscriptionId, state: SubscriptionState) -> Event {
    Event::Subscription { id, news: SubscriptionNews::Notified { state, body: body() } }
}

pub(crate) fn over(id: SubscriptionId, why: SubscriptionEnd) -> Event {
    Event::Subscription { id, news: SubscriptionNews::Over { why } }
}

/// Alice's subscription, granted for so many seconds, and its SUBSCRIBE.
pub(crate) async fn subscribed(
    alice: &mut Side, raw: &mut Raw, seconds: u32,
) -> (SubscriptionId, String) {
    let id = alice.endpoint.subscribe(config()).unwrap();
    let subscribe = raw.receive().await.unwrap();
    raw.send(&granted(&subscribe, seconds));
    raw.send(&notify(&subscribe, 1, &format!("active;expires={seconds}")));
    assert_eq!(raw.status().await.unwrap(), "200 OK");
    assert_eq!(alice.next().await, told(id, SubscriptionState::Active));
    (id, subscribe)
}

#[test]
fn a_subscription_is_made_by_a_notify_kept_refreshed_and_ended() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        let id = alice.endpoint.subscribe(config()).unwrap();
        let first = raw.receive().await.unwrap();
        assert!(first.starts_with("SUBSCRIBE sip:alice@192.0.2.9 SIP/2.0\r\n"), "{first}");
        assert_eq!(field(&first, "Event"), "message-summary");
        assert_eq!((field(&first, "Expires"), field(&first, "Accept")), ("600", SUMMARY));
        assert_eq!(field(&first, "Contact"), "<sip:alice@192.0.2.1:5060>");
        raw.send(&granted(&first, 600));
        raw.send(&notify(&first, 1, "pending"));
        assert_eq!(raw.status().await.unwrap(), "200 OK");
        assert_eq!(alice.next().await, told(id, SubscriptionState::Pending));
        // What the NOTIFY says of the time counts.
        raw.send(&notify(&first, 2, "active;expires=100"));
        assert_eq!(raw.status().await.unwrap(), "200 OK");
        assert_eq!(alice.next().await, told(id, SubscriptionState::Active));

        raw.sleep(Duration::from_millis(67_500)).await;
        let refresh = raw.receive().await.unwrap();
        assert!(refresh.starts_with("SUBSCRIBE sip:here@192.0.2.9 SIP/2.0\r\n"), "{refresh}");
        for name in ["Call-ID", "From", "Event", "Accept", "Contact"] {
            assert_eq!(field(&refresh, name), field(&first, name));
        }
        assert_eq!(field(&refresh, "To"), "<sip:alice@192.0.2.9>;tag=n");
        assert_eq!((field(&refresh, "CSeq"), field(&refresh, "Expires")), ("2 SUBSCRIBE", "600"));
        raw.send(&granted(&refresh, 600));
        raw.send(&notify(&first, 3, "active;expires=600"));
        assert_eq!(raw.status().await.unwrap(), "200 OK");
        assert_eq!(alice.next().await, told(id, SubscriptionState::Active));
        raw.sleep(Duration::from_secs(100)).await;

        alice.endpoint.unsubscribe(id).unwrap();
        let last = raw.receive().await.unwrap();
        assert_eq!((field(&last, "CSeq"), field(&last, "Expires")), ("3 SUBSCRIBE", "0"));
        raw.send(&granted(&last, 0));
        raw.send(&notify(&first, 4, "terminated;reason=timeout"));
        assert_eq!(raw.status().await.unwrap(), "200 OK");
        let ended = SubscriptionState::Terminated(Termination::TimedOut);
        assert_eq!(alice.next().await, told(id, ended));
        assert_eq!(alice.next().await, over(id, SubscriptionEnd::Wanted));
        assert_eq!(alice.endpoint.unsubscribe(id), Err(Misuse::Unknown));
        raw.send(&notify(&first, 5, "active"));
        assert!(raw.status().await.unwrap().starts_with("481 "));
        raw.sleep(Duration::from_secs(70)).await;
    });
    alice.assert_empty();
}

#[test]
fn a_notify_that_comes_before_the_2xx_makes_the_subscription() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        let id = alice.endpoint.subscribe(config()).unwrap();
        let subscribe = raw.receive().await.unwrap();
        raw.send(&notify(&subscribe, 1, "active;expires=100"));
        assert_eq!(raw.status().await.unwrap(), "200 OK");
        assert_eq!(alice.next().await, told(id, SubscriptionState::Active));
        raw.send(&granted(&subscribe, 600));
        // The refresh comes in the time that the NOTIFY said, and nothing ends it before.
        raw.sleep(Duration::from_millis(67_500)).await;
        assert_eq!(field(&raw.receive().await.unwrap(), "CSeq"), "2 SUBSCRIBE");
        assert_eq!(alice.next_within(0).await, None);
    });
}

/// RFC 6665 §4.1.2.4: Timer N.
#[test]
fn a_subscription_that_no_notify_follows_has_failed_and_is_tried_anew() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        let id = alice.endpoint.subscribe(config()).unwrap();
        let subscribe = raw.receive().await.unwrap();
        raw.send(&granted(&subscribe, 600));
        assert_eq!(alice.next_within(31).await, None);
        let news = alice.next_within(2).await.unwrap();
        let Event::Subscription { news: SubscriptionNews::Lapsed { why, again }, .. } = news else {
            panic!("{news:?}")
        };
        assert_eq!(why, SubscriptionEnd::Failed(Cause::Timeout));
        assert!((15..=30).contains(&again.as_secs()), "{again:?}");
        raw.send(&notify(&subscribe, 1, "active"));
        assert!(raw.status().await.unwrap().starts_with("481 "));
        raw.sleep(again).await;
        let anew = raw.receive().await.unwrap();
        assert_ne!(field(&anew, "Call-ID"), field(&subscribe, "Call-ID"));
        raw.send(&granted(&anew, 600));
        raw.send(&notify(&anew, 1, "active"));
        assert_eq!(alice.next().await, told(id, SubscriptionState::Active));
    });
}

/// RFC 6665 §4.1.4: each fork has its own dialog; one is kept.
#[test]
fn of_the_forks_the_first_that_notifies_is_subscribed_to() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        let id = alice.endpoint.subscribe(config()).unwrap();
        let subscribe = raw.receive().await.unwrap();
        raw.send(&notify_of(&subscribe, ("other", 1), "active;expires=100"));
        assert_eq!(raw.status().await.unwrap(), "200 OK");
        raw.send(&granted(&subscribe, 600).replace("here", "elsewhere"));
        for (tag, cseq) in [("n", 1), ("third", 1), ("n", 2)] {
            raw.send(&notify_of(&subscribe, (tag, cseq), "active"));
            assert!(raw.status().await.unwrap().starts_with("481 "), "{tag}");
        }
        assert_eq!(alice.next().await, told(id, SubscriptionState::Active));
        raw.sleep(Duration::from_secs(66)).await;
        let (_, refresh) = again(&alice, &mut raw).await;
        assert!(field(&refresh, "To").ends_with(";tag=other"), "{refresh}");
        assert!(refresh.starts_with("SUBSCRIBE sip:here@"), "{refresh}");
    });
}

#[test]
fn two_notifies_at_once_are_of_one_subscription() {
    let verify = When::After(Duration::from_millis(300));
    let script = Script { challenges: true, verify, ..Script::default() };
    let (world, mut alice, _, mut raw) = scripted(script);
    world.run(async {
        let id = alice.endpoint.subscribe(config()).unwrap();
        let subscribe = raw.receive().await.unwrap();
        let proven = |tag, cseq| {
            let notify = notify_of(&subscribe, (tag, cseq), "active");
            notify.replace("Event:", "Authorization: Test nonce=\"1\"\r\nEvent:")
        };
        for (tag, cseq) in [("n", 2), ("n", 1), ("other", 1), ("n", 3)] {
            raw.send(&proven(tag, cseq));
        }
        let mut got = Vec::new();
        for _ in 0..4 {
            let answer = raw.receive().await.unwrap();
            let tag = field(&answer, "From").split_once("tag=").unwrap().1;
            let cseq = field(&answer, "CSeq").split(' ').next().unwrap();
            got.push(format!("{tag}{cseq} {}", answer.split(' ').nth(1).unwrap()));
        }
        got.sort_unstable();
        assert_eq!(got, ["n1 500", "n2 200", "n3 200", "other1 481"]);
        for _ in 0..2 {
            assert_eq!(alice.next().await, told(id, SubscriptionState::Active));
        }
        assert_eq!(alice.next_within(0).await, None);
    });
}

#[test]
fn d07_a_notify_that_is_not_of_what_was_subscribed_to_is_481() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        alice.endpoint.subscribe(config()).unwrap();
        let subscribe = raw.receive().await.unwrap();
        raw.send(&granted(&subscribe, 600));
        let fits = notify(&subscribe, 1, "active");
        let from = field(&subscribe, "From").to_owned();
        let others = [
            fits.replace("Event: message-summary", "Event: presence"),
            fits.replace("Event: message-summary", "Event: message-summary;id=1"),
            fits.replace("Event: message-summary\r\n", ""),
            fits.replace("Call-ID: ", "Call-ID: x"),
            fits.replace(&format!("To: {from}"), &format!("To: {from}x")),
            fits.replace(&format!("To: {from}"), "To: <sip:alice@192.0.2.1>"),
            fits.replace("NOTIFY", "MESSAGE").replace(SUMMARY, "text/plain"),
        ];
        for (number, other) in others.iter().enumerate() {
            raw.send(&other.replace("branch=z9hG4bK", &format!("branch=z9hG4bK{number}")));
            let status = raw.status().await.unwrap();
            assert!(status.starts_with("481 "), "{status} to {other}");
        }
        assert_eq!(alice.next_within(1).await, None);
    });
}

/// Whoever knows the names of a subscription has not shown that it is the notifier.
#[test]
fn d07_a_first_notify_from_elsewhere_is_the_security_managers_to_admit() {
    let script = Script { refuses_elsewhere: true, ..Script::default() };
    let (world, mut alice, double, mut raw) = scripted(script);
    let mut other = Raw::to_alice(&world, 8);
    world.run(async {
        for answered in [true, false] {
            let id = alice.endpoint.subscribe(config()).unwrap();
            let subscribe = raw.receive().await.unwrap();
            if answered {
                raw.send(&granted(&subscribe, 600));
                raw.sleep(Duration::from_millis(100)).await;
            }
            let first = notify(&subscribe, 1, "active")
                .replace("Via: SIP/2.0/UDP 192.0.2.9", "Via: SIP/2.0/UDP 192.0.2.8");
            other.send(&first);
            assert_eq!(other.status().await.unwrap(), "403 Forbidden");
            raw.send(&notify(&subscribe, 1, "active"));
            assert_eq!(raw.status().await.unwrap(), "200 OK");
            assert_eq!(alice.next().await, told(id, SubscriptionState::Active));
        }
    });
    assert_eq!(double.count("request_received NOTIFY in dialog from elsewhere"), 2);
    assert_eq!(double.count("request_received NOTIFY in dialog"), 2);
}

#[test]
fn a_notify_out_of_order_or_of_another_type_is_refused() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        let (id, subscribe) = subscribed(&mut alice, &mut raw, 600).await;
        raw.send(&notify(&subscribe, 7, "active"));
        assert_eq!(raw.status().await.unwrap(), "200 OK");
        assert_eq!(alice.next().await, told(id, SubscriptionState::Active));
        raw.send(&notify(&subscribe, 6, "active"));
        assert!(raw.status().await.unwrap().starts_with("500 "));
        raw.send(&notify(&subscribe, 8, "active").replace(SUMMARY, "text/html"));
        let refused = raw.receive().await.unwrap();
        assert!(refused.starts_with("SIP/2.0 415 "), "{refused}");
        assert_eq!(field(&refused, "Accept"), SUMMARY);
        assert_eq!(alice.next_within(1).await, None);
    });
}

#[test]
fn a_challenged_subscribe_is_answered_and_its_dialog_counts_on() {
    let (world, mut alice, double, mut raw) = scripted(Script::default());
    world.run(async {
        let id = alice.endpoint.subscribe(config()).unwrap();
        let bare = raw.receive().await.unwrap();
        raw.send(&response(&bare, "401 Unauthorized", "c", CHALLENGE));
        let subscribe = raw.receive().await.unwrap();
        assert!(subscribe.contains("\r\nAuthorization: "), "{subscribe}");
        assert_eq!(field(&subscribe, "CSeq"), "2 SUBSCRIBE");
        raw.send(&notify(&subscribe, 1, "active;expires=100"));
        assert_eq!(raw.status().await.unwrap(), "200 OK");
        raw.send(&granted(&subscribe, 600));
        assert_eq!(alice.next().await, told(id, SubscriptionState::Active));
        raw.sleep(Duration::from_millis(67_500)).await;
        let refresh = raw.receive().await.unwrap();
        assert_eq!(field(&refresh, "CSeq"), "3 SUBSCRIBE");
        // It says again what was accepted.
        assert!(refresh.contains("\r\nAuthorization: "), "{refresh}");
    });
    assert_eq!(double.count("got_401_unauthorized SUBSCRIBE 1"), 1);
}

#[test]
fn there_are_no_more_subscriptions_than_are_allowed_and_none_to_what_is_no_package() {
    let world = World::perfect();
    let few = manager::Config { subscriptions: 1, ..manager::Config::default() };
    let mut alice = world.side_with(1, Arc::new(Open), few);
    let mut raw = Raw::to_alice(&world, 9);
    world.run(async {
        for (event, accept) in [("", SUMMARY), ("two words", SUMMARY), ("dialog", "nothing")] {
            let (event, accept) = (event.to_owned(), vec![accept.to_owned()]);
            let odd = SubscribeConfig { event, accept, ..config() };
            assert_eq!(alice.endpoint.subscribe(odd).unwrap_err(), Misuse::NotAPackage);
        }
        let id = alice.endpoint.subscribe(config()).unwrap();
        assert_eq!(alice.endpoint.subscribe(config()).unwrap_err(), Misuse::Full);
        let subscribe = raw.receive().await.unwrap();
        raw.send(&response(&subscribe, "489 Bad Event", "x", ""));
        let refused = SubscriptionEnd::Failed(Cause::Status(489));
        assert_eq!(alice.next().await, over(id, refused));
        let id = alice.endpoint.subscribe(config()).unwrap();
        // Nothing has left yet that could be subscribed by.
        let lost = alice.endpoint.unsubscribe(id);
        assert_eq!(lost, Ok(()));
    });
}
