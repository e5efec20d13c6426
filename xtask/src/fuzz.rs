//! `cargo xtask fuzz`: every fuzzer, each for a number of seconds.

use crate::command::{Failure, cargo, is_installed, output, root, run as execute};
use std::num::NonZero;
use std::process::Command;
use std::thread;

const LOST: &str = "the thread of a fuzzer failed";

/// How long, and which.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Seconds for each target
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Where the random choices start, so that a run can be made again; another place each time
    /// where none is given
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    seed: Option<u32>,
    /// Targets; all of them where none is named
    targets: Vec<String>,
}

/// Writes the seeds, builds the targets without a sanitizer (which needs no nightly compiler) and
/// runs each from its seeds. A crash fails, and an input that takes longer than a second: alone, too,
/// for on a busy machine any may once.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    if !is_installed(&mut cargo(&["fuzz", "--version"])) {
        return Err("cargo-fuzz is missing: `cargo install --locked cargo-fuzz`".to_owned());
    }
    execute(&mut cargo(&[
        "run",
        "--quiet",
        "--manifest-path",
        "fuzz/Cargo.toml",
        "--features",
        "seeds",
        "--bin",
        "seeds",
    ]))?;
    let targets = if arguments.targets.is_empty() { all()? } else { arguments.targets.clone() };
    execute(&mut cargo_fuzz("build"))?;
    // A target keeps one core busy.
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    for some in targets.chunks(cores) {
        thread::scope(|scope| {
            let running: Vec<_> = some
                .iter()
                .map(|target| scope.spawn(move || fuzz(target, arguments.seconds, arguments.seed)))
                .collect();
            let ended =
                running.into_iter().map(|it| it.join().unwrap_or_else(|_| Err(LOST.into())));
            ended.collect::<Result<(), Failure>>()
        })?;
    }
    println!("{} fuzz targets passed, {} s each", targets.len(), arguments.seconds);
    Ok(())
}

/// `cargo fuzz VERB`, built as all are: with more units at once, which takes a third of the time.
fn cargo_fuzz(verb: &str) -> Command {
    cargo(&["fuzz", verb, "--sanitizer", "none", "--codegen-units", "16"])
}

/// Runs one target from its seeds, and what it found before; shows what it says at its end.
fn fuzz(target: &str, seconds: u32, seed: Option<u32>) -> Result<(), Failure> {
    let [corpus, seeds] = ["corpus", "seeds"].map(|kind| format!("fuzz/{kind}/{target}"));
    // Not every target has seeds.
    for folder in [&corpus, &seeds] {
        std::fs::create_dir_all(root().join(folder)).map_err(|why| format!("{folder}: {why}"))?;
    }
    let mut fuzz = cargo_fuzz("run");
    fuzz.args([target, &corpus, &seeds, "--"]);
    fuzz.arg(format!("-max_total_time={seconds}"));
    if let Some(seed) = seed {
        fuzz.arg(format!("-seed={seed}"));
    }
    fuzz.args(["-timeout=1", "-print_final_stats=1", "-verbosity=0"]);
    eprintln!("{target}: {seconds} s");
    let done = fuzz.output().map_err(|why| format!("cannot run cargo fuzz: {why}"))?;
    let said = String::from_utf8_lossy(&done.stderr);
    if !done.status.success() {
        let slow = slow_input(&said).filter(|input| is_quick(target, input));
        let slow = slow.ok_or_else(|| format!("{target} ended with {}:\n{said}", done.status))?;
        println!("{target}: {slow} took over a second beside all else, and does not alone");
    }
    let runs = said.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    println!("{target}: {} runs", runs.map_or("?", str::trim));
    Ok(())
}

/// The file of the input that took too long, by what the fuzzer says.
fn slow_input(said: &str) -> Option<&str> {
    let (_, written) = said.split_once("Test unit written to ")?;
    let path = written.lines().next()?.trim();
    path.rsplit('/').next()?.starts_with("timeout-").then_some(path)
}

/// Whether this input takes less than a second, each of five times.
fn is_quick(target: &str, input: &str) -> bool {
    let mut alone = cargo_fuzz("run");
    alone.args([target, input, "--"]);
    alone.args(["-timeout=1", "-runs=5"]);
    alone.output().is_ok_and(|done| done.status.success())
}

fn all() -> Result<Vec<String>, Failure> {
    let listed = output(&mut cargo(&["fuzz", "list"]))?;
    Ok(listed.lines().filter(|name| *name != "seeds").map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_that_is_slow_is_told_from_one_that_crashes() {
        let said = |name| {
            format!("MS: 1\nartifact_prefix='/a/'; Test unit written to /a/{name}\nBase64: x")
        };
        assert_eq!(slow_input(&said("timeout-12")), Some("/a/timeout-12"));
        assert_eq!(slow_input(&said("crash-12")), None);
        assert_eq!(slow_input(""), None);
    }
}
