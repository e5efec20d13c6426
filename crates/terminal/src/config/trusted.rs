//! `[trusted]`: who may say who calls. RFC 3325.

use super::network::Network;
use serde::Deserialize;

/// `[trusted]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Trusted {
    /// Elements whose P-Asserted-Identity is shown, beside the registrars of accounts over TLS.
    #[serde(default)]
    pub networks: Vec<Network>,
}
