//! What is known of whom is watched, by package: RFC 3856, RFC 4235, RFC 3680.

use sip_core::manager::SubscriptionId;
use sip_core::packages::dialog_info::{DialogInfo, Dialogs};
use sip_core::packages::presence::Presence;
use sip_core::packages::reg_info::{RegInfo, Registrations};
use sip_core::packages::{Applied, DocumentError};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What can be watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Package {
    /// Whether somebody can be reached (RFC 3856)
    Presence,
    /// Somebody's calls (RFC 4235)
    Dialog,
    /// Where somebody is registered (RFC 3680)
    Reg,
}

/// What is known of whom is watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// Whether they can be reached.
    Presence(Presence),
    /// Their calls.
    Dialogs(Dialogs),
    /// Where they are registered.
    Registrations(Registrations),
}

impl Package {
    /// The package as Event names it.
    pub const fn event(self) -> &'static str {
        match self {
            Self::Presence => Presence::EVENT,
            Self::Dialog => DialogInfo::EVENT,
            Self::Reg => RegInfo::EVENT,
        }
    }

    pub(super) const fn media_type(self) -> &'static str {
        match self {
            Self::Presence => Presence::MEDIA_TYPE,
            Self::Dialog => DialogInfo::MEDIA_TYPE,
            Self::Reg => RegInfo::MEDIA_TYPE,
        }
    }

    /// What is known at first.
    pub(super) fn nothing(self) -> Known {
        match self {
            Self::Presence => Known::Presence(Presence::default()),
            Self::Dialog => Known::Dialogs(Dialogs::default()),
            Self::Reg => Known::Registrations(Registrations::default()),
        }
    }
}

impl Known {
    /// Takes over what a notification says.
    pub(super) fn take(&mut self, body: &[u8]) -> Result<Applied, DocumentError> {
        match self {
            Self::Presence(known) => {
                *known = Presence::parse(body)?;
                Ok(Applied::Taken)
            }
            Self::Dialogs(known) => DialogInfo::parse(body).map(|told| known.apply(told)),
            Self::Registrations(known) => RegInfo::parse(body).map(|told| known.apply(told)),
        }
    }
}

/// What is watched, by its subscription.
#[derive(Debug, Default)]
pub(super) struct Watches(Mutex<BTreeMap<SubscriptionId, (Package, Known)>>);

impl Watches {
    /// Whether a subscription is of what is watched.
    pub(super) fn has(&self, id: SubscriptionId) -> bool {
        self.lock().contains_key(&id)
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, BTreeMap<SubscriptionId, (Package, Known)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
