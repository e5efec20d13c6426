//! How far a long piece of work is.

use std::io::{IsTerminal, Write};

/// How far it is, where someone looks.
pub(super) fn show(what: &str, done: usize, total: usize) {
    let mut out = std::io::stderr();
    if out.is_terminal() {
        let end = if done + 1 == total { "\n" } else { "" };
        let _ = write!(out, "\r{what}: {} of {total}{end}", done + 1);
    }
}
