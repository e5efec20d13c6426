//! WebSockets in the simulator, against peers who write their octets by hand.
#![cfg(feature = "ws")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]

use net::sim::{SimConfig, Simulation};
use net::ws::{WebSockets, WsConfig};
use net::{Connection, Listener, Network, Runtime, Transport};
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

const LONGEST: usize = 1_000;

struct World(Simulation);

impl World {
    fn new() -> Self {
        Self(Simulation::new(SimConfig::default()))
    }

    fn run<T>(&self, play: impl Future<Output = T>) -> T {
        self.0.block_on(play).unwrap()
    }

    fn host(&self, host: u8) -> (Arc<dyn Runtime>, Arc<dyn Network>) {
        self.0.host(IpAddr::from([192, 0, 2, host]))
    }

    /// A host that speaks WebSocket.
    fn web(&self, host: u8, change: impl FnOnce(&mut WsConfig)) -> Arc<dyn Network> {
        let (runtime, network) = self.host(host);
        let mut config = WsConfig::new("test", LONGEST);
        change(&mut config);
        Arc::new(WebSockets::new(network, runtime, config))
    }

    fn server(&self) -> Box<dyn Listener> {
        let origins = vec!["https://phone.example.org".to_owned()];
        let network = self.web(1, |config| config.origins = origins);
        network.listen(Transport::Ws, server()).unwrap()
    }

    /// A plain connection to the server.
    async fn raw(&self, host: u8) -> Box<dyn Connection> {
        self.host(host).1.connect(Transport::Tcp, server(), None).await.unwrap()
    }

    async fn sleep(&self, seconds: u64) {
        let (runtime, _) = self.host(1);
        runtime.sleep_until(runtime.now() + Duration::from_secs(seconds)).await;
    }

    /// A plain client and the server's end, after a handshake.
    async fn opened(&self) -> (Box<dyn Connection>, Box<dyn Connection>) {
        let mut listener = self.server();
        let mut raw = self.raw(9).await;
        raw.write_all(asking("Sec-WebSocket-Protocol: test\r\n").as_bytes()).await.unwrap();
        let web = listener.accept().await.unwrap();
        assert!(head(&mut *raw).await.starts_with("HTTP/1.1 101 "));
        (raw, web)
    }
}

fn server() -> SocketAddr {
    ([192, 0, 2, 1], 80).into()
}

/// A request for a WebSocket with these fields, too.
fn asking(fields: &str) -> String {
    format!(
        "GET /any HTTP/1.1\r\nHost: 192.0.2.1\r\nConnection: keep-alive, Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{fields}\r\n"
    )
}

async fn head(connection: &mut dyn Connection) -> String {
    let mut text = Vec::new();
    while !text.ends_with(b"\r\n\r\n") {
        let mut octet = [0];
        assert_eq!(connection.read(&mut octet).await.unwrap(), 1, "{text:?}");
        text.push(octet[0]);
    }
    String::from_utf8(text).unwrap()
}

async fn to_end(connection: &mut dyn Connection) -> Vec<u8> {
    let (mut all, mut buffer) = (Vec::new(), [0; 512]);
    while let Ok(count @ 1..) = connection.read(&mut buffer).await {
        all.extend_from_slice(&buffer[..count]);
    }
    all
}

/// A client's frame, under a mask of zeros.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match u8::try_from(payload.len()) {
        Ok(length @ ..=125) => frame.push(0x80 | length),
        _ => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&u16::try_from(payload.len()).unwrap().to_be_bytes());
        }
    }
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(payload);
    frame
}

