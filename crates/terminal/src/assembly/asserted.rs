//! Who calls, as the last element on the way asserts it (P-Asserted-Identity): shown where that element
//! is trusted, and dropped where it is not. RFC 3325 §8. It proves nothing, and nothing is decided by it.

use super::shared::Shared;
use crate::record::redacted;
use sip_core::NameAddr;
use sip_core::manager::{Arrival, CallId};
use ssa::FlowId;
#[cfg(feature = "digest")]
use std::sync::PoisonError;

impl Shared {
    /// Who sends the INVITE of a call that came in, as a trusted element asserts: a SIP URI, a
    /// telephone number, or both.
    pub(super) fn asserted(&self, id: CallId) -> Vec<String> {
        if !self.endpoint.arrival(id).is_some_and(|arrival| self.trusts(&arrival)) {
            return Vec::new();
        }
        let invite = self.endpoint.invitation(id);
        let identity = invite.as_ref().map(|invite| invite.asserted_identity()).unwrap_or_default();
        let uri = |it: NameAddr<'_>| redacted(&String::from_utf8_lossy(it.uri().as_bytes()));
        [identity.sip, identity.tel].into_iter().flatten().map(uri).collect()
    }

    /// Whether what came so is from an element that is trusted: at an address that the configuration
    /// names, or the registrar of an account over the connection to it, whose name TLS has proved.
    fn trusts(&self, arrival: &Arrival) -> bool {
        self.trusted.iter().any(|network| network.has(arrival.source.ip()))
            || arrival.transport.is_secure() && self.is_registered_over(arrival.flow)
    }

    #[cfg(feature = "digest")]
    fn is_registered_over(&self, flow: FlowId) -> bool {
        self.flows.lock().unwrap_or_else(PoisonError::into_inner).has(flow)
    }

    /// Nothing comes over TLS.
    #[cfg(not(feature = "digest"))]
    fn is_registered_over(&self, _: FlowId) -> bool {
        false
    }
}
