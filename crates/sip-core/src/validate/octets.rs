//! Octets that no head may have: a bare CR, a bare LF, a NUL. RFC 3261 §25.1.

use super::verdict::Broken;
use crate::Message;
use memchr::memchr3_iter;

/// Checks the head; bodies are opaque. What a parser stopped at was its fault already.
pub(super) fn check(message: &Message) -> Result<(), Broken> {
    if let Some(fault) = message.fault() {
        return Err(fault.into());
    }
    let head = message.head_bytes();
    for at in memchr3_iter(b'\r', b'\n', 0, head) {
        let before = head.get(..at).unwrap_or_default();
        match head.get(at..).unwrap_or_default() {
            [b'\r', b'\n', ..] => {}
            [b'\r', ..] => return Err(Broken::bad("a bare CR", at)),
            [b'\n', ..] if before.last() != Some(&b'\r') => {
                return Err(Broken::bad("a bare LF", at));
            }
            [0, ..] if !is_escaped(before) => return Err(Broken::bad("a NUL octet", at)),
            _ => {}
        }
    }
    Ok(())
}

/// Whether an odd number of backslashes stands before: a quoted-pair may hold a NUL.
fn is_escaped(before: &[u8]) -> bool {
    let slashes = before.iter().rev().take_while(|&&byte| byte == b'\\');
    slashes.count() % 2 == 1
}
