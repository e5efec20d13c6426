//! Whether a description keeps to the grammar: what a tool asks that shows or sorts descriptions.
//! RFC 8866 §9.
//!
//! A session is negotiated by what [`Description`](super::Description) reads, which needs less: a
//! peer's odd line that nobody acts upon costs no call.

pub(super) mod rows;
#[cfg(test)]
mod tests;

use super::description::check_limits;
use crate::SdpError;
use rows::{Row, Times, row};

/// A line: its type, and its value without the line's end.
pub type Line<'a> = (char, &'a [u8]);

/// A description that keeps to the grammar, cut into its sections. Within one, the order of lines is
/// free, as senders are, but `v=` and `o=` come first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sections<'a> {
    /// The lines before the first `m=`.
    pub session: Vec<Line<'a>>,
    /// Of each media description its lines, `m=` first.
    pub media: Vec<Vec<Line<'a>>>,
}

impl<'a> Sections<'a> {
    /// Reads a description. Lines may end without CR (RFC 8866 §5), and white space may stand before
    /// the first. Whether there is an address that media can go to is not asked.
    ///
    /// # Errors
    /// The first line that is not as the grammar has it, or what is missing; or a limit of
    /// [`Description`](super::Description) that is exceeded.
    pub fn parse(octets: &'a [u8]) -> Result<Self, SdpError> {
        check_limits(octets)?;
        let mut read = Self { session: Vec::new(), media: Vec::new() };
        let text = octets.trim_ascii_start();
        let (before, _) = octets.split_at(octets.len() - text.len());
        let first = 1 + before.iter().filter(|octet| **octet == b'\n').count();
        let lines = text.strip_suffix(b"\n").unwrap_or(text).split(|octet| *octet == b'\n');
        for (line, number) in lines.zip(first..) {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let row = read.take(line).map_err(|expected| SdpError { line: number, expected })?;
            read.put(row, line);
        }
        read.check_whole().map_err(|expected| SdpError { line: 0, expected })?;
        Ok(read)
    }

    /// The row of a line that may stand here; else what was expected.
    fn take(&self, line: &[u8]) -> Result<&'static Row, &'static str> {
        let (kind, value) = match line {
            [kind, b'=', value @ ..] => (*kind, value),
            _ => return Err("a letter, = and a value"),
        };
        match self.session.len() {
            0 if kind != b'v' => return Err("v=0"),
            1 if kind != b'o' => return Err("an o= line after v="),
            _ => {}
        }
        let row = row(kind).ok_or("a type of line that there is")?;
        let (times, section) = match self.media.last() {
            _ if kind == b'm' => (Times::Any, &[][..]),
            None => (row.session, self.session.as_slice()),
            Some(section) => (row.media, section.as_slice()),
        };
        if times == Times::Never {
            return Err("no line of this type here");
        }
        if times != Times::Any && section.iter().any(|(it, _)| *it == char::from(kind)) {
            return Err("a line of this type once only");
        }
        if kind == b'z' && !self.session.iter().any(|(kind, _)| *kind == 'r') {
            return Err("r= before z=");
        }
        if (row.rule)(value) { Ok(row) } else { Err(row.expected) }
    }

    fn put(&mut self, row: &Row, line: &'a [u8]) {
        let line = (char::from(row.kind), line.get(2..).unwrap_or_default());
        if row.kind == b'm' {
            self.media.push(Vec::new());
        }
        self.media.last_mut().unwrap_or(&mut self.session).push(line);
    }

    /// What must stand somewhere.
    fn check_whole(&self) -> Result<(), &'static str> {
        let has = |section: &[Line<'_>], kind| section.iter().any(|(it, _)| *it == kind);
        if !has(&self.session, 's') {
            return Err("an s= line");
        }
        if !has(&self.session, 't') {
            return Err("a t= line");
        }
        Ok(())
    }
}
