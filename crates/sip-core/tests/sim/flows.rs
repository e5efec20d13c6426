//! Connections that live, and break, under what is on them.

use crate::raw::{Raw, Wanted, field, request, response, to_tag};
use crate::registrations::config;
use crate::world::{ALICE, BOB, Side, World, sdp};
use net::{Connection, Listener, Transport};
use sip_core::manager::{EndReason, Event, RegisterConfig};
use ssa::Open;
use std::future::poll_fn;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// A listener at 192.0.2.`host`:5060.
pub(crate) fn listen(world: &World, host: u8) -> Box<dyn Listener> {
    let ip = IpAddr::from([192, 0, 2, host]);
    world.sim.host(ip).1.listen(Transport::Tcp, SocketAddr::new(ip, 5060)).unwrap()
}

pub(crate) async fn accept(listener: &mut dyn Listener) -> Box<dyn Connection> {
    poll_fn(|cx| listener.poll_accept(cx)).await.unwrap()
}

/// A connection from 192.0.2.`host` to Bob.
pub(crate) async fn connect(world: &World, host: u8) -> Box<dyn Connection> {
    connect_to(world, host, 2).await
}

/// A connection from 192.0.2.`host` to 192.0.2.`peer`:5060.
pub(crate) async fn connect_to(world: &World, host: u8, peer: u8) -> Box<dyn Connection> {
    let (_, network) = world.sim.host([192, 0, 2, host].into());
    network.connect(Transport::Tcp, ([192, 0, 2, peer], 5060).into(), None).await.unwrap()
}

pub(crate) async fn read(connection: &mut Box<dyn Connection>) -> String {
    let mut buffer = [0; 4096];
    let count = connection.read(&mut buffer).await.unwrap();
    String::from_utf8_lossy(buffer.get(..count).unwrap()).into_owned()
}

/// Registers Alice with whoever listens at 192.0.2.9, over this transport; her REGISTER, and the
/// connection that it came over.
pub(crate) async fn registered(
    alice: &mut Side, listener: &mut dyn Listener, transport: &str,
) -> (String, Box<dyn Connection>) {
    let registrar = format!("sip:192.0.2.9;transport={transport}");
    alice.endpoint.register(RegisterConfig { registrar, ..config() }).unwrap();
    let mut connection = accept(listener).await;
    let register = read(&mut connection).await;
    let binding = field(&register, "Contact");
    let ok = response(&register, "200 OK", &format!("Contact: {binding}\r\n"));
    connection.write_all(ok.as_bytes()).await.unwrap();
    assert!(matches!(alice.next().await, Event::Registered { .. }));
    (register, connection)
}

pub(crate) fn tcp(wanted: &Wanted<'_>) -> String {
    request(wanted).replace("SIP/2.0/UDP", "SIP/2.0/TCP")
}

#[test]
fn an_invite_over_tcp_is_answered_with_a_contact_on_tcp() {
    let world = World::perfect();
    let mut bob = world.side(2, Arc::new(Open));
    world.run(async {
        let mut connection = connect(&world, 9).await;
        connection.write_all(tcp(&Wanted::default()).as_bytes()).await.unwrap();
        let id = bob.incoming().await;
        bob.endpoint.accept(id, sdp("answer")).unwrap();
        let ok = read(&mut connection).await;
        assert_eq!(field(&ok, "Contact"), "<sip:bob@192.0.2.2:5060;transport=tcp>");
    });
}

/// A call over TCP that waits for its answer for longer than an idle connection lives.
fn waits(rings: bool) {
    let world = World::perfect();
    let mut alice = world.side(1, Arc::new(Open));
    let mut bob = world.side(2, Arc::new(Open));
    world.run(async {
        let call = alice.call(ALICE, "sip:bob@192.0.2.2;transport=tcp", sdp("offer"));
        let id = bob.incoming().await;
        if rings {
            bob.endpoint.ring(id).unwrap();
        }
        bob.sleep(Duration::from_secs(150)).await;
        assert_eq!(alice.endpoint.sizes().connections, 1);
        assert_eq!(bob.endpoint.sizes().connections, 1);
        bob.endpoint.accept(id, sdp("answer")).unwrap();
        if rings {
            assert_eq!(alice.next().await, Event::Ringing { id: call, status: 180, answer: None });
        }
        assert_eq!(alice.next().await, Event::Answered { id: call, body: sdp("answer") });
    });
}

#[test]
fn a_connection_lives_while_an_invite_rings_on_it() {
    waits(true);
}

