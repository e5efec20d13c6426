//! A connection's place: whether it waits for a call or speaks in one, and what is on its way.
//!
//! ```text
//!             hello           take             serves
//!   Silent ─────────▶ Waits ─────────▶ Taken ─────────▶ Speaks(call)
//!     ▲                 ▲      free      │                   │ ended
//!     │                 └────────────────┘                   │
//!     └──────────────────────────────────────────────────────┘    any ── close ──▶ Gone
//! ```

use super::limits::{AHEAD, BEHIND, MARKS, RATES, VERSION};
use super::outbox::{Next, Outbox};
use super::said::Said;
use super::words::Notice;
use super::wrong::Wrong;
use media_ctl::audio::FRAME_TIME;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// What connection and call share.
#[derive(Debug, Default)]
pub(crate) struct Seat {
    state: Mutex<State>,
    /// There is something to be written, or nothing more will be.
    to_write: Notify,
    /// There is room for more to be said.
    room: Notify,
    /// The agent does not read what it is told.
    stuck: Notify,
}

#[derive(Debug, Default)]
struct State {
    stage: Stage,
    /// Samples a second, both ways.
    rate: u32,
    said: Said,
    outbox: Outbox,
}

/// What a connection is there for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// It has not said hello since it came, or since its last call.
    #[default]
    Silent,
    /// It waits for a call.
    Waits,
    /// A call is being placed, in which it is to speak.
    Taken,
    /// It speaks in this call, by the name that events have for it.
    Speaks(String),
    /// It is closed, or about to be.
    Gone,
}

impl State {
    fn ms(&self, samples: u64) -> u64 {
        samples * 1_000 / u64::from(self.rate.max(1))
    }

    fn call(&self) -> Option<String> {
        match &self.stage {
            Stage::Speaks(call) => Some(call.clone()),
            Stage::Silent | Stage::Waits | Stage::Taken | Stage::Gone => None,
        }
    }

    /// The marks that were reached, as they are told.
    fn reached(&mut self) -> Vec<Vec<u8>> {
        let Some(call) = self.call() else { return Vec::new() };
        let played_ms = self.ms(self.said.played());
        let mut told = Vec::new();
        while let Some(name) = self.said.reached() {
            told.push(Notice::Mark { call: &call, name: &name, played_ms }.octets());
        }
        told
    }
}

impl Seat {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The agent is ready for a call, with audio of this rate.
    ///
    /// # Errors
    /// It speaks another version, or asks for another rate, or has said so already.
    pub(super) fn hello(&self, version: u32, rate: u32) -> Result<(), Wrong> {
        let mut state = self.lock();
        if state.stage != Stage::Silent {
            let twice = "hello was said already: it is said once, and again after each call";
            return Err(Wrong::NotUnderstood(twice.to_owned()));
        }
        if version != VERSION {
            return Err(Wrong::Version(version));
        }
        if !RATES.contains(&rate) {
            return Err(Wrong::Rate(rate));
        }
        (state.stage, state.rate, state.said) = (Stage::Waits, rate, Said::default());
        drop(state);
        let frame_ms = FRAME_TIME.as_millis() as u64;
        let (ahead_ms, behind_ms) = (u64::from(AHEAD) * 1_000, BEHIND as u64 * frame_ms);
        self.tell(Notice::Hello { version, rate, frame_ms, ahead_ms, behind_ms }.octets());
        Ok(())
    }

    /// Whether it has never said hello, or not since its last call.
    pub(super) fn is_silent(&self) -> bool {
        self.lock().stage == Stage::Silent
    }

    /// Whether it waits for a call.
    pub(super) fn waits(&self) -> bool {
        self.lock().stage == Stage::Waits
    }

    /// Takes it for a call that is about to be; `false` where it does not wait for one.
    pub(super) fn take(&self) -> bool {
        let mut state = self.lock();
        let waits = state.stage == Stage::Waits;
        if waits {
            state.stage = Stage::Taken;
        }
        waits
    }

    /// The call did not come about.
    pub(super) fn free(&self) {
        let mut state = self.lock();
        if state.stage == Stage::Taken {
            (state.stage, state.said) = (Stage::Waits, Said::default());
        }
    }

    /// It speaks in this call, and is told so; `false` where it is gone meanwhile.
    pub(super) fn serves(&self, call: &str, object: &[u8]) -> bool {
        let mut state = self.lock();
        let is_there = matches!(state.stage, Stage::Waits | Stage::Taken);
        if is_there {
            state.stage = Stage::Speaks(call.to_owned());
        }
        drop(state);
        if is_there {
            self.tell(object.to_vec());
        }
        is_there
    }

