//! What becomes of a publication as time passes, and what is said again with it. RFC 3903 §4.1, §5.

use crate::answers::{pair, scripted};
use crate::double::{CHALLENGE, Script};
use crate::publications::{body, config, news, published, said, standing, take};
use crate::raw::{field, response};
use crate::world::World;
use sip_core::manager::{self, Cause, Misuse, PublicationNews};
use ssa::{Body, Open};
use std::sync::Arc;
use std::time::Duration;

#[test]
fn what_changes_is_published_at_once_and_in_the_refreshs_stead() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        let id = standing(&mut alice, &mut raw).await;
        let nothing = [
            Body { content_type: Some(b"text/plain".to_vec()), octets: Vec::new() },
            Body { content_type: None, octets: b"x".to_vec() },
        ];
        for nothing in nothing {
            let refused = alice.endpoint.republish(id, nothing.clone());
            assert_eq!(refused, Err(Misuse::NotAPackage));
            assert!(alice.endpoint.publish(config(), nothing).is_err());
        }
        raw.sleep(Duration::from_secs(60)).await;
        alice.endpoint.republish(id, body("busy")).unwrap();
        let change = raw.receive().await.unwrap();
        assert_eq!((field(&change, "CSeq"), said(&change)), ("2 PUBLISH", "busy"));
        assert_eq!(field(&change, "SIP-If-Match"), "one");
        // No answer: it is sent again, and nothing beside it.
        raw.sleep(Duration::from_secs(15)).await;
        while let Some(again) = raw.receive().await {
            assert_eq!(again, change);
        }
        take(&raw, &change, "two", 100);
        assert_eq!(alice.next().await, published(id, 100));
        // What fails says everything again, under the tag that it has.
        raw.sleep(Duration::from_millis(67_500)).await;
        let refresh = raw.receive().await.unwrap();
        assert_eq!(said(&refresh), "");
        raw.send(&response(&refresh, "500 Trouble", "Min-Expires: 1800\r\n"));
        let failed = alice.next().await;
        let sip_core::manager::Event::Publication {
            news: PublicationNews::Failed { cause: Cause::Status(500), again },
            ..
        } = failed
        else {
            panic!("{failed:?}")
        };
        assert!((15..=30).contains(&again.as_secs()), "{again:?}");
        raw.sleep(again - Duration::from_millis(500)).await;
        let anew = raw.receive().await.unwrap();
        assert_eq!((field(&anew, "SIP-If-Match"), said(&anew)), ("two", "busy"));
        assert_eq!(field(&anew, "Expires"), "600");
        take(&raw, &anew, "three", 100);
        assert_eq!(alice.next().await, published(id, 100));
        // It stands again: a change does not wait.
        alice.endpoint.republish(id, body("away")).unwrap();
        assert_eq!(said(&raw.receive().await.unwrap()), "away");
    });
}

#[test]
fn what_is_taken_back_while_it_is_published_is_taken_back_behind_it() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        let id = alice.endpoint.publish(config(), body("open")).unwrap();
        let first = raw.receive().await.unwrap();
        alice.endpoint.republish(id, body("busy")).unwrap();
        alice.endpoint.unpublish(id).unwrap();
        alice.endpoint.unpublish(id).unwrap();
        raw.sleep(Duration::from_millis(100)).await;
        take(&raw, &first, "one", 600);
        let last = raw.receive().await.unwrap();
        assert_eq!((field(&last, "SIP-If-Match"), field(&last, "Expires")), ("one", "0"));
        assert_eq!((field(&last, "CSeq"), said(&last)), ("2 PUBLISH", ""));
        raw.send(&response(&last, "200 OK", ""));
        let over = |cause| news(id, PublicationNews::Over { cause });
        assert_eq!(alice.next().await, over(None));

        // Nothing was taken, and nothing is sent.
        let id = alice.endpoint.publish(config(), body("open")).unwrap();
        let first = raw.receive().await.unwrap();
        alice.endpoint.unpublish(id).unwrap();
        raw.send(&response(&first, "500 Trouble", ""));
        let over = news(id, PublicationNews::Over { cause: None });
        assert_eq!(alice.next_within(1).await, Some(over));
        assert_eq!(raw.receive().await, None);
        raw.sleep(Duration::from_secs(40)).await;
    });
    alice.assert_empty();
}

