//! What becomes of a subscription as time passes: where its notifier is, connections that break,
//! ends and refusals that meet something else. RFC 6665 §4.1.2, §4.1.3.

use crate::answers::{pair, response, scripted};
use crate::double::{CHALLENGE, Script};
use crate::flows::{accept, connect_to, listen, read};
use crate::raw::{Raw, field};
use crate::resubscribing::{failed, lapsed, within};
use crate::subscriptions::{config, granted, notify, over, subscribed, told};
use crate::world::Side;
use net::Transport;
use sip_core::manager::{
    NextHop, SubscribeConfig, SubscriptionEnd, SubscriptionId, SubscriptionState, Termination,
};
use std::time::Duration;

const WANTED: SubscriptionEnd = SubscriptionEnd::Wanted;

/// The answer to a NOTIFY that was sent, and what the application is told of it.
async fn heard(alice: &mut Side, raw: &mut Raw, id: SubscriptionId) {
    assert_eq!(raw.status().await.unwrap(), "200 OK");
    assert_eq!(alice.next().await, told(id, SubscriptionState::Active));
}

#[test]
fn an_end_that_is_wanted_before_the_first_notify_is_said_in_the_dialog_that_it_makes() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        let id = alice.endpoint.subscribe(config()).unwrap();
        let subscribe = raw.receive().await.unwrap();
        alice.endpoint.unsubscribe(id).unwrap();
        raw.send(&granted(&subscribe, 600));
        assert_eq!(raw.receive().await, None, "there is no dialog yet");
        raw.send(&notify(&subscribe, 1, "active;expires=600"));
        assert_eq!(alice.next().await, told(id, SubscriptionState::Active));
        let last = raw.receive().await.unwrap();
        assert_eq!((field(&last, "CSeq"), field(&last, "Expires")), ("2 SUBSCRIBE", "0"));
        assert_eq!(raw.status().await.unwrap(), "200 OK");
        // It is over, however that is answered.
        raw.send(&response(&last, "500 Trouble", "", ""));
        assert_eq!(alice.next_within(1).await, Some(over(id, WANTED)));
        raw.sleep(Duration::from_secs(40)).await;
    });
    alice.assert_empty();
}

#[test]
fn an_end_that_is_wanted_lets_nothing_be_tried_again() {
    // It was granted for ten seconds, refused, found too short, and challenged.
    let (world, mut alice, double, mut raw) = scripted(Script::default());
    world.run(async {
        for (status, extra) in [
            ("200 OK", "Contact: <sip:here@192.0.2.9>\r\nExpires: 10\r\n"),
            ("403 Forbidden", ""),
            ("423 Interval Too Brief", "Min-Expires: 1800\r\n"),
            ("401 Unauthorized", CHALLENGE),
        ] {
            let id = alice.endpoint.subscribe(config()).unwrap();
            let subscribe = raw.receive().await.unwrap();
            alice.endpoint.unsubscribe(id).unwrap();
            raw.send(&response(&subscribe, status, "x", extra));
            assert_eq!(alice.next_within(11).await, Some(over(id, WANTED)), "{status}");
            assert_eq!(raw.receive().await, None, "{status}");
        }
        raw.sleep(Duration::from_secs(40)).await;
    });
    assert_eq!(double.count("abandon"), 4);
    alice.assert_empty();
}

#[test]
fn an_end_that_is_wanted_during_a_refresh_is_said_behind_it() {
    for status in ["200 OK", "500 Trouble"] {
        let (world, mut alice, mut raw) = pair();
        world.run(async {
            let (id, _) = subscribed(&mut alice, &mut raw, 100).await;
            let refresh = within(&mut raw, 70).await.unwrap();
            alice.endpoint.unsubscribe(id).unwrap();
            raw.send(&response(&refresh, status, "", "Expires: 100\r\n"));
            let last = raw.receive().await.unwrap();
            assert_eq!((field(&last, "CSeq"), field(&last, "Expires")), ("3 SUBSCRIBE", "0"));
        });
    }
}

