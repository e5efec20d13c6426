//! The seam to whatever takes out of a microphone's sound what is not the voice of whoever speaks, and
//! the guard before it.

use crate::News;
use crate::keeper::Tell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Takes out of what a microphone hears what a loudspeaker says, or a room's noise. There is one for each
/// call that a device has, from its first frame to its last.
pub trait Cleaner: Send {
    /// Cleans `heard`, the next 20 ms of [`RATE`](crate::RATE) samples a second that the microphone has
    /// heard, knowing `said`, as long: what the loudspeaker was given, silence included. What of it is
    /// heard follows within the next half second, in this frame at the soonest; how much later it is
    /// stays the same, but for jumps where a device comes back.
    ///
    /// Called between two frames of a call, which waits for it.
    fn clean(&mut self, heard: &mut [i16], said: &[i16]);
}

/// A cleaner whose fault is not the call's: one that panics is called no more.
pub(crate) struct Guarded {
    cleaner: Option<Box<dyn Cleaner>>,
    tell: Tell,
    /// What was heard, for where it fails in the middle.
    kept: Vec<i16>,
}

impl Guarded {
    pub(crate) fn new(cleaner: Box<dyn Cleaner>, tell: Tell) -> Self {
        Self { cleaner: Some(cleaner), tell, kept: Vec::new() }
    }

    /// Cleans `heard`; or leaves it as it is, and says so once.
    pub(crate) fn clean(&mut self, heard: &mut [i16], said: &[i16]) {
        let Some(cleaner) = &mut self.cleaner else { return };
        self.kept.clear();
        self.kept.extend_from_slice(heard);
        if catch_unwind(AssertUnwindSafe(|| cleaner.clean(heard, said))).is_err() {
            heard.copy_from_slice(&self.kept);
            self.cleaner = None;
            (self.tell)(News::NotCleaned);
        }
    }
}

impl fmt::Debug for Guarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let works = self.cleaner.is_some();
        f.debug_struct("Guarded").field("works", &works).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::{Clock, Room, talk};

    /// Spoils what is heard, and panics in the fourth frame when it has spoilt half of it.
    struct Faulty(u32);

    impl Cleaner for Faulty {
        fn clean(&mut self, heard: &mut [i16], _: &[i16]) {
            self.0 += 1;
            let half = heard.len() / 2;
            heard[..half].fill(9);
            assert!(self.0 < 4, "a fault of the test's");
            heard.fill(9);
        }
    }

    #[test]
    fn a_fault_of_the_cleaner_costs_the_cleaning_and_is_told_once() {
        let clocks = [Clock::LIKE_MEDIA; 2];
        let mut plain = Room::new(clocks[0], clocks[1], |devices| devices);
        let faulty = || Box::new(Faulty(0)) as Box<dyn Cleaner>;
        let mut room = Room::new(clocks[0], clocks[1], |devices| devices.cleaned(faulty));
        let mut says = |n: usize, far: &[i16]| {
            let near = |t: f64| 5_000.0 * (3_000.0 * t).sin();
            let (expected, said) = (plain.passes(far, near).1, room.passes(far, near).1);

            assert_eq!(said, if n < 3 { vec![9; 960] } else { expected }, "frame {n}");
        };
        talk(1, 50).iter().enumerate().for_each(|(n, far)| says(n, far));
        assert!(matches!(room.news.try_recv(), Ok(News::NotCleaned)));
        assert!(room.news.try_recv().is_err(), "it is told once");
    }
}
