//! The way back to whoever sent a request.

use crate::builder::Hex;
use crate::manager::action::Hop;

/// Where the answers to a request go, and what they carry of that.
#[derive(Clone, Debug)]
pub(in crate::manager) struct Way {
    pub(in crate::manager) hop: Hop,
    /// The first row of Via, where it is to say where the request came from; `None`: as it came.
    pub(in crate::manager) via: Option<Vec<u8>>,
    /// The To tag, unless To has one.
    pub(in crate::manager) tag: Option<Hex>,
}

impl Way {
    /// The To tag, empty where To has one.
    pub(in crate::manager) fn tag(&self) -> &str {
        self.tag.as_ref().map(Hex::as_str).unwrap_or_default()
    }
}