/// Nothing but the 100 Trying tells of it.
#[test]
fn a_connection_lives_while_a_request_waits_on_it_unanswered() {
    waits(false);
}

#[test]
fn a_bye_whose_connection_is_gone_goes_where_the_contact_says() {
    let world = World::perfect();
    let mut bob = world.side(2, Arc::new(Open));
    // Mallory called over TCP, takes no connections, and reads UDP.
    let mut raw = Raw::new(&world, 9);
    world.run(async {
        let mut connection = connect(&world, 9).await;
        connection.write_all(tcp(&Wanted::default()).as_bytes()).await.unwrap();
        let id = bob.incoming().await;
        bob.endpoint.accept(id, sdp("answer")).unwrap();
        let ok = read(&mut connection).await;
        let tag = to_tag(&ok);
        let ack = Wanted { method: "ACK", branch: "a", to_tag: tag, ..Wanted::default() };
        connection.write_all(tcp(&ack).as_bytes()).await.unwrap();
        assert_eq!(bob.next().await, Event::Confirmed { id, answer: None });
        drop(connection);
        bob.sleep(Duration::from_secs(1)).await;
        bob.endpoint.hang_up(id).unwrap();
        assert_eq!(bob.next().await, Event::Ended { id, reason: EndReason::Local });
        bob.sleep(Duration::from_secs(5)).await;
        let bye = raw.receive().await.unwrap();
        assert!(bye.starts_with("BYE sip:mallory@192.0.2.9 SIP/2.0\r\n"), "{bye}");
        assert!(field(&bye, "Via").starts_with("SIP/2.0/UDP "));
        raw.send(&response(&bye, "200 OK", ""));
        bob.sleep(Duration::from_secs(70)).await;
    });
    bob.assert_empty();
}

#[test]
fn a_registration_whose_connection_is_closed_is_made_again_soon() {
    let world = World::perfect();
    let mut bob = world.side(2, Arc::new(Open));
    let mut registrar = listen(&world, 9);
    let config = RegisterConfig {
        aor: BOB.to_owned(),
        registrar: "sip:192.0.2.9;transport=tcp".to_owned(),
        expires: 3600,
        ..config()
    };
    world.run(async {
        bob.endpoint.register(config).unwrap();
        let mut before = None;
        for cseq in ["1 REGISTER", "2 REGISTER"] {
            let mut connection = accept(&mut *registrar).await;
            let register = read(&mut connection).await;
            assert_eq!(field(&register, "CSeq"), cseq);
            let contact = field(&register, "Contact");
            assert!(contact.ends_with("@192.0.2.2:5060;transport=tcp>"), "{contact}");
            let ok = response(&register, "200 OK", "Expires: 3600\r\n");
            connection.write_all(ok.as_bytes()).await.unwrap();
            let Event::Registered { flow, .. } = bob.next().await else { panic!("not there") };
            assert_ne!(before.replace(flow), Some(flow));
            bob.sleep(Duration::from_secs(300)).await;
            assert_eq!(bob.endpoint.sizes().connections, 1);
        }
    });
    assert!(world.sim.elapsed() < Duration::from_secs(610));
}

/// A refresh was refused, and then the connection is closed: that one may have been the trouble.
#[test]
fn a_registration_that_has_failed_is_made_again_soon_where_its_connection_is_closed() {
    let world = World::perfect();
    let mut alice = world.side(1, Arc::new(Open));
    let mut registrar = listen(&world, 9);
    world.run(async {
        let (_, mut connection) = registered(&mut alice, &mut *registrar, "tcp").await;
        let refresh = loop {
            let text = read(&mut connection).await;
            if text.starts_with("REGISTER ") {
                break text;
            }
        };
        let refused = response(&refresh, "500 Server Internal Error", "");
        connection.write_all(refused.as_bytes()).await.unwrap();
        assert!(matches!(alice.next().await, Event::RegistrationFailed { .. }));
        drop(connection);
        let since = alice.runtime.now();
        let register = read(&mut accept(&mut *registrar).await).await;
        assert!(register.starts_with("REGISTER "), "{register}");
        let waited = (alice.runtime.now() - since).as_secs();
        assert!(waited <= 4, "{waited} s");
    });
}

/// All that comes until the peer has finished.
async fn read_all(connection: &mut Box<dyn Connection>) -> String {
    let mut all = String::new();
    loop {
        match read(connection).await {
            part if part.is_empty() => return all,
            part => all += &part,
        }
    }
}

