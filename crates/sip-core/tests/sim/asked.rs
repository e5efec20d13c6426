//! Requests whose response is waited for.

use crate::flows::{accept, listen, read};
use crate::raw::{Raw, response};
use crate::world::{ALICE, BOB, World, sdp};
use sip_core::driver::NoResponse;
use sip_core::manager::{Cause, Event, Misuse};
use sip_core::{HeaderName, Message, Method};
use ssa::{Body, Open};
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

fn status(response: &Message) -> u16 {
    response.status().map_or(0, |status| status.as_u16())
}

/// Sends it, and finds no answer yet.
async fn assert_pending<T>(asked: &mut (impl Future<Output = T> + Unpin)) {
    assert!(poll_fn(|cx| Poll::Ready(pin!(&mut *asked).poll(cx).is_pending())).await);
}

#[test]
fn a_request_that_is_asked_gets_its_whole_response() {
    let world = World::perfect();
    let (mut alice, bob) = (world.side(1, Arc::new(Open)), world.side(2, Arc::new(Open)));
    world.run(async {
        let response = alice.endpoint.ask(Method::OPTIONS, ALICE, BOB, Body::default()).await;
        let response = response.unwrap();
        assert_eq!(status(&response), 200);
        assert!(response.header(HeaderName::Allow).is_some());
        assert_eq!(alice.next_within(70).await, None, "nobody else hears of it");
    });
    alice.assert_empty();
    bob.assert_empty();
}

#[test]
fn a_method_that_no_rfc_defines_is_sent_and_refusals_are_responses_too() {
    let world = World::perfect();
    let (mut alice, _bob) = (world.side(1, Arc::new(Open)), world.side(2, Arc::new(Open)));
    world.run(async {
        let poke = Method::parse(b"POKE").unwrap();
        let response = alice.endpoint.ask(poke, ALICE, BOB, Body::default()).await.unwrap();
        assert_eq!(status(&response), 501);
        assert_eq!(alice.next_within(70).await, None);
    });
    assert_eq!(world.wire.lines(), ["192.0.2.1 POKE", "192.0.2.2 501 POKE"]);
}

#[test]
fn a_method_with_a_usage_of_its_own_is_not_asked() {
    let world = World::perfect();
    let (alice, _bob) = (world.side(1, Arc::new(Open)), world.side(2, Arc::new(Open)));
    world.run(async {
        for method in Method::REGISTERED {
            let alone = [Method::OPTIONS, Method::MESSAGE].contains(&method);
            let asked = (!alone).then(|| alice.endpoint.ask(method, ALICE, BOB, Body::default()));
            let Some(asked) = asked else { continue };
            assert_eq!(asked.await.err(), Some(NoResponse::Unsent(Misuse::Method)), "{method}");
        }
    });
    assert!(world.wire.lines().is_empty());
}

#[test]
fn who_answers_nothing_has_failed_and_a_stopped_endpoint_says_so() {
    let world = World::perfect();
    let alice = world.side(1, Arc::new(Open));
    let _silent = Raw::to_alice(&world, 9);
    world.run(async {
        let to = "sip:x@192.0.2.9";
        let nothing = alice.endpoint.ask(Method::OPTIONS, ALICE, to, Body::default()).await;
        assert_eq!(nothing.err(), Some(NoResponse::Failed(Cause::Timeout)));
        alice.endpoint.shutdown(Duration::from_secs(1)).await;
        let stopped = alice.endpoint.ask(Method::OPTIONS, ALICE, to, Body::default()).await;
        assert_eq!(stopped.err(), Some(NoResponse::Stopped));
    });
}

#[test]
fn a_response_over_a_stream_may_be_longer_than_a_datagram() {
    let world = World::perfect();
    let alice = world.side(1, Arc::new(Open));
    let mut listener = listen(&world, 9);
    world.run(async {
        let to = "sip:mallory@192.0.2.9;transport=tcp";
        let mut asked = Box::pin(alice.endpoint.ask(Method::OPTIONS, ALICE, to, Body::default()));
        assert_pending(&mut asked).await;
        let mut connection = accept(&mut *listener).await;
        let answer =
            response(&read(&mut connection).await, "200 OK", "Content-Type: text/plain\r\n");
        let answer = answer.replace("Content-Length: 0", "Content-Length: 65500");
        connection.write_all(answer.as_bytes()).await.unwrap();
        connection.write_all(&[b'x'; 65_500]).await.unwrap();
        assert_eq!(asked.await.unwrap().body().len(), 65_500);
    });
}

#[test]
fn a_question_that_is_dropped_is_heard_of_by_nobody() {
    let world = World::perfect();
    let (mut alice, mut bob) = (world.side(1, Arc::new(Open)), world.side(2, Arc::new(Open)));
    world.run(async {
        {
            let mut asked = Box::pin(alice.endpoint.ask(Method::MESSAGE, ALICE, BOB, sdp("hi")));
            assert_pending(&mut asked).await;
        }
        let Event::Received { id, .. } = bob.next().await else { panic!("no MESSAGE") };
        bob.endpoint.reply(id, 200).unwrap();
        assert_eq!(alice.next_within(70).await, None);
    });
    alice.assert_empty();
}
