//! Programs under valgrind's callgrind, and what it counts.

use crate::command::{Failure, program, target};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::thread;

/// Where what is counted of a run stands: those that go beside each other have different rounds.
fn out(rounds: u64) -> PathBuf {
    target().join(format!("callgrind.{rounds}.out"))
}

/// A program of the benchmarks, to be run under callgrind for so many rounds.
pub(super) fn under(name: &str, rounds: u64) -> Command {
    run(name, rounds, &[])
}

/// The same, of which only what happens within this function is counted.
pub(super) fn within(name: &str, rounds: u64, function: &str) -> Command {
    run(name, rounds, &["--collect-atstart=no", &format!("--toggle-collect={function}")])
}

fn run(name: &str, rounds: u64, options: &[&str]) -> Command {
    let mut valgrind = program("valgrind");
    valgrind.args(["--tool=callgrind", "--quiet"]).args(options);
    valgrind.arg(format!("--callgrind-out-file={}", out(rounds).display()));
    valgrind.arg(target().join("release").join(name));
    valgrind
}

/// All instructions that were counted of the program that has ended, of so many rounds.
pub(super) fn counted(rounds: u64) -> Result<u64, Failure> {
    let out = out(rounds);
    let text = fs::read_to_string(&out).map_err(|why| format!("{}: {why}", out.display()))?;
    let total = text.lines().find_map(|line| line.strip_prefix("summary: "));
    total
        .and_then(|total| total.split(' ').next()?.parse().ok())
        .ok_or_else(|| format!("{}: no summary", out.display()))
}

/// Instructions of one round: of twice as many, less once as many, so that start-up cancels out. The
/// two go beside each other: most of the time of whole calls is waiting.
pub(super) fn each(
    rounds: u64, collected: impl Fn(u64) -> Result<u64, Failure> + Sync,
) -> Result<u64, Failure> {
    let (once, twice) = thread::scope(|scope| {
        let once = scope.spawn(|| collected(rounds));
        let twice = collected(2 * rounds);
        (once.join(), twice)
    });
    let once = once.map_err(|_| "the run of once as many rounds panicked".to_owned())??;
    Ok(twice?.saturating_sub(once) / rounds)
}
