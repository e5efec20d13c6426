//! What a terminal is, ready to be started: no file left to read.

#[cfg(feature = "ice")]
use super::helpers::Helpers;
use crate::config::{Address, Media, Network, SipAor};
use sip_core::manager::Ours;
use std::net::IpAddr;
use std::time::Duration;

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
    /// How long a call that we place lasts without being refreshed. RFC 4028.
    pub session_expires: Option<Duration>,
    /// Who may say who calls, beside registrars over TLS.
    pub trusted: Vec<Network>,
    /// Who may watch our calls. RFC 4235.
    pub watchers: Watchers,
    /// Whom plain media follows, and how long there may be no sign of life.
    pub media: Media,
    /// Who is asked where media may reach us, and takes them for us.
    #[cfg(feature = "ice")]
    pub helpers: std::sync::Arc<Helpers>,
    /// What the security manager is configured with.
    #[cfg(feature = "digest")]
    pub security: sst::Configuration,
    /// Where the access tokens of accounts are.
    #[cfg(feature = "digest")]
    pub tokens: Vec<TokenFile>,
}

impl Settings {
    /// Those of a terminal of this AOR that is reached at these addresses: whatever else there is to
    /// say is as where the configuration does not say it.
    pub fn of(identity: &str, binds: Vec<Address>) -> Self {
        Self {
            identity: identity.to_owned(),
            ours: Ours::of([identity]),
            binds,
            advertise: None,
            session_expires: None,
            trusted: Vec::new(),
            watchers: Watchers::default(),
            media: Media::default(),
            #[cfg(feature = "ice")]
            helpers: std::sync::Arc::default(),
            #[cfg(feature = "digest")]
            security: sst::Configuration::default(),
            #[cfg(feature = "digest")]
            tokens: Vec::new(),
        }
    }
}

/// A file with an account's access token. RFC 8898.
#[cfg(feature = "digest")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenFile {
    /// The user name.
    pub user: String,
    /// The realm.
    pub realm: String,
    /// A file of mode 0600, whose first line is the token.
    pub path: std::path::PathBuf,
}

/// Who may watch the calls of a terminal, once it is proved who asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watchers {
    /// Users, by the names that their passwords prove.
    pub users: Vec<String>,
    /// Contacts, by the addresses that their pinned keys prove.
    pub contacts: Vec<SipAor>,
}

impl Watchers {
    /// Whether nobody may.
    pub const fn is_empty(&self) -> bool {
        self.users.is_empty() && self.contacts.is_empty()
    }
}
