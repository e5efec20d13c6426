//! Obeys the commands that come in while calls go on. Each is answered once: that it is done, or why
//! it is not.
//!
//! What asks the peer of a call for something waits until what was asked before is answered: so it
//! comes in order, and a dialog has one request of ours to sign at a time.

use super::agents::Agents;
use super::calls::{Row, Table};
use super::command::{COMMANDS, Command, Name};
use super::conference::Members;
use super::input::Input;
use super::json::{Failure, Known, Loud, Object};
use super::output::{Output, loudness};
use super::placing::Placement;
use crate::assembly::{Digit, Event, Pressed, Terminal, Transfer, advice};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::record::redacted;
use media_ctl::Stats;
use sip_core::manager::{CallId, Cause, RequestId};
use std::collections::VecDeque;

/// Commands that wait for a peer, or for those before them, at most.
const WAITING: usize = 256;

/// The commands, and what they are about.
pub(super) struct Control {
    input: Input,
    /// Who is meant by a name.
    config: Config,
    calls: Table,
    waiting: Vec<Waiting>,
    /// Commands so far that bring calls together.
    joins: u32,
    /// Those that wait for others of their call, in order.
    queued: VecDeque<(Command, CallId)>,
    /// What peers ask for, and nobody has decided.
    transfers: Vec<Transfer>,
    /// Calls that take the place of others, with those.
    replacing: Vec<(CallId, CallId)>,
    /// Who speaks in calls, and is told of them.
    agents: Agents,
    out: Output,
}

/// What whoever runs the calls is to do for a command.
pub(super) enum Wanted {
    /// Place this call.
    Place(Placement),
    /// Answer this call.
    Answer(CallId),
}

/// A command that a peer has not answered yet.
struct Waiting {
    command: &'static str,
    call: CallId,
    what: Awaited,
}

/// What a command waits for.
enum Awaited {
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

/// How far a command came at once.
enum Begun {
    /// It is done.
    Done,
    /// The peer has to answer.
    Waits(Awaited),
}

impl Control {
    /// Takes commands from there, and from these agents.
    pub(super) fn new(input: Input, config: Config, agents: Agents, out: Output) -> Self {
        let calls = Table::default();
        Self {
            input,
            config,
            calls,
            waiting: Vec::new(),
            joins: 0,
            queued: VecDeque::new(),
            transfers: Vec::new(),
            replacing: Vec::new(),
            agents,
            out,
        }
    }

    /// The next line; `None` once where there are no more. Cancel-safe.
    pub(super) async fn line(&mut self) -> Option<Vec<u8>> {
        self.input.line().await
    }

    /// Whether commands may still come.
    pub(super) const fn is_open(&self) -> bool {
        self.input.is_open()
    }

    /// Says to a person that there are commands.
    ///
    /// # Errors
    /// Standard output cannot be written; so with all that follow.
    pub(super) fn greet(&self) -> Result<()> {
        match self.input {
            Input::Person(_) => self.out.line("type help and Enter for what can be done meanwhile"),
            Input::Program(_) | Input::Nobody => Ok(()),
        }
    }

    /// A call is placed.
    pub(super) fn place(&mut self, id: CallId, to: &str) {
        self.calls.place(id, to);
    }

    /// The calls that wait to be answered here.
    pub(super) fn unanswered(&self) -> Vec<CallId> {
        self.calls.waiting()
    }

