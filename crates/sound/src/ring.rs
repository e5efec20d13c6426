//! Samples on their way between a device and the media: so many at most, and the oldest go.
//!
//! Whoever takes them begins once there is a frame and the reserve, and begins anew after there was too
//! little. The lock is held for a copy of one turn, by either side, and for nothing else.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Shares of a second: what may wait.
const ROOM: u32 = 5;

/// Shares of a second: the reserve at first, beside a turn of the device: when one of them comes just before a frame is taken,
/// and the next just after, as happens now and then where two clocks differ, a turn is missing.
pub(crate) const RESERVE: u32 = 100;

/// As much of that turn as counts.
const TURN: u32 = 20;

/// By how much the reserve grows when there was too little, and how far.
const STEP: u32 = 100;
const MOST: u32 = 8;

/// Turns of a device that there is always room for: its buffer may be larger than is asked for.
const TURNS: usize = 3;

/// What waits.
#[derive(Debug, Default)]
pub(crate) struct Ring(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    samples: VecDeque<i16>,
    /// Samples a second; 0 while no device is there.
    rate: u32,
    /// How many may wait.
    room: usize,
    /// How many are to be in hand beside the frame that is taken.
    reserve: usize,
    /// Whether there was enough to begin with.
    flows: bool,
    /// Whether the oldest went since nobody took them: what is left is of no use either.
    spilt: bool,
    /// Turns that the device took.
    turns: u64,
}

/// How much there is, in samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InHand {
    /// What waits.
    pub(crate) waits: usize,
    /// What is to be there at the least.
    pub(crate) reserve: usize,
}

impl Ring {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A device of this rate is there from now on, or with 0 none: what waits is left out.
    pub(crate) fn begin(&self, rate: u32) {
        let mut state = self.lock();
        let share = |of: u32| (rate / of) as usize;
        let (room, reserve) = (share(ROOM), share(RESERVE));
        let samples = std::mem::take(&mut state.samples);
        *state = State { samples, rate, room, reserve, turns: state.turns, ..State::default() };
        state.samples.clear();
        state.samples.reserve(room);
    }

    /// Samples a second of the device; `None` while there is none.
    pub(crate) fn rate(&self) -> Option<u32> {
        Some(self.lock().rate).filter(|rate| *rate > 0)
    }

    /// Turns that devices took until now.
    pub(crate) fn turns(&self) -> u64 {
        self.lock().turns
    }

    /// The device takes a turn, of so many samples.
    pub(crate) fn turn(&self, count: usize) {
        let mut state = self.lock();
        let share = |of: u32| (state.rate / of) as usize;
        let least = share(RESERVE) + count.min(share(TURN));
        state.reserve = state.reserve.max(least);
        state.turns += 1;
    }

    /// Puts `samples` behind what waits, and says how much waited before.
    pub(crate) fn push(&self, samples: impl Iterator<Item = i16>) -> InHand {
        let mut state = self.lock();
        let before = state.in_hand();
        if state.rate == 0 {
            return before;
        }
        state.samples.extend(samples);
        let count = state.samples.len() - before.waits;
        state.make_room(count);
        let over = state.samples.len().saturating_sub(state.room);
        if over > 0 {
            state.samples.drain(..over);
            state.spilt = true;
        }
        before
    }

    /// Takes what waited longest, and says how much is left; or silence, and `None`, where that is too
    /// little.
    pub(crate) fn pull(&self, out: &mut [i16]) -> Option<InHand> {
        let mut state = self.lock();
        state.make_room(out.len());
        if std::mem::take(&mut state.spilt) {
            state.samples.clear();
            state.flows = false;
        }
        let beside = if state.flows { 0 } else { state.reserve };
        if state.rate == 0 || state.samples.len() < out.len() + beside {
            state.ran_out();
            out.fill(0);
            return None;
        }
        state.flows = true;
        let waiting = state.samples.drain(..out.len());
        out.iter_mut().zip(waiting).for_each(|(to, from)| *to = from);
        Some(state.in_hand())
    }

