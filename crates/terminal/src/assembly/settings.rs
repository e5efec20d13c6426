//! What a terminal is, ready to be started: no file left to read.

use crate::config::{Address, Media, Network};
use sip_core::manager::Ours;
use std::net::IpAddr;

/// How a terminal is set up.
#[derive(Debug)]
pub struct Settings {
    /// The AOR that calls.
    pub identity: String,
    /// Whom requests may be for.
    pub ours: Ours,
    /// Where SIP is listened for.
    pub binds: Vec<Address>,
    /// The address that peers are told of the binds of its family, instead of their own.
    pub advertise: Option<IpAddr>,
    /// Who may say who calls, beside registrars over TLS.
    pub trusted: Vec<Network>,
    /// The users who may watch our calls, once their passwords have proved who they are. RFC 4235.
    pub watchers: Vec<String>,
    /// Whom plain media follows, and how long there may be no sign of life.
    pub media: Media,
    /// What the security manager is configured with.
    #[cfg(feature = "digest")]
    pub security: sst::Configuration,
}