    /// Does what a line says. A call that is to be answered or placed is for the caller to answer or
    /// place, and [`answered`](Self::answered) and [`placed`](Self::placed) say how that went.
    pub(super) fn obey(
        &mut self, mut line: Vec<u8>, terminal: &Terminal,
    ) -> Result<Option<Wanted>> {
        let read = Command::read(&line);
        // It may be a secret that was typed too late.
        line.fill(0);
        match read {
            Ok(Some(Command::Calls)) => {
                self.calls.list(|id| terminal.joined(id), self.out)?;
                self.done("calls", None)?;
            }
            Ok(Some(Command::Help)) => {
                self.help()?;
                self.done("help", None)?;
            }
            Ok(Some(Command::Call { uri })) => match self.config.dial(&uri) {
                Ok(uri) => return Ok(Some(Wanted::Place(Placement::Call(uri)))),
                Err(error) => self.failed("call", None, &error)?,
            },
            Ok(Some(command @ Command::Join { .. })) => self.join(&command, terminal)?,
            Ok(Some(command)) => return self.about_a_call(&command, terminal),
            Ok(None) => {}
            Err(reason) => {
                let failure = Failure::plain("not_understood");
                let failed = Object::Failed { command: None, call: None, reason: &reason, failure };
                self.out.say(&reason, failed)?;
            }
        }
        Ok(None)
    }

    /// Does what the agent of a call wants, as [`obey`](Self::obey).
    pub(super) fn obey_agent(
        &mut self, call: &str, object: &[u8], terminal: &Terminal,
    ) -> Result<Option<Wanted>> {
        // Where the call is over meanwhile, the agent is told that.
        let Some(id) = self.named(call) else { return Ok(None) };
        match Command::of_agent(object, call) {
            Ok(command) => self.about_a_call(&command, terminal),
            Err(reason) => {
                let (call, failure) = (Some(call.to_owned()), Failure::plain("not_understood"));
                let failed = Object::Failed { command: None, call, reason: &reason, failure };
                self.agents.tell(id, &failed);
                Ok(None)
            }
        }
    }

    /// The call that events name so, if it goes on.
    pub(super) fn named(&self, call: &str) -> Option<CallId> {
        self.calls.find(Some(&Name::Id(call.to_owned())), |_| true).ok()
    }

    /// Nobody speaks for this call any more: it ends. RFC 3261 §21.4.18, where it was not answered.
    pub(super) fn abandoned(&self, call: &str, terminal: &Terminal) {
        let Some(id) = self.named(call) else { return };
        if self.calls.waiting().contains(&id) {
            // A call that is over already needs no answer.
            _ = terminal.reject(id, 480);
        } else {
            terminal.hang_up(id);
        }
    }

    /// How the answering of a call went.
    pub(super) fn answered(&self, id: CallId, answered: Result<()>) -> Result<()> {
        match answered {
            Ok(()) => self.done("answer", Some(id)),
            Err(error) => self.failed("answer", Some(id), &error),
        }
    }

    /// How the placing of a call went, by itself or since a peer asks for it.
    pub(super) fn placed(&mut self, wanted: &Placement, placed: Result<CallId>) -> Result<()> {
        let (command, within) = match wanted {
            Placement::Call(_) => ("call", None),
            Placement::Follow(transfer) => ("follow", Some(transfer.within)),
        };
        match placed {
            Ok(id) => {
                self.calls.place(id, &redacted(wanted.uri()));
                self.done(command, within.or(Some(id)))
            }
            Err(error) => self.failed(command, within, &error),
        }
    }

    /// This is not placed: too many are.
    pub(super) fn crowded_out(&mut self, wanted: &Placement) -> Result<()> {
        self.placed(wanted, Err(Error::NotNow("too many calls are being placed")))
    }

    /// These are not placed any more: the command ends.
    pub(super) fn given_up(&mut self, wanted: impl Iterator<Item = Placement>) -> Result<()> {
        for wanted in wanted {
            self.placed(&wanted, Err(Error::NotNow("all calls end")))?;
        }
        Ok(())
    }

    /// Takes in what happened: a command may have waited for it.
    pub(super) fn on(&mut self, event: &Event, terminal: &Terminal) -> Result<()> {
        self.calls.on(event);
        self.agents.on(event);
        self.settle(event, terminal)?;
        self.tell_of_parted(terminal)?;
        // What waited for what is answered now.
        while let Some((command, id)) = self.next_queued() {
            self.start(&command, id, terminal)?;
        }
        Ok(())
    }

