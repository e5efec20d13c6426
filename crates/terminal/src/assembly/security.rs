//! The security manager as this flavour links it, with every seam watched if someone watches.

use super::events::Event;
#[cfg(feature = "digest")]
use super::linked::{manager, prompts};
use super::ports::Ports;
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
    if let Some(client) = super::apart::apart(settings, ports, events)? {
        return Ok(Security { sip: client.clone(), media: client.clone(), telephony: client });
    }
    let manager = manager(ports, prompts(settings, ports, events))?;
    sst::TelephonySecurity::configure(&*manager, &settings.security);
    Ok(Security { sip: manager.clone(), media: manager.clone(), telephony: manager })
}
