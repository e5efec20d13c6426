//! What a command wants is begun.

use super::state::{Control, Wanted};
use super::waits::{Awaited, Waiting};
use crate::assembly::{Digit, Terminal};
use crate::cli::calls::Row;
use crate::cli::command::Command;
use crate::cli::placing::Placement;
use crate::error::{Error, Result};
use sip_core::manager::CallId;
use std::collections::VecDeque;

/// How far a command came at once.
enum Begun {
    /// It is done.
    Done,
    /// The peer has to answer.
    Waits(Awaited),
}

impl Control {
    /// Does what a line says. A call that is to be answered or placed is for the caller to answer or
    /// place, and [`answered`](Self::answered) and [`placed`](Self::placed) say how that went.
    ///
    /// # Errors
    /// Standard output cannot be written; so with all that follow.
    pub(in crate::cli) fn obey(
        &mut self, mut line: Vec<u8>, terminal: &Terminal,
    ) -> Result<Option<Wanted>> {
        let read = Command::read(&line);
        // It may be a secret that was typed too late.
        line.fill(0);
        match read {
            Ok(Some(Command::Calls)) => {
                self.calls.list(|id| terminal.joined(id), self.replies.out)?;
                self.replies.done("calls", None)?;
            }
            Ok(Some(Command::Help)) => {
                self.replies.help()?;
                self.replies.done("help", None)?;
            }
            Ok(Some(Command::Call { uri })) => match self.config.dial(&uri) {
                Ok(uri) => return Ok(Some(Wanted::Place(Placement::Call(uri)))),
                Err(error) => self.replies.failed("call", None, &error)?,
            },
            Ok(Some(command @ Command::Join { .. })) => self.join(&command, terminal)?,
            Ok(Some(command)) => return self.about_a_call(&command, terminal),
            Ok(None) => {}
            Err(reason) => self.replies.not_understood(&reason)?,
        }
        Ok(None)
    }

    /// Does what the agent of a call wants, as [`obey`](Self::obey).
    pub(in crate::cli) fn obey_agent(
        &mut self, call: &str, object: &[u8], terminal: &Terminal,
    ) -> Result<Option<Wanted>> {
        // Where the call is over meanwhile, the agent is told that.
        let Some(id) = self.named(call) else { return Ok(None) };
        match Command::of_agent(object, call) {
            Ok(command) => self.about_a_call(&command, terminal),
            Err(reason) => {
                self.replies.agent_not_understood(id, &reason);
                Ok(None)
            }
        }
    }

    fn about_a_call(&mut self, command: &Command, terminal: &Terminal) -> Result<Option<Wanted>> {
        let (name, fits): (_, fn(&Row) -> bool) = match command {
            Command::Answer { call } | Command::Reject { call, .. } => (call, Row::waits),
            Command::HangUp { call } => (call, |_| true),
            Command::Hold { call }
            | Command::Resume { call }
            | Command::Mute { call }
            | Command::Unmute { call }
            | Command::Level { call }
            | Command::Message { call, .. }
            | Command::Dtmf { call, .. }
            | Command::Transfer { call, .. }
            | Command::TransferTo { call, .. } => (call, Row::is_up),
            Command::Follow { call } | Command::Decline { call } => (call, Row::is_up),
            Command::Leave { call } => (call, Row::is_joined),
            Command::Calls | Command::Call { .. } | Command::Join { .. } | Command::Help => {
                return Ok(None);
            }
        };
        let id = match self.calls.find(name.as_ref(), fits) {
            Ok(id) => id,
            Err(error) => return self.replies.failed(command.name(), None, &error).map(|()| None),
        };
        match command {
            Command::Answer { .. } => return Ok(Some(Wanted::Answer(id))),
            Command::Follow { .. } | Command::Decline { .. } => {
                return self.decide(command, id, terminal);
            }
            _ => {}
        }
        if command.asks_the_peer() && self.waits.first_of(&[id]).is_some() {
            self.queue(command, id)?;
        } else {
            self.start(command, id, terminal)?;
        }
        Ok(None)
    }

    /// A command waits for those of its call that wait already.
    pub(super) fn queue(&mut self, command: &Command, id: CallId) -> Result<()> {
        let queued = self.waits.queue(command, id);
        queued.or_else(|error| self.replies.failed(command.name(), Some(id), &error))
    }

