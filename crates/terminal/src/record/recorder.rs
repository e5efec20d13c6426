//! The bounded sequence, and the taps into it.

use super::entry::{Entry, Kind, Lifeline, Packet};
use super::redact::clean;
use super::wire;
use net::Runtime;
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What a recorder keeps at most; the oldest entries go first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Entries.
    pub entries: usize,
    /// Octets of packets, in bytes.
    pub octets: usize,
}

impl Default for Limits {
    /// 65 536 entries and 32 MiB: about five minutes of a recorded call.
    fn default() -> Self {
        Self { entries: 65_536, octets: 32 << 20 }
    }
}

/// Numbers what happens and keeps it.
pub struct Recorder {
    runtime: Arc<dyn Runtime>,
    start: Instant,
    unix_start: Duration,
    limits: Limits,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    entries: VecDeque<Entry>,
    octets: usize,
    numbered: u64,
}

impl Recorder {
    /// A recorder on `runtime`'s clock; `unix_now` is the time since the Unix epoch, for captures.
    pub fn new(runtime: Arc<dyn Runtime>, unix_now: Duration, limits: Limits) -> Arc<Self> {
        Arc::new(Self {
            start: runtime.now(),
            runtime,
            unix_start: unix_now,
            limits,
            kept: Mutex::default(),
        })
    }

    /// A tap for the terminal called `name`.
    pub fn tap(self: &Arc<Self>, name: &str) -> Tap {
        Tap { recorder: Arc::clone(self), terminal: Arc::from(clean(name)) }
    }

    /// All entries that are kept, in order.
    pub fn entries(&self) -> Vec<Entry> {
        self.lock().entries.iter().cloned().collect()
    }

    /// How many entries were dropped for want of room.
    pub fn dropped(&self) -> u64 {
        let kept = self.lock();
        kept.numbered - kept.entries.len() as u64
    }

    /// When the recorder was made, since the Unix epoch.
    pub const fn unix_start(&self) -> Duration {
        self.unix_start
    }

    fn push(&self, mut entry: Entry) {
        let mut kept = self.lock();
        kept.numbered += 1;
        entry.number = kept.numbered;
        entry.at = self.runtime.now().saturating_duration_since(self.start);
        kept.octets += octets(&entry);
        kept.entries.push_back(entry);
        while kept.entries.len() > self.limits.entries || kept.octets > self.limits.octets {
            let Some(oldest) = kept.entries.pop_front() else {
                break;
            };
            kept.octets -= octets(&oldest);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn octets(entry: &Entry) -> usize {
    entry.packet.as_ref().map_or(0, |packet| packet.octets.len())
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recorder({} entries)", self.lock().entries.len())
    }
}

/// One terminal's way into a recorder: the sink of all its interfaces.
#[derive(Clone, Debug)]
pub struct Tap {
    recorder: Arc<Recorder>,
    terminal: Arc<str>,
}

impl Tap {
    /// The recorder.
    pub const fn recorder(&self) -> &Arc<Recorder> {
        &self.recorder
    }

    /// Records a signal from one lifeline to another.
    pub fn signal(&self, from: Lifeline, to: Lifeline, label: &str, detail: &str) {
        self.push(from, to, label, detail, Kind::Signal, None);
    }

    /// Records a change of state of the security manager's machine.
    pub fn state(&self, label: &str, detail: &str) {
        let at = Lifeline::SecurityManager;
        self.push(at, at, label, detail, Kind::State, None);
    }

    /// Records octets that left or came in.
    pub fn packet(&self, packet: Packet) {
        let (owner, label, detail) = wire::describe(&packet);
        let (from, to) =
            if packet.sent { (owner, Lifeline::Network) } else { (Lifeline::Network, owner) };
        self.push(from, to, &label, &detail, Kind::Wire, Some(packet));
    }

    fn push(
        &self, from: Lifeline, to: Lifeline, label: &str, detail: &str, kind: Kind,
        packet: Option<Packet>,
    ) {
        tracing::debug!(%from, %to, label, detail = clean(detail), "{}", self.terminal);
        self.recorder.push(Entry {
            number: 0,
            at: Duration::ZERO,
            terminal: Arc::clone(&self.terminal),
            from,
            to,
            label: clean(label),
            detail: clean(detail),
            kind,
            packet,
        });
    }
}
