//! The Contact of a request, once it is known where that leaves from.

use super::contact::{Contact, contact, with_ob};
use super::draft::Draft;
use crate::dialog::is_sips;
use crate::manager::accounts::Accounts;
use crate::manager::action::Hop;
use crate::manager::own::Own;

impl Draft {
    /// Settles the Contact for a request that leaves over `hop`.
    pub(in crate::manager) fn fix_contact(
        &mut self, (own, accounts): (Own<'_>, &Accounts), hop: &Hop,
    ) {
        let is_sips = is_sips(&self.uri);
        match &mut self.contact {
            Contact::User(user) => {
                let bound = || {
                    let bound = contact((own, accounts.seen_over(hop)), user, hop, is_sips);
                    let ob = accounts.has_flow_over(self.from.as_bytes(), hop);
                    if ob { with_ob(bound) } else { bound }
                };
                let value = accounts.gruu_of(self.from.as_bytes(), is_sips).unwrap_or_else(bound);
                self.contact = Contact::Settled { user: std::mem::take(user), value };
            }
            Contact::Registered(registered) if registered.rows.is_empty() => {
                registered.settle(own, hop, is_sips);
            }
            Contact::None
            | Contact::Value(_)
            | Contact::Settled { .. }
            | Contact::Registered(_) => {}
        }
    }

    /// The request goes to another address, perhaps from another one of ours.
    pub(in crate::manager) fn loosen_contact(&mut self) {
        match &mut self.contact {
            Contact::Settled { user, .. } => self.contact = Contact::User(std::mem::take(user)),
            Contact::Registered(registered) => registered.rows.clear(),
            Contact::None | Contact::User(_) | Contact::Value(_) => {}
        }
    }
}
