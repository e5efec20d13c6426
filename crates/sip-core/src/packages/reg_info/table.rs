//! What is known of registrations. RFC 3680 §5.2.

use super::{Contact, RegInfo, Registration, State};
use crate::packages::versions::{Applied, Coverage, Versions};

/// Registrations and contacts that are kept at most: a document has no more elements.
const MOST: usize = 1_024;

/// The registrations of which the documents of one subscription tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registrations {
    versions: Versions,
    rows: Vec<Registration>,
}

impl Registrations {
    /// Takes a document over. What is over is known until the next one.
    pub fn apply(&mut self, document: RegInfo) -> Applied {
        let mut applied = self.versions.take(document.version, document.coverage);
        if applied == Applied::Old {
            return applied;
        }
        match document.coverage {
            Coverage::Full => self.rows.clear(),
            Coverage::Partial => self.forget_what_is_over(),
        }
        for registration in document.registrations {
            if !self.take(registration) {
                applied = self.versions.lose();
            }
        }
        applied
    }

    /// The registrations, in the order in which they were told first.
    pub fn rows(&self) -> &[Registration] {
        &self.rows
    }

    /// Whether these are all: neither is a document missing, nor were there too many.
    pub const fn is_complete(&self) -> bool {
        self.versions.is_complete()
    }

    fn forget_what_is_over(&mut self) {
        self.rows.retain(|row| row.state != State::Terminated);
        for row in &mut self.rows {
            row.contacts.retain(|contact| contact.is_active);
        }
    }

    /// Takes a registration over; whether there was room for it and its contacts.
    fn take(&mut self, mut told: Registration) -> bool {
        let held: usize = self.rows.iter().map(|row| 1 + row.contacts.len()).sum();
        let mut room = MOST.saturating_sub(held);
        let contacts = std::mem::take(&mut told.contacts);
        let place = self.rows.iter().position(|row| row.id == told.id);
        let Some(row) = (match place {
            Some(place) => self.rows.get_mut(place),
            None if room == 0 => None,
            None => {
                room -= 1;
                self.rows.push(told.clone());
                self.rows.last_mut()
            }
        }) else {
            return false;
        };
        (row.aor, row.state) = (told.aor, told.state);
        let mut all = true;
        for contact in contacts {
            all &= row.take(contact, &mut room);
        }
        all
    }
}

impl Registration {
    /// Takes a contact over; whether there was room for it.
    fn take(&mut self, told: Contact, room: &mut usize) -> bool {
        if let Some(contact) = self.contacts.iter_mut().find(|it| it.id == told.id) {
            *contact = told;
        } else if *room > 0 {
            *room -= 1;
            self.contacts.push(told);
        } else {
            return false;
        }
        true
    }
}
