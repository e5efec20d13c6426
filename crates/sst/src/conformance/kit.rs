//! What a manager may say of a call of which nothing was proved.

use crate::{
    Assurance, Call, Configuration, HopProtection, MediaProtection, Outgoing, Proof, Requirement,
    State, TelephonySecurity,
};
use std::fmt;

/// A rule that was broken; it reads as one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken(pub &'static str);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

const CALL: Call = Call(0x0c0f_f11e);
const OTHER: Call = Call(0x0dd_ba11);
/// Waiting states that an application is shown at most.
const SHOWN: usize = 64;

/// Starts and ends calls between these two addresses, and returns the rules that were broken. `require`:
/// what the calls require. The manager must be fresh and configured.
pub fn run(
    manager: &dyn TelephonySecurity, (from, to): (&str, &str), require: Requirement,
) -> Vec<Broken> {
    let mut kit = Kit { manager, broken: Vec::new() };
    let outgoing = Outgoing { from: from.to_owned(), to: to.to_owned(), require };
    kit.unknown(CALL, "nothing is known of a call that nobody started");
    kit.waits_for_nobody();
    manager.call_started(CALL, outgoing.clone());
    kit.unproved(CALL);
    kit.unknown(OTHER, "what is known of one call is not known of another");
    manager.call_started(OTHER, outgoing.clone());
    manager.call_ended(CALL);
    kit.unknown(CALL, "a call that has ended is forgotten");
    kit.unproved(OTHER);
    // What is over may be said to be so again, and what never was.
    manager.call_ended(CALL);
    manager.call_ended(Call(!CALL.0));
    kit.unproved(OTHER);
    manager.registered(from, Vec::new());
    manager.pins(Vec::new());
    kit.unproved(OTHER);
    manager.configure(&Configuration::default());
    kit.unproved(OTHER);
    manager.call_ended(OTHER);
    kit.unknown(OTHER, "a call that has ended is forgotten");
    manager.call_started(CALL, outgoing);
    kit.unproved(CALL);
    manager.call_ended(CALL);
    kit.waits_for_nobody();
    kit.broken
}

struct Kit<'a> {
    manager: &'a dyn TelephonySecurity,
    broken: Vec<Broken>,
}

impl Kit<'_> {
    fn rule(&mut self, holds: bool, rule: &'static str) {
        if !holds && !self.broken.contains(&Broken(rule)) {
            self.broken.push(Broken(rule));
        }
    }

    fn unknown(&mut self, call: Call, rule: &'static str) {
        let (known, state) = (self.manager.assurance(call), self.manager.state(call));
        self.rule(known.is_none() && state == State::Idle, rule);
    }

    /// A call that was started, and of whose peer nothing came.
    fn unproved(&mut self, call: Call) {
        let idle = self.manager.state(call) == State::Idle;
        self.rule(idle, "a call that was not challenged waits for nothing");
        let Some(assurance) = self.manager.assurance(call) else {
            return self.rule(false, "a call that the user started is known");
        };
        let Assurance { proof, hop, media, refused, notes } = assurance;
        self.rule(proof == Proof::None, "of a peer that said nothing nothing is proved");
        self.rule(hop == HopProtection::Clear, "a hop that is not known is not protected");
        let secured = |line: &MediaProtection| matches!(line, MediaProtection::Srtp { .. });
        self.rule(!media.iter().any(secured), "media that are not agreed on are not secured");
        self.rule(refused.is_none() && notes.is_empty(), "what did not happen is not told");
    }

    fn waits_for_nobody(&mut self) {
        let waiting = self.manager.waiting();
        self.rule(waiting.len() <= SHOWN, "64 waiting states are shown at most");
        self.rule(waiting.is_empty(), "where nobody was challenged nobody is waited for");
    }
}
