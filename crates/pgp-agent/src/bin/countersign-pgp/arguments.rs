//! The command line.

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// OpenPGP keys for Countersign, in a process of their own.
///
/// A key folder (mode 0700, or 0500 where keys are only read) holds FINGERPRINT.sec.asc for own keys (mode 0600) and
/// FINGERPRINT.pub.asc for others' public keys. `serve` answers questions of the same user's
/// terminal at a Unix socket.
#[derive(Debug, Parser)]
#[command(name = "countersign-pgp", version, after_help = AFTER_HELP)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const AFTER_HELP: &str = "\
Exit status: 0 done, 1 failed (the reason is one line on standard error), 2 usage, 3 own keys need a
passphrase that was not given, or was wrong, 4 no full sandbox although it is required.";

const COMPLETIONS_HELP: &str = "\
Example:
  mkdir -p ~/.local/share/bash-completion/completions
  countersign-pgp completions bash \\
      > ~/.local/share/bash-completion/completions/countersign-pgp";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Offer the keys at a Unix socket; print `ready` when it listens.
    ///
    /// The socket's folder must be mode 0700. Ends on SIGTERM and SIGINT and removes its socket.
    /// Keys that another command puts into the folder meanwhile are seen after a restart.
    ///
    /// Before it answers, it gives up all files but those of the key folder (Landlock), and all
    /// system calls that answering does not take (seccomp): it makes no connection and starts no
    /// program. Where the kernel does not let it, it warns and goes on.
    Serve(Serve),
    /// Make an Ed25519 key with an X25519 encryption subkey; print its fingerprint.
    Generate {
        #[command(flatten)]
        folder: Folder,
        #[command(flatten)]
        secret: Secret,
        /// Whose key it is, for example sip:alice@example.org
        #[arg(long, value_name = "AOR")]
        user_id: String,
        #[command(flatten)]
        output: Output,
    },
    /// List all keys, own keys first.
    List {
        #[command(flatten)]
        folder: Folder,
        #[command(flatten)]
        output: Output,
    },
    /// Import public keys, armored or binary.
    Import {
        #[command(flatten)]
        folder: Folder,
        /// Where the keys are; `-` is standard input
        #[arg(value_name = "FILE", default_value = "-")]
        file: PathBuf,
        #[command(flatten)]
        output: Output,
    },
    /// Print a public key, armored.
    Export {
        #[command(flatten)]
        folder: Folder,
        /// The full fingerprint
        fingerprint: String,
        #[command(flatten)]
        output: Output,
    },
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
    #[command(flatten)]
    pub(crate) folder: Folder,
    #[command(flatten)]
    pub(crate) secret: Secret,
    /// Leave own keys locked: nothing is signed or decrypted, and no passphrase is needed
    #[arg(long, conflicts_with = "Secret")]
    pub(crate) locked: bool,
    /// The socket
    #[arg(long, value_name = "PATH")]
    pub(crate) socket: PathBuf,
    /// End when standard input is closed, so with the program that started this one
    #[arg(long)]
    pub(crate) exit_with_stdin: bool,
    /// Do not serve where the kernel has no Landlock or no seccomp; exit status 4
    #[arg(long)]
    pub(crate) require_sandbox: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Folder {
    /// The key folder; `generate` makes it where it is missing
    #[arg(long, value_name = "DIR")]
    pub(crate) keys: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Output {
    /// One JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

/// Where the passphrase of own keys comes from. Without any of these it is asked for, if standard
/// input is a terminal, where nothing typed is no passphrase; it is never taken from an argument or the environment.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct Secret {
    /// Own keys have no passphrase; only the mode of their files protects them
    #[arg(long)]
    pub(crate) no_passphrase: bool,
    /// Read the passphrase from the first line of a file of mode 0600
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Read the passphrase from the first line of an open file descriptor
    #[arg(long, value_name = "N")]
    pub(crate) passphrase_fd: Option<u32>,
}
