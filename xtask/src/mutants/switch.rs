//! The switch that a mutated crate is built with: all mutants are in one program, and the
//! environment says which of them is on. `MUTANT` is its number; `MUTANT_REACHED` names a file
//! that gets the number of every mutant whose place was reached, once a process.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::sync::{Mutex, OnceLock, PoisonError};

struct State {
    on: u32,
    reached: Option<Mutex<(File, HashSet<u32>)>>,
}

static STATE: OnceLock<State> = OnceLock::new();

impl State {
    fn read() -> Self {
        let on = std::env::var("MUTANT").ok().and_then(|text| text.parse().ok());
        let file = std::env::var_os("MUTANT_REACHED")
            .and_then(|path| OpenOptions::new().create(true).append(true).open(path).ok());
        let reached = file.map(|file| Mutex::new((file, HashSet::new())));
        Self { on: on.unwrap_or(0), reached }
    }

    fn is(&self, mutant: u32) -> bool {
        if let Some(reached) = &self.reached {
            let mut reached = reached.lock().unwrap_or_else(PoisonError::into_inner);
            if reached.1.insert(mutant) {
                // One write a line: processes of one test share the file.
                let _ = reached.0.write_all(format!("{mutant}\n").as_bytes());
            }
        }
        self.on == mutant
    }
}

/// Whether this mutant is on; 0 is none.
pub fn is(mutant: u32) -> bool {
    mutant != 0 && STATE.get_or_init(State::read).is(mutant)
}

/// A condition, with one mutant where it is always true and one where it is never.
pub fn condition(holds: bool, always: u32, never: u32) -> bool {
    if holds { !is(never) } else { is(always) }
}

/// A truth value and its negation.
pub fn flip(value: bool, mutant: u32) -> bool {
    value != is(mutant)
}

/// `a < b`, or `a <= b`.
pub fn less<A: PartialOrd<B> + ?Sized, B: ?Sized>(a: &A, b: &B, mutant: u32) -> bool {
    a < b || (a <= b && is(mutant))
}

/// `a <= b`, or `a < b`.
pub fn at_most<A: PartialOrd<B> + ?Sized, B: ?Sized>(a: &A, b: &B, mutant: u32) -> bool {
    a < b || (a <= b && !is(mutant))
}

/// `a > b`, or `a >= b`.
pub fn greater<A: PartialOrd<B> + ?Sized, B: ?Sized>(a: &A, b: &B, mutant: u32) -> bool {
    a > b || (a >= b && is(mutant))
}

/// `a >= b`, or `a > b`.
pub fn at_least<A: PartialOrd<B> + ?Sized, B: ?Sized>(a: &A, b: &B, mutant: u32) -> bool {
    a > b || (a >= b && !is(mutant))
}
