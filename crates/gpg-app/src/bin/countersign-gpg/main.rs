//! `countersign-gpg`: the user's GnuPG as the security application, in a process of its own.
//!
//! Only wires: arguments, the [`gpg_app`] library and its socket.

mod arguments;
mod serve;

use arguments::{Arguments, Command};
use clap::{CommandFactory as _, Parser as _};
use serve::{Failure, serve};
use sma_socket::manual;
use std::alloc::System;
use std::io::{self, Write as _};
use std::process::ExitCode;
use zeroizing_alloc::ZeroAlloc;

/// Wipes all that is given back: plaintexts go through buffers of the runtime's.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn run(arguments: Arguments) -> Result<(), Failure> {
    match arguments.command {
        Command::Serve(arguments) => serve(arguments),
        Command::Completions { shell } => Ok(manual::completions(Arguments::command(), shell)?),
        Command::Man { folder } => manual::man(Arguments::command(), &folder)
            .map_err(|error| Failure::File { path: folder, error }),
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match sma_socket::protect_memory().map_err(Failure::from).and_then(|()| run(arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = writeln!(io::stderr(), "countersign-gpg: {failure}");
            failure.exit_code()
        }
    }
}
