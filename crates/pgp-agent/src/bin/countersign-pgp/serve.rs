//! `serve`: the keys at a socket, until a signal or the end of standard input.

use crate::failure::Failure;
use pgp_agent::{Agent, Store};
use sma_socket::Listener;
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;
use tokio::runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

/// Threads for the sockets; the cryptography runs on threads of its own.
const WORKERS: usize = 2;

pub(crate) fn serve(store: Store, socket: &Path, exit_with_stdin: bool) -> Result<(), Failure> {
    let runtime =
        runtime::Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build()?;
    let outcome = runtime.block_on(listen(Agent::new(store), socket, exit_with_stdin));
    runtime.shutdown_background();
    outcome
}

async fn listen(agent: Agent, socket: &Path, exit_with_stdin: bool) -> Result<(), Failure> {
    // Before the socket is there: from then on a signal must remove it.
    let terminate = signal(SignalKind::terminate())?;
    let interrupt = signal(SignalKind::interrupt())?;
    let listener = Listener::bind(socket)?;
    let mut output = io::stdout();
    writeln!(output, "ready")?;
    output.flush()?;
    let agent = Arc::new(agent);
    let shutdown = shutdown(terminate, interrupt, exit_with_stdin);
    sma_socket::serve(listener, agent.clone(), Some(agent), shutdown).await;
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
