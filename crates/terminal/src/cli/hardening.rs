//! What the process gives up at its start, so that its memory stays its own: it holds passwords
//! and media keys.

use crate::error::{Error, Result};
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// No core dump, and no other process of the same user may look into this one (promise 18).
///
/// # Errors
/// The system refuses; nothing secret must be read then.
pub(super) fn protect_memory() -> Result<()> {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    setrlimit(Resource::Core, none)
        .and_then(|()| set_dumpable_behavior(DumpableBehavior::NotDumpable))
        .map_err(|error| Error::invalid(format!("cannot keep memory out of core dumps: {error}")))
}
