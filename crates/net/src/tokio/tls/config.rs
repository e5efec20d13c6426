//! The configuration of one connection. None is kept: a chain is asked for each time, and nothing of
//! a session outlives its connection.

use super::identity::Tls;
use super::unjudged::Unjudged;
use super::words::failure;
use rustls::client::Resumption;
use rustls::server::NoServerSessionStorage;
use rustls::sign::SingleCertAndKey;
use rustls::{ClientConfig, ServerConfig};
use std::io;
use std::sync::Arc;

/// A client's, which presents `chain` to a server that asks for a certificate.
pub(super) fn client(tls: &Tls, chain: Option<Vec<Vec<u8>>>) -> io::Result<Arc<ClientConfig>> {
    let provider = Arc::clone(tls.provider());
    let verifier = Arc::new(Unjudged(Arc::clone(&provider)));
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| failure(&error))?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match chain {
        Some(chain) => {
            let certified = SingleCertAndKey::from(tls.certified(chain)?);
            builder.with_client_cert_resolver(Arc::new(certified))
        }
        None => builder.with_no_client_auth(),
    };
    // A resumed session shows no certificate: there would be nothing to judge.
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}

/// A server's, which presents `chain`, and may ask the client for a certificate.
pub(super) fn server(tls: &Tls, chain: Vec<Vec<u8>>, asks: bool) -> io::Result<Arc<ServerConfig>> {
    let provider = Arc::clone(tls.provider());
    let verifier = Arc::new(Unjudged(Arc::clone(&provider)));
    let certified = SingleCertAndKey::from(tls.certified(chain)?);
    let builder = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| failure(&error))?;
    let builder = match asks {
        true => builder.with_client_cert_verifier(verifier),
        false => builder.with_no_client_auth(),
    };
    let mut config = builder.with_cert_resolver(Arc::new(certified));
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}
