//! Programs under valgrind's callgrind, and what it counts.

use crate::command::{Failure, program, target};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// A program of the benchmarks under callgrind.
pub(super) struct Counting {
    /// To be given its arguments and run.
    pub(super) command: Command,
    /// Where callgrind writes what it counted.
    out: PathBuf,
}

impl Counting {
    /// The program of this name.
    pub(super) fn of(name: &str) -> Self {
        static RUNS: AtomicUsize = AtomicUsize::new(0);
        let run = RUNS.fetch_add(1, Ordering::Relaxed);
        let out = target().join(format!("callgrind-{run}.out"));
        let mut command = program("valgrind");
        command.args(["--tool=callgrind", "--quiet"]);
        command.arg(format!("--callgrind-out-file={}", out.display()));
        command.arg(target().join("release").join(name));
        Self { command, out }
    }

    /// All instructions that were counted of the program, which has ended.
    ///
    /// # Errors
    /// Nothing was counted.
    pub(super) fn counted(self) -> Result<u64, Failure> {
        let out = self.out;
        let text = fs::read_to_string(&out).map_err(|why| format!("{}: {why}", out.display()))?;
        let total = text.lines().find_map(|line| line.strip_prefix("summary: "));
        let total = total.and_then(|total| total.split(' ').next()?.parse().ok());
        drop(fs::remove_file(&out));
        total.ok_or_else(|| format!("{}: no summary", out.display()))
    }
}

/// Instructions of one round: of twice as many, less once as many, so that start-up cancels out.
/// Both are counted at the same time.
pub(super) fn each(
    rounds: u64, collected: impl Fn(u64) -> Result<u64, Failure> + Sync,
) -> Result<u64, Failure> {
    let (once, twice) = thread::scope(|scope| {
        let once = scope.spawn(|| collected(rounds));
        let twice = collected(2 * rounds);
        (once.join(), twice)
    });
    let once = once.map_err(|_| "the counting of the shorter run failed".to_owned())??;
    Ok(twice?.saturating_sub(once) / rounds)
}
