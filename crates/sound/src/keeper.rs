//! Keeps a device open as long as a call wants it, on a thread of its own: opening may take its time, and
//! a device may go away and come back.
//!
//! ```text
//!            open: an error ─────────────────┐
//!              │                             ▼
//!   ─▶ Opens ──┴─▶ Settles ── lost ──▶ Waits for a second ──▶ Opens
//!                     │ a second              ▲
//!                     ▼                       │
//!                   Runs ── lost, or moves nothing for two seconds
//!
//!   any ── the call wants it no more ──▶ over
//! ```
//!
//! That a device is lost is told once, when it is first so, and that it is back when it has settled.

use crate::note::Note;
use crate::ring::Ring;
use crate::{News, Port, Stream, System, Unusable, Way};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

/// Who is told of a device.
pub(crate) type Tell = Arc<dyn Fn(News) + Send + Sync>;

/// How long things take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// Until a device that cannot be used is tried again, and until one that is open has settled.
    pub(crate) retry: Duration,
    /// For how long a device may move nothing.
    pub(crate) stall: Duration,
}

impl Times {
    /// Those of earnest.
    pub(crate) const EARNEST: Self =
        Self { retry: Duration::from_secs(1), stall: Duration::from_secs(2) };

    /// Those of tests: tries again soon, and waits long for what a busy machine does late.
    #[cfg(test)]
    pub(crate) const PATIENT: Self =
        Self { retry: Duration::from_millis(5), stall: Duration::from_secs(60) };
}

/// A device that is wanted.
#[derive(Clone)]
pub(crate) struct Wanted {
    pub(crate) system: Arc<dyn System>,
    pub(crate) way: Way,
    /// `None`: the default one.
    pub(crate) name: Option<String>,
    /// Where what a loudspeaker is given goes as well.
    pub(crate) said: Option<Arc<Ring>>,
    pub(crate) tell: Tell,
    pub(crate) times: Times,
}

/// The call wants the device no more.
struct Over;

/// Keeps a device open until it is told that this is over.
pub(crate) struct Keeper {
    wanted: Wanted,
    ring: Arc<Ring>,
    notes: (Sender<Note>, Receiver<Note>),
    /// Whether it was told that the device is lost.
    is_lost: bool,
}

impl Keeper {
    /// Keeps the device at `ring`, and is told what is in `notes`.
    pub(crate) const fn new(
        wanted: Wanted, ring: Arc<Ring>, notes: (Sender<Note>, Receiver<Note>),
    ) -> Self {
        Self { wanted, ring, notes, is_lost: false }
    }

    /// Does so.
    pub(crate) fn run(mut self) {
        while self.once().and_then(|()| self.pause()).is_ok() {}
    }

    /// Opens the device, and sees it through until it is lost.
    fn once(&mut self) -> Result<(), Over> {
        let Wanted { system, way, name, said, .. } = &self.wanted;
        let port = Port::new(Arc::clone(&self.ring), said.clone(), self.notes.0.clone());
        let why = match system.open(*way, name.as_deref(), port) {
            Ok(stream) => self.see_through(&*stream),
            Err(why) => Ok(why),
        };
        // The stream is closed: what waits is of no use to the next one.
        self.ring.begin(0);
        if let Some(said) = &self.wanted.said {
            said.begin(0);
        }
        self.lost(why?);
        Ok(())
    }

    /// Waits until the device is lost.
    fn see_through(&mut self, stream: &dyn Stream) -> Result<Unusable, Over> {
        let Times { retry, stall } = self.wanted.times;
        if let Some(why) = self.loss(retry)? {
            return Ok(why);
        }
        self.back(stream.name());
        loop {
            let turns = self.ring.turns();
            if let Some(why) = self.loss(stall)? {
                return Ok(why);
            }
            if self.ring.turns() == turns {
                return Ok(Unusable::Stalled);
            }
        }
    }

    /// Lets a moment pass before it is tried again. What was lost is closed, and says nothing more; what
    /// it has said until then does not count.
    fn pause(&self) -> Result<(), Over> {
        if self.notes.1.try_iter().any(|note| matches!(note, Note::Over)) {
            return Err(Over);
        }
        self.loss(self.wanted.times.retry).map(drop)
    }

    /// Why the device is lost, if that is noted within this time.
    fn loss(&self, within: Duration) -> Result<Option<Unusable>, Over> {
        match self.notes.1.recv_timeout(within) {
            Ok(Note::Lost(why)) => Ok(Some(why)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            // Its own sender is here: it is never disconnected.
            Ok(Note::Over) | Err(RecvTimeoutError::Disconnected) => Err(Over),
        }
    }

    fn lost(&mut self, why: Unusable) {
        if !std::mem::replace(&mut self.is_lost, true) {
            let Wanted { way, name, tell, .. } = &self.wanted;
            tell(News::Lost { way: *way, name: name.clone(), why });
        }
    }

    fn back(&mut self, name: &str) {
        if std::mem::replace(&mut self.is_lost, false) {
            (self.wanted.tell)(News::Back { way: self.wanted.way, name: name.to_owned() });
        }
    }
}
