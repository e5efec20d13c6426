//! Finds where a name leads, for registrars before the terminal starts and for calls before media is
//! offered. RFC 3263.

use super::ports::Entropy;
use crate::config::{Address, Place};
use crate::error::{Error, Result};
use crate::record::clean;
use net::{Network, Runtime, Transport};
use sip_core::driver::{locate, transports};
use sip_core::locate::{Servers, Wanted};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// How long a name may take: the C library gives a server that is down five seconds before it asks
/// the next.
const WITHIN: Duration = Duration::from_secs(12);

/// What a name is looked up with.
pub struct Finder {
    runtime: Arc<dyn Runtime>,
    network: Arc<dyn Network>,
    entropy: Arc<dyn Entropy>,
    transports: Vec<Transport>,
}

impl Finder {
    /// Looks up in `network`, for requests that leave from `binds`.
    pub fn new(
        runtime: Arc<dyn Runtime>, network: Arc<dyn Network>, entropy: Arc<dyn Entropy>,
        binds: &[Address],
    ) -> Self {
        let transports = transports(&*network, binds.iter().map(|bind| bind.transport));
        Self { runtime, network, entropy, transports }
    }

    /// Looks a place up, unless it is an address or was found before.
    ///
    /// # Errors
    /// The name leads nowhere, or to nothing that may be called, or to no address of a family that
    /// is bound; there is no randomness.
    pub async fn look_up(&self, place: &mut Place, binds: &[Address]) -> Result<()> {
        match place.wanted(self.chance()?) {
            Some(wanted) => place.is_at(self.find(wanted).await?, binds),
            None => Ok(()),
        }
    }

    /// The servers of a name.
    ///
    /// # Errors
    /// It leads nowhere, or to nothing that may be called.
    pub(super) async fn find(&self, wanted: Wanted) -> Result<Servers> {
        let (runtime, network) = (Arc::clone(&self.runtime), Arc::clone(&self.network));
        let name = clean(&wanted.name);
        let found = locate(runtime, network, wanted, self.transports.clone(), WITHIN).await;
        let found = found.map_err(Error::invalid)?;
        let over = found.transport.map_or("UDP, or TCP by size", Transport::name);
        let addresses: Vec<_> = found.addresses.iter().map(SocketAddr::to_string).collect();
        tracing::debug!("{name} is reached over {over} at {}", addresses.join(", "));
        Ok(found)
    }

    /// What servers of one priority are chosen by.
    ///
    /// # Errors
    /// There is no randomness.
    pub(super) fn chance(&self) -> Result<u64> {
        let mut seed = [0; 8];
        self.entropy.fill(&mut seed).map_err(Error::no_randomness)?;
        Ok(u64::from_ne_bytes(seed))
    }
}