#[test]
fn x09_whoever_asks_for_no_websocket_of_ours_is_told_why_not() {
    let test = "Sec-WebSocket-Protocol: test\r\n";
    let asking_test = asking(test);
    for (request, status, why) in [
        (asking(""), "400 ", "offer the WebSocket subprotocol `test`"),
        (asking("Sec-WebSocket-Protocol: chat, tests\r\n"), "400 ", "offer the WebSocket"),
        (
            asking(&format!("{test}Origin: https://evil.example\r\n")),
            "403 ",
            "https://evil.example",
        ),
        (asking(&format!("{test}Origin: null\r\n")), "403 ", "pages of null may not connect"),
        (
            asking(&format!(
                "{test}Origin: https://phone.example.org\r\nOrigin: https://evil.example\r\n"
            )),
            "403 ",
            "https://evil.example",
        ),
        ("GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), "426 ", "Sec-WebSocket-Version: 13"),
        (asking_test.replace("Version: 13", "Version: 8"), "426 ", "version 13"),
        (asking_test.replace("GET", "POST"), "400 ", "GET request"),
        (asking_test.replace("Sec-WebSocket-Key", "X-Key"), "400 ", "no request for a WebSocket"),
        ("\u{16}\u{3}\u{1} no HTTP\r\n\r\n".to_owned(), "400 ", "GET request"),
        (asking(&format!("X-Long: {}\r\n", "x".repeat(9_000))), "431 ", "at most 8192 octets"),
    ] {
        let world = World::new();
        world.run(async {
            let mut listener = world.server();
            let mut raw = world.raw(9).await;
            raw.write_all(request.as_bytes()).await.unwrap();
            let error = listener.accept().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConnectionAborted);
            let answer = String::from_utf8(to_end(&mut *raw).await).unwrap();
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{request}: {answer}");
            assert!(answer.contains(why), "{request}: {answer}");
            assert!(error.to_string().starts_with("cannot accept WS 192.0.2.9:"), "{error}");
        });
    }
}