    /// The call that it speaks in.
    pub(super) fn call(&self) -> Option<String> {
        self.lock().call()
    }

    /// The call is over: it may say hello for another.
    pub(super) fn ended(&self) {
        let mut state = self.lock();
        if matches!(state.stage, Stage::Speaks(_)) {
            (state.stage, state.said) = (Stage::Silent, Said::default());
        }
        drop(state);
        self.room.notify_one();
    }

    /// Tells it something; nothing more is told once it is gone.
    pub(super) fn tell(&self, object: Vec<u8>) {
        if self.lock().outbox.tell(object) {
            self.to_write.notify_one();
        } else {
            self.stuck.notify_one();
        }
    }

    /// Done once so much waits to be read that the agent will not.
    pub(super) async fn is_stuck(&self) {
        self.stuck.notified().await;
    }

    /// Takes what is to be said, as there is room; while there is no call, nothing. Cancel-safe but
    /// for what was taken.
    pub(super) async fn say(&self, mut samples: &[i16]) {
        while let Some(later) = self.take_in(samples)
            && !later.is_empty()
        {
            samples = later;
            self.room.notified().await;
        }
    }

    /// Takes what there is room for, and gives back the rest; `None` where there is no call.
    fn take_in<'a>(&self, samples: &'a [i16]) -> Option<&'a [i16]> {
        let mut state = self.lock();
        state.call()?;
        let room = state.said.room(state.rate).min(samples.len());
        let (now, later) = samples.split_at_checked(room)?;
        state.said.take(now);
        Some(later)
    }

    /// Leaves unsaid what waits, and tells how much that is.
    ///
    /// # Errors
    /// There is no call.
    pub(super) fn flush(&self) -> Result<(), Wrong> {
        let mut state = self.lock();
        let call = state.call().ok_or(Wrong::NoCall)?;
        let flushed = state.said.flush();
        let (discarded_ms, played_ms) =
            (state.ms(flushed.discarded as u64), state.ms(state.said.played()));
        drop(state);
        let marks = &flushed.marks;
        self.tell(Notice::Flushed { call: &call, discarded_ms, played_ms, marks }.octets());
        Ok(())
    }

    /// Tells of this mark when what was sent until now has been said.
    ///
    /// # Errors
    /// There is no call, or too many marks wait.
    pub(super) fn mark(&self, name: String) -> Result<(), Wrong> {
        let mut state = self.lock();
        state.call().ok_or(Wrong::NoCall)?;
        if state.said.marks() >= MARKS {
            return Err(Wrong::TooManyMarks(MARKS));
        }
        state.said.mark(name);
        let told = state.reached();
        drop(state);
        told.into_iter().for_each(|object| self.tell(object));
        Ok(())
    }

    /// Samples a second, both ways.
    pub(super) fn rate(&self) -> u32 {
        self.lock().rate
    }

    /// Says the next frame.
    pub(super) fn play(&self, frame: &mut [i16]) {
        let mut state = self.lock();
        state.said.play(frame);
        let told = state.reached();
        drop(state);
        told.into_iter().for_each(|object| self.tell(object));
        self.room.notify_one();
    }

    /// Lets it hear a frame.
    pub(super) fn hear(&self, frame: &[i16]) {
        let mut state = self.lock();
        if state.stage == Stage::Gone {
            return;
        }
        state.outbox.hear(frame);
        drop(state);
        self.to_write.notify_one();
    }

    /// The octets that are to be written next; `None` once nothing more will be. Cancel-safe.
    pub(super) async fn next(&self) -> Option<Vec<u8>> {
        loop {
            let (next, is_gone) = {
                let mut state = self.lock();
                (state.outbox.next(), state.stage == Stage::Gone)
            };
            match next {
                Some(Next::Frame(frame)) => return Some(frame.octets()),
                Some(Next::Dropped(frames)) => {
                    let dropped_ms = frames as u64 * FRAME_TIME.as_millis() as u64;
                    return Some(Notice::Dropped { dropped_ms }.frame());
                }
                None if is_gone => return None,
                None => self.to_write.notified().await,
            }
        }
    }

    /// Nothing more is said or heard here; what waits is still written. Gives the call that it spoke
    /// in.
    pub(super) fn close(&self) -> Option<String> {
        let mut state = self.lock();
        let call = state.call();
        state.stage = Stage::Gone;
        drop(state);
        self.to_write.notify_one();
        self.room.notify_one();
        call
    }
}

#[cfg(test)]
mod tests;
