//! The jitter buffer: packets under their RTP timestamps, still encoded.
//!
//! ```text
//!        played ◀─── position                      end
//!   ───────────────────┬────────────────────────────┬───────▶ timestamps
//!                      │ ███ ███ ─── ███ ███ ███ ███│
//!                      └ next frame   └ not here (yet)
//! ```
//!
//! Order, duplicates and packet times of any length take care of themselves. Each
//! [`begin`](JitterBuffer::begin) is for 20 ms, whether all of it has come or not, so playout is as
//! regular as its caller and the same calls give the same audio: **time is the frames**. What comes
//! after its time is dropped. The delay is set anew
//!
//! - while the first half second settles, whenever a packet proves to be faster than the first;
//! - when packets come late more often than now and then ([`LATE_LIMIT`]): by as much as the latest
//!   of them was, up to 400 ms; what was played already is made up then;
//! - a frame less every 5 s in which all packets came more than two frames before their time, down to
//!   what it was at first;
//! - by whole frames when 5 s show that all of it was too deep or too shallow, which is how a peer's
//!   clock that runs fast or slow is followed; this and the one before within the next 5 s, as soon as
//!   what is played is quiet;
//! - from a packet on, when all come far too late: timestamps have jumped ([`JUMP_LIMIT`]).

use crate::Codec;
use std::collections::VecDeque;
use std::time::Duration;

/// Packets in the buffer at most: 1.5 s of 10 ms each.
const MAX_PACKETS: usize = 150;

/// Frames during which the delay may still be lowered by a faster packet.
const SETTLING: u32 = 25;

/// Frames that are looked at together; and within which a change waits for a quiet one.
const WINDOW: u32 = 250;

/// The longest that playout waits for a packet.
pub(crate) const MOST_DELAY: Duration = Duration::from_millis(20 * MAX_TARGET as u64);

/// The most frames that playout waits for a packet.
const MAX_TARGET: i32 = 20;

/// A late packet counts 50 and a timely one takes away 1: the delay grows by the second within
/// 0.8 s, or by the third within 1.8 s; 2 % of late ones are borne.
const LATE_WEIGHT: u32 = 50;
const LATE_LIMIT: u32 = 60;

/// Late packets in a row after which it is not the network.
const JUMP_LIMIT: u32 = 15;

/// A packet, and where it belongs. Durations are in ticks: units of the clock rate.
#[derive(Debug)]
pub(super) struct Packet {
    pub(super) timestamp: u32,
    pub(super) duration: u32,
    pub(super) codec: Codec,
    /// Whether it starts a talkspurt.
    starts: bool,
    pub(super) payload: Vec<u8>,
}

/// What a packet says of its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) timestamp: u32,
    pub(super) duration: u32,
    pub(super) codec: Codec,
    /// Whether it starts a talkspurt. RFC 3551 §4.1.
    pub(super) marker: bool,
    /// Whether what is played has faded out.
    pub(super) quiet: bool,
}

/// What becomes of the next frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing has come yet.
    Idle,
    /// One frame more of delay: it is made up, and nothing is taken.
    Wait,
    /// It is taken, and [`advance`](JitterBuffer::advance) follows.
    Play {
        /// Whether something is still to come after its start.
        fed: bool,
    },
}

/// Puts packets in order and evens out their arrival.
#[derive(Debug)]
pub(super) struct JitterBuffer {
    /// Ticks in a frame.
    frame: i32,
    /// The furthest a packet may be ahead of playout, 1.5 s: beyond, timestamps have jumped.
    max_ahead: i32,
    /// Oldest first.
    packets: VecDeque<Packet>,
    /// Payloads' memory, for those to come.
    spare: Vec<Vec<u8>>,
    /// Timestamp of the next tick to be played.
    position: u32,
    /// Timestamp after the last tick that came; `None` before the first.
    end: Option<u32>,
    /// Timestamp after the last tick that was taken, where it is after the position.
    taken: Option<u32>,
    /// The delay that is aimed at, and the least.
    target: i32,
    least: i32,
    /// By how much the latest packet since the delay was set missed its time.
    missed: i32,
    /// Late packets since the last timely one.
    late_in_a_row: u32,
    /// Whether something of this source has been played.
    pub(super) playing: bool,
    settling: u32,
    lateness: u32,
    window: Window,
    change: Change,
    pub(super) late: u64,
    pub(super) duplicate: u64,
    /// Frames that were left out or put in, to keep the delay.
    pub(super) adjusted: u64,
}

/// A change of the delay that waits for a quiet frame.
#[derive(Debug)]
struct Change {
    /// What is to be left out; negative: a frame is to be put in.
    ticks: i32,
    /// Frames that it waits at most.
    patience: u32,
}

impl Change {
    const NONE: Self = Self { ticks: 0, patience: 0 };
}

/// The depths seen since a window began.
#[derive(Debug)]
struct Window {
    frames: u32,
    shallowest: i32,
    deepest: i32,
}

