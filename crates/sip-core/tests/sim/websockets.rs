//! SIP over WebSockets. RFC 7118.

use crate::flows::{read, registered};
use crate::raw::{Wanted, field, request, to_tag};
use crate::world::{ALICE, World, connected, sdp};
use net::{Connection, Transport};
use sip_core::manager::{EndReason, Event};
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

/// A call in which whoever was called hangs up, and what was written for it.
fn called(from: &str, to: &str, transport: Transport) -> Vec<String> {
    let world = World::perfect();
    let mut alice = world.side_over_web(1, None);
    let mut bob = world.side_over_web(2, Some(transport));
    world.run(async {
        let (call, id) = connected(&mut alice, &mut bob, (from, to)).await;
        // Whoever was called has no other way to the caller than the caller's connection.
        bob.endpoint.hang_up(id).unwrap();
        assert_eq!(alice.next().await, Event::Ended { id: call, reason: EndReason::Remote });
        assert_eq!(bob.endpoint.sizes().connections, 1);
        assert_eq!(alice.endpoint.sizes().connections, 1);
    });
    world.wire.lines()
}

#[test]
fn a_call_over_a_websocket_stays_on_its_connection_both_ways() {
    for (from, to, transport, end) in [
        (ALICE, "sip:bob@192.0.2.2;transport=ws", Transport::Ws, " ws"),
        (ALICE, "sip:bob@192.0.2.2;transport=wss", Transport::Wss, " wss"),
        ("sips:alice@192.0.2.1", "sips:bob@192.0.2.2;transport=ws", Transport::Wss, " wss"),
    ] {
        let lines = called(from, to, transport);
        assert!(lines.contains(&format!("192.0.2.2 BYE{end}")), "{lines:?}");
        assert!(lines.iter().all(|line| line.ends_with(end)), "{to}: {lines:?}");
    }
}

/// A WebSocket from 192.0.2.9 to Bob, who listens at port 80.
async fn connect(world: &World) -> Box<dyn Connection> {
    let bob = ([192, 0, 2, 2], 80).into();
    world.web(9).connect(Transport::Ws, bob, None).await.unwrap()
}

/// A browser's request: it has no address to be reached at, and leaves Content-Length out.
fn browsers(wanted: &Wanted<'_>) -> String {
    let text = request(wanted).replace("SIP/2.0/UDP 192.0.2.9;", "SIP/2.0/WS df7jal.invalid;");
    let text = text.replace("<sip:mallory@192.0.2.9>", "<sip:mallory@df7jal.invalid;transport=ws>");
    let lines = text.split_inclusive("\r\n").filter(|line| !line.starts_with("Content-Length:"));
    lines.collect()
}

/// What a peer is sent within so many seconds, if anything is; pings it answers.
async fn read_within(world: &World, seconds: u64, connection: &mut Box<dyn Connection>) -> String {
    let clock = world.runtime(9);
    let mut late = clock.sleep_until(clock.now() + Duration::from_secs(seconds));
    let mut reading = Box::pin(read(connection));
    poll_fn(|cx| match reading.as_mut().poll(cx) {
        Poll::Ready(read) => Poll::Ready(read),
        Poll::Pending => late.as_mut().poll(cx).map(|()| "nothing".to_owned()),
    })
    .await
}

#[test]
fn a_browser_is_answered_and_asked_over_its_connection_and_its_name_is_not_resolved() {
    let world = World::perfect();
    // Whoever took the name for an address would go here.
    world.sim.set_name("df7jal.invalid", &[[192, 0, 2, 7].into()]);
    let mut elsewhere = world.web(7).listen(Transport::Ws, ([192, 0, 2, 7], 80).into()).unwrap();
    let mut bob = world.side_over_web(2, Some(Transport::Ws));
    world.run(async {
        let mut browser = connect(&world).await;
        let invite = browsers(&Wanted::default());
        assert!(invite.contains("WS df7jal.invalid") && !invite.contains("Content-Length"));
        browser.write_all(invite.as_bytes()).await.unwrap();
        let id = bob.incoming().await;
        bob.endpoint.accept(id, sdp("answer")).unwrap();
        let ok = read(&mut browser).await;
        assert!(ok.starts_with("SIP/2.0 200 ") && ok.ends_with("answer"), "{ok}");
        assert_eq!(field(&ok, "Contact"), "<sip:bob@192.0.2.2:80;transport=ws>");
        let ack = Wanted { method: "ACK", branch: "two", to_tag: to_tag(&ok), ..Wanted::default() };
        browser.write_all(browsers(&ack).as_bytes()).await.unwrap();
        assert!(matches!(bob.next().await, Event::Confirmed { .. }));
        bob.endpoint.hang_up(id).unwrap();
        let bye = read(&mut browser).await;
        assert!(
            bye.starts_with("BYE sip:mallory@df7jal.invalid;transport=ws SIP/2.0\r\n"),
            "{bye}"
        );
        assert!(field(&bye, "Via").starts_with("SIP/2.0/WS 192.0.2.2:80;"), "{bye}");
        bob.sleep(Duration::from_secs(1)).await;
        let called = poll_fn(|cx| Poll::Ready(elsewhere.poll_accept(cx).is_ready())).await;
        assert!(!called);
    });
}

