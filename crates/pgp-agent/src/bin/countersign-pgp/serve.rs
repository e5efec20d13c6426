//! `serve`: the keys at a socket, until a signal or the end of standard input.

use crate::arguments::Serve;
use crate::failure::Failure;
use pgp_agent::{Agent, Store};
use sma_socket::{Ends, Sandbox};
use std::sync::Arc;
use tokio::runtime;

/// Threads for the sockets; the cryptography runs on threads of its own.
const WORKERS: usize = 2;

/// The keys are open by now; all else that serving does is done within the sandbox.
pub(crate) fn serve(store: Store, serve: &Serve) -> Result<(), Failure> {
    let sandbox = Sandbox::of_keys(&serve.folder.keys, &serve.socket, serve.require_sandbox);
    let runtime =
        runtime::Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build()?;
    let outcome = runtime.block_on(listen(Agent::new(store), serve, sandbox));
    runtime.shutdown_background();
    outcome
}

async fn listen(agent: Agent, serve: &Serve, sandbox: Sandbox) -> Result<(), Failure> {
    let ends = Ends::watch(serve.exit_with_stdin)?;
    let agent = Arc::new(agent);
    Ok(ends.offer(&serve.socket, agent.clone(), Some(agent), sandbox).await?)
}
