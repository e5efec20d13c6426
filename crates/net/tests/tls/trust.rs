//! Who is refused, and when.

use crate::certified::{Lab, Pair};
use crate::peer::{RawServer, asked_client, impostor, raw_client, raw_server};
use crate::{LOOPBACK, NAME, client_of, connect, decided, listen, refused, server_of};
use net::{Network, Transport};
use rcgen::{CertificateParams, SanType, date_time_ymd};
use rustls::HandshakeKind;
use rustls::version::{TLS12, TLS13};
use std::io::ErrorKind;
use std::sync::atomic::Ordering;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test]
async fn x01_a_server_that_is_not_who_was_asked_for_is_refused_before_an_octet() {
    let (lab, other) = (Lab::new(), Lab::named("Other"));
    let expired = |params: &mut CertificateParams| {
        params.not_before = date_time_ymd(2022, 1, 1);
        params.not_after = date_time_ymd(2023, 11, 4);
    };
    let cases = [
        (
            lab.issue(&["pbx.example.net"]),
            "its certificate is for pbx.example.net, not for pbx.example.org",
        ),
        (
            lab.issue(&["*.example.org"]),
            "its certificate is for *.example.org, not for pbx.example.org",
        ),
        (
            lab.issue(&[]),
            "its certificate is for no domain, and should be for pbx.example.org: a common name \
             alone does not count, only a subjectAltName does",
        ),
        (
            lab.issue_with(&[NAME], expired),
            "its certificate, for pbx.example.org, expired 10 days ago",
        ),
        (
            other.issue(&[NAME]),
            "its certificate, for pbx.example.org, comes from none of the 1 certificate \
             authorities that are trusted, or the chain to it is incomplete",
        ),
    ];
    for (pair, told) in cases {
        assert_eq!(refused(&client_of(&lab), &server_of(&lab, &pair)).await, told);
    }
    let good = server_of(&lab, &lab.issue(&[NAME]));
    let (mut listener, local) = listen(&good);
    let client = client_of(&lab);
    let (near, far) = tokio::join!(connect(&client, local, NAME), listener.accept());
    assert!(near.is_ok() && far.is_ok());
}

#[tokio::test]
async fn x01_without_a_name_the_address_is_expected() {
    let lab = Lab::new();
    let by_name = server_of(&lab, &lab.issue(&[NAME]));
    let (mut listener, local) = listen(&by_name);
    let client = client_of(&lab);
    let connecting = client.connect(Transport::Tls, local, None);
    let (near, _far) = tokio::join!(connecting, listener.accept());
    let text = near.unwrap_err().to_string();
    assert!(
        text.ends_with(": its certificate is for pbx.example.org, not for 127.0.0.1"),
        "{text}"
    );

    let by_address = lab.issue_with(&[], |params| {
        params.subject_alt_names = vec![SanType::IpAddress(LOOPBACK.ip())];
    });
    let (mut listener, local) = listen(&server_of(&lab, &by_address));
    let connecting = client.connect(Transport::Tls, local, None);
    let (near, far) = tokio::join!(connecting, listener.accept());
    assert!(near.is_ok() && far.is_ok());
}

#[tokio::test]
async fn x01_a_server_must_hold_the_key_of_its_certificate() {
    let lab = Lab::new();
    let stolen = Pair { chain: lab.issue(&[NAME]).chain, key: lab.issue(&[NAME]).key };
    for version in [&TLS13, &TLS12] {
        let RawServer { local, accepting } = impostor(version, &stolen).await;
        let client = client_of(&lab);
        let (near, _far) = tokio::join!(connect(&client, local, NAME), accepting);
        let text = near.unwrap_err().to_string();
        assert!(text.ends_with("it did not prove that its certificate is its own"), "{text}");
    }
}

#[tokio::test]
async fn x01_of_a_client_that_is_refused_nothing_is_read() {
    let (lab, other) = (Lab::new(), Lab::named("Other"));
    let server = server_of(&lab, &lab.issue(&[NAME]));
    for version in [&TLS13, &TLS12] {
        let (mut listener, local) = listen(&server);
        let client = raw_client(version, &lab, Some(&other.issue(&["client.test"])));
        let speaking = async {
            if let Ok(mut near) = client.connect(local, NAME).await {
                let _ = near.write_all(b"question").await;
                let _ = near.read(&mut [0; 1]).await;
            }
        };
        let ((), accepted) = tokio::join!(speaking, listener.accept());
        let error = accepted.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionAborted);
        let text = error.to_string();
        let told = "its certificate, for client.test, comes from none of the 1 certificate \
                    authorities that are trusted, or the chain to it is incomplete";
        assert!(text.starts_with("cannot accept TLS 127.0.0.1:"), "{text}");
        assert!(text.ends_with(told), "{text}");
    }
}

#[tokio::test]
async fn a_client_is_asked_for_a_certificate_and_may_have_none() {
    let lab = Lab::new();
    let server = server_of(&lab, &lab.issue(&[NAME]));
    for pair in [None, Some(lab.issue(&["client.test"]))] {
        let (mut listener, local) = listen(&server);
        let client = raw_client(&TLS13, &lab, pair.as_ref());
        let (near, far) = tokio::join!(client.connect(local, NAME), listener.accept());
        assert!(near.is_ok() && far.is_ok());
    }
}

/// A browser gives up the connection of a WebSocket on which it is asked.
#[tokio::test]
async fn who_would_speak_http_is_not_asked_for_a_certificate() {
    let lab = Lab::new();
    let server = server_of(&lab, &lab.issue(&[NAME]));
    for (protocols, asked) in [(&[][..], true), (&[&b"sip"[..]], true), (&[b"http/1.1"], false)] {
        let (mut listener, local) = listen(&server);
        let (client, was_asked) = asked_client(&TLS13, &lab, protocols);
        let (near, far) = tokio::join!(client.connect(local, NAME), listener.accept());
        assert!(near.is_ok() && far.is_ok());
        assert_eq!(was_asked.load(Ordering::Relaxed), asked, "{protocols:?}");
    }
}

#[tokio::test]
async fn a_client_certificate_goes_to_a_configured_name_only() {
    let lab = Lab::new();
    let (pair, ours) = (lab.issue(&["a.test", "b.test"]), lab.issue(&["client.test"]));
    let client = decided(lab.trust().presenting_to("a.test", ours.chain.clone()), &ours);
    for (name, shown) in [("a.test", true), ("b.test", false)] {
        let RawServer { local, accepting } = raw_server(&TLS13, &pair, &lab).await;
        let (near, far) = tokio::join!(connect(&client, local, name), accepting);
        near.unwrap();
        assert_eq!(far.unwrap().get_ref().1.peer_certificates().is_some(), shown, "{name}");
    }
}

#[tokio::test]
async fn x02_no_session_is_resumed() {
    let lab = Lab::new();
    let pair = lab.issue(&[NAME]);
    let server = server_of(&lab, &pair);
    for version in [&TLS13, &TLS12] {
        let (mut listener, local) = listen(&server);
        let client = raw_client(version, &lab, None);
        for _ in 0..2 {
            let (near, far) = tokio::join!(client.connect(local, NAME), listener.accept());
            let (mut near, mut far) = (near.unwrap(), far.unwrap());
            assert_eq!(near.get_ref().1.handshake_kind(), Some(HandshakeKind::Full));
            // Tickets, if there were any, have come by then.
            far.write_all(b".").await.unwrap();
            assert_eq!(near.read(&mut [0; 1]).await.unwrap(), 1);
        }
    }
}
