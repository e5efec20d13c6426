//! Which slot a party's next frame is for: one after the other, whatever the network and the system do
//! to the times at which they come.

/// Slots between what is said and what is heard: a frame may come 20 ms after its time, and the parties'
/// frames of 20 ms begin when they will.
const DELAY: u64 = 2;

/// Frames after which a party that is heard by nobody, since it is always too late, takes up the beat of
/// the others: half a second.
const PATIENCE: u32 = 25;

/// A party's place in time.
#[derive(Debug, Default)]
pub(super) struct Beat {
    /// The slot of its last frame.
    slot: Option<u64>,
    /// Frames in a row that came too late to be heard.
    late: u32,
}

impl Beat {
    /// The slot of its next frame, where the newest of all is this.
    pub(super) fn next(&mut self, newest: u64) -> u64 {
        let next = self.slot.map_or(newest, |last| last + 1);
        self.late = if next + DELAY < newest { self.late + 1 } else { 0 };
        let next = if self.late > PATIENCE { newest } else { next };
        *self.slot.insert(next)
    }

    /// The slot of its last frame, and the one that is heard with it; `None` before the first.
    pub(super) fn slots(&self) -> Option<(u64, u64)> {
        self.slot.map(|slot| (slot, slot.saturating_sub(DELAY)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_party_begins_with_the_newest_and_keeps_its_place_when_it_is_late() {
        let mut beat = Beat::default();
        assert_eq!(beat.slots(), None);
        assert_eq!((beat.next(10), beat.slots()), (10, Some((10, 8))));
        // It stood still for a while, and makes up for it.
        let caught_up: Vec<_> = (0..5).map(|_| beat.next(15)).collect();
        assert_eq!(caught_up, [11, 12, 13, 14, 15]);
        assert_eq!(beat.next(15), 16);
    }

    #[test]
    fn who_is_always_too_late_takes_up_the_beat_of_the_others() {
        let mut beat = Beat::default();
        beat.next(10);
        let slots: Vec<_> = (0..30).map(|n| (n + 15, beat.next(n + 15))).collect();
        let behind: Vec<_> = slots.iter().map(|(newest, slot)| newest - slot).collect();
        assert_eq!(behind[..25], [4; 25]);
        assert_eq!(behind[25..], [0; 5]);
        // Two slots behind, it is heard.
        let mut beat = Beat::default();
        beat.next(10);
        assert!((0..100).all(|n| beat.next(n + 13) == n + 11));
    }
}
