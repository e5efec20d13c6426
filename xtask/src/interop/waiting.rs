//! Waiting for what another program does, with an end.

use crate::command::Failure;
use std::thread;
use std::time::{Duration, Instant};

/// How long anything is waited for, where the case does not say otherwise.
pub(super) const PATIENCE: Duration = Duration::from_secs(15);
const STEP: Duration = Duration::from_millis(20);

/// What the clock of this machine says.
#[expect(clippy::disallowed_methods, reason = "the programs that are waited for live by it")]
pub(super) fn now() -> Instant {
    Instant::now()
}

/// Asks until there is an answer; what is `missing` is the reason where none comes.
pub(super) fn until<T>(
    patience: Duration, missing: impl Fn() -> String, mut ask: impl FnMut() -> Option<T>,
) -> Result<T, Failure> {
    let end = now() + patience;
    loop {
        if let Some(answer) = ask() {
            return Ok(answer);
        }
        if now() >= end {
            return Err(format!("{} within {} s", missing(), patience.as_secs_f32()));
        }
        thread::sleep(STEP);
    }
}

/// Lets a call go on for a while.
pub(super) fn talk(milliseconds: u64) {
    thread::sleep(Duration::from_millis(milliseconds));
}