    /// Leaves out what waited longest.
    pub(crate) fn leave_out(&self, count: usize) {
        let mut state = self.lock();
        let count = count.min(state.samples.len());
        state.samples.drain(..count);
    }
}

impl State {
    fn in_hand(&self) -> InHand {
        InHand { waits: self.samples.len(), reserve: self.reserve }
    }

    /// A turn of `count` samples needs so much; a second's worth is the most that there is.
    fn make_room(&mut self, count: usize) {
        self.room = self.room.max(TURNS * count).min(self.rate as usize);
    }

    /// There was too little, which a larger reserve may help against.
    fn ran_out(&mut self) {
        if std::mem::take(&mut self.flows) {
            let grown = self.reserve + (self.rate / STEP) as usize;
            self.reserve = grown.min((self.rate / MOST) as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring() -> Ring {
        let ring = Ring::default();
        ring.begin(8_000);
        ring
    }

    #[test]
    fn it_begins_with_a_frame_and_the_reserve_and_then_gives_in_order() {
        let ring = ring();
        let mut frame = [9; 160];
        ring.push(1..=239);
        assert_eq!((ring.pull(&mut frame), frame), (None, [0; 160]));
        ring.push(240..=240);
        assert_eq!(ring.pull(&mut frame), Some(InHand { waits: 80, reserve: 80 }));
        assert_eq!((frame[0], frame[159]), (1, 160));
        ring.push(241..=320);
        assert!(ring.pull(&mut frame).is_some_and(|left| left.waits == 0));
        assert_eq!((frame[0], frame[159]), (161, 320));
    }

    #[test]
    fn the_reserve_grows_each_time_that_there_was_too_little_and_not_for_ever() {
        let ring = ring();
        let mut frame = [0; 160];
        let mut reserves = Vec::new();
        for _ in 0..20 {
            // Until it begins, and then until it ends.
            while ring.pull(&mut frame).is_none() {
                reserves.push(ring.push(0..160).reserve);
            }
            while ring.pull(&mut frame).is_some() {}
        }
        reserves.dedup();
        assert_eq!(reserves[..4], [80, 160, 240, 320]);
        assert_eq!(reserves.last(), Some(&1_000));
        // Another device begins with the least again.
        ring.begin(16_000);
        assert_eq!(ring.push(0..1), InHand { waits: 0, reserve: 160 });
    }

    #[test]
    fn a_turn_of_the_device_is_in_reserve() {
        let ring = ring();
        for (count, reserve) in [(0, 80), (160, 240), (37, 240), (4_000, 480)] {
            ring.turn(count);
            assert_eq!(ring.push(0..0).reserve, reserve);
        }
        assert_eq!(ring.turns(), 4);
    }

    #[test]
    fn so_many_wait_at_most_and_what_nobody_took_is_left_out() {
        let ring = ring();
        for _ in 0..1_000 {
            ring.push(0..160);
        }
        assert_eq!(ring.push(0..0).waits, 1_600);
        // What was said while nobody listened is not heard afterwards.
        let mut frame = [9; 160];
        assert_eq!((ring.pull(&mut frame), frame), (None, [0; 160]));
        assert_eq!(ring.push(0..0).waits, 0);
    }

    #[test]
    fn a_device_of_large_turns_has_room_for_them_and_none_has_more_than_a_second() {
        let ring = ring();
        ring.push(0..4_000);
        assert_eq!(ring.push(0..4_000).waits, 4_000);
        let mut frame = [0; 160];
        assert!(ring.pull(&mut frame).is_some(), "nothing was spilt");
        ring.push(0..30_000);
        assert_eq!(ring.push(0..0).waits, 8_000);
    }

    #[test]
    fn without_a_device_nothing_waits() {
        let ring = ring();
        ring.push(0..1_000);
        ring.begin(0);
        ring.push(0..1_000);
        assert_eq!((ring.rate(), ring.push(0..0).waits), (None, 0));
        assert_eq!(ring.pull(&mut [0; 160]), None);
    }
}
