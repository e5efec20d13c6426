//! The commands, and what they print.

use crate::arguments::{Arguments, Command, Output};
use crate::failure::Failure;
use crate::passphrase::{Ask, protection};
use crate::serve::serve;
use clap::CommandFactory as _;
use pgp_agent::{Agent, Protection, Store};
use serde_json::json;
use sma::{Fingerprint, Key, KeyAdministration as _, MAX_OCTETS};
use sma_socket::manual;
use std::fs::{DirBuilder, File};
use std::future::Future;
use std::io::{self, Read, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

pub(crate) fn run(arguments: Arguments) -> Result<(), Failure> {
    match arguments.command {
        Command::Serve(arguments) => {
            let protection = match arguments.locked {
                true => Protection::Closed,
                false => protection(&arguments.secret, Ask::Once)?,
            };
            serve(Store::open(&arguments.folder.keys, protection)?, &arguments)
        }
        Command::Generate { folder, secret, user_id, output } => {
            make_folder(&folder.keys)?;
            let mut store = Store::open(&folder.keys, protection(&secret, Ask::Twice)?)?;
            let key = store.generate(&user_id)?;
            print_keys(&[key], &output)
        }
        Command::List { folder, output } => {
            let store = Store::open(&folder.keys, Protection::Closed)?;
            print_keys(&store.keys(), &output)
        }
        Command::Import { folder, file, output } => {
            let agent = Agent::new(Store::open(&folder.keys, Protection::Closed)?);
            let octets = read(&file)?;
            let keys = now(agent.import(octets), &file.display().to_string())?;
            print_keys(&keys, &output)
        }
        Command::Export { folder, fingerprint, output } => {
            let agent = Agent::new(Store::open(&folder.keys, Protection::Closed)?);
            export(&agent, &fingerprint, &output)
        }
        Command::Completions { shell } => Ok(manual::completions(Arguments::command(), shell)?),
        Command::Man { folder } => manual::man(Arguments::command(), &folder)
            .map_err(|error| Failure::File { path: folder, error }),
    }
}

fn export(agent: &Agent, text: &str, output: &Output) -> Result<(), Failure> {
    let fingerprint =
        Fingerprint::parse(text).ok_or_else(|| Failure::Fingerprint(text.to_owned()))?;
    let key = now(agent.export(fingerprint.clone()), text)?;
    let key = match output.json {
        true => format!("{}\n", json!({ "fingerprint": fingerprint.as_str(), "key": key })),
        false => key,
    };
    io::stdout().write_all(key.as_bytes())?;
    Ok(())
}

fn print_keys(keys: &[Key], output: &Output) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    for key in keys {
        match output.json {
            true => writeln!(
                out,
                "{}",
                json!({
                    "fingerprint": key.fingerprint.as_str(),
                    "user_ids": key.user_ids,
                    "secret": key.secret,
                })
            )?,
            false => {
                let whose = if key.secret { "own" } else { "public" };
                // A user id is another's text: nothing in it may steer the terminal.
                let user_ids: Vec<_> =
                    key.user_ids.iter().map(|id| id.escape_debug().to_string()).collect();
                writeln!(out, "{}  {whose:6}  {}", key.fingerprint, user_ids.join(", "))?;
            }
        }
    }
    Ok(())
}

fn make_folder(path: &Path) -> Result<(), Failure> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(Failure::File { path: path.to_owned(), error })
        }
        _ => Ok(()),
    }
}

/// The file, or a little more than is allowed of it.
fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let source: io::Result<Box<dyn Read>> = match path == Path::new("-") {
        true => Ok(Box::new(io::stdin())),
        false => File::open(path).map(|file| Box::new(file) as Box<dyn Read>),
    };
    let mut octets = Vec::new();
    source
        .and_then(|source| source.take(MAX_OCTETS as u64 + 1).read_to_end(&mut octets))
        .map_err(|error| Failure::File { path: path.to_owned(), error })?;
    Ok(octets)
}

/// Runs one question to its end; `what` it is about names it in an error.
fn now<T>(question: impl Future<Output = Result<T, sma::Error>>, what: &str) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime
        .block_on(question)
        .map_err(|error| Failure::Application { what: what.to_owned(), error })
}
