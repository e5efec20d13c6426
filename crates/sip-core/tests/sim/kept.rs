//! What is kept of requests, what finds it again, and what is let go.

use crate::abuse::{pair, up};
use crate::answers::{self, CONTACT};
use crate::double::{CHALLENGE, CREDENTIALS, Double, Script, When};
use crate::flows::{self, accept, listen, read, tcp};
use crate::raw::{Raw, Wanted, ack, field, request, response};
use crate::world::{ALICE, BOB, Side, World, sdp};
use sip_core::manager::{self, Cause, Event, Misuse};
use sip_core::{Capabilities, Method};
use ssa::{Authentication, Body, Open, Refusal};
use std::sync::Arc;
use std::time::Duration;

const OVERLOADED: &str = "503 Service Unavailable";

/// Bob with these limits, whom nobody needs to prove anything, and a stranger.
fn limited(sip: manager::Config) -> (World, Side, Raw) {
    let world = World::perfect();
    let bob = world.side_with(2, Arc::new(Open), sip);
    let raw = Raw::new(&world, 9);
    (world, bob, raw)
}

fn message(branch: &str) -> String {
    request(&Wanted { method: "MESSAGE", branch, ..Wanted::default() })
}

/// Bob answers the request that comes next.
async fn answer(bob: &mut Side) {
    match bob.next().await {
        Event::Received { id, .. } => bob.endpoint.reply(id, 200).unwrap(),
        other => panic!("no request came in, but {other:?}"),
    }
}

#[test]
fn t05_a_request_that_was_answered_is_known_on_another_branch_for_64_t1() {
    let (world, mut bob, mut raw) = limited(manager::Config::default());
    world.run(async {
        raw.send(&message("one"));
        answer(&mut bob).await;
        assert_eq!(raw.status().await.unwrap(), "200 OK");
        raw.send(&message("two"));
        assert_eq!(raw.status().await.unwrap(), "482 Loop Detected");
        bob.sleep(Duration::from_secs(33)).await;
        raw.send(&message("three"));
        answer(&mut bob).await;
        assert_eq!(raw.status().await.unwrap(), "200 OK");
    });
}

#[test]
fn t12_requests_that_were_refused_leave_room_for_others() {
    let verdict = Authentication::Refused(Refusal::new(403, "Forbidden"));
    let script = Script { challenges: true, verify: When::Now, verdict, ..Script::default() };
    let world = World::perfect();
    let double = Double::new(world.runtime(2), script);
    let few = manager::Config { transactions: 4, ..manager::Config::default() };
    let bob = world.side_with(2, double, few);
    let mut raw = Raw::new(&world, 9);
    world.run(async {
        for number in 0..20 {
            let branch = number.to_string();
            let wanted = Wanted { branch: &branch, extra: CREDENTIALS, ..Wanted::default() };
            raw.send(&request(&wanted));
            assert_eq!(raw.status().await.unwrap(), "403 Forbidden", "{number}");
        }
    });
    bob.assert_empty();
}

#[test]
fn our_own_requests_count_where_room_is_looked_for() {
    let few = manager::Config { transactions: 4, ..manager::Config::default() };
    let (world, mut bob, mut raw) = limited(few);
    let _silent = Raw::new(&world, 8);
    world.run(async {
        for _ in 0..4 {
            let peer = "sip:x@192.0.2.8";
            bob.endpoint.request(Method::MESSAGE, BOB, peer, None, Body::default()).unwrap();
        }
        raw.send(&message("one"));
        assert_eq!(raw.status().await.unwrap(), OVERLOADED);
        for _ in 0..4 {
            assert!(matches!(bob.next().await, Event::RequestAnswered { .. }));
        }
        raw.send(&message("two"));
        answer(&mut bob).await;
        assert_eq!(raw.status().await.unwrap(), "200 OK");
    });
}

#[test]
fn our_own_requests_count_until_their_answers_cannot_be_repeated() {
    let one = manager::Config { transactions: 1, ..manager::Config::default() };
    let (world, mut bob, mut raw) = limited(one);
    let mut asked = Raw::new(&world, 8);
    world.run(async {
        for _ in 0..8 {
            bob.endpoint.options(BOB, "sip:x@192.0.2.8", None).unwrap();
            let options = asked.receive().await.unwrap();
            asked.send(&response(&options, "200 OK", ""));
            assert!(matches!(bob.next().await, Event::RequestAnswered { .. }));
        }
        raw.send(&message("one"));
        assert_eq!(raw.status().await.unwrap(), OVERLOADED);
        // Timer K, RFC 3261 §17.1.2.2.
        bob.sleep(Duration::from_secs(6)).await;
        raw.send(&message("two"));
        answer(&mut bob).await;
        assert_eq!(raw.status().await.unwrap(), "200 OK");
    });
}

#[test]
fn calls_of_our_own_are_bounded_too() {
    let one = manager::Config { dialogs: 1, ..manager::Config::default() };
    let (_world, bob, _) = limited(one);
    bob.endpoint.prepare(BOB, ALICE, None).unwrap();
    assert_eq!(bob.endpoint.prepare(BOB, ALICE, None), Err(Misuse::Full));
}