#[test]
fn x09_pages_of_a_listed_origin_and_programs_without_one_may_connect() {
    for origin in ["", "Origin: https://phone.example.org\r\n"] {
        let world = World::new();
        world.run(async {
            let mut listener = world.server();
            let mut raw = world.raw(9).await;
            let request = asking(&format!("Sec-WebSocket-Protocol: chat, test\r\n{origin}"));
            raw.write_all(request.as_bytes()).await.unwrap();
            listener.accept().await.unwrap();
            let answer = head(&mut *raw).await;
            assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
            // RFC 6455 §1.3.
            assert!(answer.contains("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
            assert!(answer.contains("sec-websocket-protocol: test\r\n"), "{answer}");
        });
    }
}

#[test]
fn fragments_are_one_message_and_pings_between_them_are_answered() {
    let world = World::new();
    world.run(async {
        let (mut raw, mut web) = world.opened().await;
        for frame in [
            frame(0x01, b"one "),
            frame(0x89, b"still there?"),
            frame(0x00, b"message"),
            frame(0x8a, b"unasked"),
            frame(0x80, b""),
            frame(0x82, b"\xff\0another"),
        ] {
            raw.write_all(&frame).await.unwrap();
        }
        let mut buffer = [0; 4];
        let mut read = Vec::new();
        while read.iter().filter(|(_, ended)| *ended).count() < 2 {
            let count = web.read(&mut buffer).await.unwrap();
            read.push((buffer[..count].to_vec(), web.ends_message()));
        }
        let want: [(&[u8], bool); 6] = [
            (b"one ", false),
            (b"mess", false),
            (b"age", true),
            (b"\xff\0an", false),
            (b"othe", false),
            (b"r", true),
        ];
        assert_eq!(read, want.map(|(octets, ended)| (octets.to_vec(), ended)));
        let mut pong = [0; 14];
        assert_eq!(raw.read(&mut pong).await.unwrap(), 14);
        assert_eq!(&pong, b"\x8a\x0cstill there?");
    });
}

#[test]
fn pongs_for_a_peer_that_reads_nothing_take_bounded_room() {
    let world = World::new();
    world.run(async {
        let (mut raw, mut web) = world.opened().await;
        let pings = frame(0x89, &[b'x'; 125]).repeat(100);
        let (mut written, mut buffer) = (0, [0; 64]);
        // Far more than may be on its way; the server reads all the time, and nobody its pongs.
        while written < 20 * pings.len() {
            let none = poll_fn(|cx| Poll::Ready(web.poll_read(cx, &mut buffer).is_pending())).await;
            assert!(none);
            let count = poll_fn(|cx| {
                Poll::Ready(match raw.poll_write(cx, &pings[written % pings.len()..]) {
                    Poll::Ready(count) => count.unwrap(),
                    Poll::Pending => 0,
                })
            });
            written += count.await;
            world.sleep(1).await;
        }
        world.sleep(1).await;
        raw.finish().await.unwrap();
        let reading = to_end(&mut *raw);
        let serving = async {
            while matches!(web.read(&mut buffer).await, Ok(1..)) {}
            drop(web);
        };
        let mut serving = std::pin::pin!(serving);
        let mut reading = std::pin::pin!(reading);
        let mut served = false;
        let pongs = poll_fn(|cx| {
            served = served || serving.as_mut().poll(cx).is_ready();
            reading.as_mut().poll(cx)
        })
        .await;
        // What was on its way, what waited here, and what answers the pings that were on theirs.
        assert!(pongs.len() < 2 * 65_536 + 3 * LONGEST, "{} octets of pongs", pongs.len());
    });
}

#[test]
fn what_is_written_at_once_is_one_message_of_text_or_of_octets() {
    let world = World::new();
    world.run(async {
        let (mut raw, mut web) = world.opened().await;
        web.write_all(b"text").await.unwrap();
        web.write_all(b"\xff").await.unwrap();
        let mut buffer = [0; 9];
        let mut got = 0;
        while got < 9 {
            got += raw.read(&mut buffer[got..]).await.unwrap();
        }
        assert_eq!(&buffer, b"\x81\x04text\x82\x01\xff");
        let error = web.write_all(&[b'x'; LONGEST + 1]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    });
}

#[test]
fn a_faulty_message_closes_the_connection_and_says_why() {
    let whole = frame(0x81, &[b'x'; LONGEST]);
    let halves = [frame(0x01, &[b'x'; LONGEST]), frame(0x80, b"x")].concat();
    let unmasked = b"\x81\x01x".to_vec();
    for (octets, code) in [
        (frame(0x81, &[b'x'; LONGEST + 1]), 1009_u16),
        (halves, 1009),
        (frame(0x81, b"\xff\xfe"), 1007),
        (frame(0x83, b""), 1002),
        (frame(0x89, &[0; 126]), 1002),
        (frame(0x09, b""), 1002),
        (unmasked, 1002),
    ] {
        let world = World::new();
        world.run(async {
            let (mut raw, mut web) = world.opened().await;
            raw.write_all(&whole).await.unwrap();
            let mut buffer = [0; LONGEST];
            assert_eq!(web.read(&mut buffer).await.unwrap(), LONGEST);
            raw.write_all(&octets).await.unwrap();
            let error = web.read(&mut buffer).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidData, "{error}");
            drop(web);
            let want = [&[0x88, 2], code.to_be_bytes().as_slice()].concat();
            assert_eq!(to_end(&mut *raw).await, want, "{error}");
        });
    }
}

#[test]
fn a_close_is_answered_and_ends_both_ways() {
    let world = World::new();
    world.run(async {
        let (mut raw, mut web) = world.opened().await;
        raw.write_all(&frame(0x88, &1000_u16.to_be_bytes())).await.unwrap();
        assert_eq!(web.read(&mut [0; 9]).await.unwrap(), 0);
        let error = web.write_all(b"too late").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        drop(web);
        assert_eq!(to_end(&mut *raw).await, b"\x88\x02\x03\xe8");
        drop(raw);
        world.sleep(3).await;
    });
    assert_eq!(world.0.streams(), 0, "nothing is left");
}

#[test]
fn x04_who_says_nothing_within_a_websockets_handshake_is_given_up() {
    let world = World::new();
    world.run(async {
        let mut listener = world.server();
        let mut raw = world.raw(9).await;
        raw.write_all(b"GET / HTTP/1.1\r\nX-Slow: ").await.unwrap();
        let error = listener.accept().await.unwrap_err();
        assert!(error.to_string().ends_with("its handshake took longer than 4 s"), "{error}");
        assert!(to_end(&mut *raw).await.is_empty());
    });
    assert_eq!(world.0.elapsed().as_secs(), 4);
}

#[test]
fn x04_half_open_handshakes_of_websockets_from_one_leave_places_to_others() {
    let world = World::new();
    world.run(async {
        let mut listener = world.server();
        let mut idle = Vec::new();
        for _ in 0..40 {
            idle.push(world.raw(9).await);
        }
        assert!(poll_fn(|cx| Poll::Ready(listener.poll_accept(cx).is_pending())).await);
        world.sleep(1).await;
        let mut dropped = 0;
        for one in &mut idle {
            let read = poll_fn(|cx| Poll::Ready(one.poll_read(cx, &mut [0; 9]))).await;
            dropped += usize::from(matches!(read, Poll::Ready(Ok(0) | Err(_))));
        }
        assert_eq!(dropped, 24);
        let mut other = world.raw(8).await;
        other.write_all(asking("Sec-WebSocket-Protocol: test\r\n").as_bytes()).await.unwrap();
        listener.accept().await.unwrap();
    });
    assert_eq!(world.0.elapsed().as_secs(), 1);
}

/// What connecting to a server comes to that gives this answer, and the request that it got.
fn answered(answer: &str, name: Option<&str>) -> (io::Error, String) {
    let world = World::new();
    world.run(async {
        let mut listener = world.host(1).1.listen(Transport::Tcp, server()).unwrap();
        let network = world.web(2, |config| config.ask_for("PBX.example.org", 80, "/ws?a=1"));
        let connecting = network.connect(Transport::Ws, server(), name);
        let serving = async {
            let mut raw = listener.accept().await.unwrap();
            let request = head(&mut *raw).await;
            raw.write_all(answer.as_bytes()).await.unwrap();
            request
        };
        let (connected, request) = tokio::join!(connecting, serving);
        (connected.unwrap_err(), request)
    })
}

#[test]
fn a_server_that_speaks_something_else_is_told_of() {
    let upgraded =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
    for (answer, why) in [
        ("HTTP/1.1 404 Not Found\r\n\r\n", "it answered 404 Not Found to the request"),
        ("HTTP/1.1 101 Switching Protocols\r\n\r\n", "to another protocol than WebSocket"),
        (&format!("{upgraded}\r\n"), "its answer is not to our request"),
        (
            &format!("{upgraded}Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"),
            "its answer is not to our request",
        ),
        ("SIP/2.0 400 Bad Request\r\n\r\n", "it does not speak HTTP"),
        ("", "it closed the connection within the WebSocket handshake"),
    ] {
        let (error, _) = answered(answer, None);
        let told = error.to_string();
        assert!(told.starts_with("cannot connect to WS 192.0.2.1:80: it"), "{told}");
        assert!(told.contains(why), "{told}");
    }
}

#[test]
fn a_client_names_host_path_and_subprotocol() {
    let (_, request) = answered("", Some("pbx.example.org"));
    assert!(request.starts_with("GET /ws?a=1 HTTP/1.1\r\nHost: pbx.example.org\r\n"), "{request}");
    assert!(request.contains("\r\nSec-WebSocket-Protocol: test\r\n"), "{request}");
    let (_, request) = answered("", None);
    assert!(request.starts_with("GET / HTTP/1.1\r\nHost: 192.0.2.1\r\n"), "{request}");
}

#[test]
fn a_server_must_agree_to_the_subprotocol() {
    let world = World::new();
    world.run(async {
        // Whoever listens here agrees to another one than is offered, and so refuses.
        let other = WsConfig::new("other", LONGEST);
        let (runtime, network) = world.host(1);
        let network = WebSockets::new(network, runtime, other);
        let mut listener = network.listen(Transport::Ws, server()).unwrap();
        let network = world.web(2, |_| ());
        let connecting = network.connect(Transport::Ws, server(), None);
        let (connected, accepted) = tokio::join!(connecting, listener.accept());
        assert!(connected.unwrap_err().to_string().contains("it answered 400 Bad Request"));
        assert!(accepted.is_err());
    });
}

#[test]
fn a_connection_of_ours_is_pinged_and_given_up_when_nothing_comes() {
    let world = World::new();
    world.run(async {
        let mut listener = world.server();
        let network = world.web(2, |_| ());
        let connecting = network.connect(Transport::Ws, server(), None);
        let (near, far) = tokio::join!(connecting, listener.accept());
        let (mut near, mut far) = (near.unwrap(), far.unwrap());
        let (runtime, _) = world.host(1);
        runtime.spawn(Box::pin(async move {
            // Whoever reads, answers pings.
            let _ = far.read(&mut [0; 9]).await;
        }));
        let cut = async {
            world.sleep(300).await;
            world.0.cut([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
        };
        let mut buffer = [0; 9];
        let (error, ()) = tokio::join!(near.read(&mut buffer), cut);
        assert_eq!(error.unwrap_err().kind(), ErrorKind::TimedOut);
    });
    assert!((300..=360).contains(&world.0.elapsed().as_secs()), "{:?}", world.0.elapsed());
}
