//! Which program is the security manager's.

use crate::agent::installed;
use crate::config::Config;
use crate::error::{Error, Result};
use std::path::PathBuf;

/// The name of the program.
const NAME: &str = "countersign-sec";

/// How to start the security manager's process.
#[derive(Clone, Debug)]
pub struct Program {
    /// The executable.
    pub executable: PathBuf,
    /// Whether it may not run outside its sandbox.
    pub require_sandbox: bool,
}

impl Program {
    /// `countersign-sec` beside our own executable, or on the `PATH`.
    ///
    /// # Errors
    /// There is none: this flavour makes no call without.
    pub fn find(config: &Config) -> Result<Self> {
        let executable = installed(NAME).ok_or_else(|| Error::Manager {
            reason: format!("{NAME} is not there"),
            advice: "install it beside countersign, or take another flavour",
        })?;
        let require_sandbox = config.agent.as_ref().is_some_and(|agent| agent.require_sandbox);
        Ok(Self { executable, require_sandbox })
    }
}
