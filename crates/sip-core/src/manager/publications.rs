//! What is published of us: what the application is told of it, and its way in. RFC 3903.

use super::config::NextHop;
use super::core::SipManager;
use super::event::Cause;
use super::misuse::Misuse;
use super::slab::Key;
use super::usages::{Cx, Publication, Usage};
use ssa::Body;
use std::time::{Duration, Instant};

/// A publication, as the application names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PublicationId(pub(crate) Key);

/// What to publish, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishConfig {
    /// Who publishes: a URI or a name-addr.
    pub from: String,
    /// The URI whose state it is.
    pub to: String,
    /// Where the request goes first; `None`: where `to` points.
    pub next_hop: Option<NextHop>,
    /// The event package, such as `presence`.
    pub event: String,
    /// The lifetime to ask for, in seconds. It is refreshed before its end, once a day at least and
    /// once in four seconds at most.
    pub expires: u32,
}

/// How it stands with a publication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublicationNews {
    /// The server has taken what was published, or keeps it.
    Published {
        /// For so many seconds; it is refreshed before.
        expires: u32,
    },
    /// It failed, and is tried again.
    Failed {
        /// Why.
        cause: Cause,
        /// When it is tried again: after this time.
        again: Duration,
    },
    /// It is over, and nothing follows.
    Over {
        /// Why, where that was not wanted.
        cause: Option<Cause>,
    },
}

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
        self.publication(now, id, |it, cx| {
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
        self.publication(now, id, |it, cx| it.change(cx, body))
    }

    /// Takes a publication back.
    ///
    /// # Errors
    /// [`Misuse::Unknown`].
    pub fn unpublish(&mut self, now: Instant, id: PublicationId) -> Result<(), Misuse> {
        self.publication(now, id, |it, cx| {
            it.take_back(cx);
            Ok(())
        })
    }

    /// Gives a command to a publication.
    fn publication(
        &mut self, now: Instant, id: PublicationId,
        give: impl FnOnce(&mut Publication, &mut Cx<'_>) -> Result<(), Misuse>,
    ) -> Result<(), Misuse> {
        let give = |usage: &mut Usage, cx: &mut Cx<'_>| match usage {
            Usage::Publication(publication) => give(publication, cx),
            Usage::Invite(_)
            | Usage::Unwanted(_)
            | Usage::Registration(_)
            | Usage::Single(_)
            | Usage::Notifier(_)
            | Usage::Subscription(_) => Err(Misuse::Unknown),
        };
        self.give(now, id.0, give)
    }
}
