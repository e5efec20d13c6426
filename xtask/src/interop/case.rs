//! A case, and what came of it.

use super::peers;
use super::room::Room;
use super::waiting::now;
use crate::command::Failure;
use std::path::Path;
use std::time::Duration;

/// Something that terminals and a peer do together.
pub(super) struct Case {
    /// `PEER-WHAT`: the name of its folder.
    pub(super) name: &'static str,
    /// The programs that it needs; the first is the peer that it is about.
    pub(super) peers: &'static [&'static str],
    /// What carries SIP.
    pub(super) transport: &'static str,
    /// What is to happen, in a few words.
    pub(super) what: &'static str,
    /// Makes it happen, and says by what it is known that it did.
    pub(super) steps: fn(&Room) -> Result<String, Failure>,
}

/// What came of a case.
pub(super) struct Outcome {
    pub(super) case: &'static Case,
    /// The evidence, or why it failed.
    pub(super) found: Result<String, Failure>,
    pub(super) took: Duration,
}

impl Case {
    /// Runs it as the `n`-th of this run, with the programs of a folder.
    pub(super) fn run(&'static self, n: usize, programs: &Path) -> Outcome {
        let from = now();
        let found = peers::are_installed(self.peers).and_then(|()| {
            let room = Room::new(self.name, n, programs)?;
            (self.steps)(&room).map_err(|why| format!("{why} (logs: {})", room.shown()))
        });
        Outcome { case: self, found, took: from.elapsed() }
    }
}
