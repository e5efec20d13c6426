//! The certificate of a call: made for it, signed by itself, and gone with it.

use super::fingerprint::Fingerprint;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_ECDSA_P256_SHA256};
use std::fmt;
use zeroize::Zeroizing;

/// A key for ECDSA on P-256, and the certificate that it signed itself. Never printed; wiped on drop.
///
/// Its dates are wide and its name is the same for all: it tells nothing of who made it, and when.
pub(super) struct Certificate {
    der: Vec<u8>,
    key: Zeroizing<Vec<u8>>,
    fingerprint: Fingerprint,
}

/// No key could be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoCertificate;

impl Certificate {
    /// A fresh one.
    pub(super) fn made() -> Result<Self, NoCertificate> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(|_| NoCertificate)?;
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name = DistinguishedName::new();
        parameters.distinguished_name.push(DnType::CommonName, "media");
        let der = parameters.self_signed(&key).map_err(|_| NoCertificate)?.der().to_vec();
        let fingerprint = Fingerprint::of(&der);
        Ok(Self { der, key: Zeroizing::new(key.serialize_der()), fingerprint })
    }

    /// What the peer is told of it.
    pub(super) const fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// What the peer is shown. RFC 5280.
    pub(super) fn der(&self) -> &[u8] {
        &self.der
    }

    /// Its key, in PKCS #8. RFC 5958.
    pub(super) fn key(&self) -> &[u8] {
        &self.key
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({}, [redacted])", self.fingerprint)
    }
}
