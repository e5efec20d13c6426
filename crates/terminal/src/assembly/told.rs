//! What is told of our calls, and to whom. RFC 4235.

use sip_core::manager::SubscriberId;
use sip_core::packages::Coverage;
use sip_core::packages::dialog_info::{Dialog, DialogInfo};
use ssa::Body;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What watchers were told last.
#[derive(Debug, Default)]
pub(super) struct Told(Mutex<Inner>);

#[derive(Debug, Default)]
pub(super) struct Inner {
    pub(super) watchers: BTreeMap<SubscriberId, Watcher>,
    pub(super) dialogs: Vec<Dialog>,
}

/// One who watches.
#[derive(Debug)]
pub(super) struct Watcher {
    /// Who it is, by what is proved.
    pub(super) who: String,
    /// Whose calls it has asked for.
    pub(super) entity: String,
    /// Counts the documents.
    pub(super) version: u32,
}

impl Told {
    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watcher {
    pub(super) fn body(&self, dialogs: Vec<Dialog>) -> Body {
        let (version, entity) = (self.version, Some(self.entity.clone()));
        let document = DialogInfo { version, coverage: Coverage::Full, entity, dialogs };
        let content_type = Some(DialogInfo::MEDIA_TYPE.into());
        Body { content_type, octets: document.to_body() }
    }
}
