//! The jitter buffer: a ring of samples under their RTP timestamps.
//!
//! ```text
//!        played ◀─── position                      end
//!   ───────────────────┬────────────────────────────┬───────▶ timestamps
//!                      │ ███ ███ ─── ███ ███ ███ ███│
//!                      └ next frame   └ not here (yet)
//! ```
//!
//! A packet is decoded to its place; order, duplicates and packet times of any length take care
//! of themselves. Each [`pop`](JitterBuffer::pop) plays 20 ms and moves on, whether all of it has
//! come or not, so playout is as regular as its caller and the same calls give the same audio:
//! **time is the pops**. What comes after its time is dropped. The delay is set anew
//!
//! - while the first half second settles, whenever a packet proves to be faster than the first;
//! - when late packets are more than the odd one ([`LATE_LIMIT`]);
//! - by whole frames when a window of 5 s shows that all of it was too deep or too shallow,
//!   which is how a peer's clock that runs fast or slow is followed.

use super::conceal::Concealer;
use crate::Codec;
use crate::audio::FRAME_SAMPLES;

/// Samples in the ring, about 2 s: a power of two, so that timestamps wrap with it.
const RING: usize = 1 << 14;

/// The furthest a packet may be ahead of playout, 1.5 s: beyond, timestamps have jumped.
const MAX_AHEAD: i32 = 12_000;

/// A frame, as a distance between timestamps.
const FRAME: i32 = FRAME_SAMPLES as i32;

/// Pops during which the delay may still be lowered by a faster packet.
const SETTLING: u32 = 25;

/// Pops that are looked at together.
const WINDOW: u32 = 250;

/// A late packet counts 20 and a timely one takes away 1: the limit is a run of 15, or 5 % and
/// more for long enough.
const LATE_WEIGHT: u32 = 20;
const LATE_LIMIT: u32 = 300;

/// Puts packets in order, evens out their arrival, and conceals what is missing.
#[derive(Debug)]
pub struct JitterBuffer {
    ring: Vec<Option<i16>>,
    /// Timestamp of the next sample to be played.
    position: u32,
    /// Timestamp after the last sample that came; `None` before the first.
    end: Option<u32>,
    target: i32,
    /// Whether a sample of this source has been played.
    playing: bool,
    settling: u32,
    lateness: u32,
    window: Window,
    concealer: Concealer,
    late: u64,
    duplicate: u64,
    concealed: u64,
}

/// The depths seen since a window began.
#[derive(Debug)]
struct Window {
    pops: u32,
    shallowest: i32,
    deepest: i32,
}

impl Window {
    const NEW: Self = Self { pops: 0, shallowest: i32::MAX, deepest: i32::MIN };
}

impl JitterBuffer {
    /// A buffer that plays a packet `target` samples after its arrival: 160 to 1600 of them, in
    /// whole frames.
    pub fn new(target: u32) -> Self {
        Self {
            ring: vec![None; RING],
            position: 0,
            end: None,
            target: target.clamp(160, 1600) as i32 / FRAME * FRAME,
            playing: false,
            settling: 0,
            lateness: 0,
            window: Window::NEW,
            concealer: Concealer::new(),
            late: 0,
            duplicate: 0,
            concealed: 0,
        }
    }

    /// Packets that came after their time.
    pub fn late(&self) -> u64 {
        self.late
    }

    /// Packets that had come before.
    pub fn duplicate(&self) -> u64 {
        self.duplicate
    }

    /// Frames that were made up in part or whole.
    pub fn concealed(&self) -> u64 {
        self.concealed
    }

    /// Forgets what is buffered: the next packet is another source's.
    pub fn reset(&mut self) {
        self.ring.fill(None);
        self.end = None;
        self.playing = false;
    }

    /// Takes a packet; of a payload longer than 200 ms, the first 200 ms.
    pub fn put(&mut self, timestamp: u32, marker: bool, codec: Codec, payload: &[u8]) {
        let payload = payload.get(..1600).unwrap_or(payload);
        let length = payload.len() as i32;
        let Some(end) = self.end else {
            self.anchor(timestamp);
            return self.fill(timestamp, codec, payload);
        };
        let ahead = distance(timestamp, self.position);
        if ahead.saturating_add(length) > MAX_AHEAD {
            self.reset();
            self.anchor(timestamp);
        } else if ahead.saturating_add(length) <= 0 {
            self.late += 1;
            self.lateness += LATE_WEIGHT;
            // A talkspurt after a pause that the timestamps left out.
            let resumes = marker && self.is_idle(end);
            if self.lateness < LATE_LIMIT && !resumes {
                return;
            }
            self.anchor(timestamp);
        } else {
            self.lateness = self.lateness.saturating_sub(1);
            if self.settling > 0 && ahead > self.target {
                self.skip(ahead - self.target);
            }
        }
        self.fill(timestamp, codec, payload);
    }

