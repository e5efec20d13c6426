//! The application's commands about what is published of us. RFC 3903.

use super::core::SipManager;
use super::misuse::Misuse;
use super::publications::{PublicationId, PublishConfig};
use super::usages::{Publication, Usage};
use ssa::Body;
use std::time::Instant;

impl SipManager {
    /// Publishes `body`, and keeps it published until [`unpublish`](Self::unpublish), or until the
    /// server refuses it.
    ///
    /// # Errors
    /// What is no URI or cannot be reached over UDP, TCP or TLS; [`Misuse::NotAPackage`], also
    /// without a body; [`Misuse::Full`] where there are as many as
    /// [`Config::publications`](super::Config).
    pub fn publish(
        &mut self, now: Instant, config: PublishConfig, body: Body,
    ) -> Result<PublicationId, Misuse> {
        if self.number_of(Usage::is_publication) >= self.config.publications {
            return Err(Misuse::Full);
        }
        let publication = Publication::prepare(&mut self.io(now), config, body)?;
        let id = PublicationId(self.insert(now, Usage::Publication(Box::new(publication))));
        self.give(now, id.0, |it: &mut Publication, cx| {
            it.send(cx);
            Ok(())
        })?;
        Ok(id)
    }

    /// Publishes `body` in place of what was published before.
    ///
    /// # Errors
    /// [`Misuse::Unknown`], [`Misuse::WrongState`] once it is being taken back; [`Misuse::NotAPackage`]
    /// without a body.
    pub fn republish(&mut self, now: Instant, id: PublicationId, body: Body) -> Result<(), Misuse> {
        self.give(now, id.0, |it: &mut Publication, cx| it.change(cx, body))
    }

    /// Takes a publication back.
    ///
    /// # Errors
    /// [`Misuse::Unknown`].
    pub fn unpublish(&mut self, now: Instant, id: PublicationId) -> Result<(), Misuse> {
        self.give(now, id.0, |it: &mut Publication, cx| {
            it.take_back(cx);
            Ok(())
        })
    }
}