#[test]
fn s06_after_a_lost_connection_the_same_invite_may_come_again() {
    let verify = When::After(Duration::from_secs(20));
    let script = Script { challenges: true, verify, then: Some(When::Now), ..Script::default() };
    let (world, mut bob, _, raw) = pair(script);
    let wanted = Wanted { extra: CREDENTIALS, ..Wanted::default() };
    world.run(async {
        let mut connection = flows::connect(&world, 9).await;
        connection.write_all(tcp(&wanted).as_bytes()).await.unwrap();
        bob.sleep(Duration::from_secs(1)).await;
        drop(connection);
        bob.sleep(Duration::from_secs(1)).await;
        raw.send(&request(&Wanted { branch: "two", ..wanted }));
        bob.incoming().await;
    });
}

#[test]
fn a_response_whose_connection_is_closed_goes_to_the_port_of_its_via() {
    let world = World::perfect();
    let mut bob = world.side(2, Arc::new(Open));
    let mut listener = listen(&world, 9);
    world.run(async {
        let mut connection = flows::connect(&world, 9).await;
        // It asks for `rport`, which is for datagrams. RFC 3581 §4, RFC 3261 §18.2.2.
        connection.write_all(tcp(&Wanted::default()).as_bytes()).await.unwrap();
        let id = bob.incoming().await;
        drop(connection);
        bob.sleep(Duration::from_millis(100)).await;
        bob.endpoint.accept(id, sdp("answer")).unwrap();
        let mut back = accept(&mut *listener).await;
        assert!(read(&mut back).await.starts_with("SIP/2.0 200 "));
    });
}

#[test]
fn a_connection_that_closes_fails_what_waits_for_a_first_response_on_it() {
    let world = World::perfect();
    let mut alice = world.side(1, Arc::new(Open));
    let mut listener = listen(&world, 9);
    let to = "sip:bob@192.0.2.9;transport=tcp";
    world.run(async {
        let id = alice.call(ALICE, to, sdp("offer"));
        let mut connection = accept(&mut *listener).await;
        assert!(read(&mut connection).await.starts_with("INVITE "));
        drop(connection);
        let failed = Event::Failed { id, cause: Cause::Transport };
        assert_eq!(alice.next_within(1).await, Some(failed));
        // What is under way is answered over another one.
        let id = alice.call(ALICE, to, sdp("offer"));
        let mut connection = accept(&mut *listener).await;
        let invite = read(&mut connection).await;
        connection.write_all(response(&invite, "100 Trying", "").as_bytes()).await.unwrap();
        alice.sleep(Duration::from_secs(1)).await;
        drop(connection);
        assert_eq!(alice.next_within(5).await, None);
        let mut another = flows::connect_to(&world, 9, 1).await;
        let ok = answers::response(&invite, "200 OK", "t", CONTACT);
        another.write_all(ok.as_bytes()).await.unwrap();
        assert!(matches!(alice.next().await, Event::Answered { id: up, .. } if up == id));
    });
}

#[test]
fn a_connection_that_closes_fails_nothing_that_went_over_another() {
    let world = World::perfect();
    let mut alice = world.side(1, Arc::new(Open));
    let (mut stays, mut goes) = (listen(&world, 9), listen(&world, 8));
    world.run(async {
        let id = alice.call(ALICE, "sip:bob@192.0.2.9;transport=tcp", sdp("offer"));
        let mut connection = accept(&mut *stays).await;
        let invite = read(&mut connection).await;
        let other = alice.call(ALICE, "sip:carol@192.0.2.8;transport=tcp", sdp("offer"));
        drop(accept(&mut *goes).await);
        let failed = Event::Failed { id: other, cause: Cause::Transport };
        assert_eq!(alice.next_within(1).await, Some(failed));
        let ok = answers::response(&invite, "200 OK", "t", CONTACT);
        connection.write_all(ok.as_bytes()).await.unwrap();
        assert!(matches!(alice.next().await, Event::Answered { id: up, .. } if up == id));
    });
}

#[test]
fn shutdown_waits_until_a_challenged_bye_is_through() {
    let world = World::perfect();
    let mut alice = world.side(1, Double::new(world.runtime(1), Script::default()));
    let challenging = Script { challenges_bye: true, ..Script::default() };
    let mut bob = world.side(2, Double::new(world.runtime(2), challenging));
    world.run(async {
        crate::security::connect(&mut alice, &mut bob).await;
        alice.endpoint.shutdown(Duration::from_secs(5)).await;
        assert!(matches!(bob.next().await, Event::Ended { .. }));
    });
    assert_eq!(world.wire.count("192.0.2.1 BYE"), 2);
    assert_eq!(world.wire.count("192.0.2.2 200 BYE"), 1);
}

