//! Streams of the simulator: moving segments from one end to the other, and closing.
//!
//! ```text
//!   write ──▶ outbox ── Pump, when a segment is due ──▶ inbox of the peer ──▶ read
//!     ▲                                                                        │
//!     └────────────────────────────── the window opens ───────────────────────┘
//! ```
//!
//! Segments arrive in order, each no earlier than the one before. While the way is cut they
//! wait; after [`SimConfig::stream_timeout`](super::SimConfig::stream_timeout) the sending end
//! fails. What arrives at an end that is gone is answered with a reset.

use super::timeline::Event;
use super::world::World;
use crate::Transport;
use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::task::Waker;
use std::time::Duration;

/// Octets that may be on their way or unread at the far end.
const WINDOW: usize = 65_536;

/// How long a connection attempt, or a segment, waits before it tries a cut way again.
pub(super) const RETRY: Duration = Duration::from_millis(500);

/// One end of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct EndId(u64);

/// Something that happens to a stream.
pub(super) enum Motion {
    /// The client's attempt arrives.
    Syn(EndId),
    /// The server's answer arrives.
    SynAck(EndId),
    /// A segment of this end's outbox may be due.
    Pump(EndId),
    /// This end learns that its stream is broken.
    Fail(EndId, io::ErrorKind),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Connecting { since: Duration, transport: Transport },
    Open,
    Failed(io::ErrorKind),
}

enum Segment {
    Octets(Bytes),
    Fin,
}

/// What one end knows.
pub(super) struct End {
    pub(super) local: SocketAddr,
    pub(super) remote: SocketAddr,
    pub(super) state: State,
    /// None until the server has accepted.
    peer: Option<EndId>,
    inbox: VecDeque<Bytes>,
    /// The peer's FIN has arrived.
    finished: bool,
    outbox: VecDeque<(Duration, Segment)>,
    /// Octets of ours in the outbox or in the peer's inbox.
    unread: usize,
    last_due: Duration,
    blocked_since: Option<Duration>,
    pumping: bool,
    shut: bool,
    /// Its owner has dropped it; it goes when its outbox is empty.
    orphan: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl End {
    pub(super) fn new(
        local: SocketAddr, remote: SocketAddr, state: State, peer: Option<EndId>,
    ) -> Self {
        Self {
            local,
            remote,
            state,
            peer,
            inbox: VecDeque::new(),
            finished: false,
            outbox: VecDeque::new(),
            unread: 0,
            last_due: Duration::ZERO,
            blocked_since: None,
            pumping: false,
            shut: false,
            orphan: false,
            reader: None,
            writer: None,
        }
    }

    /// The end to which what is written goes.
    pub(super) fn meet(&mut self, peer: EndId) {
        self.peer = Some(peer);
    }

    fn has_failed(&self) -> bool {
        matches!(self.state, State::Failed(_))
    }

    /// Whether there is somebody to read. What overtakes the SYN-ACK waits in the inbox.
    fn hears(&self) -> bool {
        !self.orphan && !self.has_failed()
    }

    pub(super) fn wake(&mut self) {
        let waiting = [self.reader.take(), self.writer.take()];
        waiting.into_iter().flatten().for_each(Waker::wake);
    }

    pub(super) fn fail(&mut self, kind: io::ErrorKind) {
        self.state = State::Failed(kind);
        self.inbox.clear();
        self.outbox.clear();
        self.wake();
    }

    pub(super) fn wait(&mut self, waker: &Waker) {
        self.reader = Some(waker.clone());
    }
}

/// All streams.
#[derive(Default)]
pub(super) struct Streams {
    ends: BTreeMap<EndId, End>,
    created: u64,
}

impl Streams {
    pub(super) fn add(&mut self, end: End) -> EndId {
        self.created += 1;
        let id = EndId(self.created);
        self.ends.insert(id, end);
        id
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn end(&mut self, id: EndId) -> Option<&mut End> {
        self.ends.get_mut(&id)
    }
}

// Closing.
impl World {
    /// The owner of an end has dropped it. As TCP does, unread octets make this a reset.
    pub(super) fn drop_end(&mut self, id: EndId) {
        let Some(end) = self.streams.ends.get_mut(&id) else {
            return;
        };
        if end.state != State::Open || !end.inbox.is_empty() {
            self.reset(id);
            return;
        }
        end.orphan = true;
        self.shut(id);
        self.bury(id);
    }

    /// Queues a FIN behind what was written.
    pub(super) fn shut(&mut self, id: EndId) {
        let Some(end) = self.streams.ends.get_mut(&id) else {
            return;
        };
        if end.shut || end.state != State::Open {
            return;
        }
        end.shut = true;
        self.queue(id, Segment::Fin);
    }

    /// Removes an end and tells its peer.
    pub(super) fn reset(&mut self, id: EndId) {
        let Some(end) = self.streams.ends.remove(&id) else {
            return;
        };
        if let (false, Some(peer)) = (end.has_failed(), end.peer) {
            let broken = Motion::Fail(peer, io::ErrorKind::ConnectionReset);
            self.travel(end.local.ip(), end.remote.ip(), broken);
        }
    }

