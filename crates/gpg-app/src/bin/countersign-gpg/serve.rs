//! `serve`: GnuPG's keys at a socket, until a signal or the end of standard input.

use crate::arguments::Serve;
use gpg_app::{Gpg, Missing};
use sma_socket::{Ends, OfferError};
use std::io;
use std::path::PathBuf;
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
    #[error("{0}")]
    System(#[from] io::Error),
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
    Ok(ends.offer(&arguments.socket, Arc::new(application), None).await?)
}