#[test]
fn without_a_tag_everything_is_said_again() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        let id = alice.endpoint.publish(config(), body("open")).unwrap();
        let first = raw.receive().await.unwrap();
        raw.send(&response(&first, "200 OK", "Expires: 100\r\n"));
        assert_eq!(alice.next().await, published(id, 100));
        raw.sleep(Duration::from_millis(67_500)).await;
        let refresh = raw.receive().await.unwrap();
        assert!(!refresh.contains("SIP-If-Match"), "{refresh}");
        assert_eq!(said(&refresh), "open");
    });
}

#[test]
fn a_longer_interval_is_taken_over_once_for_each_publish() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        let brief = |publish: &str, least: &str| response(publish, "423 Interval Too Brief", least);
        // None is said, a shorter one, and a longer one twice.
        for extra in ["", "Min-Expires: 300\r\n", "Min-Expires: 1800\r\n"] {
            let id = alice.endpoint.publish(config(), body("open")).unwrap();
            let mut publish = raw.receive().await.unwrap();
            raw.send(&brief(&publish, extra));
            if extra.contains("1800") {
                publish = raw.receive().await.unwrap();
                assert_eq!(field(&publish, "Expires"), "1800");
                raw.send(&brief(&publish, "Min-Expires: 3600\r\n"));
            }
            let cause = Some(Cause::Status(423));
            let over = news(id, PublicationNews::Over { cause });
            assert_eq!(alice.next_within(1).await, Some(over), "{extra}");
        }
        let id = standing(&mut alice, &mut raw).await;
        for least in [1_800, 3_600] {
            raw.sleep(Duration::from_millis(67_500)).await;
            let refresh = raw.receive().await.unwrap();
            raw.send(&brief(&refresh, &format!("Min-Expires: {least}\r\n")));
            let longer = raw.receive().await.unwrap();
            assert_eq!(field(&longer, "Expires"), least.to_string());
            take(&raw, &longer, "two", 100);
            assert_eq!(alice.next().await, published(id, 100));
        }
    });
}

#[test]
fn what_was_accepted_is_proved_unasked_the_next_time_and_what_failed_is_not() {
    let (world, mut alice, _, mut raw) = scripted(Script::default());
    world.run(async {
        let id = alice.endpoint.publish(config(), body("open")).unwrap();
        let first = raw.receive().await.unwrap();
        raw.send(&response(&first, "401 Unauthorized", CHALLENGE));
        let mut next = raw.receive().await.unwrap();
        for (cseq, proves) in [(2, true), (3, true), (4, false)] {
            assert_eq!(field(&next, "CSeq"), format!("{cseq} PUBLISH"));
            assert_eq!(next.contains("\r\nAuthorization: "), proves, "{next}");
            if cseq == 2 {
                take(&raw, &next, "one", 100);
                assert_eq!(alice.next().await, published(id, 100));
                raw.sleep(Duration::from_millis(67_500)).await;
            } else {
                raw.send(&response(&next, "500 Trouble", "Retry-After: 60\r\n"));
                assert!(alice.next_within(1).await.is_some());
                raw.sleep(Duration::from_millis(59_500)).await;
            }
            next = raw.receive().await.unwrap();
        }
    });
}

#[test]
fn there_are_no_more_publications_than_are_allowed() {
    let world = World::perfect();
    let sip = manager::Config { publications: 2, ..manager::Config::default() };
    let alice = world.side_with(1, Arc::new(Open), sip);
    for _ in 0..2 {
        alice.endpoint.publish(config(), body("open")).unwrap();
    }
    assert_eq!(alice.endpoint.publish(config(), body("open")).unwrap_err(), Misuse::Full);
}
