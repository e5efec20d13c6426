//! The other side of a connection: rustls, set up by hand.

use crate::certified::{Lab, Pair};
use net::BoxFuture;
use rustls::client::ResolvesClientCert;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::ServerName;
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{
    ClientConfig, RootCertStore, ServerConfig, SignatureScheme, SupportedProtocolVersion,
};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

fn roots(lab: &Lab) -> Arc<RootCertStore> {
    let mut roots = RootCertStore::empty();
    roots.add(lab.der()).unwrap();
    Arc::new(roots)
}

/// A server that takes one connection.
pub(crate) struct RawServer {
    pub(crate) local: SocketAddr,
    pub(crate) accepting: BoxFuture<io::Result<server::TlsStream<TcpStream>>>,
}

/// One that asks for a client's certificate, and hands out tickets.
pub(crate) async fn raw_server(
    version: &'static SupportedProtocolVersion, pair: &Pair, lab: &Lab,
) -> RawServer {
    let verifier = WebPkiClientVerifier::builder_with_provider(roots(lab), provider())
        .allow_unauthenticated()
        .build()
        .unwrap();
    let config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[version])
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(pair.certificates(), pair.private_key())
        .unwrap();
    serving(config).await
}

/// One that signs with a key that is not its certificate's.
pub(crate) async fn impostor(
    version: &'static SupportedProtocolVersion, stolen: &Pair,
) -> RawServer {
    let key = provider().key_provider.load_private_key(stolen.private_key()).unwrap();
    let certified = CertifiedKey::new(stolen.certificates(), key);
    let config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[version])
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Whatever(Arc::new(certified))));
    serving(config).await
}

#[derive(Debug)]
struct Whatever(Arc<CertifiedKey>);

impl ResolvesServerCert for Whatever {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

async fn serving(config: ServerConfig) -> RawServer {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let local = listener.local_addr().unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let accepting = Box::pin(async move {
        let (stream, _) = listener.accept().await?;
        acceptor.accept(stream).await
    });
    RawServer { local, accepting }
}

/// A client that resumes sessions where it can.
pub(crate) struct RawClient(TlsConnector);

pub(crate) fn raw_client(
    version: &'static SupportedProtocolVersion, lab: &Lab, pair: Option<&Pair>,
) -> RawClient {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots(lab));
    let config = match pair {
        Some(pair) => {
            builder.with_client_auth_cert(pair.certificates(), pair.private_key()).unwrap()
        }
        None => builder.with_no_client_auth(),
    };
    RawClient(TlsConnector::from(Arc::new(config)))
}

/// A client that speaks these protocols (RFC 7301), and whether it was asked for a certificate.
pub(crate) fn asked_client(
    version: &'static SupportedProtocolVersion, lab: &Lab, protocols: &[&[u8]],
) -> (RawClient, Arc<AtomicBool>) {
    let asked = Arc::new(AtomicBool::new(false));
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots(lab))
        .with_client_cert_resolver(Arc::new(Asked(Arc::clone(&asked))));
    config.alpn_protocols = protocols.iter().map(|it| it.to_vec()).collect();
    (RawClient(TlsConnector::from(Arc::new(config))), asked)
}

/// Notes that it was asked for a certificate, and has none.
#[derive(Debug)]
struct Asked(Arc<AtomicBool>);

impl ResolvesClientCert for Asked {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.store(true, Ordering::Relaxed);
        None
    }

    fn has_certs(&self) -> bool {
        true
    }
}

impl RawClient {
    pub(crate) async fn connect(
        &self, to: SocketAddr, name: &'static str,
    ) -> io::Result<client::TlsStream<TcpStream>> {
        let stream = TcpStream::connect(to).await?;
        self.0.connect(ServerName::try_from(name).unwrap(), stream).await
    }
}