    /// Begins a command whose call waits for nothing.
    pub(super) fn start(
        &mut self, command: &Command, id: CallId, terminal: &Terminal,
    ) -> Result<()> {
        if matches!(command, Command::Join { .. }) {
            return self.join(command, terminal);
        }
        match self.begin(command, id, terminal) {
            Ok(Begun::Done) => self.replies.done(command.name(), Some(id)),
            Ok(Begun::Waits(what)) => {
                self.waits.push(Waiting { command: command.name(), call: id, what });
                Ok(())
            }
            Err(error) => self.replies.failed(command.name(), Some(id), &error),
        }
    }

    fn begin(&mut self, command: &Command, id: CallId, terminal: &Terminal) -> Result<Begun> {
        Ok(match command {
            Command::HangUp { .. } => {
                terminal.hang_up(id);
                Begun::Done
            }
            Command::Reject { status, .. } => self.reject(id, status.unwrap_or(603), terminal)?,
            Command::Hold { .. } => {
                terminal.hold(id, true)?;
                Begun::Waits(Awaited::Hold)
            }
            Command::Resume { .. } => {
                terminal.hold(id, false)?;
                Begun::Waits(Awaited::Hold)
            }
            Command::Mute { .. } => self.mute(id, true, terminal)?,
            Command::Unmute { .. } => self.mute(id, false, terminal)?,
            Command::Leave { .. } => {
                terminal.leave(id)?;
                self.tell_of_parted(terminal)?;
                Begun::Done
            }
            Command::Level { .. } => {
                self.replies.level(id, &terminal.measured(id)?)?;
                Begun::Done
            }
            Command::Message { text, .. } => {
                Begun::Waits(Awaited::Answer(terminal.message_within(id, text)?))
            }
            Command::Dtmf { digits, .. } => press(id, digits, terminal)?,
            Command::Transfer { uri, .. } => {
                terminal.transfer(id, &self.config.dial(uri)?)?;
                Begun::Waits(Awaited::Transfer)
            }
            Command::TransferTo { other, .. } => {
                terminal.transfer_to(id, self.calls.find(Some(other), Row::is_up)?)?;
                Begun::Waits(Awaited::Transfer)
            }
            // Whoever obeys has done these.
            Command::Answer { .. }
            | Command::Follow { .. }
            | Command::Decline { .. }
            | Command::Calls
            | Command::Call { .. }
            | Command::Join { .. }
            | Command::Help => Begun::Done,
        })
    }

    /// What the peer of a call asked for is done, or not.
    fn decide(
        &mut self, command: &Command, id: CallId, terminal: &Terminal,
    ) -> Result<Option<Wanted>> {
        let Some(at) = self.transfers.iter().position(|it| it.within == id) else {
            let none = Error::NotNow("the peer asks for no other call");
            return self.replies.failed(command.name(), Some(id), &none).map(|()| None);
        };
        let transfer = self.transfers.remove(at);
        if matches!(command, Command::Follow { .. }) {
            return Ok(Some(Wanted::Place(Placement::Follow(transfer))));
        }
        terminal.decline_transfer(&transfer);
        self.replies.done(command.name(), Some(id)).map(|()| None)
    }

    fn reject(&self, id: CallId, status: u16, terminal: &Terminal) -> Result<Begun> {
        if !self.calls.waiting().contains(&id) {
            return Err(Error::NotWaiting);
        }
        terminal.reject(id, status).map(|()| Begun::Done)
    }

    fn mute(&mut self, id: CallId, mute: bool, terminal: &Terminal) -> Result<Begun> {
        terminal.mute(id, mute)?;
        self.calls.mute(id, mute);
        Ok(Begun::Done)
    }
}

/// Presses the first of these keys; the others follow as it is told to the peer.
fn press(id: CallId, digits: &str, terminal: &Terminal) -> Result<Begun> {
    let mut digits: VecDeque<Digit> = digits.chars().filter_map(Digit::new).collect();
    Ok(match digits.pop_front() {
        Some(first) => Begun::Waits(Awaited::Digits(terminal.press(id, first)?, digits)),
        None => Begun::Done,
    })
}
