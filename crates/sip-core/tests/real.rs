//! The driver over real sockets on loopback.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use sip_core::driver::{Bind, Config, Endpoint, Events, Signal, Sink};
use sip_core::manager::{Cause, EndReason, Event};
use ssa::{Body, Open, Transport};
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The signals of one endpoint.
#[derive(Default)]
struct Seen(Mutex<Vec<String>>);

impl Sink for Seen {
    fn signal(&self, signal: Signal) {
        let arrow = if signal.from_manager { "<-" } else { "->" };
        let call = if signal.call.is_some() { "" } else { " (no call)" };
        self.0.lock().unwrap().push(format!("{arrow} {}{call}", signal.name));
    }
}

const LOOPBACK: [u8; 4] = [127, 0, 0, 1];

fn endpoint(sink: Option<Arc<Seen>>, ip: [u8; 4]) -> (Endpoint, Events) {
    let sink = sink.map(|sink| sink as Arc<dyn Sink>);
    let ip = IpAddr::from(ip);
    let builder = Endpoint::builder(net::tokio::system().unwrap(), Arc::new(Open))
        .bind(&format!("udp:{ip}:0"))
        .config(Config { sink, ..Config::default() })
        .bind(&format!("tcp:{ip}:0"));
    builder.start().unwrap()
}

fn sdp(text: &str) -> Body {
    Body { content_type: Some(b"application/sdp".to_vec()), octets: text.into() }
}

/// Calls over one transport and ends the call; what the caller's observer saw.
async fn call(transport: Transport, ip: [u8; 4]) -> Vec<String> {
    let seen = Arc::new(Seen::default());
    let (alice, mut heard) = endpoint(Some(Arc::clone(&seen)), ip);
    let (bob, mut told) = endpoint(None, ip);
    let local = bob.local_addrs().into_iter().find(|it| it.transport == transport).unwrap();
    let to = format!("sip:bob@127.0.0.1:{};transport={}", local.address.port(), transport.name());
    let prepared = alice.prepare("sip:alice@127.0.0.1", &to, None).unwrap();
    let from = alice.hop(prepared.id);
    alice.invite(prepared.id, sdp("offer")).unwrap();
    let Some(Event::Incoming { id, body, .. }) = told.next().await else { panic!("no call") };
    assert_eq!(body, sdp("offer"));
    for hop in [from, bob.hop(id)] {
        assert!(hop.is_some_and(|hop| hop.local.ip().is_loopback()), "{hop:?}");
    }
    bob.accept(id, sdp("answer")).unwrap();
    let answered = Event::Answered { id: prepared.id, body: sdp("answer") };
    assert_eq!(heard.next().await, Some(answered));
    assert_eq!(told.next().await, Some(Event::Confirmed { id, answer: None }));
    bob.shutdown(Duration::from_secs(5)).await;
    assert_eq!(told.next().await, Some(Event::Ended { id, reason: EndReason::Local }));
    assert_eq!(told.next().await, None);
    let ended = Event::Ended { id: prepared.id, reason: EndReason::Remote };
    assert_eq!(heard.next().await, Some(ended));
    alice.shutdown(Duration::from_secs(5)).await;
    let signals = seen.0.lock().unwrap();
    signals.clone()
}

#[tokio::test]
async fn calls_over_real_sockets() {
    for transport in [Transport::Udp, Transport::Tcp] {
        for ip in [LOOPBACK, [0, 0, 0, 0]] {
            assert_eq!(call(transport, ip).await, ["-> invite", "<- answered", "<- ended"]);
        }
    }
}

#[tokio::test]
async fn what_cannot_be_bound_is_an_error() {
    let (alice, _events) = endpoint(None, LOOPBACK);
    let taken = alice.local_addrs().first().unwrap().address;
    let start = |address, advertised| {
        let bind = Bind { transport: Transport::Udp, address, advertised };
        let config = Config { binds: vec![bind], ..Config::default() };
        Endpoint::start(net::tokio::system().unwrap(), Arc::new(Open), config)
    };
    assert_eq!(start(taken, None).unwrap_err().kind(), ErrorKind::AddrInUse);
    let any = SocketAddr::from(([0, 0, 0, 0], 0));
    for nobody in [any.ip(), [224, 0, 0, 1].into(), "::1".parse().unwrap()] {
        assert_eq!(start(any, Some(nobody)).unwrap_err().kind(), ErrorKind::InvalidInput);
    }
    let (bob, _events) = start(any, Some([127, 0, 0, 1].into())).unwrap();
    assert!(bob.local_addrs().first().unwrap().address.ip().is_loopback());
}

#[tokio::test]
async fn an_endpoint_that_listens_nowhere_is_an_error_that_says_what_is_wanted() {
    let start = |addresses: &[&str]| {
        let builder = Endpoint::builder(net::tokio::system().unwrap(), Arc::new(Open));
        let builder = addresses.iter().fold(builder, |builder, address| builder.bind(address));
        let error = builder.start().map(|_| ()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        error.to_string()
    };
    assert_eq!(start(&[]), "there is no address to listen on, such as udp:127.0.0.1:5060");
    for wrong in ["127.0.0.1:5060", "sctp:127.0.0.1:5060", "udp:localhost:5060", "udp:127.0.0.1"] {
        let told = start(&["udp:127.0.0.1:0", wrong, "sip:bob"]);
        let wanted = format!(
            "`{wrong}` is not a transport (udp, tcp, tls, ws or wss), an address and a port"
        );
        assert!(told.starts_with(&wanted), "{told}");
    }
}

/// Linux tells of a port that nobody has; with other systems it takes 64*T1.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_closed_port_fails_a_call_within_a_second() {
    let closed = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for ip in [LOOPBACK, [0, 0, 0, 0]] {
        let (alice, mut heard) = endpoint(None, ip);
        let to = format!("sip:bob@{closed};transport=udp");
        let prepared = alice.prepare("sip:alice@127.0.0.1", &to, None).unwrap();
        alice.invite(prepared.id, sdp("offer")).unwrap();
        let told = tokio::time::timeout(Duration::from_secs(1), async {
            (heard.next().await, heard.next().await)
        });
        let (why, failed) = told.await.unwrap();
        let Some(Event::Unreachable { call, reason }) = why else { panic!("{why:?}") };
        assert_eq!(call, Some(prepared.id));
        assert!(reason.starts_with(&format!("cannot send to UDP {closed}: ")), "{reason}");
        assert_eq!(failed, Some(Event::Failed { id: prepared.id, cause: Cause::Transport }));
        assert_eq!(alice.sizes().manager, sip_core::manager::Sizes::default());
    }
}
