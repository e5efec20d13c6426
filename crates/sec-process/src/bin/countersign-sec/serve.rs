//! `serve`: the manager behind the connections that are there, until the terminal closes its own.
//!
//! ```text
//!   main thread   files closed ─▶ threads ─▶ calls given up ─▶ manager ─▶ signals, one after the other
//!   one worker    what is pending: prompts, the security application, deadlines
//! ```

use crate::arguments::Serve;
use crate::failure::Failure;
use crate::platform::System;
use sec_manager::{Bearer, Digest, Pgp, SecurityManager};
use sec_process::interfaces;
use sec_socket::{Server, Spawn, Task};
use sma_socket::{Client, Sandbox};
use std::io::{self, Write as _};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use tokio::runtime::{self, Handle, Runtime};

/// Bytes of stack of the worker: a hybrid key exchange takes some.
const STACK: usize = 2 * 1024 * 1024;

pub(crate) fn serve(arguments: &Serve) -> Result<(), Failure> {
    let terminal = Server::over(connection(io::stdin(), "input")?)?;
    let application = match arguments.without_application {
        true => None,
        false => Some(connection(io::stdout(), "output")?),
    };
    let sandbox = Sandbox::of_connections("the security manager", arguments.require_sandbox);
    let runtime = runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_stack_size(STACK)
        .enable_all()
        .build()?;
    let outcome = within(&runtime, terminal, application, sandbox);
    runtime.shutdown_background();
    outcome
}

fn within(
    runtime: &Runtime, terminal: Server, application: Option<UnixStream>, sandbox: Sandbox,
) -> Result<(), Failure> {
    let handle = runtime.handle().clone();
    let pgp = application.map(|stream| asked(&handle, stream)).transpose()?;
    if let Some(warning) = sandbox.close()? {
        writeln!(io::stderr(), "warning: {warning}")?;
    }
    let builder =
        SecurityManager::builder(Arc::new(System(handle.clone()))).digest(Digest).bearer(Bearer);
    let builder = match pgp {
        Some(client) => builder.pgp(Pgp::new(Arc::new(client))),
        None => builder,
    };
    let spawn: Spawn = Arc::new(move |task: Task| drop(handle.spawn(task)));
    let served = terminal.serve(spawn, |application| {
        builder.application(application).build().map(interfaces).map_err(io::Error::other)
    });
    served.map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => Failure::Terminal,
        _ => Failure::System(error),
    })
}

/// The security application behind a connection.
fn asked(handle: &Handle, stream: UnixStream) -> io::Result<Client> {
    stream.set_nonblocking(true)?;
    let _within = handle.enter();
    Client::over(tokio::net::UnixStream::from_std(stream)?)
}

/// The connection that a standard stream is.
fn connection(stream: impl AsFd, name: &'static str) -> Result<UnixStream, Failure> {
    let stream = UnixStream::from(stream.as_fd().try_clone_to_owned()?);
    match stream.peer_addr() {
        Ok(_) => Ok(stream),
        Err(_) => Err(Failure::NoConnection(name)),
    }
}
