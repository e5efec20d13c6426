//! The presence of accounts, as it is published. RFC 3863.

use sip_core::manager::{NextHop, PublicationId};
use sip_core::packages::presence::{Basic, Contact, Note, Presence, Tuple};
use ssa::Body;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is noted while a call is up.
const BUSY: &str = "on the phone";

/// What is published of accounts, by the account's AOR.
#[derive(Debug, Default)]
pub(super) struct Publications(Mutex<BTreeMap<String, Publication>>);

/// The presence of one of them.
#[derive(Debug)]
pub(super) struct Publication {
    /// Where it is published.
    pub(super) next_hop: Option<NextHop>,
    /// What this terminal is named by among those of the account.
    pub(super) tuple: String,
    /// It, once the account was registered.
    pub(super) id: Option<PublicationId>,
    /// Whether a call is up, as was told last.
    pub(super) busy: bool,
}

impl Publications {
    pub(super) fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Publication>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Publication {
    pub(super) fn body(&self, aor: &str) -> Body {
        let note = || Note { text: BUSY.to_owned(), lang: Some("en".to_owned()) };
        let tuple = Tuple {
            id: self.tuple.clone(),
            // Another call can come in meanwhile.
            basic: Some(Basic::Open),
            contact: Some(Contact { uri: aor.to_owned(), priority: None }),
            notes: self.busy.then(note).into_iter().collect(),
            timestamp: None,
        };
        let known = Presence { entity: aor.to_owned(), tuples: vec![tuple], ..Presence::default() };
        let content_type = Some(Presence::MEDIA_TYPE.into());
        Body { content_type, octets: known.to_body() }
    }
}
