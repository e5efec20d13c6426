//! Where the answers to a datagram go, and what is no SIP at all.

use crate::raw::{Raw, Wanted, field, request};
use crate::world::{World, named};
use net::sim::Random;
use net::{MAX_DATAGRAM, Transport};
use ssa::Open;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// An OPTIONS request with this in place of what follows the transport in Via.
fn options(via: &str) -> String {
    let text = request(&Wanted { method: "OPTIONS", ..Wanted::default() });
    text.replace("UDP 192.0.2.9;rport;", &format!("UDP {via};"))
}

/// Who a Via may point at, and must hear nothing.
const VICTIMS: [&str; 4] =
    ["198.51.100.1:5060", "198.51.100.1:5070", "198.51.100.2:5060", "198.51.100.3:5060"];

/// Asks Bob from `source` with this Via, and returns the answer as it comes in at `wanted`, and
/// nowhere else.
fn answer(source: &str, via: &str, wanted: &str) -> String {
    let world = World::perfect();
    let _bob = world.side(2, Arc::new(Open));
    let at = |address: &str| Raw::at(&world, address.parse().unwrap());
    let mut victims = VICTIMS.map(at);
    let asking = at(source);
    let mut listening = (source != wanted).then(|| at(wanted));
    world.run(async {
        asking.send(&options(via));
        let mut asking = asking;
        let answer = listening.as_mut().unwrap_or(&mut asking).receive().await;
        for victim in &mut victims {
            assert_eq!(victim.receive().await, None, "{via}");
        }
        answer.unwrap_or_else(|| panic!("{wanted} hears nothing for {via}"))
    })
}

#[test]
fn x07_answers_go_to_the_packets_source_and_port_where_rport_is_asked_for() {
    for via in [
        "198.51.100.1:5070;maddr=198.51.100.2;received=198.51.100.3;rport",
        "198.51.100.1;rport=5060;received=198.51.100.3",
        "192.0.2.9:5070;rport",
    ] {
        let text = answer("192.0.2.9:40000", via, "192.0.2.9:40000");
        assert!(text.starts_with("SIP/2.0 200 OK\r\n"), "{text}");
        let via = field(&text, "Via");
        assert!(via.contains(";received=192.0.2.9"), "{via}");
        assert!(via.contains(";rport=40000"), "{via}");
    }
}

#[test]
fn x07_without_rport_the_port_is_that_of_sent_by_and_the_address_the_sources() {
    for (via, port) in [
        ("198.51.100.1:5070;maddr=198.51.100.2;received=198.51.100.3", 5070),
        ("198.51.100.1;maddr=198.51.100.2", 5060),
        ("example.org:5070", 5070),
        ("192.0.2.9", 5060),
    ] {
        let text = answer("192.0.2.9:40000", via, &format!("192.0.2.9:{port}"));
        assert!(text.starts_with("SIP/2.0 200 OK\r\n"), "{text}");
        let told = field(&text, "Via").contains(";received=192.0.2.9");
        assert!(told || via == "192.0.2.9", "{text}");
        assert!(!text.contains("rport"), "{text}");
    }
}

#[test]
fn x07_over_a_connection_answers_go_back_on_it() {
    let world = World::perfect();
    let _bob = world.side(2, Arc::new(Open));
    let mut victims = VICTIMS.map(|victim| Raw::at(&world, victim.parse().unwrap()));
    let (_, network) = world.sim.host([192, 0, 2, 9].into());
    let via = "198.51.100.1:5070;maddr=198.51.100.2;received=198.51.100.3";
    let text = options(via).replace("SIP/2.0/UDP", "SIP/2.0/TCP");
    world.run(async {
        let to = SocketAddr::from(([192, 0, 2, 2], 5060));
        let mut connection = network.connect(Transport::Tcp, to, None).await.unwrap();
        connection.write_all(text.as_bytes()).await.unwrap();
        let mut buffer = [0; 1000];
        let count = connection.read(&mut buffer).await.unwrap();
        assert!(buffer[..count].starts_with(b"SIP/2.0 200 OK\r\n"));
        for victim in &mut victims {
            assert_eq!(victim.receive().await, None);
        }
    });
}

