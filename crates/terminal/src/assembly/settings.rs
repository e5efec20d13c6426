//! What a terminal is, ready to be started: no file left to read.

use crate::config::Address;

/// How a terminal is set up.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The AOR that calls.
    pub identity: String,
    /// Where SIP is listened for.
    pub binds: Vec<Address>,
    /// What the security manager is configured with.
    #[cfg(feature = "digest")]
    pub security: sst::Configuration,
}
