//! `countersign-pgp`: the security application as a process of its own.
//!
//! Only wires: arguments, the passphrase, the [`pgp_agent`] library and its socket.

mod arguments;
mod commands;
mod failure;
mod hardening;
mod passphrase;
mod serve;

use arguments::Arguments;
use clap::Parser as _;
use std::io::Write as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = hardening::protect_memory().and_then(|()| commands::run(arguments));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = writeln!(std::io::stderr(), "countersign-pgp: {failure}");
            failure.exit_code()
        }
    }
}
