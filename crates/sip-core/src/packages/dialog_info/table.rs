//! What is known of somebody's dialogs. RFC 4235 §4.3.

use super::{Dialog, DialogInfo, Participant, State};
use crate::packages::versions::{Applied, Coverage, Versions};

/// Dialogs that are kept at most: a document has no more elements.
const MOST: usize = 1_024;

/// The dialogs of which the documents of one subscription tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dialogs {
    versions: Versions,
    rows: Vec<Dialog>,
}

impl Dialogs {
    /// Takes a document over. A dialog that is over is known until the next one.
    pub fn apply(&mut self, document: DialogInfo) -> Applied {
        let mut applied = self.versions.take(document.version, document.coverage);
        if applied == Applied::Old {
            return applied;
        }
        match document.coverage {
            Coverage::Full => self.rows.clear(),
            Coverage::Partial => self.rows.retain(|row| row.state != State::Terminated),
        }
        for dialog in document.dialogs {
            let is_room = self.rows.len() < MOST;
            match self.rows.iter_mut().find(|row| row.id == dialog.id) {
                Some(row) => row.update(dialog),
                None if is_room => self.rows.push(dialog),
                None => applied = self.versions.lose(),
            }
        }
        applied
    }

    /// The dialogs, in the order in which they were told first.
    pub fn rows(&self) -> &[Dialog] {
        &self.rows
    }

    /// Whether these are all: neither is a document missing, nor were there too many.
    pub const fn is_complete(&self) -> bool {
        self.versions.is_complete()
    }
}

impl Dialog {
    /// Takes over what is told of it now.
    fn update(&mut self, mut told: Self) {
        told.local.keep(&mut self.local);
        told.remote.keep(&mut self.remote);
        *self = told;
    }
}

impl Participant {
    /// What is not told again is as it was. RFC 4235 §4.1.6.
    fn keep(&mut self, before: &mut Self) {
        if self.identities.is_empty() {
            self.identities.append(&mut before.identities);
        }
        self.target = self.target.take().or_else(|| before.target.take());
    }
}
