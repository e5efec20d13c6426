//! A key that is pressed here: the packets that tell of it. RFC 4733 §2.5.1.
//!
//! ```text
//!   frames    │ 1 │ 2 │ … │ 8 │ 9 │10 │11 │12 │
//!   packets     M             E   E   E           voice again
//!               └── pressed ──┘   └──┴─ told again
//! ```

use crate::format::Dtmf;

/// Frames that a key is pressed for: 160 ms. ITU-T Q.24 wants 40 ms at least.
const PRESSED: u32 = 8;

/// Packets that tell of the end, beside the first one. RFC 4733 §2.5.1.4.
const AGAIN: u32 = 2;

/// Frames of voice before another key: with those that told again, a pause of 80 ms.
const PAUSE: u32 = 2;

/// The power of the tone in −dBm0, which gateways make of it.
const VOLUME: u8 = 10;

/// The bit that says that a key is not pressed any more.
const END: u8 = 0x80;

/// A key that is being pressed.
#[derive(Clone, Copy, Debug)]
pub(super) struct KeyPress {
    key: Dtmf,
    /// Frames that have passed since it began.
    frames: u32,
    /// The timestamp at which it began.
    start: u32,
    /// How long it was pressed by the last packet, in ticks.
    duration: u16,
}

/// What a packet says of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Report {
    /// When the key was pressed.
    pub(super) timestamp: u32,
    /// Whether nothing was said of it before.
    pub(super) marker: bool,
    pub(super) payload: [u8; 4],
}

impl KeyPress {
    /// The key is pressed with the next frame.
    pub(super) const fn new(key: Dtmf) -> Self {
        Self { key, frames: 0, start: 0, duration: 0 }
    }

    /// What the packet of the frame says that begins at `timestamp` and lasts so many ticks; `None`
    /// for the frames of the pause after the key.
    pub(super) fn frame(&mut self, timestamp: u32, ticks: u32) -> Option<Report> {
        self.frames += 1;
        let marker = self.frames == 1;
        if marker {
            self.start = timestamp;
        }
        if self.frames <= PRESSED {
            // Frames may have been left out.
            let lasted = timestamp.wrapping_sub(self.start).saturating_add(ticks);
            self.duration = u16::try_from(lasted).unwrap_or(u16::MAX);
        }
        let end = if self.frames >= PRESSED { END } else { 0 };
        let [high, low] = self.duration.to_be_bytes();
        let payload = [self.key.code(), end | VOLUME, high, low];
        (self.frames <= PRESSED + AGAIN).then_some(Report {
            timestamp: self.start,
            marker,
            payload,
        })
    }

    /// Whether all of it, the pause included, has passed.
    pub(super) const fn is_over(&self) -> bool {
        self.frames >= PRESSED + AGAIN + PAUSE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All packets of a key: marker, timestamp, payload.
    fn reports(start: u32, ticks: u32) -> Vec<Option<Report>> {
        let mut key = KeyPress::new(Dtmf::new(11).unwrap());
        let mut reports = Vec::new();
        for frame in 0.. {
            if key.is_over() {
                break;
            }
            reports.push(key.frame(start.wrapping_add(frame * ticks), ticks));
        }
        reports
    }

    #[test]
    fn a_key_has_one_timestamp_a_growing_duration_and_three_ends() {
        for (start, ticks) in [(1000, 160_u16), (u32::MAX - 300, 960)] {
            let reports = reports(start, ticks.into());
            let said: Vec<_> = reports.iter().flatten().collect();
            assert!(said.iter().all(|report| report.timestamp == start));
            let markers: Vec<_> = said.iter().map(|report| report.marker).collect();
            assert_eq!(
                markers,
                [true, false, false, false, false, false, false, false, false, false]
            );
            let durations: Vec<_> =
                said.iter().map(|r| u16::from_be_bytes([r.payload[2], r.payload[3]])).collect();
            let grown: Vec<_> = (1..=10).map(|n: u16| n.min(8) * ticks).collect();
            assert_eq!(durations, grown);
            let ends: Vec<_> = said.iter().map(|report| report.payload[1]).collect();
            assert_eq!(ends, [10, 10, 10, 10, 10, 10, 10, 0x8a, 0x8a, 0x8a]);
            assert!(said.iter().all(|report| report.payload[0] == 11));
            assert_eq!(reports[10..], [None, None]);
        }
    }
}
