//! TLS over real sockets: against itself, and against rustls set up by hand as the other side.
#![cfg(feature = "tls")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod certified;
mod decisions;
mod keys;
mod peer;
mod speaking;
mod time;
mod trust;

use certified::{Lab, Pair};
use net::tokio::{Tls, TokioNetwork};
use net::{Connection, Listener, Network, Transport};
use ssa::TransportSecurity;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::timeout;

const NAME: &str = "pbx.example.org";
const LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
/// Far more than anything here takes, however busy the machine is.
const SOON: Duration = Duration::from_secs(20);

/// Longer than a handshake takes, and short enough to wait for.
const SHORT: Duration = Duration::from_millis(50);

fn network(tls: Tls) -> TokioNetwork {
    TokioNetwork::new(Handle::current()).with_tls(tls)
}

/// A network whose decisions `security` takes, with the key of `pair`.
fn decided(security: impl TransportSecurity + 'static, pair: &Pair) -> TokioNetwork {
    network(Tls::new(Arc::new(security)).with_key(&pair.key).unwrap())
}

fn client_of(lab: &Lab) -> TokioNetwork {
    network(Tls::new(Arc::new(lab.trust())))
}

fn server_of(lab: &Lab, pair: &Pair) -> TokioNetwork {
    decided(lab.trust().presenting(pair.chain.clone()), pair)
}

fn listen(network: &TokioNetwork) -> (Box<dyn Listener>, SocketAddr) {
    let listener = network.listen(Transport::Tls, LOOPBACK).unwrap();
    let local = listener.local_addr();
    (listener, local)
}

async fn connect(
    network: &TokioNetwork, to: SocketAddr, name: &str,
) -> io::Result<Box<dyn Connection>> {
    timeout(SOON, network.connect(Transport::Tls, to, Some(name))).await.unwrap()
}

/// What is wrong with a connection to this server for `NAME`, and that it never read an octet.
async fn refused(client: &TokioNetwork, server: &TokioNetwork) -> String {
    let (mut listener, local) = listen(server);
    let (connected, accepted) = tokio::join!(connect(client, local, NAME), listener.accept());
    let error = connected.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    let mut buffer = [0; 1];
    if let Ok(mut accepted) = accepted {
        let read = timeout(SOON, accepted.read(&mut buffer)).await.unwrap();
        assert_eq!(read.unwrap_or(0), 0);
    }
    let text = error.to_string();
    let told = text.strip_prefix(&format!("cannot connect to TLS {local}: "));
    told.unwrap_or_else(|| panic!("{text}")).to_owned()
}
