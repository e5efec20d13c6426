//! What commands are about, and what whoever runs the calls says of them.

use super::replies::Replies;
use super::waits::Waits;
use crate::assembly::{Terminal, Transfer};
use crate::cli::agents::Agents;
use crate::cli::calls::Table;
use crate::cli::command::Name;
use crate::cli::input::Input;
use crate::cli::output::Output;
use crate::cli::placing::Placement;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::record::redacted;
use sip_core::manager::CallId;

/// The commands, and what they are about.
pub(in crate::cli) struct Control {
    input: Input,
    /// Who is meant by a name.
    pub(super) config: Config,
    pub(super) calls: Table,
    pub(super) waits: Waits,
    /// What peers ask for, and nobody has decided.
    pub(super) transfers: Vec<Transfer>,
    /// Calls that take the place of others, with those.
    pub(super) replacing: Vec<(CallId, CallId)>,
    pub(super) replies: Replies,
}

/// What whoever runs the calls is to do for a command.
pub(in crate::cli) enum Wanted {
    /// Place this call.
    Place(Placement),
    /// Answer this call.
    Answer(CallId),
}

impl Control {
    /// Takes commands from there, and from these agents.
    pub(in crate::cli) fn new(input: Input, config: Config, agents: Agents, out: Output) -> Self {
        Self {
            input,
            config,
            calls: Table::default(),
            waits: Waits::default(),
            transfers: Vec::new(),
            replacing: Vec::new(),
            replies: Replies { agents, out },
        }
    }

    /// The next line; `None` once where there are no more. Cancel-safe.
    pub(in crate::cli) async fn line(&mut self) -> Option<Vec<u8>> {
        self.input.line().await
    }

    /// Whether commands may still come.
    pub(in crate::cli) const fn is_open(&self) -> bool {
        self.input.is_open()
    }

    /// Says to a person that there are commands.
    ///
    /// # Errors
    /// Standard output cannot be written; so with all that follow.
    pub(in crate::cli) fn greet(&self) -> Result<()> {
        match self.input {
            Input::Person(_) => {
                self.replies.out.line("type help and Enter for what can be done meanwhile")
            }
            Input::Program(_) | Input::Nobody => Ok(()),
        }
    }

    /// A call is placed.
    pub(in crate::cli) fn place(&mut self, id: CallId, to: &str) {
        self.calls.place(id, to);
    }

    /// The calls that wait to be answered here.
    pub(in crate::cli) fn unanswered(&self) -> Vec<CallId> {
        self.calls.waiting()
    }

    /// The call that events name so, if it goes on.
    pub(in crate::cli) fn named(&self, call: &str) -> Option<CallId> {
        self.calls.find(Some(&Name::Id(call.to_owned())), |_| true).ok()
    }

    /// Nobody speaks for this call any more: it ends. RFC 3261 §21.4.18, where it was not answered.
    pub(in crate::cli) fn abandoned(&self, call: &str, terminal: &Terminal) {
        let Some(id) = self.named(call) else { return };
        if self.calls.waiting().contains(&id) {
            // A call that is over already needs no answer.
            _ = terminal.reject(id, 480);
        } else {
            terminal.hang_up(id);
        }
    }

    /// How the answering of a call went.
    pub(in crate::cli) fn answered(&self, id: CallId, answered: Result<()>) -> Result<()> {
        match answered {
            Ok(()) => self.replies.done("answer", Some(id)),
            Err(error) => self.replies.failed("answer", Some(id), &error),
        }
    }

    /// How the placing of a call went, by itself or since a peer asks for it.
    pub(in crate::cli) fn placed(
        &mut self, wanted: &Placement, placed: Result<CallId>,
    ) -> Result<()> {
        let (command, within) = match wanted {
            Placement::Call(_) => ("call", None),
            Placement::Follow(transfer) => ("follow", Some(transfer.within)),
        };
        match placed {
            Ok(id) => {
                self.calls.place(id, &redacted(wanted.uri()));
                self.replies.done(command, within.or(Some(id)))
            }
            Err(error) => self.replies.failed(command, within, &error),
        }
    }

    /// This is not placed: too many are.
    pub(in crate::cli) fn crowded_out(&mut self, wanted: &Placement) -> Result<()> {
        self.placed(wanted, Err(Error::NotNow("too many calls are being placed")))
    }

    /// These are not placed any more: the command ends.
    pub(in crate::cli) fn given_up(
        &mut self, wanted: impl Iterator<Item = Placement>,
    ) -> Result<()> {
        for wanted in wanted {
            self.placed(&wanted, Err(Error::NotNow("all calls end")))?;
        }
        Ok(())
    }
}
