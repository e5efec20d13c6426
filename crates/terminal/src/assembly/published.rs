//! The presence of accounts: published once the account is registered, and with each change. RFC 3903.

use super::causes::advice;
use super::events::Event;
use super::publications::Publication;
use super::shared::Shared;
use super::terminal::Terminal;
use crate::error::{Error, Result};
use sip_core::manager::{NextHop, PublicationId, PublicationNews, PublishConfig};
use sip_core::packages::presence::Presence;

/// The lifetime that is asked for, in seconds: that of RFC 3856 §6.4.
const LIFETIME: u32 = 3_600;

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
        if all.is_empty() {
            return;
        }
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
