//! TLS as the configuration has it: the security manager's decision, and our own key.

use super::linked::Platform;
use super::ports::{Entropy, WallClock};
use crate::config::{Config, read_key};
use crate::error::{Error, Result};
use net::Runtime;
use net::tokio::{Tls, certificates, system_roots};
use sec_manager::transport::TlsTrust;
use std::path::Path;
use std::sync::Arc;

/// What decides on TLS connections. Reads files.
///
/// # Errors
/// A file that the configuration names cannot be read, is not what it should be, or is open to
/// others; a certificate is named without its key, or a key without its certificate.
pub fn tls(
    config: &Config, runtime: Arc<dyn Runtime>, wall_clock: Arc<dyn WallClock>,
    entropy: Arc<dyn Entropy>,
) -> Result<Tls> {
    let mut trust = TlsTrust::new(Arc::new(Platform { runtime, wall_clock, entropy }));
    authorities(config, &mut trust)?;
    let files = (&config.tls.certificate, &config.tls.key);
    let (certificate, key) = match files {
        (Some(certificate), Some(key)) => (config.at(certificate), config.at(key)),
        (None, None) => return Ok(Tls::new(Arc::new(trust))),
        (Some(_), None) => return Err(half("certificate", "key")),
        (None, Some(_)) => return Err(half("key", "certificate")),
    };
    let chain = read_certificates(&certificate)?;
    for name in &config.tls.present_to {
        trust = trust.presenting_to(name, chain.clone());
    }
    let tls = Tls::new(Arc::new(trust.presenting(chain)));
    tls.with_key(&read_key(&key)?).map_err(|error| Error::read(&key, error))
}

fn half(there: &str, missing: &str) -> Error {
    Error::invalid(format!("[tls] names a {there} without its {missing}"))
}

/// Trusts the authorities that are named, or the system's.
fn authorities(config: &Config, trust: &mut TlsTrust) -> Result<()> {
    for file in &config.tls.ca {
        let path = config.at(file);
        for authority in read_certificates(&path)? {
            let trusted = trust.trust(&authority);
            trusted.map_err(|error| Error::invalid(format!("{}: {error}", path.display())))?;
        }
    }
    if !config.tls.ca.is_empty() {
        return Ok(());
    }
    match system_roots() {
        // One that is damaged is one less.
        Ok(roots) => roots.iter().for_each(|root| _ = trust.trust(root)),
        Err(error) => tracing::info!(reason = %error, "no TLS server is trusted"),
    }
    Ok(())
}

fn read_certificates(path: &Path) -> Result<Vec<Vec<u8>>> {
    let read = std::fs::read(path).and_then(|pem| certificates(&pem));
    read.map_err(|error| Error::read(path, error))
}