#[test]
fn what_ended_for_a_while_is_silent_for_that_while() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        let id = alice.endpoint.subscribe(config()).unwrap();
        let subscribe = raw.receive().await.unwrap();
        raw.send(&granted(&subscribe, 100));
        raw.send(&notify(&subscribe, 1, "terminated;reason=probation;retry-after=900"));
        assert_eq!(raw.status().await.unwrap(), "200 OK");
        let why = Termination::Probation;
        assert_eq!(alice.next().await, told(id, SubscriptionState::Terminated(why)));
        assert_eq!(lapsed(&mut alice, id, SubscriptionEnd::Terminated(why)).await, 900);
        // Neither the first NOTIFY nor the next is awaited any more.
        assert_eq!(alice.next_within(890).await, None);
        assert_eq!(raw.receive().await, None);
        let anew = within(&mut raw, 11).await.unwrap();
        assert_ne!(field(&anew, "Call-ID"), field(&subscribe, "Call-ID"));
    });
}

#[test]
fn a_refresh_under_way_is_forgotten_where_its_subscription_ends() {
    let (world, mut alice, double, mut raw) = scripted(Script::default());
    world.run(async {
        let (id, subscribe) = subscribed(&mut alice, &mut raw, 100).await;
        let refresh = within(&mut raw, 70).await.unwrap();
        raw.send(&notify(&subscribe, 2, "terminated;reason=deactivated"));
        let why = Termination::Deactivated;
        assert_eq!(alice.next().await, told(id, SubscriptionState::Terminated(why)));
        assert_eq!(lapsed(&mut alice, id, SubscriptionEnd::Terminated(why)).await, 0);
        assert_eq!(raw.status().await.unwrap(), "200 OK");
        let anew = raw.receive().await.unwrap();
        assert_ne!(field(&anew, "Call-ID"), field(&refresh, "Call-ID"));
        raw.send(&granted(&anew, 600));
        raw.send(&notify(&anew, 1, "active;expires=600"));
        heard(&mut alice, &mut raw, id).await;
        assert_eq!(double.count("abandon"), 1, "the first dialog is over, this one is not");
        // It is not sent again, and nobody waits for its answer.
        raw.send(&response(&refresh, "481 Gone", "", ""));
        assert_eq!(alice.next_within(40).await, None);
        assert_eq!(raw.receive().await, None);
        alice.endpoint.unsubscribe(id).unwrap();
        let last = raw.receive().await.unwrap();
        raw.send(&response(&last, "481 Gone", "", ""));
        assert_eq!(alice.next().await, over(id, WANTED));
        raw.sleep(Duration::from_secs(40)).await;
    });
    assert_eq!(double.count("abandon"), 2);
    alice.assert_empty();
}

#[test]
fn the_notify_of_a_try_that_was_given_up_is_481() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        let id = alice.endpoint.subscribe(config()).unwrap();
        let subscribe = raw.receive().await.unwrap();
        raw.send(&granted(&subscribe, 10));
        // Half its time is up before it was told of.
        let anew = within(&mut raw, 6).await.unwrap();
        assert_ne!(field(&anew, "Call-ID"), field(&subscribe, "Call-ID"));
        raw.send(&notify(&subscribe, 1, "active"));
        assert!(raw.status().await.unwrap().starts_with("481 "));
        raw.send(&granted(&anew, 600));
        raw.send(&notify(&anew, 1, "active;expires=600"));
        heard(&mut alice, &mut raw, id).await;
    });
}

#[test]
fn what_stood_for_two_minutes_is_made_anew_at_once_each_time() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        let (id, _) = subscribed(&mut alice, &mut raw, 600).await;
        for _ in 0..3 {
            let refresh = within(&mut raw, 541).await.unwrap();
            raw.send(&response(&refresh, "481 Gone", "", ""));
            assert_eq!(lapsed(&mut alice, id, failed(481)).await, 0);
            let anew = raw.receive().await.unwrap();
            raw.send(&granted(&anew, 600));
            raw.send(&notify(&anew, 1, "active;expires=600"));
            heard(&mut alice, &mut raw, id).await;
        }
    });
}

