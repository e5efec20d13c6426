//! Why the program ends with an error: one line each.

use sma_socket::NoSandbox;
use std::io;
use std::process::ExitCode;
use thiserror::Error;

#[derive(Debug, Error)]
pub(crate) enum Failure {
    #[error(
        "standard {0} is no connection; expected a Unix socket: the terminal starts this program by \
         itself (see `countersign-sec serve --help`)"
    )]
    NoConnection(&'static str),
    #[error(transparent)]
    Sandbox(#[from] NoSandbox),
    #[error(
        "the terminal says what is not understood, or stands still in the middle of it; both programs \
         must be of one version"
    )]
    Terminal,
    #[error("{0}")]
    System(#[from] io::Error),
}

impl Failure {
    /// 2 for wrong usage, 4 without the sandbox that is required, 1 for everything else.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::NoConnection(_) => ExitCode::from(2),
            Self::Sandbox(_) => ExitCode::from(4),
            Self::Terminal | Self::System(_) => ExitCode::FAILURE,
        }
    }
}