#[test]
fn d03_the_peer_of_a_dialog_is_where_its_last_accepted_reinvite_came_from() {
    let (world, mut bob, double, mut raw) = pair(Script::default());
    let mut moved = Raw::new(&world, 8);
    world.run(async {
        let (id, tag) = up(&mut bob, &mut raw).await;
        let inside = Wanted { branch: "r", cseq: 2, to_tag: &tag, ..Wanted::default() };
        moved.send(&request(&inside));
        assert!(matches!(bob.next().await, Event::Reinvited { .. }));
        bob.endpoint.accept_reinvite(id, sdp("yes")).unwrap();
        assert!(moved.receive().await.unwrap().starts_with("SIP/2.0 200 "));
        moved.send(&ack("ra", 2, &tag));
        assert_eq!(bob.next().await, Event::Confirmed { id, answer: None });
        moved.send(&request(&Wanted { method: "BYE", branch: "b", cseq: 3, ..inside }));
        assert!(matches!(bob.next().await, Event::Ended { .. }));
    });
    let asked = double.asked();
    assert_eq!(double.count("request_received INVITE in dialog from elsewhere"), 1, "{asked:?}");
    assert_eq!(double.count("request_received BYE in dialog"), 1, "{asked:?}");
}

#[test]
fn a_dialog_lasts_as_long_as_a_request_in_it() {
    let (world, mut bob, _, mut raw) = pair(Script::default());
    world.run(async {
        let (call, tag) = up(&mut bob, &mut raw).await;
        let id = bob.endpoint.request_within(call, Method::MESSAGE, Body::default()).unwrap();
        let first = raw.receive().await.unwrap();
        let bye = Wanted { method: "BYE", branch: "b", cseq: 3, to_tag: &tag, ..Wanted::default() };
        raw.send(&request(&bye));
        assert!(matches!(bob.next().await, Event::Ended { .. }));
        assert_eq!(raw.status().await.unwrap(), "200 OK");
        raw.send(&response(&first, "401 Unauthorized", CHALLENGE));
        let again = raw.receive().await.unwrap();
        let number = |text: &str| field(text, "CSeq").split(' ').next().unwrap().parse::<u32>();
        assert_eq!(number(&again), number(&first).map(|first| first + 1));
        raw.send(&response(&again, "200 OK", ""));
        assert_eq!(bob.next().await, Event::RequestAnswered { id, outcome: Ok(200) });
        bob.sleep(Duration::from_secs(40)).await;
    });
    bob.assert_empty();
}

#[test]
fn requests_without_the_magic_cookie_are_told_apart_by_what_else_they_say() {
    let (world, mut bob, mut raw) = limited(manager::Config::default());
    // RFC 3261 §17.2.3: an element of RFC 2543 may send the same branch for ever.
    let old = |cseq| {
        let wanted = Wanted { method: "MESSAGE", cseq, ..Wanted::default() };
        request(&wanted).replace("branch=z9hG4bKone", "branch=1")
    };
    world.run(async {
        for cseq in [1, 2] {
            raw.send(&old(cseq));
            answer(&mut bob).await;
            assert_eq!(raw.status().await.unwrap(), "200 OK");
        }
        raw.send(&old(2));
        assert_eq!(raw.status().await.unwrap(), "200 OK");
        assert_eq!(bob.next_within(1).await, None);
    });
}

#[test]
fn requests_with_the_magic_cookie_are_told_apart_by_their_branch_alone() {
    let (world, mut bob, mut raw) = limited(manager::Config::default());
    world.run(async {
        raw.send(&message("one"));
        answer(&mut bob).await;
        assert_eq!(raw.status().await.unwrap(), "200 OK");
        let same = Wanted { method: "MESSAGE", cseq: 2, ..Wanted::default() };
        raw.send(&request(&same));
        let again = raw.receive().await.unwrap();
        assert_eq!(field(&again, "CSeq"), "1 MESSAGE", "the answer that was given");
        assert_eq!(bob.next_within(1).await, None);
    });
}

#[test]
fn methods_that_are_not_served_are_not_said_to_be() {
    let capabilities = Capabilities {
        methods: vec![Method::INVITE, Method::SUBSCRIBE],
        ..Capabilities::default()
    };
    let config = manager::Config { capabilities, ..manager::Config::default() };
    let (world, _bob, mut raw) = limited(config);
    world.run(async {
        raw.send(&request(&Wanted { method: "OPTIONS", ..Wanted::default() }));
        let answer = raw.receive().await.unwrap();
        assert_eq!(field(&answer, "Allow"), "INVITE");
    });
}

#[test]
fn t03_a_cancelled_stranger_is_told_once() {
    let script = Script {
        challenges: true,
        verify: When::After(Duration::from_secs(1)),
        ..Script::default()
    };
    let (world, _bob, _, mut raw) = pair(script);
    world.run(async {
        raw.send(&request(&Wanted { extra: CREDENTIALS, ..Wanted::default() }));
        raw.sleep(Duration::from_millis(100)).await;
        raw.send(&request(&Wanted { method: "CANCEL", ..Wanted::default() }));
        let mut answers = [raw.status().await.unwrap(), raw.status().await.unwrap()];
        answers.sort_unstable();
        assert_eq!(answers, ["200 OK", "487 Request Terminated"]);
        // It acknowledges nothing, and gets nothing more.
        for _ in 0..5 {
            assert_eq!(raw.receive().await, None);
        }
    });
}
