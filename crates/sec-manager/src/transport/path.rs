//! From the peer's certificate to an authority that is trusted. RFC 5280 §6, RFC 5924.

use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use webpki::{
    ALL_VERIFICATION_ALGS, EndEntityCert, Error, ExtendedKeyUsageValidator, KeyPurposeId,
    KeyPurposeIdIter, KeyUsage, RequiredEkuNotFoundContext,
};

/// What a certificate is used for: the octets of the object identifier, and what people call it.
#[derive(Clone, Copy)]
pub(super) struct Purpose {
    oid: &'static [u8],
    pub(super) name: &'static str,
    pub(super) users: &'static str,
}

/// 1.3.6.1.5.5.7.3.1. RFC 5280 §4.2.1.12.
pub(super) const SERVER: Purpose =
    Purpose { oid: &[0x2b, 6, 1, 5, 5, 7, 3, 1], name: "serverAuth", users: "servers" };
/// 1.3.6.1.5.5.7.3.2. RFC 5280 §4.2.1.12.
pub(super) const CLIENT: Purpose =
    Purpose { oid: &[0x2b, 6, 1, 5, 5, 7, 3, 2], name: "clientAuth", users: "clients" };
/// id-kp-sipDomain, 1.3.6.1.5.5.7.3.20. RFC 5924 §3.
const SIP_DOMAIN: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 20];
/// anyExtendedKeyUsage, 2.5.29.37.0. RFC 5280 §4.2.1.12.
const ANY: &[u8] = &[0x55, 0x1d, 0x25, 0];

/// Checks signatures, dates, constraints and use, up to one of `anchors`.
pub(super) fn check(
    certificate: &EndEntityCert<'_>, anchors: &[TrustAnchor<'_>], between: &[CertificateDer<'_>],
    now: UnixTime, purpose: Purpose,
) -> Result<(), Error> {
    let algorithms = ALL_VERIFICATION_ALGS;
    certificate
        .verify_for_usage(algorithms, anchors, between, now, Usage(purpose), None, None)
        .map(drop)
}

/// A certificate that restricts its use at all must be for TLS in this role, or for SIP domains.
///
/// RFC 5924 would have none without id-kp-sipDomain, which no public authority issues.
struct Usage(Purpose);

impl ExtendedKeyUsageValidator for Usage {
    fn validate(&self, found: KeyPurposeIdIter<'_, '_>) -> Result<(), Error> {
        let fit = [self.0.oid, SIP_DOMAIN, ANY].map(KeyPurposeId::new);
        let mut present = Vec::new();
        for purpose in found {
            let purpose = purpose?;
            if fit.contains(&purpose) {
                return Ok(());
            }
            present.push(purpose.to_decoded_oid());
        }
        if present.is_empty() {
            return Ok(());
        }
        let required = KeyUsage::required(self.0.oid);
        Err(Error::RequiredEkuNotFoundContext(RequiredEkuNotFoundContext { required, present }))
    }
}
