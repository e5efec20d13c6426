//! The `countersign` program: arguments to the library, its status to the system.

use std::process::ExitCode;

fn main() -> ExitCode {
    terminal::cli::run(std::env::args_os())
}
