//! Subscriptions that are refused, lost and ended by the notifier, and what is done then. RFC 6665
//! §4.1.2, §4.1.3.

use crate::answers::{pair, response};
use crate::raw::{Raw, field};
use crate::subscriptions::{config, granted, notify, over, subscribed, told};
use crate::world::{Side, both};
use sip_core::manager::{
    Cause, Event, Misuse, SubscriptionEnd, SubscriptionId, SubscriptionNews, SubscriptionState,
    Termination,
};
use std::time::Duration;

/// The subscription lapsed for this reason; when it is tried again.
pub(crate) async fn lapsed(alice: &mut Side, id: SubscriptionId, why: SubscriptionEnd) -> u64 {
    match alice.next().await {
        Event::Subscription { id: of, news: SubscriptionNews::Lapsed { why: told, again } } => {
            assert_eq!((of, told), (id, why));
            again.as_secs()
        }
        other => panic!("it lapsed for {why:?}: {other:?}"),
    }
}

/// The next message within this time.
pub(crate) async fn within(raw: &mut Raw, seconds: u64) -> Option<String> {
    for _ in 0..=seconds {
        if let Some(message) = raw.receive().await {
            return Some(message);
        }
    }
    None
}

pub(crate) const fn failed(status: u16) -> SubscriptionEnd {
    SubscriptionEnd::Failed(Cause::Status(status))
}

#[test]
fn what_a_notifier_does_not_grant_is_over_and_what_passes_is_tried_again() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        for status in [403, 404, 406, 420, 489, 501, 603] {
            let id = alice.endpoint.subscribe(config()).unwrap();
            let subscribe = raw.receive().await.unwrap();
            raw.send(&response(&subscribe, &format!("{status} No"), "x", ""));
            assert_eq!(alice.next().await, over(id, failed(status)));
            raw.send(&notify(&subscribe, 1, "active"));
            assert!(raw.status().await.unwrap().starts_with("481 "));
        }
        for (extra, least) in [("", 15), ("Retry-After: 300\r\n", 300)] {
            let id = alice.endpoint.subscribe(config()).unwrap();
            let subscribe = raw.receive().await.unwrap();
            raw.send(&response(&subscribe, "500 Trouble", "x", extra));
            let why = match least {
                300 => SubscriptionEnd::Failed(Cause::Later(500, Duration::from_secs(300))),
                _ => failed(500),
            };
            let again = lapsed(&mut alice, id, why).await;
            assert!((least..=least.max(30)).contains(&again), "{again}");
            let anew = within(&mut raw, again + 1).await.unwrap();
            assert_ne!(field(&anew, "Call-ID"), field(&subscribe, "Call-ID"));
            raw.send(&response(&anew, "403 No", "x", ""));
            assert_eq!(alice.next().await, over(id, failed(403)));
        }
        raw.sleep(Duration::from_secs(60)).await;
    });
    alice.assert_empty();
}

#[test]
fn a_longer_interval_is_taken_over_once() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        for (least, asked) in [(1800, true), (86_401, false), (300, false)] {
            let id = alice.endpoint.subscribe(config()).unwrap();
            let subscribe = raw.receive().await.unwrap();
            let brief = |subscribe: &str, least: u32| {
                let extra = format!("Min-Expires: {least}\r\n");
                response(subscribe, "423 Interval Too Brief", "x", &extra)
            };
            raw.send(&brief(&subscribe, least));
            if asked {
                let longer = raw.receive().await.unwrap();
                assert_eq!(field(&longer, "Expires"), "1800");
                raw.send(&brief(&longer, 3600));
            }
            assert_eq!(alice.next().await, over(id, failed(423)));
        }
    });
}

#[test]
fn a_lost_subscription_is_made_anew_at_once_but_not_again_and_again() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        let (id, subscribe) = subscribed(&mut alice, &mut raw, 60).await;
        let refresh = within(&mut raw, 31).await.unwrap();
        raw.send(&response(&refresh, "481 Gone", "", ""));
        assert_eq!(lapsed(&mut alice, id, failed(481)).await, 0);
        let anew = raw.receive().await.unwrap();
        assert_ne!(field(&anew, "Call-ID"), field(&subscribe, "Call-ID"));
        assert!(!field(&anew, "To").contains("tag="), "{anew}");
        assert_eq!(field(&anew, "CSeq"), "1 SUBSCRIBE");
        raw.send(&granted(&anew, 60));
        raw.send(&notify(&anew, 1, "active;expires=60"));
        assert_eq!(alice.next().await, told(id, SubscriptionState::Active));
        assert_eq!(raw.status().await.unwrap(), "200 OK");
        let refresh = within(&mut raw, 31).await.unwrap();
        raw.send(&response(&refresh, "481 Gone", "", ""));
        let again = lapsed(&mut alice, id, failed(481)).await;
        assert!((30..=60).contains(&again), "{again}");
    });
}

