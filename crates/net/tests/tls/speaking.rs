//! What is said over TLS, and who can be talked to.

use crate::certified::{Lab, anybody};
use crate::peer::{RawServer, raw_client, raw_server};
use crate::{LOOPBACK, NAME, SHORT, SOON, client_of, connect, listen, network, server_of};
use net::{Network, Observed, Packet, Sink, Transport};
use rustls::version::{TLS12, TLS13};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

#[tokio::test]
async fn as_a_client_versions_1_3_and_1_2_are_spoken() {
    let lab = Lab::new();
    let pair = lab.issue(&[NAME]);
    for version in [&TLS13, &TLS12] {
        let RawServer { local, accepting } = raw_server(version, &pair, &lab).await;
        let client = client_of(&lab);
        let (near, far) = tokio::join!(connect(&client, local, NAME), accepting);
        let (mut near, mut far) = (near.unwrap(), far.unwrap());
        assert_eq!(far.get_ref().1.protocol_version(), Some(version.version));
        assert_eq!(far.get_ref().1.server_name(), Some(NAME));
        assert_eq!(near.transport(), Transport::Tls);
        near.write_all(b"question").await.unwrap();
        let mut buffer = [0; 8];
        far.read_exact(&mut buffer).await.unwrap();
        assert_eq!(&buffer, b"question");
        far.write_all(b"answer").await.unwrap();
        assert_eq!(near.read(&mut buffer).await.unwrap(), 6);
        drop(near);
        assert_eq!(far.read(&mut buffer).await.unwrap(), 0);
    }
}

#[tokio::test]
async fn as_a_server_versions_1_3_and_1_2_are_spoken() {
    let lab = Lab::new();
    let server = server_of(&lab, &lab.issue(&[NAME]));
    for version in [&TLS13, &TLS12] {
        let (mut listener, local) = listen(&server);
        let client = raw_client(version, &lab, None);
        let (near, far) = tokio::join!(client.connect(local, NAME), listener.accept());
        let (mut near, mut far) = (near.unwrap(), far.unwrap());
        assert_eq!(near.get_ref().1.protocol_version(), Some(version.version));
        near.write_all(b"question").await.unwrap();
        let mut buffer = [0; 8];
        assert_eq!(far.read(&mut buffer).await.unwrap(), 8);
        assert_eq!(&buffer, b"question");
        far.write_all(b"answer").await.unwrap();
        assert_eq!(near.read(&mut buffer).await.unwrap(), 6);
    }
}

#[tokio::test]
async fn what_is_not_tls_is_said_to_be_none() {
    let listener = TcpListener::bind(LOOPBACK).await.unwrap();
    let local = listener.local_addr().unwrap();
    let speaking = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"SIP/2.0 400 Bad Request\r\n\r\n").await.unwrap();
        let _ = stream.read(&mut [0; 64]).await;
    };
    let client = network(anybody());
    let (near, ()) = tokio::join!(connect(&client, local, NAME), speaking);
    let text = near.unwrap_err().to_string();
    assert_eq!(text, format!("cannot connect to TLS {local}: it does not speak TLS"));

    let (mut listener, local) = listen(&client);
    let mut plain = TcpStream::connect(local).await.unwrap();
    plain.write_all(b"OPTIONS sip:pbx.example.org SIP/2.0\r\n").await.unwrap();
    let text = listener.accept().await.unwrap_err().to_string();
    assert!(text.ends_with(": it does not speak TLS"), "{text}");
}

#[tokio::test]
async fn a_slow_reader_gets_everything() {
    let network = network(anybody());
    let (mut listener, local) = listen(&network);
    let (near, far) = tokio::join!(connect(&network, local, NAME), listener.accept());
    let (mut near, mut far) = (near.unwrap(), far.unwrap());
    let said: Vec<u8> = (0..2_000_000_u32).flat_map(u32::to_be_bytes).collect();
    let writing = async {
        near.write_all(&said).await.unwrap();
        // Nothing is polled on this side from here on.
        near
    };
    let reading = async {
        tokio::time::sleep(SHORT).await;
        let (mut heard, mut buffer) = (Vec::new(), vec![0; 65_536]);
        while heard.len() < said.len() {
            let count = far.read(&mut buffer).await.unwrap();
            assert!(count > 0);
            heard.extend_from_slice(&buffer[..count]);
        }
        heard
    };
    let (_near, heard) = timeout(4 * SOON, async { tokio::join!(writing, reading) }).await.unwrap();
    assert!(heard == said);
}

#[derive(Default)]
struct Log(Mutex<Vec<String>>);

impl Sink for Log {
    fn packet(&self, packet: &Packet<'_>) {
        let (transport, octets) = (packet.transport.name(), packet.octets.escape_ascii());
        let line = format!("{transport} outgoing={} {octets}", packet.outgoing);
        self.0.lock().unwrap().push(line);
    }
}

#[tokio::test]
async fn what_is_observed_is_plain() {
    let log = Arc::new(Log::default());
    let network = Observed::new(network(anybody()), Arc::clone(&log) as _);
    let mut listener = network.listen(Transport::Tls, LOOPBACK).unwrap();
    let connecting = network.connect(Transport::Tls, listener.local_addr(), Some(NAME));
    let (near, far) = tokio::join!(connecting, listener.accept());
    let (mut near, mut far) = (near.unwrap(), far.unwrap());
    near.write_all(b"question").await.unwrap();
    assert_eq!(far.read(&mut [0; 16]).await.unwrap(), 8);
    let shown = log.0.lock().unwrap().clone();
    assert_eq!(shown, ["TLS outgoing=true question", "TLS outgoing=false question"]);
}
