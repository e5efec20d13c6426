//! What the stack's process has that the manager's asks for.

use crate::guard::MakeGuard;
use crate::jobs::Spawn;
use sst::TelephonyApplication;
use std::fmt;
use std::sync::Arc;

/// What the stack's process has that the manager's asks for.
#[derive(Clone)]
pub struct Ends {
    /// Who answers prompts and is told of assurances.
    ///
    /// What it is told comes on the thread that reads the connection: it must not ask the
    /// [`Client`](crate::Client) anything before it has returned.
    pub application: Arc<dyn TelephonyApplication>,
    /// Runs prompts, from whatever thread it is called.
    pub spawn: Spawn,
    /// Makes guards.
    pub guard: MakeGuard,
}

impl fmt::Debug for Ends {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ends")
    }
}
