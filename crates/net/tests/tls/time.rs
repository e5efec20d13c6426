//! How long a handshake may take, and how many there may be.

use crate::certified::anybody;
use crate::{LOOPBACK, NAME, SOON, connect, listen, network};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout};

/// Whether the peer closes within this time.
async fn is_closed_within(limit: Duration, stream: &mut TcpStream) -> bool {
    matches!(timeout(limit, stream.read(&mut [0; 64])).await, Ok(Ok(0) | Err(_)))
}

#[tokio::test]
async fn x04_who_dawdles_in_the_handshake_holds_nobody_up() {
    let limit = Duration::from_secs(2);
    let tls = anybody().with_handshake_limit(limit);
    let server = network(tls);
    let (mut listener, local) = listen(&server);
    let mut silent = TcpStream::connect(local).await.unwrap();
    let mut slow = TcpStream::connect(local).await.unwrap();
    // A handshake's record of 512 octets begins so; none of it ever comes whole.
    slow.write_all(&[22, 3, 1, 2, 0]).await.unwrap();
    let start = Instant::now();
    // The first that is accepted is the last that came.
    let (near, far) = tokio::join!(connect(&server, local, NAME), listener.accept());
    assert!(near.is_ok() && far.is_ok());
    let dribbling = async {
        for _ in 0..1000 {
            tokio::time::sleep(Duration::from_millis(20)).await;
            if slow.write_all(&[1]).await.is_err() {
                return start.elapsed();
            }
        }
        panic!("it was never closed")
    };
    let accepting = async {
        let first = timeout(SOON, listener.accept()).await.unwrap().unwrap_err();
        let second = timeout(SOON, listener.accept()).await.unwrap().unwrap_err();
        (first, second)
    };
    let ((first, second), closed, ended) =
        tokio::join!(accepting, is_closed_within(SOON, &mut silent), dribbling);
    assert!(closed && ended >= limit);
    for error in [first, second] {
        assert_eq!(error.kind(), ErrorKind::ConnectionAborted);
        let text = error.to_string();
        assert!(text.ends_with(": its TLS handshake took longer than 2 s"), "{text}");
    }
}

#[tokio::test]
async fn x04_as_a_client_a_handshake_has_its_time_too() {
    let listener = TcpListener::bind(LOOPBACK).await.unwrap();
    let client = network(anybody().with_handshake_limit(Duration::from_millis(100)));
    let error = connect(&client, listener.local_addr().unwrap(), NAME).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    let text = error.to_string();
    assert!(text.ends_with(": its TLS handshake took longer than 0.1 s"), "{text}");
}

/// Connects from `host`.
async fn tcp(host: [u8; 4], to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((host, 0).into()).unwrap();
    socket.connect(to).await.unwrap()
}

/// Other systems have one address of loopback only.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn x04_handshakes_are_counted_and_the_newest_is_dropped() {
    let server = network(anybody().with_handshake_limit(100 * SOON));
    let (mut listener, local) = listen(&server);
    let accepting = Handle::current().spawn(async move { listener.accept().await });
    let mut silent = Vec::new();
    for host in 1..=4 {
        for _ in 0..16 {
            silent.push(tcp([127, 0, 0, host], local).await);
        }
        let mut one_more = tcp([127, 0, 0, host], local).await;
        assert!(is_closed_within(SOON, &mut one_more).await);
    }
    // All 64 places are taken: another peer has to wait, and none of the others was dropped.
    let mut stranger = tcp([127, 0, 0, 5], local).await;
    assert!(is_closed_within(SOON, &mut stranger).await);
    for stream in &mut silent {
        assert!(!is_closed_within(Duration::from_millis(1), stream).await);
    }
    // A place that becomes free is given to the next.
    drop(silent.pop());
    let aborted = accepting.await.unwrap().unwrap_err();
    assert_eq!(aborted.kind(), ErrorKind::ConnectionAborted);
}
