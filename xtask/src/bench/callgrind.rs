//! Programs under valgrind's callgrind, and what it counts.

use crate::command::{Failure, program, target};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

fn out() -> PathBuf {
    target().join("callgrind.out")
}

/// A program of the benchmarks, to be run under callgrind.
pub(super) fn under(name: &str) -> Command {
    run(name, &[])
}

/// The same, of which only what happens within this function is counted.
pub(super) fn within(name: &str, function: &str) -> Command {
    run(name, &["--collect-atstart=no", &format!("--toggle-collect={function}")])
}

fn run(name: &str, options: &[&str]) -> Command {
    let mut valgrind = program("valgrind");
    valgrind.args(["--tool=callgrind", "--quiet"]).args(options);
    valgrind.arg(format!("--callgrind-out-file={}", out().display()));
    valgrind.arg(target().join("release").join(name));
    valgrind
}

/// All instructions that were counted of the program that ended last.
pub(super) fn counted() -> Result<u64, Failure> {
    let out = out();
    let text = fs::read_to_string(&out).map_err(|why| format!("{}: {why}", out.display()))?;
    let total = text.lines().find_map(|line| line.strip_prefix("summary: "));
    total
        .and_then(|total| total.split(' ').next()?.parse().ok())
        .ok_or_else(|| format!("{}: no summary", out.display()))
}

/// Instructions of one round: of twice as many, less once as many, so that start-up cancels out.
pub(super) fn each(
    rounds: u64, collected: impl Fn(u64) -> Result<u64, Failure>,
) -> Result<u64, Failure> {
    let once = collected(rounds)?;
    let twice = collected(2 * rounds)?;
    Ok(twice.saturating_sub(once) / rounds)
}
