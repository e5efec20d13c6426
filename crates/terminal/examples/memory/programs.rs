//! The programs under test, as anybody starts them: `countersign` with its configuration, and the
//! `countersign-pgp` that it starts.

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::error::Error;
use std::fs;
use std::io::{BufRead as _, BufReader, Lines};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

/// What fails ends the program.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// A terminal's folder.
pub(crate) struct Home {
    pub(crate) folder: PathBuf,
    program: PathBuf,
}

impl Home {
    /// A new folder, written by `countersign init` with these arguments.
    pub(crate) fn new(program: &Path, folder: PathBuf, arguments: &[&str]) -> Result<Self> {
        let made = Command::new(program).arg("init").arg(&folder).args(arguments).output()?;
        match made.status.success() {
            true => Ok(Self { folder, program: program.to_owned() }),
            false => Err(String::from_utf8_lossy(&made.stderr).into()),
        }
    }

    /// Writes a file that is its owner's alone.
    pub(crate) fn secret(&self, name: &str, text: &str) -> Result<()> {
        let mut options = fs::OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600).open(self.folder.join(name))?;
        Ok(std::io::Write::write_all(&mut &file, text.as_bytes())?)
    }

    /// Changes the configuration.
    pub(crate) fn configure(&self, change: impl FnOnce(String) -> String) -> Result<()> {
        let path = self.folder.join("config.toml");
        let changed = change(fs::read_to_string(&path)?);
        Ok(fs::write(path, changed)?)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("--config").arg(self.folder.join("config.toml")).args(arguments);
        command.arg("--json").stdin(Stdio::null()).stdout(Stdio::piped());
        command
    }

    /// Runs a command to its end, and returns the objects that it printed.
    pub(crate) fn does(&self, arguments: &[&str]) -> Result<Vec<Value>> {
        let output = self.command(arguments).output()?;
        if !output.status.success() {
            return Err(format!("{arguments:?}: {}", output.status).into());
        }
        let text = String::from_utf8(output.stdout)?;
        Ok(text.lines().map(serde_json::from_str).collect::<serde_json::Result<_>>()?)
    }

    /// Starts a command that goes on.
    pub(crate) fn starts(&self, arguments: &[&str]) -> Result<Running> {
        let mut child = self.command(arguments).spawn()?;
        let lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
        Ok(Running { child, lines })
    }
}

/// A command that runs; it ends with this.
pub(crate) struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    /// Waits for an object whose `event` is this.
    pub(crate) fn waits_for(&mut self, event: &str) -> Result<Value> {
        for line in self.lines.by_ref() {
            let object: Value = serde_json::from_str(&line?)?;
            if object["event"] == event {
                return Ok(object);
            }
        }
        Err(format!("it ended without `{event}`").into())
    }

    /// Its number.
    pub(crate) fn pid(&self) -> String {
        self.child.id().to_string()
    }

    /// The number of the security application that it started.
    pub(crate) fn application(&self) -> Result<String> {
        let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", self.pid()))?;
        Ok(children.split_whitespace().next().ok_or("it has no security application")?.to_owned())
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) -> Result<()> {
        Ok(kill_process(Pid::from_child(&self.child), signal)?)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Its security application ends with it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A security application of our own, which has the private keys of several terminals.
pub(crate) struct Observer {
    child: Child,
    pub(crate) socket: PathBuf,
}

impl Observer {
    /// Starts it over the keys of these terminals, all under one passphrase.
    pub(crate) fn start(program: &Path, folder: &Path, homes: &[&Home]) -> Result<Self> {
        fs::create_dir(folder)?;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
        let files = homes.iter().map(|home| fs::read_dir(home.folder.join("pgp")));
        for file in files.collect::<std::io::Result<Vec<_>>>()?.into_iter().flatten() {
            let file = file?;
            if file.file_name().to_string_lossy().ends_with(".sec.asc") {
                fs::copy(file.path(), folder.join(file.file_name()))?;
            }
        }
        let socket = folder.join("socket");
        let mut command = Command::new(program);
        command.arg("serve").arg("--keys").arg(folder).arg("--socket").arg(&socket);
        let passphrase = homes.first().map(|home| home.folder.join("passphrase"));
        command.arg("--passphrase-file").arg(passphrase.ok_or("nobody's keys")?);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let ready = BufReader::new(child.stdout.take().ok_or("no output")?).lines().next();
        let observer = Self { child, socket };
        match ready.transpose()?.as_deref() {
            Some("ready") => Ok(observer),
            _ => Err("the observer is not ready".into()),
        }
    }
}

impl Drop for Observer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
