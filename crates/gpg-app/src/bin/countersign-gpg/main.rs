//! `countersign-gpg`: the user's GnuPG as the security application, in a process of its own.
//!
//! Only wires: arguments, the [`gpg_app`] library and its socket.

mod arguments;
mod serve;

use arguments::{Arguments, Command};
use clap::Parser as _;
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use std::alloc::System;
use std::io::{self, Write as _};
use std::process::ExitCode;
use zeroizing_alloc::ZeroAlloc;

/// Wipes all that is given back: plaintexts go through buffers of the runtime's.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    let Arguments { command: Command::Serve(arguments) } = Arguments::parse();
    let outcome = protect_memory().map_err(serve::Failure::from);
    match outcome.and_then(|()| serve::serve(arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = writeln!(io::stderr(), "countersign-gpg: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// No core dump, and no other process of the same user may look into this one (promise 18).
fn protect_memory() -> io::Result<()> {
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    Ok(())
}
