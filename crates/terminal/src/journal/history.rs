//! A journal as it is read again: its lines, and whether they are what was written.

use super::line::{Line, START, What, hash};
use crate::error::{Error, Result};
use crate::file::earlier;
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// The longest line that is read, in bytes; one that a journal writes has some hundred.
const LONGEST: u64 = 64 << 10;

/// All that is kept of a journal, oldest first.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// The lines that can be read.
    pub lines: Vec<Line>,
    /// Where it is not what was written.
    pub faults: Vec<Fault>,
    /// What is odd and can be honest.
    pub notes: Vec<Note>,
    /// The hash of the last line: kept elsewhere, it shows later that nothing was cut or changed.
    pub last: String,
}

/// Where a journal is not what was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The file.
    pub file: PathBuf,
    /// The line of the file, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub why: &'static str,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.why)
    }
}

/// What is odd about a journal and can be honest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// It begins with a later line: what was before was rotated away, or cut.
    Begins(u64),
    /// It was not closed: it is being written, its program was killed, or its end was cut.
    Open,
    /// A line ends in the middle, in this file at this line: its program was killed.
    Torn(PathBuf, usize),
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Begins(n) => {
                write!(f, "it begins with line {n}: what was before is not kept any more")
            }
            Self::Open => f.write_str(
                "it was not closed: it is being written, the terminal was killed, or its end was cut",
            ),
            Self::Torn(file, line) => {
                let file = file.display();
                write!(f, "{file}:{line}: half a line: the terminal was killed while it wrote")
            }
        }
    }
}

const NOT_WHAT_WAS_WRITTEN: &str =
    "this line does not follow the one before: one of them was changed, or lines were taken out";
const UNREADABLE: &str = "this line is none of a journal";

impl History {
    /// Reads a journal: the file, and before it `FILE.1` and what else it was rotated to.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn read(file: &Path) -> Result<Self> {
        let mut before: Vec<PathBuf> =
            (1..).map(|ago| earlier(file, ago)).take_while(|path| path.exists()).collect();
        before.reverse();
        let mut reader = Reader::default();
        for path in before.iter().map(PathBuf::as_path).chain([file]) {
            let read = File::open(path).and_then(|file| reader.read(path, file));
            read.map_err(|error| Error::read(path, error))?;
        }
        Ok(reader.end())
    }

    /// Whether a hash that was seen before is that of one of the lines.
    pub fn has(&self, seen: &str) -> bool {
        let seen = seen.to_ascii_lowercase();
        self.last == seen || self.lines.iter().any(|line| line.after == seen)
    }
}

#[derive(Default)]
struct Reader {
    history: History,
    /// The hash of the line before; nothing is known before the first.
    before: Option<String>,
    /// A line that cannot be read, if nothing but the start of another run has followed yet.
    odd: Option<(PathBuf, usize)>,
    next: u64,
}

impl Reader {
    fn read(&mut self, path: &Path, file: File) -> io::Result<()> {
        let mut file = BufReader::new(file);
        let mut octets = Vec::new();
        for number in 1.. {
            octets.clear();
            if (&mut file).take(LONGEST).read_until(b'\n', &mut octets)? == 0 {
                break;
            }
            self.line(path, number, octets.strip_suffix(b"\n").unwrap_or(&octets));
        }
        Ok(())
    }

    fn line(&mut self, path: &Path, number: usize, octets: &[u8]) {
        let hash = hash(octets);
        let fault = |why| Fault { file: path.to_owned(), line: number, why };
        if let Ok(line) = serde_json::from_slice::<Line>(octets) {
            let follows = match &self.before {
                Some(before) => line.after == *before && line.n == self.next,
                None => (line.n == 0) == (line.after == START),
            };
            if !follows {
                self.history.faults.push(fault(NOT_WHAT_WAS_WRITTEN));
            }
            if self.before.is_none() && line.n > 0 {
                self.history.notes.push(Note::Begins(line.n));
            }
            self.settle(matches!(line.what, What::Opened { .. }));
            self.next = line.n.saturating_add(1);
            self.history.lines.push(line);
        } else {
            self.settle(false);
            self.odd = Some((path.to_owned(), number));
            self.next = self.next.saturating_add(1);
        }
        self.before = Some(hash);
    }

    /// Half a line can be honest where its program was killed: another run follows, or nothing.
    fn settle(&mut self, is_honest: bool) {
        let Some((file, line)) = self.odd.take() else { return };
        if is_honest {
            self.history.notes.push(Note::Torn(file, line));
        } else {
            self.history.faults.push(Fault { file, line, why: UNREADABLE });
        }
    }

    fn end(mut self) -> History {
        self.settle(true);
        self.history.last = self.before.unwrap_or_default();
        if self.history.lines.last().is_some_and(|line| line.what != What::Closed) {
            self.history.notes.push(Note::Open);
        }
        self.history
    }
}
