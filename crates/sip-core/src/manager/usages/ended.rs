//! What a usage hears of its requests.

use crate::manager::requests::{Outcome, Proven, Purpose};

/// What became of a request of a usage's.
pub(in crate::manager) struct Ended {
    pub(in crate::manager) purpose: Purpose,
    /// The CSeq of its last try.
    pub(in crate::manager) cseq: u32,
    /// What that was authorized by.
    pub(in crate::manager) proven: Option<Proven>,
    pub(in crate::manager) outcome: Outcome,
}
