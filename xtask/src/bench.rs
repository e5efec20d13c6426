//! `cargo xtask bench`: the benchmarks, and what they are held to.
//!
//! Instructions are counted by valgrind's callgrind and repeat exactly; allocations are counted
//! by the program itself: these are held to limits, and the same on every machine. Valgrind has no
//! SHA extensions, so what stands on SHA-256 is held to its instructions *beyond* the bare hash or
//! HMAC over the same octets: what our code adds. So is a call beyond what its caller writes.
//!
//! Times are shown, as ratios of benchmarks of the same run, beside the goal; nothing fails by
//! them, because machines differ. A benchmark's time is that of its fastest sample: what the code
//! costs where nothing else ran meanwhile.

mod callgrind;
mod memory;
mod running;
mod whole;

use crate::command::{Failure, cargo, is_installed, output, program, root, run as execute, target};
use memory::Memory;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use whole::Whole;

/// Which part.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Only count instructions and allocations; run no timed benchmark
    #[arg(long)]
    counts_only: bool,
}

/// `benches/limits.json`: what each figure is held to.
#[derive(Deserialize)]
struct Limits {
    /// Instructions for each operation.
    instructions: BTreeMap<String, u64>,
    /// Heap allocations for each operation.
    allocations: BTreeMap<String, u64>,
    /// Octets of heap that one operation holds at most.
    heap: BTreeMap<String, u64>,
    /// Instructions of an operation beyond those of its floor.
    beyond: Vec<Beyond>,
    /// Instructions of whole calls, by a program with sockets.
    whole: Vec<Whole>,
    /// Memory that calls take of that program.
    memory: Vec<Memory>,
    /// Ratios of instructions: how they grow with the input.
    growth: Vec<Ratio>,
    /// Ratios of times in one run: what they should be.
    times: Vec<Ratio>,
}

#[derive(Deserialize)]
struct Beyond {
    /// An operation.
    of: String,
    /// The operations that are its floor, together.
    floor: Vec<String>,
    /// At most so many instructions more.
    at_most: u64,
}

#[derive(Deserialize)]
struct Ratio {
    /// An operation, or a criterion benchmark's id.
    of: String,
    /// What it is compared with: the sum of these.
    to: Vec<String>,
    /// At most this.
    at_most: f64,
}

