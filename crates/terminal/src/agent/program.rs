//! Which program to start, and with what.

use super::passphrase::Passphrase;
use crate::config::Config;
use crate::error::{Error, Result};
use std::path::{Path, PathBuf};

/// The name of the program.
const NAME: &str = "countersign-pgp";

/// How to start the security application.
#[derive(Debug)]
pub struct Program {
    /// The executable.
    pub executable: PathBuf,
    /// Its key folder.
    pub keys: PathBuf,
    /// Its socket.
    pub socket: PathBuf,
    /// What opens its private keys.
    pub passphrase: Passphrase,
    /// Whether it may not run outside its sandbox.
    pub require_sandbox: bool,
}

impl Program {
    /// The program that `config` names, or `countersign-pgp` beside our own executable, or on the
    /// `PATH`.
    ///
    /// # Errors
    /// There is none.
    pub fn find(config: &Config) -> Result<Self> {
        let agent = config.agent.clone().unwrap_or_default();
        let executable = match &agent.command {
            Some(command) if command.components().count() > 1 => {
                existing(config.at(command)).ok_or_else(|| missing(command))?
            }
            Some(command) => on_path(command).ok_or_else(|| missing(command))?,
            None => installed(NAME).ok_or_else(|| missing(Path::new(NAME)))?,
        };
        Ok(Self {
            executable,
            keys: config.agent_keys(),
            socket: config.agent_socket(),
            passphrase: match agent.passphrase_file {
                Some(file) => Passphrase::File(config.at(&file)),
                None => Passphrase::None,
            },
            require_sandbox: agent.require_sandbox,
        })
    }
}

/// A program beside our own executable, or on the `PATH`.
pub(crate) fn installed(name: &str) -> Option<PathBuf> {
    beside_us(name).or_else(|| on_path(Path::new(name)))
}

fn beside_us(name: &str) -> Option<PathBuf> {
    let own = std::env::current_exe().ok()?;
    existing(own.with_file_name(name))
}

fn on_path(name: &Path) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).find_map(|folder| existing(folder.join(name)))
}

fn existing(path: PathBuf) -> Option<PathBuf> {
    path.is_file().then_some(path)
}

fn missing(program: &Path) -> Error {
    Error::Agent {
        reason: format!("{} is not there", program.display()),
        advice: "install it beside countersign, or name it in the configuration under [agent] command",
    }
}