#[test]
fn a_longer_interval_is_taken_over_once_for_each_refresh() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        let (id, subscribe) = subscribed(&mut alice, &mut raw, 600).await;
        for (cseq, least) in [(2, 1_800), (3, 3_600)] {
            let refresh = within(&mut raw, 1_700).await.unwrap();
            let brief = format!("Min-Expires: {least}\r\n");
            raw.send(&response(&refresh, "423 Interval Too Brief", "", &brief));
            let longer = raw.receive().await.unwrap();
            assert_eq!(field(&longer, "Expires"), least.to_string());
            raw.send(&granted(&longer, least));
            raw.send(&notify(&subscribe, cseq, &format!("active;expires={least}")));
            heard(&mut alice, &mut raw, id).await;
        }
        // Another refusal's means nothing.
        let id = alice.endpoint.subscribe(config()).unwrap();
        let subscribe = raw.receive().await.unwrap();
        raw.send(&response(&subscribe, "500 Trouble", "x", "Min-Expires: 1800\r\n"));
        assert!(lapsed(&mut alice, id, failed(500)).await >= 15);
        let anew = within(&mut raw, 31).await.unwrap();
        assert_eq!(field(&anew, "Expires"), "600");
    });
}

#[test]
fn without_a_time_in_its_notifys_that_of_the_2xx_counts() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        let id = alice.endpoint.subscribe(config()).unwrap();
        let subscribe = raw.receive().await.unwrap();
        raw.send(&notify(&subscribe, 1, "active"));
        heard(&mut alice, &mut raw, id).await;
        raw.send(&granted(&subscribe, 100));
        assert_eq!(alice.next_within(66).await, None);
        assert_eq!(raw.receive().await, None);
        let refresh = within(&mut raw, 2).await.unwrap();
        assert_eq!(field(&refresh, "CSeq"), "2 SUBSCRIBE");
    });
}

/// RFC 6665 §4.1.2.2, §4.1.3: both refresh the dialog's target.
#[test]
fn a_notifier_is_where_it_said_last() {
    let (world, mut alice, mut raw) = pair();
    world.run(async {
        let (id, subscribe) = subscribed(&mut alice, &mut raw, 100).await;
        let moved = |text: String, to: &str| text.replace("sip:here@", &format!("sip:{to}@"));
        let mut at = "here";
        for (cseq, by_notify, to) in [(2, false, "there"), (3, true, "yonder"), (4, false, "there")]
        {
            let refresh = within(&mut raw, 70).await.unwrap();
            assert!(refresh.starts_with(&format!("SUBSCRIBE sip:{at}@192.0.2.9 ")), "{refresh}");
            let told = moved(notify(&subscribe, cseq, "active;expires=100"), to);
            let took = moved(granted(&refresh, 100), to);
            let other = |text: String| moved(text, at);
            if by_notify {
                raw.send(&other(granted(&refresh, 100)));
                raw.send(&told);
            } else {
                raw.send(&other(notify(&subscribe, cseq, "active;expires=100")));
                raw.send(&took);
            }
            heard(&mut alice, &mut raw, id).await;
            at = to;
        }
        let refresh = within(&mut raw, 70).await.unwrap();
        assert!(refresh.starts_with("SUBSCRIBE sip:there@192.0.2.9 "), "{refresh}");
        // No other request is of a subscription.
        let bye = notify(&subscribe, 5, "active").replace("NOTIFY", "BYE");
        raw.send(&bye);
        assert!(raw.status().await.unwrap().starts_with("481 "));
    });
}

