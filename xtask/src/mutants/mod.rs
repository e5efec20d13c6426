//! `cargo xtask mutants`: changes the code in many small ways and names the changes that no test
//! notices.
//!
//! All mutants of a crate are compiled into one program, each behind a switch that the
//! environment turns (`switch.rs`); so a mutant costs a run of the tests that reach it and not a
//! build. `docs/mutants.md` says which changes are made and what was found.

mod progress;
mod report;
mod schema;
mod sites;
#[cfg(test)]
#[expect(unreachable_pub, reason = "a crate of its own in the copy of the workspace")]
mod switch;
#[cfg(test)]
mod tests;
mod tree;
mod trial;
mod values;

use crate::command::Failure;
use std::collections::BTreeMap;
use tree::Tree;
use trial::Outcome;

/// Which crate, which part of it, and which tests count.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The crate: a folder of `crates/`
    #[arg(long = "crate", value_name = "NAME")]
    name: String,
    /// Only files whose path has this in it; may be repeated
    #[arg(long, value_name = "PART")]
    file: Vec<String>,
    /// What survives the crate's own tests is tried on another package's too: `terminal`, or one
    /// of its test targets: `terminal:sim`; may be repeated
    #[arg(long, value_name = "PACKAGE[:TEST]")]
    with: Vec<String>,
    /// Only so many of the viable mutants, drawn at random
    #[arg(long, value_name = "N")]
    sample: Option<usize>,
    /// What the sample is drawn by: the same seed draws the same mutants of the same sources
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// Tests run at once; as many as there are processors where not given
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
}

/// Builds the crate with its mutants, runs the tests once to see what they reach, and each mutant
/// against those that reach it; the survivors are printed.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let jobs = arguments.jobs.unwrap_or(processors);
    let mut tree = Tree::new(&arguments.name, &arguments.file)?;
    let binaries = tree.build(&arguments.name, None)?;
    let tests = trial::survey(&binaries, jobs)?;
    let mutants = chosen(&tree, arguments);
    eprintln!("{} mutants, {} tests", mutants.len(), tests.len());
    let mut outcomes = trial::judge(&mutants, &tests, jobs)?;
    for other in &arguments.with {
        again(&mut tree, other, &mut outcomes, jobs)?;
    }
    let rows = report::rows(&tree, &outcomes);
    report::print(&arguments.name, &tree, &rows)
}

/// Tries the survivors on another package's tests.
fn again(
    tree: &mut Tree, other: &str, outcomes: &mut BTreeMap<u32, Outcome>, jobs: usize,
) -> Result<(), Failure> {
    let (package, only) = match other.split_once(':') {
        Some((package, only)) => (package, Some(only)),
        None => (other, None),
    };
    let tests = trial::survey(&tree.build(package, only)?, jobs)?;
    let survived = |outcome: &Outcome| matches!(outcome, Outcome::Survived | Outcome::Unreached);
    let left = outcomes.iter().filter(|(_, outcome)| survived(outcome)).map(|(mutant, _)| *mutant);
    let left: Vec<u32> = left.collect();
    eprintln!("{} survivors, {} tests of {other}", left.len(), tests.len());
    for (mutant, outcome) in trial::judge(&left, &tests, jobs)? {
        if outcome != Outcome::Unreached {
            outcomes.insert(mutant, outcome);
        }
    }
    Ok(())
}

/// The mutants to judge: all that compile, or a sample of them.
fn chosen(tree: &Tree, arguments: &Arguments) -> Vec<u32> {
    let all = tree.mutants().map(|(_, _, choice)| choice.mutant);
    let mut all: Vec<u32> = all.filter(|mutant| !tree.dropped.contains(mutant)).collect();
    if let Some(sample) = arguments.sample {
        all.sort_by_key(|mutant| mixed(arguments.seed, u64::from(*mutant)));
        all.truncate(sample);
    }
    all
}

/// A number that looks random: SplitMix64.
fn mixed(seed: u64, index: u64) -> u64 {
    let mut z = seed.wrapping_add(index.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
