//! The command line.

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// Countersign's security manager, in a process of its own.
///
/// The terminal of the flavour `isolated` starts it; there is nothing to be done with it by hand.
#[derive(Debug, Parser)]
#[command(name = "countersign-sec", version, after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const AFTER_HELP: &str = "\
Exit status: 0 the terminal has closed the connection, 1 failed (the reason is one line on standard
error), 2 usage, 4 no full sandbox although it is required.";

const COMPLETIONS_HELP: &str = "\
Example:
  mkdir -p ~/.local/share/bash-completion/completions
  countersign-sec completions bash \\
      > ~/.local/share/bash-completion/completions/countersign-sec";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Answer the terminal over standard input, and ask the security application over standard
    /// output: both are Unix sockets.
    ///
    /// Before it answers, it gives up all files (Landlock), and all system calls that answering does
    /// not take (seccomp): it makes no connection and starts no program. Where the kernel does not let
    /// it, it warns and goes on.
    Serve(Serve),
    /// Print a completion script for a shell.
    #[command(after_help = COMPLETIONS_HELP)]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write the man pages into a folder.
    Man {
        /// The folder to write them to
        folder: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// There is no security application: OpenPGP calls are refused, standard output is left alone
    #[arg(long)]
    pub(crate) without_application: bool,
    /// Do not serve where the kernel has no Landlock or no seccomp; exit status 4
    #[arg(long)]
    pub(crate) require_sandbox: bool,
}
