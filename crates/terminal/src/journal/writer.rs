//! The file that a journal is written to: appended to, never changed; chained, rotated.

use super::line::{Line, Lost, START, What, hash};
use crate::error::{Error, Result};
use crate::file::{append, begin_anew, earlier};
use std::fs::{File, TryLockError};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Where a journal is written, and how much of it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: PathBuf,
    /// Octets after which it becomes `FILE.1`, and `FILE.1` becomes `FILE.2` …
    pub octets: u64,
    /// How many of these are kept.
    pub keep: usize,
}

impl Place {
    /// 10 MiB a file, and four earlier ones.
    pub const fn new(file: PathBuf) -> Self {
        Self { file, octets: 10 << 20, keep: 4 }
    }
}

/// Writes lines.
#[derive(Debug)]
pub(super) struct Writer {
    place: Place,
    file: File,
    octets: u64,
    n: u64,
    after: String,
    missing: Vec<(Lost, u64)>,
    /// Whether the user was told that it cannot be written, or not be rotated.
    complained: bool,
}

impl Writer {
    /// Goes on where the file ends, or begins one.
    ///
    /// # Errors
    /// It cannot be opened, is no regular file, is open to others, or another process writes it.
    pub(super) fn open(place: Place) -> Result<Self> {
        let path = place.file.clone();
        let failed = |error| Error::write(&path, error);
        let mut file = append(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::invalid(format!(
                    "{}: another terminal writes its journal there; give each its own",
                    path.display()
                )));
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let meta = file.metadata().map_err(failed)?;
        if !meta.is_file() {
            return Err(Error::invalid(format!("{}: a journal is a regular file", path.display())));
        }
        let mode = meta.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(Error::NotPrivate { path, mode });
        }
        let mut octets = meta.len();
        let end = if octets == 0 && earlier(&place.file, 1).exists() {
            // It was killed when it had just begun this file.
            End { is_torn: false, ..End::of(&earlier(&place.file, 1)).map_err(failed)? }
        } else {
            End::of(&path).map_err(failed)?
        };
        let End { n, after, is_torn } = end;
        if is_torn {
            // What a killed process left half written stays, as a line of its own.
            file.write_all(b"\n").map_err(failed)?;
            octets += 1;
        }
        Ok(Self { place, file, octets, n, after, missing: Vec::new(), complained: false })
    }

    /// Counts what is not written.
    pub(super) fn miss(&mut self, why: Lost, count: u64) {
        match self.missing.iter_mut().find(|(known, _)| *known == why) {
            Some((_, missing)) => *missing += count,
            None => self.missing.push((why, count)),
        }
    }

    /// Writes one line, after what is to be said of lines that are missing. What cannot be written is
    /// counted.
    pub(super) fn write(&mut self, time: u64, what: What) {
        if let Err(error) = self.write_all(time, what) {
            self.miss(Lost::NotWritable, 1);
            self.complain(error, "security decisions are counted until it can be");
            return;
        }
        if self.octets < self.place.octets {
            self.complained = false;
        } else if let Err(error) = self.rotate(time) {
            self.complain(error, "it grows until another one can be begun");
        }
    }

    fn write_all(&mut self, time: u64, what: What) -> io::Result<()> {
        while let Some((why, count)) = self.missing.last().copied() {
            self.append(time, What::Missing { count, why })?;
            self.missing.pop();
        }
        self.append(time, what)
    }

    /// Tells the user, once until it is mended.
    fn complain(&mut self, error: io::Error, so: &str) {
        if !self.complained {
            self.complained = true;
            tracing::warn!("{}; {so}", Error::write(&self.place.file, error).line());
        }
    }

    /// Appends a whole line, or nothing.
    fn append(&mut self, time: u64, what: What) -> io::Result<()> {
        let line = Line { n: self.n, time, what, after: self.after.clone() };
        let mut text = serde_json::to_vec(&line)?;
        let after = hash(&text);
        text.push(b'\n');
        if let Err(error) = self.file.write_all(&text) {
            // A disk that is full has room for a part.
            self.file.set_len(self.octets)?;
            return Err(error);
        }
        self.octets += text.len() as u64;
        self.after = after;
        self.n += 1;
        Ok(())
    }

    /// Begins a new file; the chain goes on.
    fn rotate(&mut self, time: u64) -> io::Result<()> {
        let file = begin_anew(&self.place.file, self.place.keep)?;
        file.try_lock()?;
        self.file = file;
        self.octets = 0;
        self.append(time, What::Continued)
    }

    /// Waits until all is on the disk.
    pub(super) fn sync(&self) {
        if let Err(error) = self.file.sync_all() {
            tracing::warn!("{}", Error::write(&self.place.file, error).line());
        }
    }
}

/// How a journal ends.
struct End {
    n: u64,
    after: String,
    /// Whether its last line has no end.
    is_torn: bool,
}

impl End {
    fn of(path: &Path) -> io::Result<Self> {
        let mut file = BufReader::new(File::open(path)?);
        let (mut n, mut last, mut line) = (0, Vec::new(), Vec::new());
        while file.read_until(b'\n', &mut line)? > 0 {
            // The first says where the file begins. One that cannot be read counts as one.
            if last.is_empty() {
                n = serde_json::from_slice(&line).map_or(0, |line: Line| line.n);
            }
            n = n.saturating_add(1);
            std::mem::swap(&mut last, &mut line);
            line.clear();
        }
        let Some(end) = last.last() else {
            return Ok(Self { n: 0, after: START.to_owned(), is_torn: false });
        };
        let is_torn = *end != b'\n';
        Ok(Self { n, after: hash(last.strip_suffix(b"\n").unwrap_or(&last)), is_torn })
    }
}
