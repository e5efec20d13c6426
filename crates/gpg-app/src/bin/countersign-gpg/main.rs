//! `countersign-gpg`: the user's GnuPG as the security application, in a process of its own.
//!
//! Only wires: arguments, the [`gpg_app`] library and its socket.

mod arguments;
mod serve;

use arguments::{Arguments, Command};
use clap::Parser as _;
use std::alloc::System;
use std::io::{self, Write as _};
use std::process::ExitCode;
use zeroizing_alloc::ZeroAlloc;

/// Wipes all that is given back: plaintexts go through buffers of the runtime's.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    let Arguments { command: Command::Serve(arguments) } = Arguments::parse();
    let outcome = sma_socket::protect_memory().map_err(serve::Failure::from);
    match outcome.and_then(|()| serve::serve(arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = writeln!(io::stderr(), "countersign-gpg: {failure}");
            ExitCode::FAILURE
        }
    }
}