impl Window {
    const NEW: Self = Self { frames: 0, shallowest: i32::MAX, deepest: i32::MIN };
}

impl JitterBuffer {
    /// A buffer that plays a packet at least so long after its arrival: 20 ms to 200 ms, in whole
    /// frames.
    pub(super) fn new(clock_rate: u32, target: Duration) -> Self {
        let frame = (clock_rate / 50) as i32;
        let frames = (target.as_millis() / 20).clamp(1, 10) as i32;
        Self {
            frame,
            max_ahead: frame * 75,
            packets: VecDeque::new(),
            spare: Vec::new(),
            position: 0,
            end: None,
            taken: None,
            target: frames * frame,
            least: frames * frame,
            missed: 0,
            late_in_a_row: 0,
            playing: false,
            settling: 0,
            lateness: 0,
            window: Window::NEW,
            change: Change::NONE,
            late: 0,
            duplicate: 0,
            adjusted: 0,
        }
    }

    /// Forgets what is buffered: the next packet is another source's.
    pub(super) fn reset(&mut self) {
        self.spare.extend(self.packets.drain(..).map(|packet| packet.payload));
        self.end = None;
        self.taken = None;
        self.playing = false;
    }

    /// Goes over to another clock rate.
    pub(super) fn set_clock_rate(&mut self, clock_rate: u32) {
        let frame = (clock_rate / 50) as i32;
        if frame != self.frame {
            self.reset();
            let frames = self.least / self.frame.max(1);
            (self.target, self.least) = (frames * frame, frames * frame);
            (self.frame, self.max_ahead) = (frame, frame * 75);
        }
    }

    /// Takes a packet.
    pub(super) fn put(&mut self, place: Place, payload: &[u8]) {
        let Place { timestamp, duration, .. } = place;
        let Some(end) = self.end else {
            self.anchor(timestamp);
            return self.keep(place, payload);
        };
        let ahead = distance(timestamp, self.position);
        let ends = ahead.saturating_add(duration as i32);
        if ends > self.max_ahead {
            self.reset();
            self.anchor(timestamp);
        } else if ends <= 0 {
            self.late += 1;
            self.late_in_a_row += 1;
            // A talkspurt after a pause that the timestamps left out.
            let idle = distance(end, self.position) <= 0 && place.quiet;
            if self.late_in_a_row >= JUMP_LIMIT || (place.marker && idle) {
                self.anchor(timestamp);
            } else if !self.waits_for(ahead.saturating_neg()) || self.is_over(place) {
                return;
            }
        } else {
            self.late_in_a_row = 0;
            self.lateness = self.lateness.saturating_sub(1);
            if self.settling > 0 && ahead > self.target {
                self.skip(ahead - self.target);
            }
        }
        self.keep(place, payload);
    }

    /// What becomes of the next frame, where the last one was `quiet` or not.
    pub(super) fn begin(&mut self, quiet: bool) -> Step {
        let Some(end) = self.end else { return Step::Idle };
        let depth = distance(end, self.position);
        let change = self.watch(depth);
        if change != 0 {
            self.change = Change { ticks: change, patience: WINDOW };
        }
        let due = self.due(quiet);
        if due < 0 {
            self.adjusted += 1;
            return Step::Wait;
        }
        self.adjusted += u64::from((due / self.frame.max(1)).unsigned_abs());
        self.skip(due);
        self.settling = self.settling.saturating_sub(1);
        Step::Play { fed: depth > 0 }
    }

    /// The change that waited for a frame such as the last, or has waited for long enough.
    fn due(&mut self, quiet: bool) -> i32 {
        self.change.patience = self.change.patience.saturating_sub(1);
        if quiet || self.change.patience == 0 {
            return std::mem::replace(&mut self.change, Change::NONE).ticks;
        }
        0
    }

    /// A packet came so many ticks after the first of it was to be played. Where that is no exception,
    /// playout goes back so far that it waits for such from now on; returns whether it did.
    fn waits_for(&mut self, ticks: i32) -> bool {
        self.missed = self.missed.max(ticks);
        self.lateness += LATE_WEIGHT;
        let most = MAX_TARGET * self.frame - self.target;
        if self.lateness < LATE_LIMIT || most <= 0 {
            return false;
        }
        // More than `most` counts for no more, and what is added to it might not fit.
        let missed = self.missed.min(most);
        let more = ((missed / self.frame.max(1) + 1) * self.frame).min(most);
        self.target += more;
        self.position = self.position.wrapping_sub(more as u32);
        self.taken = None;
        self.missed = 0;
        self.lateness = 0;
        self.window = Window::NEW;
        self.change = Change::NONE;
        true
    }

    /// Whether nothing of a packet is after the position. Kept, it would stand before all others, and
    /// half the timestamps later seem to be to come.
    fn is_over(&self, place: Place) -> bool {
        distance(place.timestamp, self.position).saturating_add(place.duration as i32) <= 0
    }

