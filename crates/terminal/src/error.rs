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
    #[error("cannot {doing} {path}: {why}", path = path.display(), why = in_words(source))]
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
    #[error("cannot write to standard output: {}", in_words(.0))]
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
    /// The security manager's process cannot be started or does not answer.
    #[error("the security manager {reason}; {advice}")]
    Manager {
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
    /// The call is just being changed by either side: what is wanted may be had in a moment.
    #[error("the call is just being changed; try again in a moment")]
    TryAgain,
    /// Calls are not brought together: a secured one would be heard by who has not proved as much.
    #[error("{0}")]
    Exposed(String),
    /// What is wanted is not possible as things are.
    #[error("{0}")]
    NotNow(&'static str),
    /// A call did not happen or did not end well.
    #[error("the call failed: {0}")]
    Call(String),
    /// What a registrar or a peer answered, or that none did.
    #[error("{0}")]
    Peer(String),
    /// Messages that were to be judged are not valid.
    #[error("{0}")]
    Judged(String),
    /// Credentials that were to be checked do not hold.
    #[error("{0}")]
    Credentials(String),
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

    /// There is no randomness.
    pub(crate) fn no_randomness(error: io::Error) -> Self {
        Self::invalid(format!("no randomness: {error}"))
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
            Self::Manager { .. } => "manager",
            Self::Locked { .. } => "locked",
            Self::NotWaiting => "not_waiting",
            Self::TryAgain => "try_again",
            Self::Exposed(_) => "exposed",
            Self::NotNow(_) => "not_now",
            Self::Call(_) => "call",
            Self::Peer(_) => "peer",
            Self::Judged(_) => "invalid_message",
            Self::Credentials(_) => "wrong_credentials",
            Self::Interrupted(_) => "interrupted",
            Self::Invalid(_) => "invalid",
            Self::Usage(_) => "usage",
        }
    }

    /// The error as the one line that is printed: no control character, whatever a peer or a
    /// file put into it.
    pub fn line(&self) -> String {
        clean(&plain(self))
    }
}

/// Why a file is not read or written, in the same words wherever it is found.
fn in_words(error: &io::Error) -> String {
    let words = match error.kind() {
        io::ErrorKind::NotFound => "no such file or folder",
        io::ErrorKind::IsADirectory => "it is a folder",
        io::ErrorKind::NotADirectory => "a part of its path is no folder",
        io::ErrorKind::AlreadyExists => "something is there already",
        io::ErrorKind::BrokenPipe => "nobody reads it any more",
        _ => return plain(error),
    };
    words.to_owned()
}

/// What `error` says, without the numbers that the system's errors have.
pub(crate) fn plain(error: &impl fmt::Display) -> String {
    let text = error.to_string();
    let mut pieces = text.split(" (os error ");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |said, piece| said + piece.split_once(')').map_or("", |(_, rest)| rest))
}

/// The library's result.
pub type Result<T> = std::result::Result<T, Error>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_errors_are_told_without_their_numbers() {
        let told = |number| {
            let error = io::Error::from_raw_os_error(number);
            Error::read(Path::new("f"), error).line()
        };
        assert_eq!(told(2), "cannot read f: no such file or folder");
        assert_eq!(told(13), "cannot read f: Permission denied");
        let twice = io::Error::other(format!(
            "a: {}; b: {}",
            io::Error::from_raw_os_error(13),
            io::Error::from_raw_os_error(98)
        ));
        assert_eq!(plain(&twice), "a: Permission denied; b: Address already in use");
        let closed = Error::Output(io::ErrorKind::BrokenPipe.into()).line();
        assert_eq!(closed, "cannot write to standard output: nobody reads it any more");
    }
}