    /// Removes an orphan with nothing left to send.
    fn bury(&mut self, id: EndId) {
        let ends = &mut self.streams.ends;
        if ends.get(&id).is_some_and(|end| end.orphan && end.outbox.is_empty()) {
            ends.remove(&id);
        }
    }
}

// Reading and writing.
impl World {
    /// Moves octets out of the inbox; `None` if there are none yet.
    pub(super) fn read(&mut self, id: EndId, buffer: &mut [u8]) -> Option<io::Result<usize>> {
        let Some(end) = self.streams.ends.get_mut(&id) else {
            return Some(Err(io::ErrorKind::NotConnected.into()));
        };
        if let State::Failed(kind) = end.state {
            return Some(Err(kind.into()));
        }
        let Some(first) = end.inbox.front_mut() else {
            return end.finished.then_some(Ok(0));
        };
        let count = first.len().min(buffer.len());
        let octets = first.split_to(count);
        if first.is_empty() {
            end.inbox.pop_front();
        }
        for (to, from) in buffer.iter_mut().zip(&octets) {
            *to = *from;
        }
        if let Some(peer) = end.peer {
            self.open_window(peer, count);
        }
        Some(Ok(count))
    }

    fn open_window(&mut self, id: EndId, count: usize) {
        if let Some(end) = self.streams.ends.get_mut(&id) {
            end.unread = end.unread.saturating_sub(count);
            if let Some(writer) = end.writer.take() {
                writer.wake();
            }
        }
    }

    /// Puts octets into the outbox; `None` if the window is full.
    pub(super) fn write(
        &mut self, id: EndId, octets: &[u8], waker: &Waker,
    ) -> Option<io::Result<usize>> {
        let segment = self.config.segment.max(1);
        let Some(end) = self.streams.ends.get_mut(&id) else {
            return Some(Err(io::ErrorKind::NotConnected.into()));
        };
        if let State::Failed(kind) = end.state {
            return Some(Err(kind.into()));
        }
        if end.shut {
            return Some(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let room = WINDOW.saturating_sub(end.unread);
        let (taken, _) = octets.split_at(octets.len().min(room));
        if taken.is_empty() && !octets.is_empty() {
            end.writer = Some(waker.clone());
            return None;
        }
        end.unread += taken.len();
        for piece in taken.chunks(segment) {
            self.queue(id, Segment::Octets(Bytes::copy_from_slice(piece)));
        }
        Some(Ok(taken.len()))
    }

    fn queue(&mut self, id: EndId, segment: Segment) {
        let Some(end) = self.streams.ends.get_mut(&id) else {
            return;
        };
        let (from, to) = (end.local.ip(), end.remote.ip());
        let delay = self.links.segment_delay(from, to, &mut self.random);
        end.last_due = end.last_due.max(self.timeline.now() + delay);
        end.outbox.push_back((end.last_due, segment));
        self.pump_later(id);
    }
}

// What the timeline does to streams.
impl World {
    /// Lets `motion` happen after the way from one host to the other.
    pub(super) fn travel(&mut self, from: IpAddr, to: IpAddr, motion: Motion) {
        let delay = self.links.segment_delay(from, to, &mut self.random);
        self.timeline.schedule_in(delay, Event::Stream(motion));
    }

    pub(super) fn move_stream(&mut self, motion: Motion) {
        match motion {
            Motion::Syn(client) => self.syn(client),
            Motion::SynAck(client) => self.syn_ack(client),
            Motion::Pump(id) => self.pump(id),
            Motion::Fail(id, kind) => {
                if let Some(end) = self.streams.ends.get_mut(&id) {
                    end.fail(kind);
                }
                self.bury(id);
            }
        }
    }

    fn pump_later(&mut self, id: EndId) {
        if let Some(end) = self.streams.ends.get_mut(&id)
            && !end.pumping
            && let Some((due, _)) = end.outbox.front()
        {
            end.pumping = true;
            self.timeline.schedule(*due, Event::Stream(Motion::Pump(id)));
        }
    }

    /// Moves what is due to the peer.
    fn pump(&mut self, id: EndId) {
        let now = self.timeline.now();
        let Some(end) = self.streams.ends.get_mut(&id) else {
            return;
        };
        end.pumping = false;
        if self.links.is_cut(end.local.ip(), end.remote.ip()) {
            self.wait_for_heal(id);
            return;
        }
        end.blocked_since = None;
        while let Some(end) = self.streams.ends.get_mut(&id)
            && let Some((_, segment)) = end.outbox.pop_front_if(|(due, _)| *due <= now)
        {
            let peer = end.peer;
            self.arrive(id, peer, segment);
        }
        self.pump_later(id);
        self.bury(id);
    }

    fn wait_for_heal(&mut self, id: EndId) {
        let now = self.timeline.now();
        let Some(end) = self.streams.ends.get_mut(&id) else {
            return;
        };
        let since = *end.blocked_since.get_or_insert(now);
        if now.saturating_sub(since) >= self.config.stream_timeout {
            end.fail(io::ErrorKind::TimedOut);
            self.bury(id);
            return;
        }
        end.pumping = true;
        let again = Event::Stream(Motion::Pump(id));
        self.timeline.schedule_in(RETRY, again);
    }

    fn arrive(&mut self, from: EndId, to: Option<EndId>, segment: Segment) {
        let peer = to.and_then(|to| self.streams.ends.get_mut(&to));
        match (peer, segment) {
            (Some(peer), Segment::Octets(octets)) if peer.hears() => peer.inbox.push_back(octets),
            (Some(peer), Segment::Fin) => peer.finished = true,
            // Nobody needs to know that nobody was there to hear the end.
            (None, Segment::Fin) => return,
            (Some(_) | None, Segment::Octets(_)) => {
                self.answer_with_reset(from);
                return;
            }
        }
        if let Some(reader) =
            to.and_then(|to| self.streams.ends.get_mut(&to)).and_then(|peer| peer.reader.take())
        {
            reader.wake();
        }
    }

    fn answer_with_reset(&mut self, id: EndId) {
        let Some(end) = self.streams.ends.get(&id) else {
            return;
        };
        let (local, remote) = (end.local.ip(), end.remote.ip());
        let broken = Motion::Fail(id, io::ErrorKind::ConnectionReset);
        self.travel(remote, local, broken);
    }
}
