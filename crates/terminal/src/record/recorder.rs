//! The bounded sequence, and the taps into it.

use super::entry::{Entry, Kind, Lifeline, Packet};
use super::redact::clean;
use super::streams::Streams;
use super::wire;
use net::Runtime;
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What a recorder keeps at most. Media packets have limits of their own, so that a long call
/// does not push out how it was set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// For signals, states and messages.
    pub signals: Budget,
    /// For packets of RTP and RTCP.
    pub media: Budget,
}

/// What of one kind is kept at most; the oldest entries go first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Entries.
    pub entries: usize,
    /// Octets of packets, in bytes.
    pub octets: usize,
}

impl Limits {
    /// Nothing is kept: it is only told on.
    pub const NOTHING: Self = {
        let nothing = Budget { entries: 0, octets: 0 };
        Self { signals: nothing, media: nothing }
    };
}

impl Default for Limits {
    /// 16 384 signals and 8 MiB of messages; 65 536 packets, which are ten minutes of one call,
    /// and 24 MiB of media.
    fn default() -> Self {
        Self {
            signals: Budget { entries: 16_384, octets: 8 << 20 },
            media: Budget { entries: 65_536, octets: 24 << 20 },
        }
    }
}

/// Who is told each entry, kept or not.
pub trait Follower: Send + Sync {
    /// An entry, at so long after the Unix epoch. Called in order. Must not block.
    fn entry(&self, entry: &Entry, unix_time: Duration);
}

/// Numbers what happens and keeps it.
pub struct Recorder {
    runtime: Arc<dyn Runtime>,
    start: Instant,
    unix_start: Duration,
    limits: Limits,
    follower: Option<Box<dyn Follower>>,
    kept: Mutex<Kept>,
    /// The media that the log was told of.
    streams: Mutex<Streams>,
}

#[derive(Default)]
struct Kept {
    signals: Queue,
    media: Queue,
    numbered: u64,
}

/// Entries of one kind, in order.
#[derive(Default)]
struct Queue {
    entries: VecDeque<Entry>,
    octets: usize,
}

impl Queue {
    fn push(&mut self, entry: Entry, budget: Budget) {
        self.octets += octets(&entry);
        self.entries.push_back(entry);
        while self.entries.len() > budget.entries || self.octets > budget.octets {
            let Some(oldest) = self.entries.pop_front() else {
                break;
            };
            self.octets -= octets(&oldest);
        }
    }
}

impl Kept {
    fn len(&self) -> usize {
        self.signals.entries.len() + self.media.entries.len()
    }
}

impl Recorder {
    /// A recorder on `runtime`'s clock; `unix_now` is the time since the Unix epoch, for captures.
    pub fn new(runtime: Arc<dyn Runtime>, unix_now: Duration, limits: Limits) -> Arc<Self> {
        Self::followed(runtime, unix_now, limits, None)
    }

    /// The same, which tells each entry to `follower`.
    pub fn followed(
        runtime: Arc<dyn Runtime>, unix_now: Duration, limits: Limits,
        follower: Option<Box<dyn Follower>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            start: runtime.now(),
            runtime,
            unix_start: unix_now,
            limits,
            follower,
            kept: Mutex::default(),
            streams: Mutex::default(),
        })
    }

    /// A tap for the terminal called `name`.
    pub fn tap(self: &Arc<Self>, name: &str) -> Tap {
        Tap { recorder: Arc::clone(self), terminal: Arc::from(clean(name)) }
    }

    /// All entries that are kept, in order.
    pub fn entries(&self) -> Vec<Entry> {
        let kept = self.lock();
        let all = kept.signals.entries.iter().chain(&kept.media.entries);
        let mut entries: Vec<Entry> = all.cloned().collect();
        drop(kept);
        entries.sort_unstable_by_key(|entry| entry.number);
        entries
    }

    /// How many entries were dropped for want of room.
    pub fn dropped(&self) -> u64 {
        let kept = self.lock();
        kept.numbered - kept.len() as u64
    }

    /// Says in the log if something is missing from the record.
    pub fn warn_of_gaps(&self) {
        let dropped = self.dropped();
        if dropped > 0 {
            tracing::warn!("the record has gaps: {dropped} entries dropped for want of room");
        }
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
        if let Some(follower) = &self.follower {
            follower.entry(&entry, self.unix_start + entry.at);
        }
        if entry.is_media() {
            kept.media.push(entry, self.limits.media);
        } else {
            kept.signals.push(entry, self.limits.signals);
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
        write!(f, "Recorder({} entries)", self.lock().len())
    }
}

/// What an entry says.
struct Said<'a> {
    call: Option<u64>,
    from: Lifeline,
    to: Lifeline,
    label: &'a str,
    detail: &'a str,
    kind: Kind,
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

    /// Whether octets are kept here.
    pub fn wants_packets(&self) -> bool {
        self.recorder.limits != Limits::NOTHING
    }

    /// Records a signal from one lifeline to another, about no call.
    pub fn signal(&self, from: Lifeline, to: Lifeline, label: &str, detail: &str) {
        self.push(Said { call: None, from, to, label, detail, kind: Kind::Signal }, None);
    }

    /// Records a signal about a call.
    pub(super) fn signal_of(
        &self, call: Option<u64>, ends: [Lifeline; 2], label: &str, detail: &str,
    ) {
        let [from, to] = ends;
        self.push(Said { call, from, to, label, detail, kind: Kind::Signal }, None);
    }

    /// Records a change of state of the security manager's machine, in a call.
    pub fn state(&self, call: Option<u64>, label: &str, detail: &str) {
        let at = Lifeline::SecurityManager;
        self.push(Said { call, from: at, to: at, label, detail, kind: Kind::State }, None);
    }

    /// Records octets that left or came in.
    pub fn packet(&self, packet: Packet) {
        let (owner, label, detail) = wire::describe(&packet);
        let (from, to) =
            if packet.sent { (owner, Lifeline::Network) } else { (Lifeline::Network, owner) };
        let (label, detail) = (label.as_str(), detail.as_str());
        self.push(Said { call: None, from, to, label, detail, kind: Kind::Wire }, Some(packet));
    }

    fn push(&self, said: Said<'_>, packet: Option<Packet>) {
        let Said { call, from, to, label, detail, kind } = said;
        let entry = Entry {
            number: 0,
            at: Duration::ZERO,
            terminal: Arc::clone(&self.terminal),
            call,
            from,
            to,
            label: clean(label),
            detail: clean(detail),
            kind,
            packet,
        };
        self.log(&entry);
        self.recorder.push(entry);
    }

    /// Tells the log: of media, what its stream comes to in a second.
    fn log(&self, entry: &Entry) {
        if !tracing::enabled!(tracing::Level::DEBUG) {
            return;
        }
        let Entry { from, to, label, detail, .. } = entry;
        let Some(packet) = entry.packet.as_ref().filter(|_| entry.is_media()) else {
            tracing::debug!(%from, %to, label, detail, "{}", self.terminal);
            return;
        };
        let (now, streams) = (self.recorder.runtime.now(), &self.recorder.streams);
        let told = streams.lock().unwrap_or_else(PoisonError::into_inner).counts(now, packet);
        if let Some(detail) = told {
            tracing::debug!(%from, %to, label, detail, "{}", self.terminal);
        }
    }
}
