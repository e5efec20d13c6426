//! Calls that are brought together, and part again.

use super::state::Control;
use super::waits::{Awaited, Waiting};
use crate::assembly::Terminal;
use crate::cli::command::Command;
use crate::cli::conference::Members;
use crate::error::Result;
use sip_core::manager::CallId;

impl Control {
    /// Brings calls together, once their peers have answered what was asked before, and has those
    /// resumed that are on hold.
    pub(super) fn join(&mut self, command: &Command, terminal: &Terminal) -> Result<()> {
        let Command::Join { calls: names, anyway } = command else { return Ok(()) };
        let calls = match self.calls.to_join(names, |id| terminal.joined(id)) {
            Ok(calls) => calls,
            Err(error) => return self.replies.failed("join", None, &error),
        };
        if let Some(before) = self.waits.first_of(&calls) {
            return self.queue(command, before);
        }
        let members = Members::of(&calls, &self.calls, &self.config, terminal);
        let permitted = if *anyway { Ok(()) } else { members.permit() };
        if let Err(error) = permitted.and_then(|()| terminal.join(&calls)) {
            return self.replies.failed("join", None, &error);
        }
        members.tell(&self.replies.agents, self.replies.out)?;
        // Who waits in the conference that another comes into goes on waiting.
        let held = self.calls.held(&calls, names.len() == 1);
        self.tell_of_parted(terminal)?;
        self.resume(&held, terminal)
    }

    /// Has the peers of calls resumed that are together: when all of them have agreed, that is done.
    fn resume(&mut self, held: &[CallId], terminal: &Terminal) -> Result<()> {
        let number = self.waits.next_join();
        for id in held {
            let waiting = Waiting { command: "join", call: *id, what: Awaited::Joined(number) };
            if let Err(error) = terminal.hold(*id, false) {
                self.waits.answers_alone(&waiting);
                return self.replies.failed("join", Some(*id), &error);
            }
            self.waits.push(waiting);
        }
        self.joined(number)
    }

    /// Says that calls are together, unless a peer of theirs has still to agree.
    pub(super) fn joined(&self, number: u32) -> Result<()> {
        if self.waits.are_joined(number) { self.replies.done("join", None) } else { Ok(()) }
    }

    /// Says which calls are with no others any more, after what may have parted some.
    pub(super) fn tell_of_parted(&mut self, terminal: &Terminal) -> Result<()> {
        let parted = self.calls.part(|id| !terminal.joined(id).is_empty());
        parted.into_iter().try_for_each(|(number, id)| self.replies.left(number, id))
    }
}
