//! Standard input and output as one connection.

use crate::error::{Error, Result};
use rustix::stdio::{stdin, stdout};
use std::fs::File;
use std::io::{self, IsTerminal as _, Read, Write};
use std::net::Shutdown;
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use tokio::sync::oneshot;

/// Octets that are handed over at a time.
const CHUNK: usize = 16_384;

/// The other end of standard input and output.
pub(super) struct Streams {
    pub(super) connection: tokio::net::UnixStream,
    /// Done once all is written that was to be.
    pub(super) written: oneshot::Receiver<()>,
}

impl Streams {
    /// Takes standard input and output. Reading and writing them cannot be cancelled: the threads that
    /// do end with the process.
    ///
    /// # Errors
    /// One of them is a terminal, or what the system says.
    pub(super) fn take() -> Result<Self> {
        if io::stdin().is_terminal() || io::stdout().is_terminal() {
            return Err(Error::Usage(
                "--audio stdio is for a program that starts countersign and holds both ends: \
                 standard input or output is a terminal here"
                    .to_owned(),
            ));
        }
        Self::over().map_err(|error| Error::invalid(format!("--audio stdio: {error}")))
    }

    fn over() -> io::Result<Self> {
        let (ours, theirs) = UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let connection = tokio::net::UnixStream::from_std(ours)?;
        // Unbuffered: a frame is 20 ms.
        let input = File::from(stdin().as_fd().try_clone_to_owned()?);
        let output = File::from(stdout().as_fd().try_clone_to_owned()?);
        let (tell, written) = oneshot::channel();
        let end = theirs.try_clone()?;
        std::thread::spawn(move || {
            hand_over(input, &end);
            // It may be closed already.
            _ = end.shutdown(Shutdown::Write);
        });
        std::thread::spawn(move || {
            hand_over(&theirs, output);
            // Nobody reads any more, or nothing more is written.
            _ = theirs.shutdown(Shutdown::Both);
            _ = tell.send(());
        });
        Ok(Self { connection, written })
    }
}

/// Hands over what comes, as it comes, until either end is closed.
fn hand_over(mut from: impl Read, mut to: impl Write) {
    let mut chunk = vec![0; CHUNK];
    while let Ok(count @ 1..) = from.read(&mut chunk) {
        if to.write_all(chunk.get(..count).unwrap_or_default()).is_err() {
            return;
        }
    }
}
