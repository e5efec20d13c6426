//! `serve`: GnuPG's keys at a socket, until a signal or the end of standard input.

use crate::arguments::Serve;
use gpg_app::{Gpg, Missing};
use sma::SecurityApplication as _;
use sma_socket::{Ends, OfferError, Sandbox};
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use thiserror::Error;
use tokio::runtime;

/// Why the program ends with an error: one line each.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Offer(#[from] OfferError),
    #[error(transparent)]
    Missing(#[from] Missing),
    #[error("{}: GnuPG's home folder is not there", .0.display())]
    NoHome(PathBuf),
    #[error("{}: {error}", .path.display())]
    File { path: PathBuf, error: io::Error },
    #[error("{0}")]
    System(#[from] io::Error),
}

impl Failure {
    /// 4 without the sandbox that is required, 1 for everything else.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Offer(OfferError::Sandbox(_)) => ExitCode::from(4),
            _ => ExitCode::FAILURE,
        }
    }
}

pub(crate) fn serve(arguments: Serve) -> Result<(), Failure> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = runtime.block_on(listen(arguments));
    runtime.shutdown_background();
    outcome
}

async fn listen(arguments: Serve) -> Result<(), Failure> {
    let ends = Ends::watch(arguments.exit_with_stdin)?;
    // GnuPG would make an empty one.
    if let Some(home) = arguments.keys.as_ref().filter(|home| !home.is_dir()) {
        return Err(Failure::NoHome(home.clone()));
    }
    let application = Gpg::open(arguments.gpg, arguments.keys).await?;
    // GnuPG starts gpg-agent where it does not run. That serves other programs, too, and goes on
    // after this one: it must not be in our sandbox. What is wrong with the keys shows when asked.
    drop(application.identities().await);
    let sandbox = Sandbox::of_programs(arguments.require_sandbox);
    Ok(ends.offer(&arguments.socket, Arc::new(application), None, sandbox).await?)
}
