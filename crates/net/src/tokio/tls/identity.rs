//! What a network needs to speak TLS: who decides, and our own key.

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SigningKey};
use rustls::{Error, InconsistentKeys};
use ssa::TransportSecurity;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// The longest that a handshake may take, our security manager's own time apart (case X04).
const HANDSHAKE: Duration = Duration::from_secs(5);

/// The security manager that decides on connections, and the private key that belongs to the
/// certificates which it presents.
#[derive(Clone)]
pub struct Tls {
    security: Arc<dyn TransportSecurity>,
    provider: Arc<CryptoProvider>,
    key: Option<Arc<dyn SigningKey>>,
    limit: Duration,
}

impl Tls {
    /// TLS without a certificate of our own: enough to connect, not to listen.
    pub fn new(security: Arc<dyn TransportSecurity>) -> Self {
        let provider = Arc::new(aws_lc_rs::default_provider());
        Self { security, provider, key: None, limit: HANDSHAKE }
    }

    /// Signs with this key, in PEM or DER (PKCS #8, or the older forms of RSA and EC keys).
    ///
    /// What is handed over stays with the caller, who may wipe it.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] if there is no key in it, or one of no use.
    pub fn with_key(mut self, key: &[u8]) -> io::Result<Self> {
        // A DER sequence begins so, and no text does.
        let read = if key.first() == Some(&0x30) {
            PrivateKeyDer::try_from(key).map(|key| key.clone_key()).ok()
        } else {
            PrivateKeyDer::from_pem_slice(key).ok()
        };
        let key = read.ok_or_else(|| {
            invalid("there is no private key in it that can be read (an encrypted one cannot)")
        })?;
        let loaded = self.provider.key_provider.load_private_key(key);
        self.key = Some(loaded.map_err(|_| invalid("its private key is of an unknown kind"))?);
        Ok(self)
    }

    /// The longest that a handshake may take, the security manager's own time apart; otherwise 5 s.
    #[must_use]
    pub const fn with_handshake_limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    pub(super) fn security(&self) -> &dyn TransportSecurity {
        &*self.security
    }

    pub(super) const fn provider(&self) -> &Arc<CryptoProvider> {
        &self.provider
    }

    pub(super) const fn limit(&self) -> Duration {
        self.limit
    }

    /// The chain together with the key, which must be its first certificate's.
    pub(super) fn certified(&self, chain: Vec<Vec<u8>>) -> io::Result<Arc<CertifiedKey>> {
        let missing = || invalid("there is a certificate to present, but no private key for it");
        let key = Arc::clone(self.key.as_ref().ok_or_else(missing)?);
        let chain = chain.into_iter().map(CertificateDer::from).collect();
        let certified = CertifiedKey::new(chain, key);
        match certified.keys_match() {
            Ok(()) | Err(Error::InconsistentKeys(InconsistentKeys::Unknown)) => {
                Ok(Arc::new(certified))
            }
            Err(Error::InconsistentKeys(_)) => {
                Err(invalid("the private key does not belong to the certificate to present"))
            }
            Err(_) => Err(invalid("the certificate to present cannot be read")),
        }
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("has_key", &self.key.is_some()).finish_non_exhaustive()
    }
}

fn invalid(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}
