//! The command line.

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// The user's GnuPG as Countersign's security application.
///
/// `serve` answers questions of the same user's terminal at a Unix socket, and runs `gpg` for each.
/// Any key that GnuPG can use will do, one on a hardware token included. Nobody is asked for a
/// passphrase or PIN: unlock the key beforehand, so that gpg-agent or the token has it.
#[derive(Debug, Parser)]
#[command(name = "countersign-gpg", version, after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const AFTER_HELP: &str = "\
A terminal uses it with these lines in its config.toml; the paths are absolute:
  [agent]
  command = \"countersign-gpg\"
  keys = \"/home/alice/.gnupg\"
Make, import and export keys with gpg. Own keys have the AOR as their user id:
  gpg --quick-generate-key sip:alice@example.org ed25519 sign never
  gpg --quick-add-key FINGERPRINT cv25519 encr never

Exit status: 0 done, 1 failed (the reason is one line on standard error), 2 usage,
4 no sandbox although it is required.";

const COMPLETIONS_HELP: &str = "\
Example:
  mkdir -p ~/.local/share/bash-completion/completions
  countersign-gpg completions bash \\
      > ~/.local/share/bash-completion/completions/countersign-gpg";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Offer GnuPG's keys at a Unix socket; print `ready` when it listens.
    ///
    /// The socket's folder must be mode 0700. Ends on SIGTERM and SIGINT and removes its socket.
    ///
    /// Before it answers, it gives up for itself and for what it starts: connections to other
    /// machines, other processes' memory (seccomp), and privileges. gpg-agent runs by then.
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
    /// GnuPG's home folder; without it, what GNUPGHOME says, or ~/.gnupg
    #[arg(long, value_name = "DIR")]
    pub(crate) keys: Option<PathBuf>,
    /// The socket
    #[arg(long, value_name = "PATH")]
    pub(crate) socket: PathBuf,
    /// The program: a path, or a name on the PATH
    #[arg(long, value_name = "PROGRAM", default_value = "gpg")]
    pub(crate) gpg: PathBuf,
    /// End when standard input is closed, so with the program that started this one
    #[arg(long)]
    pub(crate) exit_with_stdin: bool,
    /// Do not serve where the kernel has no seccomp; exit status 4
    #[arg(long)]
    pub(crate) require_sandbox: bool,
    /// Taken since the terminal gives it, and without effect: gpg-agent holds the passphrases
    #[arg(long, conflicts_with = "locked")]
    pub(crate) no_passphrase: bool,
    /// Taken since the terminal gives it, and without effect: gpg-agent holds the passphrases
    #[arg(long)]
    pub(crate) locked: bool,
}
