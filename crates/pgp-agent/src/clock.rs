//! The real clock.

use std::time::SystemTime;

/// Unix seconds.
#[expect(clippy::disallowed_methods, reason = "a process of its own: the real clock")]
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
