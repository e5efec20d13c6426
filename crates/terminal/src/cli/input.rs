//! Where commands come from while calls go on: the person at a terminal, or the program at the other
//! end of standard input.

use super::command::LONGEST;
use super::person::Person;
use rustix::fs::{FileType, fstat};
use rustix::stdio::stdin;
use std::io::{self, BufRead as _, Read as _};
use tokio::sync::mpsc::{Receiver, Sender, UnboundedReceiver, channel};

/// Lines of a program that wait at most; it is not read faster than it is obeyed.
const AHEAD: usize = 16;

/// Where lines come from.
pub(super) enum Input {
    /// What a person types that answers no question.
    Person(UnboundedReceiver<Vec<u8>>),
    /// What a program writes.
    Program(Receiver<Vec<u8>>),
    /// There are none, or no more.
    Nobody,
}

impl Input {
    /// Reads standard input from now on, for the person if there is one.
    pub(super) fn open(person: Option<&Person>) -> Self {
        match person {
            Some(person) => Self::Person(person.commands()),
            None if is_program() => Self::Program(read()),
            None => Self::Nobody,
        }
    }

    /// The same, unless `--audio` says that an agent has standard input.
    pub(super) fn beside(person: Option<&Person>, audio: Option<&str>) -> Self {
        if audio == Some("stdio") { Self::Nobody } else { Self::open(person) }
    }

    /// The next line; `None` once where there are no more. Cancel-safe.
    pub(super) async fn line(&mut self) -> Option<Vec<u8>> {
        let line = match self {
            Self::Person(lines) => lines.recv().await,
            Self::Program(lines) => lines.recv().await,
            Self::Nobody => return std::future::pending().await,
        };
        if line.is_none() {
            *self = Self::Nobody;
        }
        line
    }

    /// Whether lines may still come.
    pub(super) const fn is_open(&self) -> bool {
        !matches!(self, Self::Nobody)
    }
}

/// Whether standard input is a pipe, a socket or a file, and not a terminal, /dev/null or closed.
pub(super) fn is_program() -> bool {
    let kind = fstat(stdin()).map(|stat| FileType::from_raw_mode(stat.st_mode));
    matches!(kind, Ok(FileType::Fifo | FileType::Socket | FileType::RegularFile))
}

/// Reads standard input until its end. It cannot be cancelled: the thread ends with the process.
fn read() -> Receiver<Vec<u8>> {
    let (sender, lines) = channel(AHEAD);
    std::thread::spawn(move || hand_over(io::stdin().lock(), &sender));
    lines
}

/// Hands lines over, each with one byte too many at most.
fn hand_over(mut input: impl io::BufRead, sender: &Sender<Vec<u8>>) {
    loop {
        let mut line = Vec::new();
        let read = input.by_ref().take(LONGEST as u64 + 1).read_until(b'\n', &mut line);
        if matches!(read, Ok(0) | Err(_)) {
            return;
        }
        // Of one that is too long, the rest is no line of its own.
        if line.len() > LONGEST && line.last() != Some(&b'\n') && input.skip_until(b'\n').is_err() {
            return;
        }
        if sender.blocking_send(line).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_handed_over_to_the_last_and_no_longer_than_may_be() {
        let long = [vec![b'x'; 3 * LONGEST], b"\nhelp".to_vec()].concat();
        let (sender, mut lines) = channel(AHEAD);
        hand_over(&[b"calls\n\n", &long[..]].concat()[..], &sender);
        drop(sender);
        let mut read = Vec::new();
        while let Some(line) = lines.blocking_recv() {
            read.push(line);
        }
        assert_eq!(read.len(), 4);
        assert_eq!((&read[0][..], &read[1][..]), (&b"calls\n"[..], &b"\n"[..]));
        assert_eq!((read[2].len(), &read[3][..]), (LONGEST + 1, &b"help"[..]));
    }
}
