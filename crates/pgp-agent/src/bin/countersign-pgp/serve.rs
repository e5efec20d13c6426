//! `serve`: the keys at a socket, until a signal or the end of standard input.

use crate::failure::Failure;
use pgp_agent::{Agent, Store};
use sma_socket::Ends;
use std::path::Path;
use std::sync::Arc;
use tokio::runtime;

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
    let ends = Ends::watch(exit_with_stdin)?;
    let agent = Arc::new(agent);
    Ok(ends.offer(socket, agent.clone(), Some(agent)).await?)
}
