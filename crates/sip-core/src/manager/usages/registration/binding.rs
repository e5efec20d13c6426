//! What a registrar keeps of us, as far as it says. RFC 3261 §10.2.4.

use super::flow::Flow;
use crate::builder::hex_number;
use crate::manager::inbound::Inbound;
use crate::manager::requests::Outcome;
use crate::manager::usages::pace::{LONGEST, are_refused};
use crate::{Contact, Message};

impl Flow {
    /// Our Contact among those that the registrar keeps.
    pub(super) fn own<'a>(&self, response: &'a Message) -> Option<Contact<'a>> {
        let own = response.bindings().filter(|contact| {
            let user = contact.address().and_then(|address| address.uri().user());
            user.and_then(hex_number) == Some(self.contact.number) || self.is_by_reg_id(contact)
        });
        // One that it was to forget may be listed with what it has left: nothing.
        let own = own.max_by_key(|contact| contact.expires().unwrap_or(u32::MAX));
        let alone = || {
            let mut all = response.bindings();
            all.next().filter(|_| all.next().is_none())
        };
        own.or_else(alone)
    }

    /// Whether a binding is this flow's by its number and our instance, whatever has become of its
    /// URI. RFC 5626 §6.
    fn is_by_reg_id(&self, contact: &Contact<'_>) -> bool {
        let (Some(reg_id), Some(instance)) = (self.contact.reg_id, &self.contact.instance) else {
            return false;
        };
        let Some(address) = contact.address() else { return false };
        let (params, is) = (address.params(), format!("<{instance}>"));
        params.value("reg-id") == Some(reg_id.to_string().as_bytes())
            && params.text("+sip.instance").is_some_and(|it| it.octets().eq(is.bytes()))
    }

    /// The lifetime that the registrar granted our Contact, as far as it is counted on; `None` where
    /// it keeps us for no time, or lists several others alone. One that lists nobody, as none should
    /// (RFC 3261 §10.3 (8)), is taken at its word; and a binding that stands alone is ours, which
    /// somebody on the way has rewritten. RFC 3261 §10.2.4.
    pub(super) fn granted(&self, response: &Inbound) -> Option<u32> {
        let message = &response.message;
        let own = self.own(message);
        if own.is_none() && message.bindings().next().is_some() {
            return None;
        }
        let expires = own.and_then(|contact| contact.expires());
        let expires = expires.or_else(|| message.expires().ok().flatten());
        let expires = expires.unwrap_or(self.expires).min(LONGEST);
        (expires > 0).then_some(expires)
    }

    /// What an outcome says of the registrar's binding. Who refuses us would refuse to take it back
    /// as well, and counts the credentials that were tried: it is left to lapse.
    pub(super) fn learn(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Accepted(answer, _) => {
                self.bound = self.granted(&answer.response).is_some();
                if self.bound {
                    self.contact.told = told(&answer.sent);
                }
            }
            Outcome::Untrusted(answer, _) => {
                self.bound = true;
                self.contact.told = told(&answer.sent);
            }
            Outcome::Failed(cause, _) if are_refused(*cause) => self.bound = false,
            Outcome::Failed(..) | Outcome::Cancelled => {}
        }
    }
}

/// The Contact that a REGISTER told, without parameters of its own.
fn told(sent: &Message) -> Vec<u8> {
    let first = sent.contacts().next().and_then(Result::ok);
    let address = first.and_then(|contact| contact.address());
    address.map(|it| [b"<", it.uri().as_bytes(), b">"].concat()).unwrap_or_default()
}
