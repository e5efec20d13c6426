//! One run of GnuPG: exact arguments, a clean environment, bounded output, and an end.

use crate::status::Status;
use command_fds::CommandFdExt as _;
use command_fds::FdMapping;
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, Signal, kill_process_group};
use sma::Error;
use std::env;
use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use thiserror::Error as ThisError;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::unix::pipe;
use tokio::process::{Child, Command};
use zeroize::Zeroizing;

/// How long one question may take, all its runs of GnuPG together: 5 s.
pub const TIME_LIMIT: Duration = Duration::from_secs(5);

/// The descriptor for status lines, which is nothing else's.
const STATUS_FD: i32 = 3;

/// What is kept of status lines, in bytes. Those of a good answer are some hundreds.
const MAX_STATUS: usize = 16 * 1024;

/// What is kept of what GnuPG says to people, in bytes.
const MAX_SAID: u64 = 4 * 1024;

/// What GnuPG is passed of our own environment.
const PASSED: [&str; 3] = ["PATH", "HOME", "GNUPGHOME"];

/// Why GnuPG cannot be used.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum Missing {
    /// There is no such program, or it does not start.
    #[error("{}: {error}; install GnuPG (Debian: apt install gnupg), or name it with --gpg", .program.display())]
    NotThere {
        /// The program.
        program: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// It is something else, or older than 2.2.
    #[error("{}: is not GnuPG 2.2 or later, which is needed", .program.display())]
    TooOld {
        /// The program.
        program: PathBuf,
    },
}

/// What every run begins with: nobody is asked, no configuration changes what is meant, and the
/// status lines have a descriptor of their own.
pub(crate) fn common() -> Vec<OsString> {
    ["--batch", "--no-tty", "--no-options", "--status-fd", "3"].map(OsString::from).to_vec()
}

/// What to run.
pub(crate) struct Job<'a> {
    /// The arguments.
    pub(crate) arguments: Vec<OsString>,
    /// What is written to its standard input.
    pub(crate) input: &'a [u8],
    /// The longest output, in bytes; one that writes more is ended.
    pub(crate) room: usize,
}

/// What a run left.
pub(crate) struct Ran {
    /// Whether its exit status was 0.
    pub(crate) success: bool,
    /// Its standard output.
    pub(crate) out: Zeroizing<Vec<u8>>,
    /// Its status lines.
    pub(crate) status: Status,
    /// The beginning of what it said to people.
    pub(crate) said: String,
}

/// The program, and whose keys it uses.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// The executable.
    pub(crate) executable: PathBuf,
    /// Its home folder; absent: the one of our own environment.
    pub(crate) home: Option<PathBuf>,
}

impl Program {
    /// Runs it to its end. Dropping the future kills it and all that it started.
    ///
    /// # Errors
    /// [`Error::Unavailable`] where it does not start, [`Error::TooLarge`] where its output does
    /// not fit, [`Error::Protocol`] where its status lines are none.
    pub(crate) async fn run(&self, job: Job<'_>) -> Result<Ran, Error> {
        let (status, theirs) = pipe_with(PipeFlags::CLOEXEC).map_err(|_| Error::Failed)?;
        let status = pipe::Receiver::from_owned_fd(status).map_err(|_| Error::Failed)?;
        let mut child = self.spawn(job.arguments, theirs)?;
        let mut group = Group(child.id().and_then(|id| Pid::from_raw(id.cast_signed())));
        let (stdin, stdout, stderr) = pipes(&mut child)?;
        let feed = async {
            let mut stdin = stdin;
            // One that does not read to the end says why, or is not believed.
            let _ = stdin.write_all(job.input).await;
            Ok(())
        };
        let ((), out, status, said) = tokio::try_join!(
            feed,
            bounded(stdout, job.room, Error::TooLarge),
            bounded(status, MAX_STATUS, Error::Protocol),
            beginning(stderr),
        )?;
        let ended = child.wait().await.map_err(|_| Error::Failed)?;
        group.0 = None;
        Ok(Ran { success: ended.success(), out, status: Status::parse(&status)?, said })
    }

    fn spawn(&self, arguments: Vec<OsString>, status: OwnedFd) -> Result<Child, Error> {
        let mut command = self.command();
        command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .fd_mappings(vec![FdMapping { parent_fd: status, child_fd: STATUS_FD }])
            .map_err(|_| Error::Failed)?;
        command.spawn().map_err(|_| Error::Unavailable)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.executable);
        command.env_clear().env("LC_ALL", "C");
        for name in PASSED {
            command.envs(env::var_os(name).map(|value| (name, value)));
        }
        command.envs(self.home.as_ref().map(|home| ("GNUPGHOME", home)));
        command
    }

    /// Checks that it is GnuPG, 2.2 or later.
    ///
    /// # Errors
    /// [`Missing`].
    pub(crate) async fn check(&self) -> Result<(), Missing> {
        let program = || self.executable.clone();
        let output = self.command().arg("--version").kill_on_drop(true).output();
        let output = tokio::time::timeout(TIME_LIMIT, output).await;
        let output = output.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        let output = output.map_err(|error| Missing::NotThere { program: program(), error })?;
        let text = String::from_utf8_lossy(&output.stdout);
        let version = text.strip_prefix("gpg (GnuPG) ").and_then(|it| it.lines().next());
        let mut numbers = version.unwrap_or_default().split('.').map(str::parse::<u32>);
        match (numbers.next(), numbers.next()) {
            (Some(Ok(2)), Some(Ok(2..))) | (Some(Ok(3..)), _) => Ok(()),
            _ => Err(Missing::TooOld { program: program() }),
        }
    }
}

type Pipes = (tokio::process::ChildStdin, tokio::process::ChildStdout, tokio::process::ChildStderr);

fn pipes(child: &mut Child) -> Result<Pipes, Error> {
    let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (Some(stdin), Some(stdout), Some(stderr)) = pipes else {
        return Err(Error::Failed);
    };
    Ok((stdin, stdout, stderr))
}

/// All that comes, at most `room` bytes.
async fn bounded(
    from: impl AsyncRead + Unpin, room: usize, else_: Error,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut octets = Zeroizing::new(Vec::with_capacity(room.min(sma::MAX_OCTETS) + 1));
    let read = from.take(room as u64 + 1).read_to_end(&mut octets).await;
    read.map_err(|_| Error::Failed)?;
    (octets.len() <= room).then_some(octets).ok_or(else_)
}

/// The first of what comes; the rest is read, so that nobody waits for a reader, and forgotten.
async fn beginning(mut from: impl AsyncRead + Unpin) -> Result<String, Error> {
    let mut octets = Vec::new();
    let read = (&mut from).take(MAX_SAID).read_to_end(&mut octets).await;
    read.map_err(|_| Error::Failed)?;
    let rest = tokio::io::copy(&mut from, &mut tokio::io::sink()).await;
    rest.map_err(|_| Error::Failed)?;
    Ok(String::from_utf8_lossy(&octets).into_owned())
}

/// A process group that is killed with its holder, while its leader has not been waited for.
/// GnuPG's own agent has left it and goes on.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.0 {
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }
}
