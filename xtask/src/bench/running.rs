//! The programs that are measured from outside.

use crate::command::Failure;
use crate::status::status;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

/// A program that says where it is reached before it goes on; it ends with this value.
pub(super) struct Running {
    child: Child,
    name: String,
    address: String,
}

impl Running {
    /// Starts it.
    ///
    /// # Errors
    /// It cannot be run, or does not say where it is reached.
    pub(super) fn start(command: &mut Command) -> Result<Self, Failure> {
        let name = format!("{command:?}");
        let started = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let mut child = started.map_err(|why| format!("cannot run {name}: {why}"))?;
        let mut address = String::new();
        let read = child.stdout.take().map(|out| BufReader::new(out).read_line(&mut address));
        let running = Self { child, name, address: address.trim().to_owned() };
        match read {
            Some(Ok(length)) if length > 0 => Ok(running),
            _ => Err(format!("{} did not say where it is reached", running.name)),
        }
    }

    /// Where it is reached.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Octets of memory that it has: its resident set.
    ///
    /// # Errors
    /// The system does not tell.
    pub(super) fn memory(&self) -> Result<u64, Failure> {
        status(self.child.id(), "VmRSS:").map(|kibibytes| 1024 * kibibytes)
    }

    /// Waits until it has ended by itself.
    ///
    /// # Errors
    /// It failed.
    pub(super) fn ends(mut self) -> Result<(), Failure> {
        match self.child.wait() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(format!("{} ended with {status}", self.name)),
            Err(why) => Err(format!("{}: {why}", self.name)),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended, or its counterpart failed and nobody will end it.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
