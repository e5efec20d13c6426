//! What the simulated resolver knows.

use crate::{Naptr, Srv};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// What a name stands for.
#[derive(Clone, Debug, Default)]
pub(super) struct Entry {
    pub(super) addresses: Vec<IpAddr>,
    pub(super) srv: Vec<Srv>,
    pub(super) naptr: Vec<Naptr>,
    /// Whether nothing that is asked about it is answered.
    pub(super) is_silent: bool,
}

/// All names.
#[derive(Default)]
pub(super) struct Names(BTreeMap<String, Entry>);

impl Names {
    /// What this name stands for, in any case of its letters. RFC 4343.
    pub(super) fn of(&mut self, name: &str) -> &mut Entry {
        self.0.entry(name.to_ascii_lowercase()).or_default()
    }
}
