//! Rules that were broken.

use std::fmt;

/// A rule that was broken; it reads as one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken(pub &'static str);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Notes a rule that does not hold, once.
pub(super) fn rule(broken: &mut Vec<Broken>, holds: bool, rule: &'static str) {
    if !holds && !broken.contains(&Broken(rule)) {
        broken.push(Broken(rule));
    }
}
