//! What keeps a UDP flow open where the registrar knows of flows, and tells when it has changed:
//! STUN. RFC 5626 §4.4.2, §8, RFC 5389 §7.2.1.
//!
//! ```text
//!   Binding request ── 0.5 s, 1 s, 2 s … seven in all, unanswered for 39.5 s ──▶ the flow has failed
//!        │                                                                           ▲
//!        ├── an error, or we are seen at another address than the last time ─────────┘
//!        └── a response ──▶ the next one in 24 s to 29 s
//! ```

use super::flow::Flow;
use super::way::NO_BINDING;
use crate::manager::action::Sender;
use crate::manager::renewal::Renewal;
use crate::manager::usages::cx::Cx;
use crate::stun::{BindingResponse, TransactionId, binding_request};
use std::net::SocketAddr;
use std::time::Duration;

/// RTO and Rc of RFC 5389 §7.2.1, and Rm: how long the last one waits, in RTOs.
const RTO: Duration = Duration::from_millis(500);
const MOST_SENT: u8 = 7;
const LAST_WAIT: u32 = 16;

impl Flow {
    /// Asks where we are seen.
    pub(super) fn ask_for_binding(&mut self, cx: &mut Cx<'_>) -> Option<Renewal> {
        let mut id = TransactionId::default();
        let random = [cx.io.random().to_be_bytes(), cx.io.random().to_be_bytes()].concat();
        id.iter_mut().zip(random).for_each(|(octet, random)| *octet = random);
        let binding = &mut self.way.as_mut()?.binding;
        (binding.id, binding.sent) = (id, 0);
        self.send_binding(cx)
    }

    /// Sends the request, once more where it was not answered in time; or the flow has failed.
    pub(super) fn send_binding(&mut self, cx: &mut Cx<'_>) -> Option<Renewal> {
        let way = self.way.as_mut()?;
        let binding = &mut way.binding;
        if binding.sent >= MOST_SENT {
            return Some(Renewal::NoPong);
        }
        let wait = match binding.sent + 1 {
            MOST_SENT => RTO * LAST_WAIT,
            _ => RTO * (1 << binding.sent),
        };
        binding.sent += 1;
        cx.io.send(Sender::Ping, way.hop, binding_request(binding.id));
        self.start(cx, NO_BINDING, wait);
        None
    }

    /// Whether a response from this address is to a request of ours.
    pub(super) fn awaits(&self, source: SocketAddr, response: &BindingResponse) -> bool {
        self.way.is_some_and(|way| way.hop.remote == source && way.binding.asked_for(response))
    }

    /// The response to the request that is under way; why the flow has failed by it.
    pub(super) fn on_binding(
        &mut self, cx: &mut Cx<'_>, response: &BindingResponse,
    ) -> Option<Renewal> {
        let binding = &mut self.way.as_mut()?.binding;
        binding.sent = 0;
        let before = binding.mapped;
        binding.mapped = response.mapped.or(before);
        let has_moved = before.is_some() && binding.mapped != before;
        self.stop(cx, NO_BINDING);
        if response.is_error {
            return Some(Renewal::NoPong);
        }
        self.on_ping_answered();
        if has_moved {
            return Some(Renewal::MappingChanged);
        }
        self.ping_later(cx);
        None
    }
}