#[test]
fn p22_what_is_no_sip_is_not_answered_and_leaves_nothing() {
    let world = World::perfect();
    let mut bob = world.side(2, Arc::new(Open));
    let mut raw = Raw::new(&world, 9);
    // RFC 8489 §5, a Binding request; RFC 3550 §5.1, a packet; RFC 9147 §4, a record.
    let stun = b"\x00\x01\x00\x00\x21\x12\xa4\x42abcdefghijkl";
    let rtp = [b"\x80\x00\x00\x01\x00\x00\x00\xa0\x00\x00\x00\x01".as_slice(), &[0xff; 160]];
    let dtls = b"\x16\xfe\xfd\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x01";
    let mut noise: Vec<Vec<u8>> = vec![stun.to_vec(), rtp.concat(), dtls.to_vec()];
    for text in ["", "\r\n", "\r\n\r\n", "\0", "\r", "\n\n\n\n", "SIP/2.0", "INVITE ", " \r\n\r\n"]
    {
        noise.push(text.into());
    }
    noise.push(vec![0; MAX_DATAGRAM]);
    noise.push(b"\r\n".repeat(MAX_DATAGRAM / 2));
    let mut dice = Random::new(22);
    for _ in 0..1_000 {
        let mut octets = vec![0; usize::try_from(dice.below(1_500)).unwrap()];
        dice.fill(&mut octets);
        noise.push(octets);
    }
    world.run(async {
        for octets in &noise {
            raw.send_octets(octets);
            raw.sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(raw.receive().await, None);
        assert_eq!(bob.next_within(0).await, None);
        bob.assert_empty();
        // The port is as good as before.
        raw.send(&options("192.0.2.9;rport"));
        assert_eq!(raw.status().await.as_deref(), Some("200 OK"));
    });
    assert_eq!(world.wire.lines(), ["192.0.2.2 200 OPTIONS"]);
}

/// RFC 5049 §9.1: a datagram that begins with five ones is compressed. That is not spoken; who only
/// says that it could be (RFC 3486 §3) is answered in the clear.
#[test]
fn p19_what_is_compressed_is_no_sip() {
    let world = World::perfect();
    let bob = world.side(2, Arc::new(Open));
    let mut raw = Raw::new(&world, 9);
    let willing = options("192.0.2.9;rport;comp=sigcomp")
        .replace("Contact: <sip:mallory@192.0.2.9>", "Contact: <sip:m@192.0.2.9;comp=sigcomp>");
    world.run(async {
        for first in 0xf8..=0xff {
            for rest in [b"".as_slice(), b"\x01\x02", willing.as_bytes()] {
                raw.send_octets(&[&[first], rest].concat());
            }
        }
        assert_eq!(raw.receive().await, None);
        bob.assert_empty();
        raw.send(&willing);
        let answer = raw.receive().await.unwrap();
        assert!(answer.starts_with("SIP/2.0 200 OK\r\n"), "{answer}");
        // Over a connection it cannot be told where the next message would begin.
        let (_, network) = world.sim.host([192, 0, 2, 9].into());
        let to = SocketAddr::from(([192, 0, 2, 2], 5060));
        let mut connection = network.connect(Transport::Tcp, to, None).await.unwrap();
        connection.write_all(b"\xf8\x00\x01\x02\xff\xff").await.unwrap();
        connection.write_all(willing.as_bytes()).await.unwrap();
        assert_eq!(connection.read(&mut [0; 100]).await.unwrap_or_default(), 0);
        assert_eq!(bob.endpoint.sizes().connections, 0);
    });
    bob.assert_empty();
}

/// The least useful goes first, and what fits stays.
#[test]
fn x06_no_more_is_left_out_than_must_be() {
    let world = World::perfect();
    let _bob = world.side_with(2, Arc::new(Open), named(&["b"]));
    let mut raw = Raw::new(&world, 9);
    world.run(async {
        let mut between = 0;
        for length in 0..400 {
            let request = format!(
                "OPTIONS sip:b SIP/2.0\r\nv:SIP/2.0/UDP h;rport;branch={length}\r\n\
                 f:sip:a;tag=1\r\nt:sip:b\r\ni:1\r\nCSeq:1 OPTIONS\r\n\
                 s:{:x<length$}\r\n\r\n",
                "",
            );
            raw.send(&request);
            let answer = raw.receive().await.unwrap();
            let has = |field| answer.contains(&format!("\r\n{field}: "));
            between += usize::from(has("Allow") && !has("Accept-Language"));
        }
        assert!(between > 0);
    });
}

/// Promise 6: from what a small request is owed, what can be left out is, and the rest comes.
#[test]
fn x06_what_a_small_request_is_owed_is_clipped_and_comes() {
    let world = World::perfect();
    let _bob = world.side_with(2, Arc::new(Open), named(&["b"]));
    let mut raw = Raw::new(&world, 9);
    world.run(async {
        for (method, status, dispensable) in [
            ("OPTIONS", 200, "\r\nAccept-Language: "),
            ("PUBLISH", 405, "\r\nAllow: "),
            ("BYE", 481, "Call/Transaction Does Not Exist"),
            ("CANCEL", 481, "Call/Transaction Does Not Exist"),
        ] {
            let mut whole = Vec::new();
            for number in 0..50 {
                let subject = match number {
                    0 => String::new(),
                    _ => format!("s:{:x<1$}\r\n", "", 8 * number),
                };
                let request = format!(
                    "{method} sip:b SIP/2.0\r\nv:SIP/2.0/UDP h;rport;branch={number}\r\n\
                     f:sip:a;tag=1\r\nt:sip:b\r\ni:1\r\nCSeq:1 {method}\r\n{subject}\r\n"
                );
                raw.send(&request);
                let answer = raw.receive().await.unwrap_or_else(|| panic!("no answer: {request}"));
                assert!(answer.starts_with(&format!("SIP/2.0 {status} ")), "{request}{answer}");
                assert!(answer.len() <= 2 * request.len(), "{request}{answer}");
                whole.push(answer.contains(dispensable));
            }
            assert_eq!((whole[0], whole[49]), (false, true), "{method}: {whole:?}");
        }
    });
}
