//! `cargo xtask test`: the whole test suite.

use crate::command::{Failure, cargo, run as execute};

/// What is handed on to `cargo test`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Options of `cargo test`, for example `--package sip-core`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    options: Vec<String>,
}

/// Runs unit, integration and documentation tests; tidy's table and words are among them.
///
/// The binaries are built first: tests of whole terminals start them.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let binaries =
        ["terminal", "pgp-agent", "gpg-app", "sec-process"].map(|package| ["--package", package]);
    execute(cargo(&["build"]).args(binaries.as_flattened()))?;
    if arguments.options.is_empty() {
        return execute(&mut cargo(&["test", "--workspace"]));
    }
    execute(cargo(&["test"]).args(&arguments.options))
}
