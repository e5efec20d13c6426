//! `cargo xtask demo`: the main job, on a fresh machine, in one command.

use crate::command::{Failure, cargo, program, run as execute, target};

/// What is handed on to `countersign demo`.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Options of `countersign demo`, for example `--out DIR --flow digest`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    options: Vec<String>,
}

/// Builds the terminal and the security application, and runs the demo where the user stands.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    execute(&mut cargo(&["build", "--package", "terminal", "--package", "pgp-agent"]))?;
    let here = std::env::current_dir().map_err(|why| format!("no current folder: {why}"))?;
    let mut demo = program(target().join("debug/countersign"));
    execute(demo.current_dir(here).arg("demo").args(&arguments.options))
}
