//! Whose word counts for who calls. RFC 3325 §8.

use crate::config::Network;
use sip_core::manager::{Arrival, RegistrationId};
use ssa::FlowId;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Whose word counts for who calls.
#[derive(Debug, Default)]
pub(super) struct Trust {
    /// What the configuration names.
    networks: Vec<Network>,
    /// Where the registrars of our accounts have answered last.
    registrars: Mutex<BTreeMap<RegistrationId, FlowId>>,
}

impl Trust {
    /// That of these networks, and of no registrar yet.
    pub(super) fn of(networks: Vec<Network>) -> Self {
        Self { networks, registrars: Mutex::default() }
    }

    fn registrars(&self) -> MutexGuard<'_, BTreeMap<RegistrationId, FlowId>> {
        self.registrars.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A registrar has answered on this flow.
    pub(super) fn registered(&self, id: RegistrationId, flow: FlowId) {
        self.registrars().insert(id, flow);
    }

    /// A registration does not stand any more.
    pub(super) fn lapsed(&self, id: RegistrationId) {
        self.registrars().remove(&id);
    }

    /// Whether what came so is from an element that is trusted: at an address that the configuration
    /// names, or the registrar of an account over the connection to it, whose name TLS has proved.
    pub(super) fn covers(&self, arrival: &Arrival) -> bool {
        self.is_listed(arrival.source.ip())
            || arrival.transport.is_secure()
                && self.registrars().values().any(|flow| *flow == arrival.flow)
    }

    fn is_listed(&self, ip: IpAddr) -> bool {
        self.networks.iter().any(|network| network.has(ip))
    }
}
