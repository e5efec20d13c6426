//! Whole calls: the terminal is a process under callgrind, its peer another one.

use super::callgrind;
use crate::command::{Failure, program, target};
use serde::Deserialize;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

/// Calls of the shorter run; the longer has twice as many, so that all else cancels out.
const CALLS: u64 = 300;

/// How often calls are counted that are found too dear: where something else keeps the machine busy,
/// a process wakes up more often and sends things again, which the code does not cost.
const TRIES: usize = 3;

/// A kind of call, and what it is held to.
#[derive(Deserialize)]
pub(super) struct Whole {
    /// `answer` or `place`.
    what: What,
    /// `open`, or `managed`: the security manager is asked.
    security: String,
    /// Calls that are up meanwhile, by numbers of them.
    held: Vec<u64>,
    /// Instructions for each call with the first of these numbers.
    at_most: u64,
    /// How much dearer a call may be with the other numbers.
    #[serde(default)]
    growth: Option<f64>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum What {
    Answer,
    Place,
}

/// What was counted.
pub(super) struct Found {
    /// What it is, as the table shows it.
    pub(super) what: String,
    /// Instructions for each call.
    pub(super) instructions: u64,
    /// What they are held to.
    pub(super) at_most: u64,
}

impl Whole {
    /// Counts, for each number of calls that are held.
    ///
    /// # Errors
    /// The terminal or its peer fails.
    pub(super) fn count(&self) -> Result<Vec<Found>, Failure> {
        let mut found: Vec<Found> = Vec::new();
        for held in &self.held {
            let grown = found.first().zip(self.growth);
            let at_most = grown
                .map(|(first, growth)| (first.instructions as f64 * growth) as u64)
                .unwrap_or(self.at_most);
            let mut instructions = self.each(*held)?;
            for _ in 1..TRIES {
                if instructions <= at_most {
                    break;
                }
                instructions = instructions.min(self.each(*held)?);
            }
            let verb = match self.what {
                What::Answer => "answered",
                What::Place => "placed",
            };
            found.push(Found {
                what: format!("a call {verb}, {}, {held} held", self.security),
                instructions,
                at_most,
            });
        }
        Ok(found)
    }

    /// Instructions for each call.
    fn each(&self, held: u64) -> Result<u64, Failure> {
        callgrind::each(CALLS, |calls| self.collected(held, calls))
    }

    fn collected(&self, held: u64, calls: u64) -> Result<u64, Failure> {
        let mut terminal = callgrind::under("terminal");
        terminal.arg(&self.security);
        let mut peer = program(target().join("release/peer"));
        let (held, calls) = (held.to_string(), calls.to_string());
        let (terminal, peer) = match self.what {
            What::Answer => {
                let terminal = Running::start(terminal.args(["answer", &calls]))?;
                let peer = Running::start(peer.args(["call", &terminal.address, &held, &calls]))?;
                (terminal, peer)
            }
            What::Place => {
                let peer = Running::start(peer.args(["answer", &calls]))?;
                let terminal = Running::start(terminal.args(["place", &calls, &peer.address]))?;
                (terminal, peer)
            }
        };
        peer.ends()?;
        terminal.ends()?;
        callgrind::counted()
    }
}

/// A program that says where it is reached before it goes on; it ends with this value.
struct Running {
    child: Child,
    name: String,
    address: String,
}

impl Running {
    fn start(command: &mut Command) -> Result<Self, Failure> {
        let name = format!("{command:?}");
        let started = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let mut child = started.map_err(|why| format!("cannot run {name}: {why}"))?;
        let mut address = String::new();
        let read = child.stdout.take().map(|out| BufReader::new(out).read_line(&mut address));
        let running = Self { child, name, address: address.trim().to_owned() };
        match read {
            Some(Ok(length)) if length > 0 => Ok(running),
            _ => Err(format!("{} did not say where it is reached", running.name)),
        }
    }

    fn ends(mut self) -> Result<(), Failure> {
        match self.child.wait() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(format!("{} ended with {status}", self.name)),
            Err(why) => Err(format!("{}: {why}", self.name)),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended, or its counterpart failed and nobody will end it.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
