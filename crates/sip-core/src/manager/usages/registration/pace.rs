//! When a REGISTER is sent: refreshes, and tries again. RFC 5626 §4.5.

use crate::manager::event::Cause;
use crate::manager::io::Io;
use ssa::Why;
use std::time::Duration;

/// The longest wait before a registration that failed is tried again; twice as long with each
/// failure in a row. RFC 5626 §4.5 calls it base-time.
const RETRY: Duration = Duration::from_secs(30);

/// The longest such wait where no registrar was reached: once the network is back, so is the
/// registration within two minutes.
const UNREACHED: Duration = Duration::from_secs(120);

/// The longest such wait of all. RFC 5626 §4.5 calls it max-time.
pub(super) const MAX_RETRY: Duration = Duration::from_secs(1800);

/// What a refresh is sent ahead of the end at least, so that a lost request can be repeated:
/// 64*T1.
const AHEAD: Duration = Duration::from_secs(32);

/// No binding is refreshed sooner after it was granted: T2, as often as a lost request is repeated
/// at most. A registrar that grants less than this would be asked several times a second.
const SOONEST: Duration = Duration::from_secs(4);

/// A random part of `most`, from one half: many that failed at once do not come back at once.
/// RFC 5626 §4.5.
pub(super) fn jitter(io: &mut Io<'_>, most: Duration) -> Duration {
    let part = 500 + io.random() % 501;
    most.mul_f64(part as f64 / 1000.0)
}

/// The longest wait after this many failures in a row before this one.
pub(super) fn back_off(failures: u32, cause: Cause) -> Duration {
    let most = match cause {
        Cause::Timeout | Cause::Transport | Cause::Unresolved => UNREACHED,
        Cause::Status(_)
        | Cause::Later(..)
        | Cause::StaleDate
        | Cause::Security(_)
        | Cause::Busy
        | Cause::NotBound => MAX_RETRY,
    };
    RETRY.saturating_mul(1 << failures.min(6)).min(most)
}

/// Whether a failure says that our credentials will not do.
pub(super) const fn are_refused(cause: Cause) -> bool {
    matches!(cause, Cause::Status(401 | 403 | 407) | Cause::Security(Why::TriedAlready))
}

/// How long after its registration a binding of this lifetime is refreshed: at nine tenths of it,
/// early enough for a request to be repeated, but not in its first half, nor sooner than is sensible.
pub(super) fn refresh_after(expires: u32) -> Duration {
    let life = Duration::from_secs(u64::from(expires));
    let early = (life / 10 * 9).min(life.saturating_sub(AHEAD));
    early.max(life / 2).max(SOONEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_not_reached_is_tried_sooner_than_who_refuses() {
        let waits = |cause| [0, 1, 2, 3, 6, 9].map(|it| back_off(it, cause).as_secs());
        assert_eq!(waits(Cause::Timeout), [30, 60, 120, 120, 120, 120]);
        assert_eq!(waits(Cause::Status(503)), [30, 60, 120, 240, 1800, 1800]);
    }

    #[test]
    fn a_refresh_leaves_time_to_repeat_it() {
        let after = |expires| refresh_after(expires).as_secs();
        assert_eq!([86_400, 600, 320, 100, 60, 10].map(after), [77_760, 540, 288, 68, 30, 5]);
    }

    #[test]
    fn no_registrar_is_asked_several_times_a_second() {
        assert_eq!([8, 2, 1].map(|expires| refresh_after(expires).as_secs()), [4, 4, 4]);
    }
}
