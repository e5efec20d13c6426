//! Putting a security manager together: schemes and parties are values, and what is not given is
//! not linked.

use crate::aka::Aka;
use crate::bearer::Bearer;
use crate::digest::Digest;
use crate::fsm::StateSink;
use crate::manager::{SecurityManager, Shared};
use crate::nonce::{Issuer, seconds};
use crate::pgp::Pgp;
use crate::{NoRandomness, Platform};
use sst::TelephonyApplication;
use std::sync::Arc;

/// Builds a [`SecurityManager`].
pub struct Builder {
    platform: Arc<dyn Platform>,
    inst: u16,
    digest: Option<Digest>,
    bearer: Option<Bearer>,
    aka: Option<Aka>,
    pgp: Option<Pgp>,
    application: Arc<dyn TelephonyApplication>,
    observer: Option<Arc<dyn StateSink>>,
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder").field("digest", &self.digest.is_some()).finish_non_exhaustive()
    }
}

impl SecurityManager {
    /// Starts to put a manager together.
    pub fn builder(platform: Arc<dyn Platform>) -> Builder {
        Builder::new(platform)
    }
}

impl Builder {
    fn new(platform: Arc<dyn Platform>) -> Self {
        let application = Arc::new(sst::Deny);
        Self {
            platform,
            inst: 0,
            digest: None,
            bearer: None,
            aka: None,
            pgp: None,
            application,
            observer: None,
        }
    }

    /// Answers and issues HTTP Digest challenges.
    #[must_use]
    pub const fn digest(mut self, digest: Digest) -> Self {
        self.digest = Some(digest);
        self
    }

    /// Answers the challenges of registrars and proxies that want an access token.
    #[must_use]
    pub const fn bearer(mut self, bearer: Bearer) -> Self {
        self.bearer = Some(bearer);
        self
    }

    /// Answers the challenges of mobile networks by what a SIM makes of them.
    #[must_use]
    pub fn aka(mut self, aka: Aka) -> Self {
        self.aka = Some(aka);
        self
    }

    /// Signs, verifies and encrypts calls through a security application.
    #[must_use]
    pub fn pgp(mut self, pgp: Pgp) -> Self {
        self.pgp = Some(pgp);
        self
    }

    /// Who is asked for passwords and told of assurances; nobody: every prompt is declined.
    #[must_use]
    pub fn application(mut self, application: Arc<dyn TelephonyApplication>) -> Self {
        self.application = application;
        self
    }

    /// Who is told of every transition of the machine.
    #[must_use]
    pub fn observer(mut self, observer: Arc<dyn StateSink>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// The number of this instance among those that answer for one address; 0 by default.
    #[must_use]
    pub const fn instance(mut self, inst: u16) -> Self {
        self.inst = inst;
        self
    }

    /// The manager, with a fresh master secret for its nonces.
    ///
    /// # Errors
    /// [`NoRandomness`]: without random bytes no nonce may be issued.
    pub fn build(self) -> Result<Arc<SecurityManager>, NoRandomness> {
        let (mut master, mut boot) = ([0; 32], [0; 2]);
        self.platform.random(&mut master)?;
        self.platform.random(&mut boot)?;
        let start = self.platform.unix_time();
        let issuer = Issuer::new(&mut master, self.inst, u16::from_be_bytes(boot), seconds(start));
        let shared = Shared::new(self.platform, issuer, start, self.application)
            .with_digest(self.digest)
            .with_bearer(self.bearer)
            .with_aka(self.aka)
            .with_pgp(self.pgp)
            .with_observer(self.observer);
        Ok(Arc::new(SecurityManager::new(shared)))
    }
}
