//! REFER, as an endpoint's handle offers it.

use super::endpoint::Endpoint;
use crate::manager::{CallId, Misuse, ReferConfig, RequestId};

impl Endpoint {
    /// Asks the peer of a call that is up to call `to`.
    ///
    /// # Errors
    /// As [`SipManager::refer`](crate::manager::SipManager::refer).
    pub fn refer(&self, id: CallId, to: &str) -> Result<RequestId, Misuse> {
        self.command("refer", Some(id), format_args!("{to}"), |core, now| core.refer(now, id, to))
    }

    /// Asks the peer of a call that is up to take our place in another one.
    ///
    /// # Errors
    /// As [`SipManager::refer_to_call`](crate::manager::SipManager::refer_to_call).
    pub fn refer_to_call(&self, id: CallId, other: CallId) -> Result<RequestId, Misuse> {
        self.command("refer", Some(id), format_args!("to {other}"), |core, now| {
            core.refer_to_call(now, id, other)
        })
    }

    /// A URI by which whoever calls it takes our place in a call.
    ///
    /// # Errors
    /// As [`SipManager::in_our_place`](crate::manager::SipManager::in_our_place).
    pub fn in_our_place(&self, id: CallId) -> Result<String, Misuse> {
        self.command("in_our_place", Some(id), format_args!(""), |core, now| {
            core.in_our_place(now, id)
        })
    }

    /// Asks somebody with whom there is no call to call somebody.
    ///
    /// # Errors
    /// As [`SipManager::refer_outside`](crate::manager::SipManager::refer_outside).
    pub fn refer_outside(&self, config: &ReferConfig) -> Result<RequestId, Misuse> {
        let about = format!("{} to {}", config.to, config.refer_to);
        self.command("refer", None, format_args!("{about}"), |core, now| {
            core.refer_outside(now, config)
        })
    }

    /// Follows a REFER of a peer's.
    ///
    /// # Errors
    /// As [`SipManager::agree`](crate::manager::SipManager::agree).
    pub fn agree(&self, id: RequestId) -> Result<(), Misuse> {
        self.command("agree", None, format_args!(""), |core, now| core.agree(now, id))
    }

    /// Does not follow a REFER of a peer's.
    ///
    /// # Errors
    /// As [`SipManager::decline`](crate::manager::SipManager::decline).
    pub fn decline(&self, id: RequestId, status: u16) -> Result<(), Misuse> {
        self.command("decline", None, format_args!("{status}"), |core, now| {
            core.decline(now, id, status)
        })
    }

    /// Tells who sent a REFER how far it is.
    ///
    /// # Errors
    /// As [`SipManager::tell_referrer`](crate::manager::SipManager::tell_referrer).
    pub fn tell_referrer(&self, id: RequestId, status: u16) -> Result<(), Misuse> {
        self.command("tell_referrer", None, format_args!("{status}"), |core, now| {
            core.tell_referrer(now, id, status)
        })
    }
}
