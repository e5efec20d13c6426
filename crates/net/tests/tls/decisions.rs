//! Security managers that do not decide, or late.

use crate::certified::Lab;
use crate::peer::raw_client;
use crate::{NAME, SHORT, SOON, connect, decided, listen, network, refused, server_of};
use net::tokio::Tls;
use rustls::version::TLS13;
use ssa::{Answer, PeerVerdict, Transport, TransportSecurity};
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

/// A security manager that presents a chain, and decides by `0`.
struct Decides<F>(F, Vec<Vec<u8>>);

impl<F: Fn() -> Answer<PeerVerdict> + Send + Sync> TransportSecurity for Decides<F> {
    fn own_certificate(
        &self, _: Transport, _: bool, _: Option<&str>,
    ) -> Answer<Option<Vec<Vec<u8>>>> {
        Answer::Ready(Some(self.1.clone()))
    }

    fn peer_certificate(
        &self, _: Transport, _: Option<&str>, _: &[Vec<u8>],
    ) -> Answer<PeerVerdict> {
        (self.0)()
    }
}

fn pending(
    within: Duration, future: impl Future<Output = PeerVerdict> + Send + 'static,
) -> Answer<PeerVerdict> {
    Answer::Pending { within, future: Box::pin(future) }
}

fn hangs() -> Answer<PeerVerdict> {
    pending(SHORT, std::future::pending())
}

fn panics() -> Answer<PeerVerdict> {
    std::panic::resume_unwind(Box::new("a security manager that panics"))
}

fn panics_later() -> Answer<PeerVerdict> {
    pending(SOON, async { std::panic::resume_unwind(Box::new("one that panics later")) })
}

fn takes_its_time() -> Answer<PeerVerdict> {
    pending(SOON, async {
        tokio::time::sleep(SHORT).await;
        PeerVerdict::Accept
    })
}

#[tokio::test]
async fn no_decision_and_a_late_one_are_refusals() {
    let lab = Lab::new();
    let ours = lab.issue(&["client.test"]);
    let server = server_of(&lab, &lab.issue(&[NAME]));
    let told = refused(&network(Tls::new(Arc::new(ssa::Deny))), &server).await;
    assert_eq!(told, "nobody is there to judge its certificate");
    let client = decided(Decides(hangs, ours.chain.clone()), &ours);
    let told = refused(&client, &server).await;
    assert_eq!(told, "the security manager did not judge its certificate in time");
    for panics in [panics, panics_later] {
        let client = decided(Decides(panics, ours.chain.clone()), &ours);
        let told = refused(&client, &server).await;
        assert_eq!(told, "the security manager failed, so nobody vouches for it");
    }
}

#[tokio::test]
async fn as_a_server_no_decision_and_a_late_one_are_refusals() {
    let lab = Lab::new();
    let pair = lab.issue(&[NAME]);
    for decides in [hangs, panics, panics_later] {
        let server = decided(Decides(decides, pair.chain.clone()), &pair);
        let (mut listener, local) = listen(&server);
        let client = raw_client(&TLS13, &lab, Some(&lab.issue(&["client.test"])));
        let (_near, far) = tokio::join!(client.connect(local, NAME), listener.accept());
        assert_eq!(far.unwrap_err().kind(), ErrorKind::ConnectionAborted);
    }
    let server = decided(ssa::Deny, &pair);
    let (mut listener, local) = listen(&server);
    let client = raw_client(&TLS13, &lab, None);
    let (near, far) = tokio::join!(client.connect(local, NAME), listener.accept());
    assert!(near.is_err());
    let text = far.unwrap_err().to_string();
    assert!(text.ends_with("there is no certificate of ours to present"), "{text}");
}

#[tokio::test]
async fn a_decision_may_take_its_time() {
    let lab = Lab::new();
    let pair = lab.issue(&[NAME]);
    let client = decided(Decides(takes_its_time, pair.chain.clone()), &pair);
    let server = decided(Decides(takes_its_time, pair.chain.clone()), &pair);
    let (mut listener, local) = listen(&server);
    let (near, far) = tokio::join!(connect(&client, local, NAME), listener.accept());
    assert!(near.is_ok() && far.is_ok());
}