#[test]
fn p03_p04_what_ends_a_stream_is_answered_before_it_is_closed() {
    for transport in [Transport::Tcp, Transport::Tls] {
        let world = World::perfect();
        let bob = world.side_over_tls(2, Arc::new(Open));
        let name = transport.name();
        let invite = request(&Wanted::default()).replace("SIP/2.0/UDP", &format!("SIP/2.0/{name}"));
        let cases = [
            (invite.replace("Content-Length: 5\r\n", ""), "400 "),
            (invite.replace("Content-Length: 5", "Content-Length: +5"), "400 "),
            (invite.replace("Content-Length: 5", "Content-Length: 0\r\nl: 5"), "400 "),
            (invite.replace("Content-Length: 5", "Content-Length: 65537"), "413 "),
        ];
        let (_, network) = world.sim.host([192, 0, 2, 9].into());
        world.run(async {
            for (text, want) in cases {
                let to = ([192, 0, 2, 2], transport.default_port()).into();
                let mut connection = network.connect(transport, to, None).await.unwrap();
                connection.write_all(text.as_bytes()).await.unwrap();
                let answer = read_all(&mut connection).await;
                let line = answer.lines().next().unwrap();
                assert!(line.starts_with(&format!("SIP/2.0 {want}")), "{name}: {line}");
                assert_eq!(bob.endpoint.sizes().connections, 0);
            }
        });
        bob.assert_empty();
    }
}

#[test]
fn p08_a_head_of_16_kib_without_an_end_closes_its_stream() {
    let world = World::perfect();
    let bob = world.side(2, Arc::new(Open));
    world.run(async {
        let mut connection = connect(&world, 9).await;
        for _ in 0..16 {
            connection.write_all(&[b'a'; 1024]).await.unwrap();
            bob.sleep(Duration::from_millis(20)).await;
            assert_eq!(bob.endpoint.sizes().connections, 1);
        }
        connection.write_all(b"a").await.unwrap();
        bob.sleep(Duration::from_millis(20)).await;
        assert_eq!(bob.endpoint.sizes().connections, 0);
        assert_eq!(read_all(&mut connection).await, "");
    });
}

#[test]
fn requests_before_the_end_of_a_stream_are_answered() {
    let world = World::perfect();
    let bob = world.side(2, Arc::new(Open));
    let options = tcp(&Wanted { method: "OPTIONS", ..Wanted::default() });
    world.run(async {
        let mut connection = connect(&world, 9).await;
        connection.write_all(options.as_bytes()).await.unwrap();
        poll_fn(|cx| connection.poll_finish(cx)).await.unwrap();
        let answer = read_all(&mut connection).await;
        assert!(answer.starts_with("SIP/2.0 200 OK\r\n"), "{answer}");
    });
    assert_eq!(bob.endpoint.sizes().connections, 0);
}

#[test]
fn a_single_line_end_is_no_message_that_is_late() {
    let world = World::perfect();
    let bob = world.side(2, Arc::new(Open));
    world.run(async {
        let mut connection = connect(&world, 9).await;
        connection.write_all(b"\r\n").await.unwrap();
        bob.sleep(Duration::from_secs(60)).await;
        assert_eq!(bob.endpoint.sizes().connections, 1);
    });
}

#[test]
fn no_connection_is_opened_for_a_stateless_answer() {
    let world = World::perfect();
    let bob = world.side(2, Arc::new(Open));
    let mut listener = listen(&world, 9);
    // Without a way back: the connection breaks behind the request.
    let options = tcp(&Wanted { method: "OPTIONS", ..Wanted::default() });
    world.run(async {
        let mut connection = connect(&world, 9).await;
        connection.write_all(options.as_bytes()).await.unwrap();
        drop(connection);
        bob.sleep(Duration::from_secs(5)).await;
        let none = poll_fn(|cx| std::task::Poll::Ready(listener.poll_accept(cx).is_pending()));
        assert!(none.await);
    });
    assert_eq!(bob.endpoint.sizes().connections, 0);
}

#[test]
fn x05_connections_that_we_open_are_capped_for_each_address_too() {
    let world = World::perfect();
    let bob = world.side(2, Arc::new(Open));
    let [here, there] = [2, 9].map(|host| IpAddr::from([192, 0, 2, host]));
    // Nobody answers: they stay in the making.
    let _peer = world.sim.host(there);
    world.sim.cut_during(here, there, Duration::ZERO..Duration::from_secs(60));
    world.run(async {
        for port in 5061..5091 {
            bob.call(BOB, &format!("sip:x@192.0.2.9:{port};transport=tcp"), sdp("offer"));
        }
        bob.sleep(Duration::from_secs(1)).await;
        assert_eq!(bob.endpoint.sizes().connections, 16);
    });
}
