//! How commands are answered: that they are done, or why they are not. It is told to whoever gives
//! commands, and to the agent of the call.

use super::waits::Waiting;
use crate::assembly::advice;
use crate::cli::agents::Agents;
use crate::cli::command::COMMANDS;
use crate::cli::json::{Failure, Known, Loud, Object};
use crate::cli::output::{Output, loudness};
use crate::error::{Error, Result};
use media_ctl::Stats;
use sip_core::manager::{CallId, Cause};

/// Who is told.
pub(super) struct Replies {
    /// Who speaks in calls, and is told of them.
    pub(super) agents: Agents,
    pub(super) out: Output,
}

/// All fail where standard output cannot be written.
impl Replies {
    /// Says that a command is done; to people, where nothing else shows it.
    pub(super) fn done(&self, command: &'static str, call: Option<CallId>) -> Result<()> {
        let done = Object::Done { command, call: call.map(|id| id.to_string()) };
        if let Some(id) = call {
            self.agents.tell(id, &done);
        }
        if self.out.is_json() {
            return self.out.object(done);
        }
        match command {
            "mute" => self.out.line("muted: the peer hears silence"),
            "unmute" => self.out.line("not muted any more"),
            "message" => self.out.line("the message was taken"),
            "dtmf" => self.out.line("the keys were taken"),
            _ => Ok(()),
        }
    }

    /// Says why a command is not done.
    pub(super) fn failed(
        &self, command: &'static str, call: Option<CallId>, error: &Error,
    ) -> Result<()> {
        self.tell_failed(command, call, &error.line(), Failure::plain(error.code()))
    }

    /// Says that the peer does not do what a command asked it for.
    pub(super) fn failed_by(&self, waiting: &Waiting, cause: Cause) -> Result<()> {
        let reason = format!("{cause}{}", advice(cause));
        self.tell_failed(waiting.command, Some(waiting.call), &reason, Failure::of(cause))
    }

    fn tell_failed(
        &self, command: &'static str, call: Option<CallId>, reason: &str, failure: Failure,
    ) -> Result<()> {
        let line = format!("{} failed: {reason}", command.replace('_', " "));
        let name = call.map(|id| id.to_string());
        let failed = Object::Failed { command: Some(command), call: name, reason, failure };
        if let Some(id) = call {
            self.agents.tell(id, &failed);
        }
        self.out.say(&line, failed)
    }

    /// Says why a line is no command.
    pub(super) fn not_understood(&self, reason: &str) -> Result<()> {
        self.out.say(reason, unread(reason, None))
    }

    /// Says to the agent of a call why what it wants is no command.
    pub(super) fn agent_not_understood(&self, id: CallId, reason: &str) {
        self.agents.tell(id, &unread(reason, Some(id.to_string())));
    }

    /// Says which commands there are.
    pub(super) fn help(&self) -> Result<()> {
        if self.out.is_json() {
            let known: Vec<_> =
                COMMANDS.iter().map(|(usage, does)| Known { usage, does }).collect();
            return self.out.object(Object::Help { commands: &known });
        }
        let width = COMMANDS.iter().map(|(usage, _)| usage.len()).max().unwrap_or(0);
        COMMANDS
            .iter()
            .try_for_each(|(usage, does)| self.out.line(&format!("{usage:width$}  {does}")))
    }

    /// Says how loud a call is.
    pub(super) fn level(&self, id: CallId, stats: &Stats) -> Result<()> {
        let level = Object::Level { call: id.to_string(), loud: Loud::of(stats) };
        self.agents.tell(id, &level);
        self.out.say(&loudness(stats), level)
    }

    /// Says that a call is with no others any more.
    pub(super) fn left(&self, number: u32, id: CallId) -> Result<()> {
        let left = || Object::Left { call: id.to_string() };
        self.agents.tell(id, &left());
        self.out.say(&format!("call {number} is with no other call any more"), left())
    }
}

fn unread(reason: &str, call: Option<String>) -> Object<'_> {
    Object::Failed { command: None, call, reason, failure: Failure::plain("not_understood") }
}
