//! Certificates from files, and those that the system trusts.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::io;

/// The certificates in a PEM file, in DER and in their order; other sections are passed over.
///
/// # Errors
/// [`io::ErrorKind::InvalidData`] if there is none, or one that is cut off or no base64.
pub fn certificates(pem: &[u8]) -> io::Result<Vec<Vec<u8>>> {
    let invalid = |why| io::Error::new(io::ErrorKind::InvalidData, why);
    let mut found = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|_| invalid("a certificate in it is damaged"))?;
        found.push(certificate.to_vec());
    }
    if found.is_empty() {
        return Err(invalid("there is no certificate in it (PEM is expected)"));
    }
    Ok(found)
}

/// The authorities that the system trusts, in DER; `SSL_CERT_FILE` and `SSL_CERT_DIR` name others.
///
/// Reads files: not for a task.
///
/// # Errors
/// If there is none. One that cannot be read among others is no error.
pub fn system_roots() -> io::Result<Vec<Vec<u8>>> {
    let found = rustls_native_certs::load_native_certs();
    if found.certs.is_empty() {
        let why = "the system has no list of certificate authorities (on Debian: ca-certificates)";
        return Err(io::Error::new(io::ErrorKind::NotFound, why));
    }
    Ok(found.certs.iter().map(|certificate| certificate.to_vec()).collect())
}