    /// The timestamp after the last tick that came; `None` before the first.
    pub(super) fn end(&self) -> Option<u32> {
        self.end
    }

    /// The delay that is aimed at.
    pub(super) fn delay(&self) -> Duration {
        let frames = self.target / self.frame.max(1);
        Duration::from_millis(20) * u32::try_from(frames).unwrap_or(0)
    }

    /// The timestamp at which the next frame starts.
    pub(super) fn position(&self) -> u32 {
        self.position
    }

    /// The next packet of which something belongs to the frame that starts at the position.
    pub(super) fn take(&mut self) -> Option<Packet> {
        while let Some(first) = self.packets.front() {
            if distance(first.timestamp, self.position) >= self.frame {
                return None;
            }
            let first = self.packets.pop_front()?;
            let end = first.timestamp.wrapping_add(first.duration);
            if distance(end, self.position) > 0 {
                self.taken = Some(end);
                return Some(first);
            }
            // Skipped.
            self.give_back(first);
        }
        None
    }

    /// The packet after a frame that is missing at the position: it begins where that ends, is no
    /// longer, and goes on with what was said before.
    pub(super) fn after_missing(&self) -> Option<&Packet> {
        let first = self.packets.front()?;
        let follows = distance(first.timestamp, self.position) == self.frame;
        (follows && !first.starts && first.duration <= self.frame as u32).then_some(first)
    }

    /// Takes back a packet's memory.
    pub(super) fn give_back(&mut self, packet: Packet) {
        self.spare.push(packet.payload);
    }

    /// Goes on to the next frame.
    pub(super) fn advance(&mut self) {
        self.position = self.position.wrapping_add(self.frame as u32);
        let position = self.position;
        self.taken = self.taken.filter(|taken| distance(*taken, position) > 0);
    }

    /// Looks at the depth before a frame; at a window's end, by how much playout is to skip
    /// (positive), or that it is to wait for a frame (negative).
    fn watch(&mut self, depth: i32) -> i32 {
        if depth <= 0 {
            // A pause says nothing of the delay.
            return 0;
        }
        let window = &mut self.window;
        window.frames += 1;
        window.shallowest = window.shallowest.min(depth);
        window.deepest = window.deepest.max(depth);
        if window.frames < WINDOW {
            return 0;
        }
        let seen = std::mem::replace(window, Window::NEW);
        let excess = seen.shallowest - self.target;
        // What was in hand when least was: of the frame that is due nothing counts.
        let spare = seen.shallowest - self.frame;
        if self.target > self.least && spare > 2 * self.frame && excess < 2 * self.frame {
            self.target -= self.frame;
            self.frame
        } else if excess >= 2 * self.frame {
            (excess / self.frame - 1) * self.frame
        } else if seen.deepest < self.target {
            // When its packet has just come, a frame more than the target is in hand.
            -self.frame
        } else {
            0
        }
    }

    /// Places playout so that a packet of this timestamp is played after the target delay.
    fn anchor(&mut self, timestamp: u32) {
        self.position = timestamp.wrapping_sub(self.target as u32);
        let depth = self.end.map_or(0, |end| distance(end, self.position));
        if !(0..=self.max_ahead).contains(&depth) {
            self.reset();
        }
        self.taken = None;
        self.settling = SETTLING;
        self.lateness = 0;
        self.late_in_a_row = 0;
        self.missed = 0;
        self.window = Window::NEW;
        self.change = Change::NONE;
    }

    /// Leaves out so many ticks.
    fn skip(&mut self, ticks: i32) {
        self.position = self.position.wrapping_add(ticks.min(self.max_ahead) as u32);
    }

    /// Puts a packet to its place, unless what it brings is there.
    fn keep(&mut self, place: Place, payload: &[u8]) {
        let Place { timestamp, duration, codec, marker: starts, .. } = place;
        let end = timestamp.wrapping_add(duration);
        let at = self.packets.partition_point(|p| distance(p.timestamp, timestamp) < 0);
        let is_there = self.packets.get(at).is_some_and(|p| p.timestamp == timestamp);
        if is_there || self.taken.is_some_and(|taken| distance(end, taken) <= 0) {
            self.duplicate += 1;
            return;
        }
        if self.packets.len() < MAX_PACKETS {
            let mut kept = self.spare.pop().unwrap_or_default();
            kept.clear();
            kept.extend_from_slice(payload);
            self.packets.insert(at, Packet { timestamp, duration, codec, starts, payload: kept });
        }
        if self.end.is_none_or(|last| distance(end, last) > 0) {
            self.end = Some(end);
        }
    }
}

/// How far `later` is after `earlier`, across the wrap of timestamps.
pub(super) fn distance(later: u32, earlier: u32) -> i32 {
    later.wrapping_sub(earlier) as i32
}
