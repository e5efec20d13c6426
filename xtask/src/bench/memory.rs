//! What calls take of a terminal's memory, as the system counts it.

use super::running::Running;
use super::whole::What;
use crate::command::{Failure, program, target};
use serde::Deserialize;

/// Calls, one after the other; all of them end within a fraction of the time that their transactions
/// last.
const CALLS: u64 = 10_000;

/// Calls that are up, or that have ended and whose transactions still absorb retransmissions.
#[derive(Deserialize)]
pub(super) struct Memory {
    what: What,
    /// Whether they are up; else they have ended.
    held: bool,
    /// Octets for each call.
    pub(super) at_most: u64,
}

impl Memory {
    /// What it is, as the table shows it.
    pub(super) fn name(&self) -> String {
        let end = if self.held { "held" } else { "ended" };
        format!("a call {} and {end}, octets", self.what.verb())
    }

    /// Octets for each call.
    ///
    /// # Errors
    /// The terminal or its peer fails.
    pub(super) fn measure(&self) -> Result<u64, Failure> {
        let [mut terminal, mut peer] =
            ["terminal", "peer"].map(|name| program(target().join("release").join(name)));
        let calls = CALLS.to_string();
        let (terminal, before) = match self.what {
            What::Answer => {
                // It waits for more calls than there are, and is stopped.
                let more = (2 * CALLS).to_string();
                let terminal = Running::start(terminal.args(["open", "answer", &more]))?;
                let before = terminal.memory()?;
                let (held, ended) = if self.held { (&*calls, "0") } else { ("0", &*calls) };
                let peer = peer.args(["call", terminal.address(), held, ended]);
                Running::start(peer)?.ends()?;
                (terminal, before)
            }
            What::Place => {
                let peer = Running::start(peer.args(["answer", &calls]))?;
                let place = terminal.args(["open", "place", &calls, peer.address()]);
                let terminal = Running::start(place)?;
                let before = terminal.memory()?;
                peer.ends()?;
                (terminal, before)
            }
        };
        Ok(terminal.memory()?.saturating_sub(before) / CALLS)
    }
}
