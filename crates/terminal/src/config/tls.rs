//! `[tls]`: whom to trust over TLS, and what to present.

use serde::Deserialize;
use std::path::PathBuf;

/// `[tls]`. Without it, the authorities that the system trusts are trusted, and nothing is presented.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Tls {
    /// Files of certificates (PEM) of the authorities that are trusted instead of the system's.
    #[serde(default)]
    pub ca: Vec<PathBuf>,
    /// A file with our certificate and those between it and its authority (PEM).
    pub certificate: Option<PathBuf>,
    /// A file of mode 0600 with the certificate's private key (PEM).
    pub key: Option<PathBuf>,
    /// The servers that are shown our certificate, too, where they ask for one.
    #[serde(default)]
    pub present_to: Vec<String>,
}
