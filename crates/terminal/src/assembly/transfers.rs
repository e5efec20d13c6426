//! Calls that go on with somebody else: transfers, in all three roles. RFC 5589.
//!
//! ```text
//!   transferor   transfer, transfer_to ─▶ TransferProgress … ─▶ Transferred, or NotTransferred
//!   transferee   TransferAsked ─▶ follow: a call of its own, of which the transferor is told
//!                              └▶ decline_transfer
//!   target       Incoming { replaces } ─▶ accept; the call that it replaces is hung up
//! ```

use super::assurance::Assurance;
use super::events::Transfer;
use super::shared::Shared;
use super::standing::{are_one, no_less};
use super::terminal::{Invitation, Terminal};
use crate::error::{Error, Result};
use sip_core::HeaderName;
use sip_core::manager::{CallId, Prepared, RequestId};

impl Terminal {
    /// Asks the peer of a call to call `to` instead; how that goes, events tell. RFC 5589 §6.
    ///
    /// # Errors
    /// `to` is no URI, or the call is not up.
    pub fn transfer(&self, call: CallId, to: &str) -> Result<()> {
        self.shared.endpoint.refer(call, to).map(drop).map_err(Error::invalid)
    }

    /// Asks the peer of a call to take our place in another one. RFC 5589 §7.
    ///
    /// # Errors
    /// One of the two calls is not up.
    pub fn transfer_to(&self, call: CallId, other: CallId) -> Result<()> {
        self.shared.endpoint.refer_to_call(call, other).map(drop).map_err(Error::invalid)
    }

    /// Does what a peer asks: calls whom it names, and tells it how that goes. Its own call stays
    /// until it hangs up. Where its peer is proved by a signature, or by a TLS connection to its
    /// domain, whoever is called in its stead must be, too.
    ///
    /// # Errors
    /// It was decided before, or the call cannot be placed: the peer hears of that.
    pub fn follow(&self, transfer: &Transfer, mut invitation: Invitation) -> Result<CallId> {
        let endpoint = &self.shared.endpoint;
        endpoint.agree(transfer.id).map_err(Error::invalid)?;
        invitation.to.clone_from(&transfer.to);
        if let Some(peer) = self.shared.standing(transfer.within) {
            invitation.require = no_less(&peer, invitation.require);
        }
        let by = transfer.by.as_ref().map(|by| format!("<{by}>").into_bytes());
        let fields = by.map(|by| (HeaderName::ReferredBy, by)).into_iter().collect();
        let placed = self.call_with(invitation, fields, Some(transfer.id));
        if placed.is_err() {
            // Where the peer is gone there is nobody to tell.
            _ = endpoint.tell_referrer(transfer.id, 503);
        }
        placed
    }

    /// Does not do what a peer asks: 603.
    pub fn decline_transfer(&self, transfer: &Transfer) {
        // One that was decided before needs no answer.
        _ = self.shared.endpoint.decline(transfer.id, 603);
    }
}

impl Shared {
    /// What the peer of a call has proved, whatever is known of it now.
    fn standing(&self, id: CallId) -> Option<Assurance> {
        let call = self.calls.name(id)?;
        self.calls.learn(id, &self.assurance(Prepared { id, call }))
    }

    /// Tells the transferor how the call goes that it asked for.
    pub(super) fn tell_referrer(&self, referrer: Option<RequestId>, status: u16) {
        if let Some(referrer) = referrer {
            // Who has hung up meanwhile need not know.
            _ = self.endpoint.tell_referrer(referrer, status);
        }
    }

    /// Whether an INVITE may take the place of a call: by the same proof as its peer gave, of the same
    /// identity. Where nobody proved anything, the dialog's identifiers suffice. Case D06, RFC 3891
    /// §3.
    pub(super) fn may_replace(&self, replaced: CallId, caller: &Assurance) -> bool {
        self.standing(replaced).is_some_and(|peer| are_one(caller, &peer))
    }
}
