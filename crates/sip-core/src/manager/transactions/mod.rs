//! The lowest layer: client and server transactions, found by branch and matched by RFC 3261
//! §17.1.3 and §17.2.3. They know the machines of [`crate::transaction`], the outputs and the
//! timers, and nothing of what a request is for.

mod branch;
mod clients;
mod hop_by_hop;
mod servers;
mod sources;

pub(super) use branch::{BRANCH, Branch, push_branch};
pub(super) use clients::{Ack, ClientReport, Clients, MAX_FORKS, Outgoing, User};
pub(super) use hop_by_hop::cancel;
pub(super) use servers::{
    Hashes, Opening, ServerReport, Servers, hop_back, matching_hash, merging_hash, response_hop,
};
#[cfg(feature = "driver")]
pub(crate) use sources::party;