/// Builds the benchmarks once, counts, times, and names every figure that is over its limit.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    if !is_installed(program("valgrind").arg("--version")) {
        return Err("valgrind is missing: `apt-get install valgrind`".to_owned());
    }
    let path = root().join("benches/limits.json");
    let text = fs::read_to_string(&path).map_err(|why| format!("{}: {why}", path.display()))?;
    let limits: Limits =
        serde_json::from_str(&text).map_err(|why| format!("{}: {why}", path.display()))?;
    execute(&mut cargo(&["build", "--profile", "bench", "--package", "benches", "--bins"]))?;
    let mut faults = Vec::new();
    row("operation", "found", "held to");
    for (operation, limit) in &limits.instructions {
        let counted = instructions(operation, 500)?;
        judge(&format!("{operation}, instructions"), counted, *limit, &mut faults);
    }
    for beyond in &limits.beyond {
        let floor = &beyond.floor;
        let floor = floor.iter().map(|it| instructions(it, 500)).sum::<Result<u64, Failure>>()?;
        let added = instructions(&beyond.of, 500)?.saturating_sub(floor);
        let what = format!("{} beyond {}", beyond.of, brief(&beyond.floor));
        judge(&what, added, beyond.at_most, &mut faults);
    }
    for growth in &limits.growth {
        grow(growth, &mut faults)?;
    }
    for whole in &limits.whole {
        for found in whole.count()? {
            judge(&found.what, found.instructions, found.at_most, &mut faults);
        }
    }
    for memory in &limits.memory {
        judge(&memory.name(), memory.measure()?, memory.at_most, &mut faults);
    }
    let counted = allocations()?;
    for (limits, unit) in [(&limits.allocations, "allocations"), (&limits.heap, "octets of heap")] {
        for (operation, limit) in limits {
            let what = format!("{operation}, {unit}");
            match counted.get(&what) {
                Some(counted) => judge(&what, *counted, *limit, &mut faults),
                None => faults.push(format!("{what}: not counted")),
            }
        }
    }
    if !arguments.counts_only {
        time()?;
        row("times, as ratios", "found", "goal");
        for ratio in &limits.times {
            let what = format!("{} : {}", ratio.of, brief(&ratio.to));
            row(&what, &format!("{:.2}", ratio.found()?), &format!("{:.2}", ratio.at_most));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n       ")) }
}

/// One line of the table.
fn row(what: &str, found: &str, limit: &str) {
    println!("{what:52} {found:>8} {limit:>8}");
}

fn judge(what: &str, counted: u64, limit: u64, faults: &mut Vec<String>) {
    row(what, &counted.to_string(), &limit.to_string());
    if counted > limit {
        faults.push(format!("{what}: {counted}, held to {limit}"));
    }
}

/// Instructions of one operation.
fn instructions(operation: &str, rounds: u64) -> Result<u64, Failure> {
    callgrind::each(rounds, |rounds| {
        let mut counting = callgrind::under("instructions", rounds);
        output(counting.args([operation, &rounds.to_string()]))?;
        callgrind::counted(rounds)
    })
}

/// Holds how instructions grow between two operations, of which one has twice the input.
fn grow(growth: &Ratio, faults: &mut Vec<String>) -> Result<(), Failure> {
    // They are hundreds of thousands: a few rounds are enough.
    let count = |operation: &String| instructions(operation, 5);
    let smaller = growth.to.iter().map(count).sum::<Result<u64, Failure>>()?;
    let found = count(&growth.of)? as f64 / smaller as f64;
    let what = format!("{} : {}", growth.of, growth.to.join(" + "));
    row(&what, &format!("{found:.2}"), &format!("{:.2}", growth.at_most));
    if found > growth.at_most {
        faults.push(format!("{what}: {found:.2}, held to {:.2}", growth.at_most));
    }
    Ok(())
}

/// What the program counted of every operation's heap, by operation and unit.
fn allocations() -> Result<BTreeMap<String, u64>, Failure> {
    let text = output(&mut program(target().join("release/allocations")))?;
    let line = |line: &str| {
        let [name, blocks, octets] =
            <[&str; 3]>::try_from(line.split(' ').collect::<Vec<_>>()).ok()?;
        let count = |unit, count: &str| Some((format!("{name}, {unit}"), count.parse().ok()?));
        Some([count("allocations", blocks)?, count("octets of heap", octets)?])
    };
    Ok(text.lines().filter_map(line).flatten().collect())
}

/// Runs the timed benchmarks; what criterion prints is not shown.
fn time() -> Result<(), Failure> {
    eprintln!("timing, which takes minutes");
    let mut bench = cargo(&["bench", "--quiet", "--package", "benches", "--bench", "*", "--"]);
    bench.args(["--quiet", "--noplot", "--warm-up-time", "1", "--measurement-time", "2"]);
    output(&mut bench).map(drop)
}

/// `it + it`, of `group/it` and `group/it`.
fn brief(operations: &[String]) -> String {
    let last = |id: &String| id.rsplit_once('/').map_or(id.as_str(), |(_, it)| it).to_owned();
    operations.iter().map(last).collect::<Vec<_>>().join(" + ")
}

impl Ratio {
    /// The ratio in the run that has just ended.
    fn found(&self) -> Result<f64, Failure> {
        let to = self.to.iter().map(|id| nanoseconds(id)).sum::<Result<f64, Failure>>()?;
        Ok(nanoseconds(&self.of)? / to)
    }
}

/// An iteration's time in the fastest sample of the run that has just ended.
fn nanoseconds(id: &str) -> Result<f64, Failure> {
    /// For each sample, its iterations and the nanoseconds of all of them.
    #[derive(Deserialize)]
    struct Samples {
        iters: Vec<f64>,
        times: Vec<f64>,
    }
    let path = target().join("criterion").join(id).join("new/sample.json");
    let text = fs::read_to_string(&path).map_err(|why| format!("{}: {why}", path.display()))?;
    let samples: Samples =
        serde_json::from_str(&text).map_err(|why| format!("{}: {why}", path.display()))?;
    let times = samples.times.iter().zip(&samples.iters).map(|(time, iters)| time / iters);
    times.min_by(f64::total_cmp).ok_or_else(|| format!("{}: no sample", path.display()))
}
