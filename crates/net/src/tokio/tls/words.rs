//! What rustls says, in words for a user.

use rustls::{AlertDescription, Error};
use std::io;

/// What a panic within a handshake is.
pub(in crate::tokio) const UNVOUCHED: (io::ErrorKind, &str) =
    (io::ErrorKind::PermissionDenied, "the security manager failed, so nobody vouches for it");

/// The error of a handshake in words, if it is rustls' own.
pub(super) fn told(error: io::Error) -> io::Error {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    match inner {
        Some(inner) => failure(inner),
        None if error.kind() == io::ErrorKind::UnexpectedEof => {
            io::Error::new(error.kind(), "it closed the connection within the TLS handshake")
        }
        None => error,
    }
}

/// The same, of what rustls says itself.
pub(super) fn failure(error: &Error) -> io::Error {
    let why = match error {
        Error::InvalidMessage(_) => "it does not speak TLS",
        Error::PeerIncompatible(_) => "it speaks no version or cipher of TLS that is accepted here",
        Error::PeerMisbehaved(_)
        | Error::InappropriateMessage { .. }
        | Error::InappropriateHandshakeMessage { .. }
        | Error::PeerSentOversizedRecord => "it does not keep to the rules of TLS",
        Error::InvalidCertificate(_) => "it did not prove that its certificate is its own",
        Error::NoCertificatesPresented => "it presented no certificate",
        Error::DecryptError => "what it sent cannot be decrypted",
        Error::AlertReceived(alert) => return refused_by_peer(*alert),
        _ => return io::Error::new(io::ErrorKind::InvalidData, format!("TLS failed: {error}")),
    };
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// The peer ended the handshake, and its alert says why. RFC 8446 §6.2.
fn refused_by_peer(alert: AlertDescription) -> io::Error {
    let why = match alert {
        AlertDescription::HandshakeFailure
        | AlertDescription::ProtocolVersion
        | AlertDescription::InsufficientSecurity => {
            "it accepts no version or cipher of TLS that is spoken here"
        }
        AlertDescription::CertificateRequired => "it asks for a certificate of ours",
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnknownCA
        | AlertDescription::AccessDenied => "it does not accept our certificate",
        AlertDescription::UnrecognisedName => "it knows no such name",
        _ => "it ended the TLS handshake with an alert",
    };
    io::Error::new(io::ErrorKind::ConnectionRefused, why)
}
