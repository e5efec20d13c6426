//! Connections: opened, accepted, and closed in time.

use super::config::Config;
use super::places::{Place, Places, Room};
use super::stream::{FLUSH, Happened, MAX_WAITING, Parcel, Stream, Way, waiting};
use crate::manager::{Hop, SipManager, is_same_name, party};
use net::{BoxFuture, Connection, FlowId, Network, Transport};
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// Octets read at a time.
const CHUNK: usize = 16 * 1024;

struct Opening {
    hop: Hop,
    name: Option<Arc<str>>,
    /// Whether its place is one of ours.
    ours: bool,
    deadline: Instant,
    future: BoxFuture<io::Result<Box<dyn Connection>>>,
    waiting: Vec<Parcel>,
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

    /// Takes over a connection that was accepted, unless there is no place for it.
    pub(super) fn accept(
        &mut self, now: Instant, core: &SipManager, connection: Box<dyn Connection>,
        local: SocketAddr,
    ) {
        if self.make_room(core, connection.peer_addr().ip(), false) {
            self.add(now, connection, local);
        }
    }

    /// Whether there is a place for one more connection; one that nothing uses may have to go.
    fn make_room(&mut self, core: &SipManager, address: IpAddr, ours: bool) -> bool {
        let places = self.places(ours);
        let in_use = |flow| {
            let stream = self.open.get(&flow);
            stream.is_some_and(|stream| core.uses_flow(stream.flow(flow)))
        };
        match places.room(party(address), in_use) {
            Room::Free => true,
            Room::After(flow) => {
                self.close(flow);
                true
            }
            Room::Full => false,
        }
    }

    fn places(&self, ours: bool) -> Places {
        let open = self.open.iter().filter(|(_, stream)| stream.ours == ours);
        let open = open.map(|(flow, stream)| Place {
            flow: Some(*flow),
            party: party(stream.remote.ip()),
            spoke: stream.spoke,
            used: stream.used,
        });
        let opening = self.opening.iter().filter(|opening| opening.ours == ours);
        let opening = opening.map(|opening| Place {
            flow: None,
            party: party(opening.hop.remote.ip()),
            spoke: true,
            used: opening.deadline,
        });
        let Config { connections_in, connections_out, connections_per_address, .. } = self.config;
        Places {
            taken: open.chain(opening).collect(),
            all: if ours { connections_out } else { connections_in },
            each: connections_per_address,
            ours,
        }
    }

    fn add(&mut self, now: Instant, connection: Box<dyn Connection>, local: SocketAddr) -> FlowId {
        self.next += 1;
        let flow = FlowId(self.next);
        let limits = self.config.sip.limits.clone();
        self.open.insert(flow, Stream::new(now, connection, local, limits));
        flow
    }

    /// Sends over the hop's flow, over a connection to the same address by the same name, or over a
    /// new one. A request whose flow is gone is not sent: who else may have it, the core says. Nor is
    /// an answer over a WebSocket: its peer takes no connections. RFC 7118 §5.3.
    pub(super) fn send(
        &mut self, now: Instant, (core, network): (&SipManager, &dyn Network), (hop, name): Way,
        parcel: Parcel,
    ) {
        let sender = parcel.1;
        let gone = hop.flow.is_some_and(|flow| !self.open.contains_key(&flow));
        let kept = hop.transport.is_websocket() && sender.is_answer();
        if gone && (kept || sender.keeps_to_its_flow()) {
            return self.happened.push_back(Happened::Unsent(sender));
        }
        let same = |remote: SocketAddr, transport: Transport, known: Option<&str>| {
            (remote, transport) == (hop.remote, hop.transport)
                && is_same_name(known, name.as_deref())
        };
        let flow = hop.flow.filter(|flow| self.open.contains_key(flow)).or_else(|| {
            // Whoever opened one to us has shown no certificate.
            let fits = |it: &Stream| it.closing.is_none() && (it.ours || !it.transport.is_secure());
            let mut open = self.open.iter().filter(|(_, stream)| fits(stream));
            open.find(|(_, it)| same(it.remote, it.transport, it.name.as_deref()))
                .map(|(flow, _)| *flow)
        });
        if let Some(stream) = flow.and_then(|flow| self.open.get_mut(&flow)) {
            stream.used = now;
            stream.pinged |= sender.is_ping();
            stream.waiting.push_back(parcel);
            return;
        }
        let known = |it: &&mut Opening| same(it.hop.remote, it.hop.transport, it.name.as_deref());
        if let Some(opening) = self.opening.iter_mut().find(known) {
            opening.waiting.push(parcel);
            if waiting(&opening.waiting) > MAX_WAITING {
                let last = opening.waiting.pop();
                self.happened.extend(last.map(|(_, sender)| Happened::Unsent(sender)));
            }
            return;
        }
        let ours = !sender.is_answer();
        if sender.opens_connections() && self.make_room(core, hop.remote.ip(), ours) {
            let future = network.connect(hop.transport, hop.remote, name.as_deref());
            let deadline = now + self.config.connect;
            let waiting = vec![parcel];
            self.opening.push(Opening { hop, name, ours, deadline, future, waiting });
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

    /// Moves all connections on.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, now: Instant, core: &SipManager) {
        self.poll_opening(cx, now);
        let mut closed = Vec::new();
        for (&flow, stream) in &mut self.open {
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
                && stream.is_in_time(now, &self.config, |stream| core.uses_flow(stream.flow(flow)));
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
                Poll::Pending => Err(too_late(&opening.hop, self.config.connect)),
                Poll::Ready(connected) => connected,
            };
            let opening = self.opening.swap_remove(at);
            match connected {
                Ok(connection) => {
                    let flow = self.add(now, connection, opening.hop.local);
                    if let Some(stream) = self.open.get_mut(&flow) {
                        stream.ours = opening.ours;
                        stream.name = opening.name;
                        stream.waiting = opening.waiting.into();
                    }
                }
                Err(error) => {
                    let senders = opening.waiting.into_iter().map(|(_, sender)| sender).collect();
                    let reason = error.to_string();
                    self.happened.push_back(Happened::Unconnected { senders, reason });
                }
            }
        }
    }

    pub(super) fn close(&mut self, flow: FlowId) {
        let Some(stream) = self.open.remove(&flow) else { return };
        let unsent = stream.waiting.into_iter();
        self.happened.extend(unsent.map(|(_, sender)| Happened::Unsent(sender)));
        let (remote, name) = (stream.remote, stream.name);
        self.happened.push_back(Happened::Closed { flow, remote, name });
    }
}

/// A connection that takes longer to open than it may.
fn too_late(hop: &Hop, within: Duration) -> io::Error {
    let (transport, remote, seconds) = (hop.transport.name(), hop.remote, within.as_secs_f32());
    let words = format!("cannot connect to {transport} {remote}: not done within {seconds} s");
    io::Error::new(io::ErrorKind::TimedOut, words)
}
