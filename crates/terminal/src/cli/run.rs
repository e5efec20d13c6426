//! From arguments to a command to an exit status.

use super::args::{Cli, Command};
#[cfg(feature = "devices")]
use super::devices;
use super::global;
use super::hardening::protect_memory;
use super::json::Object;
#[cfg(feature = "pgp")]
use super::keys;
use super::output::Output;
#[cfg(feature = "watch")]
use super::watch;
#[cfg(feature = "digest")]
use super::{auth, demo, explain};
use super::{call, init, inspect, listen, manual, message, options, register};
use crate::error::{Error, Result};
use std::ffi::OsString;
use std::future::Future;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;
use tracing_subscriber::filter::{EnvFilter, LevelFilter};

/// Status for wrong usage, which clap uses, too.
const USAGE: u8 = 2;

/// Runs the command that `arguments` (with the program's name first) say.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let cli = match global::parse(&arguments) {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => return misused(&error, &arguments),
        Err(help) => return ended(print(&help), Output::new(false)),
    };
    log_to_stderr(cli.global.verbose);
    let out = Output::new(cli.global.json);
    ended(protect_memory().and_then(|()| dispatch(cli, out)), out)
}

/// The exit status of arguments that are wrong, that having been told.
fn misused(error: &clap::Error, arguments: &[OsString]) -> ExitCode {
    if arguments.iter().any(|argument| argument == "--json") {
        let text = error.to_string();
        let line = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
        // What cannot be said here is said on standard error.
        drop(Output::new(true).object(Object::error(&Error::Usage(line.to_owned()))));
    }
    // Nothing can be said of a standard error that takes nothing.
    drop(error.print());
    ExitCode::from(USAGE)
}

/// Prints help or the version, which clap has as an error, on standard output.
fn print(help: &clap::Error) -> Result<()> {
    help.print().and_then(|()| io::stdout().flush()).map_err(Error::Output)
}

/// The exit status of a command, its error having been told: to programs on standard output too.
fn ended(done: Result<()>, out: Output) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let line = error.line();
            if out.is_json() {
                drop(out.object(Object::error(&error)));
            }
            drop(writeln!(io::stderr(), "countersign: {line}"));
            let usage = matches!(error, Error::Usage(_));
            if usage { ExitCode::from(USAGE) } else { ExitCode::FAILURE }
        }
    }
}

fn dispatch(cli: Cli, out: Output) -> Result<()> {
    let Cli { global, command } = cli;
    match command {
        #[cfg(feature = "digest")]
        Command::Demo(demo) => in_runtime(demo::run(demo, out)),
        Command::Init(arguments) => init::run(&global, arguments, out),
        Command::Call(arguments) => in_runtime(call::run(&global, arguments, out)),
        Command::Listen(arguments) => in_runtime(listen::run(&global, arguments, out)),
        Command::Register => in_runtime(register::run(&global, out)),
        Command::Message(arguments) => in_runtime(message::run(&global, arguments, out)),
        Command::Options(arguments) => in_runtime(options::run(&global, arguments, out)),
        #[cfg(feature = "watch")]
        Command::Watch(arguments) => in_runtime(watch::run(&global, arguments, out)),
        #[cfg(feature = "devices")]
        Command::Devices => devices::run(out),
        Command::Inspect(arguments) => inspect::run(&arguments, out),
        #[cfg(feature = "digest")]
        Command::Explain(arguments) => in_runtime(explain::run(arguments, out)),
        #[cfg(feature = "digest")]
        Command::Auth(arguments) => in_runtime(auth::run(arguments, out)),
        #[cfg(feature = "pgp")]
        Command::Keys(command) => in_runtime(keys::run(&global, command, out)),
        Command::Completions { shell } => manual::completions(shell, out),
        Command::Man { folder } => manual::man(&folder, out),
    }
}

/// Runs `command` on a runtime of its own, which takes its tasks and processes with it.
///
/// One thread does for a terminal, and keeps two of them in one process in one order: what is
/// sent is recorded before it is received.
fn in_runtime(command: impl Future<Output = Result<()>>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::invalid(format!("no runtime: {error}")))?;
    let done = runtime.block_on(command);
    runtime.shutdown_timeout(Duration::from_secs(1));
    done
}

fn log_to_stderr(verbose: u8) {
    let level = match verbose {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        _ => LevelFilter::DEBUG,
    };
    // What the resolver's library does is told in words of our own; those of ICE tell of every message,
    // and of passwords.
    let others = "hickory_net=off,hickory_proto=off,hickory_resolver=off,\
                  rice_proto=off,stun_proto=off,stun_types=off,turn_client_proto=off,turn_types=off";
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(format!("{level},{others}")))
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_target(false);
    // A second command in one process (a test) keeps the first one's subscriber.
    drop(match verbose {
        0 | 1 => subscriber.without_time().try_init(),
        _ => subscriber.try_init(),
    });
}
