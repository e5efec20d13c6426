//! Requests that stand for themselves: MESSAGE (RFC 3428) and INFO (RFC 6086).

use crate::abuse::up;
use crate::double::Script;
use crate::raw::{Raw, Wanted, field, offerless, request};
use crate::security::{Pair, connect, pair};
use crate::world::{ALICE, BOB, Side, World};
use sip_core::Method;
use sip_core::manager::{CallId, Event, Misuse, RequestId};
use ssa::{Body, Open};
use std::sync::Arc;
use std::time::Duration;

fn text(text: &str) -> Body {
    Body { content_type: Some(b"text/plain".to_vec()), octets: text.into() }
}

/// The request that the application hears of next, with its call and what it says.
async fn received(side: &mut Side) -> (RequestId, Option<CallId>, Method<'static>, String) {
    match side.next().await {
        Event::Received { id, within, method, body, .. } => {
            (id, within, method, String::from_utf8(body.octets).unwrap())
        }
        other => panic!("no request came in, but {other:?}"),
    }
}

/// Bob, whom nobody needs to prove anything, and a stranger.
fn stranger() -> (World, Side, Raw) {
    let world = World::perfect();
    let bob = world.side(2, Arc::new(Open));
    let raw = Raw::new(&world, 9);
    (world, bob, raw)
}

fn message<'a>(branch: &'a str, to_tag: &'a str, cseq: u32) -> String {
    let wanted = Wanted { method: "MESSAGE", branch, to_tag, cseq, extra: "" };
    with_body(&request(&wanted), "text/plain", "hi")
}

