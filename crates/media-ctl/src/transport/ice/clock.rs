//! The time of the STUN libraries, which counts from where one says.

use std::time::{Duration, Instant};

/// The library's name for an instant.
pub(super) type Moment = stun_proto::Instant;

/// What is due at once is due so much later, so that nobody waits for nothing.
const STEP: Duration = Duration::from_millis(5);

/// Translates times.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock(Instant);

impl Clock {
    /// A clock that begins now.
    pub(super) const fn new(now: Instant) -> Self {
        Self(now)
    }

    /// An instant as the library has it.
    pub(super) fn moment(self, now: Instant) -> Moment {
        let since = now.saturating_duration_since(self.0).as_nanos();
        Moment::from_nanos(i64::try_from(since).unwrap_or(i64::MAX))
    }

    /// When what the library waits for is due, seen from `now`.
    pub(super) fn due(self, now: Instant, moment: Moment) -> Instant {
        let since = Duration::from_nanos(u64::try_from(moment.as_nanos()).unwrap_or_default());
        let due = self.0.checked_add(since).unwrap_or(now);
        due.max(now + STEP)
    }
}
