//! Who calls, as the last element on the way asserts it (P-Asserted-Identity): shown where that element
//! is trusted, and dropped where it is not. RFC 3325 §8. It proves nothing, and nothing is decided by it.

use super::shared::Shared;
use crate::record::redacted;
use sip_core::NameAddr;
use sip_core::manager::CallId;

impl Shared {
    /// Who sends the INVITE of a call that came in, as a trusted element asserts: a SIP URI, a
    /// telephone number, or both.
    pub(super) fn asserted(&self, id: CallId) -> Vec<String> {
        let is_trusted = |arrival| self.trust.covers(&arrival);
        if !self.endpoint.arrival(id).is_some_and(is_trusted) {
            return Vec::new();
        }
        let invite = self.endpoint.invitation(id);
        let identity = invite.as_ref().map(|invite| invite.asserted_identity()).unwrap_or_default();
        let uri = |it: NameAddr<'_>| redacted(&String::from_utf8_lossy(it.uri().as_bytes()));
        [identity.sip, identity.tel].into_iter().flatten().map(uri).collect()
    }
}
