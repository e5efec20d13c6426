//! Connections: opened, accepted, read, written, and closed in time.

use super::config::Config;
use crate::manager::{Arrival, Hop, SenderId};
use crate::{Framed, Message, StreamFramer};
use bytes::{Buf, Bytes};
use net::{BoxFuture, Connection, FlowId, Network, Transport};
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// Octets that may wait to be written to one connection; a peer that reads nothing is cut off.
const MAX_WAITING: usize = 256 * 1024;

/// Octets read at a time.
const CHUNK: usize = 16 * 1024;

/// How long a connection that is read no more may take to write what waits for it.
const FLUSH: Duration = Duration::from_secs(2);

/// Something to send, and who waits for it.
type Parcel = (Bytes, SenderId);

struct Stream {
    connection: Box<dyn Connection>,
    framer: StreamFramer,
    /// Our address, as peers know it.
    local: SocketAddr,
    remote: SocketAddr,
    transport: Transport,
    waiting: VecDeque<Parcel>,
    used: Instant,
    /// Since when part of a message is there.
    partial: Option<Instant>,
    /// It is read no more, and closed once the answers to what was read are written, or then.
    closing: Option<Instant>,
}

struct Opening {
    hop: Hop,
    deadline: Instant,
    future: BoxFuture<io::Result<Box<dyn Connection>>>,
    waiting: Vec<Parcel>,
}

/// What happened on the connections.
pub(super) enum Happened {
    /// A message came in.
    Message(Arrival, Box<Message>),
    /// What this sender gave was not sent.
    Unsent(SenderId),
    /// A connection was closed.
    Closed { flow: FlowId, remote: SocketAddr },
}

/// All connections of an endpoint.
pub(super) struct Streams {
    config: Config,
    open: BTreeMap<FlowId, Stream>,
    opening: Vec<Opening>,
    next: u64,
    happened: VecDeque<Happened>,
    chunk: Box<[u8]>,
}

impl Streams {
    pub(super) fn new(config: Config) -> Self {
        Self {
            config,
            open: BTreeMap::new(),
            opening: Vec::new(),
            next: 0,
            happened: VecDeque::new(),
            chunk: vec![0; CHUNK].into_boxed_slice(),
        }
    }

    /// The number of connections, those being opened included.
    pub(super) fn len(&self) -> usize {
        self.open.len() + self.opening.len()
    }

    /// Whether something waits to be written.
    pub(super) fn is_busy(&self) -> bool {
        !self.opening.is_empty() || self.open.values().any(|stream| !stream.waiting.is_empty())
    }

    /// What happened, in order.
    pub(super) fn take(&mut self) -> Option<Happened> {
        self.happened.pop_front()
    }

    /// Takes over a connection that was accepted, unless there are too many.
    pub(super) fn accept(
        &mut self, now: Instant, connection: Box<dyn Connection>, local: SocketAddr,
    ) {
        let from = connection.peer_addr().ip();
        if self.has_room(from) {
            self.add(now, connection, local);
        }
    }

    fn has_room(&self, address: IpAddr) -> bool {
        let open = self.open.values().map(|stream| stream.remote.ip());
        let opening = self.opening.iter().map(|opening| opening.hop.remote.ip());
        let same = open.chain(opening).filter(|ip| *ip == address).count();
        self.len() < self.config.connections && same < self.config.connections_per_address
    }

    fn add(&mut self, now: Instant, connection: Box<dyn Connection>, local: SocketAddr) -> FlowId {
        self.next += 1;
        let flow = FlowId(self.next);
        let stream = Stream {
            framer: StreamFramer::new(self.config.sip.limits.clone()),
            local,
            remote: connection.peer_addr(),
            transport: connection.transport(),
            connection,
            waiting: VecDeque::new(),
            used: now,
            partial: None,
            closing: None,
        };
        self.open.insert(flow, stream);
        flow
    }

    /// Sends over the hop's flow, over a connection to the same address, or over a new one.
    pub(super) fn send(
        &mut self, now: Instant, network: &dyn Network, hop: Hop, octets: Bytes, sender: SenderId,
    ) {
        let same = |remote: SocketAddr, transport: Transport| {
            remote == hop.remote && transport == hop.transport
        };
        let flow = hop.flow.filter(|flow| self.open.contains_key(flow)).or_else(|| {
            let mut open = self.open.iter().filter(|(_, stream)| stream.closing.is_none());
            open.find(|(_, stream)| same(stream.remote, stream.transport)).map(|(flow, _)| *flow)
        });
        if let Some(stream) = flow.and_then(|flow| self.open.get_mut(&flow)) {
            stream.used = now;
            stream.waiting.push_back((octets, sender));
            return;
        }
        let known = |opening: &&mut Opening| same(opening.hop.remote, opening.hop.transport);
        if let Some(opening) = self.opening.iter_mut().find(known) {
            opening.waiting.push((octets, sender));
            if waiting(&opening.waiting) > MAX_WAITING {
                let last = opening.waiting.pop();
                self.happened.extend(last.map(|(_, sender)| Happened::Unsent(sender)));
            }
        } else if sender.opens_connections() && self.has_room(hop.remote.ip()) {
            let future = network.connect(hop.transport, hop.remote);
            let deadline = now + self.config.connect;
            self.opening.push(Opening { hop, deadline, future, waiting: vec![(octets, sender)] });
        } else {
            self.happened.push_back(Happened::Unsent(sender));
        }
    }