#[test]
fn each_reason_that_a_notifier_gives_has_its_own_effect() {
    // What it says, why, and when it is tried again: none, never.
    let cases = [
        ("deactivated;retry-after=900", Termination::Deactivated, Some(0..=0)),
        ("timeout", Termination::TimedOut, Some(0..=0)),
        ("probation", Termination::Probation, Some(15..=30)),
        ("probation;retry-after=900", Termination::Probation, Some(900..=900)),
        ("giveup;retry-after=40", Termination::GivenUp, Some(40..=40)),
        ("giveup", Termination::GivenUp, Some(15..=30)),
        ("other;retry-after=50", Termination::Unsaid, Some(50..=50)),
        ("rejected", Termination::Rejected, None),
        ("noresource;retry-after=1", Termination::NoResource, None),
        ("invariant;retry-after=1", Termination::Invariant, None),
    ];
    for (says, why, again) in cases {
        let (world, mut alice, mut raw) = pair();
        world.run(async {
            let (id, subscribe) = subscribed(&mut alice, &mut raw, 600).await;
            raw.send(&notify(&subscribe, 2, &format!("terminated;reason={says}")));
            assert_eq!(raw.status().await.unwrap(), "200 OK");
            assert_eq!(alice.next().await, told(id, SubscriptionState::Terminated(why)));
            let end = SubscriptionEnd::Terminated(why);
            let Some(again) = again else {
                assert_eq!(alice.next().await, over(id, end));
                assert_eq!(within(&mut raw, 60).await, None, "{says}");
                return alice.assert_empty();
            };
            let wait = lapsed(&mut alice, id, end).await;
            assert!(again.contains(&wait), "{says}: {wait}");
            let anew = within(&mut raw, wait + 1).await.unwrap();
            assert_ne!(field(&anew, "Call-ID"), field(&subscribe, "Call-ID"));
        });
    }
}

/// RFC 6665 §4.1.2.2: most failures of a refresh leave the subscription until its time is up.
#[test]
fn a_refresh_that_fails_leaves_the_subscription_until_its_time_is_up() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        let (id, subscribe) = subscribed(&mut alice, &mut raw, 100).await;
        // 68 s after it was granted, then in the middle of what is left: 84 s, 92 s.
        for _ in 0..3 {
            let refresh = within(&mut raw, 70).await.unwrap();
            assert!(field(&refresh, "To").contains("tag=n"), "{refresh}");
            raw.send(&response(&refresh, "500 Trouble", "", ""));
        }
        raw.send(&notify(&subscribe, 2, "active"));
        assert_eq!(raw.status().await.unwrap(), "200 OK");
        assert_eq!(alice.next().await, told(id, SubscriptionState::Active));
        assert_eq!(lapsed(&mut alice, id, SubscriptionEnd::Expired).await, 0);
        raw.send(&notify(&subscribe, 3, "active"));
        let anew = raw.receive().await.unwrap();
        assert!(anew.starts_with("SUBSCRIBE "), "{anew}");
        assert!(raw.status().await.unwrap().starts_with("481 "));
    });
}

#[test]
fn a_refresh_that_no_notify_or_answer_follows_has_lost_the_subscription() {
    for answers in [true, false] {
        let (world, mut alice, mut raw) = pair();
        world.run(async {
            let (id, _) = subscribed(&mut alice, &mut raw, 600).await;
            let refresh = within(&mut raw, 541).await.unwrap();
            if answers {
                raw.send(&granted(&refresh, 600));
            }
            assert_eq!(alice.next_within(31).await, None, "{answers}");
            let why = SubscriptionEnd::Failed(Cause::Timeout);
            let again = Duration::ZERO;
            let news = SubscriptionNews::Lapsed { why, again };
            let lost = Event::Subscription { id, news };
            assert_eq!(alice.next_within(2).await, Some(lost), "{answers}");
        });
    }
}

