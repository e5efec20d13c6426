//! What the kit says of an application that did not pass.

use std::fmt::{self, Write};

/// Characters of an answer that are told.
const TOLD: usize = 160;

/// One promise that an application did not keep.
///
/// It reads as one line, `PROMISE: ANSWER`, by `Display` and by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Failure {
    /// The promise.
    pub promise: &'static str,
    /// What was answered instead, on one line of at most 161 characters.
    pub answered: String,
}

impl Failure {
    pub(super) fn new(promise: &'static str, answered: &dyn fmt::Debug) -> Self {
        let mut line = Line { text: String::new(), left: TOLD };
        // An error of the line's means that it is full.
        if write!(line, "{answered:?}").is_err() {
            line.text.push('…');
        }
        Self { promise, answered: line.text }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.promise, self.answered)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that takes no more characters than are left.
struct Line {
    text: String,
    left: usize,
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            self.left = self.left.checked_sub(1).ok_or(fmt::Error)?;
            self.text.push(c);
        }
        Ok(())
    }
}

/// Octets, told by their number and the first of them.
#[derive(PartialEq, Eq)]
pub(super) struct Octets<'a>(&'a [u8]);

/// `octets`, to be told.
pub(super) const fn octets(octets: &[u8]) -> Octets<'_> {
    Octets(octets)
}

impl fmt::Debug for Octets<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())?;
        for octet in self.0.iter().take(8) {
            write!(f, " {octet:02x}")?;
        }
        f.write_str(if self.0.len() > 8 { " …" } else { "" })
    }
}
