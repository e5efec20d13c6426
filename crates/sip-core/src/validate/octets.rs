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
    if !message.feeds_follow_returns() {
        return Err(bare_line_feed(head));
    }
    // As many as there are lines, which each end in one: most heads have no other.
    let lines = message.rows().len() + 2;
    if memchr_iter(b'\r', head).count() == lines && memchr(0, head).is_none() {
        return Ok(());
    }
    for at in memchr2_iter(b'\r', 0, head) {
        match head.get(at..).unwrap_or_default() {
            [b'\r', b'\n', ..] => {}
            [b'\r', ..] => return Err(Broken::bad("a bare CR", at)),
            _ if is_escaped(head.get(..at).unwrap_or_default()) => {}
            _ => return Err(Broken::bad("a NUL octet", at)),
        }
    }
    Ok(())
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
