//! Octets that no head may have: a bare CR, a bare LF, a NUL. RFC 3261 §25.1.

use super::verdict::Broken;
use crate::Message;
use memchr::{memchr, memchr_iter, memchr2_iter};

/// Checks the head; bodies are opaque. What a parser stopped at was its fault already.
pub(super) fn check(message: &Message) -> Result<(), Broken> {
    if let Some(fault) = message.fault() {
        return Err(fault.into());
    }
    let head = message.head_bytes();
    // As many of either as there are lines, which end in both: most heads have no other.
    let lines = message.rows().len() + 2;
    let count = |octet| memchr_iter(octet, head).count();
    if count(b'\n') == lines && count(b'\r') == lines && memchr(0, head).is_none() {
        return Ok(());
    }
    let mut line_ends = 0;
    for at in memchr2_iter(b'\r', 0, head) {
        match head.get(at..).unwrap_or_default() {
            [b'\r', b'\n', ..] => line_ends += 1,
            [b'\r', ..] => return Err(Broken::bad("a bare CR", at)),
            _ if is_escaped(head.get(..at).unwrap_or_default()) => {}
            _ => return Err(Broken::bad("a NUL octet", at)),
        }
    }
    if count(b'\n') == line_ends { Ok(()) } else { Err(bare_line_feed(head)) }
}

#[cold]
fn bare_line_feed(head: &[u8]) -> Broken {
    let is_bare = |at: &usize| !head.get(..*at).unwrap_or_default().ends_with(b"\r");
    let at = memchr_iter(b'\n', head).find(is_bare);
    Broken::bad("a bare LF", at.unwrap_or_default())
}

/// Whether an odd number of backslashes stands before: a quoted-pair may hold a NUL.
fn is_escaped(before: &[u8]) -> bool {
    let slashes = before.iter().rev().take_while(|&&byte| byte == b'\\');
    slashes.count() % 2 == 1
}
