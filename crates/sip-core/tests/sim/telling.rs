//! What subscribers are told where what is told meets something else. RFC 6665 §4.2.

use crate::answers::response;
use crate::double::{Script, When};
use crate::raw::{Wanted, field, request, to_tag};
use crate::subscribers::{asked, over, pair, said, says, subscribe, subscribed, told};
use crate::world::both;
use sip_core::manager::{Event, Misuse, SubscriberEnd, SubscriptionState, Termination};
use ssa::Body;
use std::time::Duration;

const ACTIVE: SubscriptionState = SubscriptionState::Active;

#[test]
fn a_refresh_moves_the_subscriber_and_ends_nothing() {
    let (world, mut bob, _, mut raw) = pair(Script::default());
    world.run(async {
        let (id, tag) = subscribed(&mut bob, &mut raw).await;
        let elsewhere = subscribe(2, &tag, "Expires: 90\r\n")
            .replace("mallory@192.0.2.9>\r\nE", "m2@192.0.2.9>\r\nE");
        assert!(elsewhere.contains("Contact: <sip:m2@192.0.2.9>"), "{elsewhere}");
        raw.send(&elsewhere);
        assert_eq!(raw.status().await.unwrap(), "200 OK");
        let notify = raw.receive().await.unwrap();
        assert!(notify.starts_with("NOTIFY sip:m2@192.0.2.9 "), "{notify}");
        assert_eq!(field(&notify, "Contact"), "<sip:bob@192.0.2.2:5060>");
        raw.send(&response(&notify, "200 OK", "", ""));
        assert_eq!(bob.next_within(1).await, None);
        // Another subscription's, and what is no SUBSCRIBE, is nobody's.
        raw.send(&subscribe(3, &tag, "").replace("id=5", "id=6"));
        assert!(raw.status().await.unwrap().starts_with("481 "));
        let bye = Wanted { method: "BYE", branch: "b", cseq: 4, to_tag: &tag, extra: "" };
        raw.send(&request(&bye));
        assert!(raw.status().await.unwrap().starts_with("481 "));
        bob.endpoint.notify(id, ACTIVE, said("up")).unwrap();
        assert!(raw.receive().await.unwrap().starts_with("NOTIFY "));
    });
}

#[test]
fn nothing_is_told_before_it_is_granted_nor_behind_the_end() {
    let (world, mut bob, _, mut raw) = pair(Script::default());
    world.run(async {
        raw.send(&subscribe(1, "", "Expires: 600\r\n"));
        let (id, _) = asked(&mut bob).await;
        assert_eq!(bob.endpoint.notify(id, ACTIVE, said("x")), Err(Misuse::WrongState));
        for status in [200, 299, 700] {
            assert_eq!(bob.endpoint.refuse(id, status), Err(Misuse::WrongState), "{status}");
        }
        bob.endpoint.grant(id, 100, ACTIVE, said("idle")).unwrap();
        let ok = raw.receive().await.unwrap();
        let tag = to_tag(&ok).to_owned();
        assert_eq!(told(&mut raw).await, says("active;expires=100", "idle"));
        bob.sleep(Duration::from_millis(500)).await;
        let rejected = SubscriptionState::Terminated(Termination::Rejected);
        bob.endpoint.notify(id, rejected, said("no")).unwrap();
        assert_eq!(bob.next().await, over(id, SubscriberEnd::Ended));
        assert_eq!(bob.endpoint.notify(id, ACTIVE, said("y")), Err(Misuse::WrongState));
        // The last NOTIFY is under way.
        raw.send(&subscribe(2, &tag, "Expires: 90\r\n"));
        assert_eq!(told(&mut raw).await, says("terminated;reason=rejected", "no"));
        assert!(raw.status().await.unwrap().starts_with("481 "));
        assert_eq!(bob.next_within(200).await, None);
    });
    bob.assert_empty();
}

#[test]
fn what_is_granted_as_ended_says_why() {
    for expires in ["Expires: 0\r\n", "Expires: 600\r\n"] {
        let (world, mut bob, _, mut raw) = pair(Script::default());
        world.run(async {
            raw.send(&subscribe(1, "", expires));
            let (id, _) = asked(&mut bob).await;
            let none = SubscriptionState::Terminated(Termination::NoResource);
            bob.endpoint.grant(id, 100, none, Body::default()).unwrap();
            assert_eq!(raw.status().await.unwrap(), "200 OK");
            assert_eq!(bob.next().await, over(id, SubscriberEnd::Ended));
            assert_eq!(told(&mut raw).await, says("terminated;reason=noresource", ""));
            assert_eq!(bob.next_within(700).await, None);
        });
        bob.assert_empty();
    }
}

#[test]
fn what_changes_before_the_answer_has_left_is_told_behind_it() {
    let leaving = When::After(Duration::from_secs(1));
    let (world, mut bob, _, mut raw) = pair(Script { leaving, ..Script::default() });
    world.run(async {
        raw.send(&subscribe(1, "", "Expires: 600\r\n"));
        let (id, _) = asked(&mut bob).await;
        bob.endpoint.grant(id, 100, ACTIVE, said("idle")).unwrap();
        bob.endpoint.notify(id, ACTIVE, said("up")).unwrap();
        bob.sleep(Duration::from_millis(500)).await;
        let ok = raw.receive().await.unwrap();
        assert!(ok.starts_with("SIP/2.0 200 "), "{ok}");
        let (_, body) = told(&mut raw).await;
        assert_eq!(body, "up");
        assert_eq!(raw.receive().await, None);
    });
}

#[test]
fn a_terminal_that_stops_declines_what_is_undecided_and_ends_nothing_twice() {
    let (world, mut bob, _, mut raw) = pair(Script::default());
    world.run(async {
        let (id, tag) = subscribed(&mut bob, &mut raw).await;
        raw.send(&subscribe(2, &tag, "Expires: 0\r\n"));
        assert_eq!(raw.status().await.unwrap(), "200 OK");
        assert_eq!(bob.next().await, over(id, SubscriberEnd::Unsubscribed));
        let last = raw.receive().await.unwrap();
        assert!(last.starts_with("NOTIFY "), "{last}");
        raw.send(&subscribe(3, "", "").replace("Call-ID: raw", "Call-ID: other"));
        asked(&mut bob).await;
        let endpoint = bob.endpoint.clone();
        let stop = endpoint.shutdown(Duration::from_secs(5));
        let play = async {
            assert!(raw.status().await.unwrap().starts_with("480 "));
            raw.send(&response(&last, "200 OK", "", ""));
            assert_eq!(raw.receive().await, None);
        };
        both(stop, play).await;
        assert_eq!(bob.events.next().await, None);
        let ended: Option<Event> = None;
        assert_eq!(bob.next_within(1).await, ended);
    });
}