    /// Plays the next 20 ms: what came, made up where it did not, silence before the first packet.
    pub fn pop(&mut self, frame: &mut [i16; FRAME_SAMPLES]) {
        frame.fill(0);
        let Some(end) = self.end else { return };
        let depth = distance(end, self.position);
        let adjustment = self.watch(depth);
        if adjustment > 0 {
            self.skip(adjustment);
        }
        if adjustment < 0 {
            // One frame more of delay: made up, and the position stays.
            self.concealed += 1;
            return self.concealer.conceal(frame);
        }
        self.play(depth, frame);
        self.settling = self.settling.saturating_sub(1);
    }

    fn play(&mut self, depth: i32, frame: &mut [i16; FRAME_SAMPLES]) {
        let mut came = [None; FRAME_SAMPLES];
        for sample in &mut came {
            *sample = self.slot(self.position).and_then(Option::take);
            self.position = self.position.wrapping_add(1);
        }
        let arrived = came.iter().flatten().count();
        if arrived < FRAME_SAMPLES && self.playing {
            let audible = depth > 0 || !self.concealer.is_silent();
            self.concealed += u64::from(audible);
            self.concealer.conceal(frame);
        }
        if arrived > 0 {
            self.playing = true;
            for (sample, came) in frame.iter_mut().zip(came) {
                *sample = came.unwrap_or(*sample);
            }
            self.concealer.play(frame, arrived == FRAME_SAMPLES);
        }
    }

    /// Looks at the depth before a pop; at a window's end, by how much playout is to skip
    /// (positive), or that it is to wait for a frame (negative).
    fn watch(&mut self, depth: i32) -> i32 {
        if depth <= 0 {
            // A pause says nothing of the delay.
            return 0;
        }
        let window = &mut self.window;
        window.pops += 1;
        window.shallowest = window.shallowest.min(depth);
        window.deepest = window.deepest.max(depth);
        if window.pops < WINDOW {
            return 0;
        }
        let seen = std::mem::replace(window, Window::NEW);
        let excess = seen.shallowest - self.target;
        if excess >= 2 * FRAME {
            (excess / FRAME - 1) * FRAME
        } else if seen.deepest < self.target - FRAME {
            -FRAME
        } else {
            0
        }
    }

    /// Whether nothing has been playing for a while.
    fn is_idle(&self, end: u32) -> bool {
        distance(end, self.position) <= 0 && self.concealer.is_silent()
    }

    /// Places playout so that a packet of this timestamp is played after the target delay.
    fn anchor(&mut self, timestamp: u32) {
        self.position = timestamp.wrapping_sub(self.target as u32);
        let depth = self.end.map_or(0, |end| distance(end, self.position));
        if !(0..=MAX_AHEAD).contains(&depth) {
            self.reset();
        }
        self.settling = SETTLING;
        self.lateness = 0;
        self.window = Window::NEW;
    }

    /// Leaves samples out.
    fn skip(&mut self, samples: i32) {
        for _ in 0..samples.min(MAX_AHEAD) {
            if let Some(slot) = self.slot(self.position) {
                *slot = None;
            }
            self.position = self.position.wrapping_add(1);
        }
    }

    fn fill(&mut self, timestamp: u32, codec: Codec, payload: &[u8]) {
        let mut fresh = false;
        for (n, octet) in (0_u32..).zip(payload) {
            let at = timestamp.wrapping_add(n);
            let in_time = distance(at, self.position) >= 0;
            if let Some(slot @ None) = self.slot(at)
                && in_time
            {
                *slot = Some(codec.decode(*octet));
                fresh = true;
            }
        }
        self.duplicate += u64::from(!fresh);
        let end = timestamp.wrapping_add(payload.len() as u32);
        if self.end.is_none_or(|last| distance(end, last) > 0) {
            self.end = Some(end);
        }
    }

    fn slot(&mut self, timestamp: u32) -> Option<&mut Option<i16>> {
        self.ring.get_mut(timestamp as usize % RING)
    }
}

/// How far `later` is after `earlier`, across the wrap of timestamps.
fn distance(later: u32, earlier: u32) -> i32 {
    later.wrapping_sub(earlier) as i32
}