fn with_body(request: &str, kind: &str, body: &str) -> String {
    let length = format!("Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let head = request.split("Content-Length:").next().unwrap();
    format!("{head}{length}")
}

#[test]
fn a_message_is_told_and_answered_as_the_application_says() {
    let Pair { world, mut alice, mut bob, asked_of_alice, asked_of_bob } =
        pair(Script::default(), Script::default());
    world.run(async {
        for status in [200, 404] {
            let sent = alice.endpoint.request(Method::MESSAGE, ALICE, BOB, None, text("hi"));
            let (id, within, method, said) = received(&mut bob).await;
            assert_eq!((within, method, said.as_str()), (None, Method::MESSAGE, "hi"));
            bob.endpoint.reply(id, status).unwrap();
            let answered = Event::RequestAnswered { id: sent.unwrap(), outcome: Ok(status) };
            assert_eq!(alice.next().await, answered);
            assert_eq!(bob.endpoint.reply(id, status), Err(Misuse::Unknown));
        }
        alice.sleep(Duration::from_secs(40)).await;
    });
    // What it says passes both security managers, as an offer does.
    assert_eq!(asked_of_alice.count("encrypt Request None"), 2);
    assert_eq!(asked_of_bob.count("decrypt Request"), 2);
    alice.assert_empty();
    bob.assert_empty();
}

#[test]
fn a_message_in_a_call_is_of_that_call_and_counts_in_its_sequence() {
    let Pair { world, mut alice, mut bob, .. } = pair(Script::default(), Script::default());
    world.run(async {
        let (call, id) = connect(&mut alice, &mut bob).await;
        let sent = alice.endpoint.request_within(call, Method::MESSAGE, text("one")).unwrap();
        let (message, within, _, said) = received(&mut bob).await;
        assert_eq!((within, said.as_str()), (Some(id), "one"));
        bob.endpoint.reply(message, 200).unwrap();
        assert_eq!(alice.next().await, Event::RequestAnswered { id: sent, outcome: Ok(200) });
        bob.endpoint.request_within(id, Method::MESSAGE, text("two")).unwrap();
        let (message, within, _, said) = received(&mut alice).await;
        assert_eq!((within, said.as_str()), (Some(call), "two"));
        alice.endpoint.reply(message, 200).unwrap();
        assert!(matches!(bob.next().await, Event::RequestAnswered { outcome: Ok(200), .. }));
        alice.endpoint.hang_up(call).unwrap();
        assert!(matches!(bob.next().await, Event::Ended { .. }));
        alice.sleep(Duration::from_secs(70)).await;
    });
    assert_eq!(world.wire.count("192.0.2.2 200 BYE"), 1);
    alice.assert_empty();
    bob.assert_empty();
}

#[test]
fn a_message_that_the_application_leaves_alone_is_480_after_sixteen_seconds() {
    let (world, mut bob, mut raw) = stranger();
    world.run(async {
        raw.send(&message("one", "", 1));
        let (id, ..) = received(&mut bob).await;
        raw.sleep(Duration::from_secs(15)).await;
        assert_eq!(raw.status().await, None);
        assert_eq!(raw.status().await.unwrap(), "480 Temporarily Unavailable");
        assert_eq!(bob.endpoint.reply(id, 200), Err(Misuse::Unknown));
        raw.sleep(Duration::from_secs(40)).await;
    });
    bob.assert_empty();
}

#[test]
fn a_message_of_a_dialog_that_is_no_call_is_481() {
    let (world, mut bob, _, mut raw) = crate::abuse::pair(Script::default());
    world.run(async {
        raw.send(&message("none", "unknown", 1));
        assert_eq!(raw.status().await.unwrap(), "481 Call/Transaction Does Not Exist");
        let (id, tag) = up(&mut bob, &mut raw).await;
        raw.send(&message("in", &tag, 2));
        let (waiting, within, ..) = received(&mut bob).await;
        assert_eq!(within, Some(id));
        bob.endpoint.hang_up(id).unwrap();
        assert!(matches!(bob.next().await, Event::Ended { .. }));
        let bye = raw.receive().await.unwrap();
        raw.send(&crate::answers::response(&bye, "200 OK", "", ""));
        raw.sleep(Duration::from_millis(50)).await;
        // The first one keeps the dialog, and no call is in it.
        raw.send(&message("late", &tag, 3));
        assert_eq!(raw.status().await.unwrap(), "481 Call/Transaction Does Not Exist");
        bob.endpoint.reply(waiting, 200).unwrap();
        assert_eq!(raw.status().await.unwrap(), "200 OK");
        raw.sleep(Duration::from_secs(40)).await;
    });
    bob.assert_empty();
}

#[test]
fn a_peer_that_has_no_such_dialog_has_lost_the_call() {
    let (world, mut bob, _, mut raw) = crate::abuse::pair(Script::default());
    world.run(async {
        let (call, _) = up(&mut bob, &mut raw).await;
        bob.endpoint.request_within(call, Method::MESSAGE, text("hi")).unwrap();
        let message = raw.receive().await.unwrap();
        assert!(message.starts_with("MESSAGE ") && !message.contains("Contact:"), "{message}");
        raw.send(&crate::answers::response(&message, "481 Gone", "", ""));
        assert!(matches!(bob.next().await, Event::RequestAnswered { outcome: Ok(481), .. }));
        assert!(matches!(bob.next().await, Event::Ended { .. }));
    });
}

#[test]
fn each_method_has_its_own_content() {
    let (world, mut bob, mut raw) = stranger();
    world.run(async {
        let message = Wanted { method: "MESSAGE", branch: "image", ..Wanted::default() };
        raw.send(&with_body(&request(&message), "image/png", "png"));
        let answer = raw.receive().await.unwrap();
        assert!(answer.starts_with("SIP/2.0 415 "), "{answer}");
        assert!(field(&answer, "Accept").contains("text/plain"), "{answer}");
        let invite = request(&Wanted { branch: "call", ..Wanted::default() });
        raw.send(&with_body(&offerless(&invite), "text/plain", "hi"));
        assert_eq!(raw.status().await.unwrap(), "415 Unsupported Media Type");
        assert_eq!(bob.next_within(1).await, None);
    });
}

#[test]
fn what_makes_a_call_is_not_sent_alone() {
    let (_, bob, _) = stranger();
    for method in [Method::INVITE, Method::BYE, Method::CANCEL, Method::REGISTER] {
        let sent = bob.endpoint.request(method, BOB, ALICE, None, Body::default());
        assert_eq!(sent, Err(Misuse::Method), "{method}");
    }
}

#[test]
fn a_message_that_must_be_proved_is_challenged_as_a_call_is() {
    let Pair { world, mut alice, mut bob, asked_of_bob, .. } =
        pair(Script::default(), Script::default());
    world.run(async {
        alice.endpoint.request(Method::MESSAGE, ALICE, BOB, None, text("hi")).unwrap();
        let (id, ..) = received(&mut bob).await;
        bob.endpoint.reply(id, 200).unwrap();
        assert!(matches!(alice.next().await, Event::RequestAnswered { outcome: Ok(200), .. }));
    });
    assert_eq!(asked_of_bob.count("authenticate MESSAGE"), 1);
}

#[test]
fn an_info_belongs_to_a_call() {
    let (world, mut bob, _, mut raw) = crate::abuse::pair(Script::default());
    world.run(async {
        let info = Wanted { method: "INFO", branch: "info", cseq: 2, ..Wanted::default() };
        raw.send(&request(&info));
        assert_eq!(raw.status().await.unwrap(), "481 Call/Transaction Does Not Exist");
        let (id, tag) = up(&mut bob, &mut raw).await;
        raw.send(&request(&Wanted { to_tag: &tag, branch: "within", ..info }));
        let (info, within, method, _) = received(&mut bob).await;
        assert_eq!((within, method), (Some(id), Method::INFO));
        bob.endpoint.reply(info, 200).unwrap();
        assert_eq!(raw.status().await.unwrap(), "200 OK");
        let sent = bob.endpoint.request(Method::INFO, BOB, ALICE, None, Body::default());
        assert_eq!(sent, Err(Misuse::Method));
        bob.endpoint.request_within(id, Method::INFO, Body::default()).unwrap();
        let info = raw.receive().await.unwrap();
        assert!(info.starts_with("INFO sip:mallory@192.0.2.9 SIP/2.0\r\n"), "{info}");
    });
}

#[test]
fn a_refused_media_type_is_answered_with_those_that_are_taken() {
    let (world, mut bob, mut raw) = stranger();
    world.run(async {
        raw.send(&message("m", "", 1));
        let (id, ..) = received(&mut bob).await;
        bob.endpoint.reply(id, 415).unwrap();
        let answer = raw.receive().await.unwrap();
        assert!(answer.starts_with("SIP/2.0 415 "), "{answer}");
        assert!(field(&answer, "Accept").contains("application/sdp"), "{answer}");
    });
}

#[test]
fn only_what_stands_for_itself_is_sent_in_a_call() {
    let Pair { world, mut alice, mut bob, .. } = pair(Script::default(), Script::default());
    world.run(async {
        let (call, _) = connect(&mut alice, &mut bob).await;
        for method in [Method::INVITE, Method::BYE, Method::CANCEL, Method::REGISTER] {
            let sent = alice.endpoint.request_within(call, method, Body::default());
            assert_eq!(sent, Err(Misuse::Method), "{method}");
        }
    });
}
