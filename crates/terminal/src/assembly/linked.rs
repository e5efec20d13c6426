//! The security manager as it is linked, and what it is given of the terminal.

use super::events::Event;
use super::ports::{Entropy, Ports, WallClock};
use super::refusals::Refusals;
use super::settings::Settings;
use super::tokens::Tokens;
use crate::error::Result;
use std::sync::Arc;
use tokio::sync::mpsc::Sender;

/// The manager in this process, not configured yet.
pub(super) fn manager(
    ports: &Ports, prompts: Arc<dyn sst::TelephonyApplication>,
) -> Result<Arc<sec_manager::SecurityManager>> {
    use sec_manager::{Bearer, Digest, SecurityManager};
    let platform = Arc::new(Platform {
        runtime: Arc::clone(&ports.runtime),
        wall_clock: Arc::clone(&ports.wall_clock),
        entropy: Arc::clone(&ports.entropy),
    });
    let mut builder =
        SecurityManager::builder(platform).digest(Digest).bearer(Bearer).application(prompts);
    #[cfg(feature = "pgp")]
    if let Some(application) = application(ports) {
        builder = builder.pgp(sec_manager::Pgp::new(application));
    }
    if let Some(tap) = &ports.tap {
        builder = builder.observer(Arc::new(tap.clone()));
    }
    builder.build().map_err(crate::error::Error::invalid)
}

pub(super) fn prompts(
    settings: &Settings, ports: &Ports, events: &Sender<Event>,
) -> Arc<dyn sst::TelephonyApplication> {
    let (prompts, runtime) = (Arc::clone(&ports.prompts), Arc::clone(&ports.runtime));
    let prompts = Arc::new(Tokens::new(prompts, settings.tokens.clone()));
    let prompts = Arc::new(Refusals::new(prompts, runtime, events));
    match &ports.tap {
        Some(tap) => Arc::new(sst::Observed::new(prompts, Arc::new(tap.clone()))),
        None => prompts,
    }
}

#[cfg(feature = "pgp")]
pub(super) fn application(ports: &Ports) -> Option<Arc<dyn sma::SecurityApplication>> {
    let application = Arc::clone(ports.application.as_ref()?);
    Some(match &ports.tap {
        Some(tap) => Arc::new(sma::Observed::new(application, Arc::new(tap.clone()))),
        None => application,
    })
}

/// The security manager's view of the world.
pub(super) struct Platform {
    pub(super) runtime: Arc<dyn net::Runtime>,
    pub(super) wall_clock: Arc<dyn WallClock>,
    pub(super) entropy: Arc<dyn Entropy>,
}

impl sec_manager::Platform for Platform {
    fn now(&self) -> std::time::Instant {
        self.runtime.now()
    }

    fn unix_time(&self) -> std::time::Duration {
        self.wall_clock.unix_time()
    }

    fn random(&self, buffer: &mut [u8]) -> std::result::Result<(), sec_manager::NoRandomness> {
        self.entropy.fill(buffer).map_err(|_| sec_manager::NoRandomness)
    }

    fn sleep(&self, duration: std::time::Duration) -> net::BoxFuture<()> {
        self.runtime.sleep_until(self.runtime.now() + duration)
    }
}
