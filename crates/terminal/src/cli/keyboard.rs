//! The terminal that a person types at: what is written to it, and the lines that come from it.

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::getpgrp;
use rustix::stdio::stdin;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::time::Duration;
use tokio::sync::mpsc;

/// Longest line that is read, in bytes; more is another line.
const LONGEST: usize = 1_024;

/// How often a terminal that another process reads is looked at.
const BACKGROUND: Duration = Duration::from_millis(200);

/// Questions go to standard error: standard output is for what a command says.
pub(super) fn say(text: &str) {
    let mut out = io::stderr().lock();
    drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
}

/// Whether the terminal may be read: it is nobody else's, or does not control this process.
pub(super) fn in_foreground() -> bool {
    tcgetpgrp(stdin()).map_or(true, |group| group == getpgrp())
}

/// The lines that are typed from now on; a terminal hands them over one at a time.
pub(super) fn typed() -> mpsc::UnboundedReceiver<Vec<u8>> {
    let (sender, receiver) = mpsc::unbounded_channel();
    // Reading a terminal cannot be cancelled: the thread ends with the process.
    std::thread::spawn(move || {
        // Unbuffered, so that no copy of a secret stays behind.
        let Ok(mut input) = io::stdin().as_fd().try_clone_to_owned().map(File::from) else {
            return;
        };
        let mut buffer = [0; LONGEST];
        while let Some(read) = read_line(&mut input, &mut buffer) {
            let line = buffer.get(..read).unwrap_or_default();
            // Blanks at its end may be of a secret.
            let length = line.iter().rposition(|octet| !matches!(octet, b'\r' | b'\n'));
            let line = line.get(..length.map_or(0, |last| last + 1)).unwrap_or_default().to_vec();
            buffer.fill(0);
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// Reads a line once there is one and the terminal may be read; the end of a file that was typed
/// (Ctrl-D) is an empty one. `None`: the terminal is gone.
fn read_line(input: &mut File, buffer: &mut [u8]) -> Option<usize> {
    loop {
        let mut ready = [PollFd::new(input, PollFlags::IN)];
        match poll(&mut ready, None) {
            Err(Errno::INTR) => continue,
            Err(_) => return None,
            Ok(_) => {}
        }
        let [ready] = ready;
        if ready.revents().intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
            return None;
        }
        if in_foreground() {
            return input.read(buffer).ok();
        }
        // It is somebody else's line: to read it would stop this process.
        std::thread::sleep(BACKGROUND);
    }
}

/// While it lives, the terminal does not show what is typed.
pub(super) struct Quiet {
    /// How the terminal was, where there is one.
    before: Option<Termios>,
}

impl Quiet {
    /// `None` where the terminal cannot be kept quiet.
    pub(super) fn at_terminal() -> Option<Self> {
        let before = tcgetattr(stdin()).ok()?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        tcsetattr(stdin(), OptionalActions::Flush, &quiet).ok()?;
        Some(Self { before: Some(before) })
    }

    /// Where there is no terminal.
    #[cfg(test)]
    pub(super) const fn nowhere() -> Self {
        Self { before: None }
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // The line's end was not shown either.
        say("\n");
        if let Some(before) = &self.before {
            _ = tcsetattr(stdin(), OptionalActions::Now, before);
        }
    }
}
