//! The flows that accounts are registered over, and what they admit. RFC 5626 §4.2.

use sip_core::manager::{Event, RegistrationId};
use ssa::FlowId;
use sst::RegisteredFlow;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// The flows that stand, by their registration and number.
#[derive(Debug, Default)]
pub(super) struct Flows(BTreeMap<RegistrationId, BTreeMap<u8, RegisteredFlow>>);

impl Flows {
    /// The account that an event is about whose flows it changes, and those that it has then.
    pub(super) fn after<'a>(&mut self, event: &'a Event) -> Option<(&'a str, Vec<RegisteredFlow>)> {
        let (id, aor) = match event {
            Event::Registered { id, aor, reg_id, outbound, .. } => {
                let flows = self.0.entry(*id).or_default();
                if !outbound {
                    flows.clear();
                }
                flows.extend(admitted(event).map(|flow| (*reg_id, flow)));
                (id, aor)
            }
            Event::RegistrationFailed { id, aor, reg_id, .. } => {
                self.0.entry(*id).or_default().remove(reg_id);
                (id, aor)
            }
            Event::Unregistered { id, aor, .. } => {
                self.0.remove(id);
                (id, aor)
            }
            _ => return None,
        };
        let flows = self.0.get(id).map(|flows| flows.values().cloned().collect());
        Some((aor, flows.unwrap_or_default()))
    }

    /// Whether one of them leads to a registrar at this address.
    pub(super) fn lead_to(&self, registrar: IpAddr) -> bool {
        self.0.values().flat_map(BTreeMap::values).any(|flow| flow.registrar == registrar)
    }

    /// Whether this connection is one of them.
    pub(super) fn has(&self, connection: FlowId) -> bool {
        self.0.values().flat_map(BTreeMap::values).any(|it| it.flow == Some(connection.0))
    }
}

/// What the flow admits that an event says to stand.
fn admitted(event: &Event) -> Option<RegisteredFlow> {
    let Event::Registered { flow, transport, contact_user, registrar, .. } = event else {
        return None;
    };
    Some(RegisteredFlow {
        flow: transport.is_reliable().then_some(flow.0),
        registrar: registrar.ip(),
        contact_user: contact_user.clone(),
    })
}
