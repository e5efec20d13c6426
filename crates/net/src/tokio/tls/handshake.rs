//! From a TCP connection to one that was judged.

use super::ask::{judged, own_certificate};
use super::config;
use super::connection::TlsConnection;
use super::deadline::Deadline;
use super::identity::Tls;
use crate::tokio::stream::TcpConnection;
use rustls::pki_types::{CertificateDer, DnsName, ServerName};
use rustls::server::{Acceptor, ClientHello};
use std::io;
use std::net::SocketAddr;
use tokio::runtime::Handle;
use tokio_rustls::{LazyConfigAcceptor, TlsConnector, TlsStream};

/// Connects, and has the server judged: for `name`, or for its address where no name was asked for.
pub(in crate::tokio) async fn connect(
    tls: Tls, handle: Handle, remote: SocketAddr, name: Option<String>,
) -> io::Result<TlsConnection> {
    let name = name.unwrap_or_else(|| remote.ip().to_string());
    let chain = own_certificate(&tls, false, Some(&name)).await?;
    let config = config::client(&tls, chain)?;
    let tcp = TcpConnection::connect(&handle, remote).await?;
    let (stream, local, remote) = tcp.into_parts();
    let connecting = TlsConnector::from(config).connect(server_name(&name, remote), stream);
    let stream = Deadline::new(tls.limit()).wait(connecting).await?;
    judged(&tls, Some(&name), &chain_of(stream.get_ref().1.peer_certificates())).await?;
    Ok(TlsConnection::new(TlsStream::Client(stream), local, remote))
}

/// Takes a client's connection, and has the client judged where it presents a certificate.
pub(super) async fn accept(tls: Tls, tcp: TcpConnection) -> io::Result<TlsConnection> {
    let (stream, local, remote) = tcp.into_parts();
    let mut deadline = Deadline::new(tls.limit());
    let hello = deadline.wait(LazyConfigAcceptor::new(Acceptor::default(), stream)).await?;
    let asked = hello.client_hello().server_name().map(str::to_owned);
    let chain = own_certificate(&tls, true, asked.as_deref()).await?.ok_or_else(|| {
        io::Error::new(io::ErrorKind::NotFound, "there is no certificate of ours to present")
    })?;
    let config = config::server(&tls, chain, !is_browser(&hello.client_hello()))?;
    let stream = deadline.wait(hello.into_stream(config)).await?;
    let given = chain_of(stream.get_ref().1.peer_certificates());
    // RFC 5922 §7.4: a client without one is not authenticated by TLS; its requests may be.
    if !given.is_empty() {
        judged(&tls, None, &given).await?;
    }
    Ok(TlsConnection::new(TlsStream::Server(stream), local, remote))
}

/// Whether the client would speak HTTP, as browsers say that they do before a WebSocket (RFC 7301).
/// Chromium gives such a connection up as soon as it is asked for a certificate.
fn is_browser(hello: &ClientHello<'_>) -> bool {
    hello.alpn().is_some_and(|mut protocols| protocols.any(|protocol| protocol == b"http/1.1"))
}

/// What the server is asked for in the clear (RFC 6066 §3): a DNS name, or nothing.
fn server_name(name: &str, remote: SocketAddr) -> ServerName<'static> {
    match DnsName::try_from(name.to_owned()) {
        Ok(name) => ServerName::DnsName(name),
        Err(_) => ServerName::IpAddress(remote.ip().into()),
    }
}

fn chain_of(certificates: Option<&[CertificateDer<'_>]>) -> Vec<Vec<u8>> {
    certificates.unwrap_or_default().iter().map(|certificate| certificate.to_vec()).collect()
}