    /// The next command whose call waits for nothing.
    fn next_queued(&mut self) -> Option<(Command, CallId)> {
        let waits = |id: CallId| self.waiting.iter().any(|waiting| waiting.call == id);
        let at = self.queued.iter().position(|(_, id)| !waits(*id))?;
        self.queued.remove(at)
    }

    /// Answers the command that waited for what happened.
    fn settle(&mut self, event: &Event, terminal: &Terminal) -> Result<()> {
        match event {
            Event::Held { id } | Event::Resumed { id } => match self.held(*id) {
                Some(Waiting { what: Awaited::Joined(number), .. }) => self.joined(number),
                Some(waiting) => self.done(waiting.command, Some(*id)),
                None => Ok(()),
            },
            Event::HoldFailed { id, cause, .. } => match self.held(*id) {
                Some(waiting) => {
                    self.answers_alone(&waiting);
                    self.failed_by(&waiting, *cause)
                }
                None => Ok(()),
            },
            Event::RequestAnswered { id, outcome } => {
                self.request_answered(*id, *outcome, terminal)
            }
            Event::Pressed { id, sent } => self.pressed(*id, *sent, terminal),
            Event::TransferAsked(transfer) => {
                self.transfers.retain(|it| it.within != transfer.within);
                self.transfers.push(transfer.clone());
                Ok(())
            }
            Event::Incoming { id, replaces: Some(replaced), .. } => {
                self.replacing.push((*id, *replaced));
                Ok(())
            }
            Event::Established { id, .. } => {
                if let Some(at) = self.replacing.iter().position(|(new, _)| new == id) {
                    terminal.hang_up(self.replacing.swap_remove(at).1);
                }
                Ok(())
            }
            Event::Transferred { id } => {
                let waiting = self.transferring(*id);
                terminal.hang_up(*id);
                waiting.map_or(Ok(()), |waiting| self.done(waiting.command, Some(*id)))
            }
            Event::NotTransferred { id, cause } => match self.transferring(*id) {
                Some(waiting) => self.failed_by(&waiting, *cause),
                None => Ok(()),
            },
            Event::Over { id, .. } => {
                self.transfers.retain(|it| it.within != *id);
                self.replacing.retain(|(new, _)| new != id);
                let waited = self.waiting.extract_if(.., |it| it.call == *id).collect::<Vec<_>>();
                waited.iter().for_each(|waiting| self.answers_alone(waiting));
                let mut names: Vec<_> = waited.iter().map(|waiting| waiting.command).collect();
                let queued = self.queued.iter().filter(|(_, of)| of == id);
                names.extend(queued.map(|(command, _)| command.name()));
                self.queued.retain(|(_, of)| of != id);
                let over = Error::NotNow("the call is over");
                names.into_iter().try_for_each(|name| self.failed(name, Some(*id), &over))
            }
            _ => Ok(()),
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
            Err(error) => return self.failed(command.name(), None, &error).map(|()| None),
        };
        match command {
            Command::Answer { .. } => return Ok(Some(Wanted::Answer(id))),
            Command::Follow { .. } | Command::Decline { .. } => {
                return self.decide(command, id, terminal);
            }
            _ => {}
        }
        if command.asks_the_peer() && self.waiting.iter().any(|waiting| waiting.call == id) {
            self.queue(command, id)?;
        } else {
            self.start(command, id, terminal)?;
        }
        Ok(None)
    }

    fn queue(&mut self, command: &Command, id: CallId) -> Result<()> {
        if self.queued.len() >= WAITING {
            let many = Error::NotNow("too many commands wait for the peer");
            return self.failed(command.name(), Some(id), &many);
        }
        self.queued.push_back((command.clone(), id));
        Ok(())
    }

