//! PUBLISH, its refresh, its change and its end. RFC 3903.

use crate::answers::pair;
use crate::raw::{Raw, field, response};
use crate::world::{ALICE, Side};
use sip_core::manager::{Cause, Event, Misuse, PublicationId, PublicationNews, PublishConfig};
use ssa::Body;
use std::time::Duration;

pub(crate) fn config() -> PublishConfig {
    PublishConfig {
        from: ALICE.to_owned(),
        to: "sip:alice@192.0.2.9".to_owned(),
        next_hop: None,
        event: "presence".to_owned(),
        expires: 600,
    }
}

pub(crate) fn body(text: &str) -> Body {
    Body { content_type: Some(b"application/pidf+xml".to_vec()), octets: text.into() }
}

pub(crate) fn news(id: PublicationId, news: PublicationNews) -> Event {
    Event::Publication { id, news }
}

pub(crate) fn published(id: PublicationId, expires: u32) -> Event {
    news(id, PublicationNews::Published { expires })
}

pub(crate) fn said(publish: &str) -> &str {
    publish.split_once("\r\n\r\n").unwrap().1
}

/// Takes it under this tag, for so many seconds.
pub(crate) fn take(raw: &Raw, publish: &str, tag: &str, seconds: u32) {
    let extra = format!("SIP-ETag: {tag}\r\nExpires: {seconds}\r\n");
    raw.send(&response(publish, "200 OK", &extra));
}

/// Alice's publication, taken as `one` for 100 s.
pub(crate) async fn standing(alice: &mut Side, raw: &mut Raw) -> PublicationId {
    let id = alice.endpoint.publish(config(), body("open")).unwrap();
    let first = raw.receive().await.unwrap();
    take(raw, &first, "one", 100);
    assert_eq!(alice.next().await, published(id, 100));
    id
}

#[test]
fn what_is_published_is_refreshed_changed_and_taken_back() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        let id = alice.endpoint.publish(config(), body("open")).unwrap();
        let first = raw.receive().await.unwrap();
        assert!(first.starts_with("PUBLISH sip:alice@192.0.2.9 SIP/2.0\r\n"), "{first}");
        assert_eq!((field(&first, "Event"), field(&first, "Expires")), ("presence", "600"));
        assert_eq!((field(&first, "Content-Type"), said(&first)), ("application/pidf+xml", "open"));
        assert!(!first.contains("SIP-If-Match") && !first.contains("Contact:"), "{first}");
        take(&raw, &first, "one", 100);
        assert_eq!(alice.next().await, published(id, 100));

        raw.sleep(Duration::from_millis(67_500)).await;
        let refresh = raw.receive().await.unwrap();
        assert_eq!((field(&refresh, "SIP-If-Match"), said(&refresh)), ("one", ""));
        assert!(!refresh.contains("Content-Type"), "{refresh}");
        // RFC 3903 §4.1: no other before the one under way has its answer.
        alice.endpoint.republish(id, body("busy")).unwrap();
        alice.endpoint.republish(id, body("away")).unwrap();
        raw.sleep(Duration::from_millis(100)).await;
        take(&raw, &refresh, "two", 600);
        assert_eq!(alice.next().await, published(id, 600));
        let change = raw.receive().await.unwrap();
        assert_eq!((field(&change, "SIP-If-Match"), said(&change)), ("two", "away"));
        assert_eq!(field(&change, "CSeq"), "3 PUBLISH");
        take(&raw, &change, "three", 600);
        assert_eq!(alice.next().await, published(id, 600));

        alice.endpoint.unpublish(id).unwrap();
        assert_eq!(alice.endpoint.republish(id, body("open")), Err(Misuse::WrongState));
        let last = raw.receive().await.unwrap();
        assert_eq!((field(&last, "SIP-If-Match"), field(&last, "Expires")), ("three", "0"));
        assert_eq!(said(&last), "");
        raw.send(&response(&last, "200 OK", ""));
        assert_eq!(alice.next().await, news(id, PublicationNews::Over { cause: None }));
        assert_eq!(alice.endpoint.unpublish(id), Err(Misuse::Unknown));
        raw.sleep(Duration::from_secs(40)).await;
    });
    alice.assert_empty();
}

#[test]
fn what_the_server_has_forgotten_is_published_anew() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        let id = standing(&mut alice, &mut raw).await;
        raw.sleep(Duration::from_millis(67_500)).await;
        let refresh = raw.receive().await.unwrap();
        raw.send(&response(&refresh, "412 Conditional Request Failed", ""));
        let anew = raw.receive().await.unwrap();
        assert!(!anew.contains("SIP-If-Match"), "{anew}");
        assert_eq!(said(&anew), "open");
        // Without a condition there is none that could fail.
        raw.send(&response(&anew, "412 Conditional Request Failed", ""));
        let cause = Some(Cause::Status(412));
        assert_eq!(alice.next().await, news(id, PublicationNews::Over { cause }));
    });
}

#[test]
fn a_publication_that_fails_is_tried_again_longer_or_is_over() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        for (status, extra) in [("489 Bad Event", ""), ("403 Forbidden", "")] {
            let id = alice.endpoint.publish(config(), body("open")).unwrap();
            let first = raw.receive().await.unwrap();
            raw.send(&response(&first, status, extra));
            let cause = Some(Cause::Status(status[..3].parse().unwrap()));
            assert_eq!(alice.next().await, news(id, PublicationNews::Over { cause }));
        }
        let id = alice.endpoint.publish(config(), body("open")).unwrap();
        let first = raw.receive().await.unwrap();
        raw.send(&response(&first, "423 Interval Too Brief", "Min-Expires: 1800\r\n"));
        let longer = raw.receive().await.unwrap();
        assert_eq!((field(&longer, "Expires"), said(&longer)), ("1800", "open"));
        raw.send(&response(&longer, "500 Trouble", "Retry-After: 60\r\n"));
        let (cause, again) = (Cause::Later(500, Duration::from_secs(60)), Duration::from_secs(60));
        assert_eq!(alice.next().await, news(id, PublicationNews::Failed { cause, again }));
        alice.endpoint.republish(id, body("busy")).unwrap();
        raw.sleep(Duration::from_millis(59_500)).await;
        let anew = raw.receive().await.unwrap();
        assert_eq!((field(&anew, "CSeq"), said(&anew)), ("3 PUBLISH", "busy"));
        // Nothing was taken: nothing is taken back.
        alice.endpoint.unpublish(id).unwrap();
        raw.send(&response(&anew, "500 Trouble", ""));
        assert_eq!(alice.next().await, news(id, PublicationNews::Over { cause: None }));
        let nothing = Body { content_type: Some(b"text/plain".to_vec()), octets: Vec::new() };
        assert_eq!(alice.endpoint.publish(config(), nothing).unwrap_err(), Misuse::NotAPackage);
        raw.sleep(Duration::from_secs(40)).await;
    });
    alice.assert_empty();
}
