//! Why the program ends with an error: one line each.

use pgp_agent::StoreError;
use sma_socket::OfferError;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use thiserror::Error;

#[derive(Debug, Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Offer(#[from] OfferError),
    #[error("{what}: {error}")]
    Application { what: String, error: sma::Error },
    #[error("{}: {}", .path.display(), in_words(.error))]
    File { path: PathBuf, error: io::Error },
    #[error("{0}: not a full fingerprint of 40 or 64 hexadecimal digits")]
    Fingerprint(String),
    #[error("the passphrase is empty")]
    EmptyPassphrase,
    #[error("the two passphrases differ")]
    Mistyped,
    #[error("no passphrase: give --passphrase-file, --passphrase-fd or --no-passphrase")]
    NoPassphrase,
    #[error("{0}")]
    System(io::Error),
}

impl Failure {
    /// The failure in one line, without the numbers that the system's errors have.
    pub(crate) fn line(&self) -> String {
        let text = self.to_string();
        let mut pieces = text.split(" (os error ");
        let first = pieces.next().unwrap_or_default().to_owned();
        pieces.fold(first, |said, piece| said + piece.split_once(')').map_or("", |(_, rest)| rest))
    }

    /// 2 for wrong usage, 3 where a passphrase is needed or wrong, 4 without the sandbox that is
    /// required, 1 for everything else.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Store(StoreError::Protected(_) | StoreError::WrongPassphrase(_)) => {
                ExitCode::from(3)
            }
            Self::Offer(OfferError::Sandbox(_)) => ExitCode::from(4),
            Self::NoPassphrase | Self::Fingerprint(_) => ExitCode::from(2),
            _ => ExitCode::FAILURE,
        }
    }
}

/// Why a file is not read or written.
fn in_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file or folder".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        _ => error.to_string(),
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}