    /// When a connection's time is up.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let opening = self.opening.iter().map(|opening| opening.deadline);
        let open = self.open.values().map(|stream| {
            let idle = stream.used + self.config.idle;
            let partial = stream.partial.map_or(idle, |since| since + self.config.partial);
            idle.min(partial).min(stream.closing.unwrap_or(idle))
        });
        opening.chain(open).min()
    }

    /// Moves all connections on. `in_use` says whether a flow is needed although it is idle.
    pub(super) fn poll(
        &mut self, cx: &mut Context<'_>, now: Instant, in_use: impl Fn(FlowId, SocketAddr) -> bool,
    ) {
        self.poll_opening(cx, now);
        let mut closed = Vec::new();
        for (&flow, stream) in &mut self.open {
            let remote = stream.remote;
            let before = self.happened.len();
            let open = stream.closing.is_none()
                && stream.read(cx, now, flow, &mut self.chunk, &mut self.happened);
            if !open {
                stream.closing = stream.closing.or(Some(now + FLUSH));
            }
            // What was read just now has its answers still to come.
            let owed = open || self.happened.len() > before;
            let alive = stream.write(cx)
                && (owed || !stream.waiting.is_empty())
                && stream.is_in_time(now, &self.config, || in_use(flow, remote));
            if !alive {
                closed.push(flow);
            }
        }
        for flow in closed {
            self.close(flow);
        }
    }

    fn poll_opening(&mut self, cx: &mut Context<'_>, now: Instant) {
        let mut at = 0;
        while let Some(opening) = self.opening.get_mut(at) {
            let connected = match opening.future.as_mut().poll(cx) {
                Poll::Pending if now < opening.deadline => {
                    at += 1;
                    continue;
                }
                Poll::Pending => None,
                Poll::Ready(connected) => connected.ok(),
            };
            let opening = self.opening.swap_remove(at);
            match connected {
                Some(connection) => {
                    let flow = self.add(now, connection, opening.hop.local);
                    if let Some(stream) = self.open.get_mut(&flow) {
                        stream.waiting = opening.waiting.into();
                    }
                }
                None => {
                    let unsent = opening.waiting.into_iter();
                    self.happened.extend(unsent.map(|(_, sender)| Happened::Unsent(sender)));
                }
            }
        }
    }

    fn close(&mut self, flow: FlowId) {
        let Some(stream) = self.open.remove(&flow) else { return };
        let unsent = stream.waiting.into_iter();
        self.happened.extend(unsent.map(|(_, sender)| Happened::Unsent(sender)));
        self.happened.push_back(Happened::Closed { flow, remote: stream.remote });
    }
}

impl Stream {
    /// Reads what is there; false: nothing more can be read.
    fn read(
        &mut self, cx: &mut Context<'_>, now: Instant, flow: FlowId, chunk: &mut [u8],
        happened: &mut VecDeque<Happened>,
    ) -> bool {
        // A bounded number of rounds: other connections have their turn.
        for _ in 0..4 {
            let count = match self.connection.poll_read(cx, chunk) {
                Poll::Pending => return true,
                Poll::Ready(Ok(count)) if count > 0 => count,
                Poll::Ready(Ok(_) | Err(_)) => return false,
            };
            self.used = now;
            self.framer.push(chunk.get(..count).unwrap_or_default());
            loop {
                match self.framer.next() {
                    Ok(Some(Framed::Message(message))) => {
                        happened
                            .push_back(Happened::Message(self.arrival(flow), Box::new(message)));
                        self.partial = None;
                    }
                    // RFC 5626 §3.5.1: a ping of two CRLFs gets a pong of one.
                    Ok(Some(Framed::KeepAlive)) => self.pong(),
                    Ok(None) => break,
                    Err(_) => return false,
                }
            }
            self.partial = self.framer.is_partial().then(|| self.partial.unwrap_or(now));
        }
        cx.waker().wake_by_ref();
        true
    }

    const fn arrival(&self, flow: FlowId) -> Arrival {
        let (source, local, transport) = (self.remote, self.local, self.transport);
        Arrival { source, local, transport, flow }
    }

    fn pong(&mut self) {
        if self.waiting.len() < 16 {
            self.waiting.push_back((Bytes::from_static(b"\r\n"), SenderId::NOBODY));
        }
    }

    /// Writes what waits; false: the connection is of no more use.
    fn write(&mut self, cx: &mut Context<'_>) -> bool {
        while let Some((octets, _)) = self.waiting.front_mut() {
            match self.connection.poll_write(cx, octets) {
                Poll::Ready(Ok(count)) => octets.advance(count.min(octets.len())),
                Poll::Ready(Err(_)) => return false,
                Poll::Pending => break,
            }
            if octets.is_empty() {
                self.waiting.pop_front();
            }
        }
        waiting(&self.waiting) <= MAX_WAITING
    }

    fn is_in_time(&mut self, now: Instant, config: &Config, in_use: impl Fn() -> bool) -> bool {
        if let Some(end) = self.closing {
            return now < end;
        }
        let slow = self.partial.is_some_and(|since| now >= since + config.partial);
        let idle = now >= self.used + config.idle;
        if idle && in_use() {
            self.used = now;
            return !slow;
        }
        !slow && !idle
    }
}

/// The octets that wait.
fn waiting<'a>(parcels: impl IntoIterator<Item = &'a Parcel>) -> usize {
    parcels.into_iter().map(|(octets, _)| octets.len()).sum()
}