#[test]
fn a_subscription_is_refreshed_when_that_is_wanted_and_once_at_a_time() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        let (id, subscribe) = subscribed(&mut alice, &mut raw, 600).await;
        alice.endpoint.resubscribe(id).unwrap();
        alice.endpoint.resubscribe(id).unwrap();
        let refresh = raw.receive().await.unwrap();
        assert_eq!((field(&refresh, "CSeq"), field(&refresh, "Expires")), ("2 SUBSCRIBE", "600"));
        raw.send(&granted(&refresh, 600));
        raw.send(&notify(&subscribe, 2, "active;expires=600"));
        assert_eq!(raw.status().await.unwrap(), "200 OK");
        assert_eq!(alice.next().await, told(id, SubscriptionState::Active));
        assert_eq!(within(&mut raw, 500).await, None, "and its next refresh is due in time");
        alice.endpoint.unsubscribe(id).unwrap();
        let last = raw.receive().await.unwrap();
        assert_eq!((field(&last, "CSeq"), field(&last, "Expires")), ("3 SUBSCRIBE", "0"));
        alice.endpoint.resubscribe(id).unwrap();
        raw.send(&granted(&last, 0));
        raw.send(&notify(&subscribe, 3, "terminated"));
        assert_eq!(raw.status().await.unwrap(), "200 OK");
        let ended = SubscriptionState::Terminated(Termination::Unsaid);
        assert_eq!(alice.next().await, told(id, ended));
        assert_eq!(alice.next().await, over(id, SubscriptionEnd::Wanted));
        assert_eq!(alice.endpoint.resubscribe(id), Err(Misuse::Unknown));
        raw.sleep(Duration::from_secs(70)).await;
    });
    alice.assert_empty();
}

#[test]
fn a_subscription_is_ended_at_any_time() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        // Before the first NOTIFY: it is told in the dialog that that makes.
        let id = alice.endpoint.subscribe(config()).unwrap();
        let subscribe = raw.receive().await.unwrap();
        alice.endpoint.unsubscribe(id).unwrap();
        raw.send(&notify(&subscribe, 1, "active;expires=600"));
        assert_eq!(raw.status().await.unwrap(), "200 OK");
        assert_eq!(alice.next().await, told(id, SubscriptionState::Active));
        raw.send(&granted(&subscribe, 600));
        let last = raw.receive().await.unwrap();
        assert_eq!((field(&last, "CSeq"), field(&last, "Expires")), ("2 SUBSCRIBE", "0"));
        // Its last NOTIFY does not come.
        raw.send(&granted(&last, 0));
        assert_eq!(alice.next_within(31).await, None);
        assert_eq!(alice.next().await, over(id, SubscriptionEnd::Wanted));

        // While it waits for a new try, and where it is refused meanwhile.
        for refused_first in [true, false] {
            let id = alice.endpoint.subscribe(config()).unwrap();
            let subscribe = raw.receive().await.unwrap();
            let refusal = response(&subscribe, "500 Trouble", "x", "");
            if refused_first {
                raw.send(&refusal);
                lapsed(&mut alice, id, failed(500)).await;
            }
            alice.endpoint.unsubscribe(id).unwrap();
            if !refused_first {
                raw.send(&refusal);
            }
            assert_eq!(alice.next().await, over(id, SubscriptionEnd::Wanted));
        }
        raw.sleep(Duration::from_secs(70)).await;
    });
    alice.assert_empty();
}

#[test]
fn a_subscription_that_is_being_ended_waits_for_its_last_notify_alone() {
    for overtakes in [true, false] {
        let (world, mut alice, mut raw) = pair();
        world.run(async {
            let (id, subscribe) = subscribed(&mut alice, &mut raw, 600).await;
            alice.endpoint.unsubscribe(id).unwrap();
            let last = raw.receive().await.unwrap();
            assert_eq!(field(&last, "Expires"), "0");
            // One that left before; its last does not come.
            let notify = notify(&subscribe, 2, "active;expires=600");
            let granted = granted(&last, 0);
            let (first, second) = if overtakes { (notify, granted) } else { (granted, notify) };
            raw.send(&first);
            raw.send(&second);
            assert_eq!(alice.next().await, told(id, SubscriptionState::Active));
            assert_eq!(alice.next_within(33).await, Some(over(id, SubscriptionEnd::Wanted)));
            raw.sleep(Duration::from_secs(40)).await;
        });
        alice.assert_empty();
    }
}

#[test]
fn a_terminal_that_stops_ends_its_subscriptions() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        let (_, subscribe) = subscribed(&mut alice, &mut raw, 600).await;
        let endpoint = alice.endpoint.clone();
        let stopping = std::cell::Cell::new(true);
        let stop = async {
            endpoint.shutdown(Duration::from_secs(20)).await;
            stopping.set(false);
        };
        let play = async {
            let last = raw.receive().await.unwrap();
            assert_eq!(field(&last, "Expires"), "0");
            raw.send(&granted(&last, 0));
            raw.sleep(Duration::from_secs(5)).await;
            assert!(stopping.get(), "it does not wait for its last NOTIFY");
            raw.send(&notify(&subscribe, 2, "terminated"));
            assert_eq!(raw.status().await.unwrap(), "200 OK");
        };
        both(stop, play).await;
    });
}
