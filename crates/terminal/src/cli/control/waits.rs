//! What commands wait for: that a peer answers, and before that, that it has answered what it was asked
//! before.

use crate::assembly::{Digit, Pressed};
use crate::cli::command::Command;
use crate::error::{Error, Result};
use sip_core::manager::{CallId, RequestId};
use std::collections::VecDeque;

/// Commands that wait for those before them, at most.
const QUEUED: usize = 256;

/// A command that a peer has not answered yet.
pub(super) struct Waiting {
    pub(super) command: &'static str,
    pub(super) call: CallId,
    pub(super) what: Awaited,
}

/// What a command waits for.
pub(super) enum Awaited {
    /// That the peer agrees to be held, or to be held no longer.
    Hold,
    /// That the peer agrees to be held no longer, and those do who wait for the same number: their calls
    /// are together.
    Joined(u32),
    /// That the peer talks to somebody else.
    Transfer,
    /// That the peer answers a request.
    Answer(RequestId),
    /// That a key is told to the peer, and these after it.
    Digits(Pressed, VecDeque<Digit>),
}

/// All commands that wait.
#[derive(Default)]
pub(super) struct Waits {
    waiting: Vec<Waiting>,
    /// Those that wait for others of their call, in order.
    queued: VecDeque<(Command, CallId)>,
    /// Commands so far that bring calls together.
    joins: u32,
}

impl Waits {
    /// A command waits for a peer.
    pub(super) fn push(&mut self, waiting: Waiting) {
        self.waiting.push(waiting);
    }

    /// The first of these calls whose peer has something to answer.
    pub(super) fn first_of(&self, calls: &[CallId]) -> Option<CallId> {
        self.waiting.iter().map(|it| it.call).find(|call| calls.contains(call))
    }

    /// A command waits for those of its call that wait already.
    ///
    /// # Errors
    /// [`Error::NotNow`]: too many do.
    pub(super) fn queue(&mut self, command: &Command, id: CallId) -> Result<()> {
        if self.queued.len() >= QUEUED {
            return Err(Error::NotNow("too many commands wait for the peer"));
        }
        self.queued.push_back((command.clone(), id));
        Ok(())
    }

    /// The next command whose call waits for nothing.
    pub(super) fn next_queued(&mut self) -> Option<(Command, CallId)> {
        let at = self.queued.iter().position(|(_, id)| self.first_of(&[*id]).is_none())?;
        self.queued.remove(at)
    }

    /// The number of another command that brings calls together.
    pub(super) const fn next_join(&mut self) -> u32 {
        self.joins = self.joins.wrapping_add(1);
        self.joins
    }

    /// Whether no peer has still to agree to what this command brings together.
    pub(super) fn are_joined(&self, number: u32) -> bool {
        !self.waiting.iter().any(|it| it.is_of_join(number))
    }

    /// A command is answered by what one peer says: what others say of the same is waited for no longer.
    pub(super) fn answers_alone(&mut self, waiting: &Waiting) {
        if let Awaited::Joined(number) = waiting.what {
            self.waiting.retain(|it| !it.is_of_join(number));
        }
    }

    /// The command that waits for the peer to agree to be held or not.
    pub(super) fn held(&mut self, id: CallId) -> Option<Waiting> {
        self.take(id, |what| matches!(what, Awaited::Hold | Awaited::Joined(_)))
    }

    /// The command that waits for the peer to talk to somebody else.
    pub(super) fn transferring(&mut self, id: CallId) -> Option<Waiting> {
        self.take(id, |what| matches!(what, Awaited::Transfer))
    }

    /// The command that waits until a key has left with the call's media.
    pub(super) fn pressing(&mut self, id: CallId) -> Option<Waiting> {
        self.take(id, |what| matches!(what, Awaited::Digits(Pressed::Event, _)))
    }

    /// The command that waits for the peer to answer this request.
    pub(super) fn of_request(&mut self, id: RequestId) -> Option<Waiting> {
        let at = self.waiting.iter().position(|waiting| match &waiting.what {
            Awaited::Answer(request) | Awaited::Digits(Pressed::Request(request), _) => {
                *request == id
            }
            Awaited::Digits(Pressed::Event, _)
            | Awaited::Hold
            | Awaited::Joined(_)
            | Awaited::Transfer => false,
        })?;
        Some(self.waiting.remove(at))
    }

    fn take(&mut self, id: CallId, is_it: fn(&Awaited) -> bool) -> Option<Waiting> {
        let at = self.waiting.iter().position(|it| it.call == id && is_it(&it.what))?;
        Some(self.waiting.remove(at))
    }

    /// A call is over: nothing waits for it any more. What did.
    pub(super) fn over(&mut self, id: CallId) -> Vec<&'static str> {
        let waited = self.waiting.extract_if(.., |it| it.call == id).collect::<Vec<_>>();
        waited.iter().for_each(|waiting| self.answers_alone(waiting));
        let mut names: Vec<_> = waited.iter().map(|waiting| waiting.command).collect();
        let queued = self.queued.iter().filter(|(_, of)| *of == id);
        names.extend(queued.map(|(command, _)| command.name()));
        self.queued.retain(|(_, of)| *of != id);
        names
    }
}

impl Waiting {
    const fn is_of_join(&self, number: u32) -> bool {
        matches!(self.what, Awaited::Joined(of) if of == number)
    }
}
