//! Who the two sides are.

#[cfg(feature = "pgp")]
use super::application::Application;

pub(super) const CALLER: &str = "sip:alice@caller.example";
pub(super) const CALLEE: &str = "sip:bob@callee.example";

/// The caller's user name, in the Digest flow.
pub(super) const USER: &str = "alice";

/// Who a side is.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    pub(super) aor: &'static str,
    /// Its key's full fingerprint, in the PGP flow.
    pub(super) fingerprint: Option<String>,
}

/// A side, before its terminal is started.
pub(super) struct Side {
    pub(super) name: &'static str,
    pub(super) identity: Identity,
    pub(super) security: sst::Configuration,
    #[cfg(feature = "pgp")]
    pub(super) application: Option<Application>,
}
