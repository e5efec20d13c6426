//! Builds terminals and runs the demo, the tests, the benchmarks, the fuzzers, the mutants and
//! calls with other people's software.
//!
//! Thin on purpose: every command is a few invocations of cargo and of what cargo built.
#![expect(clippy::print_stdout, reason = "a program of commands prints what they found")]

mod bench;
mod build_terminal;
mod command;
mod demo;
mod fuzz;
mod interop;
mod licences;
mod mutants;
mod readme;
mod status;
mod test;
mod tidy;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Countersign's tasks. `cargo xtask demo` is the place to start.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build two terminals and two security applications and let them make a secured call
    Demo(demo::Arguments),
    /// Run the whole test suite: tidy, unit, integration and documentation tests
    Test(test::Arguments),
    /// Hold the workspace against its own rules: dependency table, forbidden words, symbols
    Tidy(tidy::Arguments),
    /// Build a terminal of one flavour into `dist/FLAVOUR/`
    BuildTerminal(build_terminal::Arguments),
    /// Paste the README's examples into fresh crates outside the workspace, and run them
    Readme,
    /// Run the benchmarks and hold instructions, allocations and ratios against their limits
    Bench(bench::Arguments),
    /// Run the fuzzers, each for a number of seconds
    Fuzz(fuzz::Arguments),
    /// Run terminals against other people's SIP software: Kamailio, SIPp, baresip, sipsak, tshark
    Interop(interop::Arguments),
    /// Score how speech sounds that crossed a bad network, beside another phone
    Quality(interop::quality::Arguments),
    /// Call a terminal for minutes on end, and beside a flood of requests that prove nothing
    Soak(interop::soak::Arguments),
    /// Change a crate in many small ways and name the changes that no test notices
    Mutants(mutants::Arguments),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().task {
        Task::Demo(arguments) => demo::run(&arguments),
        Task::Test(arguments) => test::run(&arguments),
        Task::Tidy(arguments) => tidy::run(&arguments),
        Task::BuildTerminal(arguments) => build_terminal::run(&arguments),
        Task::Readme => readme::run(),
        Task::Bench(arguments) => bench::run(&arguments),
        Task::Fuzz(arguments) => fuzz::run(&arguments),
        Task::Interop(arguments) => interop::run(&arguments),
        Task::Quality(arguments) => interop::quality::run(&arguments),
        Task::Soak(arguments) => interop::soak::run(&arguments),
        Task::Mutants(arguments) => mutants::run(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("xtask: {why}");
            ExitCode::FAILURE
        }
    }
}
