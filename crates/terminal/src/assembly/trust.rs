//! Whose word counts for who calls. RFC 3325 §8.

use crate::config::Network;
use sip_core::manager::{Arrival, Event, RegistrationId};
use ssa::FlowId;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Whose word counts for who calls.
#[derive(Debug, Default)]
pub(super) struct Trust {
    /// What the configuration names.
    networks: Vec<Network>,
    /// Where the registrars of our accounts have answered last, by registration and number.
    flows: Mutex<BTreeMap<(RegistrationId, u8), FlowId>>,
}

impl Trust {
    /// That of these networks, and of no registrar yet.
    pub(super) fn of(networks: Vec<Network>) -> Self {
        Self { networks, flows: Mutex::default() }
    }

    fn flows(&self) -> MutexGuard<'_, BTreeMap<(RegistrationId, u8), FlowId>> {
        self.flows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over what was heard of an account's flows.
    pub(super) fn follow(&self, event: &Event) {
        let mut flows = self.flows();
        match event {
            Event::Registered { id, reg_id, outbound, flow, .. } => {
                if !outbound {
                    flows.retain(|(other, _), _| other != id);
                }
                flows.insert((*id, *reg_id), *flow);
            }
            Event::RegistrationFailed { id, reg_id, .. } => _ = flows.remove(&(*id, *reg_id)),
            Event::Unregistered { id, .. } => flows.retain(|(other, _), _| other != id),
            _ => {}
        }
    }

    /// Whether what came so is from an element that is trusted: at an address that the configuration
    /// names, or the registrar of an account over the connection to it, whose name TLS has proved.
    pub(super) fn covers(&self, arrival: &Arrival) -> bool {
        self.is_listed(arrival.source.ip())
            || arrival.transport.is_secure()
                && self.flows().values().any(|flow| *flow == arrival.flow)
    }

    fn is_listed(&self, ip: IpAddr) -> bool {
        self.networks.iter().any(|network| network.has(ip))
    }
}
