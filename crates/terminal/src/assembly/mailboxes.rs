//! The mailboxes of accounts. RFC 3842.

use sip_core::manager::{NextHop, SubscriptionId};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The mailboxes of accounts, by the account's AOR.
#[derive(Debug, Default)]
pub(super) struct Mailboxes(Mutex<BTreeMap<String, Mailbox>>);

/// One of them.
#[derive(Debug)]
pub(super) struct Mailbox {
    /// Where it is asked for.
    pub(super) next_hop: Option<NextHop>,
    /// Its subscription, once the account was registered.
    pub(super) subscription: Option<SubscriptionId>,
}

impl Mailboxes {
    pub(super) fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Mailbox>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The account whose mailbox a subscription is of.
    pub(super) fn account(&self, id: SubscriptionId) -> Option<String> {
        let all = self.lock();
        let found = all.iter().find(|(_, mailbox)| mailbox.subscription == Some(id));
        found.map(|(aor, _)| aor.clone())
    }
}
