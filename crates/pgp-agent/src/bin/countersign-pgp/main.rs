//! `countersign-pgp`: the security application as a process of its own.
//!
//! Only wires: arguments, the passphrase, the [`pgp_agent`] library and its socket.

mod arguments;
mod commands;
mod failure;
mod passphrase;
mod serve;

use arguments::Arguments;
use clap::Parser as _;
use failure::Failure;
use std::alloc::System;
use std::io::Write as _;
use std::process::ExitCode;
use zeroizing_alloc::ZeroAlloc;

/// Wipes all that is given back. What rPGP decrypts goes through buffers of its own, which it
/// gives back as they are.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome =
        sma_socket::protect_memory().map_err(Failure::from).and_then(|()| commands::run(arguments));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = writeln!(std::io::stderr(), "countersign-pgp: {}", failure.line());
            failure.exit_code()
        }
    }
}