    fn start(&mut self, command: &Command, id: CallId, terminal: &Terminal) -> Result<()> {
        if matches!(command, Command::Join { .. }) {
            return self.join(command, terminal);
        }
        let begun = self.begin(command, id, terminal);
        self.tell_of_parted(terminal)?;
        match begun {
            Ok(Begun::Done) => self.done(command.name(), Some(id)),
            Ok(Begun::Waits(what)) => {
                self.waiting.push(Waiting { command: command.name(), call: id, what });
                Ok(())
            }
            Err(error) => self.failed(command.name(), Some(id), &error),
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
                Begun::Done
            }
            Command::Level { .. } => self.level(id, &terminal.measured(id)?)?,
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

    /// Brings calls together, once their peers have answered what was asked before, and has those
    /// resumed that are on hold.
    fn join(&mut self, command: &Command, terminal: &Terminal) -> Result<()> {
        let Command::Join { calls: names, anyway } = command else { return Ok(()) };
        let calls = match self.calls.to_join(names, |id| terminal.joined(id)) {
            Ok(calls) => calls,
            Err(error) => return self.failed("join", None, &error),
        };
        if let Some(before) = self.waiting.iter().find(|it| calls.contains(&it.call)) {
            return self.queue(command, before.call);
        }
        let members = Members::of(&calls, &self.calls, &self.config, terminal);
        let permitted = if *anyway { Ok(()) } else { members.permit() };
        if let Err(error) = permitted.and_then(|()| terminal.join(&calls)) {
            return self.failed("join", None, &error);
        }
        members.tell(&self.agents, self.out)?;
        // Who waits in the conference that another comes into goes on waiting.
        let held = self.calls.held(&calls, names.len() == 1);
        self.tell_of_parted(terminal)?;
        self.resume(&held, terminal)
    }

    /// Has the peers of calls resumed that are together: when all of them have agreed, that is done.
    fn resume(&mut self, held: &[CallId], terminal: &Terminal) -> Result<()> {
        self.joins = self.joins.wrapping_add(1);
        for id in held {
            let waiting = Waiting { command: "join", call: *id, what: Awaited::Joined(self.joins) };
            if let Err(error) = terminal.hold(*id, false) {
                self.answers_alone(&waiting);
                return self.failed("join", Some(*id), &error);
            }
            self.waiting.push(waiting);
        }
        self.joined(self.joins)
    }

    /// Says that calls are together, unless a peer of theirs has still to agree.
    fn joined(&self, number: u32) -> Result<()> {
        let waits = |it: &Waiting| matches!(it.what, Awaited::Joined(of) if of == number);
        if self.waiting.iter().any(waits) { Ok(()) } else { self.done("join", None) }
    }

    /// A command is answered by what one peer says: what others say of the same is waited for no longer.
    fn answers_alone(&mut self, waiting: &Waiting) {
        if let Awaited::Joined(number) = waiting.what {
            self.waiting.retain(|it| !matches!(it.what, Awaited::Joined(of) if of == number));
        }
    }

    /// Says which calls are with no others any more.
    fn tell_of_parted(&mut self, terminal: &Terminal) -> Result<()> {
        let parted = self.calls.part(|id| !terminal.joined(id).is_empty());
        parted.into_iter().try_for_each(|(number, id)| {
            let left = || Object::Left { call: id.to_string() };
            self.agents.tell(id, &left());
            self.out.say(&format!("call {number} is with no other call any more"), left())
        })
    }

    /// What the peer of a call asked for is done, or not.
    fn decide(
        &mut self, command: &Command, id: CallId, terminal: &Terminal,
    ) -> Result<Option<Wanted>> {
        let Some(at) = self.transfers.iter().position(|it| it.within == id) else {
            let none = Error::NotNow("the peer asks for no other call");
            return self.failed(command.name(), Some(id), &none).map(|()| None);
        };
        let transfer = self.transfers.remove(at);
        if matches!(command, Command::Follow { .. }) {
            return Ok(Some(Wanted::Place(Placement::Follow(transfer))));
        }
        terminal.decline_transfer(&transfer);
        self.done(command.name(), Some(id)).map(|()| None)
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

    fn level(&self, id: CallId, stats: &Stats) -> Result<Begun> {
        let level = Object::Level { call: id.to_string(), loud: Loud::of(stats) };
        self.agents.tell(id, &level);
        self.out.say(&loudness(stats), level).map(|()| Begun::Done)
    }

    fn request_answered(
        &mut self, id: RequestId, outcome: std::result::Result<u16, Cause>, terminal: &Terminal,
    ) -> Result<()> {
        let of_it = |waiting: &Waiting| match &waiting.what {
            Awaited::Answer(request) | Awaited::Digits(Pressed::Request(request), _) => {
                *request == id
            }
            Awaited::Digits(Pressed::Event, _)
            | Awaited::Hold
            | Awaited::Joined(_)
            | Awaited::Transfer => false,
        };
        let Some(waiting) = self.take(of_it) else { return Ok(()) };
        match outcome {
            Ok(200..=299) => self.go_on(waiting, terminal),
            Ok(status) => self.failed_by(&waiting, Cause::Status(status)),
            Err(cause) => self.failed_by(&waiting, cause),
        }
    }

    /// A key was told to the peer of a call, or could not be.
    fn pressed(&mut self, id: CallId, sent: bool, terminal: &Terminal) -> Result<()> {
        let of_it = |waiting: &Waiting| {
            waiting.call == id && matches!(waiting.what, Awaited::Digits(Pressed::Event, _))
        };
        let Some(waiting) = self.take(of_it) else { return Ok(()) };
        if sent {
            return self.go_on(waiting, terminal);
        }
        let unsent =
            Error::NotNow("nothing is sent to the peer any more, or it takes no more keys");
        self.failed(waiting.command, Some(id), &unsent)
    }

    /// What a command waited for has come: the next key is pressed, or it is done.
    fn go_on(&mut self, mut waiting: Waiting, terminal: &Terminal) -> Result<()> {
        if let Awaited::Digits(pressing, rest) = &mut waiting.what
            && let Some(next) = rest.pop_front()
        {
            match terminal.press(waiting.call, next) {
                Ok(pressed) => *pressing = pressed,
                Err(error) => return self.failed(waiting.command, Some(waiting.call), &error),
            }
            self.waiting.push(waiting);
            return Ok(());
        }
        self.done(waiting.command, Some(waiting.call))
    }

    /// The command that waits for the peer to agree to be held or not.
    fn held(&mut self, id: CallId) -> Option<Waiting> {
        self.take(|waiting| {
            waiting.call == id && matches!(waiting.what, Awaited::Hold | Awaited::Joined(_))
        })
    }

    /// The command that waits for the peer to talk to somebody else.
    fn transferring(&mut self, id: CallId) -> Option<Waiting> {
        self.take(|waiting| waiting.call == id && matches!(waiting.what, Awaited::Transfer))
    }

    fn take(&mut self, is_it: impl Fn(&Waiting) -> bool) -> Option<Waiting> {
        let at = self.waiting.iter().position(is_it)?;
        Some(self.waiting.remove(at))
    }

    fn help(&self) -> Result<()> {
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

    /// Says that a command is done; to people, where nothing else shows it.
    fn done(&self, command: &'static str, call: Option<CallId>) -> Result<()> {
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

    fn failed(&self, command: &'static str, call: Option<CallId>, error: &Error) -> Result<()> {
        self.tell_failed(command, call, &error.line(), Failure::plain(error.code()))
    }

    fn failed_by(&self, waiting: &Waiting, cause: Cause) -> Result<()> {
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
}

/// Presses the first of these keys; the others follow as it is told to the peer.
fn press(id: CallId, digits: &str, terminal: &Terminal) -> Result<Begun> {
    let mut digits: VecDeque<Digit> = digits.chars().filter_map(Digit::new).collect();
    Ok(match digits.pop_front() {
        Some(first) => Begun::Waits(Awaited::Digits(terminal.press(id, first)?, digits)),
        None => Begun::Done,
    })
}
