//! When what lasts is asked for again: refreshes, and new tries. RFC 5626 §4.5.

use crate::manager::event::Cause;
use crate::manager::inbound::Inbound;
use crate::manager::io::Io;
use crate::{HeaderName, delta_seconds};
use ssa::Why;
use std::time::Duration;

/// The longest wait before what failed is tried again; twice as long with each failure in a row.
const RETRY: Duration = Duration::from_secs(30);

/// The longest such wait where no registrar was reached: once the network is back, so is the
/// registration within two minutes.
const UNREACHED: Duration = Duration::from_secs(120);

/// The longest such wait of all.
pub(super) const MAX_RETRY: Duration = Duration::from_secs(1800);

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
    part(io, most, 0.5)
}

fn part(io: &mut Io<'_>, most: Duration, least: f64) -> Duration {
    most.mul_f64(least + (1.0 - least) * (io.random() as f64 / u64::MAX as f64))
}

/// How long to wait at most after so many failures in a row, and one more.
pub(super) fn back_off(failures: u32) -> Duration {
    RETRY.saturating_mul(1 << failures.min(6)).min(MAX_RETRY)
}

/// How long a registration that failed so waits at most.
pub(super) const fn longest(cause: Cause) -> Duration {
    match cause {
        Cause::Timeout | Cause::Transport | Cause::Unresolved => UNREACHED,
        Cause::Status(_)
        | Cause::Later(..)
        | Cause::StaleDate
        | Cause::Security(_)
        | Cause::Busy
        | Cause::NoOffer
        | Cause::NotBound => MAX_RETRY,
    }
}

/// How long after it was granted what lasts for `life` is refreshed: at nine tenths of it, early
/// enough for a request to be repeated, but not in its first half, nor sooner than is sensible.
pub(super) fn refresh_after(life: Duration) -> Duration {
    let early = (life / 10 * 9).min(life.saturating_sub(AHEAD));
    early.max(life / 2).max(SOONEST)
}

/// The same for one of many, up to a fifth sooner: those that were granted at once do not come back
/// at once.
pub(super) fn refresh_among_many(io: &mut Io<'_>, life: Duration) -> Duration {
    part(io, refresh_after(life), 0.8).max(SOONEST)
}

/// What a 423 says is the shortest interval, where that is longer than what was `asked` for and not
/// longer than is counted on. RFC 3261 §20.23.
pub(super) fn longer(response: &Inbound, asked: u32) -> Option<u32> {
    let least = response.message.header(HeaderName::MinExpires)?;
    delta_seconds(least).ok().filter(|least| (asked.saturating_add(1)..=LONGEST).contains(least))
}

/// Whether a failure says that our credentials will not do.
pub(super) const fn are_refused(cause: Cause) -> bool {
    matches!(cause, Cause::Status(401 | 403 | 407) | Cause::Security(Why::TriedAlready))
}

/// Whether the same is not to be asked for again: another try would fail alike.
pub(super) const fn is_final(cause: Cause) -> bool {
    match cause {
        Cause::Status(408 | 480 | 481 | 486 | 487 | 491) => false,
        Cause::Status(status) => !matches!(status, 500..=599) || matches!(status, 501 | 505 | 513),
        Cause::Security(why) => {
            !matches!(why, Why::ApplicationUnavailable | Why::ManagerUnavailable)
        }
        Cause::Later(..)
        | Cause::StaleDate
        | Cause::Timeout
        | Cause::Transport
        | Cause::Unresolved
        | Cause::Busy
        | Cause::NoOffer
        | Cause::NotBound => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(seconds: u64) -> u64 {
        refresh_after(Duration::from_secs(seconds)).as_secs()
    }

    #[test]
    fn who_was_not_reached_is_tried_sooner_than_who_refuses() {
        let waits = |cause| [0, 1, 2, 3, 6, 9].map(|it| back_off(it).min(longest(cause)).as_secs());
        assert_eq!(waits(Cause::Timeout), [30, 60, 120, 120, 120, 120]);
        assert_eq!(waits(Cause::Status(503)), [30, 60, 120, 240, 1800, 1800]);
    }

    #[test]
    fn what_is_not_there_now_is_asked_again() {
        for why in [Why::ApplicationUnavailable, Why::ManagerUnavailable] {
            assert!(!is_final(Cause::Security(why)), "{why}");
        }
        assert!(is_final(Cause::Security(Why::NoPassword)));
    }

    #[test]
    fn a_refresh_leaves_time_to_repeat_it() {
        assert_eq!([86_400, 600, 320, 100, 60, 10].map(after), [77_760, 540, 288, 68, 30, 5]);
    }

    #[test]
    fn no_registrar_is_asked_several_times_a_second() {
        assert_eq!([8, 2, 1].map(after), [4, 4, 4]);
    }
}
