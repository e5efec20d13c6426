//! The security manager as this flavour links it, with every seam watched if someone watches.

use super::events::Event;
use super::ports::Ports;
#[cfg(feature = "digest")]
use super::ports::{Entropy, WallClock};
use super::settings::Settings;
use crate::error::Result;
use ssa::SipSecurity;
use ssm::MediaSecurity;
use std::sync::Arc;
use tokio::sync::mpsc::Sender;

/// One security manager behind its interfaces.
#[derive(Clone)]
pub(super) struct Security {
    pub(super) sip: Arc<dyn SipSecurity>,
    pub(super) media: Arc<dyn MediaSecurity>,
    #[cfg(feature = "digest")]
    pub(super) telephony: Arc<dyn sst::TelephonySecurity>,
}

impl Security {
    /// Builds the manager, or lets all pass in the clear where none is linked. Whom it refuses is
    /// told to `events`.
    ///
    /// # Errors
    /// The manager gets no randomness.
    pub(super) fn new(settings: &Settings, ports: &Ports, events: &Sender<Event>) -> Result<Self> {
        let bare = build(settings, ports, events)?;
        let Some(tap) = &ports.tap else {
            return Ok(bare);
        };
        let sink = Arc::new(tap.clone());
        Ok(Self {
            sip: Arc::new(ssa::Observed::new(bare.sip, sink.clone())),
            media: Arc::new(ssm::Observed::new(bare.media, sink.clone())),
            #[cfg(feature = "digest")]
            telephony: Arc::new(sst::Observed::new(bare.telephony, sink)),
        })
    }
}

#[cfg(not(feature = "digest"))]
fn build(_: &Settings, _: &Ports, _: &Sender<Event>) -> Result<Security> {
    Ok(Security { sip: Arc::new(ssa::Open), media: Arc::new(ssm::Open) })
}

#[cfg(feature = "digest")]
fn build(settings: &Settings, ports: &Ports, events: &Sender<Event>) -> Result<Security> {
    #[cfg(feature = "isolated")]
    if let Some(apart) = super::apart::apart(settings, ports, events)? {
        return Ok(apart);
    }
    let manager = manager(ports, prompts(ports, events))?;
    sst::TelephonySecurity::configure(&*manager, &settings.security);
    Ok(Security { sip: manager.clone(), media: manager.clone(), telephony: manager })
}

/// The manager in this process, not configured yet.
#[cfg(feature = "digest")]
pub(super) fn manager(
    ports: &Ports, prompts: Arc<dyn sst::TelephonyApplication>,
) -> Result<Arc<sec_manager::SecurityManager>> {
    use sec_manager::{Digest, SecurityManager};
    let platform = Arc::new(Platform {
        runtime: Arc::clone(&ports.runtime),
        wall_clock: Arc::clone(&ports.wall_clock),
        entropy: Arc::clone(&ports.entropy),
    });
    let mut builder = SecurityManager::builder(platform).digest(Digest).application(prompts);
    #[cfg(feature = "pgp")]
    if let Some(application) = application(ports) {
        builder = builder.pgp(sec_manager::Pgp::new(application));
    }
    if let Some(tap) = &ports.tap {
        builder = builder.observer(Arc::new(tap.clone()));
    }
    builder.build().map_err(crate::error::Error::invalid)
}

#[cfg(feature = "digest")]
pub(super) fn prompts(ports: &Ports, events: &Sender<Event>) -> Arc<dyn sst::TelephonyApplication> {
    let (prompts, runtime) = (Arc::clone(&ports.prompts), Arc::clone(&ports.runtime));
    let prompts = Arc::new(super::refusals::Refusals::new(prompts, runtime, events));
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
#[cfg(feature = "digest")]
pub(super) struct Platform {
    pub(super) runtime: Arc<dyn net::Runtime>,
    pub(super) wall_clock: Arc<dyn WallClock>,
    pub(super) entropy: Arc<dyn Entropy>,
}

#[cfg(feature = "digest")]
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
