//! `countersign-sec`: the security manager as a process of its own.
//!
//! Only wires: arguments, connections, the sandbox, and the manager behind them.

mod arguments;
mod failure;
mod platform;
mod serve;

use arguments::{Arguments, Command};
use clap::{CommandFactory as _, Parser as _};
use failure::Failure;
use sma_socket::manual;
use std::alloc::System;
use std::io::Write as _;
use std::process::ExitCode;
use zeroizing_alloc::ZeroAlloc;

/// Wipes all that is given back: bodies and keys pass through many hands here.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = sma_socket::protect_memory().map_err(Failure::from).and_then(|()| run(arguments));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = writeln!(std::io::stderr(), "countersign-sec: {failure}");
            failure.exit_code()
        }
    }
}

fn run(arguments: Arguments) -> Result<(), Failure> {
    match arguments.command {
        Command::Serve(arguments) => serve::serve(&arguments),
        Command::Completions { shell } => Ok(manual::completions(Arguments::command(), shell)?),
        Command::Man { folder } => Ok(manual::man(Arguments::command(), &folder)?),
    }
}
