//! `cargo xtask tidy`: the workspace held against its own rules.

mod circles;
mod references;
mod sources;
mod symbols;
mod table;
mod trees;

#[cfg(test)]
pub(crate) use sources::tracked;

use crate::command::{Failure, cargo, run as execute};

/// Nothing to choose.
#[derive(clap::Args)]
pub(crate) struct Arguments {}

/// Runs every check and names all that fails, not only the first.
pub(crate) fn run(_: &Arguments) -> Result<(), Failure> {
    let mut faults = without_building();
    faults.extend(each_crate_alone());
    faults.extend(symbols::check());
    report(&faults)?;
    println!(
        "tidy: the table, the words, the references, the files, the crates alone and the symbols hold"
    );
    Ok(())
}

/// The checks that build nothing; they are also a test.
fn without_building() -> Vec<String> {
    let mut faults = trees::check();
    faults.extend(sources::check());
    faults.extend(references::check());
    faults.extend(circles::check());
    faults
}

/// Builds every crate by itself without its default features: nothing may lean on what another
/// crate happens to switch on.
fn each_crate_alone() -> Vec<String> {
    let alone = |row: &table::Row| {
        let check = ["check", "--quiet", "--package", row.name, "--no-default-features"];
        execute(&mut cargo(&check)).err()
    };
    table::TABLE.iter().filter_map(alone).collect()
}

fn report(faults: &[String]) -> Result<(), Failure> {
    for fault in faults {
        eprintln!("tidy: {fault}");
    }
    if faults.is_empty() { Ok(()) } else { Err(format!("{} rules are broken", faults.len())) }
}

#[cfg(test)]
mod tests {
    #[test]
    fn table_and_words_hold() {
        let faults = super::without_building();
        assert!(faults.is_empty(), "{faults:#?}");
    }
}
