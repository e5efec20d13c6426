//! What can go wrong, each in one line that says what to do.

use crate::record::clean;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a command failed. Its `Display` is one line for standard error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read or written.
    #[error("cannot {doing} {path}: {source}", path = path.display())]
    File {
        /// `read`, `write`, `create`.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A place in a TOML file is wrong.
    #[error("{path}:{line}:{column}: {reason}", path = path.display())]
    Toml {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What is wrong, and with which key.
        reason: String,
    },
    /// A file with secrets can be read by others. Case O02.
    #[error("{path} is open to others (mode {mode:03o}); run: chmod 600 {path}", path = path.display())]
    NotPrivate {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Standard output could not be written.
    #[error("cannot write to standard output: {0}")]
    Output(io::Error),
    /// An address cannot be bound; the error names it.
    #[error("{0}; choose another with --bind PROTO:ADDRESS:PORT")]
    Bind(io::Error),
    /// The security application cannot be started or does not answer.
    #[error("the security application {reason}; {advice}")]
    Agent {
        /// What happened.
        reason: String,
        /// What to do.
        advice: &'static str,
    },
    /// The private keys need a passphrase that is not there, or is wrong.
    #[error(
        "the security application {reason}; give the passphrase at a terminal, or name a \
         passphrase-file under [agent] in the configuration"
    )]
    Locked {
        /// What it says.
        reason: String,
    },
    /// A call that is to be answered is over meanwhile, or was answered already.
    #[error("the call does not wait to be answered any more")]
    NotWaiting,
    /// A call did not happen or did not end well.
    #[error("the call failed: {0}")]
    Call(String),
    /// What a registrar or a peer answered, or that none did.
    #[error("{0}")]
    Peer(String),
    /// Messages that were to be judged are not valid.
    #[error("{0}")]
    Judged(String),
    /// Whoever runs the command ended it before it was done.
    #[error("{0}")]
    Interrupted(&'static str),
    /// Something was given that cannot be used.
    #[error("{0}")]
    Invalid(String),
    /// The command was used wrongly.
    #[error("{0}")]
    Usage(String),
}

impl Error {
    /// A file could not be read.
    pub fn read(path: &Path, source: io::Error) -> Self {
        Self::File { doing: "read", path: path.to_owned(), source }
    }

    /// A file could not be written.
    pub fn write(path: &Path, source: io::Error) -> Self {
        Self::File { doing: "write", path: path.to_owned(), source }
    }

    /// Something that was given cannot be used.
    pub fn invalid(what: impl fmt::Display) -> Self {
        Self::Invalid(what.to_string())
    }

    /// The kind of error, which stays the same whatever its words: `docs/json.md`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::File { .. } => "file",
            Self::Toml { .. } => "configuration",
            Self::NotPrivate { .. } => "not_private",
            Self::Output(_) => "output",
            Self::Bind(_) => "bind",
            Self::Agent { .. } => "agent",
            Self::Locked { .. } => "locked",
            Self::NotWaiting => "not_waiting",
            Self::Call(_) => "call",
            Self::Peer(_) => "peer",
            Self::Judged(_) => "invalid_message",
            Self::Interrupted(_) => "interrupted",
            Self::Invalid(_) => "invalid",
            Self::Usage(_) => "usage",
        }
    }

    /// Whether it is that nobody reads standard output any more, which ends a command quietly.
    pub fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// The error as the one line that is printed: no control character, whatever a peer or a
    /// file put into it.
    pub fn line(&self) -> String {
        clean(&self.to_string())
    }
}

/// The library's result.
pub type Result<T> = std::result::Result<T, Error>;
