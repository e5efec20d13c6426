//! The presence of accounts: published once the account is registered, and with each change. RFC 3903.

use super::causes::advice;
use super::events::Event;
use super::shared::Shared;
use super::terminal::Terminal;
use crate::error::{Error, Result};
use sip_core::manager::{NextHop, PublicationId, PublicationNews, PublishConfig};
use sip_core::packages::presence::{Basic, Contact, Note, Presence, Tuple};
use ssa::Body;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The lifetime that is asked for, in seconds: that of RFC 3856 §6.4.
const LIFETIME: u32 = 3_600;

/// What is noted while a call is up.
const BUSY: &str = "on the phone";

/// What is published of accounts, by the account's AOR.
#[derive(Debug, Default)]
pub(super) struct Publications(Mutex<BTreeMap<String, Publication>>);

/// The presence of one of them.
#[derive(Debug)]
struct Publication {
    /// Where it is published.
    next_hop: Option<NextHop>,
    /// What this terminal is named by among those of the account.
    tuple: String,
    /// It, once the account was registered.
    id: Option<PublicationId>,
    /// Whether a call is up, as was told last.
    busy: bool,
}

impl Publications {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Publication>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Publication {
    fn body(&self, aor: &str) -> Body {
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

impl Terminal {
    /// Publishes the presence of an account once that is registered, and until the terminal shuts
    /// down: that it can be reached, and whether a call is up. [`Event::Published`] follows, or
    /// [`Event::NotPublished`].
    ///
    /// # Errors
    /// There is no randomness.
    pub fn publish_presence(&self, aor: &str, next_hop: Option<NextHop>) -> Result<()> {
        let mut random = [0; 8];
        self.shared.entropy.fill(&mut random).map_err(Error::no_randomness)?;
        let tuple = format!("t{:016x}", u64::from_be_bytes(random));
        let publication = Publication { next_hop, tuple, id: None, busy: false };
        self.shared.publications.lock().insert(aor.to_owned(), publication);
        Ok(())
    }
}

impl Shared {
    /// An account is registered: its presence is published, where that is wanted and was not done. Why
    /// it cannot be.
    pub(super) fn publish(&self, aor: &str) -> Option<Event> {
        let mut all = self.publications.lock();
        let publication = all.get_mut(aor).filter(|it| it.id.is_none())?;
        publication.busy = self.calls.is_one_up();
        let config = PublishConfig {
            from: aor.to_owned(),
            to: aor.to_owned(),
            next_hop: publication.next_hop.clone(),
            event: Presence::EVENT.to_owned(),
            expires: LIFETIME,
        };
        match self.endpoint.publish(config, publication.body(aor)) {
            Ok(id) => {
                publication.id = Some(id);
                None
            }
            Err(why) => Some(Event::NotPublished { aor: aor.to_owned(), reason: why.to_string() }),
        }
    }

    /// Publishes anew whether a call is up, where that has changed.
    pub(super) fn republish(&self) {
        let mut all = self.publications.lock();
        let busy = self.calls.is_one_up();
        for (aor, publication) in all.iter_mut().filter(|(_, it)| it.busy != busy) {
            publication.busy = busy;
            if let Some(id) = publication.id {
                // What is over, or is being taken back, tells nothing any more.
                _ = self.endpoint.republish(id, publication.body(aor));
            }
        }
    }

    /// What happened to a publication.
    pub(super) fn published(&self, id: PublicationId, news: PublicationNews) -> Option<Event> {
        let all = self.publications.lock();
        let (aor, _) = all.iter().find(|(_, publication)| publication.id == Some(id))?;
        let aor = aor.clone();
        match news {
            PublicationNews::Published { expires } => Some(Event::Published { aor, expires }),
            PublicationNews::Failed { cause, again } => {
                let again = again.as_secs();
                let reason = format!("{cause}{}; tried again in {again} s", advice(cause));
                Some(Event::NotPublished { aor, reason })
            }
            PublicationNews::Over { cause } => {
                let reason = cause.map(|cause| format!("{cause}{}", advice(cause)))?;
                Some(Event::NotPublished { aor, reason })
            }
        }
    }
}
