//! Programs that a case starts, and that end with it.

use super::waiting::{PATIENCE, until};
use crate::command::Failure;
use rustix::process::{Pid, Signal, kill_process};
use std::fs::File;
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{self, ChildStdin, Command, ExitStatus, Stdio};
use std::time::Duration;

/// A program of a case. It is ended when this is dropped, and by the kernel when this process ends.
pub(super) struct Child {
    name: String,
    process: process::Child,
    out: PathBuf,
    err: PathBuf,
}

impl Child {
    /// Starts `program` in `folder`; what it prints goes to `NAME.out` and `NAME.err` there.
    ///
    /// # Errors
    /// It cannot be started.
    pub(super) fn start(
        folder: &Path, name: &str, program: &Path, arguments: &[String],
    ) -> Result<Self, Failure> {
        let [out, err] = ["out", "err"].map(|end| folder.join(format!("{name}.{end}")));
        let file =
            |path: &Path| File::create(path).map_err(|why| format!("{}: {why}", path.display()));
        // An interrupted run drops nothing: then the kernel sends the signal.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "TERM", "--"]).arg(program).args(arguments);
        command.current_dir(folder).env("XDG_CONFIG_HOME", folder.join("no-config"));
        command.stdin(Stdio::piped()).stdout(file(&out)?).stderr(file(&err)?);
        let started = command.spawn();
        let process = started.map_err(|why| format!("cannot run {}: {why}", program.display()))?;
        Ok(Self { name: name.to_owned(), process, out, err })
    }

    /// Its number in the system.
    pub(super) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Where lines for it are written.
    pub(super) fn stdin(&mut self) -> Option<ChildStdin> {
        self.process.stdin.take()
    }

    /// All that it has printed on standard output.
    pub(super) fn out(&self) -> String {
        read(&self.out)
    }

    /// Waits until it has printed this.
    ///
    /// # Errors
    /// It has not.
    pub(super) fn has_printed(&self, text: &str) -> Result<(), Failure> {
        let missing = || format!("{} did not print `{text}`", self.name);
        until(PATIENCE, missing, || self.out().contains(text).then_some(()))
    }

    /// The same of standard error.
    pub(super) fn err(&self) -> String {
        read(&self.err)
    }

    /// The folder it runs in.
    pub(super) fn folder(&self) -> &Path {
        self.out.parent().unwrap_or(&self.out)
    }

    /// Whether it has ended, and how.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        self.process.try_wait().ok().flatten()
    }

    /// Waits until it takes TCP connections at this address.
    ///
    /// # Errors
    /// It has ended, or does not.
    pub(super) fn connects(&mut self, at: (Ipv4Addr, u16)) -> Result<TcpStream, Failure> {
        let name = self.name.clone();
        until(
            PATIENCE,
            || format!("{name} does not listen"),
            || match self.ended() {
                Some(status) => Some(Err(format!("{name} ended ({status})"))),
                None => TcpStream::connect(at).ok().map(Ok),
            },
        )?
    }

    /// Waits until it has ended by itself.
    ///
    /// # Errors
    /// It goes on.
    pub(super) fn end(&mut self, patience: Duration) -> Result<ExitStatus, Failure> {
        let name = self.name.clone();
        until(patience, || format!("{name} did not end"), || self.ended())
    }

    /// Sends what Ctrl-C sends.
    pub(super) fn interrupt(&self) {
        self.signal(Signal::INT);
    }

    fn signal(&self, signal: Signal) {
        // It may have ended meanwhile.
        let _ = kill_process(Pid::from_child(&self.process), signal);
    }
}

impl Drop for Child {
    /// Kamailio's processes end with their first, if that is asked and not killed.
    fn drop(&mut self) {
        if self.ended().is_some() {
            return;
        }
        self.signal(Signal::TERM);
        if self.end(Duration::from_secs(3)).is_err() {
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }
}

fn read(path: &Path) -> String {
    std::fs::read(path).map(|it| String::from_utf8_lossy(&it).into_owned()).unwrap_or_default()
}