#[test]
fn the_answer_to_a_browser_that_is_gone_goes_nowhere_else() {
    let world = World::perfect();
    let mut bob = world.side_over_web(2, Some(Transport::Ws));
    world.run(async {
        let mut browser = connect(&world).await;
        let address = browser.local_addr();
        browser.write_all(browsers(&Wanted::default()).as_bytes()).await.unwrap();
        let id = bob.incoming().await;
        drop(browser);
        bob.sleep(Duration::from_secs(3)).await;
        let mut other = world.web(9).listen(Transport::Ws, address).unwrap();
        bob.endpoint.reject(id, 486).unwrap();
        bob.sleep(Duration::from_secs(1)).await;
        assert!(poll_fn(|cx| Poll::Ready(other.poll_accept(cx).is_pending())).await);
    });
}

/// Options that Bob answers.
fn options() -> String {
    browsers(&Wanted { method: "OPTIONS", ..Wanted::default() })
}

#[test]
fn a_websocket_message_is_one_sip_message_and_line_ends_keep_it_alive() {
    let world = World::perfect();
    let _bob = world.side_over_web(2, Some(Transport::Ws));
    world.run(async {
        let mut browser = connect(&world).await;
        browser.write_all(b"\r\n\r\n").await.unwrap();
        assert_eq!(read(&mut browser).await, "\r\n");
        browser.write_all(b"\r\n").await.unwrap();
        browser.write_all(options().as_bytes()).await.unwrap();
        assert!(read(&mut browser).await.starts_with("SIP/2.0 200 "));
        // Without Content-Length all that follows the head is its body, and no second request.
        let two = [options().replace("one", "two"), options().replace("one", "three")].concat();
        browser.write_all(two.as_bytes()).await.unwrap();
        assert!(read(&mut browser).await.contains("branch=z9hG4bKtwo"));
        assert_eq!(read_within(&world, 1, &mut browser).await, "nothing");
    });
}

/// RFC 7118 §5: what a WebSocket message holds needs no Content-Length, and one that is wrong is
/// told as in a datagram.
#[test]
fn p04_over_a_websocket_no_content_length_is_needed() {
    let world = World::perfect();
    let mut bob = world.side_over_web(2, Some(Transport::Ws));
    world.run(async {
        let mut browser = connect(&world).await;
        let longer = browsers(&Wanted { branch: "longer", ..Wanted::default() })
            .replace("Contact:", "Content-Length: 6\r\nContact:");
        browser.write_all(longer.as_bytes()).await.unwrap();
        assert!(read(&mut browser).await.starts_with("SIP/2.0 400 "));
        let invite = browsers(&Wanted::default());
        browser.write_all(invite.as_bytes()).await.unwrap();
        let event = bob.next().await;
        let Event::Incoming { body, .. } = event else { panic!("{event:?}") };
        assert_eq!(body, sdp("offer"));
        assert_eq!(bob.endpoint.sizes().connections, 1);
    });
}

#[test]
fn what_is_no_sip_message_closes_a_websocket() {
    let world = World::perfect();
    let bob = world.side_over_web(2, Some(Transport::Ws));
    world.run(async {
        let mut browser = connect(&world).await;
        browser.write_all(b"{\"hello\": \"world\"}").await.unwrap();
        assert_eq!(read(&mut browser).await, "");
        assert_eq!(bob.endpoint.sizes().connections, 0);
    });
}

#[test]
fn a_registration_over_a_websocket_is_called_over_its_connection() {
    let world = World::perfect();
    let mut alice = world.side_over_web(1, None);
    let mut listener = world.web(9).listen(Transport::Ws, ([192, 0, 2, 9], 80).into()).unwrap();
    world.run(async {
        let (register, mut connection) = registered(&mut alice, &mut *listener, "ws").await;
        assert!(field(&register, "Via").starts_with("SIP/2.0/WS 192.0.2.1:5060;"), "{register}");
        let binding = field(&register, "Contact").split_once('>').unwrap().0.to_owned();
        assert!(binding.ends_with("@192.0.2.1:5060;transport=ws"), "{binding}");
        // A WebSocket lives for as long as the registration is on it.
        assert_eq!(read_within(&world, 90, &mut connection).await, "nothing");
        let invite = request(&Wanted::default()).replace("SIP/2.0/UDP", "SIP/2.0/WS");
        let invite = invite.replacen("sip:bob@192.0.2.2", binding.trim_start_matches('<'), 1);
        connection.write_all(invite.as_bytes()).await.unwrap();
        let id = alice.incoming().await;
        alice.endpoint.accept(id, sdp("answer")).unwrap();
        let ok = read(&mut connection).await;
        assert!(ok.starts_with("SIP/2.0 200 "), "{ok}");
        assert!(field(&ok, "Contact").ends_with(";transport=ws>"), "{ok}");
    });
}
