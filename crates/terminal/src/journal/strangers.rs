//! How much of strangers is told: whoever floods a terminal with requests does not push out of its
//! journal what mattered.

use crate::record::{Entry, Kind, Lifeline};
use std::time::Duration;

/// Lines that may come at once.
const BURST: u32 = 200;

/// Lines that may come in the long run: 30 MB a day.
const A_SECOND: u32 = 2;

/// A bucket of lines that fills again with time.
#[derive(Debug)]
pub(super) struct Strangers {
    left: u32,
    /// Up to when it was filled.
    filled: Duration,
    untold: u64,
}

impl Default for Strangers {
    fn default() -> Self {
        Self { left: BURST, filled: Duration::ZERO, untold: 0 }
    }
}

impl Strangers {
    /// Whether what is only a stranger's is told. What claims a proof, and what came of it, always
    /// is.
    pub(super) fn may_tell(&mut self, entry: &Entry) -> bool {
        if !is_of_a_stranger(entry) {
            return true;
        }
        let seconds = entry.at.saturating_sub(self.filled).as_secs();
        self.filled += Duration::from_secs(seconds);
        let more = u32::try_from(seconds).unwrap_or(u32::MAX).saturating_mul(A_SECOND);
        self.left = self.left.saturating_add(more).min(BURST);
        let left = self.left.checked_sub(1);
        self.left = left.unwrap_or(0);
        self.untold += u64::from(left.is_none());
        left.is_some()
    }

    /// How many were not told since this was asked last.
    pub(super) fn untold(&mut self) -> u64 {
        std::mem::take(&mut self.untold)
    }
}

/// Whether it comes of a request that was not proved: that it came, that it is challenged.
fn is_of_a_stranger(entry: &Entry) -> bool {
    match entry.kind {
        Kind::Signal => match entry.label.as_str() {
            "request_received" => true,
            "send_www_authenticate" => entry.to == Lifeline::SipManager,
            _ => false,
        },
        Kind::State => entry.detail.starts_with("receiver"),
        Kind::Wire => false,
    }
}
