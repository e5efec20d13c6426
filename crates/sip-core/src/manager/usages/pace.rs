//! When what lasts is asked for again: refreshes, and new tries. RFC 5626 §4.5.

use crate::manager::event::Cause;
use crate::manager::io::Io;
use ssa::Why;
use std::time::Duration;

/// The longest wait before what failed is tried again; twice as long with each failure in a row.
const RETRY: Duration = Duration::from_secs(30);

/// The longest such wait of all.
const MAX_RETRY: Duration = Duration::from_secs(1800);

/// What stood for less before it ended has failed like an attempt.
pub(super) const LASTING: Duration = Duration::from_secs(120);

/// What a refresh is sent ahead of the end at least, so that a lost request can be repeated:
/// 64*T1.
const AHEAD: Duration = Duration::from_secs(32);

/// Nothing is refreshed sooner after it was granted: T2, as often as a lost request is repeated at
/// most. A server that grants less than this would be asked several times a second.
pub(super) const SOONEST: Duration = Duration::from_secs(4);

/// The longest lifetime in seconds that is counted on, and that a server's Min-Expires may ask us
/// for: a day. A server that was restarted within a longer one would know us no more.
pub(super) const LONGEST: u32 = 24 * 3600;

/// A random part of `most`, from one half: many that failed at once do not come back at once.
pub(super) fn jitter(io: &mut Io<'_>, most: Duration) -> Duration {
    let part = 500 + io.random() % 501;
    most.mul_f64(part as f64 / 1000.0)
}

/// How long to wait at most after so many failures in a row, and one more.
pub(super) fn back_off(failures: u32) -> Duration {
    RETRY.saturating_mul(1 << failures.min(6)).min(MAX_RETRY)
}

/// How long after it was granted what lasts for `life` is refreshed: at nine tenths of it, early
/// enough for a request to be repeated, but not in its first half, nor sooner than is sensible.
pub(super) fn refresh_after(life: Duration) -> Duration {
    let early = (life / 10 * 9).min(life.saturating_sub(AHEAD));
    early.max(life / 2).max(SOONEST)
}

/// Whether the same is not to be asked for again: another try would fail alike.
pub(super) const fn is_final(cause: Cause) -> bool {
    match cause {
        Cause::Status(408 | 480 | 481 | 486 | 487 | 491) => false,
        Cause::Status(status) => !matches!(status, 500..=599) || matches!(status, 501 | 505 | 513),
        Cause::Security(why) => !matches!(why, Why::ApplicationUnavailable),
        Cause::Later(..)
        | Cause::StaleDate
        | Cause::Timeout
        | Cause::Transport
        | Cause::Unresolved
        | Cause::Busy
        | Cause::NotBound => false,
    }
}
