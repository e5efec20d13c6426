//! Whole calls: the terminal is a process under callgrind, its peer another one.

use super::callgrind;
use super::running::Running;
use crate::command::{Failure, program, target};
use serde::Deserialize;

/// Calls of the shorter run at least; the longer has twice as many, so that all else cancels out.
const CALLS: u64 = 300;

/// How often calls are counted that are found too dear: where something else keeps the machine busy,
/// a process wakes up more often and sends things again, which the code does not cost.
const TRIES: usize = 3;

/// A kind of call, and what it is held to.
#[derive(Deserialize)]
pub(super) struct Whole {
    /// `answer` or `place`.
    what: What,
    /// `open`; `managed`: the security manager is asked; `challenging`: it has callers prove a password.
    security: String,
    /// `udp`, `tcp` or `tls`: one connection for all calls.
    #[serde(default = "udp")]
    over: Vec<String>,
    /// What there is meanwhile, by numbers of it: calls that are up, of a terminal that answers;
    /// accounts that are registered, of one that places calls.
    held: Vec<u64>,
    /// Instructions for each call with the first transport and the first of these numbers.
    at_most: u64,
    /// How much dearer a call may be with the others.
    #[serde(default)]
    growth: Option<f64>,
}

/// Which side of its calls a terminal is on.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum What {
    Answer,
    Place,
}

impl What {
    /// What is held meanwhile.
    const fn held(self) -> &'static str {
        match self {
            Self::Answer => "held",
            Self::Place => "accounts",
        }
    }

    /// What was done to a call.
    pub(super) const fn verb(self) -> &'static str {
        match self {
            Self::Answer => "answered",
            Self::Place => "placed",
        }
    }
}

fn udp() -> Vec<String> {
    vec!["udp".to_owned()]
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
    /// Counts, for each transport and number of calls that are held.
    ///
    /// # Errors
    /// The terminal or its peer fails.
    pub(super) fn count(&self) -> Result<Vec<Found>, Failure> {
        let mut found: Vec<Found> = Vec::new();
        for (over, held) in
            self.over.iter().flat_map(|over| self.held.iter().map(move |it| (over, it)))
        {
            let grown = found.first().zip(self.growth);
            let at_most = grown
                .map(|(first, growth)| (first.instructions as f64 * growth) as u64)
                .unwrap_or(self.at_most);
            let mut instructions = self.each(over, *held)?;
            for _ in 1..TRIES {
                if instructions <= at_most {
                    break;
                }
                instructions = instructions.min(self.each(over, *held)?);
            }
            let (verb, kept) = (self.what.verb(), self.what.held());
            found.push(Found {
                what: format!("a call {verb}, {}, {over}, {held} {kept}", self.security),
                instructions,
                at_most,
            });
        }
        Ok(found)
    }

    /// Instructions for each call.
    fn each(&self, over: &str, held: u64) -> Result<u64, Failure> {
        // What is held costs something each time, and never the same: it must not outweigh the calls.
        callgrind::each(CALLS.max(held / 2), |rounds| self.collected(over, held, rounds))
    }

    fn collected(&self, over: &str, held: u64, rounds: u64) -> Result<u64, Failure> {
        let mut terminal = match self.what {
            What::Answer => callgrind::under("terminal", rounds),
            What::Place => callgrind::within("terminal", rounds, "*counted*"),
        };
        terminal.args([&self.security, over]);
        let mut peer = program(target().join("release/peer"));
        let (held, calls) = (held.to_string(), rounds.to_string());
        let (terminal, peer) = match self.what {
            What::Answer => {
                let terminal = Running::start(terminal.args(["answer", &calls]))?;
                let peer =
                    Running::start(peer.args(["call", over, terminal.address(), &held, &calls]))?;
                (terminal, peer)
            }
            What::Place => {
                let peer = Running::start(peer.args(["answer", &calls, &held]))?;
                let place = ["place", &calls, peer.address(), &held];
                let terminal = Running::start(terminal.args(place))?;
                (terminal, peer)
            }
        };
        peer.ends()?;
        terminal.ends()?;
        callgrind::counted(rounds)
    }
}
