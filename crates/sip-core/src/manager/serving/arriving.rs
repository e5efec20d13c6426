//! A request that no transaction stands for: all that is kept of it while the security manager is
//! asked, which answers at once.

use super::served::{For, Way};
use crate::identity::Places;
use crate::manager::consult::Query;
use crate::manager::inbound::Inbound;
use crate::manager::transactions::Hashes;
use ssa::CallRef;

/// A request that waits for `request_received`.
#[derive(Debug)]
pub(in crate::manager) struct Arriving {
    pub(in crate::manager) request: Inbound,
    pub(in crate::manager) places: Places,
    pub(in crate::manager) name: CallRef,
    pub(in crate::manager) cseq: u32,
    pub(in crate::manager) hashes: Hashes,
    pub(in crate::manager) way: Way,
    pub(in crate::manager) is_for: For,
}

impl Arriving {
    /// What is asked.
    pub(super) fn query(&self) -> Option<Query<'_>> {
        Some(Query::RequestReceived {
            call: self.name,
            arrival: self.request.view(&self.places),
            request: self.places.ssa_request(&self.request.message)?,
        })
    }
}