#[test]
fn any_type_is_taken_where_none_was_named_and_no_body_has_none() {
    for accept in [vec![], vec!["application/x".to_owned()]] {
        let (world, alice, mut raw) = pair();
        world.run(async {
            let event = "presence;id=7".to_owned();
            let of_type = accept.first().cloned();
            alice.endpoint.subscribe(SubscribeConfig { accept, event, ..config() }).unwrap();
            let subscribe = raw.receive().await.unwrap();
            assert_eq!(subscribe.contains("\r\nAccept: "), of_type.is_some(), "{subscribe}");
            raw.send(&granted(&subscribe, 600));
            raw.send(
                &notify(&subscribe, 1, "active").replace("Event: presence;id=7", "Event: presence"),
            );
            assert!(raw.status().await.unwrap().starts_with("481 "), "that is another one's");
            raw.send(&notify(&subscribe, 2, "active"));
            let status = if of_type.is_some() { "415 " } else { "200 " };
            assert!(raw.status().await.unwrap().starts_with(status), "{of_type:?}");
            let whole = notify(&subscribe, 3, "active");
            let head = whole.split("Content-Type").next().unwrap();
            raw.send(&format!("{head}Content-Length: 0\r\n\r\n"));
            assert_eq!(raw.status().await.unwrap(), "200 OK");
        });
    }
}

/// The notifier is told our address anew where its connection breaks.
#[test]
fn a_subscription_whose_connection_is_closed_is_refreshed_soon() {
    for wanted in [true, false] {
        let (world, mut alice, _) = pair();
        let mut listener = listen(&world, 9);
        let tcp = |text: String| {
            text.replace("SIP/2.0/UDP", "SIP/2.0/TCP")
                .replace("here@192.0.2.9", "here@192.0.2.9;transport=tcp")
        };
        world.run(async {
            let hop = NextHop::of_uri("sip:192.0.2.9").unwrap();
            let next_hop = Some(NextHop { transport: Some(Transport::Tcp), ..hop });
            let id = alice.endpoint.subscribe(SubscribeConfig { next_hop, ..config() }).unwrap();
            let mut connection = accept(&mut *listener).await;
            let subscribe = read(&mut connection).await;
            connection.write_all(tcp(granted(&subscribe, 600)).as_bytes()).await.unwrap();
            let told_first = tcp(notify(&subscribe, 1, "active;expires=600"));
            connection.write_all(told_first.as_bytes()).await.unwrap();
            let answer = read(&mut connection).await;
            assert!(answer.starts_with("SIP/2.0 200 "), "{answer}");
            assert_eq!(alice.next().await, told(id, SubscriptionState::Active));
            // Another one's is nothing to it.
            drop(connect_to(&world, 8, 1).await);
            alice.sleep(Duration::from_secs(10)).await;
            let sent = || world.wire.count("192.0.2.1 SUBSCRIBE tcp");
            assert_eq!(sent(), 1);
            if wanted {
                drop(connection);
                let from = alice.runtime.now();
                let mut connection = accept(&mut *listener).await;
                let waited = alice.runtime.now() - from;
                let soon = Duration::from_secs(2)..Duration::from_millis(4_100);
                assert!(soon.contains(&waited), "{waited:?}");
                let refresh = read(&mut connection).await;
                assert!(field(&refresh, "To").ends_with(";tag=n"), "{refresh}");
                return;
            }
            alice.endpoint.unsubscribe(id).unwrap();
            let last = read(&mut connection).await;
            connection.write_all(tcp(granted(&last, 0)).as_bytes()).await.unwrap();
            alice.sleep(Duration::from_secs(1)).await;
            drop(connection);
            assert_eq!(alice.next_within(33).await, Some(over(id, WANTED)));
            assert_eq!(sent(), 2);
        });
    }
}

#[test]
fn a_challenged_subscription_counts_on_from_what_was_granted() {
    let (world, mut alice, _, mut raw) = scripted(Script::default());
    world.run(async {
        let id = alice.endpoint.subscribe(config()).unwrap();
        let first = raw.receive().await.unwrap();
        raw.send(&response(&first, "401 Unauthorized", "x", CHALLENGE));
        let second = raw.receive().await.unwrap();
        assert_eq!(field(&second, "CSeq"), "2 SUBSCRIBE");
        raw.send(&granted(&second, 100));
        raw.sleep(Duration::from_millis(100)).await;
        raw.send(&notify(&second, 1, "active;expires=100"));
        heard(&mut alice, &mut raw, id).await;
        let refresh = within(&mut raw, 70).await.unwrap();
        assert_eq!(field(&refresh, "CSeq"), "3 SUBSCRIBE");
    });
}
