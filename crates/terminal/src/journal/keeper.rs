//! The journal of a process, as its recorder knows it: it takes lines and never waits.

use super::line::{Lost, What};
use super::strangers::Strangers;
use super::writer::{Place, Writer};
use crate::error::{Error, Result};
use crate::record::{Entry, Follower};
use crate::time::millis;
use std::fmt;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, channel, sync_channel};
use std::thread;
use std::time::Duration;

/// Lines that wait to be written at most.
const WAITING: usize = 4096;

/// How long the end of a process waits for the disk.
const WITHIN: Duration = Duration::from_secs(2);

/// Takes what happens; a thread of its own writes it. Dropped, it closes the journal.
pub struct Journal {
    told: Option<SyncSender<Told>>,
    state: Mutex<State>,
    done: Mutex<Receiver<()>>,
}

/// What the thread is to do.
enum Told {
    Missing(Lost, u64),
    Line(u64, What),
    Closed(u64),
}

#[derive(Default)]
struct State {
    strangers: Strangers,
    too_many: u64,
    /// The time of the last line.
    time: u64,
}

impl Journal {
    /// Opens the journal of `terminal` and says so in it.
    ///
    /// # Errors
    /// The file cannot be opened, is no regular file or is open to others, or another process writes it;
    /// or there is no thread for it.
    pub fn open(place: Place, terminal: &str, unix_now: Duration) -> Result<Self> {
        let time = millis(unix_now);
        let mut writer = Writer::open(place)?;
        let program = concat!("countersign ", env!("CARGO_PKG_VERSION")).to_owned();
        writer.write(time, What::Opened { terminal: terminal.to_owned(), program });
        let (told, lines) = sync_channel(WAITING);
        let (tell, done) = channel();
        let thread = thread::Builder::new().name("journal".to_owned());
        let spawned = thread.spawn(move || {
            write(writer, &lines);
            drop(tell);
        });
        spawned.map_err(|error| Error::invalid(format!("the journal: no thread: {error}")))?;
        let state = Mutex::new(State { time, ..State::default() });
        Ok(Self { told: Some(told), state, done: Mutex::new(done) })
    }

    /// Has what was not told since counted in the file.
    fn tell_missing(&self, state: &mut State) {
        let too_many = std::mem::take(&mut state.too_many);
        for (why, count) in [(Lost::Strangers, state.strangers.untold()), (Lost::TooMany, too_many)]
        {
            if count > 0 && !self.tell(Told::Missing(why, count)) {
                state.too_many += count;
            }
        }
    }

    fn tell(&self, told: Told) -> bool {
        self.told.as_ref().is_some_and(|to| to.try_send(told).is_ok())
    }
}

impl Follower for Journal {
    /// Leaves what is not the security manager's.
    fn entry(&self, entry: &Entry, unix_time: Duration) {
        let Some(what) = What::of(entry) else { return };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.time = millis(unix_time);
        if !state.strangers.may_tell(entry) {
            return;
        }
        self.tell_missing(&mut state);
        if !self.tell(Told::Line(state.time, what)) {
            state.too_many += 1;
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        self.tell_missing(&mut state);
        _ = self.tell(Told::Closed(state.time));
        drop(state);
        self.told = None;
        let done = self.done.get_mut().unwrap_or_else(PoisonError::into_inner);
        if done.recv_timeout(WITHIN) == Err(RecvTimeoutError::Timeout) {
            tracing::warn!("the journal's last lines are not written: the disk takes too long");
        }
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Journal")
    }
}

/// Writes to the end, and lets go of the file.
fn write(mut writer: Writer, lines: &Receiver<Told>) {
    for told in lines {
        match told {
            Told::Missing(why, count) => writer.miss(why, count),
            Told::Line(time, what) => writer.write(time, what),
            Told::Closed(time) => writer.write(time, What::Closed),
        }
    }
    writer.sync();
}
