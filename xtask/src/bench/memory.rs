//! What calls and registrations take of a terminal's memory, as the system counts it.

use super::running::Running;
use crate::command::{Failure, program, target};
use serde::Deserialize;
use std::process::Command;

/// How many, one after the other; all calls end within a fraction of the time that their transactions
/// last.
const MANY: u64 = 10_000;

/// What is kept, and what it is held to.
#[derive(Deserialize)]
pub(super) struct Memory {
    kept: Kept,
    /// Octets for each.
    pub(super) at_most: u64,
}

/// A call that is up, or one that has ended and whose transactions still absorb retransmissions; or
/// an account's registration.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kept {
    CallAnswered,
    CallAnsweredAndEnded,
    CallPlacedAndEnded,
    Registration,
}

impl Memory {
    /// What it is, as the table shows it.
    pub(super) fn name(&self) -> String {
        let what = match self.kept {
            Kept::CallAnswered => "a call answered and held",
            Kept::CallAnsweredAndEnded => "a call answered and ended",
            Kept::CallPlacedAndEnded => "a call placed and ended",
            Kept::Registration => "a registration",
        };
        format!("{what}, octets")
    }

    /// Octets for each.
    ///
    /// # Errors
    /// The terminal or its peer fails.
    pub(super) fn measure(&self) -> Result<u64, Failure> {
        let many = MANY.to_string();
        let (terminal, before) = match self.kept {
            Kept::CallAnswered => answering(&many, "0")?,
            Kept::CallAnsweredAndEnded => answering("0", &many)?,
            Kept::CallPlacedAndEnded => asking(&["answer", &many, "0"], &["place", &many], &["0"])?,
            Kept::Registration => asking(&["register", &many], &["register", &many], &[])?,
        };
        Ok(terminal.memory()?.saturating_sub(before) / MANY)
    }
}

fn of_benches(name: &str) -> Command {
    program(target().join("release").join(name))
}

/// A terminal that was called so often, and its memory before: it waits for more calls than there
/// are, and is stopped.
fn answering(held: &str, ended: &str) -> Result<(Running, u64), Failure> {
    let more = (2 * MANY).to_string();
    let terminal = Running::start(of_benches("terminal").args(["open", "udp", "answer", &more]))?;
    let before = terminal.memory()?;
    let call = ["call", "udp", terminal.address(), held, ended];
    Running::start(of_benches("peer").args(call))?.ends()?;
    Ok((terminal, before))
}

/// A terminal that has its peer answer what it asks, and its memory before.
fn asking(answer: &[&str], ask: &[&str], more: &[&str]) -> Result<(Running, u64), Failure> {
    let peer = Running::start(of_benches("peer").args(answer))?;
    let mut terminal = of_benches("terminal");
    let asking = terminal.args(["open", "udp"]).args(ask).arg(peer.address()).args(more);
    let terminal = Running::start(asking)?;
    let before = terminal.memory()?;
    peer.ends()?;
    Ok((terminal, before))
}
