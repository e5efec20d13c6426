//! `serve`: GnuPG's keys at a socket, until a signal or the end of standard input.

use crate::arguments::Serve;
use gpg_app::{Gpg, Missing};
use sma_socket::{BindError, Listener};
use std::io::{self, Read as _, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use thiserror::Error;
use tokio::runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

/// Why the program ends with an error: one line each.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Bind(#[from] BindError),
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
    // Before the socket is there: from then on a signal must remove it.
    let terminate = signal(SignalKind::terminate())?;
    let interrupt = signal(SignalKind::interrupt())?;
    // GnuPG would make an empty one.
    if let Some(home) = arguments.keys.as_ref().filter(|home| !home.is_dir()) {
        return Err(Failure::NoHome(home.clone()));
    }
    let application = Gpg::open(arguments.gpg, arguments.keys).await?;
    let listener = Listener::bind(&arguments.socket)?;
    let mut output = io::stdout();
    writeln!(output, "ready")?;
    output.flush()?;
    let shutdown = shutdown(terminate, interrupt, arguments.exit_with_stdin);
    sma_socket::serve(listener, Arc::new(application), None, shutdown).await;
    Ok(())
}

async fn shutdown(mut terminate: Signal, mut interrupt: Signal, exit_with_stdin: bool) {
    let (closed, stdin) = oneshot::channel();
    // Held until the end where nobody watches standard input.
    let mut closed = Some(closed);
    if let Some(closed) = closed.take_if(|_| exit_with_stdin) {
        // A thread and not a task: it may stand in `read` when the process ends.
        std::thread::spawn(move || {
            let mut octets = [0; 64];
            while matches!(io::stdin().read(&mut octets), Ok(1..)) {}
            let _ = closed.send(());
        });
    }
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        _ = stdin => {}
    }
}
